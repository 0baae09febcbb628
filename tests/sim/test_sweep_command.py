"""`convoy-sim sweep`: every combination under every seed, as one table."""

import csv
import json
import sys
from pathlib import Path

import pytest

from contract.errors import ConfigError
from sim.__main__ import main
from sim.outcome import EXIT_EXPECTATION, EXIT_OK, EXIT_USAGE
from sim.seeds.sweep import cases, split

SHORT = ("sweep", "smoke", "--jobs", "1")


def test_every_combination_is_run_under_every_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vary = ("--vary", "network.loss=0,0.05", "--vary", "fleet.cn=0,1")
    code = main([*SHORT, "--seeds", "1:3", *vary, "--out", str(tmp_path), "--json"])
    summary = json.loads(capsys.readouterr().out)
    assert code == summary["exit_code"]
    assert summary["runs"] == 8
    assert summary["rows"][2]["settings"] == ["network.loss=0", "fleet.cn=1"]
    with (tmp_path / "sweep.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["case"], row["seed"]) for row in rows] == [
        (str(case), str(seed)) for case in range(4) for seed in (1, 2)
    ]
    assert rows[2]["settings"] == "network.loss=0 fleet.cn=1"
    assert [row["loaded_crossings"] for row in rows[2:4]] == ["2", "2"]
    assert (tmp_path / "case-1" / "seed-2" / "result.json").is_file()


def test_exit_code_is_that_of_the_worst_run(tmp_path: Path) -> None:
    vary = ("--vary", "expect=[],[{metric='safety.total',at_least=1}]")
    code = main([*SHORT, "--seeds", "1:2", *vary, "--out", str(tmp_path)])
    assert code == EXIT_EXPECTATION


def test_table_has_a_line_a_run_under_its_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*SHORT, "--seeds", "1:2", "--out", str(tmp_path)]) == EXIT_OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "case 0: as it is"
    assert lines[2].split()[:2] == ["1", "clean"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,2", ["1", "2"]),
        ("'a,b',c", ["'a,b'", "c"]),
        ("[1,2],[]", ["[1,2]", "[]"]),
        ("{a=1,b=[2,3]}", ["{a=1,b=[2,3]}"]),
        ("", [""]),
    ],
)
def test_values_are_split_at_commas_outside_quotes_and_brackets(
    text: str, values: list[str]
) -> None:
    assert split(text) == values


@pytest.mark.parametrize("text", ["fleet.kz", "fleet.kz=", "fleet.kz=1,,2", "=1"])
def test_what_varies_nothing_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--vary"):
        cases([text])


def test_without_dask_the_scheduler_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    code = main([*SHORT, "--seeds", "1:2", "--scheduler", "tcp://x:1", "--out", str(tmp_path)])
    assert code == EXIT_USAGE
    assert "smart-corridor[sweep]" in capsys.readouterr().err


def test_seed_of_a_scenario_counts_unless_another_is_given(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.toml"
    main(["show", "smoke"])
    shown = capsys.readouterr().out
    path.write_text(shown.replace("seed = 1\n", "seed = 5\n"), encoding="utf-8")
    for given, seed in (((), 5), (("--seed", "6"), 6)):
        out = tmp_path / f"run-{seed}"
        main(["run", str(path), *given, "--out", str(out)])
        assert json.loads((out / "result.json").read_text(encoding="utf-8"))["seed"] == seed
        assert f"seed = {seed}\n" in (out / "scenario.resolved.toml").read_text(encoding="utf-8")
