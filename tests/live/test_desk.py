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

from contract.agent import Persist, Role
from gate.office.__main__ import main
from gate.office.audit import StationAudit, encode
from live.journal import JournalFile
from live.keys import NodeSpec
from live.roster import throwaway
from tests.live.factories import until
from tests.live.test_program import ROOT, free_port
from tests.live.test_programs import SPECS, SUPERVISOR, Site, a_declaration, as_json, written

OFFICERS: Final = ("officer-1", "officer-2", "officer-3")
STATION: Final = "cn_weigh_w"
SUSPENDED_UTC_MS: Final = 1_772_352_000_000  # 2026-03-01 08:00


class Desk(Site):
    """A site whose office puts every crossing on the desk, and who may speak to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        officers = (NodeSpec(name, Role.OPERATOR, "KZ") for name in OFFICERS)
        self.made = throwaway((*SPECS, *officers), b"desk")
        self.made.write(folder / "keys")
        self.address = f"tcp://127.0.0.1:{free_port()}"
        self.log = folder / "office.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.capture: pytest.CaptureFixture[str] | None = None

    def start(self) -> None:
        """Start the office, and wait until it is up."""
        sections = {
            "listen": {"address": self.address},
            "peers": SUPERVISOR,
            "rules": {"assess_s": 0.1},
            "rules.loaded": {"green": 0.0, "yellow": 1.0},
        }
        config = self.config("office-kz", sections)
        words = [sys.executable, "-m", "gate.office", "--config", str(config)]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(words, cwd=ROOT, stderr=out)
        until(lambda: b'"program_started"' in self.log.read_bytes(), within_s=30.0)

    def stop(self) -> None:
        """End it in good order; twice is once."""
        if self.process is not None:
            self.process.terminate()
            assert self.process.wait(10) == 0
            self.process = None
            assert b"program_crashed" not in self.log.read_bytes()

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
    try:
        desk.start()
        yield desk
        desk.stop()
    finally:
        if desk.process is not None:
            desk.process.kill()
            desk.process.wait()


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


def test_suspended_station_is_believed_again_by_two_officers_over_real_sockets(
    desk: Desk,
) -> None:
    """OFF-025: one word before a restart of the office, one behind it."""
    code, said = desk.says("desk", "list")
    assert (code, "is suspended" in said) == (0, False)
    desk.stop()
    audit = StationAudit(STATION, bad=1, good=20, scans=90, false_clears=4, suspended=True)
    audit.since_utc_ms, audit.found_bad, audit.found_good = SUSPENDED_UTC_MS, 3, 58
    journal = JournalFile.open(desk.folder / "office-kz.d" / "journal.db")
    journal.commit([Persist(f"audit/{STATION}", encode(audit))])
    journal.close()
    desk.start()

    code, said = desk.says("desk", "list")
    assert code == 0
    assert f"{STATION} is suspended since 2026-03-01 08:00:00 UTC" in said
    assert "3 of 61 loads that were scanned again here were not clear" in said
    assert "1 of 21 loads" in said

    again = ("desk", "reinstate", STATION, "--officer")
    assert desk.says(*again, "One")[0] == 2  # without a reason
    code, said = desk.says(*again, "One", "--reason", "calibrated, protocol 17")
    assert (code, "SECOND_OFFICER_STATION" in said) == (0, True)
    assert "asked by One: calibrated, protocol 17" in desk.says("desk", "list")[1]
    desk.stop()
    desk.start()
    code, said = desk.says(*again, "One", "--reason", "once more")
    assert (code, "SECOND_OFFICER_STATION" in said) == (0, True)
    told = json.loads(desk.says("desk", "list", "--json")[1])["suspended"]
    assert [(each["station"], each["asked_reason"]) for each in told] == [(STATION, "once more")]
    code, said = desk.says(*again, "Two", "--reason", "seen by myself", by="officer-2")
    assert (code, "SECOND_OFFICER" in said) == (0, False)
    assert json.loads(desk.says("desk", "list", "--json")[1])["suspended"] == []
    code, said = desk.says(*again, "Three", "--reason", "x", by="officer-3")
    assert (code, "STATION_NOT_SUSPENDED" in said) == (1, True)


BAD_WORDS: Final = (
    (("desk", "release", "KZ-1"), "--officer: missing"),
    (("desk", "release", "--officer", "One"), "CROSSING: missing"),
    (("desk", "show"), "CROSSING: missing"),
    (("desk", "show", "KZ-9"), "no crossing KZ-9"),
    (("desk", "hold", "KZ-9", "--officer", "One", "--reason", "x"), "CROSSING_UNKNOWN"),
    (("desk", "reinstate", "--officer", "One", "--reason", "x"), "STATION: missing"),
    (("desk", "reinstate", STATION, "--officer", "One"), "--reason: missing"),
    (
        ("desk", "reinstate", "cn_wiegh_w", "--officer", "One", "--reason", "x"),
        f"the nearest is {STATION}",
    ),
    (
        ("desk", "reinstate", STATION, "--officer", "One", "--reason", "x"),
        "STATION_NOT_SUSPENDED",
    ),
)


def test_bad_word_of_an_officer_is_answered_in_words(desk: Desk) -> None:
    for words, wanted in BAD_WORDS:
        code, said = desk.says(*words)
        assert code in (1, 2), words
        assert wanted in said
