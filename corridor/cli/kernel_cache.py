"""Where the timetable's compiled kernels are kept: one folder for each digest of their sources.

numba notices a change of the file that holds a kernel, not of those whose kernels it calls.
Not here: the simulator's kernels (sim/compile_cache.py).
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_TOP: Final = Path(__file__).resolve().parents[2]


@contextmanager
def timetable_cache() -> Iterator[None]:
    """Within it, kernels that are imported for the first time are kept in their sources' folder.

    Does nothing where numba is not installed or the folder cannot be made.
    """
    try:
        from numba import config  # noqa: PLC0415 - optional
    except ImportError:
        yield
        return
    before = config.CACHE_DIR
    try:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        place = Path(base) / "smart-corridor" / f"timetable-{digest_of_sources()}"
        place.mkdir(parents=True, exist_ok=True)
        config.CACHE_DIR = str(place)
    except (OSError, RuntimeError):
        pass
    try:
        yield
    finally:
        config.CACHE_DIR = before


def digest_of_sources() -> str:
    """SHA-256 over every source whose code can end up in a kernel, first 16 hex digits."""
    known = hashlib.sha256()
    for path in (_TOP / "contract/kernel.py", *sorted((_TOP / "corridor/timetable").glob("*.py"))):
        known.update(path.name.encode() + b"\0" + path.read_bytes())
    return known.hexdigest()[:16]
