"""What a truck says of itself and of what it was told: heartbeats, positions by exception, answers.

Messages and log lines from values; nothing decided.
"""

from typing import Any, Final

from contract.agent import NS_PER_MS, Effect, Refused, Report, Send
from contract.events import Event
from contract.limits import HEARTBEAT_MS, RESTING_HEARTBEAT_MS, STANDING_HEARTBEAT_MS
from contract.reasons import Reason
from contract.v1.movement_pb2 import (
    VEHICLE_STATE_AT_GATE,
    VEHICLE_STATE_DRIVING,
    VEHICLE_STATE_PARKED,
    VEHICLE_STATE_STOPPED,
    VEHICLE_STATE_WAITING,
    AuthorityReply,
    MissionOrder,
    MissionReply,
    MovementAuthority,
    PositionCause,
    PositionReport,
    StopOrder,
    VehicleHeartbeat,
)
from vehicle.halts import TRIPS
from vehicle.mission import Mission
from vehicle.orders import VehicleReading
from vehicle.phases import Phase
from vehicle.pilot import columns as c
from vehicle.road import STANDING_MPS, Road

# What a phase is called on the wire, and how often a truck in it is heard.
STATES: Final = {
    Phase.PARKED: (VEHICLE_STATE_PARKED, RESTING_HEARTBEAT_MS),
    Phase.WAITING: (VEHICLE_STATE_WAITING, STANDING_HEARTBEAT_MS),
    Phase.DRIVING: (VEHICLE_STATE_DRIVING, HEARTBEAT_MS),
    Phase.AT_GATE: (VEHICLE_STATE_AT_GATE, STANDING_HEARTBEAT_MS),
    Phase.STOPPED: (VEHICLE_STATE_STOPPED, STANDING_HEARTBEAT_MS),
}


def period_ns(phase: Phase) -> int:
    """How often a truck in this phase is heard."""
    return STATES[phase][1] * NS_PER_MS


def heartbeat(road: Road, reading: VehicleReading, phase: Phase, counter: int) -> VehicleHeartbeat:
    """Alive, here, this fast."""
    moving = road.mission is not None
    beat = VehicleHeartbeat(
        loop_counter=counter,
        front_mm=max(0, round(road.front_m * 1000.0)) if moving else 0,
        rear_mm=round(road.rear_m * 1000.0) if moving else 0,
        speed_mmps=round(max(0.0, reading.speed_mps) * 1000.0),
        authority_number=road.number,
        state=STATES[phase][0],
    )
    return road.battery.tell(beat, reading)


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
        seal_broken=reading.seal_broken,
    )


def milestones(road: Road, reading: VehicleReading) -> list[Report]:
    """What of this reading has to be told to people."""
    told = ((c.MILE_WARNED, warned), (c.MILE_TRIPPED, tripped), (c.MILE_IN_VAIN, in_vain))
    return [report(road, reading) for bit, report in told if reading.milestones & bit]


def tripped(road: Road, reading: VehicleReading) -> Report:
    """The guard has stopped the truck: why, how fast it was, how far beyond its end."""
    fields = {
        "cause": TRIPS.get(reading.trip_cause, ("unknown", True))[0],
        "speed_mmps": round(reading.speed_mps * 1000.0),
        "beyond_mm": round((road.front_m - road.end_m) * 1000.0),
    }
    return Report(Event.GUARD_TRIPPED, fields)


def warned(road: Road, reading: VehicleReading) -> Report:
    """The guard has taken back the push above its warning curve: how fast, how far to the end."""
    fields = {
        "mission": road.mission.mission_id if road.mission is not None else "",
        "speed_mmps": round(reading.speed_mps * 1000.0),
        "to_end_mm": round((road.end_m - road.front_m) * 1000.0),
    }
    return Report(Event.GUARD_WARNED, fields)


def in_vain(road: Road, _: VehicleReading) -> Report:
    """The truck has taken back a push that moved nothing: where."""
    here, mission = road.place(), road.mission
    fields = {
        "mission": mission.mission_id if mission is not None else "",
        "lane": here.front_lane if here is not None else "",
        "offset_mm": round(here.front_m * 1000.0) if here is not None else 0,
    }
    return Report(Event.PUSHED_IN_VAIN, fields)


def mission_answer(order: MissionOrder, refused: Refused | None, to: str) -> list[Effect]:
    """Whether the mission was taken, to the log and to whoever gave it."""
    fields: dict[str, Any] = {"mission": order.mission_id, "version": order.version}
    if refused is None:
        said = Report(Event.MISSION_ACCEPTED, fields | {"crossing": order.crossing_id})
    else:
        why = {"reason": refused.reason, "detail": refused.detail}
        said = Report(Event.MISSION_REFUSED, fields | why)
    reply = MissionReply(
        mission_id=order.mission_id,
        version=order.version,
        accepted=refused is None,
        reason=refused.reason.name if refused is not None else "",
    )
    return [said, Send(to, reply)]


def authority_said(authority: MovementAuthority, refused: Refused | None) -> Report:
    """Whether the authority counts, to the log."""
    fields: dict[str, Any] = {"mission": authority.mission_id, "number": authority.number}
    if refused is None:
        end = {"end_lane": authority.end_lane, "end_mm": authority.end_mm}
        return Report(Event.AUTHORITY_ACCEPTED, fields | end)
    why = {"reason": refused.reason, "detail": refused.detail}
    return Report(Event.AUTHORITY_REFUSED, fields | why)


def authority_reply(authority: MovementAuthority, refused: Refused | None) -> AuthorityReply:
    """The same to whoever gave it."""
    return AuthorityReply(
        mission_id=authority.mission_id,
        number=authority.number,
        accepted=refused is None,
        reason=refused.reason.name if refused is not None else "",
    )


def finished(mission: Mission, berth: str) -> Report:
    """A mission is over."""
    fields = {"mission": mission.mission_id, "crossing": mission.crossing_id, "berth": berth}
    return Report(Event.MISSION_FINISHED, fields)


def place_reached(mission: Mission, place: str) -> Report:
    """Standing at a place of the mission."""
    return Report(Event.PLACE_REACHED, {"mission": mission.mission_id, "place": place})


def stop_obeyed(stop: StopOrder) -> Report:
    """A stop has come into force."""
    fields = {"stop": stop.stop_id, "issuer": stop.issuer, "reason": stop.reason}
    return Report(Event.STOP_OBEYED, fields)


def stop_lifted(stop_id: str, issuer: str) -> Report:
    """A stop has ended."""
    return Report(Event.STOP_LIFTED, {"stop": stop_id, "issuer": issuer})
