"""Whatever value a scenario's key is given, the command ends soon, in words, and by its exit code.

And every number of a scenario has two finite bounds. Not here: what is said about a single wrong
value (test_exit_codes.py).
"""

import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
import pytest

from sim.scenario import Scenario
from tests.sim import hostile
from tests.sim.commands import command, settings

SHORT: Final = ("time.duration='2s'", "time.crossings=0", "expect=[]")
TRIED: Final = 200
SECONDS_MAX: Final = 5.0

# Sections that `smoke` does not have, so that their keys can be set.
SECTIONS: Final = (
    "fault=[{at='1s', kind='crash', target='truck-01', lasts='500ms'}]",
    "expect=[{metric='safety.total', equals=0}]",
)


def fault_of(setting: str, folder: Path) -> str:
    """What is wrong with the command's end; empty if nothing is."""
    began_s = time.process_time()
    words = settings(*SHORT, *SECTIONS, setting)
    said = command("sim", "run", "smoke", "--out", str(folder), "--json", *words)
    took_s = time.process_time() - began_s
    leaf = setting.partition("=")[0].rpartition(".")[2]
    if said.code not in (0, 1, 2, 4):
        return f"exit code {said.code}: {said.err:.200}"
    if said.code == 2 and (said.out or leaf not in said.err):
        return f"refused without a word about {leaf}: {said.err:.200}"
    if "Traceback" in said.err:
        return "a traceback"
    return f"took {took_s:.1f} s" if took_s > SECONDS_MAX else ""


def faults_of(tried: list[str], folder: Path) -> list[str]:
    found = ((setting, fault_of(setting, folder)) for setting in tried)
    return [f"{setting!r:.80}: {fault}" for setting, fault in found if fault]


def test_every_key_is_tried() -> None:
    tried = hostile.some_settings(TRIED)
    assert len(tried) == TRIED
    assert {setting.partition("=")[0] for setting in tried} == set(hostile.keys())
    assert {"flow.0.channels.green", "office.KZ.officers", "fault.0.lasts"} <= set(hostile.keys())


def test_hostile_value_of_any_key_ends_the_command_in_words(tmp_path: Path) -> None:
    assert faults_of(hostile.some_settings(TRIED), tmp_path) == []


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_every_hostile_value_of_every_key_ends_the_command_in_words(tmp_path: Path) -> None:
    assert faults_of(hostile.every_setting(), tmp_path) == []


# --- bounds ---


def numbers(kind: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Every number of a section and of what is inside it, with its bounds."""
    if get_origin(kind) is Annotated and get_args(kind)[0] in (int, float):
        yield place, get_args(kind)[1]
    elif kind in (int, float):
        yield place, None
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield from numbers(field.type, f"{place}.{field.name}")
    else:
        for inner in get_args(kind):
            yield from numbers(inner, place)


def test_every_number_of_a_scenario_has_two_finite_bounds() -> None:
    found = dict(numbers(Scenario, ""))
    assert {".network.late_ms", ".flow.payload_t", ".expect.equals", ".fleet.kz"} <= set(found)
    for place, bounds in found.items():
        assert bounds is not None, place
        low = bounds.ge if bounds.ge is not None else bounds.gt
        high = bounds.le if bounds.le is not None else bounds.lt
        assert low is not None, place
        assert high is not None, place
        assert math.isfinite(low), place
        assert math.isfinite(high), place
