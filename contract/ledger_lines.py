"""The ledger as files: one line a record, one line a head, one page of public keys.

Pure. Every line has one way to be written, so that a changed byte shows even where no hash covers
it: a reader writes what it has read once more and compares. Format: docs/LEDGER.md.
Not here: what a ledger proves (corridor/ledger.py), where files lie (the programs).
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from google.protobuf.message import Message

from contract.agent import Refused, Role
from contract.heads import ENTRY_KEY, FORK_KEY, HEAD_KEY, SEEN_KEY, WITNESS_KEY
from contract.ledger import KEEPERS, Entry
from contract.roster import Node, Roster
from contract.signing import key_id, type_name
from contract.v1 import customs_pb2
from contract.v1.customs_pb2 import (
    CustodyRecord,
    CustodyStep,
    Declaration,
    Endorsement,
    Hold,
    Refusal,
    Reinstatement,
    Release,
    Revocation,
    ScanRecord,
    ScanVerdict,
    SelectionCommitment,
)
from contract.v1.document_pb2 import Channel, Document
from contract.v1.ledger_pb2 import LedgerHead
from contract.v1.people_pb2 import Roadworthiness
from contract.wire import parse

FORMAT: Final = 1
HEADS_FILE: Final = "heads.jsonl"
ROSTER_FILE: Final = "roster.json"
_HEAD_KEYS: Final = (HEAD_KEY, SEEN_KEY, WITNESS_KEY, FORK_KEY)
_KINDS: Final[dict[str, type[Message]]] = {
    type_name(kind): kind
    for kind in (
        *(CustodyRecord, ScanRecord, Release, Hold, Refusal, Revocation),
        *(Endorsement, Declaration, Roadworthiness, Reinstatement),
        SelectionCommitment,
    )
}


class _EntryLine(msgspec.Struct, frozen=True):
    number: int
    at_utc_ms: int
    previous: str
    hash: str
    record: str


class _HeadSignature(msgspec.Struct, frozen=True):
    key_id: str
    signature: str


class _HeadLine(msgspec.Struct, frozen=True):
    head: str
    signatures: list[_HeadSignature]


class _NodeLine(msgspec.Struct, frozen=True):
    name: str
    role: Role
    site: str
    ed25519: str


class _ReleaseKey(msgspec.Struct, frozen=True):
    country: str
    ed25519: str


class _RosterPage(msgspec.Struct, frozen=True):
    nodes: list[_NodeLine]
    release_keys: list[_ReleaseKey]


# --- records ---


def payload_of(document: Document) -> Message | None:
    """What a document of the ledger says; None for a kind that this version does not know."""
    kind = _KINDS.get(document.payload_type)
    parsed = parse(kind, document.payload) if kind is not None else None
    return None if isinstance(parsed, Refused) else parsed


def document_of(entry: Entry) -> Document | None:
    """The signed document of an entry; None if the record is none."""
    parsed = parse(Document, entry.record)
    return None if isinstance(parsed, Refused) else parsed


def crossing_of(message: Message | None) -> str:
    """The crossing that a record is about, "" if none."""
    if isinstance(message, Release):
        return message.subject.crossing_id
    return str(getattr(message, "crossing_id", ""))


def describe(document: Document) -> dict[str, Any]:
    """What a record says, for people: the fields that a line has beside the record itself."""
    message = payload_of(document)
    told: dict[str, Any] = {"kind": document.payload_type.rpartition(".")[2]}
    if message is not None:
        told["crossing"] = crossing_of(message)
        told |= _DESCRIBE[type(message)](message)
    return told


def entry_line(entry: Entry) -> bytes:
    """One line of `NODE.jsonl`, without its end."""
    document = document_of(entry)
    return msgspec.json.encode(
        {
            "number": entry.number,
            "at_utc_ms": entry.at_utc_ms,
            **(describe(document) if document is not None else {"kind": ""}),
            "previous": entry.previous.hex(),
            "hash": entry.hash.hex(),
            "record": base64.b64encode(entry.record).decode(),
        }
    )


def read_entry(line: bytes) -> Entry | str:
    """The entry in a line, or what is wrong with the line. Whether it is written as it should be is
    `entry_line`'s to say.
    """
    try:
        said = msgspec.json.decode(line, type=_EntryLine)
        previous, hashed = bytes.fromhex(said.previous), bytes.fromhex(said.hash)
        record = base64.b64decode(said.record, validate=True)
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error, ValueError) as fault:
        return f"no line of a ledger: {fault}"
    return Entry(said.number, previous, record, hashed, said.at_utc_ms)


# --- heads ---


def head_line(document: Document) -> bytes:
    """One line of `heads.jsonl`, without its end."""
    parsed = parse(LedgerHead, document.payload)
    head = LedgerHead() if isinstance(parsed, Refused) else parsed
    return msgspec.json.encode(
        {
            "node": head.node,
            "number": head.number,
            "hash": head.hash.hex(),
            "at_utc_ms": head.at_utc_ms,
            "head": base64.b64encode(document.payload).decode(),
            "signatures": [
                {"key_id": each.key_id.hex(), "signature": each.signature.hex()}
                for each in document.signatures
            ],
        }
    )


def read_head(line: bytes) -> Document | str:
    """The head in a line with all its signatures, or what is wrong with the line."""
    try:
        said = msgspec.json.decode(line, type=_HeadLine)
        document = Document(
            payload_type=type_name(LedgerHead),
            payload=base64.b64decode(said.head, validate=True),
        )
        for each in said.signatures:
            signature = document.signatures.add()
            signature.key_id = bytes.fromhex(each.key_id)
            signature.signature = bytes.fromhex(each.signature)
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error, ValueError) as fault:
        return f"no head: {fault}"
    return document


# --- keys ---


def roster_page(roster: Roster) -> bytes:
    """`roster.json`: who signs what with which key, and a digest over all of it."""
    body = {
        "format_version": FORMAT,
        "version": roster.version,
        "nodes": [
            {
                "name": node.name,
                "role": node.role.value,
                "site": node.site,
                "ed25519": node.public_key.hex(),
            }
            for node in sorted(roster.nodes.values(), key=lambda each: each.name)
            if node.role in KEEPERS
        ],
        "release_keys": [
            {"country": country, "ed25519": public.hex()}
            for country, keys in sorted(roster.release_keys.items())
            for _, public in sorted(keys.items())
        ],
    }
    digest = hashlib.sha256(msgspec.json.encode(body)).hexdigest()
    return msgspec.json.format(msgspec.json.encode(body | {"sha256": digest}), indent=1) + b"\n"


def read_roster(page: bytes) -> tuple[Roster, str] | str:
    """The keys and their digest, or what is wrong with the page."""
    try:
        said = msgspec.json.decode(page, type=_RosterPage)
        raw = msgspec.json.decode(page)
        nodes = {
            each.name: Node(each.name, each.role, bytes.fromhex(each.ed25519), each.site)
            for each in said.nodes
        }
        release_keys: dict[str, dict[bytes, bytes]] = {}
        for key in said.release_keys:
            public = bytes.fromhex(key.ed25519)
            release_keys.setdefault(key.country, {})[key_id(public)] = public
        version, digest = int(raw["version"]), str(raw["sha256"])
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, KeyError, TypeError) as fault:
        return f"no page of keys: {fault}"
    return Roster(nodes, release_keys, version=version), digest


# --- from journals to files ---


def ledger_files(roster: Roster, journals: Mapping[str, Mapping[str, bytes]]) -> dict[str, bytes]:
    """Every file of a ledger folder by name, from the journals of the nodes that keep ledgers."""
    files = {ROSTER_FILE: roster_page(roster)}
    heads: list[Document] = []
    for name, journal in sorted(journals.items()):
        node = roster.nodes.get(name)
        if node is None or node.role not in KEEPERS:
            continue
        keys = sorted(key for key in journal if key.startswith(ENTRY_KEY))
        entries = (msgspec.msgpack.decode(journal[key], type=Entry) for key in keys)
        files[f"{name}.jsonl"] = _lines(entry_line(entry) for entry in entries)
        heads += [
            Document.FromString(journal[key])
            for key in sorted(journal)
            if key.startswith(_HEAD_KEYS)
        ]
    files[HEADS_FILE] = _lines(head_line(each) for each in _merged(heads))
    return files


def _lines(lines: Iterable[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _merged(heads: list[Document]) -> list[Document]:
    """Each head once with everybody's signatures, by node and number."""
    merged: dict[bytes, Document] = {}
    for document in heads:
        known = merged.setdefault(document.payload, document)
        have = {each.key_id for each in known.signatures}
        known.signatures.extend(each for each in document.signatures if each.key_id not in have)
    return sorted(merged.values(), key=head_place)


