"""Trucks of one waybill in the simulator: together, or not at all."""

from collections.abc import Callable

import pytest

from contract.agent import Effect, Send
from contract.events import Event
from contract.v1.customs_pb2 import CrossingNotice, DecisionNotice, Release
from sim.build import OFFICES
from tests.sim.runs import NETWORKS, Log, a_run, both, violations
from tests.sim.tamper import tamper

SETTINGS = (
    *("fleet.kz=3", "fleet.cn=0", "fleet.convoy=3", "time.crossings=0", "time.duration=8min"),
    *("expect=[]", 'berth.unload="constant:5h"', 'berth.load="uniform:1s,90s"'),
)


def says(effect: Effect, *, kept: str, size: int) -> bool:
    """An office tells of one batch, and never of its release of the crossing that is kept."""
    if isinstance(effect, Send) and isinstance(effect.message, CrossingNotice):
        effect.message.batch_number, effect.message.batch_size = "B-1", size
    if isinstance(effect, Send) and isinstance(effect.message, DecisionNotice):
        release = Release.FromString(effect.message.decision.payload)
        return not kept or release.subject.crossing_id != kept
    return True


def does(kept: str, size: int) -> Callable[[Effect], bool]:
    return lambda effect: says(effect, kept=kept, size=size)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kept", ["", "KZ-00002"])
def test_batch_crosses_together_or_waits_together(kept: str, network: tuple[str, ...]) -> None:
    """SUP-022."""
    log = Log()
    prepares = [tamper(office, does=does(kept, 3)) for office in OFFICES.values()]
    finished = a_run("smoke", *SETTINGS, *network, prepare=both(log.prepare, *prepares))
    assert (finished.crash, violations(finished)) == ("", {})
    rows = finished.result["traffic"]["not_cleared"]
    if not kept:
        assert [len(each["members"].split()) for each in log.of(Event.CONVOY_FORMED)] == [3]
        assert finished.result["traffic"]["loaded_crossings"] == 3
        assert rows == []
        return
    assert not log.of(Event.CONVOY_FORMED)
    reasons = {row["crossing"]: row["reason"] for row in rows}
    assert reasons["KZ-00001"] == reasons["KZ-00003"] == "BATCH_INCOMPLETE"
    waits = finished.tally.waiting.values()
    named = [wait.resource for wait in waits if wait.reason == "BATCH_INCOMPLETE"]
    assert len(named) == 2
    assert all(each.startswith(kept) for each in named)


@pytest.mark.parametrize("network", NETWORKS)
def test_batch_of_the_hard_day_waits_for_its_member_at_the_berth_and_crosses_together(
    network: tuple[str, ...],
) -> None:
    """SUP-022: truck-05 is held at its berth for twelve minutes; the two others name it."""
    log = Log()
    settings = ("time.duration='32min'", "expect=[]", *network)
    finished = a_run("inspection_heavy", *settings, prepare=log.prepare)
    assert (finished.crash, violations(finished)) == ("", {})
    tales = finished.tally.crossings
    first_of = {tale.vehicle: tale for tale in reversed(tales.values())}
    kept = first_of["truck-05"]
    filed = log.of(Event.DECLARATION_FILED)
    names = [f"KZ-0000{number}" for number in (4, 5, 6)]
    assert kept.crossing in names
    assert {row["vehicle"] for row in filed if row["crossing"] in names} == {
        "truck-04",
        "truck-05",
        "truck-06",
    }
    waited = {
        row["crossing"]: row["resource"]
        for row in log.of(Event.VEHICLE_WAITS)
        if str(row["reason"].name) == "BATCH_INCOMPLETE" and row["crossing"] in names
    }
    assert set(waited) == {*names} - {kept.crossing}
    assert all(each.startswith(f"{kept.crossing} truck-05") for each in waited.values())
    left = [tales[name].left_s or 0.0 for name in names]
    assert min(left) > 14 * 60.0  # nobody before the officer of truck-05 has decided
    assert max(left) - min(left) < 120.0
    passed = [row["crossing"] for row in log.of(Event.VEHICLE_PASSED, "kz_out")]
    first = passed.index(next(each for each in passed if each in names))
    assert set(passed[first : first + 3]) == {*names}  # nobody of others between them
