"""Faults of a scenario: what breaks when, and when it heals. Each is an act on the world, never on
an agent.
"""

from collections.abc import Callable, Mapping
from typing import Final

from contract.errors import ConfigError
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_PLACE,
    OPERATOR_VERB_OPEN_PLACE,
    OperatorCommand,
    OperatorVerb,
)
from gate.orders import Barrier
from sim import closing, office_faults, person, storm
from sim.build import OFFICES
from sim.control_room import OPERATOR
from sim.distributions import parse_duration
from sim.engine import NS_PER_S
from sim.fault_kinds import (
    CLOSURE,
    KINDS,
    LOAD_KINDS,
    PERSON,
    PLACE_CLOSED,
    SITE_KINDS,
    STATION_KINDS,
)
from sim.scenario import FaultSection
from sim.site_faults import ACTS as SITE_ACTS
from sim.site_faults import listen
from sim.world import World

Act = Callable[[World, str], None]


def _crash(world: World, target: str) -> None:
    world.hosts[target].crash()
    world.checkers.restarted(target)


def _restart(world: World, target: str) -> None:
    world.hosts[target].start()


def _cut(world: World, target: str) -> None:
    world.network.cut(*_ends(target))


def _heal(world: World, target: str) -> None:
    world.network.heal(*_ends(target))


def _ends(target: str) -> tuple[str, str]:
    one, _, other = target.partition(" ")
    return one, other or "*"


def _stick(world: World, target: str) -> None:
    world.cabinets[target].arm.stuck = True


def _unstick(world: World, target: str) -> None:
    world.cabinets[target].arm.stuck = False
    world.cabinets[target].arm.force(Barrier.CLOSED)


def _opens(world: World, target: str) -> None:
    world.cabinets[target].arm.force(Barrier.OPEN)


def _closes(world: World, target: str) -> None:
    world.cabinets[target].arm.force(Barrier.CLOSED)


def _freeze(world: World, target: str) -> None:
    for cabinet in world.cabinets.values():
        if target in cabinet.counts:
            cabinet.detector_stuck.add(target)


def _thaw(world: World, target: str) -> None:
    for cabinet in world.cabinets.values():
        cabinet.detector_stuck.discard(target)


def _close_place(world: World, target: str) -> None:
    world.panel.press(_order(OPERATOR_VERB_CLOSE_PLACE, target))


def _open_place(world: World, target: str) -> None:
    world.panel.press(_order(OPERATOR_VERB_OPEN_PLACE, target))


def _order(verb: OperatorVerb, place: str) -> OperatorCommand:
    return OperatorCommand(verb=verb, target=place, reason="out of service", operator_id=OPERATOR)


ACTS: Final[Mapping[str, tuple[Act, Act]]] = {
    "crash": (_crash, _restart),
    "partition": (_cut, _heal),
    "barrier_stuck": (_stick, _unstick),
    "barrier_opens": (_opens, _closes),
    "detector_stuck": (_freeze, _thaw),
    **office_faults.ACTS,
    **SITE_ACTS,
    PLACE_CLOSED: (_close_place, _open_place),
    CLOSURE: (closing.close, closing.open_again),
    PERSON: (person.comes, person.goes),
}


def _breaker(fault: FaultSection) -> tuple[Act, Act]:
    """How a vehicle is broken and mended by this fault; "*" is every vehicle."""

    def names(world: World, target: str) -> tuple[str, ...]:
        return world.fleet.names if target == "*" else (target,)

    def begin(world: World, target: str) -> None:
        for name in names(world, target):
            world.vehicle_faults.begin(fault.kind, name, fault.value)

    def end(world: World, target: str) -> None:
        for name in names(world, target):
            world.vehicle_faults.end(fault.kind, name)

    return begin, end


def arrange(world: World) -> None:
    """Put every fault of the scenario, and its end, on the heap. ConfigError for a target that is
    not there.
    """
    if any(fault.kind in SITE_KINDS for fault in world.scenario.fault):
        listen(world)
    storm.arrange(world)
    for index, fault in enumerate(world.scenario.fault):
        _check(world, index, fault)
        begin, end = ACTS[fault.kind] if fault.kind in ACTS else _breaker(fault)
        at_ns = int(parse_duration(fault.at) * NS_PER_S)
        lasts_ns = int(parse_duration(fault.lasts) * NS_PER_S)
        world.engine.at(at_ns, begin, world, fault.target)
        if lasts_ns > 0:
            world.engine.at(at_ns + lasts_ns, end, world, fault.target)


def _check(world: World, index: int, fault: FaultSection) -> None:
    if fault.kind in KINDS:
        known = {*world.fleet.names, "*"}
    elif fault.kind in (*LOAD_KINDS, PERSON):
        known = set(world.fleet.names)
    elif fault.kind in STATION_KINDS:
        known = {name for cabinet in world.cabinets.values() for name in cabinet.stations}
    elif fault.kind == "crash":
        known = set(world.hosts)
    elif fault.kind == "partition":
        known = {*world.hosts, "*"}
    elif fault.kind == "detector_stuck":
        known = set(world.map.detectors)
    elif fault.kind == PLACE_CLOSED:
        known = {*world.map.bays, *world.map.stations, *world.map.berths}
    elif fault.kind == CLOSURE:
        known = closing.known(world)
    else:
        known = set(world.cabinets)
    wanted: tuple[str, ...] = (fault.target,)
    if fault.kind == "partition":
        wanted = _ends(fault.target)
    elif fault.kind == CLOSURE:
        wanted = tuple(fault.target.split())
    elif fault.kind in office_faults.ACTS:
        wanted = office_faults.parts(fault.target)
        known = {*OFFICES.values(), *world.fleet.names}
    for name in wanted:
        if name not in known:
            raise ConfigError(
                f"{world.scenario.name}: fault.{index}.target = {fault.target!r}: there is no "
                f"{name}; there are {', '.join(sorted(known))}"
            )
