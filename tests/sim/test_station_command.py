"""`convoy-sim station`: the file it writes, the summary it prints, the input it refuses."""

import argparse
import csv
import json
from pathlib import Path

import pytest

from sim.cli import station as cli

USUAL = {
    "--arrivals": "20/h",
    "--service": "exponential:600s",
    "--servers": "4",
    "--hours": "100",
    "--seed": "7",
}


def command(path: Path, *words: str, **changes: str) -> int:
    options = USUAL | {f"--{name}": value for name, value in changes.items()}
    parser = argparse.ArgumentParser(prog="convoy-sim")
    cli.add_parser(parser.add_subparsers())
    pairs = [f"{option}={value}" for option, value in options.items()]
    args = parser.parse_args(["station", *pairs, "-o", str(path), *words])
    code: int = args.run(args)
    return code


def test_command_writes_every_visit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "stages.csv"
    assert command(out) == 0
    assert out.read_text().startswith("vehicle,crossing,stage,arrive,start,end\n")
    with out.open() as file:
        visits = list(csv.DictReader(file))
    assert visits[0]["vehicle"] == "v000001"
    assert visits[0]["crossing"] == "c000001"
    assert {visit["stage"] for visit in visits} == {"station"}
    assert len(visits) == pytest.approx(2000, abs=5 * 2000**0.5)
    for visit in visits:
        assert float(visit["arrive"]) <= float(visit["start"]) <= float(visit["end"])
    assert float(visits[-1]["arrive"]) < 100 * 3600
    said = capsys.readouterr()
    assert f"served        {len(visits)} with 4 servers" in said.out
    assert "p95 wait" in said.out
    assert said.err == ""


def test_command_prints_json_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path / "stages.csv", "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert set(summary) >= {"served", "servers", "utilisation", "mean_wait_s", "p95_wait_s"}
    assert 0.7 < summary["utilisation"] < 0.95


def test_same_seed_writes_the_same_file(tmp_path: Path) -> None:
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        command(tmp_path / name, seed=seed)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_station_without_a_visitor_has_no_wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "stages.csv"
    assert command(out, "--json", arrivals="0.000001/h", hours="0.01") == 0
    assert json.loads(capsys.readouterr().out)["mean_wait_s"] is None
    assert command(out, arrivals="0.000001/h", hours="0.01") == 0
    assert "wait" not in capsys.readouterr().out
    assert out.read_text() == "vehicle,crossing,stage,arrive,start,end\n"


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("arrivals", "20", "--arrivals '20'"),
        ("arrivals", "-1/h", "--arrivals '-1/h'"),
        ("arrivals", "1e9/s", "at most 10000000"),
        ("service", "exponentail:600s", "nearest: exponential"),
        ("service", "constant:soon", "--service 'constant:soon'"),
        ("servers", "0", "--servers '0'"),
        ("servers", "2.5", "--servers '2.5'"),
        ("servers", "many", "--servers 'many'"),
        ("hours", "0", "--hours '0'"),
        ("hours", "nan", "--hours 'nan'"),
        ("seed", "-1", "--seed '-1'"),
    ],
)
def test_bad_option_is_refused_in_one_line(
    option: str, value: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(tmp_path / "stages.csv", **{option: value}) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("convoy-sim station: ")
    assert sentence in said.err
    assert "expected" in said.err
    assert not (tmp_path / "stages.csv").exists()


def test_unwritable_output_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(tmp_path / "none" / "stages.csv") == 2
    assert "cannot be written" in capsys.readouterr().err
