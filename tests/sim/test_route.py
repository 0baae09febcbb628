"""A route that the offices' rules refuse: its truck stays in its berth, and the trader is told."""

from pathlib import Path

import pytest

from gate.office.__main__ import main
from sim.run import RunOptions, run
from sim.scenario import load
from tests.sim.runs import broken

SETTINGS = [
    *("fleet.cn=0", "time.crossings=0", "time.duration=2min", "expect=[]"),
    *("office.KZ.book='kz'", "office.CN.book='cn'"),
]


def test_crossing_by_another_crossing_point_is_refused_in_its_berth_by_the_rule_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """OFF-026, SUP-025: outcome, wait, and the answer to the trader's question."""
    elsewhere = {"KZ": "KZ-DOSTYK", "CN": "CN-ALASHANKOU"}
    monkeypatch.setattr("sim.terminal_papers.OFFICES", elsewhere)
    finished = run(load("smoke", SETTINGS), RunOptions(seed=1, folder=tmp_path))
    assert broken(finished) == ""
    (row,) = finished.result["traffic"]["not_cleared"]
    assert (row["outcome"], row["reason"]) == ("refused", "REFUSED_BY_RULE")
    (wait,) = finished.result["traffic"]["waiting"]
    assert (wait["reason"], wait["since_s"] < 60.0) == ("REFUSED", True)
    assert main(["status", "D-KZ-00001", "--from", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "REFUSED_BY_RULE" in said
    assert "KZ-ROUTE-1: the declared route does not cross the line" in said
