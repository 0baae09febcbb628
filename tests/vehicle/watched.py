"""A truck under the guard's kernel, turn by turn, in plain Python; and the paths it drives on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pytest

from contract.kernel import plain
from vehicle.pilot import columns as c
from vehicle.pilot import path as pilot_path
from vehicle.pilot.columns import Array, Bits
from vehicle.pilot.path import measured
from vehicle.watch import curves, envelope, odometer, turn

TURN_S: Final = 0.05
FRONT_M: Final = 4.0
WHEELBASE_M: Final = 3.6
STEER_MAX: Final = 0.55
STEER_STEP: Final = 0.35 * TURN_S
ACCEL_MAX: Final = 0.8
SERVICE: Final = 1.5
ASSURED: Final = 4.0
DELAY_S: Final = 0.55  # TRUCK_DELAY; with the turn itself the service curve reckons with 0.6 s
BUILD_UP_S: Final = 0.4  # TRUCK_BUILD_UP: half of 4.0 m/s^2 by 5 m/s^3
END_M: Final = 150.0
OVERLAP_M: Final = 5.0
MU: Final = 0.7
WIDE_M: Final = 10.0  # so wide a lane holds nobody
WIDTH_M: Final = 2.55
HITCH_M: Final = 0.5
TRAILER_M: Final = 8.1
_MODULES: Final = (pilot_path, curves, envelope, odometer, turn)


@contextmanager
def interpreted() -> Iterator[None]:
    """Kernels, and what they call, as plain Python: as on a truck without a compiler."""
    with pytest.MonkeyPatch.context() as patch:
        for module in _MODULES:
            for name, value in list(vars(module).items()):
                if hasattr(value, "py_func"):
                    patch.setattr(module, name, plain(value))
        yield


def a_path(
    rows: int = 301,
    *,
    radius_m: float = 0.0,
    grades: Sequence[float] = (0.0,),
    mus: Sequence[float] = (MU,),
    width_m: float = WIDE_M,
) -> Array:
    """One row a metre from the origin due east, straight or bent (left positive); grades and
    frictions by the row, the last of each going on to the end.
    """
    path = np.zeros((rows, c.PATH_COLUMNS))
    s = np.arange(float(rows))
    path[:, c.PATH_S] = path[:, c.PATH_X] = s
    path[:, c.PATH_WIDTH] = width_m
    if radius_m:
        path[:, c.PATH_BEND_LEFT] = max(0.0, 1.0 / radius_m)
        path[:, c.PATH_BEND_RIGHT] = max(0.0, -1.0 / radius_m)
        path[:, c.PATH_PSI] = s / radius_m
        path[:, c.PATH_X] = radius_m * np.sin(s / radius_m)
        path[:, c.PATH_Y] = radius_m * (1.0 - np.cos(s / radius_m))
    for column, worst, values in (
        (c.PATH_GRADE, c.PATH_FALL, grades),
        (c.PATH_MU, c.PATH_SLICK, mus),
    ):
        path[:, column] = [values[min(row, len(values) - 1)] for row in range(rows)]
        ahead = int(c.FORESIGHT_M)
        path[:, worst] = [path[row : row + ahead + 1, column].min() for row in range(rows)]
    return measured(path)


def a_truck_row(**changes: float) -> Array:
    """What the guard knows of its truck, one row; changes by the name of the column."""
    row = np.zeros((1, c.TRUCK_COLUMNS))
    usual = {
        "FRONT": FRONT_M, "WHEELBASE": WHEELBASE_M, "STEER_MAX": STEER_MAX,
        "ACCEL_MAX": ACCEL_MAX, "BRAKE_SERVICE": SERVICE, "BRAKE_ASSURED": ASSURED,
        "DELAY": DELAY_S, "BUILD_UP": BUILD_UP_S, "STEER_RATE": 0.35, "TRAILER": TRAILER_M,
        "HITCH_AHEAD": HITCH_M, "WIDTH": WIDTH_M,
    }  # fmt: skip
    for name, value in (usual | changes).items():
        row[0, getattr(c, f"TRUCK_{name}")] = value
    return row


@dataclass
class Watched:
    """One truck, placed on its path by a first turn far before its end, under way."""

    path: Array = field(default_factory=a_path)
    truck: Array = field(default_factory=a_truck_row)
    at_m: float = 50.0
    speed_mps: float = 5.0
    accel: float = 0.0
    steer: float = 0.0
    park: float = 0.0
    emergency: float = 0.0
    pilot_alive: bool = True

    def __post_init__(self) -> None:
        self.sensors = np.zeros((1, c.SENSOR_COLUMNS))
        self.row = np.zeros((1, c.GUARD_COLUMNS))
        self.state = np.zeros((1, c.WATCH_COLUMNS))
        self.command = np.zeros((1, c.COMMAND_COLUMNS))
        self.miles: Bits = np.zeros(1, np.int64)
        self.sense(GAP=c.NO_GAP_M, FIX=c.FIX_RTK_FIXED, FIX_NEW=1.0, COUPLED=1.0, RADAR=1.0)
        self.rule(ACTIVE=1.0, GENERATION=1.0, END=END_M, OVERLAP=OVERLAP_M, MU=MU)
        self.stand_at(self.at_m)

    # --- inputs ---

    def sense(self, **values: float) -> "Watched":
        return self._put(self.sensors, "SENSE", values)

    def rule(self, **values: float) -> "Watched":
        return self._put(self.row, "GUARD", values)

    def remember(self, **values: float) -> "Watched":
        return self._put(self.state, "WATCH", values)

    def _put(self, block: Array, kind: str, values: dict[str, float]) -> "Watched":
        for name, value in values.items():
            block[0, getattr(c, f"{kind}_{name}")] = value
        return self

    def stand_at(self, at_m: float) -> "Watched":
        """The fix says that the reference point is there, on the path and along it."""
        self.at_m = at_m
        s = self.path[:, c.PATH_S]
        x, y, psi = (
            np.interp(at_m, s, self.path[:, column]) for column in (c.PATH_X, c.PATH_Y, c.PATH_PSI)
        )
        return self.sense(X=float(x), Y=float(y), PSI=float(psi))

    def placed(self) -> "Watched":
        """As after a turn in which nothing happened, with the odometer where the truck is."""
        return self.remember(GENERATION=1.0, S=self.at_m, TUBE=0.3)

    # --- turns ---

    def turn(self, *, times: int = 1) -> "Watched":
        """Turns of the guard on what the sensors say and what the pilot wants."""
        for _ in range(times):
            self.sense(V=self.speed_mps)
            wish = (c.COMMAND_ACCEL, c.COMMAND_STEER, c.COMMAND_PARK, c.COMMAND_EMERGENCY)
            self.command[0, wish] = self.accel, self.steer, self.park, self.emergency
            if self.pilot_alive:
                self.command[0, c.COMMAND_TURN] += 1.0
            rows = np.array([len(self.path)], np.int64)
            plain(turn.guard_turn)(
                self.path[None], rows, self.sensors, self.row, self.truck, self.state,
                self.command, self.miles,
            )  # fmt: skip
        return self

    def drive(self, seconds: float) -> "Watched":
        """Turns of a truck that does at once what comes out, and is found where it then is."""
        for _ in range(round(seconds / TURN_S)):
            self.turn()
            speed = max(0.0, self.speed_mps + TURN_S * self.out("ACCEL"))
            self.stand_at(self.at_m + 0.5 * TURN_S * (self.speed_mps + speed))
            self.speed_mps = speed
        return self

    def lift(self) -> "Watched":
        """An authorised release: what vehicle/pilot/rows.py does for ClearTrip."""
        self.miles[0] = 0
        return self.remember(TRIPPED=c.TRIP_NONE, ODD_S=0.0)

    # --- what came of it ---

    def out(self, name: str) -> float:
        return float(self.command[0, getattr(c, f"COMMAND_{name}")])

    def mind(self, name: str) -> float:
        return float(self.state[0, getattr(c, f"WATCH_{name}")])

    @property
    def latch(self) -> tuple[int, int]:
        """(how, cause) of what is latched."""
        return int(self.mind("TRIPPED")), int(self.mind("CAUSE"))

    @property
    def told(self) -> bool:
        """Whether the agent was told of a trip."""
        return bool(self.miles[0] & c.MILE_TRIPPED)

    @property
    def warned(self) -> bool:
        """Whether the agent was told of a warning."""
        return bool(self.miles[0] & c.MILE_WARNED)
