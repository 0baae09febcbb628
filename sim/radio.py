"""Radio: the beacons between members of a convoy, twenty times a second, late and lossy.

Said by everybody, heard from the one predecessor that the formation names. Values are quantised as
on the wire (contract/v1/movement.proto, Beacon). Chance is drawn outside.
"""

from typing import Final

import numpy as np

from contract.kernel import kernel
from sim.truth_columns import TRUTH_AHEAD
from vehicle.pilot.columns import (
    AGE_NEVER,
    BEACON_AGE,
    BEACON_ALARM,
    BEACON_COLUMNS,
    BEACON_SEQUENCE,
    Array,
    Bits,
)

RING: Final = 64  # beacons kept: the most that one can be late, in ticks
RADIO_LATE, RADIO_LOSS, RADIO_OUT = range(3)  # ticks late; share lost; 1.0: nothing is heard
RADIO_COLUMNS: Final = 3
QUANTUM: Final = 1e-3  # mm/s, mm/s^2, thousandths


def new_radio(n: int, *, late_ticks: int = 0, loss: float = 0.0) -> Array:
    """Links of n receivers, (n, RADIO_COLUMNS)."""
    radio = np.zeros((n, RADIO_COLUMNS))
    radio[:, RADIO_LATE] = late_ticks
    radio[:, RADIO_LOSS] = loss
    return radio


def new_air(n: int) -> Array:
    """What was said lately, (n, RING, BEACON_COLUMNS)."""
    return np.zeros((n, RING, BEACON_COLUMNS))


@kernel
def say(said: Array, air: Array, ticks: Bits) -> None:
    """Put what everybody says into the air of this tick; ticks[0] counts them.

    Age, number and alarm are whole: to round them would only cost divisions.
    """
    slot = ticks[0] % RING
    for i in range(said.shape[0]):
        for k in range(BEACON_COLUMNS):
            value = said[i, k]
            if k not in (BEACON_AGE, BEACON_SEQUENCE, BEACON_ALARM):
                value = QUANTUM * np.rint(value / QUANTUM)
            air[i, slot, k] = value


@kernel
def hear(
    truth: Array, air: Array, radio: Array, chance: Array, heard: Array, ticks: Bits, dt_s: float
) -> None:
    """What each truck has heard of its predecessor by now.

    chance   (n, block) uniform in [0, 1), drawn outside;  heard   (n, BEACON_COLUMNS)
    """
    block = chance.shape[1]
    for i in range(heard.shape[0]):
        j = int(truth[i, TRUTH_AHEAD])
        if j < 0:
            heard[i, BEACON_AGE] = AGE_NEVER
            continue
        heard[i, BEACON_AGE] += dt_s
        late = min(RING - 1.0, radio[i, RADIO_LATE])
        lost = chance[i, ticks[0] % block] < radio[i, RADIO_LOSS]
        slot = int(ticks[0] - 1 - late)
        if slot < 0 or lost or radio[i, RADIO_OUT] == 1.0:
            continue
        slot = slot % RING
        if air[j, slot, BEACON_SEQUENCE] == heard[i, BEACON_SEQUENCE]:
            continue
        for k in range(BEACON_COLUMNS):
            heard[i, k] = air[j, slot, k]
        heard[i, BEACON_AGE] = (late + 1.0) * dt_s
