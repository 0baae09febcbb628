"""Slots in runs: hoarding does not pay, and the expectation sees it where it would.

Requirements: SUP-047 in docs/SAFETY.md.
"""

import pytest

from contract.agent import Now
from contract.v1.customs_pb2 import CUSTODY_STEP_ENTERED, CUSTODY_STEP_EXITED, CUSTODY_STEP_SEALED
from corridor.records import Crossing
from corridor.slots import Slots
from sim.bookings import Booking, Bookings
from sim.engine import stream
from sim.report.page import slots_row
from sim.timetable_figures import slots_used, slots_within
from tests.factories import a_roster
from tests.sim.runs import a_run, broken, violations


def keeps_no_shows(
    self: Slots, now: Now, direction: str, ready: list[tuple[Crossing, int]]
) -> None:
    """The planted defect: only what was used is ever anybody else's."""
    del now, ready
    for index, crossing_id in sorted(self._taken[direction].items()):
        if self._state.crossings[crossing_id].step >= CUSTODY_STEP_EXITED:
            del self._taken[direction][index]


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_nearly_every_slot_is_used_though_bots_book_and_trucks_are_late() -> None:
    """SUP-047."""
    finished = a_run("slot_hoarding")
    assert broken(finished) == ""
    assert violations(finished) == {}
    assert finished.result["verdict"] == "passed", finished.result["expectations"]
    assert finished.result["slots"]["freed"] > 0


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_slots_that_no_shows_keep_are_missed_by_the_expectation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SUP-047: without the release of no-shows the scenario fails."""
    monkeypatch.setattr(Slots, "_free_no_shows", keeps_no_shows)
    finished = a_run("slot_hoarding")
    share = finished.result["slots"]["used_share"]
    assert share < 0.95, finished.result["slots"]
    assert finished.result["exit_code"] == 1


def test_slots_of_the_measured_window_are_those_that_begin_and_end_in_it() -> None:
    """However long before its slot a truck is let through: the window opens a minute early."""
    assert slots_within(2_700.0, 9_000.0, 180.0) == range(15, 50)
    assert slots_within(2_701.0, 8_999.0, 180.0) == range(16, 49)
    assert len(slots_within(0.0, 9_000.0, 0.0)) == 0


def test_slot_is_used_once_by_a_truck_that_has_passed_and_at_each_gate_by_another() -> None:
    passed = [
        Crossing("KZ-1", "E", "truck-01", slot=15, step=CUSTODY_STEP_EXITED),
        Crossing("CN-1", "W", "truck-02", slot=15, step=CUSTODY_STEP_ENTERED),
    ]
    others = [
        Crossing("KZ-2", "E", "truck-03", slot=16, step=CUSTODY_STEP_SEALED),
        Crossing("KZ-3", "E", "truck-04", slot=14, step=CUSTODY_STEP_EXITED),
        Crossing("KZ-4", "E", "truck-05", slot=50, step=CUSTODY_STEP_EXITED),
    ]
    assert slots_used([*passed, *others], range(15, 50)) == 2


def test_use_of_slots_is_told_where_there_are_any() -> None:
    slots = {"offered": 70, "used": 69, "used_share": 0.9857, "refused": 38, "freed": 14}
    assert slots_row({"slots": slots}) == [
        ("slots", "69 of 70 used, 38 bookings refused, 14 freed")
    ]
    assert slots_row({"slots": slots | {"offered": 0}}) == []
    assert slots_row({}) == []


def test_bots_book_for_nobody_or_with_keys_that_are_not_theirs() -> None:
    """As many as are asked for, and the same draws whether there are any or not."""
    booking = Booking(booked=1.0, bots=0.5, late_share=0.25, late_s=60.0)
    bookings = Bookings(booking, a_roster(), stream(1, "bookings/KZ"))
    late = [bookings.filed(0, f"KZ-{n}", "truck-01", 1_000) for n in range(400)]
    requests = bookings.due(60_000_000_000)
    assert 0.45 < bookings.bots / len(requests) < 0.55
    assert 0.2 < sum(each > 0.0 for each in late) / len(late) < 0.3
    own = a_roster().nodes["truck-01"].key_id
    honest = [each for each in requests if each.vehicle_key_id == own]
    assert {each.vehicle_id for each in requests} == {"truck-01", "truck-02"}
    assert sum(each.crossing_id.startswith("BOT-") for each in honest) > 0
    assert bookings.wake_ns is None
    again = Bookings(Booking(late_share=0.25), a_roster(), stream(1, "bookings/KZ"))
    assert [again.filed(0, "KZ-1", "truck-01", 0) for _ in range(400)] == [0.0] * 400
    assert again.draws.random() == bookings.draws.random()
