"""Columns of the truth about each vehicle, and the events that a physical step tells of."""

from typing import Final

# --- truth along the vehicle's way ---
(
    TRUTH_PATH,
    TRUTH_S,
    TRUTH_FRONT,
    TRUTH_LENGTH,
    TRUTH_END,
    TRUTH_NEXT_FRONT,
    TRUTH_NEXT_REAR,
    TRUTH_ALIVE,
    TRUTH_BEYOND,
    TRUTH_LOCKED,
    TRUTH_AHEAD,  # row of the predecessor whose beacons are heard; -1: nobody
    TRUTH_SEEN,  # row that the radar follows; -1: none
    TRUTH_SEEN_S,  # m, where on the own way its rear was last
    TRUTH_HUNG,  # 1.0: the pilot makes no new commands, the old one stays
    TRUTH_STOOD,  # 1.0: it stood after the last step
) = range(15)
TRUTH_COLUMNS: Final = 15

STANDING_MPS: Final = 0.02
BODY_BRAKE_MPS2: Final = 4.0  # what the guard assumes of an emergency brake
EVENTS_MAX: Final = 512

# --- event kinds in the buffer: (row, kind, device or other row) ---
EVENT_FRONT: Final = 0
EVENT_REAR: Final = 1
EVENT_OVERLAP: Final = 2
EVENT_BEYOND: Final = 3
EVENT_STOPPED: Final = 4  # it has come to a standstill
