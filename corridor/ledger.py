"""The proof of a day: what a folder of ledgers holds together, and what does not.

Pure. In: the files of a ledger folder by name. Out: a `Proof` with every break named by file, line
and what was expected: a changed byte, a missing or moved line, a tail that a countersigned head
knows of, two hashes for one number, a signature by somebody else, custody with a gap, a truck that
left without a release of each office.
Not here: what the records say of each other (ledger_story.py), reading files (cli/ledger.py), the
chain and heads (contract/). What this cannot prove is in docs/LEDGER.md.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Final

from google.protobuf.message import Message

from contract.agent import Refused, Role
from contract.ledger import (
    GENESIS,
    KEEPERS,
    break_between,
    countersigners,
    open_head,
)
from contract.ledger_lines import (
    HEADS_FILE,
    ROSTER_FILE,
    document_of,
    entry_line,
    head_line,
    head_place,
    payload_of,
    read_entry,
    read_head,
    read_roster,
    roster_page,
)
from contract.roster import Node, Roster
from contract.signing import open_document
from contract.v1.customs_pb2 import (
    CustodyRecord,
    Declaration,
    Endorsement,
    Hold,
    Refusal,
    Reinstatement,
    Release,
    Revocation,
    ScanRecord,
    SelectionCommitment,
)
from contract.v1.document_pb2 import Country, Document
from contract.v1.ledger_pb2 import LedgerHead
from contract.v1.people_pb2 import Roadworthiness
from corridor.ledger_proof import Proof, Record
from corridor.ledger_story import judge_story

_NUMBER_MAX: Final = 2**62
_DECISIONS: Final = (Release, Hold, Refusal, Revocation, Reinstatement, SelectionCommitment)
_PLACES: Final[Mapping[type[Message], Role]] = {
    ScanRecord: Role.GATE,
    Endorsement: Role.AGENCY,
    Declaration: Role.TERMINAL,
    Roadworthiness: Role.TERMINAL,
}


def prove(files: Mapping[str, bytes]) -> Proof:
    """The proof of a folder. A folder without a page of keys is a broken one."""
    proof = Proof(Roster({}, {}))
    _read_keys(proof, files.get(ROSTER_FILE))
    if not proof.roster.nodes:
        return proof
    for name in sorted(files):
        if name in (ROSTER_FILE, HEADS_FILE):
            continue
        node = proof.roster.nodes.get(name.removesuffix(".jsonl"))
        if node is None or not name.endswith(".jsonl") or node.role not in KEEPERS:
            proof.say(name, 0, "nobody's ledger", f"a file of a node of {ROSTER_FILE}")
        else:
            proof.entries[node.name] = list(_read_ledger(proof, node, files[name]))
    for node in proof.roster.nodes.values():
        if node.role in KEEPERS and node.name not in proof.entries:
            proof.say(f"{node.name}.jsonl", 0, "missing", f"the ledger of {node.name}")
    if HEADS_FILE not in files:
        proof.say(HEADS_FILE, 0, "missing", "the heads of all ledgers")
    _read_heads(proof, files.get(HEADS_FILE, b""))
    judge_story(proof)
    return proof


# --- files ---


def _read_keys(proof: Proof, page: bytes | None) -> None:
    if page is None:
        proof.say(ROSTER_FILE, 0, "missing", "the public keys of all nodes")
        return
    keys = read_roster(page)
    if isinstance(keys, str):
        proof.say(ROSTER_FILE, 0, keys, "the public keys of all nodes")
        return
    proof.roster, proof.digest = keys
    written = roster_page(proof.roster)
    if written != page:
        before, after = page.splitlines(), written.splitlines()
        pairs = enumerate(zip(before, after, strict=False), 1)
        line = next((n for n, (was, is_) in pairs if was != is_), min(len(before), len(after)) + 1)
        proof.say(ROSTER_FILE, line, "not as it was written", "keys that match their digest")


def _lines(proof: Proof, file: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    if not data:
        return
    *whole, rest = data.split(b"\n")
    yield from enumerate(whole, 1)
    if rest:
        proof.say(file, len(whole) + 1, "a line without its end", "a whole line")
        yield len(whole) + 1, rest


def _read_ledger(proof: Proof, node: Node, data: bytes) -> Iterator[Record]:
    """A break is named once: what follows is held against the line before it."""
    file, previous, number = f"{node.name}.jsonl", GENESIS, 1
    for place, line in _lines(proof, file, data):
        entry = read_entry(line)
        if isinstance(entry, str):
            proof.say(file, place, entry, f"entry {number}")
            previous, number = b"", number + 1  # what comes next follows nothing that is known
            continue
        said = break_between(number, previous or entry.previous, entry)
        if said:
            behind = f" behind {_short(previous)}" if previous else ""
            proof.say(file, place, said, f"entry {number}{behind}")
        elif entry_line(entry) != line:
            proof.say(file, place, "words that its record does not say", "the line as written")
        previous = entry.hash
        number = (entry.number if 0 < entry.number < _NUMBER_MAX else number) + 1
        document = document_of(entry)
        if document is None:
            proof.say(file, place, "its record is no document", "a signed document")
            continue
        if not said:
            _judge_signature(proof, node, place, document)
        yield Record(file, place, entry, document, payload_of(document))


def _short(value: bytes) -> str:
    return value.hex()[:16]


def _judge_signature(proof: Proof, node: Node, line: int, document: Document) -> None:
    """Signed by whom the place and the kind of document ask for, and by nobody else."""
    file, message = f"{node.name}.jsonl", payload_of(document)
    kind = type(message) if message is not None else None
    place = _PLACES.get(kind, node.role) if kind is not None else node.role
    if place is not node.role:
        found = f"a {document.payload_type.rpartition('.')[2]}"
        proof.say(file, line, found, f"one only in the ledger of a node of role {place.value}")
        return
    who, keys = node.name, {node.key_id: node.public_key}
    if isinstance(message, _DECISIONS):
        who = f"office {node.site}"
        keys = dict(proof.roster.release_keys.get(node.site, {}))
        office = Country.Name(message.office).removeprefix("COUNTRY_")
        if node.role is not Role.OFFICE or office != node.site:
            proof.say(file, line, f"a decision of {office}", f"one of {who}")
            return
    elif isinstance(message, CustodyRecord) and node.role is Role.SUPERVISOR:
        gate = proof.roster.nodes.get(message.place_id)
        if gate is not None and gate.role is Role.GATE:
            who, keys = gate.name, {gate.key_id: gate.public_key}
    elif isinstance(message, CustodyRecord) and message.place_id != node.name:
        proof.say(file, line, f"custody at {message.place_id}", f"custody at {node.name}")
        return
    elif isinstance(message, Endorsement):
        side = Country.Name(message.side).removeprefix("COUNTRY_")
        if side != node.site:
            proof.say(file, line, f"an endorsement of {side}", f"one of {node.site}")
            return
    elif message is None:
        keys |= proof.roster.release_keys.get(node.site, {}) if node.role is Role.OFFICE else {}
    if kind is None:
        signed = bool(countersigners(document, {k.hex(): (k, p) for k, p in keys.items()}))
        refused = None if signed else "not signed by it"
    else:
        opened = open_document(document, kind, keys)
        refused = f"{opened.reason.name}: {opened.detail}" if isinstance(opened, Refused) else None
    if refused is not None:
        proof.say(file, line, f"a foreign signature, {refused}", f"a signature of {who}")


# --- heads ---


def _read_heads(proof: Proof, data: bytes) -> None:
    offices = {
        node.name: (node.key_id, node.public_key) for node in proof.roster.of_role(Role.OFFICE)
    }
    before: tuple[str, int, bytes] | None = None
    told: dict[tuple[str, int], tuple[int, bytes]] = {}
    for number, line in _lines(proof, HEADS_FILE, data):
        document = read_head(line)
        if isinstance(document, str):
            proof.say(HEADS_FILE, number, document, "a head")
            continue
        if head_line(document) != line:
            found = "words that the head does not say"
            proof.say(HEADS_FILE, number, found, "the line as written")
            continue
        head = open_head(document, proof.roster)
        if isinstance(head, Refused):
            found = f"{head.reason.name}: {head.detail}"
            proof.say(HEADS_FILE, number, found, "a head signed by the node that it names")
            continue
        place = head_place(document)
        if before is not None and place <= before:
            found = f"{head.node} {head.number} behind {before[0]} {before[1]}"
            proof.say(HEADS_FILE, number, found, "heads in order of node and number, each once")
        before = place
        names = countersigners(document, offices)
        if len(names) + (head.node not in offices) != len(document.signatures):
            found = f"{len(document.signatures)} signatures, of which some are nobody's"
            proof.say(HEADS_FILE, number, found, "signatures of the node and of offices")
        others = [name for name in names if name != head.node]
        proof.heads.append((head, others))
        _judge_fork(proof, told, number, head)
        _judge_reach(proof, number, head, others)


def _judge_fork(
    proof: Proof, told: dict[tuple[str, int], tuple[int, bytes]], line: int, head: LedgerHead
) -> None:
    """Two hashes for one number: both are signed by the node, which has told two stories."""
    first, hashed = told.setdefault((head.node, head.number), (line, head.hash))
    if hashed != head.hash:
        found = f"a fork: {head.node} number {head.number} is {_short(head.hash)}"
        proof.say(HEADS_FILE, line, found, f"{_short(hashed)} as in line {first}")


def _judge_reach(proof: Proof, line: int, head: LedgerHead, others: list[str]) -> None:
    """The ledger goes as far as its head, and says the same there."""
    records = proof.entries.get(head.node, [])
    file = f"{head.node}.jsonl"
    by = f"{HEADS_FILE}:{line}, signed by {', '.join([head.node, *others])}"
    last = records[-1].entry.number if records else 0
    if last < head.number:
        line = records[-1].line if records else 0
        found = f"its tail is missing: it ends with entry {last}"
        proof.say(file, line, found, f"{head.number} entries, by {by}")
        return
    at = bisect_left(records, head.number, key=lambda record: record.line)
    there = records[at] if at < len(records) else records[-1]
    if there.entry.number != head.number:
        return  # lines are missing or moved, and named already
    if there.entry.hash != head.hash:
        found = f"rewritten: entry {head.number} has hash {_short(there.entry.hash)}"
        proof.say(file, there.line, found, f"{_short(head.hash)}, by {by}")
    elif proof.countersigned(head, others):
        proof.covered[head.node] = max(proof.covered.get(head.node, 0), head.number)
