"""The lane Ganqimaodu - Gashuunsukhait as far as it is published: 6.19 km from yard to yard.

Laid over the border at Bakhty, because programs know the two countries of that one: Kazakhstan is
the loading side here, Mongolia there. Two lanes each way are published; one is drawn.
"""

import math

import bakhty_pokitu
from pen import Axis

LENGTH_M = 6_190.0
BAYS = 1
ROADS = 12
HEADING_DEG = -12.0  # of the whole degrees tried, one where rounding to 1e-8 degrees bends no curve
LAYOUT = bakhty_pokitu.Layout(
    name="ganqimaodu",
    note="Schematic: the lane of Ganqimaodu - Gashuunsukhait laid over the border at Bakhty. 6.19"
    " km from yard to yard and 25 km/h are published (Global Times, November 2023); yards, posts,"
    " stations and zones are those of bakhty_pokitu, with one bay and sixteen berths a side.",
    groups=4,
    section_m=80.0,
    bridge=False,
    limits={"vehicles_max": 3, "mass_max_kg": 200_000},
    bays=BAYS,
    roads_m=(bakhty_pokitu.road_m(LENGTH_M, BAYS) / ROADS,) * ROADS,
    axis=Axis(math.radians(HEADING_DEG)),
    width_m=4.0,
)


def draw() -> str:
    """The whole file."""
    return bakhty_pokitu.draw(LAYOUT)
