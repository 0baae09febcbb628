"""The first run on a machine: compiling is counted apart, and said to a person alone."""

import importlib
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.kernel import COMPILED, kernel
from sim.cli import first_run
from sim.cli.run import compiled
from sim.compiling import DONE, watched
from tests.sim.commands import ROOT

needs_compiler = pytest.mark.skipif(not COMPILED, reason="numba is not installed")


def inner(x: float) -> float:
    return x + 1.0


def outer(x: float) -> float:
    return inner(x) * 2.0


def drive(folder: Path, stderr: int) -> subprocess.CompletedProcess[bytes]:
    """`convoy-sim drive` on a machine that has never compiled anything."""
    script = folder / "script.csv"
    script.write_text("t,steering_rate_radps,accel_mps2\n0,0,1\n1,0,0\n")
    words = ["drive", str(script), "-o", str(folder / "track.csv")]
    return subprocess.run(
        [sys.executable, "-P", "-m", "sim", *words],
        env=os.environ | {"XDG_CACHE_HOME": str(folder), "PYTHONPATH": str(ROOT)},
        stderr=stderr,
        stdout=subprocess.PIPE,
        check=True,
    )


@needs_compiler
def test_terminal_is_told_that_kernels_are_compiled_and_nobody_else_is(tmp_path: Path) -> None:
    """Nothing on a terminal either, once they are."""
    ear, mouth = pty.openpty()
    first = drive(tmp_path, mouth)
    said = os.read(ear, 1 << 16).decode()
    assert said.count(first_run.SAID) > 3
    assert said.endswith("\r")  # the line is taken away again
    assert said.split("\r")[-2].strip() == ""
    again = drive(tmp_path, mouth)
    os.write(mouth, b".")  # or there would be nothing to read
    assert os.read(ear, 1 << 16) == b"."
    os.close(mouth)
    os.close(ear)
    assert first.stdout == again.stdout


@pytest.mark.soak
@needs_compiler
def test_without_a_terminal_nothing_is_said(tmp_path: Path) -> None:
    ran = drive(tmp_path, subprocess.PIPE)
    assert ran.stderr == b""


@needs_compiler
def test_kernels_within_a_kernel_count_once_and_before_or_after_not_at_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = importlib.import_module("numba").config
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path))  # nothing of an earlier time
    shares: list[float] = []
    monkeypatch.setitem(globals(), "inner", kernel(inner))
    compiled_outer: Callable[[float], float] = kernel(outer)
    with watched(shares.append) as compiling:
        assert compiled_outer(1.0) == 4.0
        assert compiling.kernels == 2  # itself, and its part
        spent_s = compiling.seconds
        assert compiled_outer(2.0) == 6.0
    kernel(outer)(3.0)
    assert (compiling.kernels, compiling.seconds) == (2, spent_s)
    assert spent_s > 0.0
    assert shares[-1] == DONE
    assert shares[:-1] == sorted(shares[:-1])
    assert shares.count(DONE) == 1


def test_kernel_that_cannot_be_compiled_ends_its_time_all_the_same() -> None:
    told: list[float] = []
    with watched(told.append) as compiling, pytest.raises(Exception, match="hidden"):
        kernel(lambda x: x.hidden)(1.0)
    assert told == ([] if not COMPILED else [told[0], DONE])
    assert compiling.seconds > 0.0 or not COMPILED


def test_table_says_what_compiling_took_if_it_took_anything() -> None:
    assert compiled({"compile_s": 41.23}) == ", 41.2 s of it compiling kernels, once"
    assert compiled({"compile_s": 0.0}) == ""
