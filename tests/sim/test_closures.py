"""A section closed in a run: nobody new is in it meanwhile, and afterwards all goes on."""

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
