"""A fleet as it lives: batteries, brakes and mechanics, trailers, breakdowns - joined to a world.

Everything that `[fleet]` asks for beyond driving is made here, and nothing where it asks for none:
then no stream is drawn from and no event is put on the heap. Not here: what each part does
(battery.py, mechanics.py, yard.py), what is told of it at the end (fleet_figures.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from sim.battery import Batteries, Supply
from sim.build import MECHANICS, TERMINALS
from sim.distributions import parse_distribution
from sim.engine import NS_PER_S, stream
from sim.fault_kinds import DRIVE_DIES
from sim.mechanics import Mechanics, Trade
from sim.scenario_fleet import SIDES, drivetrain_of
from sim.terminal_jobs import BrakeTest
from sim.terminal_papers import Papers
from sim.yard import Couplings, Yard

if TYPE_CHECKING:
    from sim.world import World


@dataclass(slots=True)
class FleetLife:
    """What is made of `[fleet]`. `mechanics` by country."""

    batteries: Batteries | None = None
    mechanics: dict[str, Mechanics] = field(default_factory=dict)
    yards: dict[str, Yard] = field(default_factory=dict)
    broken_down: list[str] = field(default_factory=list)

    def equip(self, world: "World", starts: Mapping[str, list[tuple[str, str]]]) -> None:
        """Before any program is built: batteries and trailers. `starts`: trucks and berths."""
        fleet, battery = world.scenario.fleet, world.scenario.fleet.battery
        drivetrain = drivetrain_of(fleet)
        if battery is not None and drivetrain is not None:
            supply = Supply(
                drivetrain,
                world.scenario.weather.temperature_c,
                1_000.0 * battery.charger_kw,
                frozenset(battery.chargers),
                (battery.start_least, battery.start_most),
            )
            self.batteries = Batteries(
                world.fleet,
                world.engine,
                supply,
                seed=world.seed,
                berths={berth.lane: berth.id for berth in world.map.berths.values()},
                starts={truck: berth for side in starts.values() for truck, berth in side},
                visited=world.visited,
                emptied=partial(without_drive, world),
                crossing_of=world.crossing_of,
            )
        couplings = Couplings()
        spare = fleet.swap.trailers if fleet.swap is not None else 0
        for side in SIDES:
            names = [f"T-{side}-{number:03d}" for number in range(1, spare + 1)]
            self.yards[side] = Yard(couplings, dict.fromkeys(names, 0))

    def staff(self, world: "World") -> None:
        """Once every program is built: people with keys."""
        brakes = world.scenario.fleet.brakes
        if brakes is None:
            return
        for side in SIDES:
            name = MECHANICS[side]
            trade = Trade(
                brakes.mechanics,
                parse_distribution(brakes.way),
                parse_distribution(brakes.repair),
            )
            self.mechanics[side] = Mechanics(
                name,
                world.engine,
                trade,
                signer=world.cast.signers[name],
                panel=world.crews[name],
                draws=stream(world.seed, f"mechanics/{side}"),
                visited=world.visited,
                mended=partial(_is_mended, world, side),
            )

    def terminal(self, world: "World", country: str, papers: Papers) -> dict[str, Any]:
        """What a terminal's agent is given beside its flows."""
        yard = self.yards[country]
        papers.trailer_of = yard.couplings.of
        return {
            "yard": yard,
            "unfit": partial(self._call, country),
            "test_draws": stream(world.seed, f"berths/{country}"),
        }

    def close(self) -> None:
        """The run is over: what is under way at chargers is told up to now."""
        if self.batteries is not None:
            self.batteries.close()

    def _call(self, country: str, vehicle: str, crossing: str, berth: str) -> None:
        """A terminal calls its mechanics."""
        self.mechanics[country].call(vehicle, crossing, berth)


def berth_work(world: "World") -> dict[str, Any]:
    """What a terminal's configuration has beside its flows and times."""
    fleet = world.scenario.fleet
    brakes, swap = fleet.brakes, fleet.swap
    test = None
    if brakes is not None:
        test = BrakeTest(parse_distribution(brakes.test), brakes.failing)
    return {
        "load": parse_distribution(world.scenario.berth.load),
        "unload": parse_distribution(world.scenario.berth.unload),
        "keep_empty": fleet.keep_empty,
        "brakes": test,
        "swap": parse_distribution(swap.swap) if swap is not None else None,
    }


def _is_mended(world: "World", side: str, vehicle: str) -> None:
    """The mechanic tells the terminal, by word of mouth, once there is one to tell."""
    host = world.hosts[TERMINALS[side]]
    if host.node is None:
        world.engine.after(NS_PER_S, _is_mended, world, side, vehicle)
    if host.node is not None:
        agent: Any = host.node.agent
        agent.mended.append(vehicle)
        host.wake()


def without_drive(world: "World", vehicle: str) -> None:
    """Its battery is empty: nothing drives it, and its brakes hold."""
    world.dead[vehicle] = DRIVE_DIES
    world.vehicle_faults.begin("drive_dead", vehicle, 0.0)
