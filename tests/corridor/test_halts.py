"""Halts: who has stopped by itself gets nothing until it is released; who stands says why."""

from typing import Any

import pytest

from contract.events import Event
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_RESUME,
    POSITION_CAUSE_BOOTED,
    POSITION_CAUSE_STOPPED,
    VEHICLE_STATE_AT_GATE,
    VEHICLE_STATE_DRIVING,
    StopLifted,
    VehicleHeartbeat,
)
from corridor.halts import CAUSES
from corridor.standing import STOOD_MS
from tests.corridor.control import Control
from tests.factories import reports, sends
from vehicle.halts import halts
from vehicle.orders import VehicleReading
from vehicle.pilot import columns as c

TRUCK = "truck-01"


def halted(reason: str = "GUARD_TRIPPED") -> tuple[Control, float]:
    """A truck under way that has stopped by itself just before its end, and that end."""
    control = Control().under_way()
    end_m = control.end_m()
    stops(control, end_m - 1.0, reason)
    return control, end_m


def stops(control: Control, front_m: float, reason: str, **changes: Any) -> None:
    values: dict[str, Any] = {"cause": POSITION_CAUSE_STOPPED, "standing": True} | changes
    control.front_at(front_m, reason=reason, **values)


def numbers(control: Control) -> list[int]:
    return [each.number for each in control.authorities(TRUCK)]


def wait_of(control: Control) -> tuple[str, str]:
    """Reason and resource of the newest word about a wait."""
    said = reports(control.said, Event.VEHICLE_WAITS)[-1]
    return said["reason"].name, said["resource"]


@pytest.mark.parametrize("reason", sorted(CAUSES))
def test_truck_that_has_stopped_by_itself_gets_nothing_and_its_wait_says_why(reason: str) -> None:
    """SUP-016."""
    control, end_m = halted(reason)
    before, held = numbers(control), control.agent.state.zones.held_by(TRUCK)
    control.scanned("kz_weigh_e")
    control.front_at(end_m - 0.5, standing=True)
    assert numbers(control) == before
    assert control.agent.state.zones.held_by(TRUCK) == held
    assert wait_of(control) == (reason, f"{CAUSES[reason]}/{TRUCK}")


def test_word_that_is_no_halt_halts_nobody() -> None:
    control = Control().under_way()
    end_m = control.end_m()
    stops(control, end_m - 1.0, "STOPPED_BY_ORDER")
    stops(control, end_m - 1.0, "GUARD_TRIPPED", cause=POSITION_CAUSE_BOOTED)
    assert not control.agent.state.halts
    control.scanned("kz_weigh_e")
    assert control.end_m() > end_m


@pytest.mark.parametrize("restart", [False, True])
def test_released_truck_gets_its_authority_afresh_and_goes_on(restart: bool) -> None:
    """SUP-016: the halt outlives a restart of the supervisor, and ends with its release."""
    control, end_m = halted()
    control.scanned("kz_weigh_e")
    if restart:
        control.start()
        control.parked("truck-02")
        control.parked("truck-03")
        control.front_at(end_m - 1.0, standing=True, cause=POSITION_CAUSE_BOOTED)
    before = numbers(control)
    assert control.end_m() == end_m
    assert control.command(OPERATOR_VERB_RESUME, stop_id=f"guard/{TRUCK}").accepted
    (lifted,) = sends(control.said, StopLifted, to=TRUCK)
    assert lifted.stop_id == f"guard/{TRUCK}"
    assert numbers(control)[len(before)] > before[-1]
    assert control.end_m() > end_m
    assert not [key for key in control.disk if key.startswith("halt/")]


def test_truck_with_two_causes_is_released_with_the_last_of_them() -> None:
    """SUP-016: a guard that is released does not couple a trailer."""
    control, end_m = halted()
    stops(control, end_m - 1.0, "TRAILER_PARTED", trailer_coupled=False)
    before = numbers(control)
    control.command(OPERATOR_VERB_RESUME, stop_id=f"guard/{TRUCK}")
    assert numbers(control) == before
    assert wait_of(control) == ("TRAILER_PARTED", f"trailer/{TRUCK}")
    control.command(OPERATOR_VERB_RESUME, stop_id=f"trailer/{TRUCK}")
    assert len(numbers(control)) > len(before)


def test_halted_truck_that_restarts_is_not_told_its_authority_anew() -> None:
    control, end_m = halted()
    before = numbers(control)
    control.front_at(end_m - 1.0, standing=True, cause=POSITION_CAUSE_BOOTED, authority_number=0)
    assert numbers(control) == before


def test_supervisor_and_truck_call_every_halt_by_the_same_name() -> None:
    lost = c.MILE_LOST_PATH | c.MILE_LOST_PLACE | c.MILE_GAP_LOST
    everything = c.MILE_TRIPPED | c.MILE_IN_VAIN | lost
    reading = VehicleReading(
        x_m=0.0,
        y_m=0.0,
        psi_rad=0.0,
        speed_mps=0.0,
        front_m=0.0,
        on_path=True,
        milestones=everything,
        trip_cause=c.CAUSE_GAP,
        trailer_coupled=False,
    )
    assert {halt.reason.name: halt.cause for halt in halts(reading)} == dict(CAUSES)


# --- standing ---


def beat(control: Control, front_m: float, state: Any, seconds: int) -> None:
    """A truck stands there, and is heard, for so long."""
    for _ in range(seconds):
        control.hear(
            TRUCK, VehicleHeartbeat(front_mm=round(1000.0 * front_m), speed_mmps=0, state=state)
        )
        control.wake()


def test_truck_that_stands_short_of_the_arm_of_a_faulty_gate_waits_for_its_repair() -> None:
    """SUP-011: it was let go, and stopped between its line and the arm."""
    control = Control().under_way()
    control.scanned("kz_weigh_e")
    control.reaches("kz_out")
    control.agent.state.faulty_gates["kz_out"] = "BARRIER_FAULT"
    (stop,) = (each for each in control.order(TRUCK).stops if each.place_id == "kz_out")
    at_m = control.route(TRUCK).at(stop.lane, stop.offset_mm / 1000.0) + 4.0
    beat(control, at_m, VEHICLE_STATE_AT_GATE, STOOD_MS // 1000 + 2)
    assert wait_of(control) == (Reason.GATE_FAULT.name, "kz_out")


def test_truck_that_stands_at_a_gate_with_road_behind_it_waits_for_its_permit() -> None:
    """SUP-011: said once it has stood longer than moving off takes, and ended when it moves."""
    control = Control().under_way()
    control.scanned("kz_weigh_e")
    control.reaches("kz_out")
    (stop,) = (each for each in control.order(TRUCK).stops if each.place_id == "kz_out")
    at_m = control.route(TRUCK).at(stop.lane, stop.offset_mm / 1000.0)
    beat(control, at_m, VEHICLE_STATE_AT_GATE, STOOD_MS // 1000 - 2)
    assert TRUCK not in control.agent.state.waits
    beat(control, at_m, VEHICLE_STATE_AT_GATE, 4)
    assert wait_of(control) == (Reason.PERMIT_PENDING.name, "kz_out")
    control.hear(
        TRUCK,
        VehicleHeartbeat(
            front_mm=round(1000.0 * at_m), speed_mmps=900, state=VEHICLE_STATE_DRIVING
        ),
    )
    assert TRUCK not in control.agent.state.waits
