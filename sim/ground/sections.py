"""What a scenario says of a proving ground: [ground] and [leader]."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

LOADS: Final = ("loaded", "empty", "mixed")
Share = Annotated[float, Meta(ge=0.0, le=1.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Positive = Annotated[float, Meta(gt=0.0)]


class _Section(Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: no unknown keys."""


class PieceSection(_Section):
    """[[ground.track]]: a straight (radius_m 0) or a bend (left positive), its limit and grade."""

    length_m: Positive
    radius_m: float = 0.0
    speed_mps: Positive = 16.0
    grade: Annotated[float, Meta(ge=-0.12, le=0.12)] = 0.0


class GroundSection(_Section):
    """[ground]: trucks in a row on a track, the last of them at its beginning.

    end_before_m    where the leader is to stop, before the end of the track
    beacon_late_ms  how old a beacon is when it is heard;  true_friction 0: as the weather has it
    """

    track: list[PieceSection] = msgspec.field(default_factory=lambda: [PieceSection(length_m=3000)])
    vehicles: Annotated[int, Meta(ge=1, le=100)] = 1
    vehicle: str = "truck40"
    load: str = "loaded"
    convoy: bool = True
    headway_s: Positive = 1.0
    standstill_m: Positive = 5.0
    start_mps: NotNegative = 0.0
    end_before_m: Positive = 50.0
    overlap_m: Positive = 5.0
    beacon_late_ms: Annotated[int, Meta(ge=0, le=3000)] = 0
    beacon_loss: Share = 0.0
    true_friction: NotNegative = 0.0


class LeaderSection(_Section):
    """[leader]: a CSV file of t,v in seconds and m/s: the first vehicle's speed, past its pilot."""

    profile: str = ""
