"""Degrees to metres and back, and the GCJ-02 transform against published values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.geodesy import LocalFrame, gcj02_from_wgs84, wgs84_from_gcj02

BAKHTY = LocalFrame(82.78574, 46.68)


def test_a_degree_at_the_equator_has_its_textbook_length() -> None:
    """WGS84: 111.320 km of longitude and 110.574 km of latitude."""
    east_m, north_m = LocalFrame(0.0, 0.0).scale_m_per_deg
    assert east_m == pytest.approx(111_319.49, abs=0.01)
    assert north_m == pytest.approx(110_574.28, abs=0.01)


def test_a_degree_of_latitude_is_longer_at_the_pole() -> None:
    """WGS84: the radius of curvature there is a / sqrt(1 - e^2)."""
    _, north_m = LocalFrame(0.0, 90.0).scale_m_per_deg
    assert north_m == pytest.approx(math.radians(6_399_593.6258), abs=0.01)


@given(st.floats(-5_000.0, 5_000.0), st.floats(-5_000.0, 5_000.0))
def test_frame_and_back_is_the_same_place(x_m: float, y_m: float) -> None:
    """To 0.01 mm."""
    there = np.array([[x_m, y_m]])
    assert BAKHTY.to_xy_m(BAKHTY.to_lon_lat_deg(there)) == pytest.approx(there, abs=1e-5)


def test_east_is_x_and_north_is_y() -> None:
    """[lon, lat], not [lat, lon]."""
    x_m, y_m = BAKHTY.to_xy_m(np.array([[82.79574, 46.69]]))[0]
    assert x_m == pytest.approx(765.5, abs=1.0)
    assert y_m == pytest.approx(1_111.7, abs=1.0)


def test_gcj02_agrees_with_the_published_example() -> None:
    """116.404 E 39.915 N, the example that the public implementations carry."""
    shifted = gcj02_from_wgs84(np.array([[116.404, 39.915]]))[0]
    assert shifted == pytest.approx([116.41024449916938, 39.91640428150164], abs=1e-9)


def test_gcj02_moves_the_border_crossing_by_250_metres() -> None:
    """Mostly to the east; so much is lost on a map of mixed datum."""
    here = np.array([[82.78574, 46.68]])
    east_m, north_m = BAKHTY.to_xy_m(gcj02_from_wgs84(here))[0]
    assert math.hypot(east_m, north_m) == pytest.approx(252.0, abs=1.0)
    assert east_m > 200.0 > abs(north_m)


def test_gcj02_leaves_the_rest_of_the_world_alone() -> None:
    """Outside the rectangle the transform is the identity."""
    places = np.array([[2.35, 48.86], [-74.0, 40.7], [151.2, -33.9]])
    assert np.array_equal(gcj02_from_wgs84(places), places)


@given(st.floats(74.0, 134.0), st.floats(5.0, 54.0))
def test_gcj02_and_back_is_the_same_place(lon_deg: float, lat_deg: float) -> None:
    """To a hundredth of a millimetre, over all of China."""
    place = np.array([[lon_deg, lat_deg]])
    assert wgs84_from_gcj02(gcj02_from_wgs84(place)) == pytest.approx(place, abs=1e-9)
