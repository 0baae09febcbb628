"""A fault schedule drawn from a seed: what breaks when, and when all of it is mended.

Half of the run belongs to the faults, half to getting on: each fault begins and ends in the first
half, then an operator lifts what only people lift, and the scenario demands progress. What is drawn
is an ordinary list of [[fault]] tables, so that it can be read, kept and run again without us. Own
random stream: no fault moves a load, a delay or a boot. Not here: what a fault does (faults.py),
who is stuck (progress.py).
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from contract.errors import ConfigError
from contract.map import CorridorMap
from sim.build import AGENCIES, OFFICES, SUPERVISOR, TERMINALS
from sim.engine import stream
from sim.fault_kinds import ALL_CLEARED
from sim.progress import ProgressSection
from sim.scenario import ExpectSection, FaultSection, Scenario

FAULTS_MIN: Final = 4
FAULTS_MAX: Final = 14
FAULT_SHARE: Final = 0.5  # of the run
BEGIN_SHARE: Final = 0.9  # of the faults' half: nothing begins later
SHORTEST_S: Final = 0.5
TRIES_MAX: Final = 50  # to draw one that does not lie over its like

Draw = Callable[[random.Random, "Ground"], str]


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that can break in a scenario, in an order that no hash decides."""

    nodes: tuple[str, ...]
    vehicles: tuple[str, ...]
    gates: tuple[str, ...]
    stations: tuple[str, ...]
    detectors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault: how often, on what, how long at most, how much.

    part    faults of one part on one target never lie over each other
    most_s  0: as long as there is time;  values   one of them is drawn
    """

    weight: float
    target: Draw
    part: str
    most_s: float = 0.0
    values: Sequence[float] = (0.0,)


def _node(draws: random.Random, ground: Ground) -> str:
    """Any program; each role is as likely as the next."""
    others = [name for name in ground.nodes if name not in ground.vehicles]
    rest = [name for name in others if name not in ground.gates and name != SUPERVISOR]
    role = draws.choice((ground.vehicles, ground.gates, (SUPERVISOR,), rest))
    return draws.choice(role)


def _link(draws: random.Random, ground: Ground) -> str:
    """Two programs, one with everybody, or now and then the whole network."""
    one = _node(draws, ground)
    if draws.random() < 0.15:
        return "*"
    if draws.random() < 0.4:
        return one
    return f"{one} {draws.choice([name for name in ground.nodes if name != one])}"


def _cut(draws: random.Random, ground: Ground) -> str:
    one = _node(draws, ground)
    if one == SUPERVISOR or draws.random() < 0.5:
        return one
    return f"{one} {SUPERVISOR}"


def _vehicle(draws: random.Random, ground: Ground) -> str:
    return draws.choice(ground.vehicles)


def _gate(draws: random.Random, ground: Ground) -> str:
    return draws.choice(ground.gates)


def _detector(draws: random.Random, ground: Ground) -> str:
    return draws.choice(ground.detectors)


def _station(draws: random.Random, ground: Ground) -> str:
    return draws.choice(ground.stations)


# A part that is physical on a truck or at a gate is broken in one way at a time. A station that
# hangs is not among them: it is waited for, rightly, for longer than a campaign's runs last.
KINDS: Final[dict[str, Kind]] = {
    "crash": Kind(4.0, _node, "program"),
    "pause": Kind(3.0, _node, "program"),
    "partition": Kind(3.0, _cut, "cut"),
    "link_loss": Kind(1.5, _link, "loss", values=(0.1, 0.3, 0.7)),
    "link_slow": Kind(1.0, _link, "slow", values=(200.0, 900.0)),
    "link_double": Kind(1.0, _link, "double", values=(0.3, 1.0)),
    "link_shuffle": Kind(1.0, _link, "shuffle", values=(300.0, 1000.0)),
    "link_replay": Kind(1.5, _link, "replay", values=(5.0, 30.0, 120.0)),
    "pilot_hung": Kind(1.0, _vehicle, "truck"),
    "drive_dead": Kind(1.5, _vehicle, "truck"),
    "trailer_parted": Kind(1.0, _vehicle, "truck"),
    "radar_dead": Kind(0.7, _vehicle, "truck"),
    "gnss_outage": Kind(0.7, _vehicle, "truck"),
    "stop_under_arm": Kind(0.7, _vehicle, "program"),
    "permit_replayed": Kind(0.7, _vehicle, "papers"),
    "barrier_stuck": Kind(1.5, _gate, "arm"),
    "barrier_opens": Kind(0.5, _gate, "arm"),
    "barrier_says_closed": Kind(0.6, _gate, "arm"),
    "barrier_says_open": Kind(0.6, _gate, "arm"),
    "barrier_says_fault": Kind(0.6, _gate, "arm"),
    "arm_obstructed": Kind(0.7, _gate, "arm"),
    "plate_swapped": Kind(0.5, _gate, "camera"),
    "detector_stuck": Kind(1.5, _detector, "detector"),
    "detector_ghost": Kind(1.5, _detector, "detector", values=(1.0, 1.0, 2.0)),
    "station_aborts": Kind(0.5, _station, "station"),
}


def ground_of(scenario: Scenario, corridor: CorridorMap) -> Ground:
    """Names of everything in a scenario that a fault may have for its target."""
    count = scenario.fleet.kz + scenario.fleet.cn
    vehicles = tuple(f"truck-{number:02d}" for number in range(1, count + 1))
    gates = tuple(sorted(corridor.gates))
    rest = (SUPERVISOR, *OFFICES.values(), *AGENCIES.values(), *TERMINALS.values())
    return Ground(
        nodes=(*vehicles, *gates, *rest),
        vehicles=vehicles,
        gates=gates,
        stations=tuple(sorted(corridor.stations)),
        detectors=tuple(sorted(corridor.detectors)),
    )


def schedule(ground: Ground, duration_s: float, seed: int) -> list[FaultSection]:
    """The faults of one seed, in order of their beginning; all are over at half of the run."""
    draws = stream(seed, "fault-seeds")
    healed_s = round(FAULT_SHARE * duration_s, 1)
    names, weights = list(KINDS), [kind.weight for kind in KINDS.values()]
    taken: list[tuple[str, str, float, float]] = []
    drawn: list[tuple[float, FaultSection]] = []
    for _ in range(draws.randint(FAULTS_MIN, FAULTS_MAX)):
        for _ in range(TRIES_MAX):
            name = draws.choices(names, weights)[0]
            kind, at_s = KINDS[name], round(draws.uniform(0.0, BEGIN_SHARE * healed_s), 1)
            target = kind.target(draws, ground)
            lasts_s = _lasts(draws, healed_s - at_s)
            part, end_s = f"{kind.part} {target}", at_s + lasts_s
            if all(p != part or b > end_s or e < at_s for p, _, b, e in taken):
                break
        else:
            continue
        taken.append((part, name, at_s, end_s))
        value = draws.choice(kind.values)
        fault = FaultSection(
            at=f"{at_s:g}s", kind=name, target=target, lasts=f"{lasts_s:g}s", value=value
        )
        drawn.append((at_s, fault))
    return [fault for _, fault in sorted(drawn, key=lambda row: row[0])]


def _lasts(draws: random.Random, most_s: float) -> float:
    """As many short ones as long ones: even over the logarithm."""
    most_s = max(most_s, SHORTEST_S)
    return float(max(SHORTEST_S, round(SHORTEST_S * (most_s / SHORTEST_S) ** draws.random(), 1)))


def with_faults(scenario: Scenario, corridor: CorridorMap, seed: int) -> Scenario:
    """A copy of a scenario with a schedule of its own, the end of it, and what is demanded then."""
    if scenario.ground is not None:
        raise ConfigError(f"{scenario.name}: the proving ground has no programs that could fail")
    copy = msgspec.convert(msgspec.to_builtins(scenario), Scenario)
    healed = f"{round(FAULT_SHARE * scenario.duration_s, 1):g}s"
    ground = ground_of(scenario, corridor)
    copy.seed = seed
    copy.time.crossings = 0
    copy.fault += schedule(ground, scenario.duration_s, seed)
    copy.fault.append(FaultSection(at=healed, kind=ALL_CLEARED, target="*"))
    copy.progress = ProgressSection(after=healed, crossings=max(1, scenario.progress.crossings))
    copy.expect = [ExpectSection(metric="safety.total", equals=0.0)]
    return copy
