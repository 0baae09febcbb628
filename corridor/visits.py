"""Visits: a station's gate is told who comes, once, when the station's zone is allocated.

Pure. Not here: whether anything behind a station is allocated (grants.py).
"""

from collections.abc import Mapping

from contract.agent import Send
from contract.v1.gate_pb2 import StationVisit
from contract.v1.movement_pb2 import STOP_KIND_BAY, STOP_KIND_STATION
from corridor.records import Crossing, Mission, Stop
from corridor.state import State


def announce(
    state: State,
    station_gate: Mapping[str, str],
    mission: Mission,
    span: tuple[str, float, float],
) -> None:
    """Tell the gates of the stations and bays in one zone of the route, (zone, from_m, to_m)."""
    _, start_m, end_m = span
    crossing = state.crossings[mission.crossing]
    for stop in mission.stops:
        inspected = stop.kind in (STOP_KIND_STATION, STOP_KIND_BAY)
        if inspected and start_m <= stop.at_m <= end_m and stop.place not in mission.announced:
            mission.announced.append(stop.place)
            state.save(mission)
            gate = station_gate.get(stop.place)
            if gate is not None:
                state.out.append(Send(gate, _visit(state, stop, crossing)))


def _visit(state: State, stop: Stop, crossing: Crossing) -> StationVisit:
    station = state.map.stations.get(stop.place)
    services = station.kinds if station is not None else ("physical",)
    return StationVisit(
        station_id=stop.place,
        vehicle_id=crossing.vehicle,
        crossing_id=crossing.crossing_id,
        services=services,
        gross_mass_kg=crossing.gross_mass_kg,
        seals=crossing.seals,
    )
