"""What the records of a day's ledgers say together: custody, releases, declarations.

Pure. Custody of each crossing in its one order, and in the gates' own ledgers too; whoever left had
a release of each office; whatever was released had been declared by a terminal in these very words;
a suspended station was believed again by two officers; chance drew by what was committed to.
Not here: whether a ledger is whole in itself (ledger.py).
"""

from contract.agent import Role
from contract.ledger import judge_step
from contract.ledger_lines import crossing_of
from contract.signing import digest
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_EXITED,
    CustodyRecord,
    Declaration,
    Refusal,
    Reinstatement,
    Release,
    ScanRecord,
)
from corridor.ledger_proof import Proof, Record
from corridor.selection_audit import judge_commitments


def judge_story(proof: Proof) -> None:
    """Name whatever the ledgers say of each other that cannot be."""
    _judge_custody(proof)
    _judge_releases(proof)
    _judge_declarations(proof)
    _judge_reinstatements(proof)
    judge_commitments(proof)


def _judge_custody(proof: Proof) -> None:
    """Each crossing's custody in its one order, and the gates' own copies of their steps."""
    held = {
        name: {record.entry.record for record in records} for name, records in proof.entries.items()
    }
    every = [each.message for records in proof.entries.values() for each in records]
    turned_away = {each.crossing_id for each in every if isinstance(each, Refusal)}
    for node in proof.roster.of_role(Role.SUPERVISOR):
        steps: dict[str, int] = {}
        for record in proof.entries.get(node.name, []):
            message = record.message
            if not isinstance(message, CustodyRecord):
                continue
            before, was = steps.get(message.crossing_id, 0), message.crossing_id in turned_away
            refused = judge_step(before, message, refused=was)
            if refused is not None:
                seen, _, wanted = refused.detail.partition(" instead of ")
                found = f"a gap in the custody of {message.crossing_id}: {seen}"
                proof.say(record.file, record.line, found, wanted)
            steps[message.crossing_id] = message.step
            gate = proof.roster.nodes.get(message.place_id)
            if gate is None or gate.role is not Role.GATE or gate.name not in held:
                continue
            if record.entry.record not in held[gate.name]:
                what = f"{message.crossing_id} at {gate.name}"
                wanted = f"the record of {what} that is in {record.file}:{record.line}"
                proof.say(f"{gate.name}.jsonl", 0, f"says nothing of {what}", wanted)


def _judge_releases(proof: Proof) -> None:
    """Whoever left had a release of each office: the ledgers of the offices say so."""
    released: dict[str, set[str]] = {}
    for node in proof.roster.of_role(Role.OFFICE):
        for record in proof.entries.get(node.name, []):
            if isinstance(record.message, Release):
                released.setdefault(crossing_of(record.message), set()).add(node.name)
    offices = [node.name for node in proof.roster.of_role(Role.OFFICE)]
    for node in proof.roster.of_role(Role.GATE):
        for record in proof.entries.get(node.name, []):
            message = record.message
            if not isinstance(message, CustodyRecord) or message.step != CUSTODY_STEP_EXITED:
                continue
            for office in offices:
                if office not in released.get(message.crossing_id, ()):
                    found = f"{message.crossing_id} left without a release of {office}"
                    proof.say(record.file, record.line, found, f"a release in {office}.jsonl")


def _judge_declarations(proof: Proof) -> None:
    """What an office has released, a terminal has declared: its ledger has the very version."""
    terminals = proof.roster.of_role(Role.TERMINAL)
    if not terminals:
        return  # a folder of before terminals kept ledgers
    declared = {
        digest(record.document.payload)
        for node in terminals
        for record in proof.entries.get(node.name, [])
        if isinstance(record.message, Declaration)
    }
    files = " or ".join(f"{node.name}.jsonl" for node in terminals)
    for node in proof.roster.of_role(Role.OFFICE):
        for record in proof.entries.get(node.name, []):
            message = record.message
            if not isinstance(message, Release):
                continue
            if message.subject.declaration_sha256 not in declared:
                found = f"{crossing_of(message)} was released, but no terminal has declared that"
                proof.say(record.file, record.line, found, f"its declaration in {files}")


def _judge_reinstatements(proof: Proof) -> None:
    """A suspended station is believed again by the word of two officers with keys of their own."""
    for node in proof.roster.of_role(Role.OFFICE):
        for record in proof.entries.get(node.name, []):
            message = record.message
            if not isinstance(message, Reinstatement):
                continue
            keys = {word.node for word in message.words}
            if len(keys) != 2 or len(message.words) != 2:
                found = f"{message.station_id} is believed again by {' and '.join(sorted(keys))}"
                proof.say(record.file, record.line, found, "the word of two officers")


# --- one crossing ---


def of_crossing(proof: Proof, crossing: str) -> list[Record]:
    """Everything that any ledger says of one crossing, in order of time; a record that two ledgers
    hold comes once, from whoever signed it.
    """
    found: dict[bytes, Record] = {}
    for name, records in sorted(proof.entries.items()):
        node = proof.roster.nodes[name]
        for record in records:
            if crossing_of(record.message) != crossing:
                continue
            known = found.get(record.entry.record)
            if known is None or node.role is not Role.SUPERVISOR:
                found[record.entry.record] = record
    return sorted(found.values(), key=lambda each: (time_of(each), each.file, each.line))


def time_of(record: Record) -> int:
    """When it happened, where the document says so; else when it was written down."""
    message = record.message
    if isinstance(message, CustodyRecord):
        return message.at_utc_ms
    if isinstance(message, ScanRecord):
        return message.finished_utc_ms
    return record.entry.at_utc_ms


def crossings_of(proof: Proof) -> list[str]:
    """Every crossing that any ledger names."""
    every = [each for records in proof.entries.values() for each in records]
    return sorted({crossing_of(each.message) for each in every} - {""})
