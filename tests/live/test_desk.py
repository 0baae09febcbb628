"""An officer's desk over real sockets: a running office, a terminal and two officers with keys of
their own.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from contract.agent import Role
from gate.office.__main__ import main
from live.keys import NodeSpec
from live.roster import throwaway
from tests.live.factories import until
from tests.live.test_program import ROOT, free_port
from tests.live.test_programs import SPECS, SUPERVISOR, Site, a_declaration, as_json, written

OFFICERS: Final = ("officer-1", "officer-2", "officer-3")


class Desk(Site):
    """A site whose office puts every crossing on the desk, and who may speak to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        officers = (NodeSpec(name, Role.OPERATOR, "KZ") for name in OFFICERS)
        self.made = throwaway((*SPECS, *officers), b"desk")
        self.made.write(folder / "keys")
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.capture: pytest.CaptureFixture[str] | None = None

    def caller(self, name: str) -> str:
        return str(self.config(name, {"peers": {"office-kz": self.address}}))

    def says(self, *words: str, by: str = "officer-1") -> tuple[int, str]:
        """Exit code and everything that a command said."""
        assert self.capture is not None
        code = main([*words, "--config", self.caller(by)])
        said = self.capture.readouterr()
        return code, said.out + said.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    desk.capture = capsys
    sections = {
        "listen": {"address": desk.address},
        "peers": SUPERVISOR,
        "rules": {"assess_s": 0.1},
        "rules.loaded": {"green": 0.0, "yellow": 1.0},
    }
    config = desk.config("office-kz", sections)
    log = tmp_path / "office.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gate.office", "--config", str(config)], cwd=ROOT, stderr=out
        )
    try:
        until(lambda: b'"program_started"' in log.read_bytes(), within_s=30.0)
        yield desk
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    assert b"program_crashed" not in log.read_bytes()


def test_officers_look_decide_and_overrule_over_real_sockets(desk: Desk) -> None:
    """OFF-008."""
    paper = written(desk, as_json(a_declaration(desk)))
    assert desk.says("declare", paper, by="terminal-kz")[0] == 0
    until(lambda: "DOCUMENT_CONTROL" in desk.says("desk", "list")[1], within_s=20.0)

    code, said = desk.says("desk", "show", "KZ-1", "--json")
    assert code == 0
    assert json.loads(said)["stage"] == "at desk"

    word = ("desk", "refuse", "KZ-1", "--officer", "One")
    assert desk.says(*word)[0] == 2  # a refusal without a reason
    assert desk.says(*word, "--reason", "papers of another load")[0] == 0

    overrule = ("desk", "release", "KZ-1", "--officer")
    code, said = desk.says(*overrule, "One")
    assert (code, "NOT_AT_DESK" in said) == (1, True)
    code, said = desk.says(*overrule, "Two", by="officer-2")
    assert (code, "SECOND_OFFICER" in said) == (0, True)
    assert desk.says(*overrule, "Three", by="officer-3")[0] == 0

    code, said = desk.says("status", "D-1", by="terminal-kz")
    assert code == 0
    assert "released" in said
    assert "papers of another load" in said


BAD_WORDS: Final = (
    (("desk", "release", "KZ-1"), "--officer: missing"),
    (("desk", "release", "--officer", "One"), "CROSSING: missing"),
    (("desk", "show"), "CROSSING: missing"),
    (("desk", "show", "KZ-9"), "no crossing KZ-9"),
    (("desk", "hold", "KZ-9", "--officer", "One", "--reason", "x"), "CROSSING_UNKNOWN"),
)


def test_bad_word_of_an_officer_is_answered_in_words(desk: Desk) -> None:
    for words, wanted in BAD_WORDS:
        code, said = desk.says(*words)
        assert code in (1, 2), words
        assert wanted in said
