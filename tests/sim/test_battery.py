"""Batteries of a run: no energy is made or lost, and no drive takes more than its way needs."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.energy import (
    Drivetrain,
    aside_w,
    capacity_wh,
    drag_kg_per_m,
    need_of,
    rolling,
)
from contract.route import V_MAX, Route
from corridor.planning import way
from sim.battery import Batteries, Supply, wheel_j
from sim.engine import Engine
from sim.loads import Visit
from sim.plant import GRADE, ROAD_COLUMNS, STATE_COLUMNS, V
from sim.plant_params import P_MASS_KG, TRUCK40_LOADED, params_block
from tests.factories import the_map
from vehicle.pilot.columns import Array

TRUCK = Drivetrain(90_000.0)
COLD_C = -25.0


@dataclass
class Row:
    """As much of a fleet as batteries look at: one truck, and where it stands."""

    lane: str = "kz_b01_a"
    names: tuple[str, ...] = ("truck-01",)
    row: dict[str, int] = field(default_factory=lambda: {"truck-01": 0})
    params: Array = field(default_factory=lambda: params_block([TRUCK40_LOADED]))
    state: Array = field(default_factory=lambda: np.zeros((1, STATE_COLUMNS)))
    road: Array = field(default_factory=lambda: np.zeros((1, ROAD_COLUMNS)))

    def where(self, name: str) -> tuple[str, float]:
        return self.lane, 10.0


@dataclass
class Rig:
    """One truck with a battery, driven by hand."""

    share: float = 0.5
    start: str = "kz_b01"
    row: Row = field(default_factory=Row)
    visits: list[Visit] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        chargers = frozenset({"kz_b01"})
        supply = Supply(TRUCK, COLD_C, 250_000.0, chargers, (self.share, self.share))
        self.engine = Engine(1)
        self.batteries = Batteries(
            self.row,  # type: ignore[arg-type]
            self.engine,
            supply,
            seed=1,
            berths={"kz_b01_a": "kz_b01"},
            starts={"truck-01": self.start},
            visited=self.visits.append,
            emptied=self.emptied.append,
        )

    def drive(self, speed_mps: float, *, grade: float = 0.0, mass_kg: float = 40e3) -> None:
        """One second, in which the speed goes evenly to this."""
        self.row.state[0, V], self.row.road[0, GRADE] = speed_mps, grade
        self.row.params[0, P_MASS_KG] = mass_kg
        self.batteries.step(1.0)

    @property
    def charge_wh(self) -> float:
        return float(self.batteries.charge_wh[0])

    def books_wh(self) -> float:
        """What should be in it, by what was booked."""
        batteries = self.batteries
        in_wh = batteries.start_wh + batteries.charged_wh + batteries.recovered_wh
        return float((in_wh - batteries.drawn_wh - batteries.aside_wh)[0])


speeds = st.lists(st.floats(0.0, 11.0), min_size=1, max_size=60)


@settings(max_examples=60)
@given(speeds, st.floats(-0.06, 0.06), st.floats(15e3, 40e3), st.floats(0.01, 1.0), st.booleans())
def test_all_that_was_there_is_drawn_or_still_there(
    driven: list[float], grade: float, mass_kg: float, share: float, charges: bool
) -> None:
    rig = Rig(share)
    rig.batteries.switch("truck-01", on=charges)
    for speed_mps in driven:
        rig.drive(speed_mps, grade=grade, mass_kg=mass_kg)
        assert 0.0 <= rig.charge_wh <= rig.batteries.full_wh + 1e-6
        assert rig.charge_wh == pytest.approx(rig.books_wh(), abs=1e-6)


@settings(max_examples=60)
@given(speeds, st.floats(15e3, 40e3))
def test_from_standstill_to_standstill_only_road_and_air_take_work(
    driven: list[float], mass_kg: float
) -> None:
    """What was put into speed comes back at the wheels; then 0.55 of it reaches the battery."""
    before = np.array([0.0, *driven])
    after = np.array([*driven, 0.0])
    work_j = wheel_j(
        TRUCK,
        COLD_C,
        np.full(len(after), mass_kg),
        speeds=(before, after),
        grade=np.zeros(len(after)),
        dt_s=1.0,
    )
    mean = 0.5 * (before + after)
    road_j = mass_kg * 9.81 * rolling(TRUCK, COLD_C) * mean.sum()
    air_j = drag_kg_per_m(TRUCK, COLD_C) * (mean**3).sum()
    assert work_j.sum() == pytest.approx(road_j + air_j, rel=1e-9, abs=1e-6)


def test_height_takes_what_it_weighs() -> None:
    flat, up = (
        wheel_j(
            TRUCK,
            COLD_C,
            np.array([40e3]),
            speeds=(np.array([5.0]), np.array([5.0])),
            grade=np.array([grade]),
            dt_s=100.0,
        )[0]
        for grade in (0.0, 0.02)
    )
    assert up - flat == pytest.approx(40e3 * 9.81 * 500.0 * 0.02, rel=1e-3)


@settings(max_examples=8, deadline=None)
@given(st.data())
def test_no_drive_takes_more_than_its_way_needs(data: st.DataObject) -> None:
    """However a truck drives: at half the limit or faster, stopping once in each zone at most."""
    route, mass_kg = a_way(), 40e3
    stops = data.draw(st.lists(st.booleans(), min_size=50, max_size=50))
    pace = data.draw(st.floats(0.55, 1.0))
    rig = Rig(1.0, start="")
    rig.row.lane = "kz_e_lane"
    for speed_mps in driven_over(route, pace, stops):
        rig.drive(speed_mps, mass_kg=mass_kg)
    batteries = rig.batteries
    taken_wh = float((batteries.drawn_wh + batteries.aside_wh - batteries.recovered_wh)[0])
    assert batteries.driven_m[0] >= 0.95 * route.length_m
    assert 0.0 < taken_wh <= need_of(TRUCK, route, COLD_C).of(mass_kg)


def a_way() -> Route:
    corridor = the_map("bakhty_pokitu")
    return corridor.route(way(corridor, "kz_b01_a", "cn_b05", None))


def driven_over(route: Route, pace: float, stops: list[bool]) -> list[float]:
    """Speeds, second by second, over a way at a share of its limit, with a stop at some zones'
    ends.
    """
    at_m, speed_mps, found = 0.0, 0.0, list[float]()
    ends = [end_m for (_, _, end_m), here in zip(route.zone_spans, stops, strict=False) if here]
    while at_m < route.length_m - 1.0:
        limit = pace * float(route.table[int(at_m), V_MAX])
        room = next((end - at_m for end in ends if end > at_m), route.length_m - at_m)
        wanted = min(limit, speed_mps + 0.8, max(0.5, (2.0 * 0.8 * max(room - 1.0, 0.0)) ** 0.5))
        if room <= 1.0 and speed_mps > 0.0:
            wanted, at_m = 0.0, at_m + 1.0
        at_m += 0.5 * (speed_mps + wanted)
        speed_mps = wanted
        found.append(speed_mps)
    return [*found, 0.0]


def test_charger_fills_only_who_stands_at_its_berth() -> None:
    rig = Rig(0.5)
    rig.batteries.switch("truck-01", on=True)
    for _ in range(60):
        rig.drive(0.0)
    share = 1.0 - 0.015 * 35.0
    assert rig.batteries.charged_wh[0] == pytest.approx(250e3 * share * 0.95 / 60.0)
    away = Rig(0.5, start="kz_b09")
    away.batteries.switch("truck-01", on=True)
    away.drive(0.0)
    assert away.batteries.charged_wh[0] == 0.0


def test_stay_at_a_charger_is_a_row_of_stages() -> None:
    rig = Rig(0.5)
    rig.engine.now_ns = 30_000_000_000
    rig.batteries.switch("truck-01", on=True)
    rig.engine.now_ns = 90_000_000_000
    rig.batteries.switch("truck-01", on=False)
    (visit,) = rig.visits
    assert (visit.stage, visit.vehicle) == ("charger_kz_b01", "truck-01")
    assert (visit.arrive_ns, visit.start_ns, visit.end_ns) == (0, 30_000_000_000, 90_000_000_000)


def test_truck_that_moves_with_the_charger_on_is_counted_and_uncoupled() -> None:
    rig = Rig(0.5)
    rig.batteries.switch("truck-01", on=True)
    rig.drive(2.0)
    assert rig.batteries.pulled_off == ["truck-01"]
    assert rig.batteries.reading("truck-01")[1] is False
    charged = rig.batteries.charged_wh[0]
    rig.drive(2.0)
    assert rig.batteries.charged_wh[0] == charged


def test_empty_battery_on_the_road_is_told_once() -> None:
    rig = Rig(0.0001)
    for _ in range(20):
        rig.drive(5.0, grade=0.05)
    assert rig.emptied == rig.batteries.ran_empty == ["truck-01"]
    assert rig.charge_wh == 0.0


def test_truck_at_its_berth_takes_nothing_and_one_in_a_queue_keeps_itself_warm() -> None:
    rig = Rig(0.5)
    rig.drive(0.0)
    assert rig.charge_wh == rig.batteries.start_wh[0]
    queue = Rig(0.5, start="")
    queue.drive(0.0)
    assert queue.batteries.aside_wh[0] == pytest.approx(aside_w(TRUCK, COLD_C) / 3_600.0)
    assert queue.batteries.full_wh == capacity_wh(TRUCK, COLD_C)