def head_place(document: Document) -> tuple[str, int, bytes]:
    """Where a head has its line: by node, number, and the bytes themselves."""
    parsed = parse(LedgerHead, document.payload)
    head = LedgerHead() if isinstance(parsed, Refused) else parsed
    return head.node, head.number, document.payload


# --- records in words ---


def _custody(record: Any) -> dict[str, Any]:
    return {
        "step": CustodyStep.Name(record.step).removeprefix("CUSTODY_STEP_"),
        "place": record.place_id,
        "vehicle": record.vehicle_id,
        "seals": list(record.seals),
        "evidence": record.evidence_sha256.hex(),
    }


def _scan(record: Any) -> dict[str, Any]:
    return {
        "station": record.station_id,
        "vehicle": record.vehicle_id,
        "verdict": ScanVerdict.Name(record.verdict).removeprefix("SCAN_VERDICT_").lower(),
        "reason": record.reason,
        "mass_kg": record.measured_mass_kg,
        "seals": list(record.seals),
    }


def _release(release: Any) -> dict[str, Any]:
    return {
        "release": release.release_id,
        "vehicle": release.subject.vehicle_id,
        "seals": list(release.subject.seals),
        "channel": Channel.Name(release.channel).removeprefix("CHANNEL_").lower(),
        "rules": list(release.rules),
        "declaration": release.subject.declaration_sha256.hex(),
    }


