"""Where on Earth: degrees to the map's metres and back, and the Chinese GCJ-02 shift.

Pure. In: longitude and latitude in degrees (WGS84, `[lon, lat]` as in RFC 7946). Out: metres east
and north of an origin, or degrees again. Not here: which coordinates of a map look shifted
(`contract/map_datum.py`); headings and arc lengths (`contract/polyline.py`).
Sources: WGS84 (NIMA TR8350.2); GCJ-02 as publicly reverse-engineered (wikipedia.org, "Restrictions
on geographic data in China"). Frame and error: docs/MAP.md, "Coordinates".
"""

import math
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]

WGS84_SEMI_MAJOR_M: Final = 6_378_137.0
WGS84_ECCENTRICITY_SQUARED: Final = 6.694379990141316e-3

GCJ_SEMI_MAJOR_M: Final = 6_378_245.0  # Krasovsky 1940, as the public transform uses it
GCJ_ECCENTRICITY_SQUARED: Final = 6.693421622965943e-3
GCJ_INVERSE_ROUNDS: Final = 6  # each round shrinks the rest about a thousandfold
GCJ_LON_DEG: Final = (72.004, 137.8347)
GCJ_LAT_DEG: Final = (0.8293, 55.8271)


@dataclass(frozen=True, slots=True)
class LocalFrame:
    """Metres east (x) and north (y) of an origin, on the ellipsoid's two radii there.

    An equirectangular frame: east-west lengths are off by 0.2 m in a kilometre for each kilometre
    north of the origin. Every party computes the same numbers from the same file.
    """

    lon_deg: float
    lat_deg: float

    @property
    def scale_m_per_deg(self) -> tuple[float, float]:
        """Metres in one degree of longitude and of latitude, at the origin."""
        sin_lat = math.sin(math.radians(self.lat_deg))
        bend = 1.0 - WGS84_ECCENTRICITY_SQUARED * sin_lat * sin_lat
        across_m = WGS84_SEMI_MAJOR_M / math.sqrt(bend)
        along_m = across_m * (1.0 - WGS84_ECCENTRICITY_SQUARED) / bend
        parallel_m = across_m * math.cos(math.radians(self.lat_deg))
        return math.radians(parallel_m), math.radians(along_m)

    def to_xy_m(self, lon_lat_deg: Array) -> Array:
        """(n, 2) degrees [lon, lat] to (n, 2) metres [x east, y north]."""
        xy_m: Array = (lon_lat_deg - np.array([self.lon_deg, self.lat_deg])) * self.scale_m_per_deg
        return xy_m

    def to_lon_lat_deg(self, xy_m: Array) -> Array:
        """(n, 2) metres [x, y] to (n, 2) degrees [lon, lat]; the inverse of `to_xy_m`."""
        degrees: Array = xy_m / self.scale_m_per_deg + np.array([self.lon_deg, self.lat_deg])
        return degrees


def gcj02_from_wgs84(lon_lat_deg: Array) -> Array:
    """(n, 2) WGS84 degrees to (n, 2) GCJ-02 degrees; unchanged outside its rectangle."""
    lon, lat = lon_lat_deg[:, 0], lon_lat_deg[:, 1]
    inside = (lon >= GCJ_LON_DEG[0]) & (lon <= GCJ_LON_DEG[1])
    inside &= (lat >= GCJ_LAT_DEG[0]) & (lat <= GCJ_LAT_DEG[1])
    east, north = _gcj02_offsets_m(lon - 105.0, lat - 35.0)
    sin_lat = np.sin(np.radians(lat))
    bend = 1.0 - GCJ_ECCENTRICITY_SQUARED * sin_lat * sin_lat
    across_m = GCJ_SEMI_MAJOR_M / np.sqrt(bend)
    along_m = across_m * (1.0 - GCJ_ECCENTRICITY_SQUARED) / bend
    shift = np.column_stack(
        [np.degrees(east / (across_m * np.cos(np.radians(lat)))), np.degrees(north / along_m)]
    )
    return lon_lat_deg + np.where(inside[:, None], shift, 0.0)


def wgs84_from_gcj02(lon_lat_deg: Array) -> Array:
    """(n, 2) GCJ-02 degrees back to WGS84, by fixed-point rounds; good to 1e-9 degrees."""
    guess = lon_lat_deg.copy()
    for _ in range(GCJ_INVERSE_ROUNDS):
        guess = guess + (lon_lat_deg - gcj02_from_wgs84(guess))
    return guess


def _gcj02_offsets_m(x: Array, y: Array) -> tuple[Array, Array]:
    """The published sums: metres east and north at (lon - 105, lat - 35) degrees."""
    ripple = (20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += ripple
    north += (20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
    north += (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += ripple
    east += (20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
    east += (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    return east, north
