"""Authority: what is said of a mission's road, as the message that says it. Pure."""

from dataclasses import dataclass

from contract.route import Route
from contract.v1.movement_pb2 import MovementAuthority
from corridor.records import Mission


@dataclass(frozen=True, slots=True)
class Weather:
    """What every authority says of the weather; zero: not known, a truck assumes the worst."""

    friction_permille: int = 0
    sight_mm: int = 0
    speed_max_mmps: int = 0


def authority_of(
    mission: Mission, route: Route, end_m: float, overlap_m: float, *, weather: Weather
) -> MovementAuthority:
    """The authority of a mission's newest number up to `end_m` of its route."""
    lane, offset_m = route.where(end_m)
    return MovementAuthority(
        mission_id=mission.mission_id,
        mission_version=mission.version,
        number=mission.number,
        end_lane=lane,
        end_mm=int(offset_m * 1000.0),
        overlap_mm=int(overlap_m * 1000.0),
        speed_max_mmps=weather.speed_max_mmps,
        friction_permille=weather.friction_permille,
        sight_mm=weather.sight_mm,
    )
