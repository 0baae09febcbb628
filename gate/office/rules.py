"""An office's rules: data in; channel, endorsements, inspections and the rules that fired out.

Pure and deterministic. Random selection is a keyed hash of the declaration under a committed seed,
so that anybody who is shown the seed afterwards can check every draw. Not here: the rule book
(rulebook.py), decisions over time (agent.py), what was declared wrongly (declaration.py).
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

from contract.v1.customs_pb2 import Declaration
from contract.v1.document_pb2 import (
    CHANNEL_GREEN,
    CHANNEL_RED,
    CHANNEL_YELLOW,
    Channel,
)
from gate.office.rulebook import AGENCIES, CHANNELS, CONTROLS, Rule, RuleBook, fires, trusted

_SPAN: Final = 1 << 53


@dataclass(frozen=True, slots=True)
class Shares:
    """Share of crossings that one office puts into each channel by selection; they sum to one."""

    green: float
    yellow: float
    red: float

    def relieved(self, factor: float) -> "Shares":
        """Fewer picked out by chance, in the same proportion."""
        yellow, red = self.yellow * factor, self.red * factor
        return Shares(1.0 - yellow - red, yellow, red) if factor < 1.0 else self


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
    """The channel and why; who must endorse, and what must be inspected beside red's search."""

    channel: Channel
    rules: tuple[str, ...]
    agencies: tuple[int, ...] = ()
    controls: tuple[int, ...] = ()


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
    )


def _select(declaration: Declaration, rules: Rules, fired: list[Rule]) -> tuple[Channel, str]:
    """The channel that chance gives, and in words."""
    shares = rules.empty_shares if declaration.empty_running else rules.shares
    for rule in fired:
        shares = shares.relieved(rule.selection)
    drawn = draw(declaration.declaration_id, declaration.version, rules.seed)
    name = "empty running" if declaration.empty_running else "selection"
    if drawn < shares.green:
        return CHANNEL_GREEN, f"{name}: green"
    if drawn < shares.green + shares.yellow:
        return CHANNEL_YELLOW, f"{name}: documents"
    return CHANNEL_RED, f"{name}: inspection"


def draw(declaration_id: str, version: int, seed: bytes) -> float:
    """The audited draw: a number in [0, 1) that only the committed seed decides."""
    material = b"%s/%d" % (declaration_id.encode(), version)
    value = hashlib.blake2b(material, key=seed[:64], digest_size=8).digest()
    return (int.from_bytes(value, "big") >> 11) / _SPAN


def shares_of_one(green: float, yellow: float) -> Shares:
    """Shares for each of two independent offices, so that the stricter of both has these shares.

    green, yellow   shares after combining both offices
    The stricter wins, so both must be green: g = green ** 0.5; likewise for green or yellow.
    """
    both_green = green**0.5
    both_mild = min(1.0, green + yellow) ** 0.5
    return Shares(both_green, both_mild - both_green, 1.0 - both_mild)
