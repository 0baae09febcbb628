"""Radio: the beacons between members of a convoy, twenty times a second, late and lossy.

Said by everybody whose computer is up, heard from the one predecessor that the formation names, and
never out of order. `arriving` is the whole model of a link; it knows times and rows, not words.
What is in the air are arrays here, as said, and quantised as on the wire when they are taken in
(vehicle/pilot/beacon.py: few of those that are said are heard), or envelopes (air.py); with a ring
of no length, `say` and `hear` leave both to the envelopes.
Chance is drawn outside.
"""

from typing import Final

import numpy as np

from contract.kernel import kernel
from sim.truth_columns import TRUTH_AHEAD, TRUTH_ALIVE
from vehicle.pilot.beacon import QUANTUM, counts
from vehicle.pilot.columns import (
    AGE_NEVER,
    BEACON_AGE,
    BEACON_COLUMNS,
    BEACON_SEQUENCE,
    Array,
    Bits,
)

RING: Final = 64  # beacons kept: the most that one can be late, in ticks
(
    RADIO_LATE,  # ticks late
    RADIO_LOSS,  # share lost
    RADIO_OUT,  # 1.0: nothing is heard
    RADIO_TAKEN,  # tick of the newest beacon that came through; -1: none
    RADIO_FROM,  # row that it listened to last; -1: nobody
) = range(5)
RADIO_COLUMNS: Final = 5
AIR_TICK: Final = BEACON_AGE  # in the air: the tick in which it was said; -1: never


def new_radio(n: int, *, late_ticks: int = 0, loss: float = 0.0) -> Array:
    """Links of n receivers, (n, RADIO_COLUMNS)."""
    radio = np.zeros((n, RADIO_COLUMNS))
    radio[:, RADIO_LATE] = late_ticks
    radio[:, RADIO_LOSS] = loss
    radio[:, [RADIO_TAKEN, RADIO_FROM]] = -1.0
    return radio


def new_air(n: int, ring: int = RING) -> Array:
    """What was said lately, (ring, n, BEACON_COLUMNS): one tick lies together; nothing yet."""
    air = np.zeros((ring, n, BEACON_COLUMNS))
    air[:, :, AIR_TICK] = -1.0
    return air


@kernel
def say_row(i: int, said: Array, air: Array, tick: int) -> None:
    """Put what row i says into the air of a tick."""
    _put(i, said, air, tick, tick % air.shape[0])


@kernel
def _put(i: int, said: Array, air: Array, tick: int, slot: int) -> None:
    for k in range(BEACON_COLUMNS):
        air[slot, i, k] = said[i, k]
    air[slot, i, AIR_TICK] = tick


@kernel
def say(truth: Array, said: Array, air: Array, ticks: Bits) -> None:
    """Put what everybody says into the air of this tick; ticks[0] counts them."""
    if air.shape[0] == 0:
        return
    tick, slot = ticks[0], ticks[0] % air.shape[0]
    for i in range(said.shape[0]):
        if truth[i, TRUTH_ALIVE] == 1.0:
            _put(i, said, air, tick, slot)


@kernel
def arriving(
    i: int, truth: Array, radio: Array, chance: Array, heard: Array, ticks: Bits, dt_s: float
) -> int:
    """The tick whose beacon comes through to row i now, -1 if none does; ages what it has.

    chance   (n, block) uniform in [0, 1), drawn outside;  heard   (n, BEACON_COLUMNS)
    """
    j = truth[i, TRUTH_AHEAD]
    if j != radio[i, RADIO_FROM]:  # another's word is none of this one's
        radio[i, RADIO_FROM] = j
        heard[i, BEACON_SEQUENCE] = -1.0
        heard[i, BEACON_AGE] = AGE_NEVER
    if j < 0.0 or truth[i, TRUTH_ALIVE] == 0.0:
        heard[i, BEACON_AGE] = AGE_NEVER
        return -1
    heard[i, BEACON_AGE] += dt_s
    late = min(RING - 1.0, radio[i, RADIO_LATE])
    lost = chance[i, ticks[0] % chance.shape[1]] < radio[i, RADIO_LOSS]
    tick = int(ticks[0] - 1 - late)
    if tick <= radio[i, RADIO_TAKEN] or lost or radio[i, RADIO_OUT] == 1.0:
        return -1
    return tick


@kernel
def take(i: int, word: Array, age_ticks: float, dt_s: float, heard: Array) -> None:
    """Row i has heard a word, (BEACON_COLUMNS,), of this age; of a turn heard before it is none."""
    if word[BEACON_SEQUENCE] == heard[i, BEACON_SEQUENCE]:
        return
    for k in range(BEACON_COLUMNS):
        heard[i, k] = word[k]
    heard[i, BEACON_AGE] = age_ticks * dt_s


@kernel
def quantise(i: int, heard: Array) -> None:
    """What row i has heard becomes what it would have been over a wire."""
    for k in range(BEACON_SEQUENCE, BEACON_COLUMNS):
        heard[i, k] = QUANTUM[k] * counts(heard[i, k], k)


@kernel
def hear(
    truth: Array, air: Array, radio: Array, chance: Array, heard: Array, ticks: Bits, dt_s: float
) -> None:
    """What each truck has heard of its predecessor by now."""
    if air.shape[0] == 0:
        return
    for i in range(heard.shape[0]):
        tick = arriving(i, truth, radio, chance, heard, ticks, dt_s)
        if tick < 0:
            continue
        word = air[tick % air.shape[0], int(truth[i, TRUTH_AHEAD])]
        if word[AIR_TICK] == tick:
            radio[i, RADIO_TAKEN] = tick
            take(i, word, float(ticks[0] - tick), dt_s, heard)
            quantise(i, heard)
