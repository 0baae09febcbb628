"""Selection by chance: the draw that whoever is shown the seed can repeat, word for word.

Pure. An office commits to the digest of its seed, to its shares and to its reliefs in a signed
record before it draws for the first time; the draw is a keyed hash of declaration and version. The
office draws with the very functions that an audit repeats. Not here: which rules fire, and what
else makes a channel stricter (gate/office/rules.py); the audit (corridor/selection_audit.py).
Requirements: OFF-005, OFF-013 in docs/SAFETY.md.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from contract.signing import digest
from contract.v1.document_pb2 import CHANNEL_GREEN, CHANNEL_RED, CHANNEL_YELLOW, Channel

SEED_BYTES: Final = 32
SEED_KEY_BYTES_MAX: Final = 64  # BLAKE2b takes no longer key
DRAWN_AGAIN: Final = "drawn to be scanned again on arrival"
SCANS_DO_NOT_COUNT: Final = "scans of the other side do not count here"
_SPAN: Final = 1 << 53
_RUNS: Final = {False: "selection", True: "empty running"}
_SAID: Final = {CHANNEL_GREEN: "green", CHANNEL_YELLOW: "documents", CHANNEL_RED: "inspection"}


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


def seed_digest(seed: bytes) -> bytes:
    """What is committed to: SHA-256 of the seed."""
    return digest(seed)


def draw(declaration_id: str, version: int, seed: bytes) -> float:
    """The audited draw: a number in [0, 1) that only the committed seed decides."""
    material = b"%s/%d" % (declaration_id.encode(), version)
    key = seed[:SEED_KEY_BYTES_MAX]
    value = hashlib.blake2b(material, key=key, digest_size=8).digest()
    return (int.from_bytes(value, "big") >> 11) / _SPAN


def draw_again(declaration_id: str, version: int, seed: bytes) -> float:
    """The draw that decides whether a load is scanned again on arrival."""
    return draw(f"{declaration_id}/again", version, seed)


def select(drawn: float, shares: Shares, factors: Iterable[float]) -> Channel:
    """The channel that a draw gives, after every relief in the order in which its rules fired."""
    for factor in factors:
        shares = shares.relieved(factor)
    if drawn < shares.green:
        return CHANNEL_GREEN
    return CHANNEL_YELLOW if drawn < shares.green + shares.yellow else CHANNEL_RED


def in_words(channel: Channel, *, empty_running: bool) -> str:
    """What a paper says of a draw."""
    return f"{_RUNS[empty_running]}: {_SAID[channel]}"


def said_of_draw(rules: Iterable[str]) -> str:
    """The first sentence of a paper that is about a draw; "" if there is none."""
    every = {in_words(channel, empty_running=empty) for channel in _SAID for empty in _RUNS}
    return next((rule for rule in rules if rule in every), "")
