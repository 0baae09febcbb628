"""A corridor for Nur Zholy - Khorgos with its bridge half rebuilt: one lane for both directions.

Posts, yards and stations are those drawn for Bakhty - Pokitu, with 24 berths a side and two bays,
laid over the border there: programs know no other place of the two countries. How long the bridge
is and what it bears while one half is closed is made up.
"""

import math

import bakhty_pokitu
from ground import APRON_MPS
from pen import Axis

SECTION_M = 240.0
LAYOUT = bakhty_pokitu.Layout(
    name="nur_zholy_khorgos",
    note="Schematic: the corridor of bakhty_pokitu laid out as Nur Zholy - Khorgos could be, with"
    " 24 berths a side, two bays and a bridge of which one half is being rebuilt: one lane of 240 m"
    " for both directions at 10 km/h, two trucks and 100 t at most. Nothing of that is measured:"
    " lengths and limits are made up.",
    groups=6,
    section_m=SECTION_M,
    bridge=True,
    limits={"vehicles_max": 2, "mass_max_kg": 100_000, "axle_max_kg": 12_000},
    section_mps=APRON_MPS,
    bays=2,
    axis=Axis(math.radians(-10.0)),
)


def draw() -> str:
    """The whole file."""
    return bakhty_pokitu.draw(LAYOUT)
