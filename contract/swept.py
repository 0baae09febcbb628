"""The ground an articulated truck sweeps while its rear axle follows a line.

Pure geometry. In: lines, and places of the tractor's rear axle on them. Out: how far each point of
the truck's outline stands to the left of the line that it follows. The truck is the longest that is
common in the European Union: 16.5 m, its fifth wheel a little ahead of the tractor's rear axle.
Not here: lanes and how wide they are (`map_swept`); steering that errs (vehicle/).
Source: docs/MAP.md, "Swept width". Checked in tests/contract/test_map_swept.py against the steady
circle, and in test_map_clearance.py against outlines drawn with shapely.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.errors import require
from contract.geodesy import Array
from contract.polyline import arc_lengths_m, heading_knots

TRUCK_LENGTH_M: Final = 16.5
TRUCK_WIDTH_M: Final = 2.55
FRONT_M: Final = 5.0  # front bumper ahead of the tractor's rear axle: wheelbase 3.6, overhang 1.4
TRACTOR_BACK_M: Final = 0.9  # the tractor's end behind that axle
HITCH_M: Final = 0.5  # fifth wheel ahead of it
TRAILER_M: Final = 8.1  # fifth wheel to the middle of the trailer's axles
TRAILER_FRONT_M: Final = 1.6  # the trailer's body ahead of the fifth wheel
TRAILER_BACK_M: Final = 12.0  # and behind it
POINTS_APART_M: Final = 1.0  # on the outline's sides: at 25 m radius 5 mm are missed
STRAIGHT_ON_M: Final = 20.0  # a line goes on beyond its ends, for what stands out over them
PROJECTIONS: Final = 2  # each leaves a tenth of the error along the line at 25 m radius

require(
    abs(FRONT_M - HITCH_M + TRAILER_BACK_M - TRUCK_LENGTH_M) < 1e-9,
    "the parts of a truck make up its length",
)
require(TRUCK_LENGTH_M < STRAIGHT_ON_M, "no part of a truck stands out farther")


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A drawn line as functions of its arc length, for `np.interp`.

    length_m   along the line;   vertices   (n, 3) [along m, x m, y m];
    knots      (m, 2) [along m, heading rad]
    """

    length_m: float
    vertices: Array
    knots: Array

    @classmethod
    def of(cls, xy_m: Array) -> "Piece":
        along_m = arc_lengths_m(xy_m)
        knots = np.column_stack(heading_knots(xy_m))
        return cls(float(along_m[-1]), np.column_stack([along_m, xy_m]), knots)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Lines of pieces that join, laid one behind the other: places on all are found in one go.

    starts_m   (pieces,) where each piece begins;   vertices, knots   as of one long `Piece`
    """

    starts_m: Array
    vertices: Array
    knots: Array

    def at(self, s_m: Array) -> tuple[Array, Array, Array]:
        """x and y in metres and heading in radians of places on the lines, each shaped as s_m."""
        along_m, x_m, y_m = self.vertices.T
        return (
            np.interp(s_m, along_m, x_m),
            np.interp(s_m, along_m, y_m),
            np.interp(s_m, *self.knots.T),
        )


def lay(lines: Sequence[Sequence[Piece]]) -> Ground:
    """Lay lines (at least one, each of at least one piece) into one ground.

    Each goes straight on for 20 m before its start and behind its end.
    """
    starts: list[float] = []
    vertices: list[Array] = []
    knots: list[Array] = []
    end_m = 0.0
    for line in lines:
        s_m = end_m + 3.0 * STRAIGHT_ON_M
        vertices.append(_straight_on(line[0], 0, s_m)[0])
        knots.append(_straight_on(line[0], 0, s_m)[1])
        for piece in line:
            starts.append(s_m)
            vertices.append(piece.vertices + np.array([s_m, 0.0, 0.0]))
            knots.append(piece.knots + np.array([s_m, 0.0]))
            s_m += piece.length_m
        vertices.append(_straight_on(line[-1], -1, s_m)[0])
        knots.append(_straight_on(line[-1], -1, s_m)[1])
        end_m = s_m
    columns = [np.asfortranarray(np.concatenate(each)) for each in (vertices, knots)]
    return Ground(np.array(starts), *columns)


def _straight_on(piece: Piece, end: int, at_m: float) -> tuple[Array, Array]:
    """The vertex (1, 3) and the knot (1, 2) straight on from an end (0 or -1) that lies at at_m."""
    beyond_m = -STRAIGHT_ON_M if end == 0 else STRAIGHT_ON_M
    _, x_m, y_m = piece.vertices[end]
    psi = float(piece.knots[end, 1])
    place = [at_m + beyond_m, x_m + beyond_m * math.cos(psi), y_m + beyond_m * math.sin(psi)]
    return np.array([place]), np.array([[at_m + beyond_m, psi]])


def hitch_angles_rad(psi_rad: Array, step_m: float) -> Array:
    """(..., n) heading of the tractor minus that of its trailer, along drives.

    psi_rad   (..., n) heading of the tractor, unwrapped, one step (at most 1 m) apart. A drive
              begins with the trailer straight; what is wrong in that shrinks to 1/e in 8.1 m.
    With phi the angle and kappa the curvature: phi' = kappa - (sin phi + c kappa cos phi) / L2.
    Midpoint rule: within 1e-4 rad of the steady circle of 25 m.
    """
    bends = np.diff(psi_rad, axis=-1) / step_m
    angles = np.zeros_like(psi_rad)
    for row in range(bends.shape[-1]):
        bend, angle = bends[..., row], angles[..., row]
        middle = angle + 0.5 * step_m * _turning(angle, bend)
        angles[..., row + 1] = angle + step_m * _turning(middle, bend)
    return angles


def _turning(angle: Array, bend: Array) -> Array:
    result: Array = bend - (np.sin(angle) + HITCH_M * bend * np.cos(angle)) / TRAILER_M
    return result


def outline_offsets_m(ground: Ground, axle_m: Array, hitch_rad: Array) -> tuple[Array, Array]:
    """Where the outline of a truck stands, as (along_m, left_m), both (points, n).

    axle_m      (n,) places of the tractor's rear axle on the ground
    hitch_rad   (n,) tractor's heading minus trailer's there
    along_m     the place of the line that a point stands beside;   left_m   left positive
    The points are those of both sides of tractor and trailer, a metre apart, corners included.
    """
    x, y, psi = ground.at(axle_m)
    found: list[tuple[Array, Array]] = []
    for ahead_m, yaw, along in (
        (0.0, psi, _stations(TRACTOR_BACK_M, FRONT_M)),
        (HITCH_M, psi - hitch_rad, _stations(TRAILER_BACK_M, TRAILER_FRONT_M)),
    ):
        cos, sin = np.cos(yaw), np.sin(yaw)
        base_x, base_y = x + ahead_m * np.cos(psi), y + ahead_m * np.sin(psi)
        for side_m in (-0.5 * TRUCK_WIDTH_M, 0.5 * TRUCK_WIDTH_M):
            point_x = base_x + along * cos - side_m * sin
            point_y = base_y + along * sin + side_m * cos
            found.append(_beside(ground, axle_m + ahead_m + along, point_x, point_y))
    return np.concatenate([at for at, _ in found]), np.concatenate([left for _, left in found])


def _stations(back_m: float, front_m: float) -> Array:
    """(n, 1) places along a body, ends included."""
    count = 1 + math.ceil((back_m + front_m) / POINTS_APART_M)
    return np.linspace(-back_m, front_m, count)[:, None]


def _beside(ground: Ground, near_m: Array, x_m: Array, y_m: Array) -> tuple[Array, Array]:
    """Project points to the line they are near to: (along_m, left_m)."""
    for _ in range(PROJECTIONS):
        x, y, psi = ground.at(near_m)
        near_m = near_m + (x_m - x) * np.cos(psi) + (y_m - y) * np.sin(psi)
    x, y, psi = ground.at(near_m)
    return near_m, (y_m - y) * np.cos(psi) - (x_m - x) * np.sin(psi)
