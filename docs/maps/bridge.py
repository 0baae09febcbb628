"""A corridor with a bridge over the border: one lane for both directions, with limits of mass.

Yards, stations and gates as at Bakhty - Pokitu, with eight berths a side.
"""

import bakhty_pokitu

LAYOUT = bakhty_pokitu.Layout(
    name="bridge",
    note="Schematic: there is no bridge at this crossing. The corridor of bakhty_pokitu, with eight"
    " berths a side and a boundary section of one lane for both directions, 90 t at most and 12 t"
    " an axle.",
    groups=2,
    section_m=160.0,
    bridge=True,
    limits={"vehicles_max": 3, "mass_max_kg": 90_000, "axle_max_kg": 12_000},
)


def draw() -> str:
    """The whole file."""
    return bakhty_pokitu.draw(LAYOUT)
