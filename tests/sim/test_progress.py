"""Who counts as stuck once everything is mended, and who only waits his time."""

import pytest

from sim.outcome import CrossingTale, Tally, Waiting
from sim.progress import STILL_S, _stuck, _was_kept

END_S = 1_000.0
TRUCK = "truck-01"


def stuck(reason: str, since_s: float, *, moved_s: float = 0.0) -> str:
    """The judgement over one truck that waits for this, nobody being broken."""
    tale = CrossingTale("KZ-1", vehicle=TRUCK, outcome="open")
    tally = Tally(waiting={TRUCK: Waiting(TRUCK, "KZ-1", reason, since_s, "E", "supervisor")})
    return _stuck(tally, tale, {TRUCK: moved_s}, after_s=60.0, end_s=END_S, dead=frozenset())


@pytest.mark.parametrize(
    ("reason", "ago_s", "is_stuck"),
    [
        ("CONVOY_FORMING", 20.0, False),
        ("CONVOY_FORMING", STILL_S + 1.0, True),
        ("ZONE_OCCUPIED", 20.0, True),
        ("NOT_READY", 20.0, False),
        ("DOCUMENT_CONTROL", 900.0, False),
    ],
)
def test_convoy_that_has_just_begun_to_form_is_not_stuck(
    reason: str, ago_s: float, is_stuck: bool
) -> None:
    """A truck that was being loaded has not moved for longer, and need not have."""
    assert bool(stuck(reason, END_S - ago_s)) == is_stuck


def test_truck_that_has_moved_lately_is_not_stuck() -> None:
    assert stuck("ZONE_OCCUPIED", 100.0, moved_s=END_S - 10.0) == ""
    assert "ZONE_OCCUPIED" in stuck("ZONE_OCCUPIED", 100.0, moved_s=100.0)


@pytest.mark.parametrize(
    ("left_s", "cleared_s", "was_kept"),
    [(30.0, 449.0, True), (30.0, 200.0, False), (300.0, 449.0, False), (None, 449.0, False)],
)
def test_crossing_under_way_that_was_cleared_only_after_the_mending_was_kept_by_people(
    left_s: float | None, cleared_s: float, was_kept: bool
) -> None:
    """It need not have arrived by the end: nobody but an officer had the move for so long."""
    tale = CrossingTale("KZ-1", vehicle=TRUCK, left_s=left_s, cleared_s=cleared_s)
    assert _was_kept(tale, 240.0) == was_kept
