"""Seeds as they are typed: a whole number that a result can hold, else one line and exit code 2."""

import pytest

from tests.sim.commands import command, process

STATION = "station --arrivals 9/h --service constant:1s --servers 1 --hours 1 -o /nowhere/s.csv"
OF_ONE = (
    *("run smoke", "run platoon_sine", "stage green_and_red", "stage smoke", "compare today"),
    STATION,
)


@pytest.mark.parametrize("line", OF_ONE)
@pytest.mark.parametrize("seed", ["-1", "x", "1.5", "9223372036854775808", str(2**70), "9" * 5_000])
def test_seed_that_is_none_is_one_line(line: str, seed: str) -> None:
    said = command("sim", *line.split(), "--seed", seed)
    assert (said.code, said.out) == (2, "")
    assert f"--seed '{seed}"[:60] in said.err
    assert "expected a whole number from 0 to 9223372036854775807" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("line", ["run smoke", "run platoon_sine", "stage smoke", "compare today"])
@pytest.mark.parametrize("seed", [-1, 2**63, 2**70])
def test_seed_of_a_setting_has_the_same_bounds(line: str, seed: int) -> None:
    said = command("sim", *line.split(), "--set", f"seed={seed}")
    assert (said.code, said.out) == (2, "")
    assert "seed" in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize("line", ["campaign smoke", "sweep smoke"])
@pytest.mark.parametrize(
    ("seeds", "word"),
    [
        ("-3:2", "expected seeds from 0 to 9223372036854775807"),
        (f"0:{2**70}", "expected seeds from 0 to 9223372036854775807"),
        ("0:200000", "200000 seeds, expected at most 100000"),
        ("2:2", "expected A:B with A below B"),
        ("1", "expected A:B with A below B"),
    ],
)
def test_range_of_seeds_that_is_none_is_one_line(line: str, seeds: str, word: str) -> None:
    said = command("sim", *line.split(), f"--seeds={seeds}")
    assert (said.code, said.out) == (2, "")
    assert f"--seeds '{seeds}': {word}" in said.err
    assert said.err.count("\n") == 1


def test_refused_seed_of_a_process_is_one_line() -> None:
    said = process("sim", "run", "smoke", "--seed", "-1")
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
