"""A bridge kept idle for who is expected, in runs: nothing stops for good, and the wait is told.

Requirements: SUP-050, SUP-046 in docs/SAFETY.md.
"""

from typing import Final

import pytest

from contract.events import Event
from contract.reasons import Reason
from tests.sim.runs import NETWORKS, Log, a_run, broken, violations

# Fruit is due at once and waited for by plan; westbound trucks are few, eastbound ones a flood.
PLANNED: Final = (
    *("timetable.on=true", "timetable.wait='90s'", "timetable.due_perishable='10s'"),
    *("timetable.least='1s'", "corridor.batch=64", "corridor.longest_wait='4min'"),
    *("fleet.kz=8", "fleet.cn=2", "fleet.convoy=1", "expect=[]"),
)
DRAIN_S: Final = 60.0  # those inside leave, and the next one is looked at


def held_ms(log: Log, *reasons: Reason) -> list[int]:
    """How long trucks waited that went on when they waited for one of these."""
    return [
        each["waited_ms"] for each in log.of(Event.VEHICLE_GOES_ON) if each["reason"] in reasons
    ]


@pytest.mark.soak
def test_flood_of_one_direction_keeps_the_other_no_longer_than_the_longest_wait() -> None:
    """SUP-026, SUP-046, SUP-050: by plan, with waits on purpose, and a batch without end."""
    log = Log()
    finished = a_run("single_lane_bridge", *PLANNED, "time.duration='25min'", prepare=log.prepare)
    assert broken(finished).strip() == ""
    by_direction = finished.result["traffic"]["by_direction"]
    assert min(each["loaded_crossings"] for each in by_direction.values()) >= 2
    section = (Reason.DIRECTION_OPPOSED, Reason.SECTION_DRAINS, Reason.PLANNED_LATER)
    waited_ms = held_ms(log, *section)
    assert waited_ms
    assert max(waited_ms) <= 1_000 * (240.0 + DRAIN_S)
    rows = [row for each in finished.accounts.values() for row in each.rows]
    planned = [row for row in rows if row.label.rule == Reason.PLANNED_LATER.name]
    assert {(row.label.resource, row.label.party) for row in planned} == {("bridge", "supervisor")}


@pytest.mark.soak
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kind", ["crash", "partition"])
def test_truck_goes_on_when_the_one_it_is_kept_for_dies_or_falls_silent(
    kind: str, network: tuple[str, ...]
) -> None:
    """SUP-050: after the wait that is set, whatever becomes of the other; and the wait is told,
    with who is expected and what else lifts it.
    """
    log = Log()
    a_run("single_lane_bridge", *PLANNED, *network, "time.duration='7min'", prepare=log.prepare)
    at_s, kept, expected = first_kept(log)
    fault = f"fault=[{{at='{at_s + 1:.1f}s', kind='{kind}', target='{expected}', lasts='1h'}}]"
    log = Log()
    settings = (*PLANNED, *network, fault, f"time.duration='{at_s + 150:.0f}s'")
    finished = a_run("single_lane_bridge", *settings, prepare=log.prepare)
    again_s, *who = first_kept(log)
    assert who == [kept, expected]
    assert abs(again_s - at_s) < 1.0  # before the fault, which is another draw of the network's
    assert broken(finished).strip() == ""
    assert violations(finished) == {}
    entered_s = [
        t_ns / 1e9
        for t_ns, _, report in log.said
        if report.event is Event.ZONE_ALLOCATED
        and (report.fields["zone"], report.fields["vehicle"]) == ("bridge", kept)
    ]
    assert [each for each in entered_s if at_s < each <= at_s + 90.0 + DRAIN_S]


def first_kept(log: Log) -> tuple[float, str, str]:
    """When a truck was first kept from the idle bridge, which one, and for whom."""
    return next(
        (t_ns / 1e9, report.fields["vehicle"], report.fields["holder"])
        for t_ns, _, report in log.said
        if report.event is Event.VEHICLE_WAITS
        and report.fields["reason"] is Reason.PLANNED_LATER
        and report.fields["lifted_by"] == "its passage, or 90 s of waiting for it"
    )
