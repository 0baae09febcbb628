"""[[flow]] of a scenario: what is carried one way, how much of it, and when its loads come.

Not here: when exactly each load comes (arrivals.py), goods by name (cargo.py), what is written into
its papers (terminal_papers.py), how offices draw by its channels (flow_rules.py).
"""

import difflib
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from contract.errors import ConfigError
from sim.distributions import parse_duration
from sim.load_arrivals import BURSTS, KINDS, POISSON
from sim.plant_params import AGV65, TRUCK40_LOADED
from sim.scenario_time import check_window
from sim.scenario_types import (
    BatchSize,
    Duration,
    HsCode,
    PerHour,
    Share,
    Spread,
    Tonnes,
    Weight,
    Words,
)
from sim.terminal_papers import TARE_KG

# What each may weigh with its load, in kilograms.
VEHICLES: Final = {"truck40": TRUCK40_LOADED.mass_kg, "agv65": AGV65.mass_kg}
PER_HOUR_MIN: Final = 0.001  # one load in six weeks
PER_HOUR_MAX: Final = 1_000.0
HOURS_A_DAY: Final = 24.0

TonnesPerDay = Annotated[float, Meta(ge=0.0, le=1e6)]
BurstSize = Annotated[float, Meta(ge=1.0, le=100.0)]
Factor = Annotated[float, Meta(ge=0.01, le=100.0)]


class _Section(Struct, forbid_unknown_fields=True, kw_only=True):
    """A table of the file: no unknown keys."""


class Channels(_Section):
    """Shares after combining both offices; they sum to one."""

    green: Share = 0.785
    yellow: Share = 0.205
    red: Share = 0.01


class PeakSection(_Section):
    """`flow.peak`: for some time loads come by so much faster; ends "0s": to the flow's end."""

    begins: Duration = "0s"
    ends: Duration = "0s"
    factor: Factor = 1.0


class FlowSection(_Section):
    """[[flow]]: one commodity in one direction. Neither `crossings_per_hour` nor `tonnes_per_day`:
    as many as there are trucks.

    arrivals            "poisson", "even", "bursts";  burst_size   loads that then come at once
    batch   trucks under one waybill;  aeo, container, transit   shares of its loads
    certificate_missing, certificate_expired   shares that lack one, or have one that is over
    certificate_after   when it is filed anew, "0s": never;  amended   declared twice
    perishable          it is loaded before what is not
    begins, ends        when loads of a flow that is not endless come; ends "0s": to the end
    """

    direction: str
    goods: Words
    hs_code: HsCode
    payload_t: Tonnes
    payload_sd_t: Spread = 0.0
    weight: Weight = 1.0
    crossings_per_hour: PerHour = 0.0
    tonnes_per_day: TonnesPerDay = 0.0
    arrivals: str = POISSON
    burst_size: BurstSize = 1.0
    peak: PeakSection = msgspec.field(default_factory=PeakSection)
    batch: BatchSize = 1
    aeo: Share = 0.0
    container: Share = 0.0
    transit: Share = 0.0
    certificate_missing: Share = 0.0
    certificate_expired: Share = 0.0
    certificate_after: Duration = "0s"
    amended: Share = 0.0
    begins: Duration = "0s"
    ends: Duration = "0s"
    perishable: bool = False
    channels: Channels = msgspec.field(default_factory=Channels)

    @property
    def per_hour(self) -> float:
        """Loads an hour outside the peak; 0: endless."""
        by_mass = self.tonnes_per_day / self.payload_t / HOURS_A_DAY
        return self.crossings_per_hour or by_mass

    def rates(self, end_s: float) -> Iterator[tuple[float, float, float]]:
        """(from, to, loads an hour) of what adds up to this flow, until the run ends."""
        begins_s, ends_s = parse_duration(self.begins), parse_duration(self.ends) or end_s
        yield begins_s, ends_s, self.per_hour
        if self.peak.factor != 1.0:
            until_s = parse_duration(self.peak.ends) or ends_s
            more = self.per_hour * (self.peak.factor - 1.0)
            yield max(begins_s, parse_duration(self.peak.begins)), min(ends_s, until_s), more


