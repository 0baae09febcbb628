"""Counters alone: what is free of a truck that says nothing, and what is in doubt."""

from typing import Any, Final

import pytest

from contract.events import Event
from contract.v1.movement_pb2 import VehicleHeartbeat
from corridor.counters import BEHIND_M, OUT_OF_DATE_MS
from corridor.interlocking import ZoneState
from tests.corridor.control import Control
from tests.factories import reports

CELL, NEUTRAL = "kz_out_cell", "kz_e_neutral"  # the gate's cell, and what lies behind it
INTO_CELL, OUT_OF_CELL, OUT_OF_NEUTRAL = "kz_out_det1", "kz_out_det2", "boundary_det_e1"
COUNT, AXLES, TRUCK = 40, 200, 5


def at_exit(**more: Any) -> Control:
    """A truck stands at the exit gate with road beyond it; every counter has said where it is."""
    control = Control(**more)
    for detector in control.map.detectors:
        control.counted(detector, COUNT, AXLES)
    control.under_way()
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    control.reaches("kz_out")
    control.wake()
    return control


def passes(control: Control, *detectors: str, axles: int = TRUCK) -> None:
    for detector in detectors:
        control.counted(detector, COUNT + 1, AXLES + axles)


def beat(control: Control, rear_m: float) -> None:
    """Alive, with its rear here."""
    front_mm = int((rear_m + 16.5) * 1000)
    control.hear("truck-01", VehicleHeartbeat(front_mm=front_mm, rear_mm=int(rear_m * 1000)))


def end_of(control: Control, zone: str) -> float:
    return next(end for name, _, end in control.route().zone_spans if name == zone)


def test_zone_between_two_counters_is_free_once_every_axle_has_left_it() -> None:
    """I22: the truck itself says nothing."""
    control = at_exit()
    passes(control, INTO_CELL)
    assert control.zone(CELL) is not ZoneState.FREE
    passes(control, OUT_OF_CELL)
    assert control.zone(CELL) is ZoneState.FREE
    assert control.zone(NEUTRAL) is not ZoneState.FREE
    freed = [each for each in reports(control.said, Event.ZONE_FREED) if each["zone"] == CELL]
    assert [each["proof"] for each in freed] == ["axles in and out"]


@pytest.mark.parametrize("out", [TRUCK - 3, TRUCK - 1, TRUCK + 1])
def test_axle_that_is_missing_or_too_many_puts_what_lies_between_in_doubt(out: int) -> None:
    """I22: a trailer that was left behind; the next stretch is judged by itself."""
    control = at_exit()
    passes(control, INTO_CELL)
    passes(control, OUT_OF_CELL, axles=out)
    assert control.zone(CELL) is ZoneState.UNKNOWN
    (said,) = reports(control.said, Event.ZONE_BECAME_UNKNOWN)
    assert said["zone"] == CELL
    assert f"{TRUCK} axles of truck-01 counted in, {out} out" in said["cause"]
    passes(control, OUT_OF_NEUTRAL, axles=out)
    assert control.zone(NEUTRAL) is ZoneState.FREE


@pytest.mark.parametrize("into", [0, TRUCK])
def test_loops_that_tell_no_axles_free_nothing_alone(into: int) -> None:
    control = at_exit()
    control.counted(INTO_CELL, COUNT + 1, AXLES + into if into else 0)
    control.counted(OUT_OF_CELL, COUNT + 1)
    assert control.zone(CELL) is ZoneState.CLEARING


def test_counter_that_was_not_heard_of_in_between_frees_nothing_alone() -> None:
    """Two at once: whose axles they were is not known."""
    control = at_exit()
    passes(control, INTO_CELL)
    control.counted(OUT_OF_CELL, COUNT + 2, AXLES + 2 * TRUCK)
    assert control.zone(CELL) is not ZoneState.FREE


def test_first_counter_of_a_way_frees_nothing_alone() -> None:
    """Nobody has counted what came into the zone before it."""
    control = Control().under_way()
    control.counted("kz_e_det_weigh1", COUNT, AXLES)
    control.front_at(30.0)
    passes(control, "kz_e_det_weigh1")
    assert control.zone("kz_dep") is ZoneState.CLEARING


def test_report_that_is_older_than_the_counters_takes_no_zone_again() -> None:
    control = at_exit()
    passes(control, INTO_CELL, OUT_OF_CELL)
    control.front_at(end_of(control, CELL) + 1.0)
    assert control.zone(CELL) is ZoneState.FREE


def test_truck_that_goes_on_saying_it_is_where_it_was_counted_out_puts_it_in_doubt() -> None:
    """One of the two is wrong; which, nobody knows."""
    control = at_exit()
    passes(control, INTO_CELL, OUT_OF_CELL)
    inside_m = end_of(control, CELL) - BEHIND_M - 0.1
    beat(control, inside_m)  # sent before the counter saw it
    assert control.zone(CELL) is ZoneState.FREE
    control.at_ms += OUT_OF_DATE_MS + 1
    beat(control, inside_m + 0.2)
    assert control.zone(CELL) is ZoneState.FREE
    beat(control, inside_m)
    assert control.zone(CELL) is ZoneState.UNKNOWN
    said = len(reports(control.said, Event.ZONE_BECAME_UNKNOWN))
    beat(control, inside_m)
    assert len(reports(control.said, Event.ZONE_BECAME_UNKNOWN)) == said


def test_truck_without_a_mission_says_no_place() -> None:
    control = at_exit()
    passes(control, INTO_CELL, OUT_OF_CELL)
    control.at_ms += OUT_OF_DATE_MS + 1
    control.hear("truck-01", VehicleHeartbeat(front_mm=0, rear_mm=0))
    assert control.zone(CELL) is ZoneState.FREE


@pytest.mark.parametrize("after", range(3))
def test_restarted_supervisor_goes_on_counting_where_it_was(after: int) -> None:
    """Nothing of it is lost, and nothing is freed by the restart."""
    control = at_exit()
    steps: Final = (INTO_CELL, OUT_OF_CELL, OUT_OF_NEUTRAL)
    for number, detector in enumerate(steps):
        if number == after:
            held = control.agent.state.zones.held_by("truck-01")
            control.start()
            assert control.agent.state.zones.held_by("truck-01") == held
        passes(control, detector)
    assert control.zone(CELL) is control.zone(NEUTRAL) is ZoneState.FREE


def test_counter_whose_word_comes_late_finds_whom_it_is_about() -> None:
    """Words of several gates may change places: nothing is freed over one that is missing."""
    control = at_exit()
    passes(control, INTO_CELL, OUT_OF_NEUTRAL)
    assert "truck-01" in control.agent.state.zones.holders(CELL)
    passes(control, OUT_OF_CELL)
    assert control.zone(CELL) is ZoneState.CLEARING
    control.front_at(end_of(control, NEUTRAL) + 18.0)
    assert control.zone(CELL) is control.zone(NEUTRAL) is ZoneState.FREE
