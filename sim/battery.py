"""Batteries of a run: what driving, cold and chargers do to each truck's charge. The truth of it.

Looked at once a second, on the truth of the fleet. A battery that is empty leaves its truck without
a drive. At a berth a truck is kept warm from the ground and takes nothing; a charger is coupled as
soon as a truck stands at its berth. Not here: the forces (contract/energy.py), who decides to
charge (vehicle/charging.py) and where (corridor/charging.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from contract.energy import (
    GRAVITY_MPS2,
    J_PER_WH,
    Drivetrain,
    accepted_share,
    aside_w,
    capacity_wh,
    drag_kg_per_m,
    rolling,
)
from sim.engine import NS_PER_S, Engine, stream
from sim.fleet import Fleet
from sim.loads import Visit
from sim.plant import GRADE, V
from sim.plant_params import P_MASS_KG
from vehicle.pilot.columns import Array

PERIOD_NS: Final = NS_PER_S
CHARGER_EFFICIENCY: Final = 0.95
STANDING_MPS: Final = 0.02
ON_ROAD: Final = ""  # the berth of a truck that stands at none


@dataclass(frozen=True, slots=True)
class Supply:
    """Batteries and chargers of a scenario.

    chargers   berths that have one;  start   least and most share of full at the start
    """

    drivetrain: Drivetrain
    air_c: float
    charger_w: float
    chargers: frozenset[str]
    start: tuple[float, float] = (0.6, 1.0)


def wheel_j(
    drivetrain: Drivetrain,
    air_c: float,
    mass_kg: Array,
    *,
    speeds: tuple[Array, Array],
    grade: Array,
    dt_s: float,
) -> Array:
    """Work of the wheels over a time in which the speed goes evenly from one to another, joules;
    negative while more is braked than road and air take.

    speeds   (n,) at the beginning and (n,) at the end, m/s;  grade   (n,) rise over run
    """
    before, after = speeds
    mean = 0.5 * (before + after)
    along_m = mean * dt_s
    cosine = 1.0 / np.sqrt(1.0 + grade * grade)
    road_n = mass_kg * GRAVITY_MPS2 * cosine * (rolling(drivetrain, air_c) + grade)
    air_n = drag_kg_per_m(drivetrain, air_c) * mean * mean
    moving_j = 0.5 * mass_kg * (after * after - before * before)
    work: Array = (road_n + air_n) * along_m + moving_j
    return work


class Batteries:
    """Charge of every truck of a fleet, in watt-hours, and where all of it has gone."""

    def __init__(
        self,
        fleet: Fleet,
        engine: Engine,
        supply: Supply,
        *,
        seed: int,
        berths: Mapping[str, str],
        starts: Mapping[str, str],
        visited: Callable[[Visit], None],
        emptied: Callable[[str], None],
        crossing_of: Callable[[str], str] = lambda vehicle: "",
    ) -> None:
        """`berths`: by their lanes;  `starts`: the berth of each truck at the start;  `emptied` is
        told of a truck that has run out of charge on the road.
        """
        self._fleet, self._engine, self.supply = fleet, engine, supply
        self._berths, self._at = dict(berths), [starts.get(name, "") for name in fleet.names]
        self._visited, self._emptied, self._crossing_of = visited, emptied, crossing_of
        self.full_wh = capacity_wh(supply.drivetrain, supply.air_c)
        n, draws = len(fleet.names), stream(seed, "batteries")
        shares = [draws.uniform(*supply.start) for _ in range(n)]
        self.charge_wh: Array = np.array(shares, dtype=np.float64) * self.full_wh
        self.start_wh: Array = self.charge_wh.copy()
        self.drawn_wh: Array = np.zeros(n)
        self.aside_wh: Array = np.zeros(n)
        self.recovered_wh: Array = np.zeros(n)
        self.charged_wh: Array = np.zeros(n)
        self.least_wh: Array = self.charge_wh.copy()  # on the road
        self.driven_m: Array = np.zeros(n)
        self.charging_s: Array = np.zeros(n)
        self.ran_empty: list[str] = []
        self.pulled_off: list[str] = []  # that moved with the charger on
        self._speed: Array = fleet.state[:, V].copy()
        self._on = [False] * n
        self._since: list[tuple[int, int]] = [(0, 0)] * n  # coupled, and charging, since
        engine.watch(PERIOD_NS, self._look)

    # --- what the body says and does ---

    def reading(self, name: str) -> tuple[float, bool, float]:
        """Charge in watt-hours, whether a charger is coupled, and the temperature of the air."""
        i = self._fleet.row[name]
        plugged = self._at[i] in self.supply.chargers
        return float(self.charge_wh[i]), plugged, self.supply.air_c

    def switch(self, name: str, *, on: bool) -> None:
        """The truck takes charge from now on, or none."""
        i, now_ns = self._fleet.row[name], self._engine.now_ns
        on = on and self._at[i] in self.supply.chargers
        if on and not self._on[i]:
            self._since[i] = (self._since[i][0], now_ns)
        elif self._on[i] and not on:
            coupled_ns, since_ns = self._since[i]
            stage = f"charger_{self._at[i]}"
            crossing = self._crossing_of(name)
            self._visited(Visit(name, crossing, stage, coupled_ns, since_ns, now_ns))
        self._on[i] = on

    def close(self) -> None:
        """The run is over: who still charges has charged until now."""
        for name in self._fleet.names:
            self.switch(name, on=False)

    # --- every second ---

    def _look(self) -> None:
        self._engine.watch(self._engine.now_ns + PERIOD_NS, self._look)
        self.step(PERIOD_NS / NS_PER_S)

    def step(self, dt_s: float) -> None:
        """One look: what has been drawn since the last one, and what has been charged."""
        fleet, supply = self._fleet, self.supply
        before, speed = self._speed, fleet.state[:, V].copy()
        self._speed = speed
        work_j = wheel_j(
            supply.drivetrain,
            supply.air_c,
            fleet.params[:, P_MASS_KG],
            speeds=(before, speed),
            grade=fleet.road[:, GRADE],
            dt_s=dt_s,
        )
        self.driven_m += 0.5 * (before + speed) * dt_s
        self._arrive(before, speed)
        drawn = np.maximum(work_j, 0.0) / supply.drivetrain.drive / J_PER_WH
        back = np.maximum(-work_j, 0.0) * supply.drivetrain.recovered / J_PER_WH
        away = np.array([berth == ON_ROAD for berth in self._at])
        aside = np.where(away, aside_w(supply.drivetrain, supply.air_c) * dt_s / J_PER_WH, 0.0)
        self._take(drawn, back, aside, self._charged(dt_s))
        self.least_wh[away] = np.minimum(self.least_wh, self.charge_wh)[away]
        for i in np.flatnonzero(away & (self.charge_wh <= 0.0)):
            name = fleet.names[int(i)]
            if name not in self.ran_empty:
                self.ran_empty.append(name)
                self._emptied(name)

    def _charged(self, dt_s: float) -> Array:
        supply, on = self.supply, np.array(self._on)
        self.charging_s += np.where(on, dt_s, 0.0)
        power_w = supply.charger_w * accepted_share(supply.air_c) * CHARGER_EFFICIENCY
        return np.where(on, power_w * dt_s / J_PER_WH, 0.0)

    def _take(self, drawn: Array, back: Array, aside: Array, charged: Array) -> None:
        """Book it all; what a full battery cannot take back is braked away, and an empty one gives
        nothing more.
        """
        wanted = drawn + aside
        given = np.minimum(wanted, self.charge_wh)
        share = np.divide(given, wanted, out=np.ones_like(wanted), where=wanted > 0.0)
        self.drawn_wh += drawn * share
        self.aside_wh += aside * share
        left = self.charge_wh - given
        won = np.minimum(back, self.full_wh - left)
        self.recovered_wh += won
        put = np.minimum(charged, self.full_wh - left - won)
        self.charged_wh += put
        self.charge_wh = left + won + put

    def _arrive(self, before: Array, speed: Array) -> None:
        """Who stands at a berth now, and who has left one."""
        stands, stood = speed <= STANDING_MPS, before <= STANDING_MPS
        for i in np.flatnonzero(stands & ~stood):
            place = self._fleet.where(self._fleet.names[int(i)])
            self._at[i] = self._berths.get(place[0], ON_ROAD) if place is not None else ON_ROAD
            self._since[i] = (self._engine.now_ns, 0)
        for i in np.flatnonzero(~stands & stood):
            if self._on[i]:
                self.pulled_off.append(self._fleet.names[int(i)])
                self.switch(self._fleet.names[int(i)], on=False)
            self._at[i] = ON_ROAD
