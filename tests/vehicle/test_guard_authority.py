"""The guard's pure part: authorities and releases read from the bytes themselves. (vital)"""

from typing import Any

import pytest

from contract.agent import Refused
from contract.limits import FRICTION_DRY, FRICTION_WORST, GATE_OVERLAP_M, LANE_OVERLAP_M
from contract.route import Route
from contract.v1.movement_pb2 import (
    SHORTENING_COOPERATIVE,
    SHORTENING_EMERGENCY,
    SHORTENING_UNSPECIFIED,
    ClearanceNotice,
    MovementAuthority,
    Shortening,
)
from tests.factories import (
    HOUR_MS,
    a_frame,
    a_now,
    a_signer,
    a_subject,
    both_releases,
    reason_of,
    release_keys,
    the_map,
)
from vehicle.guard import Braking, Guard, GuardRow, Supervisors

NEUTRAL_M = 60.0


def a_route() -> Route:
    """Three lanes of 24 m, 36 m and 24 m from a departure berth."""
    return the_map().route(("kz_d01_a", "kz_d01_out", "kz_e_weigh_a"))


def a_guard(*, neutral_m: float | None = None, crossing: str = "KZ-1") -> Guard:
    """Truck-01's guard with mission-1, version 1, taken up."""
    keys = {"supervisor": a_signer("supervisor").public_key}
    guard = Guard("truck-01", a_signer("truck-01").key_id, Supervisors(keys), release_keys())
    guard.mission("mission-1", crossing, a_route(), neutral_m, version=1)
    return guard


def an_authority(**changes: Any) -> MovementAuthority:
    """Up to 10 m on the second lane."""
    values: dict[str, Any] = {
        "mission_id": "mission-1",
        "mission_version": 1,
        "number": 1,
        "end_lane": "kz_d01_out",
        "end_mm": 10_000,
        "overlap_mm": 5_000,
    }
    return MovementAuthority(**(values | changes))


def tell(guard: Guard, authority: MovementAuthority, **frame: Any) -> Refused | None:
    raw = a_frame("supervisor", "truck-01", authority, **frame)
    return guard.authority(raw, epoch_min=1)


def second_lane_m() -> float:
    return a_route().starts_m[1]


def test_guard_that_has_read_nothing_lets_the_truck_rest() -> None:
    """I2: no authority, no road."""
    assert a_guard().row() is None


def test_guard_that_has_read_nothing_clears_nobody() -> None:
    """I7."""
    guard = Guard("truck-01", a_signer("truck-01").key_id, Supervisors({}), release_keys())
    assert not guard.cleared
    assert guard.row() is None


def test_authority_in_order_sets_end_and_overlap() -> None:
    """I2."""
    guard = a_guard()
    assert tell(guard, an_authority()) is None
    row = guard.row()
    assert row is not None
    assert row.end_m == pytest.approx(second_lane_m() + 10.0)
    assert row.overlap_m == LANE_OVERLAP_M


def test_overlap_that_is_shorter_than_that_of_a_lane_is_kept() -> None:
    guard = a_guard()
    assert tell(guard, an_authority(overlap_mm=2_000)) is None
    row = guard.row()
    assert row is not None
    assert row.overlap_m == 2.0


def test_authority_may_end_where_its_lane_does() -> None:
    guard = a_guard()
    assert tell(guard, an_authority(end_mm=36_000)) is None
    row = guard.row()
    assert row is not None
    assert row.end_m == pytest.approx(second_lane_m() + 36.0)
    for end_mm, reason in ((36_001, None), (36_002, "AUTHORITY_INVALID")):  # it has 36.00003 m
        answer = tell(a_guard(), an_authority(end_mm=end_mm))
        assert (reason_of(answer) if answer is not None else None) == reason


def test_authority_for_the_same_end_again_counts() -> None:
    """A higher number may bring another friction."""
    guard = a_guard()
    assert tell(guard, an_authority()) is None
    assert tell(guard, an_authority(number=2, friction_permille=300)) is None
    row = guard.row()
    assert row is not None
    assert row.mu == 0.3


