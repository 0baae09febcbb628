"""Whole programs as processes: start, refuse, die, come back, and lose nothing."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from live.journal import JournalFile
from live.roster import ROSTER_FILE
from tests.live.factories import a_config, a_corridor, until
from tests.live.toys import SPEC

ROOT: Final = Path(__file__).parents[2]
GOAL: Final = 120


class Site:
    """A folder with keys, a roster and configurations; processes that are ended with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[str]] = []
        a_corridor().write(folder / "keys")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(folder / "notify"))
        self.notify.settimeout(20)

    def config(self, name: str, **sections: dict[str, Any]) -> Path:
        node = {
            "name": name,
            "keys": self.folder / "keys",
            "roster": self.folder / "keys" / ROSTER_FILE,
            "journal": self.folder / f"{name}.journal",
        }
        home = self.folder / f"{name}.d"
        home.mkdir(exist_ok=True)
        common: dict[str, dict[str, Any]] = {
            "node": node,
            "map": {"file": "smoke"},
            "clock": {"rate": 5.0},
        }
        return a_config(home, {**common, **sections})

    def start(self, config: Path, *more: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.live.toys", "--config", str(config), *more],
            cwd=ROOT,
            env={**os.environ, "NOTIFY_SOCKET": str(self.folder / "notify")},
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def ready(self) -> str:
        """Wait for the next READY=1 of any program."""
        while True:
            words = self.notify.recv(200).decode()
            if words.startswith("READY=1"):
                return words

    def close(self) -> None:
        for process in self.running:
            process.kill()
            process.communicate()
        self.notify.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    found = Site(tmp_path)
    yield found
    found.close()


def listening() -> dict[str, Any]:
    return {"address": f"tcp://127.0.0.1:{free_port()}"}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_killed_programs_lose_nothing_and_double_nothing(site: Site) -> None:
    """Durable messages between two journals while either side is killed."""
    marker = site.folder / "marker"
    listen = listening()
    goal = {"goal": GOAL, "marker": marker}
    counter = site.config("supervisor", listen=listen, toy=goal)
    talker = site.config("terminal", peers={"supervisor": listen["address"]}, toy=goal)
    processes = {"supervisor": site.start(counter), "terminal": site.start(talker)}
    site.ready()
    site.ready()
    chance = Random(5)
    for round_ in range(4):
        time.sleep(chance.uniform(0.02, 0.2))  # a moment of work, not a wait for anything
        name = ("supervisor", "terminal")[round_ % 2]
        processes[name].kill()
        processes[name].communicate()
        processes[name] = site.start(counter if name == "supervisor" else talker)
        assert site.ready().endswith(f"boot {round_ // 2 + 2}")
    until(marker.exists, within_s=30.0)
    for process in processes.values():
        process.terminate()
        _, said = process.communicate()
        assert process.returncode == 0, said
    journal = JournalFile.open(site.folder / "supervisor.journal")
    seen = {key: value for key, value in journal.state.items() if key.startswith("seen/")}
    journal.close()
    assert seen == {f"seen/B{number:05d}": b"\x01" for number in range(1, GOAL + 1)}


def test_check_config_says_who_it_is_and_starts_nothing(site: Site) -> None:
    config = site.config("supervisor", listen=listening())
    process = site.start(config, "--check-config")
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert "is good; supervisor (supervisor), map " in out
    assert not (site.folder / "supervisor.journal").exists()


@pytest.mark.parametrize(
    ("name", "sections", "said"),
    [
        ("supervisor", {}, "neither [listen] nor [peers]"),
        ("nobody", {"listen": {}}, "nobody: No such file"),
        ("truck-01", {"peers": {"moon": "tcp://127.0.0.1:5"}}, "peers.moon: expected another node"),
        ("truck-01", {"peers": {"supervisor": "tcp://sup:5"}}, "peers.supervisor = 'tcp://sup:5'"),
        ("truck-01", {"toy": {"gaol": 1}}, "toy.gaol: unknown key; did you mean toy.goal?"),
        ("truck-01", {"map": {"file": "moon"}, "listen": {"address": "ipc://x"}}, "map 'moon'"),
    ],
)
def test_bad_input_is_a_sentence_and_exit_code_2(
    site: Site, capsys: pytest.CaptureFixture[str], name: str, sections: Any, said: str
) -> None:
    from live.program import run_program  # noqa: PLC0415 - beside its use

    assert run_program(SPEC, ["--config", str(site.config(name, **sections))]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith("convoy-toy: ")
    assert error.count("\n") == 1


def test_keys_of_another_enrolment_are_refused(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    from live.program import run_program  # noqa: PLC0415 - beside its use

    other = a_corridor(b"another")
    (site.folder / "keys" / ROSTER_FILE).write_bytes(other.roster_file)
    config = site.config("supervisor", listen=listening())
    assert run_program(SPEC, ["--config", str(config), "--check-config"]) == 2
    assert "of the same enrolment" in capsys.readouterr().err


def test_address_in_use_and_held_journal_are_exit_code_2(site: Site) -> None:
    listen = listening()
    first = site.start(site.config("supervisor", listen=listen))
    site.ready()
    second = site.start(site.config("terminal", listen=listen))
    third = site.start(site.folder / "supervisor.d" / "program.toml")
    said = [process.communicate()[1] for process in (second, third)]
    assert second.returncode == third.returncode == 2
    assert "another process listens there" in said[0]
    assert "another process holds it" in said[1]
    first.send_signal(signal.SIGINT)
    first.communicate()
    assert first.returncode == 130


def test_optimised_python_is_refused(site: Site) -> None:
    config = site.config("supervisor", listen=listening())
    done = subprocess.run(
        [sys.executable, "-O", "-m", "tests.live.toys", "--config", str(config)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "python -O" in done.stderr


def test_help_has_examples_and_version_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    from live.program import run_program  # noqa: PLC0415 - beside its use

    for option, said in (("--help", "examples:"), ("--version", "convoy-toy ")):
        with pytest.raises(SystemExit) as ended:
            run_program(SPEC, [option])
        assert ended.value.code == 0
        assert said in capsys.readouterr().out
