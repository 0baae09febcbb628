"""The guard's pure part: releases that are taken back on the way. (vital)

VEH-018: a revocation takes and never gives; it is bound to the release and to the office's key.
"""

from typing import Any

import pytest

from contract.limits import FRICTION_WORST, GATE_OVERLAP_M, LANE_OVERLAP_M
from contract.v1.customs_pb2 import Refusal, Revocation
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ, DIRECTION_WEST, Document
from tests.factories import (
    a_now,
    a_signer,
    a_subject,
    both_releases,
    reason_of,
    release_keys,
    signed,
    the_map,
)
from tests.vehicle.test_guard_authority import NEUTRAL_M, a_guard, a_route, an_authority, tell
from vehicle.guard import Braking, Guard, GuardRow, Refuge, Supervisors

LINE_M = 50.0
END_M = 80.0
PAST = Braking(61.0, 64.0, 61.0)
SAFE = ((0.0, 40.0), (LINE_M, LINE_M), (66.0, 70.0), (78.0, 84.0))
CLOSED = GuardRow(NEUTRAL_M - GATE_OVERLAP_M, GATE_OVERLAP_M, FRICTION_WORST)


def near(at_m: float) -> Any:
    """A place to the millimetre that the wire has, and a bit."""
    return pytest.approx(at_m, abs=0.005)


def a_revocation(office: str = "KZ", release_id: str = "", by: str = "") -> Document:
    country = {"KZ": COUNTRY_KZ, "CN": COUNTRY_CN}[office]
    revocation = Revocation(
        number=1, office=country, crossing_id="KZ-1", release_id=release_id or f"{office}-1"
    )
    return signed(revocation, by or f"release/{office}")


def a_cleared_guard(end_m: float = END_M) -> Guard:
    """With an authority to beyond the neutral zone's beginning, and both releases."""
    guard = a_guard(neutral_m=NEUTRAL_M)
    guard.mission("mission-1", "KZ-1", a_route(), NEUTRAL_M, version=1, refuge=Refuge(LINE_M, SAFE))
    lane, offset_m = a_route().where(end_m)
    assert tell(guard, an_authority(end_lane=lane, end_mm=round(offset_m * 1000))) is None
    assert guard.releases(both_releases(), a_now()) is None
    assert guard.row() == GuardRow(near(end_m), LANE_OVERLAP_M, FRICTION_WORST)
    return guard


def row_of(guard: Guard) -> GuardRow:
    row = guard.row()
    assert row is not None
    return row


@pytest.mark.parametrize("office", ["KZ", "CN"])
def test_either_office_takes_back_its_own(office: str) -> None:
    guard = a_cleared_guard()
    assert guard.revoke(a_revocation(office)) == (office, f"{office}-1")
    assert not guard.cleared
    assert guard.revoked
    assert guard.closing


@pytest.mark.parametrize(
    ("braking", "end_m"),
    [
        (Braking(3.0, 10.0, 5.0), NEUTRAL_M - GATE_OVERLAP_M),
        (Braking(LINE_M, 75.0, 65.0), NEUTRAL_M - GATE_OVERLAP_M),
        (Braking(LINE_M + 0.1, 52.0, 51.0), 51.0),
        (Braking(51.0, 75.0, NEUTRAL_M - GATE_OVERLAP_M), NEUTRAL_M - GATE_OVERLAP_M),
        (Braking(51.0, 64.0, NEUTRAL_M - GATE_OVERLAP_M + 0.1), 66.0),
        (Braking(59.0, 67.0, 61.0), 67.0),
        (Braking(61.0, 70.0, 61.0), 70.0),
        (Braking(61.0, 70.1, 61.0), 78.0),
        (Braking(74.0, 79.0, 75.0), 79.0),
        (Braking(75.0, 83.0, 75.0), END_M),  # the authority ends first
        (Braking(75.0, 90.0, 75.0), END_M),  # no safe place left: where it ends
    ],
    ids=str,
)
def test_truck_is_kept_before_the_line_if_it_stops_there_else_at_the_next_safe_place(
    braking: Braking, end_m: float
) -> None:
    guard = a_cleared_guard()
    guard.revoke(a_revocation())
    guard.close(braking)
    assert not guard.closing
    assert row_of(guard).end_m == near(end_m)
    assert row_of(guard).overlap_m == GATE_OVERLAP_M
    at_line = braking.front_m <= LINE_M
    assert guard.limit_m == near(LINE_M if at_line else end_m)


