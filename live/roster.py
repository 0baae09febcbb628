"""The roster file: public keys of all nodes, good only with the signatures of both customs offices.

The signatures are over the exact bytes of the "roster" member, so people can read the file and must
not reformat it. Whose signatures count is said by the file itself and confirmed by the pins in a
program's configuration ([trust]); without pins only a roster for staging is accepted.
Not here: secrets (live/keys.py); the ceremony of the two offices (docs/).
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec
from zmq.utils import z85

from contract.agent import Role
from contract.errors import ConfigError, require
from contract.roster import Node, Roster
from contract.signing import key_id, verify
from live.keys import (
    NAME,
    NodeKeys,
    NodeSpec,
    curve_fault,
    ed25519_fault,
    first_double,
    make_keys,
    write_keys,
)

FORMAT: Final = 1
ROSTER_TYPE: Final = "convoy.roster.v1"
ROSTER_FILE: Final = "roster.json"
ROSTER_BYTES_MAX: Final = 4_000_000
COUNTRIES: Final = ("KZ", "CN")

CurveTable = Mapping[str, bytes]


class _Node(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    name: str
    role: Role
    site: str
    ed25519: str
    curve: str


class _ReleaseKey(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    country: str
    node: str
    ed25519: str


class _Roster(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    format_version: int
    version: Annotated[int, msgspec.Meta(ge=1)]
    staging: bool
    nodes: list[_Node]
    release_keys: list[_ReleaseKey]


class _RosterSignature(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    country: str
    signature: str


class _SignedRoster(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    roster: msgspec.Raw
    signatures: list[_RosterSignature]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A corridor's keys: the signed roster file's bytes, what it says, and every node's secrets."""

    roster_file: bytes
    roster: Roster
    curve_table: CurveTable
    keys: Mapping[str, NodeKeys]
    specs: tuple[NodeSpec, ...]

    def write(self, folder: Path) -> None:
        """Write key folders and roster into `folder`, which is created."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if (folder / ROSTER_FILE).exists():
                raise ConfigError(f"{folder / ROSTER_FILE} is there already; it is not replaced")
            for spec in self.specs:
                write_keys(folder, spec, self.keys[spec.name])
            (folder / ROSTER_FILE).write_bytes(self.roster_file)
        except OSError as fault:
            raise ConfigError(f"{fault.filename or folder}: {fault.strerror}") from None


def enrol(
    specs: Iterable[NodeSpec], *, staging: bool, seed: bytes | None = None, version: int = 1
) -> Enrolment:
    """Make keys for all nodes and the roster that both offices sign. Raises ConfigError."""
    nodes = tuple(specs)
    _check_specs(nodes)
    require(seed is None or staging, "keys drawn from a seed are for staging only")
    keys = {spec.name: make_keys(spec, seed) for spec in nodes}
    body = _Roster(
        format_version=FORMAT,
        version=version,
        staging=staging,
        nodes=[_public(spec, keys[spec.name]) for spec in nodes],
        release_keys=[
            _ReleaseKey(spec.site, spec.name, signer.public_key.hex())
            for spec in nodes
            if (signer := keys[spec.name].release_signer) is not None
        ],
    )
    signed = msgspec.json.format(msgspec.json.encode(body), indent=2)
    signatures = []
    for spec in nodes:
        signer = keys[spec.name].release_signer
        if signer is not None:
            made = signer.sign(ROSTER_TYPE, signed).signature
            signatures.append(_RosterSignature(spec.site, made.hex()))
    tail = msgspec.json.encode(signatures)
    data = b'{"roster": ' + signed + b',\n"signatures": ' + tail + b"}\n"
    roster, table = parse_roster(data, "the new roster")
    return Enrolment(data, roster, table, keys, nodes)


def throwaway(specs: Iterable[NodeSpec], seed: bytes | None = None) -> Enrolment:
    """Keys for one staged run; the same seed gives the same keys. Good for staging only."""
    return enrol(specs, staging=True, seed=seed)


def _public(spec: NodeSpec, keys: NodeKeys) -> _Node:
    curve = keys.curve_public.decode()
    return _Node(spec.name, spec.role, spec.site, keys.signer.public_key.hex(), curve)


def _check_specs(specs: Sequence[NodeSpec]) -> None:
    for spec in specs:
        if not NAME.fullmatch(spec.name):
            raise ConfigError(
                f"node name {spec.name!r}: expected letters, digits, '.', '_' and '-', at most 64"
            )
    names = [spec.name for spec in specs]
    double = next((name for name in names if names.count(name) > 1), None)
    if double is not None:
        raise ConfigError(f"node {double} is listed twice")
    offices = sorted(spec.site for spec in specs if spec.role is Role.OFFICE)
    if offices != sorted(COUNTRIES):
        raise ConfigError(
            f"offices for {', '.join(offices) or 'nobody'}: expected one node of role office for"
            " each of KZ and CN, because both sign the roster (--node office-kz:office:KZ)"
        )


# --- reading ---


def load_roster(
    path: Path, pins: Mapping[str, str | None] | None = None
) -> tuple[Roster, CurveTable]:
    """The verified roster and name -> CURVE public key (Z85).

    pins   country -> key id (hexadecimal) of the release key that must have signed; None for a
           tool that only looks. Raises ConfigError.
    """
    try:
        with path.open("rb") as file:
            data = file.read(ROSTER_BYTES_MAX)
    except OSError as fault:
        raise ConfigError(f"roster {path}: {fault.strerror}") from None
    roster, table = parse_roster(data, f"roster {path}")
    if pins is not None:
        _check_pins(roster, pins, f"roster {path}")
    return roster, table


def parse_roster(data: bytes, origin: str) -> tuple[Roster, CurveTable]:
    """Like `load_roster`, from bytes; both signatures are checked before anything is believed."""
    try:
        signed = msgspec.json.decode(data, type=_SignedRoster)
        raw = bytes(signed.roster)
        body = msgspec.json.decode(raw, type=_Roster)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{origin}: malformed: {fault}") from None
    if body.format_version != FORMAT:
        raise ConfigError(f"{origin}: format {body.format_version}, this program reads {FORMAT}")
    release_keys: dict[str, dict[bytes, bytes]] = {country: {} for country in COUNTRIES}
    for item in body.release_keys:
        if item.country not in release_keys:
            raise ConfigError(f"{origin}: release key of {item.country!r}; expected KZ or CN")
        public = _unhex(item.ed25519, origin)
        release_keys[item.country][key_id(public)] = public
    _check_enrolment(body, origin)
    for country in COUNTRIES:
        made = [
            _unhex(one.signature, origin) for one in signed.signatures if one.country == country
        ]
        keys = release_keys[country].values()
        if not any(verify(key, ROSTER_TYPE, raw, one) for key in keys for one in made):
            raise ConfigError(
                f"{origin}: not signed by the release key of {country}, or changed since;"
                " expected the signatures of both offices over the exact bytes"
            )
    nodes = {
        item.name: Node(item.name, item.role, _unhex(item.ed25519, origin), item.site)
        for item in body.nodes
    }
    roster = Roster(nodes, release_keys, body.staging, body.version)
    return roster, {item.name: item.curve.encode() for item in body.nodes}


def _check_enrolment(body: _Roster, origin: str) -> None:
    """No key is enrolled that is weak, malformed or used twice."""
    found: list[tuple[str, bytes]] = []
    names = set()
    for item in body.nodes:
        if not NAME.fullmatch(item.name) or item.name in names:
            raise ConfigError(f"{origin}: node name {item.name!r} is malformed or listed twice")
        names.add(item.name)
        public, curve = _unhex(item.ed25519, origin), item.curve.encode()
        fault = ed25519_fault(public) or curve_fault(curve)
        if fault is not None:
            raise ConfigError(f"{origin}: node {item.name}: {fault}")
        found += [(f"signing key of {item.name}", public)]
        found += [(f"CURVE key of {item.name}", z85.decode(curve))]
    for release in body.release_keys:
        public = _unhex(release.ed25519, origin)
        fault = ed25519_fault(public)
        if fault is not None:
            raise ConfigError(f"{origin}: release key of {release.country}: {fault}")
        found.append((f"release key of {release.country}", public))
    double = first_double(found)
    if double is not None:
        raise ConfigError(f"{origin}: {double}; every key must be used once")


def _check_pins(roster: Roster, pins: Mapping[str, str | None], origin: str) -> None:
    for country in COUNTRIES:
        pin = pins.get(country)
        found = sorted(key.hex() for key in roster.release_keys[country])
        if pin is None and not roster.staging:
            raise ConfigError(
                f"{origin}: [trust] {country} is missing; compare {', '.join(found)} with what the"
                " office published and write it there (only a roster for staging goes without)"
            )
        if pin is not None and found != [pin]:
            raise ConfigError(
                f"{origin}: release key of {country} is {', '.join(found) or 'missing'},"
                f" but [trust] {country} = {pin}; do not go on before both offices confirm which"
            )


def _unhex(text: str, origin: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise ConfigError(f"{origin}: {text[:20]!r} is not hexadecimal") from None


def fingerprint(data: bytes) -> str:
    """What two delegations read aloud: SHA-256 of the roster file in groups of four."""
    text = hashlib.sha256(data).hexdigest()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))
