"""Small factories: people, keys, messages and inputs of a corridor. Tests state only what matters.

Times are milliseconds after an arbitrary start; one millisecond means the same on every clock.
"""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from contract.agent import (
    NS_PER_MS,
    Act,
    Boot,
    Effect,
    Journal,
    Now,
    Persist,
    Received,
    Refused,
    Report,
    Role,
    Send,
)
from contract.envelope import ENVELOPE_TYPE, Identity
from contract.events import Event
from contract.journal import fold
from contract.mailbox import Mailbox
from contract.map import CorridorMap, compile_map
from contract.roster import Node, Roster
from contract.signing import Signer, digest, seal_document
from contract.topics import BY_KIND
from contract.v1.customs_pb2 import Declaration, GoodsLine, Release, ReleaseSubject, Trader
from contract.v1.document_pb2 import (
    CHANNEL_GREEN,
    COUNTRY_CN,
    COUNTRY_KZ,
    DIRECTION_EAST,
    DIRECTION_WEST,
    Document,
)
from contract.v1.envelope_pb2 import Envelope, Frame

MAPS: Final = Path(__file__).parents[1] / "contract" / "maps"
START_MONO_MS: Final = 1_000_000
START_UTC_MS: Final = 1_800_000_000_000
HOUR_MS: Final = 3_600_000
TRUCKS: Final = ("truck-01", "truck-02", "truck-03")
ROLES: Final = {
    **dict.fromkeys(TRUCKS, (Role.VEHICLE, "")),
    "supervisor": (Role.SUPERVISOR, ""),
    "kz_out": (Role.GATE, "KZ"),
    "cn_in": (Role.GATE, "CN"),
    "cn_out": (Role.GATE, "CN"),
    "kz_in": (Role.GATE, "KZ"),
    "office-kz": (Role.OFFICE, "KZ"),
    "office-cn": (Role.OFFICE, "CN"),
    "terminal-kz": (Role.TERMINAL, "KZ"),
    "terminal-cn": (Role.TERMINAL, "CN"),
    "control-room": (Role.OPERATOR, ""),
    "second-room": (Role.OPERATOR, ""),
    "mechanic": (Role.OPERATOR, ""),
    "agencies-kz": (Role.AGENCY, "KZ"),
    "agencies-cn": (Role.AGENCY, "CN"),
}
A_BIN: Final = "150340012340"
A_CREDIT_CODE: Final = "91654200MA7XXXXX0A"
_COUNTRY: Final = {"KZ": COUNTRY_KZ, "CN": COUNTRY_CN}
MessageT = TypeVar("MessageT", bound=Message)


# --- time, boots, maps ---


def a_now(at_ms: float = 0.0, *, error_ms: float = 1.0) -> Now:
    """`at_ms` after the start of the test, on both clocks."""
    at_ns = round(at_ms * NS_PER_MS)
    utc_ns = START_UTC_MS * NS_PER_MS + at_ns
    return Now(START_MONO_MS * NS_PER_MS + at_ns, utc_ns, round(error_ms * NS_PER_MS))


def a_boot(name: str = "somebody", count: int = 1) -> Boot:
    """The `count`-th start of a program that has kept its journal."""
    each = f"{name}/{count}".encode()
    return Boot(digest(each)[:16], count, digest(b"seed " + each), digest(name.encode())[:16])


@functools.cache
def the_map(name: str = "smoke") -> CorridorMap:
    """An installed map, compiled once."""
    return compile_map((MAPS / f"{name}.geojson").read_bytes())


# --- keys and people ---


@functools.cache
def a_signer(name: str) -> Signer:
    """The signing key of this name; `release/KZ` and `release/CN` are the offices' release keys."""
    return Signer.from_seed(digest(b"test key of " + name.encode()))


def release_keys(*countries: str) -> dict[str, dict[bytes, bytes]]:
    """Release keys of these offices, of both if none is named."""
    signers = {country: a_signer(f"release/{country}") for country in countries or ("KZ", "CN")}
    return {country: {s.key_id: s.public_key} for country, s in signers.items()}


