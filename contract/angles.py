"""Angles: cosine, sine and tangent of our own, the same bits whatever the mathematical library.

For kernels, which take most of their time in such functions: each is cheaper than the library's
where a truck's angles are, and exact to 3e-16 there. Numbers in, numbers out; radians.
Source: the polynomials of fdlibm (k_cos.c, k_sin.c) within an eighth of a turn, summed in pairs;
the angle is brought there by pi / 2 in two parts (e_rem_pio2.c).
"""

import math
from typing import Final

from contract.kernel import kernel

FAR_RAD: Final = 1e4  # beyond it two parts of pi / 2 are too few
SMALL_ANGLE_RAD: Final = 0.03  # the series of `rotated` is exact to 2e-17 up to here
SMALL_TAN_RAD: Final = 0.1  # that of `tangent` to 2e-17 of the angle

# fdlibm: pi / 2 in two parts, the first of 33 bits; cosine and sine by the power of the angle.
HALF_PI_HIGH: Final = 1.57079632673412561417e00
HALF_PI_LOW: Final = 6.07710050650619224932e-11
C_4, C_6, C_8 = 4.16666666666666019037e-02, -1.38888888888741095749e-03, 2.48015872894767294178e-05
C_10, C_12, C_14 = (
    -2.75573143513906633035e-07,
    2.08757232129817482790e-09,
    -1.13596475577881948265e-11,
)
S_3, S_5, S_7 = -1.66666666666666324348e-01, 8.33333333332248946124e-03, -1.98412698298579493134e-04
S_9, S_11, S_13 = (
    2.75573137070700676789e-06,
    -2.50507602534068634195e-08,
    1.58969099521155010221e-10,
)


@kernel
def cos_sin(angle: float) -> tuple[float, float]:
    """Cosine and sine to 3e-16 for angles up to a thousand turns: half of the library's time.

    No number has none, and says so by giving none.
    """
    if not abs(angle) < FAR_RAD:
        if not math.isfinite(angle):
            return math.nan, math.nan
        return math.cos(angle), math.sin(angle)
    quarter = math.floor(angle * (2.0 / math.pi) + 0.5)
    x = (angle - quarter * HALF_PI_HIGH) - quarter * HALF_PI_LOW
    q = x * x
    w = q * q
    c = (C_4 + q * C_6) + w * ((C_8 + q * C_10) + w * (C_12 + q * C_14))
    s = (S_3 + q * S_5) + w * ((S_7 + q * S_9) + w * (S_11 + q * S_13))
    cos = 1.0 - (0.5 * q - w * c)
    sin = x + x * q * s
    swapped, turned = quarter & 1, (quarter + 1) & 2
    far_cos = sin if swapped else cos
    far_sin = cos if swapped else sin
    return (-far_cos if turned else far_cos), (-far_sin if quarter & 2 else far_sin)


@kernel
def turned_by(angle: float) -> tuple[float, float]:
    """Cosine and sine of an angle that is mostly small: exact to 1e-16, by the series where it is.

    The terms are summed in pairs: a chain of seven products would be waited for.
    """
    if abs(angle) > SMALL_ANGLE_RAD:
        return cos_sin(angle)
    q = angle * angle
    w = q * q
    cos = 1.0 - q * ((1 / 2 - q * (1 / 24)) + w * (1 / 720))
    sin = angle - angle * q * ((1 / 6 - q * (1 / 120)) + w * (1 / 5040))
    return cos, sin


@kernel
def rotated(cos: float, sin: float, angle: float) -> tuple[float, float]:
    """(cos, sin) of an angle a little further on."""
    far_cos, far_sin = turned_by(angle)
    return cos * far_cos - sin * far_sin, sin * far_cos + cos * far_sin


@kernel
def tangent(angle: float) -> float:
    """Tangent, by its series where that is exact to 1e-16: wheels are seldom turned farther."""
    if abs(angle) > SMALL_TAN_RAD:
        cos, sin = cos_sin(angle)
        return float(sin / cos)
    q = angle * angle
    w = q * q
    low = (1 / 3 + q * (2 / 15)) + w * (17 / 315 + q * (62 / 2835))
    high = (1382 / 155925 + q * (21844 / 6081075)) + w * (929569 / 638512875)
    return float(angle + angle * q * (low + w * w * high))