def test_overlap_is_never_more_than_that_of_a_lane() -> None:
    guard = a_guard()
    assert tell(guard, an_authority(overlap_mm=90_000)) is None
    row = guard.row()
    assert row is not None
    assert row.overlap_m == LANE_OVERLAP_M


@pytest.mark.parametrize(
    ("told", "mu"),
    [(0, FRICTION_WORST), (1, 0.001), (150, 0.15), (700, FRICTION_DRY), (900, FRICTION_DRY)],
)
def test_friction_is_what_the_authority_says_and_never_better_than_a_dry_road(
    told: int, mu: float
) -> None:
    """I3, I21: silence means a slippery road."""
    guard = a_guard()
    assert tell(guard, an_authority(friction_permille=told)) is None
    row = guard.row()
    assert row is not None
    assert row.mu == mu


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"mission_id": ""}, "NO_MISSION"),
        ({"mission_id": "mission-2"}, "NO_MISSION"),
        ({"mission_version": 0}, "MISSION_STALE"),
        ({"mission_version": 2}, "MISSION_STALE"),
        ({"number": 0}, "AUTHORITY_STALE"),
        ({"end_lane": ""}, "AUTHORITY_INVALID"),
        ({"end_lane": "cn_a01_a"}, "AUTHORITY_INVALID"),
        ({"end_mm": 36_100}, "AUTHORITY_INVALID"),  # beyond its lane, though not beyond the route
        ({"end_lane": "kz_e_weigh_a", "end_mm": 4_000_000_000}, "AUTHORITY_INVALID"),
    ],
)
def test_authority_with_a_wrong_field_is_refused_and_changes_nothing(
    changes: dict[str, Any], reason: str
) -> None:
    """I21: a field that is absent or impossible leads to a refusal."""
    guard = a_guard()
    assert reason_of(tell(guard, an_authority(**changes))) == reason
    assert guard.row() is None


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({"by": "truck-02"}, "BAD_SIGNATURE"),
        ({"by": "office-kz"}, "BAD_SIGNATURE"),
        ({"recipient": "truck-02"}, "WRONG_RECIPIENT"),
        ({"sender": "kz_out"}, "WRONG_RECIPIENT"),
        ({"epoch": 0}, "STALE_EPOCH"),
        ({"payload_type": "contract.v1.ClearanceNotice"}, "WRONG_PAYLOAD"),
        ({"payload": b""}, "MALFORMED"),
        ({"payload": b"\xff"}, "MALFORMED"),
    ],
)
def test_envelope_that_is_not_the_supervisors_to_this_truck_is_refused(
    frame: dict[str, Any], reason: str
) -> None:
    """I16, I24: who signed it, for whom, and in which epoch."""
    guard = a_guard()
    assert reason_of(tell(guard, an_authority(), **frame)) == reason
    assert guard.row() is None


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xff" * 64, b"\x0a\x02\xff\xff"])
def test_bytes_that_are_no_frame_are_refused(raw: bytes) -> None:
    guard = a_guard()
    assert reason_of(guard.authority(raw, epoch_min=1)) in ("MALFORMED", "UNKNOWN_FIELD")
    assert guard.row() is None


def test_authority_without_a_mission_is_refused() -> None:
    keys = {"supervisor": a_signer("supervisor").public_key}
    guard = Guard("truck-01", a_signer("truck-01").key_id, Supervisors(keys), release_keys())
    assert reason_of(tell(guard, an_authority(mission_id=""))) == "NO_MISSION"


def test_the_same_authority_twice_counts_once() -> None:
    guard = a_guard()
    assert tell(guard, an_authority()) is None
    before = guard.row()
    assert reason_of(tell(guard, an_authority())) == "AUTHORITY_STALE"
    assert guard.row() == before


def test_authority_that_would_shorten_what_is_in_force_is_refused() -> None:
    guard = a_guard()
    assert tell(guard, an_authority()) is None
    assert reason_of(tell(guard, an_authority(number=2, end_mm=9_000))) == "CANNOT_SHORTEN"
    assert tell(guard, an_authority(number=3, end_mm=11_000)) is None


