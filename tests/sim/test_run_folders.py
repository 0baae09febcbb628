"""Commands that read a run folder: what they say, in one line, of one that is not there or lacks
what they look for.
"""

from pathlib import Path

import pytest

from contract.errors import ConfigError
from live.run_folder import CAMPAIGN, LEDGER, RUN, file_in, missing
from tests.sim.commands import command

RESULT = '{"traffic": {}, "performance": {"simulated_s": 1.0}}'
# The words of each command but the folder, what it looks for there first, and in which kind.
READERS = {
    "report": (("sim", "report"), "result.json", RUN),
    "delays": (("sim", "report", "--delays"), "crossings.csv", RUN),
    "bottlenecks": (("sim", "report", "--bottlenecks"), "result.json", RUN),
    "shrink": (("sim", "shrink"), "summary.json", CAMPAIGN),
    "daily": (("corridor", "report", "daily", "--from"), "scenario.resolved.toml", RUN),
    "explain": (("corridor", "explain", "--from"), "events.jsonl", RUN),
    "verify": (("corridor", "ledger", "verify"), "roster.json", LEDGER),
    "show": (("corridor", "ledger", "show", "KZ-00001", "--from"), "roster.json", LEDGER),
    "status": (("office", "status", "--from"), "events.jsonl", RUN),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("there", ["nothing", "a file", "an empty folder", "another file"])
def test_folder_without_what_is_looked_for_is_refused_in_one_line(
    tmp_path: Path, name: str, there: str
) -> None:
    words, wanted, kind = READERS[name]
    folder = tmp_path / "smoke-1"
    if there == "a file":
        folder.write_text("")
    elif there != "nothing":
        folder.mkdir()
    if there == "another file":
        other = "result.json" if wanted != "result.json" else "events.jsonl"
        (folder / other).write_text(RESULT)
    said = command(*words, str(folder))
    assert (said.code, said.out) == (2, "")
    assert said.err.count("\n") == 1
    for each in (str(folder), wanted, kind.has, f"`{kind.written_by}`"):
        assert each in said.err


def test_folders_of_a_comparison_are_run_folders(tmp_path: Path) -> None:
    said = command("sim", "compare", "today", "--from", str(tmp_path))
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert "there is no such folder to look for result.json in" in said.err


def test_file_that_is_there_is_given(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(RESULT)
    assert file_in(tmp_path, "result.json") == tmp_path / "result.json"
    with pytest.raises(ConfigError, match=r"a run folder without events\.jsonl"):
        file_in(tmp_path, "events.jsonl")


def test_folder_that_is_nearly_named_so_is_named(tmp_path: Path) -> None:
    (tmp_path / "smoke-1").mkdir()
    assert f"the nearest is {tmp_path}/smoke-1)" in str(missing(tmp_path / "smok-1", "result.json"))
    assert "nearest" not in str(missing(tmp_path / "winter_storm-1", "result.json"))
    assert "nearest" not in str(missing(tmp_path / "a" / "b", "result.json"))


@pytest.mark.parametrize("name", ["two\nlines", "nul\0", "long" * 100])
def test_folder_whose_name_no_folder_can_have_is_one_line_as_well(name: str) -> None:
    said = str(missing(Path(name), "result.json"))
    assert "there is no such folder" in said
    assert said.isprintable()