def check_flow(flow: FlowSection, vehicle: str, place: str) -> None:
    """What the types cannot say of it. Raises ConfigError by key."""
    if flow.direction not in ("E", "W"):
        raise ConfigError(f"{place}.direction = {flow.direction!r:.60}: expected 'E' or 'W'")
    gross_kg = VEHICLES[vehicle]
    payload_max_t = (gross_kg - TARE_KG) / 1000.0
    if flow.payload_t > payload_max_t:
        raise ConfigError(
            f"{place}.payload_t = {flow.payload_t:g}: expected at most {payload_max_t:g}, for "
            f"{vehicle} weighs {TARE_KG / 1000.0:g} t empty and {gross_kg / 1000.0:g} t at most"
        )
    _check_rate(flow, place)
    check_window(flow.begins, flow.ends, flow.per_hour, place=place)
    _check_arrivals(flow, place)
    _check_peak(flow, place)
    total = flow.channels.green + flow.channels.yellow + flow.channels.red
    if abs(total - 1.0) > 1e-6:
        raise ConfigError(f"{place}.channels: sum {total:g}, expected 1 of green, yellow and red")


def _check_rate(flow: FlowSection, place: str) -> None:
    if flow.crossings_per_hour and flow.tonnes_per_day:
        raise ConfigError(
            f"{place}.tonnes_per_day: expected either crossings_per_hour or tonnes_per_day"
        )
    if 0.0 < flow.crossings_per_hour < PER_HOUR_MIN:
        raise ConfigError(
            f"{place}.crossings_per_hour = {flow.crossings_per_hour:g}: "
            f"expected 0, for endless, or at least {PER_HOUR_MIN:g}"
        )
    if flow.tonnes_per_day and not PER_HOUR_MIN <= flow.per_hour <= PER_HOUR_MAX:
        low, high = (each * HOURS_A_DAY * flow.payload_t for each in (PER_HOUR_MIN, PER_HOUR_MAX))
        raise ConfigError(
            f"{place}.tonnes_per_day = {flow.tonnes_per_day:g}: expected 0, for endless, or from"
            f" {low:g} to {high:g}: {PER_HOUR_MIN:g} to {PER_HOUR_MAX:g} loads an hour"
        )


def _check_arrivals(flow: FlowSection, place: str) -> None:
    if flow.arrivals not in KINDS:
        near = difflib.get_close_matches(flow.arrivals.lower(), KINDS, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]}?" if near else ""
        known = ", ".join(KINDS)
        raise ConfigError(
            f"{place}.arrivals = {flow.arrivals!r:.60}: expected one of {known}{hint}"
        )
    if (flow.arrivals == BURSTS) is (flow.burst_size == 1.0):
        raise ConfigError(
            f"{place}.burst_size = {flow.burst_size:g}: expected above 1 with arrivals"
            f" {BURSTS!r}, and only with them; arrivals = {flow.arrivals!r}"
        )
    if flow.arrivals != POISSON and not flow.per_hour:
        raise ConfigError(
            f"{place}.arrivals = {flow.arrivals!r}: expected only with crossings_per_hour or"
            " tonnes_per_day above 0"
        )


def _check_peak(flow: FlowSection, place: str) -> None:
    peak, place = flow.peak, f"{place}.peak"
    begins_s, ends_s = parse_duration(peak.begins), parse_duration(peak.ends)
    named = "begins" if begins_s else "ends"
    if peak.factor == 1.0:
        if begins_s or ends_s:
            raise ConfigError(f"{place}.{named}: expected peak.factor beside it, other than 1")
        return
    if not flow.per_hour:
        raise ConfigError(
            f"{place}.factor = {peak.factor:g}: expected only with crossings_per_hour or"
            " tonnes_per_day above 0"
        )
    if ends_s and ends_s <= begins_s:
        raise ConfigError(f"{place}.ends = {peak.ends!r}: expected later than peak.begins, or 0s")
    until_s = parse_duration(flow.ends)
    if (until_s and begins_s >= until_s) or (ends_s and ends_s <= parse_duration(flow.begins)):
        raise ConfigError(
            f"{place}.{named}: expected a time in which the flow has loads, from {flow.begins}"
            f" to {flow.ends if until_s else 'the end'}"
        )


def check_channels(flows: Sequence[FlowSection], place: str) -> None:
    """Offices tell flows apart by direction and code. Raises ConfigError that names two flows which
    they cannot, and which want different channels.
    """
    first: dict[tuple[str, str], int] = {}
    for index, flow in enumerate(flows):
        other = first.setdefault((flow.direction, flow.hs_code), index)
        if flows[other].channels != flow.channels:
            raise ConfigError(
                f"{place}.{index}.channels: expected those of flow.{other}, which has the same"
                f" direction and hs_code {flow.hs_code}: an office could not tell them apart"
            )
