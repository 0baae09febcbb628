"""The lane Mandula - Khangi as far as it is published: 2.4 km.

Laid over the border at Bakhty like that of ganqimaodu.py: Kazakhstan is the loading side.
"""

import math

import bakhty_pokitu
from pen import Axis

LENGTH_M = 2_400.0
BAYS = 1
LAYOUT = bakhty_pokitu.Layout(
    name="mandula",
    note="Schematic: the lane of Mandula - Khangi laid over the border at Bakhty. 2.4 km are"
    " published (China News, 3 March 2026) and taken from yard to yard; yards, posts, stations and"
    " zones are those of bakhty_pokitu, with one bay and eight berths a side.",
    groups=2,
    section_m=80.0,
    bridge=False,
    limits={"vehicles_max": 3, "mass_max_kg": 200_000},
    bays=BAYS,
    roads_m=(bakhty_pokitu.road_m(LENGTH_M, BAYS),),
    axis=Axis(math.radians(-10.0)),
    width_m=4.0,
)


def draw() -> str:
    """The whole file."""
    return bakhty_pokitu.draw(LAYOUT)
