"""Did chance draw as an office has committed to? Its papers, held against its commitments and seed.

Pure. Without a seed: every paper that tells of a draw names a commitment that stands before it in
the office's own ledger, and no crossing was released undrawn. With the seed, which an office shows
when the day is over: every draw is done once more, over the declaration as its terminal has signed
it, and whatever a paper says otherwise is named. Whether a rule fired is for the book to say.
Not here: the draw itself (contract/selection.py), who has signed what (ledger.py).
Requirements: OFF-005, OFF-013 in docs/SAFETY.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from contract.agent import Role
from contract.ledger_lines import crossing_of
from contract.selection import (
    DRAWN_AGAIN,
    SCANS_DO_NOT_COUNT,
    Shares,
    draw,
    draw_again,
    in_words,
    said_of_draw,
    seed_digest,
    select,
)
from contract.signing import digest
from contract.v1.customs_pb2 import (
    Declaration,
    Hold,
    Refusal,
    Release,
    SelectionCommitment,
    SelectionShares,
)
from contract.v1.document_pb2 import DIRECTION_EAST, Channel
from corridor.ledger_proof import Proof, Record

Paper = Release | Hold | Refusal


@dataclass(frozen=True, slots=True)
class Draw:
    """One paper that should tell of a draw, and the commitment that it names, if there is one."""

    record: Record
    paper: Paper
    commitment: SelectionCommitment | None

    @property
    def declared(self) -> bytes:
        """Digest of the declaration that was drawn for."""
        paper = self.paper
        subject = paper.subject if isinstance(paper, Release) else paper
        return subject.declaration_sha256


def judge_commitments(proof: Proof) -> None:
    """Commitments without a gap, and every draw under one that was there before."""
    for node in proof.roster.of_role(Role.OFFICE):
        last = 0
        for record in proof.entries.get(node.name, []):
            if isinstance(record.message, SelectionCommitment):
                if record.message.number != last + 1:
                    found = f"selection commitment {record.message.number}"
                    proof.say(record.file, record.line, found, f"commitment {last + 1}")
                last = record.message.number
        seen: set[bytes] = set()
        for each in _draws(proof, node.name):
            seen.add(each.declared)
            _judge_named(proof, each, committed=last > 0)
        proof.draws[node.name] = len(seen)


def _judge_named(proof: Proof, each: Draw, *, committed: bool) -> None:
    """Drawn, and under what had been committed to. A ledger without commitments is an older one."""
    record, paper = each.record, each.paper
    crossing = crossing_of(paper)
    if paper.selection and each.commitment is None:
        found = f"{crossing} was drawn under commitment {paper.selection}, which is not before it"
        proof.say(record.file, record.line, found, "a commitment that came first")
    elif committed and not (paper.selection and said_of_draw(paper.rules)):
        found = f"{crossing} was released without a draw"
        proof.say(record.file, record.line, found, "what chance said, and under which commitment")


def repeat_draws(proof: Proof, seeds: Sequence[bytes]) -> None:
    """Do every draw once more whose seed is shown; name each that a paper tells otherwise."""
    by_digest = {seed_digest(seed): seed for seed in seeds}
    declared = {
        digest(record.document.payload): record.message
        for node in proof.roster.of_role(Role.TERMINAL)
        for record in proof.entries.get(node.name, [])
        if isinstance(record.message, Declaration)
    }
    used: set[bytes] = set()
    for node in proof.roster.of_role(Role.OFFICE):
        done: set[bytes] = set()
        for record in proof.entries.get(node.name, []):
            if isinstance(record.message, SelectionCommitment):
                used.add(record.message.seed_sha256)
        for each in _draws(proof, node.name):
            declaration = declared.get(each.declared)
            seed = by_digest.get(each.commitment.seed_sha256) if each.commitment else None
            if declaration is None or seed is None or each.commitment is None:
                continue
            done.add(each.declared)
            _judge_draw(proof, each, declaration, (each.commitment, seed, node.site))
        proof.repeated[node.name] = len(done)
    for wanted in by_digest:
        if wanted not in used:
            found = f"no office has committed to the seed with digest {wanted.hex()[:16]}"
            proof.say("seed", 0, found, "the seed of a commitment in an office's ledger")


def _judge_draw(
    proof: Proof,
    each: Draw,
    declaration: Declaration,
    terms: tuple[SelectionCommitment, bytes, str],
) -> None:
    commitment, seed, side = terms
    record, paper, crossing = each.record, each.paper, crossing_of(each.paper)
    empty = declaration.empty_running
    drawn = draw(declaration.declaration_id, declaration.version, seed)
    shares = _shares(_own(commitment, paper) or (commitment.empty if empty else commitment.loaded))
    channel = select(drawn, shares, _factors(commitment, paper))
    said, wanted = said_of_draw(paper.rules), in_words(channel, empty_running=empty)
    if said != wanted:
        found = f"{crossing} was drawn {said!r}"
        proof.say(record.file, record.line, found, f"{wanted!r}, by the seed that was shown")
    elif not isinstance(paper, Refusal) and paper.channel < channel:
        found = f"{crossing} went in channel {_word(paper.channel)}"
        proof.say(record.file, record.line, found, f"{_word(channel)} or stricter, as drawn")
    arriving = (declaration.direction == DIRECTION_EAST) is (side == "CN")
    if not arriving or empty or SCANS_DO_NOT_COUNT in paper.rules:
        return
    number = draw_again(declaration.declaration_id, declaration.version, seed)
    again = number < commitment.rescan_share
    if again is not (DRAWN_AGAIN in paper.rules):
        words = {True: "drawn", False: "not drawn"}
        found = f"{crossing} was {words[not again]} to be scanned again"
        proof.say(record.file, record.line, found, f"{words[again]}, by the seed that was shown")


def _draws(proof: Proof, office: str) -> Iterator[Draw]:
    """Papers of an office that tell of a draw, or should: releases of what was declared to go."""
    known: dict[int, SelectionCommitment] = {}
    returns = {
        record.message.return_crossing_id
        for records in proof.entries.values()
        for record in records
        if isinstance(record.message, Refusal) and record.message.return_crossing_id
    }
    for record in proof.entries.get(office, []):
        message = record.message
        if isinstance(message, SelectionCommitment):
            known[message.number] = message
        elif isinstance(message, Release):
            if message.selection or crossing_of(message) not in returns:
                yield Draw(record, message, known.get(message.selection))
        elif isinstance(message, Hold | Refusal) and message.selection:
            yield Draw(record, message, known.get(message.selection))


def _factors(commitment: SelectionCommitment, paper: Paper) -> list[float]:
    """Reliefs of the rules that the paper says have fired, in its order."""
    factors: Mapping[str, float] = {each.rule_id: each.factor for each in commitment.reliefs}
    fired = (rule.partition(": ")[0] for rule in paper.rules)
    return [factors[rule] for rule in fired if rule in factors]


def _own(commitment: SelectionCommitment, paper: Paper) -> SelectionShares | None:
    """Shares of the first rule with shares of its own that the paper says has fired."""
    own: Mapping[str, SelectionShares] = {each.rule_id: each.shares for each in commitment.by_rule}
    fired = (rule.partition(": ")[0] for rule in paper.rules)
    return next((own[rule] for rule in fired if rule in own), None)


def _shares(shares: SelectionShares) -> Shares:
    return Shares(shares.green, shares.yellow, shares.red)


def _word(channel: int) -> str:
    return Channel.Name(channel).removeprefix("CHANNEL_").lower()
