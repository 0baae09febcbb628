"""Visits: a station's gate is told who comes, once, when the station's zone is given.

Pure. A place that is closed is told of nobody; opened again, it is told of whoever stands there.
Not here: what the gate makes of it (gate/stations.py), waiting for the result (grants.py).
"""

from collections.abc import Mapping

from contract.agent import Send
from contract.route import Route
from contract.v1.gate_pb2 import StationVisit
from contract.v1.movement_pb2 import STOP_KIND_BAY, STOP_KIND_STATION
from corridor.records import Crossing, Mission, Stop
from corridor.state import State

INSPECTED = (STOP_KIND_STATION, STOP_KIND_BAY)


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
                state.out.append(Send(gate, self._visit(stop, crossing)))

    def _visit(self, stop: Stop, crossing: Crossing) -> StationVisit:
        station = self._state.map.stations.get(stop.place)
        services = station.kinds if station is not None else ("physical",)
        return StationVisit(
            station_id=stop.place,
            vehicle_id=crossing.vehicle,
            crossing_id=crossing.crossing_id,
            services=services,
            gross_mass_kg=crossing.gross_mass_kg,
            seals=crossing.seals,
        )
