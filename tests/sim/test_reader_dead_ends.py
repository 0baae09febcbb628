"""No dead ends at a gate's line: plate, container and seals, each read, misread or never read.

Each pair of a reader and what becomes of it is a run of its own. A reading that is none has its
reason within seconds and is ended by a person's; what is found goes to an officer.
"""

from typing import Final

import pytest

from contract.events import Event
from sim.run import Finished
from tests.sim.runs import NS_PER_S, UNRELIABLE, Log, a_run, violations
from tests.sim.test_no_dead_ends import fault, unexplained

SETTINGS: Final = (
    *("fleet.cn=0", "time.crossings=0", "time.duration=8min", "expect=[]"),
    *("flow.0.container=1.0", 'berth.unload="constant:5h"'),
)
# [gate.ID] of each reader: a machine's time, the share that it misses, who reads instead.
READERS: Final = {
    "plate": ("ocr", "misread", "person"),
    "container": ("container", "container_misread", "person"),
    "seals": ("seals", "seals_unread", "by_hand"),
}
UNREAD: Final = {"plate": "PLATE_UNREAD", "container": "CONTAINER_UNREAD", "seals": "SEAL_UNREAD"}
FOUND: Final = {
    ("plate", "another"): "PLATE_MISMATCH",
    ("container", "another"): "CONTAINER_MISMATCH",
    ("container", "missing"): "CONTAINER_MISSING",
    ("seals", "another"): "SEAL_MISMATCH",
}
# When the truck is at each gate, in seconds, if nothing keeps it: a person reads for a minute.
AT_LINE_S: Final = {"kz_out": 47.0, "cn_in": 73.0}
TOLD_WITHIN_S: Final = 30.0  # from the line to the gate's first word, and to the supervisor's wait
OUTCOMES: Final = ("misread", "never read", "aborted", "gate gone", "office gone", "another")
# One camera reads both, and one person after it.
LIKE_THE_PLATE: Final = [("container", each) for each in OUTCOMES if each != "another"]
PAIRS: Final = [(reader, outcome) for reader in READERS for outcome in OUTCOMES]


def happens(reader: str, outcome: str, gate: str) -> tuple[str, ...]:
    """Settings that make this outcome happen at this reader of this gate."""
    machine, misses, person = READERS[reader]
    missed = (f'gate.{gate}.{machine}="constant:2s"', f"gate.{gate}.{misses}=1.0")
    by_person = (*missed, f'gate.{gate}.{person}="constant:60s"')
    while_read, before = f"{AT_LINE_S[gate] + 20.0}s", f"{AT_LINE_S[gate] - 10.0}s"
    another = {
        "plate": fault("plate_swapped", gate, before),
        "container": fault("container_swapped", "truck-01", before),
        "seals": fault("seal_swapped", "truck-01", before),
    }
    return {
        "misread": by_person,
        "never read": (*missed, f'gate.{gate}.{person}="constant:99h"'),
        "aborted": (*by_person, fault("crash", gate, while_read, "30s")),
        "gate gone": (*by_person, fault("crash", gate, while_read)),
        "office gone": (*by_person, fault("crash", "office-kz", while_read)),
        "another": (another[reader],),
        "missing": (fault("container_missing", "truck-01", before),),
    }[outcome]


def at_line(reader: str, outcome: str, gate: str, *settings: str) -> tuple[Finished, Log]:
    log = Log()
    all_settings = (*SETTINGS, *settings, *happens(reader, outcome, gate))
    finished = a_run("smoke", *all_settings, prepare=log.prepare)
    assert (finished.crash, violations(finished)) == ("", {})
    assert unexplained(finished) == {}
    return finished, log


def refusals(log: Log, gate: str) -> list[tuple[float, str]]:
    """When this gate has said no, and why."""
    return [
        (t_ns / NS_PER_S, report.fields["reason"].name)
        for t_ns, node, report in log.said
        if report.event is Event.PERMIT_REFUSED and node == gate
    ]


@pytest.mark.parametrize("gate", ["kz_out", pytest.param("cn_in", marks=pytest.mark.soak)])
@pytest.mark.parametrize(
    ("reader", "outcome"),
    [
        pytest.param(*pair, marks=[pytest.mark.soak] if pair in LIKE_THE_PLATE else [])
        for pair in (*PAIRS, ("container", "missing"))
    ],
)
def test_every_outcome_of_a_reader_leads_on_or_to_a_reason_with_an_owner(
    reader: str, outcome: str, gate: str
) -> None:
    """SUP-024, GATE-013, GATE-015: in time, at the gate and at the supervisor."""
    finished, log = at_line(reader, outcome, gate)
    (tale,) = finished.tally.crossings.values()
    goes_on = outcome in ("misread", "aborted", "office gone")
    assert (tale.outcome == "cleared") == goes_on
    told = refusals(log, gate)
    if outcome != "gate gone":
        at_s, reason = told[0]
        assert reason in (FOUND.get((reader, outcome), UNREAD[reader]), "NOT_IN_CELL")
        restart_s = 30.0 if outcome == "aborted" else 0.0
        assert at_s <= AT_LINE_S[gate] + TOLD_WITHIN_S + restart_s
    if goes_on:
        return
    wait = finished.tally.waiting[tale.vehicle]
    assert wait.since_s <= AT_LINE_S[gate] + TOLD_WITHIN_S
    if reader != "plate" and outcome in ("another", "missing"):
        assert (tale.reason, wait.reason) == (FOUND[reader, outcome], FOUND[reader, outcome])
        assert wait.holder.startswith("office")
    else:
        assert (wait.reason, wait.holder) == ("PERMIT_PENDING", gate)


@pytest.mark.soak
@pytest.mark.parametrize("gate", AT_LINE_S)
@pytest.mark.parametrize(("reader", "outcome"), PAIRS)
def test_so_it_is_at_the_line_on_an_unreliable_network(
    reader: str, outcome: str, gate: str
) -> None:
    """SUP-024."""
    finished, _ = at_line(reader, outcome, gate, *UNRELIABLE)
    (tale,) = finished.tally.crossings.values()
    if outcome != "another":  # which meets the truck at one moment, and that is another one here
        goes_on = outcome in ("misread", "aborted", "office gone")
        assert (tale.outcome == "cleared") == goes_on
