"""Whatever the cabinet says and whoever speaks, in any order: the gate does not break its rules."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contract.agent import Effect, Persist
from contract.limits import BARRIER_MOVE_MS_MAX, PERMIT_VALID_MS
from contract.v1.gate_pb2 import Challenge, PermitGranted
from gate.orders import Barrier, CloseBarrier, OpenBarrier
from tests.factories import acts, sends
from tests.gate.cabinet import Cabinet

CELLS = st.fixed_dictionaries(
    {},
    optional={
        "barrier": st.sampled_from(Barrier),
        "loop_occupied": st.booleans(),
        "plate": st.sampled_from(["", "truck-01", "truck-02"]),
        "seals": st.sampled_from([(), ("S-1",)]),
        "cell_vehicles": st.sampled_from([None, -1, 0, 1, 1, 2]),
    },
)
WORDS = st.tuples(st.just("wake"), CELLS)
LATE = st.tuples(
    st.just("late"), st.sampled_from([5_000, BARRIER_MOVE_MS_MAX, 22_000, PERMIT_VALID_MS])
)
OTHERS = st.tuples(
    st.sampled_from(["ask", "ask other", "answer", "count", "restart", "order", "let on"]),
    st.none(),
)
STARTS = ("idle", "challenged", "rising", "open", "under_arm", "clearing", "closed_behind")


def done(gate: Cabinet, what: str, value: Any) -> list[Effect]:
    """One thing that happens at a gate."""
    match what:
        case "wake":
            return gate.wake(**value)
        case "late":
            return gate.wake(later_ms=value)
        case "ask":
            return gate.ask()
        case "ask other":
            return gate.ask("truck-02")
        case "answer":
            return gate.answer() if sends(gate.said, Challenge) else []
        case "restart":
            return gate.start()
        case "order":
            hold = gate.agent._cell.hold
            return gate.order(hold_id=hold.hold_id) if hold is not None else []
        case "let on":
            ticket = gate.agent._cell.ticket
            return gate.order(hold_id=ticket.permit_id) if ticket is not None else []
    gate.count += 1
    return gate.wake()


@given(
    start=st.sampled_from(STARTS),
    steps=st.lists(st.one_of(WORDS, WORDS, WORDS, LATE, OTHERS, OTHERS), max_size=30),
)
def test_whatever_happens_the_arm_rises_on_fresh_permits_and_falls_on_nothing(
    start: str, steps: list[tuple[str, Any]]
) -> None:
    """GATE-003 to GATE-005, I5, I6: and no pair of phase and outcome is a bug."""
    gate: Cabinet = getattr(Cabinet(), start)()
    opened = [each.permit_id for each in acts(gate.said, OpenBarrier)]
    for what, value in steps:
        effects = done(gate, what, value)
        if acts(effects, CloseBarrier):
            assert not gate.cell["loop_occupied"]
        for order in acts(effects, OpenBarrier):
            assert order.permit_id not in opened
            opened.append(order.permit_id)
            written = [each.key for each in effects if isinstance(each, Persist)]
            assert f"permit/{order.permit_id}" in written
            assert (gate.cell["cell_vehicles"], gate.cell["plate"]) == (1, "truck-01")
        if sends(effects, PermitGranted):
            assert "ticket/open" in gate.disk
        assert gate.agent.wake_ns is not None
