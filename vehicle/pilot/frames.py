"""Frames: sensor messages into the rows of pilot and guard, and beacons out of them."""

from contract.v1.body_pb2 import BeaconWord, SensorFrame
from vehicle.pilot import columns as c
from vehicle.pilot.columns import Array
from vehicle.pilot.rows import Rows

_WORDS = (
    (c.BEACON_SEQUENCE, "sequence"),
    (c.BEACON_V, "speed_mps"),
    (c.BEACON_A, "accel_mps2"),
    (c.BEACON_U, "told_mps2"),
    (c.BEACON_BRAKE, "brake_mps2"),
    (c.BEACON_WEAKEST, "weakest_mps2"),
    (c.BEACON_ALARM, "alarm"),
    (c.BEACON_MU, "friction"),
    (c.BEACON_AGE, "age_s"),
)
_SENSED = (
    (c.SENSE_X, "x_m"),
    (c.SENSE_Y, "y_m"),
    (c.SENSE_PSI, "psi_rad"),
    (c.SENSE_V, "speed_mps"),
    (c.SENSE_CLOSING, "closing_mps"),
    (c.SENSE_FIX, "fix"),
    (c.SENSE_FIX_NEW, "fix_new"),
    (c.SENSE_GYRO, "yaw_rate_radps"),
    (c.SENSE_HITCH, "hitch_rad"),
    (c.SENSE_COUPLED, "trailer_coupled"),
    (c.SENSE_RADAR, "radar_alive"),
)
_MARKED = (
    (c.SENSE_MARK_X, "x_m"),
    (c.SENSE_MARK_Y, "y_m"),
    (c.SENSE_MARK_AHEAD, "ahead_m"),
    (c.SENSE_MARK_LEFT, "left_m"),
)


def put(rows: Rows, frame: SensorFrame) -> None:
    """One frame into the sensors and the heard beacon of the only row."""
    row = rows.sensors[0]
    for column, name in _SENSED:
        row[column] = float(getattr(frame, name))
    row[c.SENSE_GAP] = frame.gap_m if frame.HasField("gap_m") else c.NO_GAP_M
    row[c.SENSE_MARK] = float(frame.HasField("marker"))
    for column, name in _MARKED:
        row[column] = getattr(frame.marker, name)
    heard = rows.heard[0]
    heard[c.BEACON_AGE] = c.AGE_NEVER
    if frame.HasField("heard"):
        for column, name in _WORDS:
            heard[column] = float(getattr(frame.heard, name))


def nothing_new(rows: Rows) -> None:
    """What happened in the turn of a frame does not happen again in the next."""
    rows.sensors[0, [c.SENSE_FIX_NEW, c.SENSE_MARK]] = 0.0


def frame_of(row: Array, heard: Array) -> SensorFrame:
    """The other way round: a frame of one row of sensors and of what was heard."""
    frame = SensorFrame(fix=int(row[c.SENSE_FIX]))
    for column, name in _SENSED:
        if name != "fix":
            kind = bool if name in ("fix_new", "trailer_coupled", "radar_alive") else float
            setattr(frame, name, kind(row[column]))
    if row[c.SENSE_GAP] < c.NO_GAP_M:
        frame.gap_m = row[c.SENSE_GAP]
    if row[c.SENSE_MARK] == 1.0:
        for column, name in _MARKED:
            setattr(frame.marker, name, row[column])
    if heard[c.BEACON_AGE] < c.AGE_NEVER:
        frame.heard.CopyFrom(beacon_word(heard))
    return frame


def beacon_word(row: Array) -> BeaconWord:
    """One row of BEACON_* as a message."""
    return BeaconWord(
        sequence=int(row[c.BEACON_SEQUENCE]),
        speed_mps=row[c.BEACON_V],
        accel_mps2=row[c.BEACON_A],
        told_mps2=row[c.BEACON_U],
        brake_mps2=row[c.BEACON_BRAKE],
        weakest_mps2=row[c.BEACON_WEAKEST],
        alarm=row[c.BEACON_ALARM] == 1.0,
        friction=row[c.BEACON_MU],
        age_s=row[c.BEACON_AGE],
    )


def read_word(word: BeaconWord, row: Array) -> None:
    """A message into one row of BEACON_*."""
    for column, name in _WORDS:
        row[column] = float(getattr(word, name))
