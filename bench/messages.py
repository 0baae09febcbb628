"""Messages a second between two mailboxes: sealed by one, opened by the other, acknowledged.

No socket and no disk: what is left is the cost of the contract itself, which a simulator pays for
every message.
"""

from collections.abc import Callable
from typing import Any, Final

from google.protobuf.message import Message

from bench.measure import print_table, repeat
from contract.agent import NS_PER_MS, Boot, Now, Refused, Role
from contract.envelope import Identity
from contract.mailbox import Mailbox, Transmit
from contract.roster import Node, Roster
from contract.signing import Signer, seal_document
from contract.v1.customs_pb2 import Declaration, GoodsLine, Release, ReleaseSubject, Trader
from contract.v1.gate_pb2 import PermitRequest
from contract.v1.movement_pb2 import MovementAuthority, PositionReport, VehicleHeartbeat
from contract.wire import parse

COUNT: Final = 2_000
MAP_DIGEST: Final = bytes(range(32))
NAMES: Final = {"truck-01": Role.VEHICLE, "supervisor": Role.SUPERVISOR}


class Pair:
    """Two mailboxes with an open session between them."""

    def __init__(self) -> None:
        signers = {name: Signer.from_seed(name.encode().ljust(32)) for name in NAMES}
        nodes = {name: Node(name, role, signers[name].public_key) for name, role in NAMES.items()}
        roster = Roster(nodes, {}, staging=True)
        self.now = Now(0, 0)
        self.boxes: dict[str, Mailbox] = {}
        for number, (name, role) in enumerate(NAMES.items(), 1):
            identity = Identity(name, role, signers[name], MAP_DIGEST, bytes(32))
            greets = ("supervisor",) if role is Role.VEHICLE else ()
            box = self.boxes[name] = Mailbox(identity, roster, greets=greets)
            box.start(self.now, Boot(bytes([number]) * 16, 1, bytes(32), bytes(16)), {})
        self.carry("truck-01", self.boxes["truck-01"].due(self.now))
        assert self.boxes["truck-01"].knows("supervisor"), "no session"

    def carry(self, sender: str, transmits: list[Transmit]) -> int:
        """Hand over, and the answers back, until all is said; how many were taken."""
        taken = 0
        for transmit in transmits:
            opened = self.boxes[transmit.to].open(transmit.raw, sender, self.now)
            taken += len(opened.received)
            self.carry(transmit.to, opened.transmits)
        return taken

    def say(self, sender: str, to: str, message: Message) -> None:
        """One message, all the way."""
        self.now = Now(self.now.mono_ns + NS_PER_MS, 0)
        _, transmits, refused = self.boxes[sender].post(to, message, self.now)
        taken = self.carry(sender, transmits)
        assert refused is None, refused
        assert taken == 1, "the message was not taken"


def heartbeat() -> VehicleHeartbeat:
    return VehicleHeartbeat(
        loop_counter=4_711, front_mm=812_345, rear_mm=795_845, speed_mmps=6_944, authority_number=9
    )


def position() -> PositionReport:
    return PositionReport(
        mission_id="mission-12",
        mission_version=1,
        front_lane="kz_neutral1_e",
        front_mm=24_018,
        rear_lane="kz_out_cell_e",
        rear_mm=33_000,
        trailer_coupled=True,
        authority_number=9,
    )


def authority() -> MovementAuthority:
    return MovementAuthority(
        mission_id="mission-12",
        mission_version=1,
        number=10,
        end_lane="cn_in_cell_e",
        end_mm=24_018,
        overlap_mm=2_000,
    )


def declaration() -> Declaration:
    goods = [GoodsLine(hs_code="1206", description="sunflower seed", net_mass_kg=21_800)]
    return Declaration(
        declaration_id="D-1",
        version=1,
        crossing_id="KZ-00001",
        vehicle_id="truck-01",
        vehicle_key_id=bytes(16),
        trailer_id="T-1",
        seals=["S-1"],
        gross_mass_kg=36_800,
        cargo_mass_kg=21_800,
        goods=goods,
        consignor=Trader(trader_id="a"),
        consignee=Trader(trader_id="b"),
    )


def permit_request() -> PermitRequest:
    """The largest message on the way to a gate: two signed releases in it."""
    signer = Signer.from_seed(bytes(32))
    subject = ReleaseSubject(crossing_id="KZ-00001", vehicle_id="truck-01", seals=["S-1"])
    release = seal_document(signer, Release(release_id="KZ-KZ-00001-1", subject=subject))
    return PermitRequest(
        gate_id="kz_out", nonce=bytes(16), crossing_id="KZ-00001", releases=[release, release]
    )


def _through(sender: str, to: str, message: Message) -> float:
    """Messages a processor second from one mailbox to the other."""
    pair = Pair()

    def work() -> None:
        for _ in range(COUNT):
            pair.say(sender, to, message)

    work()
    return COUNT / repeat(work).median_s


def _microseconds(call: Callable[[], object]) -> float:
    def work() -> None:
        for _ in range(COUNT):
            call()

    work()
    return 1e6 * repeat(work).median_s / COUNT


def _parse_row(message: Message) -> list[str]:
    kind, payload = type(message), message.SerializeToString()
    assert not isinstance(parse(kind, payload), Refused), "a sound message was refused"
    bare_us = _microseconds(lambda: kind.FromString(payload))
    checked_us = _microseconds(lambda: parse(kind, payload))
    name = f"{kind.__name__}, {len(payload)} B"
    return [name, f"{bare_us:.2f} us", f"{checked_us:.2f} us", f"{checked_us / bare_us:.1f}"]


def run(options: Any) -> None:
    """Measure and print."""
    del options
    ways = (
        ("heartbeat (telemetry)", "truck-01", "supervisor", heartbeat()),
        ("position (session, acknowledged)", "truck-01", "supervisor", position()),
        ("authority (the same, signed)", "supervisor", "truck-01", authority()),
    )
    rates = {name: _through(sender, to, message) for name, sender, to, message in ways}
    first = next(iter(rates.values()))
    rows = [
        [name, f"{found:,.0f}", f"{1e6 / found:.0f} us", f"{first / found:.1f}"]
        for name, found in rates.items()
    ]
    print_table(
        "mailbox to mailbox, sealed and opened: messages a processor second",
        ("", "messages/s", "each", "cost"),
        rows,
    )
    samples = (heartbeat(), position(), authority(), declaration(), permit_request())
    print_table(
        "parsing a payload: protobuf alone, and with every rule of contract/wire.py",
        ("", "protobuf", "checked", "ratio"),
        [_parse_row(message) for message in samples],
    )