@pytest.mark.parametrize("gentle_m", [0.0, 45.0, 55.0, 61.0, 66.0, 75.0, 82.0, 120.0])
@pytest.mark.parametrize("hurry", [1.0, 0.9, 0.7])
@pytest.mark.parametrize("end_m", [20.0, 55.0, 62.0, 68.0, 80.0, 84.0])
def test_nothing_taken_back_ever_gives_road(gentle_m: float, hurry: float, end_m: float) -> None:
    guard = a_cleared_guard(end_m)
    before = row_of(guard)
    guard.revoke(a_revocation())
    assert row_of(guard) == before, "until it is known where the truck stops, nothing moves"
    guard.close(Braking(0.8 * hurry * gentle_m, gentle_m, hurry * gentle_m))
    assert row_of(guard).end_m <= before.end_m
    assert row_of(guard).overlap_m <= before.overlap_m


def test_guard_decides_once_where_the_truck_stands() -> None:
    """What has been chosen does not wander on with the truck."""
    guard = a_cleared_guard()
    guard.revoke(a_revocation())
    guard.close(Braking(60.0, 67.0, 61.0))
    guard.close(Braking(74.0, 79.0, 75.0))
    assert row_of(guard).end_m == near(67.0)
    assert tell(guard, an_authority(number=2, end_lane="kz_e_weigh_a", end_mm=24_000)) is None
    assert row_of(guard).end_m == near(67.0)
    guard.revoke(a_revocation("CN"))
    assert not guard.closing


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (a_revocation("KZ", by="release/CN"), "BAD_SIGNATURE"),
        (a_revocation("KZ", by="office-kz"), "BAD_SIGNATURE"),
        (a_revocation("KZ", by="supervisor"), "BAD_SIGNATURE"),
        (a_revocation("CN", by="release/KZ"), "BAD_SIGNATURE"),
        (a_revocation("KZ", "KZ-0"), ""),
        (a_revocation("KZ", "CN-1"), ""),  # the other's release is not its own to take back
    ],
)
def test_forged_or_foreign_revocation_changes_nothing(document: Document, reason: str) -> None:
    guard = a_cleared_guard()
    before = row_of(guard)
    assert reason_of(guard.revoke(document)) == reason
    guard.close(Braking(0.0, 0.0, 0.0))
    assert (guard.cleared, guard.revoked, guard.closing) == (True, False, False)
    assert row_of(guard) == before
    assert guard.releases(both_releases(), a_now()) is None


def test_forged_revocation_is_refused_as_often_as_it_comes() -> None:
    guard = a_cleared_guard()
    for _ in range(3):
        assert reason_of(guard.revoke(a_revocation(by="release/CN"))) not in ("", "DUPLICATE")
    assert guard.cleared


def test_way_with_a_refuge_but_no_neutral_zone_is_not_closed_either() -> None:
    guard = a_guard(neutral_m=NEUTRAL_M)
    guard.mission("mission-1", "KZ-1", a_route(), None, version=1, refuge=Refuge(LINE_M, SAFE))
    assert tell(guard, an_authority()) is None
    assert guard.releases(both_releases(), a_now()) is None
    guard.revoke(a_revocation())
    guard.close(PAST)
    row = guard.row()
    assert row is not None
    assert row.overlap_m == LANE_OVERLAP_M


def test_revocation_heard_again_changes_nothing() -> None:
    guard = a_cleared_guard()
    guard.revoke(a_revocation())
    guard.close(Braking(60.0, 67.0, 61.0))
    before = row_of(guard)
    assert reason_of(guard.revoke(a_revocation())) == "DUPLICATE"
    assert not guard.closing
    assert row_of(guard) == before


def test_old_releases_never_clear_again_new_ones_do() -> None:
    guard = a_cleared_guard()
    guard.revoke(a_revocation())
    guard.close(Braking(60.0, 67.0, 61.0))
    assert reason_of(guard.releases(both_releases(), a_now())) == "RELEASE_REVOKED"
    assert row_of(guard).end_m == near(67.0)
    assert guard.releases(both_releases(release_id="anew"), a_now()) is None
    assert (guard.cleared, guard.revoked, guard.limit_m) == (True, False, None)
    assert row_of(guard).end_m == near(END_M)


def test_revocation_that_comes_before_its_release_keeps_it_from_clearing() -> None:
    keys = {"supervisor": a_signer("supervisor").public_key}
    guard = Guard("truck-01", a_signer("truck-01").key_id, Supervisors(keys), release_keys())
    assert guard.revoke(a_revocation()) == ("KZ", "KZ-1")
    assert not guard.closing
    guard.mission("mission-1", "KZ-1", a_route(), NEUTRAL_M, version=1)
    assert reason_of(guard.releases(both_releases(), a_now())) == "RELEASE_REVOKED"
    assert guard.revoked
    assert guard.limit_m == NEUTRAL_M - GATE_OVERLAP_M