def _no(decision: Any) -> dict[str, Any]:
    return {
        "reason": decision.reason,
        "rules": list(decision.rules),
        "declaration": decision.declaration_sha256.hex(),
    }


def _revocation(revocation: Any) -> dict[str, Any]:
    return {
        "release": revocation.release_id,
        "reason": revocation.reason,
        "revocation": revocation.number,
    }


def _endorsement(endorsement: Any) -> dict[str, Any]:
    agency = customs_pb2.Agency.Name(endorsement.agency).removeprefix("AGENCY_").lower()
    return {
        "agency": agency,
        "endorsed": endorsement.endorsed,
        "reason": endorsement.reason,
        "declaration": endorsement.declaration_sha256.hex(),
    }


def _declaration(declaration: Any) -> dict[str, Any]:
    return {
        "declaration_id": declaration.declaration_id,
        "version": declaration.version,
        "vehicle": declaration.vehicle_id,
        "seals": list(declaration.seals),
        "mass_kg": declaration.gross_mass_kg,
    }


def _reinstatement(paper: Any) -> dict[str, Any]:
    return {
        "station": paper.station_id,
        "officers": [word.officer_id for word in paper.words],
        "reasons": [word.reason for word in paper.words],
    }


def _selection(commitment: Any) -> dict[str, Any]:
    return {"selection": commitment.number, "seed_sha256": commitment.seed_sha256.hex()}


def _roadworthiness(tested: Any) -> dict[str, Any]:
    return {"vehicle": tested.vehicle_id, "trailer": tested.trailer_id}


_DESCRIBE: Final[dict[type[Message], Callable[[Any], dict[str, Any]]]] = {
    CustodyRecord: _custody,
    ScanRecord: _scan,
    Release: _release,
    Hold: _no,
    Refusal: _no,
    Revocation: _revocation,
    Endorsement: _endorsement,
    Declaration: _declaration,
    Roadworthiness: _roadworthiness,
    Reinstatement: _reinstatement,
    SelectionCommitment: _selection,
}