def test_guard_obeys_no_epoch_below_one_it_has_obeyed() -> None:
    """I16: the guard fences by itself, whatever minimum it is told."""
    guard = a_guard()
    assert tell(guard, an_authority(), epoch=7) is None
    assert reason_of(tell(guard, an_authority(number=2), epoch=6)) == "STALE_EPOCH"
    assert tell(guard, an_authority(number=2, end_mm=12_000), epoch=7) is None


def test_guard_obeys_the_first_epoch_and_never_none() -> None:
    """I16, I21: whatever it is told to ask for."""
    guard = a_guard()
    for epoch, reason in ((0, "STALE_EPOCH"), (1, None)):
        raw = a_frame("supervisor", "truck-01", an_authority(), epoch=epoch)
        answer = guard.authority(raw, epoch_min=0)
        assert (reason_of(answer) if answer is not None else None) == reason


def test_guard_obeys_no_epoch_below_the_one_it_is_told_of() -> None:
    """I16: the truck's mailbox may have heard of a newer supervisor by another message."""
    raw = a_frame("supervisor", "truck-01", an_authority(), epoch=3)
    assert reason_of(a_guard().authority(raw, epoch_min=4)) == "STALE_EPOCH"
    assert a_guard().authority(raw, epoch_min=3) is None


def test_forged_authority_does_not_raise_the_epoch() -> None:
    guard = a_guard()
    assert reason_of(tell(guard, an_authority(), epoch=9, by="truck-02")) == "BAD_SIGNATURE"
    assert tell(guard, an_authority(), epoch=1) is None


def test_another_mission_starts_without_authority_and_without_clearance() -> None:
    guard = a_guard(neutral_m=NEUTRAL_M)
    assert tell(guard, an_authority(number=9)) is None
    assert guard.releases(both_releases(), a_now()) is None
    guard.mission("mission-2", "KZ-1", a_route(), NEUTRAL_M, version=1)
    assert guard.row() is None
    assert not guard.cleared
    assert tell(guard, an_authority(mission_id="mission-2")) is None


def test_new_version_keeps_an_end_that_is_still_on_the_route() -> None:
    guard = a_guard()
    assert tell(guard, an_authority()) is None
    longer = the_map().route(("kz_d01_a", "kz_d01_out", "kz_e_weigh_a", "kz_e_fork_a"))
    guard.mission("mission-1", "KZ-1", longer, None, version=2)
    assert guard.row() == GuardRow(longer.at("kz_d01_out", 10.0), LANE_OVERLAP_M, FRICTION_WORST)


def test_new_version_drops_an_end_that_is_no_longer_on_the_route() -> None:
    guard = a_guard()
    assert tell(guard, an_authority()) is None
    guard.mission("mission-1", "KZ-1", the_map().route(("kz_d02_a",)), None, version=2)
    assert guard.row() is None


def test_new_version_for_the_same_crossing_keeps_the_clearance() -> None:
    guard = a_guard(neutral_m=NEUTRAL_M)
    assert guard.releases(both_releases(), a_now()) is None
    guard.mission("mission-1", "KZ-1", a_route(), NEUTRAL_M, version=2)
    assert guard.cleared


def test_new_version_for_another_crossing_loses_the_clearance() -> None:
    """I7: a release is good for the crossing it names."""
    guard = a_guard(neutral_m=NEUTRAL_M)
    assert guard.releases(both_releases(), a_now()) is None
    guard.mission("mission-1", "KZ-2", a_route(), NEUTRAL_M, version=2)
    assert not guard.cleared


def test_neutral_zone_ends_the_road_until_both_releases_verify() -> None:
    """I7."""
    guard = a_guard(neutral_m=second_lane_m())
    assert tell(guard, an_authority()) is None
    assert guard.row() == GuardRow(second_lane_m() - GATE_OVERLAP_M, GATE_OVERLAP_M, FRICTION_WORST)
    assert guard.releases(both_releases(), a_now()) is None
    assert guard.cleared
    row = guard.row()
    assert row is not None
    assert row.end_m == pytest.approx(second_lane_m() + 10.0)


