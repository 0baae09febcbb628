"""A beacon on the wire: BEACON_* columns as whole numbers of a message, and back, without a rest.

What is said is quantised once, by `counts`; whoever hears it has exactly QUANTUM times the number
in the message, whether it came as an array or as bytes. Not here: seals, senders and sequences
(contract/broadcast.py), what a radio loses and delays (the body, sim/radio.py).
"""

from typing import Final

import numpy as np

from contract.kernel import kernel
from contract.v1.movement_pb2 import Beacon
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array

_MOST: Final = 2.0**31 - 1.0
# Each column: its field, the unit it is counted in, and the least number.
_FIELDS: Final = (
    (c.BEACON_SEQUENCE, "turn", 1.0, 0.0),
    (c.BEACON_V, "speed_mmps", 1e-3, 0.0),
    (c.BEACON_A, "accel_measured_mmps2", 1e-3, -_MOST),
    (c.BEACON_U, "accel_commanded_mmps2", 1e-3, -_MOST),
    (c.BEACON_BRAKE, "assured_decel_mmps2", 1e-3, 0.0),
    (c.BEACON_WEAKEST, "weakest_decel_mmps2", 1e-3, 0.0),
    (c.BEACON_ALARM, "emergency", 1.0, 0.0),
    (c.BEACON_MU, "friction_permille", 1e-3, 0.0),
)


def _by_column(values: dict[int, float], other: float) -> Array:
    return np.array([values.get(k, other) for k in range(c.BEACON_COLUMNS)])


QUANTUM: Final = _by_column({k: unit for k, _, unit, _ in _FIELDS}, 1.0)
_LEAST: Final = _by_column({k: least for k, _, _, least in _FIELDS}, 0.0)


@kernel
def counts(value: float, k: int) -> float:
    """How many quanta of its column a value is on the wire: a whole number, never minus zero."""
    return float(min(max(np.rint(value / QUANTUM[k]), _LEAST[k]), _MOST) + 0.0)


def to_message(name: str, said: Array, sample_ms: int) -> Beacon:
    """What a truck says, (BEACON_COLUMNS,), as a message; sample_ms   UTC."""
    row = said.tolist()
    beacon = Beacon(vehicle_id=name, sample_ms=sample_ms)
    for k, field, _, _ in _FIELDS:
        number = int(counts(row[k], k))
        setattr(beacon, field, bool(number) if k == c.BEACON_ALARM else number)
    return beacon


def from_message(beacon: Beacon) -> Array:
    """What was said, (BEACON_COLUMNS,); its age, which whoever hears it knows, is zero."""
    row = np.zeros(c.BEACON_COLUMNS)
    for k, field, _, _ in _FIELDS:
        row[k] = QUANTUM[k] * float(getattr(beacon, field))
    return row
