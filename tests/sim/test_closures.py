"""A section closed in a run: nobody new is in it meanwhile, and afterwards all goes on."""

import pytest

from contract.events import Event
from tests.sim.runs import UNRELIABLE, Log, a_run, broken
from tests.sim.test_no_dead_ends import fault


def test_closed_boundary_is_entered_by_nobody_and_traffic_goes_on_behind_it() -> None:
    """SUP-032: eastbound only, on a bad network; the truck from the east is not held."""
    log = Log()
    closed = fault("closure", "boundary direction=E", "5s", "90s")
    finished = a_run("smoke", closed, "time.duration='8min'", *UNRELIABLE, prepare=log.prepare)
    assert broken(finished) == ""
    assert finished.result["exit_code"] == 0
    (waits,) = [w for w in log.of(Event.VEHICLE_WAITS) if w["reason"].name == "SECTION_CLOSED"]
    assert (waits["vehicle"], waits["resource"]) == ("truck-01", "boundary direction=E")
    opened_s = log.times_s(Event.SECTION_OPENED)[0]
    entered = [
        t_ns / 1e9
        for t_ns, _, report in log.said
        if report.event is Event.ZONE_ALLOCATED
        and (report.fields["zone"], report.fields["vehicle"]) == ("boundary", "truck-01")
    ]
    assert opened_s <= min(entered)


@pytest.mark.parametrize(
    ("at", "stops"),
    [pytest.param("34s", True, id="in time"), pytest.param("44s", False, id="too late")],
)
def test_road_into_a_section_that_closes_is_given_back_by_whom_can_still_stop(
    at: str, stops: bool
) -> None:
    """SUP-043: else the old end stays protected, and the truck is let through."""
    log = Log()
    closed = fault("closure", "boundary direction=E", at, "60s")
    finished = a_run("smoke", closed, "time.duration='8min'", prepare=log.prepare)
    assert broken(finished) == ""
    (asked,) = log.of(Event.ROAD_ASKED_BACK)
    answers = [e for e in log.of(Event.AUTHORITY_ANSWERED) if e["vehicle"] == asked["vehicle"]]
    assert [e["accepted"] for e in answers if e["number"] == asked["number"]] == [stops]
    given = {e["zone"] for e in log.of(Event.ZONE_FREED) if e["proof"] == "given back"}
    assert ("boundary" in given) is stops
    assert finished.world.finished == 2
