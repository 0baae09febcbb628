"""Lines of vertices: headings, curvature and projection against closed forms and brute force."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.geodesy import Array
from contract.polyline import (
    arc_lengths_m,
    curvatures_per_m,
    heading_knots,
    lowest,
    point_at,
    project,
)


def an_arc(radius_m: float, angle_rad: float, step_m: float = 0.5) -> Array:
    count = max(3, math.ceil(radius_m * abs(angle_rad) / step_m))
    turn = np.linspace(0.0, abs(angle_rad), count + 1)
    line = np.column_stack([radius_m * np.sin(turn), radius_m * (1.0 - np.cos(turn))])
    return line * [1.0, math.copysign(1.0, angle_rad)]


@pytest.mark.parametrize("radius_m", [25.0, 80.0, 300.0])
def test_heading_and_curvature_of_an_arc_are_exact(radius_m: float) -> None:
    """The turn at each vertex is spread over half a segment to either side."""
    line = an_arc(radius_m, 1.2)
    s_m = np.arange(3.0, float(arc_lengths_m(line)[-1]) - 3.0, 0.37)
    knots = heading_knots(line)
    assert np.interp(s_m, *knots) == pytest.approx(s_m / radius_m, abs=1e-3)
    assert curvatures_per_m(knots, s_m) == pytest.approx(1.0 / radius_m, rel=1e-3)


def test_left_turns_have_positive_curvature() -> None:
    """Anticlockwise, as headings."""
    knots = heading_knots(an_arc(50.0, -1.0))
    assert curvatures_per_m(knots, np.array([20.0]))[0] == pytest.approx(-1 / 50.0, rel=1e-3)


def test_a_straight_stays_straight_up_to_the_curve() -> None:
    """A long segment is not bent by the short one behind it."""
    line = np.concatenate([[[-100.0, 0.0]], an_arc(25.0, 1.0)])
    assert np.interp(99.0, *heading_knots(line)) == 0.0


def test_headings_do_not_jump_at_west() -> None:
    """A line that turns through pi keeps turning."""
    line = an_arc(30.0, 4.0) @ np.array([[-1.0, 0.0], [0.0, -1.0]])
    _, psi_rad = heading_knots(line)
    assert np.abs(np.diff(psi_rad)).max() < 0.1


@given(st.floats(-40.0, 60.0), st.floats(-40.0, 60.0))
def test_projection_agrees_with_brute_force(x_m: float, y_m: float) -> None:
    """The nearest of many points of the line is not nearer."""
    line = an_arc(20.0, 2.0)
    along_m, left_m = project(line, x_m, y_m)
    fine = np.linspace(0.0, float(arc_lengths_m(line)[-1]), 4_001)
    points = np.array([point_at(line, s) for s in fine[::40]])
    nearest = np.hypot(*(points - [x_m, y_m]).T).min()
    assert abs(left_m) <= nearest + 1e-9
    there = point_at(line, along_m)
    assert math.hypot(there[0] - x_m, there[1] - y_m) == pytest.approx(abs(left_m), abs=1e-9)


def test_left_is_positive() -> None:
    """Seen along the line."""
    line = np.array([[0.0, 0.0], [10.0, 0.0]])
    assert project(line, 4.0, 1.5) == (4.0, 1.5)
    assert project(line, 4.0, -1.5) == (4.0, -1.5)


@given(
    drawn=st.lists(st.floats(-5.0, 5.0), min_size=1, max_size=60),
    behind=st.integers(0, 70),
    ahead=st.integers(0, 70),
)
def test_lowest_is_the_least_of_the_window(drawn: list[float], behind: int, ahead: int) -> None:
    values = np.array(drawn)
    found = lowest(values, behind, ahead)
    for i, each in enumerate(found):
        assert each == values[max(0, i - behind) : i + ahead + 1].min()
    assert len(found) == len(values)
