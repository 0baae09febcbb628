"""Convoys on the way: what the log tells of forming, splitting, and of a lost member."""

import pytest

from contract.events import Event
from sim.build import SUPERVISOR
from sim.run import Finished
from tests.sim.runs import Log, a_run, broken
from tests.sim.test_formation import story


def go(name: str, *settings: str) -> tuple[Finished, Log]:
    log = Log()
    finished = a_run(name, *settings, prepare=log.prepare)
    assert broken(finished).strip() == ""
    assert finished.result["exit_code"] == 0
    return finished, log


def test_convoy_forms_on_the_way_splits_before_the_gate_and_forms_again() -> None:
    """SUP-013."""
    _, log = go("gate_split_reform")
    told = story(log, "convoy-1")
    assert told[:3] == ["join completed", "join completed", "split completed"]
    assert told[3] == "join completed"
    assert told[-1] == "split completed"


def test_truck_whose_trailer_parts_stops_and_what_it_holds_stays_locked() -> None:
    """I22, VEH-011: its zone is known no more, and who waits for it says so."""
    finished, log = go("parted_trailer")
    (tripped,) = log.of(Event.GUARD_TRIPPED, "truck-01")
    assert tripped["cause"] == "the trailer is not coupled"
    unknown = {said["zone"] for said in log.of(Event.ZONE_BECAME_UNKNOWN, SUPERVISOR)}
    assert unknown == {"kz_e_weigh"}
    assert unknown.isdisjoint({said["zone"] for said in log.of(Event.ZONE_FREED)})
    waits = {each["vehicle"]: each for each in finished.result["traffic"]["waiting"]}
    assert set(waits) == {"truck-01", "truck-02"}
    assert waits["truck-01"]["reason"] in ("GUARD_TRIPPED", "TRAILER_PARTED")
    assert waits["truck-01"]["since_s"] == pytest.approx(360.0, abs=1.0)
    assert waits["truck-02"]["reason"] == "ZONE_UNKNOWN"
    assert "truck-01" in waits["truck-02"]["holder"]
    assert finished.world.fleet.standing("truck-01")


def test_truck_that_its_guard_has_stopped_is_given_nothing_more() -> None:
    """SUP-016: not even when its station has finished with it."""
    _, log = go("parted_trailer")
    (tripped_s,) = log.times_s(Event.GUARD_TRIPPED)
    for event in (Event.ZONE_ALLOCATED, Event.AUTHORITY_GRANTED):
        given = [
            t_ns / 1e9
            for t_ns, _, report in log.said
            if report.event is event and report.fields["vehicle"] == "truck-01"
        ]
        assert given
        assert max(given) < tripped_s
    assert log.times_s(Event.STATION_REPORTED)[-1] > tripped_s


def test_last_of_a_convoy_inherits_its_share_when_the_middle_one_is_lost() -> None:
    """SUP-014: three holders; the first arrives, the third stands behind the lost one."""
    finished, log = go("cut_off_tail")
    (parted,) = log.of(Event.CONVOY_PARTED)
    assert (parted["vehicle"], parted["rest"]) == ("truck-02", "convoy-1/truck-03")
    (done,) = log.of(Event.CROSSING_FINISHED, SUPERVISOR)
    assert done["vehicle"] == "truck-01"
    fleet = finished.world.fleet
    assert fleet.standing("truck-02")
    assert fleet.standing("truck-03")
    waiting = {each["vehicle"]: each for each in finished.result["traffic"]["waiting"]}
    assert {name: each["reason"] for name, each in waiting.items()} == {
        "truck-02": "GUARD_TRIPPED",
        "truck-03": "VEHICLE_AHEAD",
    }
    assert waiting["truck-03"]["holder"] == "truck-02"
    assert all(370.0 < each["since_s"] < 400.0 for each in waiting.values())
    lost, third = fleet.where("truck-02"), fleet.where("truck-03")
    assert lost is not None
    assert third is not None
    assert lost[0] == third[0]
    assert lost[1] - third[1] > 16.5 + 1.0
