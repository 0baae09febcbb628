"""Visits: a station's gate is told who comes and for what, when the station's zone is given.

Pure. A place that is closed is told of nobody; opened again, it is told of whoever stands there. A
bay is asked for what the offices have ordered there, and for a search where nothing is named. What
was ordered while a truck was being inspected is asked for as soon as it has been. Not here: what
the gate makes of it (gate/stations.py), waiting for the result (grants.py).
"""

from collections.abc import Mapping
from typing import Final

from contract.agent import Send
from contract.route import Route
from contract.v1.customs_pb2 import (
    CONTROL_KIND_PHYSICAL,
    CONTROL_KIND_PHYTOSANITARY,
    CONTROL_KIND_SAMPLING,
    CONTROL_KIND_SEAL,
    CONTROL_KIND_VETERINARY,
    CONTROL_KIND_XRAY,
    SCAN_VERDICT_CLEAR,
    ScanRecord,
)
from contract.v1.gate_pb2 import StationVisit
from contract.v1.movement_pb2 import STOP_KIND_BAY, STOP_KIND_STATION
from corridor.records import Crossing, Mission, Stop
from corridor.state import State

INSPECTED = (STOP_KIND_STATION, STOP_KIND_BAY)
SEARCH: Final = "physical"
# What is done about each kind of order at a place that has no machine for it: where an X-ray is
# ordered and there is no scanner, people search.
SERVICE_OF: Final[Mapping[int, str]] = {
    CONTROL_KIND_XRAY: SEARCH,
    CONTROL_KIND_PHYSICAL: SEARCH,
    CONTROL_KIND_PHYTOSANITARY: "phytosanitary",
    CONTROL_KIND_VETERINARY: "veterinary",
    CONTROL_KIND_SEAL: "seal",
    CONTROL_KIND_SAMPLING: "sampling",
}


class Visits:
    """Announces trucks to stations and bays."""

    def __init__(self, state: State, station_gate: Mapping[str, str]) -> None:
        self._state = state
        self._station_gate = station_gate

    def announce(self, mission: Mission, route: Route, given: int) -> None:
        """Every place in the zones before `given` of the route that was not told of it yet."""
        state = self._state
        for stop in mission.stops:
            told = stop.place in mission.announced or stop.place in mission.done
            if stop.kind not in INSPECTED or told or stop.place in state.closed:
                continue
            if all(stop.at_m > end_m for _, _, end_m in route.zone_spans[:given]):
                continue
            mission.announced.append(stop.place)
            state.save(mission)
            gate = self._station_gate.get(stop.place)
            if gate is not None:
                crossing = state.crossings[mission.crossing]
                state.out.append(Send(gate, self._visit(stop, crossing, mission)))

    def _visit(self, stop: Stop, crossing: Crossing, mission: Mission) -> StationVisit:
        return StationVisit(
            station_id=stop.place,
            vehicle_id=crossing.vehicle,
            crossing_id=crossing.crossing_id,
            services=_services(self._state, stop.place, crossing, mission),
            gross_mass_kg=crossing.gross_mass_kg,
            seals=crossing.seals,
            container_id=crossing.container_id,
        )


def _services(state: State, place: str, crossing: Crossing, mission: Mission) -> tuple[str, ...]:
    """What is to be done at a place: what its machines do, and what offices have ordered there."""
    station = state.map.stations.get(place)
    left = _left(state, place, crossing, mission)
    if station is not None:
        return (*station.kinds, *(each for each in left if each not in station.kinds))
    return left or (SEARCH,)


def _left(state: State, place: str, crossing: Crossing, mission: Mission) -> tuple[str, ...]:
    """Services that are ordered at a place and that this visit has not brought yet."""
    station = state.map.stations.get(place)
    kinds = station.kinds if station is not None else ()
    orders = (each for _, wanted in sorted(crossing.controls.items()) for each in wanted)
    here = [each.kind for each in orders if place in each.places]
    named = [
        "xray" if kind == CONTROL_KIND_XRAY and "xray" in kinds else SERVICE_OF.get(kind, SEARCH)
        for kind in sorted(here)
    ]
    return tuple(each for each in dict.fromkeys(named) if each not in mission.given)


def note_done(state: State, mission: Mission, crossing: Crossing, record: ScanRecord) -> None:
    """A place has finished. Whatever else is ordered there by now is asked for at once; a record
    that is not clear ends the visit, for the office names what follows.
    """
    place = record.station_id
    if record.verdict == SCAN_VERDICT_CLEAR and place in state.map.bays:
        mission.given = [*mission.given, *record.services]
        if _left(state, place, crossing, mission) and record.services:
            mission.announced = [each for each in mission.announced if each != place]
            mission.done = [each for each in mission.done if each != place]
            return
    if place not in mission.done:
        mission.done.append(place)


def begin_anew(state: State, crossing: Crossing, country: str) -> None:
    """An inspection that is ordered where the truck stands inspected is done once more."""
    mission = state.missions.get(crossing.mission)
    place = mission.place if mission is not None else ""
    if mission is None or place not in crossing.bays[country] or place not in mission.done:
        return
    mission.done.remove(place)
    mission.given = []
    mission.announced = [each for each in mission.announced if each != place]
