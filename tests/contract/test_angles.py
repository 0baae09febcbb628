"""Angles: our own cosine, sine and tangent against the library's, and compiled against plain."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.angles import SMALL_TAN_RAD, cos_sin, rotated, tangent, turned_by
from contract.kernel import plain


@given(angle=st.floats(-6000.0, 6000.0))
@example(0.25 * math.pi)
@example(-0.75 * math.pi)
@example(3.0 * math.pi)
def test_own_cosine_and_sine_are_the_library_s(angle: float) -> None:
    """In every quarter, where quarters meet, and after a thousand turns."""
    assert cos_sin(angle) == pytest.approx((math.cos(angle), math.sin(angle)), abs=3e-16)
    assert turned_by(angle) == pytest.approx((math.cos(angle), math.sin(angle)), abs=3e-16)


@given(angle=st.floats(-3.0, 3.0), turn=st.floats(-0.2, 0.2))
def test_small_turns_are_exact(angle: float, turn: float) -> None:
    cos, sin = rotated(math.cos(angle), math.sin(angle), turn)
    assert cos == pytest.approx(math.cos(angle + turn), abs=1e-15)
    assert sin == pytest.approx(math.sin(angle + turn), abs=1e-15)


@given(angle=st.floats(-1.4, 1.4))
@example(SMALL_TAN_RAD)
@example(-0.9999 * SMALL_TAN_RAD)
def test_own_tangent_is_the_library_s(angle: float) -> None:
    assert tangent(angle) == pytest.approx(math.tan(angle), rel=2e-15, abs=1e-300)


@pytest.mark.parametrize("angle", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_has_no_cosine_and_stops_nothing(angle: float) -> None:
    """As compiled, so plain: a truck's computer goes on."""
    for form in (cos_sin, plain(cos_sin), turned_by, plain(turned_by)):
        assert all(math.isnan(value) for value in form(angle))
    assert math.isnan(tangent(angle))
    assert math.isnan(plain(tangent)(angle))


def test_angle_of_many_turns_is_the_library_s() -> None:
    for angle in (1e4, -3e7, 1e15):
        assert plain(cos_sin)(angle) == (math.cos(angle), math.sin(angle))
        assert cos_sin(angle) == pytest.approx((math.cos(angle), math.sin(angle)), abs=1e-15)


@given(angle=st.floats(-4.0, 4.0))
def test_compiled_and_plain_are_the_same_bits(angle: float) -> None:
    assert cos_sin(angle) == plain(cos_sin)(angle)
    assert turned_by(angle) == plain(turned_by)(angle)
    assert tangent(angle) == plain(tangent)(angle)
