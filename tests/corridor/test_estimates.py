"""When trucks on the road will be where: by position, by what places take, behind those in front.

Requirements: SUP-051 in docs/SAFETY.md.
"""

from typing import Final

from corridor.durations import KEPT
from corridor.estimates import Estimates
from corridor.planners import Planners
from corridor.timetable.settings import SlotsConfig
from tests.corridor.control import CROSSINGS, Control
from tests.corridor.test_slots import PITCH_MS, slots
from tests.factories import START_UTC_MS, TRUCKS

A, B, _ = TRUCKS
SCALE: Final = "kz_weigh_e"


def takes(control: Control, seconds: int, place: str = SCALE) -> None:
    """The last services of a place took so long."""
    planners: Planners = control.agent._planners
    planners._durations._taken_s[place] = [seconds] * KEPT
    planners._durations.changes += 1


def to_gate_s(control: Control, truck: str) -> float:
    control.at_ms += 1.0
    estimates: Estimates = control.agent._planners.slots._estimates
    crossing = control.agent.state.crossings[CROSSINGS[truck]]
    return estimates.to_gate_ms(control.now, crossing, "kz_out") / 1_000.0


def test_estimate_is_less_by_what_has_been_driven() -> None:
    """SUP-051."""
    control = Control().under_way(A)
    before_s = to_gate_s(control, A)
    control.front_at(control.exit_m(A) / 4.0)
    assert 0.0 < to_gate_s(control, A) < before_s
    control.reaches(SCALE)
    control.scanned(SCALE)
    control.drives_to(control.exit_m(A))
    control.front_at(control.exit_m(A), standing=True)
    assert to_gate_s(control, A) == 0.0


def test_truck_is_behind_the_queue_in_front_of_it_on_the_road_and_at_its_berth() -> None:
    """SUP-051: each of those in front is served before it."""
    control = Control().under_way(A)
    control.cleared(B)
    takes(control, 300)
    first_s, second_s = to_gate_s(control, A), to_gate_s(control, B)
    assert first_s >= 300.0
    assert abs(second_s - first_s - 300.0) <= 5.0
    control.accept(B)
    assert abs(to_gate_s(control, B) - first_s - 300.0) <= 5.0
    control.reaches(SCALE, A)
    control.scanned(SCALE, A)
    assert to_gate_s(control, B) < 400.0


def test_slot_is_given_by_when_a_truck_will_be_there_behind_others() -> None:
    """SUP-047, SUP-051: a scale that has become slow moves the second one's slot by as much."""
    control = Control(settings={"slots": SlotsConfig(pitch_ms=PITCH_MS)}).cleared(A, B)
    for _ in range(60):
        control.at_ms += 4_000
        control.pass_time(1)
        for truck in {A, B} & set(control.agent.state.mission_of):
            control.accept(truck)
    assert {A, B} <= set(control.agent.state.mission_of)
    takes(control, 600)
    control.pass_time(2)
    there_ms = START_UTC_MS + control.at_ms + 1_000.0 * to_gate_s(control, B)
    assert to_gate_s(control, B) >= 1_200.0
    assert slots(control, B)[-1].until_utc_ms >= there_ms
    assert slots(control, A)[-1].until_utc_ms < there_ms
