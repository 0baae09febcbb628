"""Folders that a command is given to read: what is looked for, and what is said if it is not there.

A run folder is what one run has written; a campaign's and a comparison's have one for each run.
Every command that reads one asks here for its files, so that all of them answer alike, in one line:
what was looked for and where, what makes such a folder, and which command writes one.
Not here: what the files say.
"""

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from contract.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of folder: its name, the files by which it is known, who writes it."""

    name: str
    files: tuple[str, ...]
    has: str
    written_by: str


RUN: Final = Kind(
    "run folder",
    ("result.json", "events.jsonl", "scenario.resolved.toml"),
    "result.json, events.jsonl and scenario.resolved.toml",
    "convoy-sim run SCENARIO --out DIR",
)
LEDGER: Final = Kind(
    "folder with a ledger",
    ("roster.json",),
    "roster.json in it, or in a folder named ledger, as a run folder does",
    "convoy-sim run SCENARIO --out DIR",
)
CAMPAIGN: Final = Kind(
    "campaign's folder",
    ("summary.json",),
    "summary.json, and scenario.toml in the folder of each seed",
    "convoy-sim campaign SCENARIO --seeds A:B --out DIR",
)


def file_in(folder: Path, name: str, kind: Kind = RUN) -> Path:
    """A file of a folder. Raises ConfigError in one line if there is none."""
    if not _is_there(folder / name):
        raise missing(folder, name, kind)
    return folder / name


def missing(folder: Path, name: str, kind: Kind = RUN) -> ConfigError:
    """What is said of a folder that lacks a file, or that is none."""
    if not _is_there(folder):
        said = f"there is no such folder to look for {name} in{_nearest(folder)}"
    elif not folder.is_dir():
        said = f"a file, expected a {kind.name} with {name} in it"
    elif any(_is_there(folder / each) for each in kind.files):
        said = f"a {kind.name} without {name}, which was looked for: removed, or not kept"
    else:
        said = f"no {kind.name}: {name} was looked for, and is not in it"
    makes = f"a {kind.name} has {kind.has}; `{kind.written_by}` writes one"
    return ConfigError(f"{_shown(folder)}: {said}; {makes}")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        return True  # perhaps; whoever opens it says what is not permitted
    except (OSError, ValueError):  # no name of a file
        return False


def _nearest(folder: Path) -> str:
    """A folder beside it with nearly the same name."""
    beside = folder.parent
    try:
        names = sorted(each.name for each in beside.iterdir())
    except (OSError, ValueError):
        return ""
    found = get_close_matches(folder.name, names, n=1, cutoff=0.8)
    return f" (the nearest is {_shown(beside / found[0])})" if found else ""


def _shown(path: Path) -> str:
    """A path as it is typed, on one line whatever is in its name."""
    text = str(path)
    return text if text.isprintable() else ascii(text)
