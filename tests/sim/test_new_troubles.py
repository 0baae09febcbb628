"""Programs that pause, drives that die, counters that lie, and the operator who clears up."""

import pytest

from contract.events import Event
from contract.reasons import Reason
from sim.build import CONTROL_ROOM, SUPERVISOR
from sim.run import Finished
from tests.sim.runs import Log, a_run, broken

LONG = ("time.crossings=0", "time.duration=6min", "expect=[]")


def with_fault(kind: str, target: str, at: str, lasts: str, *more: str) -> tuple[Finished, Log]:
    fault = f'{{at="{at}", kind="{kind}", target="{target}", lasts="{lasts}"}}'
    cleared = '{at="120s", kind="all_cleared", target="*"}'
    log = Log()
    faults = f"fault=[{fault}, {cleared}]"
    finished = a_run("smoke", *LONG, faults, *more, prepare=log.prepare)
    assert broken(finished) == ""
    return finished, log


def test_supervisor_that_pauses_goes_on_as_it_was() -> None:
    finished, log = with_fault("pause", SUPERVISOR, "20s", "30s")
    assert finished.world.finished == 2
    assert len(log.of(Event.COMMAND_TAKEN)) == 1, "it has not restarted"
    said = [t_ns / 1e9 for t_ns, node, _ in log.said if node == SUPERVISOR]
    assert not any(20.1 < t_s < 50.0 for t_s in said)
    assert any(50.0 <= t_s < 51.0 for t_s in said)


def test_truck_whose_drive_is_dead_parks_and_goes_on_when_mended_and_released() -> None:
    finished, log = with_fault("drive_dead", "truck-01", "0s", "60s")
    waits = [each for each in log.of(Event.VEHICLE_WAITS) if each["vehicle"] == "truck-01"]
    assert Reason.NO_PROGRESS in [each["reason"] for each in waits]
    assert log.of(Event.STOP_ENDED)
    assert finished.world.finished == 2
    assert CONTROL_ROOM in finished.world.hosts


def test_zone_that_a_ghost_has_put_in_doubt_is_proven_by_people_alone() -> None:
    finished, log = with_fault("detector_ghost", "boundary_det_e1", "1s", "1s")
    assert log.of(Event.ZONE_BECAME_UNKNOWN)
    proven = log.of(Event.ZONE_PROVEN_FREE)
    assert {each["proof"] for each in proven} == {CONTROL_ROOM}
    assert finished.world.finished == 2


@pytest.mark.parametrize("axles", ["true", "false"])
def test_zone_whose_counter_missed_a_truck_is_free_again_once_looked_at(axles: str) -> None:
    """The next counter does not stand in for it: if its word came after all, whose was it?"""
    stuck = ("detector_stuck", "boundary_det_e1", "0s", "110s")
    finished, log = with_fault(*stuck, f"corridor.axle_counters={axles}")
    assert finished.world.finished == 2
    assert log.of(Event.ZONE_PROVEN_FREE)


def test_axle_that_was_missed_leaves_a_zone_in_doubt_until_people_have_looked() -> None:
    """Planted: the counter behind the section counts one axle short."""
    finished, log = with_fault("axle_missed", "boundary_det_e2", "1s", "1s")
    doubtful = {each["zone"] for each in log.of(Event.ZONE_BECAME_UNKNOWN)}
    assert doubtful == {"boundary", "cn_e_neutral"}  # one too few, and then one too many
    assert {each["proof"] for each in log.of(Event.ZONE_PROVEN_FREE)} == {CONTROL_ROOM}
    assert finished.world.finished == 2
