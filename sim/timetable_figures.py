"""Waiting by class, tardiness and the use of slots: what the order of trucks has made of a day.

From the supervisor's own rows of crossings, which are the same with a timetable and without one, so
that the two can be compared; due times and weights are those of `[timetable]` in either case. Who
is ready and has not arrived when the run ends is counted as arriving then. In a staged run the
supervisor is a process elsewhere, and there are no figures. Not here: crossing times (outcome.py).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED
from corridor.agent import SupervisorAgent
from corridor.records import Crossing
from corridor.timetable.settings import TimetableConfig, weight_of
from sim.build import SUPERVISOR
from sim.distributions import parse_duration
from sim.outcome import spread
from sim.record import Said
from sim.scenario import Scenario
from sim.scenario_timetable import timetable_config
from sim.world import World

NEEDED: Final = frozenset({"slot_given", "slot_freed", "slot_refused", "timetable_made"})
CLASSES: Final = ("perishable", "other", "empty")
SPREAD: Final = ("mean", "p50", "p95", "max")
SUMS: Final = ("plans", "weighted_tardiness_s", "late", "parked_mean_s", "lane_mean_s")
SLOTS: Final = ("offered", "used", "used_share", "given", "freed", "refused")


def both(world: World, events: Sequence[Said], warm_up_s: float, end_s: float) -> dict[str, Any]:
    """The parts of result.json that are about order and slots."""
    return {
        "timetable": figures(world, events, warm_up_s, end_s),
        "slots": slot_figures(world, events, warm_up_s, end_s),
    }


def rows_of(world: World) -> list[Crossing]:
    """The supervisor's crossings; none where it is another process, or down."""
    node = world.hosts[SUPERVISOR].node
    agent = node.agent if node is not None else None
    return list(agent.state.crossings.values()) if isinstance(agent, SupervisorAgent) else []


def figures(world: World, events: Sequence[Said], warm_up_s: float, end_s: float) -> dict[str, Any]:
    """The `timetable` part of result.json; those that were ready within the measured window."""
    start_ms = round(world.scenario.time.start.timestamp() * 1_000)
    end_ms = start_ms + round(1_000 * end_s)
    first_ms = start_ms + round(1_000 * warm_up_s)
    rows = [
        each
        for each in rows_of(world)
        if each.ready_ms >= first_ms and not each.return_of and each.outcome != "refused"
    ]
    config = due_of(world.scenario)
    late = [_late_s(each, config, end_ms) for each in rows]
    left = [each for each in rows if each.started_ms]
    ended = [each for each in left if each.finished_ms]
    return {
        "plans": sum(said.code == "timetable_made" for said in events),
        "weighted_tardiness_s": round(
            sum(_weight(each) * late_s for each, late_s in zip(rows, late, strict=True)), 1
        ),
        "late": sum(each > 0.0 for each in late),
        "parked_mean_s": _mean(left, lambda each: each.started_ms - each.ready_ms),
        "lane_mean_s": _mean(ended, lambda each: each.finished_ms - each.started_ms),
        "ready_to_arrival_s": {
            name: spread(sorted(_took_s(each, end_ms) for each in rows if class_of(each) == name))
            for name in CLASSES
        },
    }


def due_of(scenario: Scenario) -> TimetableConfig:
    """Due times, also of a day without a timetable."""
    section = scenario.timetable
    config = timetable_config(section)
    if config is not None:
        return config
    due_ms, soon_ms = (
        round(1_000 * parse_duration(each)) for each in (section.due, section.due_perishable)
    )
    return TimetableConfig(due_ms=due_ms, due_perishable_ms=soon_ms)


def class_of(crossing: Crossing) -> str:
    """How a crossing is told of: what spoils, other loads, empty trucks."""
    if not crossing.loaded:
        return "empty"
    return "perishable" if crossing.perishable else "other"


def _took_s(crossing: Crossing, end_ms: int) -> float:
    return ((crossing.finished_ms or end_ms) - crossing.ready_ms) / 1_000.0


def _late_s(crossing: Crossing, config: TimetableConfig, end_ms: int) -> float:
    due_s = config.due_after_ms(perishable=crossing.perishable) / 1_000.0
    return max(0.0, _took_s(crossing, end_ms) - due_s)


def _weight(crossing: Crossing) -> float:
    return weight_of(
        loaded=crossing.loaded,
        perishable=crossing.perishable,
        trusted=crossing.trusted,
        batched=crossing.batch_size > 1,
    )


def _mean(rows: list[Crossing], took_ms: Callable[[Crossing], int]) -> float:
    return round(sum(map(took_ms, rows)) / len(rows) / 1_000.0, 1) if rows else 0.0


def slot_figures(
    world: World, events: Sequence[Said], warm_up_s: float, end_s: float
) -> dict[str, Any]:
    """The `slots` part of result.json: of the slots of both exit gates that lie within the measured
    window, those in which a truck has passed.
    """
    begun_s = world.scenario.time.start.timestamp()
    pitch_s = parse_duration(world.scenario.slots.pitch)
    indexes = slots_within(begun_s + warm_up_s, begun_s + end_s, pitch_s)
    offered, used = 2 * len(indexes), slots_used(rows_of(world), indexes)
    codes = [said.code for said in events]
    return {
        "offered": offered,
        "used": used,
        "used_share": round(used / offered, 4) if offered else None,
        "given": codes.count("slot_given"),
        "freed": codes.count("slot_freed"),
        "refused": codes.count("slot_refused"),
    }


def slots_within(from_s: float, until_s: float, pitch_s: float) -> range:
    """The slots of a gate that begin and end between two UTC times; none without a pitch."""
    if not pitch_s:
        return range(0)
    return range(math.ceil(from_s / pitch_s), math.floor(until_s / pitch_s))


def slots_used(rows: Sequence[Crossing], indexes: range) -> int:
    """In how many of these slots of both gates a truck has passed."""
    passed = [each for each in rows if each.step >= CUSTODY_STEP_EXITED and each.slot in indexes]
    return len({(each.direction, each.slot) for each in passed})
