"""Faults at gates, stations and loads: what each kind does to the world, and how it ends.

Acts on devices, on loads, on messages on their way and, where a program itself is to lie, on that
program alone. Not here: a truck's instruments (vehicle_faults.py), when it happens (faults.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from google.protobuf.message import Message

from contract.agent import Boot, Effects, Now, Received, Send
from contract.node import Node
from contract.signing import Signer, digest, type_name
from contract.sites import exit_detector
from contract.v1.customs_pb2 import Declaration, DeclarationSubmitted
from contract.v1.envelope_pb2 import Envelope, Frame
from contract.v1.gate_pb2 import PermitGranted, PermitRequest
from contract.v1.movement_pb2 import POSITION_CAUSE_REACHED, MissionOrder, PositionReport
from gate.orders import Barrier
from sim.build import SUPERVISOR, TERMINALS
from sim.engine import NS_PER_S
from sim.station_model import Station, Trouble
from sim.terminal_papers import TARE_KG
from sim.world import World

Act = Callable[[World, str], None]
FOLLOWS_S: Final = 2.0  # a tailgater's time below the arm, and then to the end of the cell
ANOTHER_CONTAINER: Final = "ZZZU0000005"
STANDS_S: Final = 15.0  # how long a truck that stops under an arm stays there


# --- gates ---


def _contacts_say(lie: Barrier) -> tuple[Act, Act]:
    def begin(world: World, target: str) -> None:
        world.cabinets[target].arm.tell(lie)

    def end(world: World, target: str) -> None:
        world.cabinets[target].arm.tell(None)

    return begin, end


def _obstruct(world: World, target: str) -> None:
    world.cabinets[target].loop(on=True)


def _clear(world: World, target: str) -> None:
    world.cabinets[target].loop(on=False)


def _tailgate(world: World, target: str) -> None:
    """Behind the next vehicle under the arm somebody else drives through, close to its rear."""
    cabinet = world.cabinets[target]
    counter = exit_detector(world.map, world.map.gates[target])

    def gone() -> None:
        cabinet.detector(counter, rear=True)
        cabinet.leave()

    def through() -> None:
        cabinet.loop(on=False)
        world.engine.after(int(FOLLOWS_S * NS_PER_S), gone)

    def follow() -> None:
        cabinet.entered += 1
        cabinet.loop(on=True)
        world.engine.after(int(FOLLOWS_S * NS_PER_S), through)

    cabinet.rear_left_arm.append(follow)


def _call_off(world: World, target: str) -> None:
    world.cabinets[target].rear_left_arm.clear()


def _misread(world: World, target: str) -> None:
    world.cabinets[target].misread_as = "another-plate"
    world.cabinets[target].changed()


def _read_well(world: World, target: str) -> None:
    world.cabinets[target].misread_as = ""
    world.cabinets[target].changed()


# --- stations ---


def station_of(world: World, target: str) -> Station:
    """The station or bay of this name."""
    return next(c.stations[target] for c in world.cabinets.values() if target in c.stations)


def _troubled(trouble: Trouble) -> tuple[Act, Act]:
    def begin(world: World, target: str) -> None:
        station_of(world, target).trouble = trouble

    def end(world: World, target: str) -> None:
        station_of(world, target).trouble = Trouble.NONE

    return begin, end


def _hang_readers(world: World, target: str) -> None:
    station_of(world, target).readers.hung = True


def _free_readers(world: World, target: str) -> None:
    station_of(world, target).readers.hung = False


# --- loads ---


def _nothing(world: World, target: str) -> None:
    return


def _lose_load(world: World, target: str) -> None:
    world.carry(target, replace(world.loads[target], gross_mass_kg=TARE_KG))


def _swap_seal(world: World, target: str) -> None:
    load = world.loads[target]
    world.carry(target, replace(load, seals=tuple(f"{each}-other" for each in load.seals)))


def _swap_container(world: World, target: str) -> None:
    world.carry(target, replace(world.loads[target], container_id=ANOTHER_CONTAINER))


def _lose_container(world: World, target: str) -> None:
    world.carry(target, replace(world.loads[target], container_id=""))


def _put_back_container(world: World, target: str) -> None:
    """The one that was declared stands on the trailer again."""
    for _, _, payload in world.overheard.tapped.get(("declaration", target), []):
        declared = Declaration.FromString(payload).container_id
        world.carry(target, replace(world.loads[target], container_id=declared))


def _break_seal(world: World, target: str) -> None:
    world.loads[target].seal_broken = True
    world.hosts[target].wake()


def _mend_seal(world: World, target: str) -> None:
    world.loads[target].seal_broken = False
    world.hosts[target].wake()


def _stop_under_arm(world: World, target: str) -> None:
    """At the next arm the truck's program dies as its front comes under it, and is back later."""

    def die(vehicle: str) -> None:
        world.hosts[vehicle].crash()
        world.checkers.restarted(vehicle)
        world.engine.after(int(STANDS_S * NS_PER_S), world.hosts[vehicle].start)

    world.roadside.at_arm[target] = die


def _drive_on(world: World, target: str) -> None:
    world.roadside.at_arm.pop(target, None)


# --- messages and programs ---


