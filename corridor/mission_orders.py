"""What a truck is told of its mission: lanes, stops, convoy, and the releases that are known.

Messages from rows; nothing decided.
"""

from contract.agent import Send
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST, Document
from contract.v1.movement_pb2 import ClearanceNotice, MissionOrder, MissionStop, StopKind
from corridor.records import Crossing, Mission, Stop
from corridor.state import State


def tell_mission(state: State, mission: Mission) -> None:
    """Mission and releases to the truck."""
    order = MissionOrder(
        mission_id=mission.mission_id,
        version=mission.version,
        crossing_id=mission.crossing,
        direction=DIRECTION_EAST if mission.direction == "E" else DIRECTION_WEST,
        lanes=mission.lanes,
        stops=[_stop(stop) for stop in mission.stops],
        convoy_id=mission.convoy,
        formation_epoch=mission.version,
        formation=mission.formation,
    )
    state.out.append(Send(mission.vehicle, order))
    tell_clearance(state, state.crossings[mission.crossing])


def tell_clearance(state: State, crossing: Crossing) -> None:
    """The releases that are known, as the documents they came in."""
    releases = [Document.FromString(data) for _, data in sorted(crossing.releases.items())]
    notice = ClearanceNotice(crossing_id=crossing.crossing_id, releases=releases)
    state.out.append(Send(crossing.vehicle, notice))


def _stop(stop: Stop) -> MissionStop:
    kind = StopKind.Name(stop.kind)
    return MissionStop(kind=kind, place_id=stop.place, lane=stop.lane, offset_mm=stop.offset_mm)
