"""What a scenario says of a proving ground: [ground] and [leader]."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from sim.scenario_types import Few, Share

LOADS: Final = ("loaded", "empty", "mixed")
VEHICLES: Final = ("truck40", "agv65")
Metres = Annotated[float, Meta(gt=0.0, le=20_000.0)]
Radius = Annotated[float, Meta(ge=-10_000.0, le=10_000.0)]
Speed = Annotated[float, Meta(gt=0.0, le=40.0)]
StartSpeed = Annotated[float, Meta(ge=0.0, le=40.0)]
Grade = Annotated[float, Meta(ge=-0.12, le=0.12)]
Seconds = Annotated[float, Meta(gt=0.0, le=10.0)]
Late = Annotated[int, Meta(ge=0, le=3_000)]
TrueFriction = Annotated[float, Meta(ge=0.0, le=1.2)]


class _Section(Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: no unknown keys."""


class PieceSection(_Section):
    """[[ground.track]]: a straight (radius_m 0) or a bend (left positive), its limit and grade."""

    length_m: Metres
    radius_m: Radius = 0.0
    speed_mps: Speed = 16.0
    grade: Grade = 0.0


class GroundSection(_Section):
    """[ground]: trucks in a row on a track, the last of them at its beginning.

    end_before_m    where the leader is to stop, before the end of the track
    beacon_late_ms  how old a beacon is when it is heard;  true_friction 0: as the weather has it
    """

    track: list[PieceSection] = msgspec.field(default_factory=lambda: [PieceSection(length_m=3000)])
    vehicles: Few = 1
    vehicle: str = "truck40"
    load: str = "loaded"
    convoy: bool = True
    headway_s: Seconds = 1.0
    standstill_m: Metres = 5.0
    start_mps: StartSpeed = 0.0
    end_before_m: Metres = 50.0
    overlap_m: Metres = 5.0
    beacon_late_ms: Late = 0
    beacon_loss: Share = 0.0
    true_friction: TrueFriction = 0.0


class LeaderSection(_Section):
    """[leader]: a CSV file of t,v in seconds and m/s: the first vehicle's speed, past its pilot."""

    profile: str = ""
