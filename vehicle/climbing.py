"""Climbing: the truck's own no to road on which it would stay.

Pure. Asked before an authority is taken: can this truck set off where it stands, climb all of what
is new, and set off again wherever it must stop? It reckons with its own figures, fully loaded, and
with the friction that the authority names. Not here: the supervisor's same question
(corridor/climbing.py). Requirements: VEH-016 in docs/SAFETY.md.
"""

from dataclasses import dataclass

from contract.agent import Refused
from contract.reasons import Reason
from contract.traction import Climb, Slope, steeper
from vehicle.mission import Mission


@dataclass(frozen=True, slots=True)
class Reach:
    """Road that is asked about, metres along the route, at the front.

    standing_m     where the truck has to set off; None: it rolls
    from_m, end_m  what is new;  length_m   of the truck
    """

    standing_m: float | None
    from_m: float
    end_m: float
    length_m: float


def judge_climb(mission: Mission, climb: Climb, reach: Reach) -> Refused | None:
    """Why this truck must not have this road; None if it may."""

    def under(front_m: float) -> Slope | None:
        return steeper(mission.road, front_m - reach.length_m, front_m, climb.start)

    slope = under(reach.standing_m) if reach.standing_m is not None else None
    if slope is not None:
        return Refused(Reason.CANNOT_START_HERE, _said(slope))
    slope = steeper(mission.road, reach.from_m, reach.end_m, climb.climb)
    if slope is not None:
        return Refused(Reason.GRADE_TOO_STEEP, _said(slope))
    lines = [stop.at_m for stop in mission.stops if reach.from_m < stop.at_m < reach.end_m]
    for front_m in (*lines, reach.end_m):
        slope = under(front_m) if front_m > reach.from_m else None
        if slope is not None:
            return Refused(Reason.CANNOT_START_HERE, _said(slope))
    return None


def _said(slope: Slope) -> str:
    return f"{slope.lane} rises {100.0 * slope.grade:.1f} %"
