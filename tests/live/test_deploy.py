"""The examples in deploy/ are good configurations, and the unit is one that systemd accepts."""

import importlib
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from live import keys_cli
from live.config import ProgramConfig, load
from live.roster import ROSTER_FILE, load_roster

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
PROGRAMS: Final = {
    "supervisor.toml": ("convoy-corridor", "corridor.__main__"),
    "vehicle.toml": ("convoy-vehicle", "vehicle.__main__"),
    "gate.toml": ("convoy-gate", "gate.__main__"),
    "office.toml": ("convoy-office", "gate.office.__main__"),
    "agencies.toml": ("convoy-office", "gate.office.__main__"),
}
Main = Callable[[Sequence[str]], int]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "keys"
    assert keys_cli.main(["init", str(folder), "--nodes", str(DEPLOY / "nodes.toml")]) == 0
    return folder


def placed(name: str, keys: Path, folder: Path) -> Path:
    """An example with the site's own values: paths, pins, the hardware's key."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    roster, table = load_roster(keys / ROSTER_FILE)
    text = text.replace("/etc/convoy/keys", str(keys))
    text = text.replace("/etc/convoy/roster.json", str(keys / ROSTER_FILE))
    text = text.replace("/var/lib/convoy", str(folder))
    for country, found in roster.release_keys.items():
        text = text.replace(f'{country} = "{"0" * 32}"', f'{country} = "{next(iter(found)).hex()}"')
    public = table["control-room"].decode().replace("\\", "\\\\")
    text = text.replace(f'"{"0" * 40}"', f"'{public}'")
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_example_passes_its_programs_own_check(
    name: str, keys: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program, module = PROGRAMS[name]
    main: Main = importlib.import_module(module).main
    path = placed(name, keys, tmp_path)
    code = main(["--config", str(path), "--check-config"])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert f"{program}: {path} is good" in said.out


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_example_refuses_the_placeholder_pins(name: str, keys: Path, tmp_path: Path) -> None:
    """An example that nobody has edited must not start."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    assert re.findall(r'^(?:KZ|CN) = "0{32}"', text, re.MULTILINE)
    path = placed(name, keys, tmp_path)
    assert '"00000000' not in path.read_text(encoding="utf-8")


class AnyConfig(ProgramConfig, forbid_unknown_fields=False, frozen=True, kw_only=True):
    """The common sections, whatever else a role has."""


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_common_sections_of_an_example_are_typed(name: str, keys: Path, tmp_path: Path) -> None:
    config = load(placed(name, keys, tmp_path), AnyConfig)
    roster, _ = load_roster(keys / ROSTER_FILE)
    assert {config.node.name, *config.peers} <= set(roster.nodes)
    assert config.clock.rate == 1.0


def systemd(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_unit_is_accepted_under_each_name(tmp_path: Path) -> None:
    text = (DEPLOY / "convoy-role@.service").read_text(encoding="utf-8")
    programs = tmp_path / "bin"
    programs.mkdir()
    manual = tmp_path / "README.md"
    manual.write_text("x")
    text = text.replace("/opt/convoy/bin", str(programs))
    text = text.replace("/opt/convoy/deploy/README.md", str(manual))
    for program, _ in PROGRAMS.values():
        (programs / program).write_text("#!/bin/sh\n")
        (programs / program).chmod(0o755)
        unit = tmp_path / f"{program}@.service"
        unit.write_text(text, encoding="utf-8")
        done: Any = systemd("verify", "--man=no", str(tmp_path / f"{program}@node.service"))
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
