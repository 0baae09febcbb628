"""Fault schedules: drawn from the seed alone, over at half of the run, ordinary scenarios."""

import functools
from itertools import pairwise
from pathlib import Path

import pytest

from contract.errors import ConfigError
from sim.distributions import parse_duration
from sim.fault_kinds import ALL_CLEARED
from sim.run import complete, load_map
from sim.scenario import FaultSection, Scenario, load, resolved
from sim.seeds.schedule import FAULTS_MAX, FAULTS_MIN, KINDS, with_faults
from sim.seeds.shrink import brief

MANY = range(120)


@functools.cache
def base() -> Scenario:
    return load("fault_seeds", [])


def drawn(seed: int) -> Scenario:
    scenario = base()
    return with_faults(scenario, load_map(scenario.corridor.map), seed)


@functools.cache
def faults(seed: int) -> list[FaultSection]:
    return [each for each in drawn(seed).fault if each.kind != ALL_CLEARED]


def test_schedule_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert resolved(drawn(7)) == resolved(drawn(7))
    assert len({resolved(drawn(seed)) for seed in range(20)}) == 20


def test_every_fault_is_over_when_everything_is_cleared() -> None:
    for seed in MANY:
        scenario = drawn(seed)
        (cleared,) = [each for each in scenario.fault if each.kind == ALL_CLEARED]
        assert cleared.at == scenario.progress.after
        healed_s = parse_duration(cleared.at)
        assert healed_s <= scenario.duration_s / 2.0
        for fault in faults(seed):
            lasts_s = parse_duration(fault.lasts)
            assert lasts_s > 0.0
            assert parse_duration(fault.at) + lasts_s <= healed_s + 1e-9


def test_as_many_faults_as_said_and_every_kind_in_its_turn() -> None:
    counts = {len(faults(seed)) for seed in MANY}
    assert min(counts) >= 1
    assert max(counts) <= FAULTS_MAX
    assert max(counts) > FAULTS_MIN
    assert {fault.kind for seed in MANY for fault in faults(seed)} == set(KINDS)


def test_one_part_of_one_target_is_never_broken_twice_at_a_time() -> None:
    for seed in MANY:
        spans: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for fault in faults(seed):
            at_s = parse_duration(fault.at)
            span = (at_s, at_s + parse_duration(fault.lasts))
            spans.setdefault((KINDS[fault.kind].part, fault.target), []).append(span)
        for each in spans.values():
            assert all(one[1] <= other[0] for one, other in pairwise(sorted(each)))


def test_every_role_is_crashed_or_paused_by_some_seed() -> None:
    hit = {f.target for s in MANY for f in faults(s) if KINDS[f.kind].part == "program"}
    assert hit >= {"truck-01", "kz_out", "supervisor", "office-cn", "agencies-kz", "terminal-kz"}


def test_schedule_is_a_runnable_scenario_in_full_and_in_brief(tmp_path: Path) -> None:
    scenario = drawn(3)
    complete(scenario, load_map("smoke"))
    path = tmp_path / "drawn.toml"
    path.write_text(resolved(scenario), encoding="utf-8")
    assert resolved(load(str(path), [])) == resolved(scenario)
    path.write_text(brief(scenario), encoding="utf-8")
    again = load(str(path), [])
    complete(again, load_map("smoke"))
    assert resolved(again) == resolved(scenario)
    assert again.seed == 3


def test_brief_keeps_tables_that_hold_numbers_and_texts(tmp_path: Path) -> None:
    """As the demands of green_and_red and the times of its stations are."""
    scenario = load("green_and_red", [])
    path = tmp_path / "brief.toml"
    path.write_text(brief(scenario), encoding="utf-8")
    assert resolved(load(str(path), [])) == resolved(scenario)


def test_proving_ground_has_no_programs_that_could_fail() -> None:
    with pytest.raises(ConfigError, match="proving ground"):
        with_faults(load("platoon_sine", []), load_map("smoke"), 1)