def test_clearance_that_is_lost_otherwise_closes_in_the_same_way() -> None:
    """An expired release on the line is no cause for an emergency stop there."""
    guard = a_cleared_guard()
    assert reason_of(guard.releases([], a_now())) == "RELEASE_MISSING_KZ"
    assert guard.closing
    assert not guard.revoked
    guard.close(Braking(60.0, 67.0, 61.0))
    assert row_of(guard).end_m == near(67.0)


def test_truck_that_was_granted_nothing_is_kept_at_the_line() -> None:
    guard = a_guard(neutral_m=NEUTRAL_M)
    guard.mission("mission-1", "KZ-1", a_route(), NEUTRAL_M, version=1, refuge=Refuge(LINE_M, SAFE))
    assert guard.releases(both_releases(), a_now()) is None
    guard.revoke(a_revocation())
    guard.close(Braking(70.0, 70.0, 70.0))
    assert guard.row() is None
    assert guard.limit_m == LINE_M
    assert tell(guard, an_authority(end_lane="kz_e_weigh_a", end_mm=20_000)) is None
    assert guard.row() == CLOSED


def test_way_that_does_not_enter_the_neutral_zone_is_not_closed() -> None:
    guard = a_guard()
    assert tell(guard, an_authority()) is None
    assert guard.releases(both_releases(), a_now()) is None
    before = row_of(guard)
    guard.revoke(a_revocation())
    guard.close(Braking(0.0, 0.0, 0.0))
    assert row_of(guard) == before
    assert guard.limit_m is None


def homeward(**changes: Any) -> list[Document]:
    """A refusal that names a return, and both releases of it."""
    key_id = a_signer("truck-01").key_id
    subject = a_subject(
        crossing_id="KZ-1-R",
        vehicle_id="truck-01",
        vehicle_key_id=key_id,
        direction=DIRECTION_WEST,
    )
    refusal = Refusal(
        office=COUNTRY_CN,
        crossing_id="KZ-1",
        declaration_sha256=subject.declaration_sha256,
        return_crossing_id="KZ-1-R",
    )
    for field, value in changes.items():
        setattr(refusal, field, value)
    return [signed(refusal, "release/CN"), *both_releases(subject, release_id="R-1")]


def a_guard_kept(braking: Braking) -> Guard:
    guard = a_cleared_guard()
    guard.revoke(a_revocation("CN"))
    guard.close(braking)
    return guard


def test_truck_past_the_line_goes_on_by_the_papers_of_its_return() -> None:
    """VEH-019: and keeps what they gave it when they are judged again."""
    guard = a_guard_kept(PAST)
    for _ in range(2):
        assert guard.releases(homeward(), a_now()) is None
        assert guard.cleared
        assert not guard.revoked
        assert guard.limit_m is None


@pytest.mark.parametrize("braking", [Braking(3.0, 10.0, 5.0), Braking(LINE_M + 0.1, 52.0, 51.0)])
def test_papers_of_a_return_are_no_way_in(braking: Braking) -> None:
    """I7, VEH-019: whoever is not past the line stays before it."""
    guard = a_guard_kept(braking)
    assert guard.releases(homeward(), a_now()) is not None
    assert not guard.cleared
    fresh = a_guard(neutral_m=NEUTRAL_M)
    assert fresh.releases(homeward(), a_now()) is not None


@pytest.mark.parametrize(
    "changes",
    [{"crossing_id": "KZ-9"}, {"return_crossing_id": ""}, {"declaration_sha256": bytes(32)}],
)
def test_papers_of_another_return_do_not_lift_the_hold(changes: dict[str, Any]) -> None:
    guard = a_guard_kept(PAST)
    assert guard.releases(homeward(**changes), a_now()) is not None
    assert guard.revoked
    assert not guard.cleared
    guard.mission("mission-1", "KZ-2", a_route(), NEUTRAL_M, version=2)
    assert guard.releases(homeward(), a_now()) is not None


def test_place_that_was_chosen_outlives_a_new_version_only_while_it_is_on_the_way() -> None:
    guard = a_cleared_guard()
    guard.revoke(a_revocation())
    guard.close(Braking(60.0, 67.0, 61.0))
    refuge = Refuge(LINE_M, SAFE)
    guard.mission("mission-1", "KZ-1", a_route(), NEUTRAL_M, version=2, refuge=refuge)
    assert guard.limit_m == near(67.0)
    short = the_map().route(("kz_d01_a", "kz_d01_out"))
    guard.mission("mission-1", "KZ-1", short, NEUTRAL_M, version=3, refuge=refuge)
    assert guard.limit_m == LINE_M
    guard.mission("mission-1", "KZ-2", a_route(), NEUTRAL_M, version=4, refuge=refuge)
    assert guard.limit_m == LINE_M
    assert not guard.revoked
