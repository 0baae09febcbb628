"""What a truck says of itself: heartbeats, and positions by exception. Messages from values;
nothing decided.
"""

from typing import Final

from contract.limits import HEARTBEAT_MS, RESTING_HEARTBEAT_MS, STANDING_HEARTBEAT_MS
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    VEHICLE_STATE_AT_GATE,
    VEHICLE_STATE_DRIVING,
    VEHICLE_STATE_PARKED,
    VEHICLE_STATE_STOPPED,
    VEHICLE_STATE_WAITING,
    PositionCause,
    PositionReport,
    VehicleHeartbeat,
)
from vehicle.orders import VehicleReading
from vehicle.phases import Phase
from vehicle.road import Road

STANDING_MPS: Final = 0.05

# What a phase is called on the wire, and how often a truck in it is heard.
STATES: Final = {
    Phase.PARKED: (VEHICLE_STATE_PARKED, RESTING_HEARTBEAT_MS),
    Phase.WAITING: (VEHICLE_STATE_WAITING, STANDING_HEARTBEAT_MS),
    Phase.DRIVING: (VEHICLE_STATE_DRIVING, HEARTBEAT_MS),
    Phase.AT_GATE: (VEHICLE_STATE_AT_GATE, STANDING_HEARTBEAT_MS),
    Phase.STOPPED: (VEHICLE_STATE_STOPPED, STANDING_HEARTBEAT_MS),
}


def heartbeat(road: Road, reading: VehicleReading, phase: Phase, counter: int) -> VehicleHeartbeat:
    """Alive, here, this fast."""
    moving = road.mission is not None
    return VehicleHeartbeat(
        loop_counter=counter,
        front_mm=max(0, round(road.front_m * 1000.0)) if moving else 0,
        rear_mm=round(road.rear_m * 1000.0) if moving else 0,
        speed_mmps=round(max(0.0, reading.speed_mps) * 1000.0),
        authority_number=road.number,
        state=STATES[phase][0],
    )


def position(
    road: Road,
    reading: VehicleReading | None,
    cause: PositionCause,
    *,
    reason: Reason | None,
    place: str,
) -> PositionReport | None:
    """Where and why; None while the truck does not know where it is."""
    here = road.place()
    if here is None or reading is None:
        return None
    mission = road.mission
    return PositionReport(
        mission_id=mission.mission_id if mission is not None else "",
        mission_version=mission.version if mission is not None else 0,
        front_lane=here.front_lane,
        front_mm=round(here.front_m * 1000.0),
        rear_lane=here.rear_lane,
        rear_mm=round(here.rear_m * 1000.0),
        standing=reading.speed_mps <= STANDING_MPS,
        trailer_coupled=reading.trailer_coupled,
        cause=cause,
        reason=reason.name if reason is not None else "",
        place_id=place,
        authority_number=road.number,
    )