@dataclass
class _Liar:
    """A program that says one thing more than its agent, once."""

    agent: Any
    to: str
    message: Message | None

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        effects: Effects = self.agent.on_start(now, boot, state)
        return effects

    def on_message(self, now: Now, received: Received) -> Effects:
        effects: Effects = self.agent.on_message(now, received)
        return effects

    def on_wake(self, now: Now, reading: Any) -> Effects:
        effects: Effects = self.agent.on_wake(now, reading)
        message, self.message = self.message, None
        return effects if message is None else [*effects, Send(self.to, message)]

    @property
    def wake_ns(self) -> int | None:
        wake_ns: int | None = self.agent.wake_ns
        return wake_ns

    @property
    def phase(self) -> Any:
        return self.agent.phase


def _say(world: World, who: str, to: str, message: Message) -> None:
    """Make a program say this, sealed as all it says."""
    host = world.hosts[who]
    if host.node is not None:
        host.node = Node(_Liar(host.node.agent, to, message), host.node.mailbox)
        host.wake()


def _opened(raw: bytes) -> tuple[str, bytes]:
    """Payload type and payload of a frame on its way."""
    envelope = Envelope.FromString(Frame.FromString(raw).envelope)
    return envelope.payload_type, envelope.payload


def listen(world: World) -> None:
    """Keep what a wire-tapper would: whatever may be replayed or copied later."""
    replayed = (type_name(PermitGranted), type_name(PermitRequest))
    copied = {type_name(DeclarationSubmitted): "declaration", type_name(MissionOrder): "mission"}

    def tap(sender: str, to: str, raw: bytes) -> None:
        kind, payload = _opened(raw)
        if kind in replayed:
            vehicle = to if to in world.fleet.row else sender
            world.overheard.tapped.setdefault(("permit", vehicle), []).append((sender, to, raw))
        elif copied.get(kind) == "mission":
            world.overheard.tapped["mission", to] = [(sender, to, payload)]
        elif copied.get(kind) == "declaration" and sender in TERMINALS.values():
            document = DeclarationSubmitted.FromString(payload).declaration
            vehicle = Declaration.FromString(document.payload).vehicle_id
            world.overheard.tapped["declaration", vehicle] = [(sender, to, document.payload)]

    world.network.taps.append(tap)


def _replay(world: World, target: str) -> None:
    """Every permit that this truck has had, and every request for one, comes once more."""
    for sender, to, raw in tuple(world.overheard.tapped.get(("permit", target), ())):
        world.network.send(sender, to, raw)


def _swap_key(world: World, target: str) -> None:
    """The truck's computer is exchanged for one with another key."""
    _with_key(world, target, Signer.from_seed(digest(b"another key of " + target.encode())))


def _own_key(world: World, target: str) -> None:
    _with_key(world, target, None)


def _with_key(world: World, target: str, signer: Signer | None) -> None:
    signers = world.cast.signers
    own = world.overheard.own_keys.setdefault(target, signers[target])
    world.hosts[target].crash()
    world.checkers.restarted(target)
    signers[target] = signer or own
    world.hosts[target].start()


def _amend(world: World, target: str) -> None:
    """The trader files a newer version of what this truck travels under."""
    for terminal, _, payload in world.overheard.tapped.get(("declaration", target), []):
        declaration = Declaration.FromString(payload)
        declaration.version += 1
        declaration.consignment_reference = f"amended {declaration.version}"
        host = world.hosts[terminal]
        if host.node is not None:
            agent: Any = host.node.agent
            agent.wanted.append(declaration)
            host.wake()


def _arrive_falsely(world: World, target: str) -> None:
    """The truck says that it stands at its berth, wherever it is."""
    for _, _, payload in world.overheard.tapped.get(("mission", target), []):
        mission = MissionOrder.FromString(payload)
        stop = mission.stops[-1]
        report = PositionReport(
            mission_id=mission.mission_id,
            mission_version=mission.version,
            front_lane=stop.lane,
            front_mm=stop.offset_mm,
            rear_lane=stop.lane,
            rear_mm=max(0, stop.offset_mm - 17_000),
            standing=True,
            trailer_coupled=True,
            cause=POSITION_CAUSE_REACHED,
            place_id=stop.place_id,
        )
        _say(world, target, SUPERVISOR, report)


ACTS: Final[Mapping[str, tuple[Act, Act]]] = {
    "barrier_says_closed": _contacts_say(Barrier.CLOSED),
    "barrier_says_open": _contacts_say(Barrier.OPEN),
    "barrier_says_fault": _contacts_say(Barrier.FAULT),
    "arm_obstructed": (_obstruct, _clear),
    "tailgater": (_tailgate, _call_off),
    "plate_swapped": (_misread, _read_well),
    "station_hung": _troubled(Trouble.HUNG),
    "station_fails": _troubled(Trouble.FAILS),
    "station_aborts": _troubled(Trouble.ABORTS),
    "station_light": _troubled(Trouble.LIGHT),
    "readers_hung": (_hang_readers, _free_readers),
    "load_missing": (_lose_load, _nothing),
    "seal_swapped": (_swap_seal, _nothing),
    "container_swapped": (_swap_container, _put_back_container),
    "container_missing": (_lose_container, _put_back_container),
    "seal_broken": (_break_seal, _mend_seal),
    "stop_under_arm": (_stop_under_arm, _drive_on),
    "permit_replayed": (_replay, _nothing),
    "key_swapped": (_swap_key, _own_key),
    "declaration_amended": (_amend, _nothing),
    "false_arrived": (_arrive_falsely, _nothing),
}
