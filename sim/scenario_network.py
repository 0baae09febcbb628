"""[network] of a scenario: how bad it is everywhere, and regions where it is worse."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.errors import ConfigError
from sim.distributions import SpecError, parse_distribution
from sim.network import NetworkProfile
from sim.scenario_types import Beacons, Duration, Milliseconds, Service, Share

CELLULAR, ROADSIDE = "cellular", "roadside"
BEARERS: Final = (CELLULAR, ROADSIDE)
CORNERS_MIN: Final = 3
LATITUDE_MAX_DEG: Final = 90.0
Degrees = Annotated[float, Meta(ge=-180.0, le=180.0)]
Corner = Annotated[list[Degrees], Meta(min_length=2, max_length=2)]


class RegionSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[[network.region]]: where trucks lose a bearer, and for how long.

    polygon   corners as [longitude, latitude], WGS84; the last is joined to the first
    bearer    "cellular" to the supervisor, or "roadside" to the gates
    silence   from coming in, as a distribution; it ends with the region at the latest
    longest   a silence is never longer
    """

    polygon: list[Corner]
    bearer: str = CELLULAR
    silence: Service = "exponential:200s"
    longest: Duration = "600s"


class NetworkSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[network]: delays in milliseconds, shares of messages that are lost, doubled or late.

    beacons   between trucks, as "arrays" or as "bytes": sealed envelopes, and the same transcript
    """

    delay_ms: Milliseconds = 20.0
    jitter_ms: Milliseconds = 10.0
    loss: Share = 0.0
    duplicate: Share = 0.0
    late: Share = 0.0
    late_ms: Milliseconds = 400.0
    beacons: Beacons = "arrays"
    region: list[RegionSection] = []


def profile_of(section: NetworkSection) -> NetworkProfile:
    """What the network of a run does to every message."""
    return NetworkProfile(
        section.delay_ms,
        section.jitter_ms,
        section.loss,
        section.duplicate,
        section.late,
        section.late_ms,
    )


def check_regions(regions: list[RegionSection], place: str) -> None:
    """What the types cannot say. Raises ConfigError."""
    for index, region in enumerate(regions):
        here = f"{place}.{index}"
        if region.bearer not in BEARERS:
            raise ConfigError(
                f"{here}.bearer = {region.bearer!r:.60}: expected {' or '.join(BEARERS)}"
            )
        if len(region.polygon) < CORNERS_MIN:
            raise ConfigError(
                f"{here}.polygon: {len(region.polygon)} corners, expected {CORNERS_MIN} or more"
            )
        for lon, lat in region.polygon:
            if abs(lat) > LATITUDE_MAX_DEG:
                raise ConfigError(
                    f"{here}.polygon: [{lon:g}, {lat:g}]: expected [longitude, latitude]"
                )
        try:
            parse_distribution(region.silence)
        except SpecError as error:
            raise ConfigError(f"{here}.silence: {error}") from None
