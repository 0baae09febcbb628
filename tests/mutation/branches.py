"""Branches: what of a module its own tests never run, measured with kernels as plain Python.

Only written-out examples count: what a drawn example happens to reach proves nothing.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from contract.errors import require
from tests.mutation.vital import ROOT


def missed(modules: Sequence[str], tests: Sequence[str], scratch: Path) -> dict[str, list[str]]:
    """Module -> lines and branches that the tests never took, or that were excused.

    modules   as files from the root;  scratch   an empty folder for the measurement
    """
    environment = os.environ | {
        "NUMBA_DISABLE_JIT": "1",  # compiled code runs unseen
        "COVERAGE_FILE": str(scratch / "coverage"),
    }
    coverage = (sys.executable, "-m", "coverage")
    run = (
        *(*coverage, "run", "--branch", "--rcfile=/dev/null", f"--include={','.join(modules)}"),
        *("-m", "pytest", "-x", "-q", "-p", "no:cacheprovider"),
        *("--hypothesis-profile", "examples", *tests),
    )
    report = (*coverage, "json", "--rcfile=/dev/null", "-q", "-o", str(scratch / "coverage.json"))
    for command in (run, report):
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        require(done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}")
    files = json.loads((scratch / "coverage.json").read_bytes())["files"]
    return {
        module: [
            *(f"line {line}" for line in files[module]["missing_lines"]),
            *(f"line {line} excused" for line in files[module]["excluded_lines"]),
            *(f"branch {start} to {end}" for start, end in files[module]["missing_branches"]),
        ]
        for module in modules
    }
