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
from gate.orders import Barrier, Detector
from sim import ambulance, closing, deaths, in_zone, office_faults, person, rescue, storm, wear
from sim.build import OFFICES
from sim.clearing import Clearing
from sim.control_room import OPERATOR
from sim.distributions import parse_duration
from sim.engine import NS_PER_S
from sim.fault_kinds import (
    ALL_CLEARED,
    AXLE_MISSED,
    BARRIER_JAMS,
    CLOSURE,
    DEATH_KINDS,
    DETECTOR_GHOST,
    KINDS,
    LINK_KINDS,
    LOAD_KINDS,
    PAUSE,
    PERSON,
    PLACE_CLOSED,
    SITE_KINDS,
    STATION_KINDS,
    STATION_SLOW,
)
from sim.link_faults import LinkFaults, ends_of
from sim.scenario import FaultSection
from sim.site_faults import ACTS as SITE_ACTS
from sim.site_faults import listen, station_of
from sim.world import World

Act = Callable[[World, str], None]
_Pair = tuple[Act, Act]
SLOWER_S: Final = 600.0


def _crash(world: World, target: str) -> None:
    world.hosts[target].crash()
    world.checkers.restarted(target)


def _restart(world: World, target: str) -> None:
    world.hosts[target].start()


def _pause(world: World, target: str) -> None:
    world.hosts[target].pause()


def _go_on(world: World, target: str) -> None:
    world.hosts[target].go_on()


def _cut(world: World, target: str) -> None:
    world.network.cut(*ends_of(target))


def _heal(world: World, target: str) -> None:
    world.network.heal(*ends_of(target))


def _stick(world: World, target: str) -> None:
    world.cabinets[target].arm.stuck = True


def _unstick(world: World, target: str) -> None:
    """Whoever frees an arm lowers it, but not before or onto somebody who is in the cell."""
    cabinet = world.cabinets[target]
    cabinet.arm.stuck = False
    if cabinet.entered == cabinet.left:
        cabinet.arm.force(Barrier.CLOSED)
    elif cabinet.arm.state is Barrier.MOVING:
        cabinet.arm.force(Barrier.OPEN)


def _opens(world: World, target: str) -> None:
    world.cabinets[target].arm.force(Barrier.OPEN)


def _closes(world: World, target: str) -> None:
    """The fault is over: the arm falls, unless its gate has told it to open meanwhile."""
    cabinet = world.cabinets[target]
    if cabinet.under_arm == 0 and not cabinet.arm.told_open:
        cabinet.arm.force(Barrier.CLOSED)


def _freeze(world: World, target: str) -> None:
    for cabinet in world.cabinets.values():
        if target in cabinet.counts:
            cabinet.detector_stuck.add(target)


def _thaw(world: World, target: str) -> None:
    for cabinet in world.cabinets.values():
        cabinet.detector_stuck.discard(target)


def _miss_axle(world: World, target: str) -> None:
    """The next vehicle is counted one axle short."""
    for cabinet in world.cabinets.values():
        if target in cabinet.counts:
            cabinet.axle_missed.add(target)


def _nothing(world: World, target: str) -> None:
    """It is over as it happens."""


def _close_place(world: World, target: str) -> None:
    world.panel.press(_order(OPERATOR_VERB_CLOSE_PLACE, target))


def _open_place(world: World, target: str) -> None:
    world.panel.press(_order(OPERATOR_VERB_OPEN_PLACE, target))


def _order(verb: OperatorVerb, place: str) -> OperatorCommand:
    return OperatorCommand(verb=verb, target=place, reason="out of service", operator_id=OPERATOR)


ACTS: Final[Mapping[str, tuple[Act, Act]]] = {
    "crash": (_crash, _restart),
    PAUSE: (_pause, _go_on),
    "partition": (_cut, _heal),
    "barrier_stuck": (_stick, _unstick),
    "barrier_opens": (_opens, _closes),
    "detector_stuck": (_freeze, _thaw),
    AXLE_MISSED: (_miss_axle, _nothing),
    **office_faults.ACTS,
    **SITE_ACTS,
    PLACE_CLOSED: (_close_place, _open_place),
    CLOSURE: (closing.close, closing.open_again),
    PERSON: (person.comes, person.goes),
}


