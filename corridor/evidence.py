"""Evidence: what bars a truck because words and instruments do not agree, or have not all come.

Pure. Three doubts, each with its reason and whose move it is: an image that is still being read, or
a sample without which an office does not release, keeps a truck out of the lane, in a bay behind
the station, and at the station's line while no bay can be had; a navigation seal that was opened
keeps it at the end of what it has been given until each office has released it anew; a report of a
berth that no counter confirms, or of a place beyond all road that was given, frees nothing and is
no arrival.
Not here: zones (interlocking.py), which bay (diversion.py), what an office makes of it
(gate/office/).
Requirements: SUP-020, SUP-021 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import Now, Role, Send
from contract.events import Event
from contract.limits import LANE_OVERLAP_M
from contract.map_parts import Station
from contract.reasons import Reason
from contract.route import Route
from contract.v1.customs_pb2 import SCAN_VERDICT_PENDING, ScanRecord, SealOpened
from contract.v1.movement_pb2 import (
    POSITION_CAUSE_REACHED,
    POSITION_CAUSE_SEAL,
    STOP_KIND_STATION,
    PositionReport,
)
from corridor.clearance import clearance_missing
from corridor.records import Crossing, Mission
from corridor.state import No, State

BEYOND_M: Final = LANE_OVERLAP_M + 1.0  # no front is ever farther past the end that it was given


# --- what is read elsewhere: images, samples ---


def note_remote(crossing: Crossing, record: ScanRecord) -> None:
    """Keep which images of a crossing are still being read, and which samples are not back."""
    if record.verdict == SCAN_VERDICT_PENDING:
        sampled = record.reason == Reason.LABORATORY_PENDING.name
        awaited = crossing.samples if sampled else crossing.unread
        if record.station_id not in awaited:
            awaited.append(record.station_id)
        return
    for awaited in (crossing.unread, crossing.samples):
        if record.station_id in awaited:
            awaited.remove(record.station_id)


def awaited(state: State, mission: Mission) -> tuple[Station, No] | None:
    """The first station of a truck's way whose word on it is still to come, and the wait for it. A
    sample keeps nobody whom both offices have released without its result.
    """
    crossing = state.crossings[mission.crossing]
    if not (crossing.unread or crossing.samples):
        return None
    unread = dict.fromkeys(crossing.unread, Reason.IMAGE_PENDING)
    if crossing.samples and clearance_missing(crossing) is not None:
        unread |= dict.fromkeys(crossing.samples, Reason.LABORATORY_PENDING)
    for stop in mission.stops:
        if stop.kind == STOP_KIND_STATION and stop.place in unread:
            return state.map.stations[stop.place], No(unread[stop.place], stop.place, "office")
    return None


def find_remote(state: State, mission: Mission, route: Route, index: int) -> No | None:
    """Why a truck may not have this zone of its route while something of it is read elsewhere. It
    has road as far as the bay that it waits in, and as far as the next station that is to see it;
    while it has no bay nothing behind the last of them, for it would wait in the lane, and past
    bays that are wanted if what comes is adverse.
    """
    found = awaited(state, mission)
    if found is None:
        return None
    station, no = found
    _, start_m, end_m = route.zone_spans[index]
    lines = [each.at_m for each in mission.stops if is_beside(state, station, each.place)]
    if start_m <= max(lines):
        return None
    bay = state.map.bays.get(mission.place)
    if bay is not None and (bay.country, bay.direction) == (station.country, station.direction):
        ends = [span[2] for span in route.zone_spans if span[0] == bay.zone]
        if ends and end_m <= ends[0] + 0.01:
            return None
    return state.kept.get(mission.mission_id) or no


def is_beside(state: State, station: Station, place: str) -> bool:
    """Whether a place is a station of the same side and direction."""
    other = state.map.stations.get(place)
    return other is not None and (other.country, other.direction) == (
        station.country,
        station.direction,
    )


# --- navigation seals ---


def note_seal(state: State, now: Now, vehicle: str, report: PositionReport) -> None:
    """A truck says that its navigation seal was opened: both offices hear of it, and must release
    it anew.
    """
    crossing = state.crossings.get(state.crossing_of(vehicle))
    if crossing is None or not report.seal_broken or not crossing.seals:
        return
    if crossing.seal_opened and report.cause != POSITION_CAUSE_SEAL:
        return
    crossing.seal_opened = True
    crossing.seal_wants = ["CN", "KZ"]
    state.save(crossing)
    state.say(Event.SEAL_BROKEN, vehicle=vehicle, crossing=crossing.crossing_id)
    opened = SealOpened(crossing_id=crossing.crossing_id, vehicle_id=vehicle, at_utc_ms=now.utc_ms)
    state.out += [Send(office.name, opened) for office in state.roster.of_role(Role.OFFICE)]
    if crossing.mission in state.missions:
        state.dirty[crossing.mission] = None


def note_release(crossing: Crossing, country: str, document: bytes) -> None:
    """An office has released: it counts against an opened seal only if it is another release."""
    if country in crossing.seal_wants and crossing.releases.get(country) != document:
        crossing.seal_wants.remove(country)


# --- places ---


def find_doubt(
    state: State, mission: Mission, report: PositionReport, ends_m: tuple[float, float]
) -> tuple[Reason, str] | None:
    """Why a report of front and rear, in metres along the route, cannot be believed."""
    front_m, route = ends_m[0], state.route(mission)
    if mission.number and front_m > mission.end_m + BEYOND_M:
        return Reason.POSITION_DOUBTED, f"{front_m - mission.end_m:.0f} m beyond its authority"
    berth = report.cause == POSITION_CAUSE_REACHED and report.place_id == mission.berth
    zone = _uncounted_behind(state, mission, route, ends_m[1]) if berth else ""
    return (Reason.POSITION_DOUBTED, f"not counted out of {zone}") if zone else None


def _uncounted_behind(state: State, mission: Mission, route: Route, rear_m: float) -> str:
    """A wired zone well behind a rear that no counter has seen leave it. The zone in front of it is
    given to a counter that is late.
    """
    spans = route.zone_spans
    for index in range(mission.cleared, len(spans) - 1):
        if rear_m <= spans[index + 1][2]:
            break
        if _is_uncounted(state, spans[index][0], mission.vehicle):
            return spans[index][0]
    return ""


def find_uncounted(state: State, mission: Mission) -> str:
    """A zone on the way that a counter has not seen this truck leave; "" if there is none."""
    berth = state.map.berths[mission.berth].zone
    for zone, _, _ in state.route(mission).zone_spans:
        if zone != berth and _is_uncounted(state, zone, mission.vehicle):
            return zone
    return ""


def _is_uncounted(state: State, zone: str, vehicle: str) -> bool:
    row = state.zones.zones.get(zone)
    if row is None or not state.zones.rules[zone].wired:
        return False
    return any(each.vehicle == vehicle and not each.counted for each in row.holders)


def wait_for_counter(state: State, now: Now, mission: Mission, zone: str) -> None:
    """Arrived by its own word alone."""
    mission.arrived = True
    state.save(mission)
    state.wait(now, mission.vehicle, Reason.NOT_COUNTED, resource=zone, holder=zone)
