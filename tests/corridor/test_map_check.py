"""`convoy-corridor map check`: exit codes, and what goes to which stream."""

import argparse
import json
from pathlib import Path

import pytest

from corridor.cli.map_check import add_parser
from tests.contract.map_edits import MAPS, a_map, put


def check(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    args = parser.parse_args(["map", "check", *words])
    code: int = args.run(args)
    return code


def test_good_map_prints_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(str(MAPS / "bakhty_pokitu.geojson")) == 0
    out, err = capsys.readouterr()
    assert "gates=4 " in out
    assert "berths=64 " in out
    assert "digest=" in out
    assert not err


def test_good_map_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(str(MAPS / "smoke.geojson"), "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["map"] == "smoke"
    assert summary["lanes"] == 58
    assert len(summary["digest"]) == 64


def test_broken_map_prints_one_fault_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "broken.geojson"
    file.write_bytes(a_map(put("kz_d01_a", "width_m", 0), put("kz_d02_a", "grade", 1)))
    assert check(str(file)) == 2
    out, err = capsys.readouterr()
    assert not out
    first, second, last = err.splitlines()
    assert first == "kz_d01_a: width_m is 0; expected a number above 0 and at most 20 m"
    assert second.startswith("kz_d02_a: grade is 1; expected a number from -0.08 to 0.08")
    assert last.endswith("2 faults; not a usable map")


def test_broken_map_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "broken.geojson"
    file.write_bytes(a_map(put("kz_d01_a", "width_m", 0)))
    assert check(str(file), "--json") == 2
    (fault,) = json.loads(capsys.readouterr().out)["faults"]
    assert fault["feature"] == "kz_d01_a"
    assert fault["field"] == "width_m"


@pytest.mark.parametrize("name", ["missing.geojson", ".", "nul\0"])
def test_file_that_cannot_be_read(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(str(tmp_path / name)) == 2
    assert "cannot be read" in capsys.readouterr().err
