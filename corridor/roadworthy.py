"""Roadworthiness: no truck leaves its berth without a test of its brakes with the trailer it has.

Pure. The record is a document of a terminal about one tractor and one trailer; it is good for a
day, by the clock at its latest, and another trailer voids it. A truck that has left its berth is
not stopped for its age. Written down by vehicle. Not here: who tests. Requirement: SUP-031 in
docs/SAFETY.md.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from contract.agent import NS_PER_MS, Now, Persist, Refused, Role
from contract.events import Event
from contract.reasons import Reason
from contract.route import Route
from contract.signing import open_document
from contract.v1.movement_pb2 import BerthReport
from contract.v1.people_pb2 import Roadworthiness
from corridor.records import Mission
from corridor.state import No, State

AGE_MS_MAX: Final = 24 * 3_600_000
_KEY: Final = "roadworthy/"


class Pair(msgspec.Struct, frozen=True):
    """The trailer that a vehicle has now, and the newest test: of which trailer, and when (UTC)."""

    trailer: str = ""
    tested: str = ""
    tested_ms: int = 0


class RoadworthinessBook:
    """Pairs by vehicle, and the voter."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._pairs: dict[str, Pair] = {}
        self._latest_ms = 0  # the time, as late as it can be

    def restore(self, journal: Mapping[str, bytes]) -> None:
        """Tests and trailers of earlier lives."""
        for key, value in sorted(journal.items()):
            if key.startswith(_KEY):
                self._pairs[key.removeprefix(_KEY)] = msgspec.msgpack.decode(value, type=Pair)

    def watch(self, now: Now) -> None:
        """What time it is."""
        self._latest_ms = now.utc_ms - (-now.utc_error_ns // NS_PER_MS)

    def on_berth(self, report: BerthReport) -> None:
        """What stands at a berth, and the test of its brakes if there was one."""
        state, vehicle = self._state, report.vehicle_id
        before = self._pairs.get(vehicle, Pair())
        trailer = report.trailer_id or before.trailer
        pair = Pair(trailer, before.tested, before.tested_ms)
        if report.HasField("roadworthiness"):
            keys = state.roster.keys_of(Role.TERMINAL)
            record = open_document(report.roadworthiness, Roadworthiness, keys)
            if isinstance(record, Refused) or record.vehicle_id != vehicle:
                state.say(
                    Event.ROADWORTHINESS_REFUSED,
                    vehicle=vehicle,
                    crossing=report.crossing_id,
                    trailer=trailer,
                    reason=record.reason if isinstance(record, Refused) else Reason.MALFORMED,
                )
            else:
                pair = Pair(trailer, record.trailer_id, record.tested_utc_ms)
        if pair != before:
            self._pairs[vehicle] = pair
            state.out.append(Persist(_KEY + vehicle, msgspec.msgpack.encode(pair)))
        mission_id = state.mission_of.get(vehicle)
        if mission_id is not None:
            state.dirty[mission_id] = None

    def vote(self, mission: Mission, route: Route, index: int) -> No | None:
        """No road out of the berth without a test of the pair that is neither old nor to come."""
        if index == 0 or mission.next_span > 1:
            return None
        pair = self._pairs.get(mission.vehicle, Pair())
        good = (
            pair.tested_ms > 0
            and pair.tested == pair.trailer
            and self._latest_ms - AGE_MS_MAX <= pair.tested_ms <= self._latest_ms
        )
        if good:
            return None
        return No(Reason.ROADWORTHINESS_MISSING, pair.trailer or mission.vehicle, "terminal")
