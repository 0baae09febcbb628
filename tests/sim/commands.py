"""Command lines as a person or a CI job gives them: exit code, stdout and stderr.

In this process by the programs' own `main`, or in a process of their own where that is the point.
"""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from corridor.__main__ import main as corridor
from gate.office.__main__ import main as office
from live.keys_cli import main as keys
from sim.__main__ import main as sim

ROOT: Final = Path(__file__).parents[2]
SECONDS_MAX: Final = 100
MAINS: Final[dict[str, Callable[[Sequence[str]], int]]] = {
    "sim": sim,
    "corridor": corridor,
    "office": office,
    "keys": keys,
}


class Said(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


def settings(*pairs: str) -> list[str]:
    """So many `--set`."""
    return [word for pair in pairs for word in ("--set", pair)]


def command(program: str, *words: str) -> Said:
    """One command in this process; argparse's way out is an exit code too."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = MAINS[program](words)
        except SystemExit as way_out:
            code = int(way_out.code or 0)
    return Said(code, out.getvalue(), err.getvalue())


def process(program: str, *words: str) -> Said:
    """The same in a process of its own."""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", program, *words],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS_MAX,
    )
    return Said(ran.returncode, ran.stdout, ran.stderr)
