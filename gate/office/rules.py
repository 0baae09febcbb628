"""An office's rules: data in; channel, endorsements, inspections and the rules that fired out.

Pure and deterministic. Random selection is a keyed hash of the declaration under a committed seed
(contract/selection.py), so that anybody who is shown the seed afterwards can check every draw. Not
here: the rule book (rulebook.py), decisions over time (agent.py), what was declared wrongly
(declaration.py).
"""

from dataclasses import dataclass, field

from contract.selection import Shares, draw, in_words, seed_digest, select
from contract.v1.customs_pb2 import (
    Declaration,
    SelectionByRule,
    SelectionCommitment,
    SelectionRelief,
    SelectionShares,
)
from contract.v1.document_pb2 import Channel
from gate.office.rulebook import AGENCIES, CHANNELS, CONTROLS, Rule, RuleBook, fires, trusted

__all__ = ["Assessment", "Rules", "Shares", "assess", "commitment_of", "draw", "shares_of_one"]


@dataclass(frozen=True, slots=True)
class Rules:
    """What one office goes by.

    shares          selection for loaded crossings;  empty_shares   for empty runs
    seed            committed selection seed;  assess_ms   time the assessment takes
    release_valid_ms   validity of a release from its signature
    book            goods, traders, hours, quota
    """

    shares: Shares
    empty_shares: Shares
    seed: bytes
    assess_ms: int
    release_valid_ms: int
    book: RuleBook = field(default_factory=RuleBook)
    country: str = "KZ"


@dataclass(frozen=True, slots=True)
class Assessment:
    """The channel and why; who must endorse, and what must be inspected beside red's search;
    whether a rule refuses it as it is declared.
    """

    channel: Channel
    rules: tuple[str, ...]
    agencies: tuple[int, ...] = ()
    controls: tuple[int, ...] = ()
    refused: bool = False


def assess(declaration: Declaration, rules: Rules, now_utc_ms: int) -> Assessment:
    """What a valid declaration needs. The strictest of chance and every rule that fires counts."""
    span_ms = (now_utc_ms, now_utc_ms + rules.release_valid_ms)
    trust = trusted(declaration, rules.book, rules.country)
    fired = [rule for rule in rules.book.rule if fires(rule.when, declaration, trust, span_ms)]
    channel, chance = _select(declaration, rules, fired)
    for rule in fired:
        channel = max(channel, CHANNELS[rule.channel])
    return Assessment(
        channel,
        (chance, *(f"{rule.id}: {rule.because}" for rule in fired)),
        tuple(sorted({AGENCIES[word] for rule in fired for word in rule.agencies})),
        tuple(sorted({CONTROLS[word] for rule in fired for word in rule.controls})),
        any(rule.refuse for rule in fired),
    )


def _select(declaration: Declaration, rules: Rules, fired: list[Rule]) -> tuple[Channel, str]:
    """The channel that chance gives, and in words."""
    empty = declaration.empty_running
    own = next((rule.shares for rule in fired if rule.shares is not None), None)
    shares = rules.empty_shares if empty else rules.shares
    if own is not None:
        shares = Shares(own.green, own.yellow, own.red)
    drawn = draw(declaration.declaration_id, declaration.version, rules.seed)
    channel = select(drawn, shares, (rule.selection for rule in fired))
    return channel, in_words(channel, empty_running=empty)


def commitment_of(rules: Rules) -> SelectionCommitment:
    """By what this office draws, without its seed; not numbered or dated yet."""
    loaded, empty = rules.shares, rules.empty_shares
    return SelectionCommitment(
        office=f"COUNTRY_{rules.country}",
        seed_sha256=seed_digest(rules.seed),
        loaded=SelectionShares(green=loaded.green, yellow=loaded.yellow, red=loaded.red),
        empty=SelectionShares(green=empty.green, yellow=empty.yellow, red=empty.red),
        reliefs=[
            SelectionRelief(rule_id=rule.id, factor=rule.selection)
            for rule in rules.book.rule
            if rule.selection < 1.0
        ],
        by_rule=[
            SelectionByRule(
                rule_id=rule.id,
                shares=SelectionShares(
                    green=rule.shares.green, yellow=rule.shares.yellow, red=rule.shares.red
                ),
            )
            for rule in rules.book.rule
            if rule.shares is not None
        ],
        rescan_share=rules.book.rescan_share,
    )


def shares_of_one(green: float, yellow: float) -> Shares:
    """Shares for each of two independent offices, so that the stricter of both has these shares.

    green, yellow   shares after combining both offices
    The stricter wins, so both must be green: g = green ** 0.5; likewise for green or yellow.
    """
    both_green = green**0.5
    both_mild = min(1.0, green + yellow) ** 0.5
    return Shares(both_green, both_mild - both_green, 1.0 - both_mild)
