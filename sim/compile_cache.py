"""Where compiled kernels are kept: one folder for each digest of the sources.

numba notices a change of the file that holds a kernel, not of the files whose kernels it calls or
whose constants it has frozen in; so the folder's name is made of those files and what they import,
and a change in any of them compiles anew.
"""

import hashlib
import os
import re
from pathlib import Path
from typing import Final

_ROOTS: Final = ("sim", "vehicle", "corridor", "contract")


def use_cache_of_sources() -> None:
    """Point numba at the folder for these sources. Does nothing where numba is not installed."""
    try:
        from numba import config  # noqa: PLC0415 - optional
    except ImportError:
        return
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "smart-corridor" / digest_of_sources()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    config.CACHE_DIR = str(folder)


def digest_of_sources() -> str:
    """SHA-256 over every source whose code or constants can end up in a kernel, first 16 hex
    digits.
    """
    top = Path(__file__).resolve().parent.parent
    known = hashlib.sha256()
    for path in sorted(_with_kernels(top)):
        known.update(path.relative_to(top).as_posix().encode() + b"\0" + path.read_bytes())
    return known.hexdigest()[:16]


def _with_kernels(top: Path) -> set[Path]:
    """Files that hold kernels, and the files they import from."""
    found: set[Path] = set()
    for root in _ROOTS:
        for path in (top / root).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            if "@kernel" in text:
                found.add(path)
                found |= _imported(text, top)
    return found


def _imported(text: str, top: Path) -> set[Path]:
    """Our files that a source imports from, or imports as a whole."""
    lines = re.findall(r"^from ([\w.]+) import (\w+)", text, flags=re.MULTILINE)
    names = {module for module, _ in lines} | {f"{module}.{what}" for module, what in lines}
    files = {top / f"{name.replace('.', '/')}.py" for name in names}
    return {path for path in files if path.is_file()}
