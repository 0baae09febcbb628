"""SUP-018: a truck that has stopped by itself is seen to wait, with its reason, until it is
released.
"""

from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    POSITION_CAUSE_STOPPED,
    VEHICLE_STATE_DRIVING,
    VEHICLE_STATE_STOPPED,
    VEHICLE_STATE_WAITING,
    VehicleHeartbeat,
)
from tests.corridor.control import Control

TRUCK = "truck-01"


def halted(control: Control, reason: str = "RELEASE_REVOKED") -> None:
    control.front_at(70.0, cause=POSITION_CAUSE_STOPPED, reason=reason, standing=True)


def beat(control: Control, state: int, front_m: float = 70.0) -> None:
    word = VehicleHeartbeat(loop_counter=1, front_mm=round(front_m * 1000), state=state)  # type: ignore[arg-type]
    control.hear(TRUCK, word)


def waits_for(control: Control) -> Reason | None:
    wait = control.agent.state.waits.get(TRUCK)
    return wait.reason if wait is not None else None


def test_truck_that_gave_up_waits_for_what_lifts_it_and_goes_on_when_released() -> None:
    control = Control().under_way()
    halted(control)
    beat(control, VEHICLE_STATE_STOPPED)
    assert waits_for(control) is Reason.RELEASE_REVOKED
    beat(control, VEHICLE_STATE_WAITING)
    assert waits_for(control) is not Reason.RELEASE_REVOKED


def test_heartbeat_from_before_the_stop_does_not_hide_it() -> None:
    """Reports and heartbeats come by different streams."""
    control = Control().under_way()
    beat(control, VEHICLE_STATE_DRIVING)
    halted(control)
    beat(control, VEHICLE_STATE_DRIVING)
    beat(control, VEHICLE_STATE_STOPPED)
    assert waits_for(control) is Reason.RELEASE_REVOKED


def test_it_is_given_no_more_road_meanwhile() -> None:
    control = Control().under_way()
    control.reaches("kz_weigh_e")
    before = len(control.authorities())
    halted(control)
    beat(control, VEHICLE_STATE_STOPPED)
    control.scanned("kz_weigh_e")
    assert len(control.authorities()) == before
    beat(control, VEHICLE_STATE_WAITING)
    control.front_at(70.0)
    assert len(control.authorities()) > before


def test_stop_by_an_order_is_the_orders_matter() -> None:
    control = Control().under_way()
    halted(control, "STOPPED_BY_ORDER")
    beat(control, VEHICLE_STATE_STOPPED)
    assert waits_for(control) is Reason.STATION_PENDING