def a_roster(*left_out: str) -> Roster:
    """Everybody in ROLES but those left out, with their own keys."""
    nodes = {
        name: Node(name, role, a_signer(name).public_key, site)
        for name, (role, site) in ROLES.items()
        if name not in left_out
    }
    return Roster(nodes, release_keys(), staging=True)


def an_identity(name: str, **changes: Any) -> Identity:
    role = ROLES[name][0]
    values: dict[str, Any] = {
        "name": name,
        "role": role,
        "signer": a_signer(name),
        "map_digest": digest(b"a map"),
        "config_digest": bytes(32),
    }
    return Identity(**(values | changes))


def a_mailbox(name: str, *, greets: Iterable[str] = (), epoch: int = 0, **changes: Any) -> Mailbox:
    """A mailbox of one of ROLES; `changes` go into its identity."""
    identity = an_identity(name, **changes)
    return Mailbox(identity, a_roster(), greets=greets, epoch=lambda: epoch)


# --- customs ---


def a_subject(**changes: Any) -> ReleaseSubject:
    """What both releases of truck-01's crossing say."""
    values: dict[str, Any] = {
        "crossing_id": "KZ-1",
        "declaration_sha256": digest(b"a declaration"),
        "direction": DIRECTION_EAST,
        "vehicle_id": "truck-01",
        "vehicle_key_id": a_signer("truck-01").key_id,
        "trailer_id": "T-1",
        "seals": ["S-1"],
    }
    return ReleaseSubject(**(values | changes))


def a_release(country: str, subject: ReleaseSubject | None = None, **changes: Any) -> Release:
    """A release of one office, valid from an hour before the start until an hour after."""
    about = a_subject() if subject is None else subject
    origin = DIRECTION_EAST if country == "KZ" else DIRECTION_WEST
    values: dict[str, Any] = {
        "release_id": f"{country}-1",
        "office": _COUNTRY[country],
        "subject": about,
        "not_before_utc_ms": START_UTC_MS - HOUR_MS,
        "not_after_utc_ms": START_UTC_MS + HOUR_MS,
        "readmission_consent": about.direction == origin,
        "legal_signature_sha256": digest(b"national signature"),
        "channel": CHANNEL_GREEN,
    }
    return Release(**(values | changes))


def signed(message: Message, by: str) -> Document:
    """A document signed with this name's key."""
    return seal_document(a_signer(by), message)


def both_releases(subject: ReleaseSubject | None = None, **changes: Any) -> list[Document]:
    """Releases of both offices for one subject, with the same changes to each."""
    return [
        signed(a_release(country, subject, **changes), f"release/{country}")
        for country in ("KZ", "CN")
    ]


def a_declaration(**changes: Any) -> Declaration:
    """A valid declaration of a loaded truck, with a route in its direction."""
    route = ["KZ-BAKHTY", "CN-POKITU"]
    values: dict[str, Any] = {
        "declaration_id": "D-1",
        "version": 1,
        "crossing_id": "KZ-1",
        "direction": DIRECTION_EAST,
        "vehicle_id": "truck-01",
        "vehicle_key_id": a_signer("truck-01").key_id,
        "trailer_id": "T-1",
        "seals": ["S-1"],
        "gross_mass_kg": 36_000,
        "cargo_mass_kg": 20_000,
        "goods": [
            GoodsLine(hs_code="2710", description="oil", net_mass_kg=20_000, packages=1),
        ],
        "consignor": Trader(trader_id=A_BIN, country="KZ"),
        "consignee": Trader(trader_id=A_CREDIT_CODE, country="CN"),
        "carrier": Trader(trader_id=A_BIN, country="KZ"),
        "origin_country": "KZ",
        "destination_country": "CN",
        "customs_offices": route[::-1] if changes.get("direction") == DIRECTION_WEST else route,
    }
    return Declaration(**(values | changes))


# --- messages on the wire ---


