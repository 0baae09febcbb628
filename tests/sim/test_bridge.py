"""A bridge of one lane: trucks follow in batches, the section drains and turns, nobody starves."""

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import pytest

from contract.events import Event
from tests.sim.runs import UNRELIABLE, Log, a_run, broken

LASTS: Final = ("time.duration='22min'", "expect=[]")


def turns(log: Log) -> Iterator[tuple[str, int]]:
    """Direction and number of trucks of every turn of the bridge, in order."""
    order = {"K": "E", "C": "W"}
    crossing_of: dict[str, str] = {}
    let_in: list[str] = []
    for _, _, report in log.said:
        if report.event is Event.MISSION_GIVEN:
            crossing_of[report.fields["vehicle"]] = report.fields["crossing"]
        if report.event is Event.ZONE_ALLOCATED and report.fields["zone"] == "bridge":
            let_in.append(order[crossing_of[report.fields["vehicle"]][0]])
    for direction, trucks in groupby(let_in):
        yield direction, len(list(trucks))


@pytest.mark.parametrize(
    ("batch", "network"),
    [
        pytest.param(1, UNRELIABLE, id="unreliable"),
        pytest.param(2, (), marks=pytest.mark.soak, id="reliable"),
    ],
)
def test_both_directions_have_their_turns(batch: int, network: tuple[str, ...]) -> None:
    """SUP-026: a convoy of two is not cut, and more than a batch of it goes only while alone."""
    log = Log()
    finished = a_run(
        "single_lane_bridge", *LASTS, f"corridor.batch={batch}", *network, prepare=log.prepare
    )
    assert broken(finished).strip() == ""
    found = list(turns(log))
    assert {direction for direction, _ in found} == {"E", "W"}
    assert len(found) >= 3
    by_direction = finished.result["traffic"]["by_direction"]
    assert min(each["loaded_crossings"] for each in by_direction.values()) >= 2


def test_first_at_the_other_end_waits_no_longer_than_it_is_said_to() -> None:
    """A batch without end, and eight trucks against one: its turn comes all the same."""
    log = Log()
    few = ("fleet.kz=8", "fleet.cn=1", "corridor.batch=64", "corridor.longest_wait='90s'")
    finished = a_run("single_lane_bridge", *LASTS, *few, prepare=log.prepare)
    assert broken(finished).strip() == ""
    opposed = [
        report.fields["waited_ms"]
        for _, _, report in log.said
        if report.event is Event.VEHICLE_GOES_ON
        and getattr(report.fields["reason"], "name", "") == "DIRECTION_OPPOSED"
    ]
    assert opposed
    assert max(opposed) <= 90_000 + 60_000  # and the time that those inside need to leave
