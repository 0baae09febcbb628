"""What the campaigns found: kept in results.json, written out as docs/safety/mutation.md."""

import re
import tomllib
from pathlib import Path
from typing import Final

import msgspec

from tests.mutation.vital import ROOT, VITAL

RESULTS: Final = ROOT / "tests/mutation/results.json"
EXPLAINED: Final = ROOT / "tests/mutation/explained.toml"
PAGE: Final = ROOT / "docs/safety/mutation.md"
UNEXPLAINED: Final = "**not explained yet**"
_HEAD: Final = """\
# Mutation of the vital modules

Written by `make mutation`; change `tests/mutation/explained.toml`, not this page. A mutant is a
vital module with one small fault planted in a function: a comparison turned or moved to its
boundary, arithmetic swapped, a number raised by one, a sign, a `not` or an operand taken away,
`min` for `max`, a condition held true or false, nothing returned, a statement left out. It is
killed if a test of that module fails on it or does not end in a minute. Messages, limits and types
are not mutated.

Every branch of these modules is taken by written-out examples among the same tests, with kernels as
plain Python: `tests/test_branches.py`, a part of `make test`, fails where one is not.

| module | mutants | killed | share | survivors not explained |
|---|---|---|---|---|
"""


class Result(msgspec.Struct):
    """Of one module: how many faults were planted, and which nobody found (key -> line)."""

    mutants: int
    survivors: dict[str, int]
    sample: str = ""


def load(path: Path = RESULTS) -> dict[str, Result]:
    """What is known so far."""
    if not path.exists():
        return {}
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Result])


def save(results: dict[str, Result], path: Path = RESULTS) -> None:
    """Keep it in the order of the table."""
    ordered = {module: results[module] for module in VITAL if module in results}
    path.write_bytes(msgspec.json.format(msgspec.json.encode(ordered)) + b"\n")


def explanations(path: Path = EXPLAINED) -> dict[str, dict[str, str]]:
    """Module -> key of a survivor -> why it may live."""
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def reason(key: str, why: dict[str, str]) -> str | None:
    """Why a survivor may live: by its own name, or by a pattern in which `...` is any text."""
    if key in why:
        return why[key]
    return next((text for pattern, text in why.items() if matches(pattern, key)), None)


def matches(pattern: str, key: str) -> bool:
    """Whether an explanation is about a mutant."""
    parts = pattern.split("...")
    return re.fullmatch(".*".join(re.escape(part) for part in parts), key) is not None


def page(results: dict[str, Result], explained: dict[str, dict[str, str]]) -> str:
    """The page for people."""
    rows, lists = [], []
    for module, result in results.items():
        why = explained.get(module, {})
        killed = result.mutants - len(result.survivors)
        share = 100.0 * killed / max(1, result.mutants)
        bare = sum(reason(key, why) is None for key in result.survivors)
        rows.append(f"| `{module}` | {result.mutants} | {killed} | {share:.1f} % | {bare} |")
        if result.survivors:
            lists += ["", f"## Survivors in {module}", ""]
        if result.sample:
            lists += [f"Only a sample was planted: {result.sample}.", ""]
        for key in result.survivors:
            lists.append(f"- `{key.replace('`', '')}` - {reason(key, why) or UNEXPLAINED}")
    return _HEAD + "\n".join([*rows, *lists]) + "\n"


def write() -> None:
    """Bring the page up to what is known."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(load(), explanations()), encoding="utf-8")