def test_end_before_the_neutral_zone_needs_no_release() -> None:
    guard = a_guard(neutral_m=70.0)
    assert tell(guard, an_authority()) is None
    row = guard.row()
    assert row is not None
    assert row.end_m == pytest.approx(second_lane_m() + 10.0)


@pytest.mark.parametrize("left", [0, 1])
def test_one_release_is_no_clearance(left: int) -> None:
    """I7, I8."""
    guard = a_guard(neutral_m=NEUTRAL_M)
    missing = "RELEASE_MISSING_CN" if left == 0 else "RELEASE_MISSING_KZ"
    assert reason_of(guard.releases(both_releases()[left : left + 1], a_now())) == missing
    assert not guard.cleared


def test_releases_of_another_truck_are_no_clearance() -> None:
    guard = a_guard(neutral_m=NEUTRAL_M)
    others = both_releases(a_subject(vehicle_id="truck-02"))
    assert reason_of(guard.releases(others, a_now())) == "RELEASE_FOREIGN"
    assert not guard.cleared


def test_clearance_ends_with_releases_that_verify_no_more() -> None:
    """I7: judged anew each time; an expired pair takes the clearance away."""
    guard = a_guard(neutral_m=NEUTRAL_M)
    assert guard.releases(both_releases(), a_now()) is None
    assert reason_of(guard.releases(both_releases(), a_now(2 * HOUR_MS))) == "RELEASE_EXPIRED"
    assert not guard.cleared


def test_frame_of_another_message_is_no_authority() -> None:
    raw = a_frame("supervisor", "truck-01", ClearanceNotice(crossing_id="KZ-1"))
    assert reason_of(a_guard().authority(raw, epoch_min=1)) == "WRONG_PAYLOAD"


# --- shortened ---


def braking_to(gentle_m: float, now_m: float) -> Braking:
    """Where a truck on the second lane comes to rest: so far along that lane."""
    start_m = second_lane_m()
    return Braking(start_m, start_m + gentle_m, start_m + now_m)


@pytest.mark.parametrize(
    ("how", "gentle_m", "now_m", "yes"),
    [
        (SHORTENING_COOPERATIVE, 7.9, 3.0, True),
        (SHORTENING_COOPERATIVE, 8.0, 3.0, True),  # to the last digit
        (SHORTENING_COOPERATIVE, 8.1, 3.0, False),
        (SHORTENING_EMERGENCY, 9.0, 7.9, True),
        (SHORTENING_EMERGENCY, 9.0, 8.0, True),
        (SHORTENING_EMERGENCY, 9.0, 8.1, False),
        (SHORTENING_UNSPECIFIED, 1.0, 1.0, False),
    ],
)
def test_end_is_shortened_if_it_is_asked_for_and_the_truck_stops_before_it(
    how: Shortening, gentle_m: float, now_m: float, yes: bool
) -> None:
    """I3: what it could not stop before stays in force."""
    guard = a_guard()
    assert tell(guard, an_authority()) is None
    shorter = an_authority(number=2, end_mm=8_000, shortening=how)
    raw = a_frame("supervisor", "truck-01", shorter)
    answer = guard.authority(raw, 1, braking_to(gentle_m, now_m))
    row = guard.row()
    assert row is not None
    assert (answer is None) is yes
    assert row.end_m == pytest.approx(second_lane_m() + (8.0 if yes else 10.0))
    if answer is not None:
        assert reason_of(answer) == "CANNOT_SHORTEN"


def test_truck_that_does_not_know_where_it_stops_keeps_its_end() -> None:
    """I21."""
    guard = a_guard()
    assert tell(guard, an_authority()) is None
    for number, how in ((2, SHORTENING_COOPERATIVE), (3, SHORTENING_EMERGENCY)):
        shorter = an_authority(number=number, end_mm=8_000, shortening=how)
        assert reason_of(tell(guard, shorter)) == "CANNOT_SHORTEN"


def test_first_authority_and_a_farther_end_need_no_braking() -> None:
    guard = a_guard()
    assert tell(guard, an_authority(shortening=SHORTENING_COOPERATIVE)) is None
    farther = an_authority(number=2, end_mm=11_000, shortening=SHORTENING_COOPERATIVE)
    assert tell(guard, farther) is None