def filled(kind: type[MessageT]) -> MessageT:
    """A message with every field set to something that is not its default."""
    message = kind()
    for field in kind.DESCRIPTOR.fields:
        _fill(message, field)
    return message


def _fill(message: Message, field: Any) -> None:
    if field.message_type is not None:
        inner = getattr(message, field.name)
        inner = inner.add() if field.is_repeated else inner
        inner.SetInParent()
        for below in field.message_type.fields:
            _fill(inner, below)
    elif field.is_repeated:
        getattr(message, field.name).append(_sample(field))
    else:
        setattr(message, field.name, _sample(field))


def _sample(field: Any) -> object:
    if field.enum_type is not None:
        return field.enum_type.values[1].number
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING:
        return b"x" if field.type == FieldDescriptor.TYPE_BYTES else "x"
    return True if field.type == FieldDescriptor.TYPE_BOOL else 1


def a_frame(
    sender: str, recipient: str, message: Message, /, *, by: str = "", **changes: Any
) -> bytes:
    """A frame of this message as its topic wants it; `by` signs, `changes` go into the envelope."""
    topic = BY_KIND[type(message)]
    values: dict[str, Any] = {
        "wire": 1,
        "sender": sender,
        "recipient": recipient,
        "boot_id": a_boot(sender).boot_id,
        "boot_count": 1,
        "recipient_boot_id": a_boot(recipient).boot_id,
        "epoch": 1 if ROLES[sender][0] is Role.SUPERVISOR else 0,
        "stream": topic.stream,
        "sequence": 1,
        "map_digest": digest(b"a map"),
        "payload_type": topic.name,
        "payload": message.SerializeToString(),
    }
    envelope = Envelope(**(values | changes)).SerializeToString()
    frame = Frame(envelope=envelope)
    if topic.signed:
        frame.signature.CopyFrom(a_signer(by or sender).sign(ENVELOPE_TYPE, envelope))
    return frame.SerializeToString()


def received(sender: str, message: Message, *, to: str = "", epoch: int | None = None) -> Received:
    """A message as the mailbox hands it to an agent, with its frame where `to` is said."""
    role = ROLES[sender][0]
    number = epoch if epoch is not None else int(role is Role.SUPERVISOR)
    frame = a_frame(sender, to, message, epoch=number) if to else b""
    return Received(sender, role, message, number, frame)


# --- what came out ---


def sends(effects: Iterable[Effect], kind: type[MessageT], to: str = "") -> list[MessageT]:
    """Messages of this kind that were sent, to this node if one is named."""
    out = [e for e in effects if isinstance(e, Send) and (not to or e.to == to)]
    return [e.message for e in out if isinstance(e.message, kind)]


def acts(effects: Iterable[Effect], kind: type | None = None) -> list[Any]:
    """Commands to the body, of this kind if one is named."""
    commands = [e.command for e in effects if isinstance(e, Act)]
    return [c for c in commands if kind is None or isinstance(c, kind)]


def reports(effects: Iterable[Effect], event: Event) -> list[Mapping[str, Any]]:
    """Fields of every report of this event."""
    return [e.fields for e in effects if isinstance(e, Report) and e.event is event]


def after_commit(state: Mapping[str, bytes], effects: Iterable[Effect]) -> dict[str, bytes]:
    """The folded journal after these effects' records were committed."""
    written = [(e.key, e.value) for e in effects if isinstance(e, Persist)]
    return fold(Journal(None, (*state.items(), *written)))


def uncatalogued(effects: Iterable[Effect]) -> list[str]:
    """Reports whose fields are not exactly the catalogue's."""
    return [
        f"{e.event.name}: {' '.join(e.fields)} instead of {' '.join(e.event.fields)}"
        for e in effects
        if isinstance(e, Report) and sorted(e.fields) != sorted(e.event.fields)
    ]


def reason_of(answer: object) -> str:
    """The code of a refusal; empty for anything else."""
    return answer.reason.name if isinstance(answer, Refused) else ""
