"""Overdue: stations and bays that do not answer.

Pure. Who stands at a station or bay and has no result for too long has nothing more to wait for:
that is maintenance's business, and is said. A late result still counts. Nothing of it is kept in
the journal: after a restart the time runs anew, and is no shorter. Requirements: SUP-024 in
docs/SAFETY.md.
"""

from typing import Final

from contract.agent import NS_PER_MS, Now
from contract.limits import INSPECTION_SILENT_MS, STATION_SILENT_MS, STOP_WINDOW_M
from contract.v1.movement_pb2 import STOP_KIND_BAY, STOP_KIND_STATION
from corridor.records import Mission
from corridor.state import State

_SILENT_MS: Final[dict[int, int]] = {
    STOP_KIND_STATION: STATION_SILENT_MS,
    STOP_KIND_BAY: INSPECTION_SILENT_MS,
}


class Overdue:
    """Since when each truck stands where something is to be done with it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._since_ns: dict[tuple[str, str], int] = {}

    def watch(self, now: Now) -> None:
        """Look at every truck on its way, once a second."""
        since_ns: dict[tuple[str, str], int] = {}
        for mission in self._state.missions.values():
            kind, place = self._stands_at(mission)
            if not place:
                continue
            key = (mission.vehicle, place)
            since_ns[key] = self._since_ns.get(key, now.mono_ns)
            late = now.mono_ns - since_ns[key] > _SILENT_MS[kind] * NS_PER_MS
            if late and key not in self._state.overdue:
                self._state.overdue[key] = None
                self._state.dirty[mission.mission_id] = None
        self._since_ns = since_ns
        gone = [key for key in self._state.overdue if key not in since_ns]
        for key in gone:
            del self._state.overdue[key]

    def _stands_at(self, mission: Mission) -> tuple[int, str]:
        """The station or bay at whose line it stands and that has not finished with it. One that
        was closed before it was told of the truck is not silent: it was never asked.
        """
        heard = self._state.heard.get(mission.vehicle)
        for stop in mission.stops:
            if stop.kind in _SILENT_MS and stop.place not in mission.done:
                if stop.place not in mission.announced:
                    return 0, ""
                near = heard is not None and abs(heard.front_m - stop.at_m) <= STOP_WINDOW_M
                return (stop.kind, stop.place) if near else (0, "")
        return 0, ""
