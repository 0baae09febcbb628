"""The import floors hold, and each contract in pyproject.toml breaks on a planted violation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[1]
LINTER: Final = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"

MODULES: Final = (
    "contract/__init__.py",
    "contract/release.py",
    "corridor/__init__.py",
    "corridor/__main__.py",
    "corridor/cli/__init__.py",
    "corridor/cli/plan.py",
    "corridor/interlocking.py",
    "gate/__init__.py",
    "gate/__main__.py",
    "gate/cli/__init__.py",
    "gate/interlock.py",
    "gate/office/__init__.py",
    "gate/office/__main__.py",
    "gate/office/rules.py",
    "live/__init__.py",
    "live/shell.py",
    "sim/__init__.py",
    "sim/__main__.py",
    "sim/cli/__init__.py",
    "sim/world.py",
    "vehicle/__init__.py",
    "vehicle/__main__.py",
    "vehicle/cli.py",
    "vehicle/guard.py",
)

VIOLATIONS: Final = [
    ("contract/release.py", "import vehicle.guard"),
    ("vehicle/guard.py", "import gate.interlock"),
    ("gate/interlock.py", "import corridor.interlocking"),
    ("gate/office/rules.py", "import live.shell"),
    ("live/shell.py", "import vehicle.guard"),
    ("live/shell.py", "import sim.world"),
    ("corridor/__main__.py", "import gate.interlock"),
    ("corridor/cli/plan.py", "import sim.world"),
    ("vehicle/guard.py", "import vehicle.__main__"),
    ("corridor/interlocking.py", "import corridor.cli.plan"),
    ("contract/release.py", "import time"),
    ("corridor/interlocking.py", "from random import choice"),
    ("gate/interlock.py", "import os.path"),
    ("gate/office/rules.py", "from pathlib import Path"),
    ("vehicle/guard.py", "def late():\n    import zmq"),
    ("vehicle/guard.py", "import logging"),
]

COMPOSITION: Final = [
    ("corridor/__main__.py", "import time, corridor.cli.plan, corridor.interlocking, live.shell"),
    ("corridor/cli/plan.py", "import pathlib, corridor.interlocking, live.shell"),
    ("gate/__main__.py", "import os, gate.cli, gate.interlock, live.shell"),
    ("gate/office/__main__.py", "import sys, gate.office.rules, live.shell"),
    ("sim/world.py", "import time, corridor.interlocking, gate.interlock, live.shell"),
    ("sim/__main__.py", "import sim.cli"),
    ("vehicle/__main__.py", "import vehicle.cli, vehicle.guard"),
    ("vehicle/cli.py", "import logging, contract.release, live.shell, vehicle.guard"),
    ("vehicle/guard.py", "import math, numpy, contract.release"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter as `make lint` does, in a folder that has its own packages."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"}
    command = [sys.executable, "-c", LINTER]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A sound miniature of the tree under the real configuration."""
    for module in MODULES:
        path = tmp_path / module
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_floors_hold() -> None:
    linted = lint(ROOT)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize(("module", "text"), VIOLATIONS)
def test_planted_violation_is_found(house: Path, module: str, text: str) -> None:
    (house / module).write_text(text + "\n", encoding="utf-8")
    linted = lint(house)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert "1 broken" in linted.stdout or "2 broken" in linted.stdout, linted.stdout


def test_what_composition_may_import_is_allowed(house: Path) -> None:
    for module, text in COMPOSITION:
        (house / module).write_text(text + "\n", encoding="utf-8")
    linted = lint(house)
    assert linted.returncode == 0, linted.stdout + linted.stderr