def _acts(fault: FaultSection, links: LinkFaults | None, clearing: Clearing | None) -> _Pair:
    """How a fault begins and how it ends."""
    if fault.kind in LINK_KINDS and links is not None:
        begin_link, end_link = links.begin, links.end
        return (
            lambda world, target: begin_link(fault.kind, target, fault.value),
            lambda world, target: end_link(fault.kind, target, fault.value),
        )
    if fault.kind == ALL_CLEARED and clearing is not None:
        begin, end = clearing.begin, clearing.end
        return lambda world, target: begin(target), lambda world, target: end(target)
    if fault.kind == DETECTOR_GHOST:
        return lambda world, target: _count(world, target, int(fault.value) or 1), _nothing
    if fault.kind == STATION_SLOW:
        return _slower(fault)
    if fault.kind == BARRIER_JAMS:
        return _jammer(fault)
    if fault.kind in DEATH_KINDS:
        return lambda world, target: deaths.begin(world, fault.kind, target), _nothing
    return ACTS[fault.kind] if fault.kind in ACTS else _breaker(fault)


def _count(world: World, target: str, times: int) -> None:
    """A counter counts vehicles that were not there."""
    for cabinet in world.cabinets.values():
        if target in cabinet.counts:
            seen = cabinet.counts[target]
            cabinet.counts[target] = Detector(seen.count + times, seen.occupied, seen.axles)
            cabinet.changed()


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


def _jammer(fault: FaultSection) -> tuple[Act, Act]:
    """An arm that sticks when it is next told to open, and is freed so long after that."""
    lasts_ns = int(parse_duration(fault.lasts) * NS_PER_S)

    def begin(world: World, target: str) -> None:
        def jams() -> None:
            if lasts_ns > 0:
                world.engine.after(lasts_ns, _unstick, world, target)

        world.cabinets[target].arm.jams = jams

    return begin, _nothing


def _slower(fault: FaultSection) -> tuple[Act, Act]:
    """A station that takes longer than it should for whoever comes."""

    def begin(world: World, target: str) -> None:
        station_of(world, target).slower_s = fault.value or SLOWER_S

    def end(world: World, target: str) -> None:
        station_of(world, target).slower_s = 0.0

    return begin, end


def arrange(world: World) -> None:
    """Put every fault of the scenario, and its end, on the heap. ConfigError for a target that is
    not there.
    """
    if any(fault.kind in SITE_KINDS for fault in world.scenario.fault):
        listen(world)
    kinds = {fault.kind for fault in world.scenario.fault}
    on_links = [fault for fault in world.scenario.fault if fault.kind in LINK_KINDS]
    links = LinkFaults(world.network, world.engine, world.seed, on_links) if on_links else None
    clearing = Clearing(world) if ALL_CLEARED in kinds else None
    storm.arrange(world)
    rescue.arrange(world)
    ambulance.arrange(world)
    wear.arrange(world)
    for index, fault in enumerate(world.scenario.fault):
        _check(world, index, fault)
        begin, end = _acts(fault, links, clearing)
        at_ns = int(parse_duration(fault.at) * NS_PER_S)
        lasts_ns = int(parse_duration(fault.lasts) * NS_PER_S)
        if fault.zone:
            world.engine.at(at_ns, in_zone.wait, world, fault, begin, end)
            continue
        world.engine.at(at_ns, begin, world, fault.target)
        if lasts_ns > 0:
            world.engine.at(at_ns + lasts_ns, end, world, fault.target)


def _check(world: World, index: int, fault: FaultSection) -> None:
    if fault.zone:
        in_zone.check(world, index, fault)
    if fault.kind in KINDS:
        known = {*world.fleet.names, "*"}
    elif fault.kind in (*LOAD_KINDS, PERSON):
        known = set(world.fleet.names)
    elif fault.kind in STATION_KINDS:
        known = {name for cabinet in world.cabinets.values() for name in cabinet.stations}
    elif fault.kind in ("crash", PAUSE):
        known = set(world.hosts)
    elif fault.kind in ("partition", *LINK_KINDS):
        known = {*world.hosts, "*"}
    elif fault.kind == ALL_CLEARED:
        known = {"*"}
    elif fault.kind in ("detector_stuck", DETECTOR_GHOST, AXLE_MISSED):
        known = set(world.map.detectors)
    elif fault.kind == PLACE_CLOSED:
        known = {*world.map.bays, *world.map.stations, *world.map.berths}
    elif fault.kind in DEATH_KINDS:
        known = set(world.map.zones)
    elif fault.kind == CLOSURE:
        known = closing.known(world)
    else:
        known = set(world.cabinets)
    wanted: tuple[str, ...] = (fault.target,)
    if fault.kind in ("partition", *LINK_KINDS):
        wanted = ends_of(fault.target)
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
