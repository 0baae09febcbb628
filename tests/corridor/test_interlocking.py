"""The interlocking, question by question: who may have a zone, when is it free again. (vital)"""

from collections.abc import Callable
from typing import Any

import pytest

from contract.errors import InvariantBroken
from contract.reasons import Reason
from corridor.interlocking import Claim, Interlocking, ZoneRule, ZoneState

Z = "zone"


def a_rule(**changes: Any) -> ZoneRule:
    """A shared two-lane zone without counters and limits."""
    values: dict[str, Any] = {
        "shared": True,
        "wired": False,
        "one_lane": False,
        "vehicles_max": None,
        "mass_max_kg": None,
    }
    return ZoneRule(**(values | changes))


def a_table(**changes: Any) -> Interlocking:
    """One zone under this rule."""
    return Interlocking({Z: a_rule(**changes)})


def a_claim(vehicle: str = "a1", convoy: str = "a", **changes: Any) -> Claim:
    values: dict[str, Any] = {"direction": "E", "mass_kg": 30_000, "before": ()}
    return Claim(vehicle, convoy, **(values | changes))


SECOND = a_claim("a2", before=("a1",))
OTHER = a_claim("b1", "b")


def why(table: Interlocking, claim: Claim) -> Reason | None:
    denied = table.judge(Z, claim)
    return denied.reason if denied is not None else None


def test_zone_that_nobody_has_is_free_for_the_first_claim() -> None:
    table = a_table()
    assert table.state(Z) is ZoneState.FREE
    assert table.allocate(Z, a_claim()) is None
    assert table.holders(Z) == ("a1",)
    assert table.held_by("a1") == (Z,)
    assert table.state(Z) is ZoneState.RESERVED
    assert Z in table.changed


@pytest.mark.parametrize(
    ("inside", "gone", "state"),
    [
        ("1", "", ZoneState.OCCUPIED),  # the second may still come
        ("12", "1", ZoneState.OCCUPIED),
        ("12", "12", ZoneState.CLEARING),
    ],
)
def test_zone_of_a_convoy_is_occupied_from_the_first_front_to_the_last_rear(
    inside: str, gone: str, state: ZoneState
) -> None:
    table = a_table(wired=True)
    table.allocate(Z, a_claim())
    table.allocate(Z, SECOND)
    assert (table.held_by("a1"), table.held_by("a2")) == ((Z,), (Z,))
    for number in inside:
        table.entered(Z, f"a{number}")
    for number in gone:
        table.reported(Z, f"a{number}")
    assert table.state(Z) is state


def test_zone_has_one_convoy_at_a_time() -> None:
    """I4."""
    table = a_table()
    table.allocate(Z, a_claim())
    denied = table.allocate(Z, OTHER)
    assert denied is not None
    assert (denied.reason, denied.zone, denied.holder) == (Reason.ZONE_OCCUPIED, Z, "a1")
    assert table.holders(Z) == ("a1",)


def test_member_behind_a_stranger_is_told_of_the_stranger() -> None:
    """A member that was cut off keeps its place; its old convoy does not pass it by."""
    table = a_table()
    table.allocate(Z, a_claim())
    table.allocate(Z, SECOND)
    table.rename(Z, "a2", "a/a2")
    denied = table.judge(Z, a_claim("a3", before=("a1",)))
    assert denied is not None
    assert (denied.reason, denied.holder) == (Reason.ZONE_OCCUPIED, "a2")


def test_convoy_follows_its_leader_into_a_shared_zone() -> None:
    table = a_table()
    table.allocate(Z, a_claim())
    assert table.allocate(Z, SECOND) is None
    assert table.holders(Z) == ("a1", "a2")


def test_zone_that_is_not_shared_has_one_vehicle() -> None:
    """I4: a gate cell is not for two, not even of one convoy."""
    table = a_table(shared=False)
    table.allocate(Z, a_claim())
    assert why(table, SECOND) is Reason.ZONE_OCCUPIED


def test_nobody_goes_in_behind_a_member_that_drives_after_it() -> None:
    table = a_table()
    table.allocate(Z, SECOND)
    assert why(table, a_claim()) is Reason.PREDECESSOR_FIRST
    table = a_table()
    table.allocate(Z, a_claim())
    table.allocate(Z, a_claim("a3", before=("a1", "a2")))
    assert why(table, SECOND) is Reason.PREDECESSOR_FIRST


def test_zone_of_two_lanes_has_no_direction() -> None:
    table = a_table()
    table.allocate(Z, a_claim())
    assert why(table, a_claim("b1", "b", direction="W")) is Reason.ZONE_OCCUPIED
    assert why(table, a_claim("a2", direction="W", before=("a1",))) is None


def test_one_lane_zone_has_one_direction() -> None:
    """I9."""
    table = a_table(one_lane=True)
    table.allocate(Z, a_claim())
    assert why(table, a_claim("b1", "b", direction="W")) is Reason.DIRECTION_OPPOSED
    assert why(table, OTHER) is Reason.ZONE_OCCUPIED


def test_one_lane_zone_with_a_truck_that_has_turned_in_it_takes_nobody() -> None:
    """I9: the two in it would have to meet."""
    table = a_table(one_lane=True)
    table.allocate(Z, a_claim())
    table.allocate(Z, SECOND)
    table.turn(Z, "a1", "W")
    assert why(table, a_claim("a3", before=("a1", "a2"))) is Reason.DIRECTION_OPPOSED


def test_one_lane_zone_has_one_direction_even_within_a_convoy() -> None:
    """I9: the interlocking takes nobody's word that a convoy has one direction."""
    table = a_table(one_lane=True)
    table.allocate(Z, a_claim())
    facing = a_claim("a2", direction="W", before=("a1",))
    assert why(table, facing) is Reason.DIRECTION_OPPOSED


def test_claiming_again_what_one_has_changes_nothing() -> None:
    table = a_table(vehicles_max=1)
    table.allocate(Z, a_claim())
    table.changed.clear()
    assert table.allocate(Z, a_claim()) is None
    assert table.holders(Z) == ("a1",)
    assert not table.changed


def test_report_frees_a_zone_without_counter() -> None:
    table = a_table()
    table.allocate(Z, a_claim())
    table.entered(Z, "a1")
    assert table.state(Z) is ZoneState.OCCUPIED
    assert table.reported(Z, "a1")
    assert table.state(Z) is ZoneState.FREE


def test_wired_zone_is_free_when_report_and_counter_agree() -> None:
    """I22: neither proof alone frees it, in either order."""
    for first in ("report", "count"):
        table = a_table(wired=True)
        table.allocate(Z, a_claim())
        table.entered(Z, "a1")
        if first == "report":
            assert not table.reported(Z, "a1")
            assert table.state(Z) is ZoneState.CLEARING
            assert table.counted(Z, "E") == "a1"
        else:
            assert table.counted(Z, "") == "a1"
            assert table.state(Z) is ZoneState.CLEARING
            assert table.reported(Z, "a1")
        assert table.state(Z) is ZoneState.FREE


def test_report_of_somebody_who_holds_nothing_frees_nothing() -> None:
    table = a_table()
    assert not table.reported(Z, "b1")
    table.allocate(Z, a_claim())
    assert not table.reported(Z, "b1")
    assert table.holders(Z) == ("a1",)


def test_counter_names_the_first_holder_not_yet_counted() -> None:
    table = a_table(wired=True)
    table.allocate(Z, a_claim())
    table.allocate(Z, SECOND)
    assert [table.counted(Z, "E"), table.counted(Z, "E")] == ["a1", "a2"]


def test_count_without_a_holder_puts_the_zone_in_doubt() -> None:
    """I22: something left that was never let in."""
    table = a_table(wired=True)
    assert table.counted(Z, "") is None
    assert table.state(Z) is ZoneState.UNKNOWN
    assert why(table, a_claim()) is Reason.ZONE_UNKNOWN


def test_count_against_the_direction_of_its_holder_puts_the_zone_in_doubt() -> None:
    table = a_table(wired=True, one_lane=True)
    table.allocate(Z, a_claim())
    assert table.counted(Z, "W") is None
    assert table.state(Z) is ZoneState.UNKNOWN


def test_only_a_zone_without_holder_and_without_doubt_is_free() -> None:
    """I22, asked in short: the answer is that of its state."""
    table = a_table()
    assert table.is_free(Z)  # nothing was ever heard of it
    table.allocate(Z, a_claim())
    assert not table.is_free(Z)
    table.surrender(Z, "a1")
    assert table.is_free(Z)
    table.doubt(Z, "a trailer is not coupled")
    assert not table.is_free(Z)


def test_vehicle_found_in_a_free_zone_holds_it() -> None:
    """I22: after a restart, word from a vehicle locks where it stands."""
    table = a_table()
    assert table.found(Z, a_claim())
    assert table.state(Z) is ZoneState.OCCUPIED
    assert why(table, OTHER) is Reason.ZONE_OCCUPIED


def test_vehicle_found_in_its_own_zone_raises_no_doubt() -> None:
    table = a_table()
    table.allocate(Z, a_claim())
    table.changed.clear()
    assert table.found(Z, a_claim())
    assert table.state(Z) is ZoneState.OCCUPIED
    assert table.holders(Z) == ("a1",)
    assert Z in table.changed


def test_vehicle_found_in_its_own_zone_neither_ends_a_doubt_nor_becomes_its_cause() -> None:
    """I22."""
    table = a_table()
    table.allocate(Z, a_claim())
    table.doubt(Z, "a trailer parted")
    assert not table.found(Z, a_claim())
    denied = table.judge(Z, OTHER)
    assert denied is not None
    assert denied.holder == "a trailer parted"


def test_vehicle_found_beside_another_puts_the_zone_in_doubt() -> None:
    table = a_table()
    table.allocate(Z, a_claim())
    assert not table.found(Z, OTHER)
    assert table.holders(Z) == ("a1", "b1")
    assert table.state(Z) is ZoneState.UNKNOWN


@pytest.mark.parametrize("how", ["found", "entered"])
def test_vehicle_that_comes_back_has_not_left(how: str) -> None:
    """I22: a counter alone does not free a zone its holder has been seen in again."""
    table = a_table(wired=True)
    table.allocate(Z, a_claim())
    table.entered(Z, "a1")
    table.reported(Z, "a1")
    if how == "found":
        table.found(Z, a_claim())
    else:
        table.entered(Z, "a1")
    table.counted(Z, "E")
    assert table.holders(Z) == ("a1",)


def test_entering_twice_is_written_down_once() -> None:
    table = a_table()
    table.allocate(Z, a_claim())
    table.entered(Z, "b1")
    table.changed.clear()
    table.entered(Z, "a1")
    assert Z in table.changed
    table.changed.clear()
    table.entered(Z, "a1")
    assert not table.changed


CHANGES: dict[str, Callable[[Interlocking], object]] = {
    "reported": lambda table: table.reported(Z, "a1"),
    "counted": lambda table: table.counted(Z, "E"),
    "given back": lambda table: table.surrender(Z, "a1"),
    "renamed": lambda table: table.rename(Z, "a1", "b"),
    "turned": lambda table: table.turn(Z, "a1", "W"),
    "in doubt": lambda table: table.doubt(Z, "a trailer parted"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_named_to_be_written_down(change: str) -> None:
    """I22: what is not written down is lost at a restart."""
    table = a_table(wired=True)
    table.allocate(Z, a_claim())
    table.changed.clear()
    CHANGES[change](table)
    assert list(table.changed) == [Z]


def test_doubt_ends_by_proof_and_by_nothing_else() -> None:
    """I22."""
    table = a_table()
    table.allocate(Z, a_claim())
    table.doubt(Z, "a trailer parted")
    assert table.reported(Z, "a1")
    assert table.state(Z) is ZoneState.UNKNOWN
    table.changed.clear()
    table.proven(Z)
    assert table.state(Z) is ZoneState.FREE
    assert Z in table.changed
    table.changed.clear()
    table.proven(Z)
    table.proven("elsewhere")
    assert not table.changed


def test_zone_that_was_never_entered_can_be_given_back() -> None:
    table = a_table()
    table.allocate(Z, a_claim())
    table.allocate(Z, SECOND)
    table.surrender(Z, "a2")
    assert table.holders(Z) == ("a1",)
    table.surrender(Z, "b1")
    assert table.holders(Z) == ("a1",)


def test_giving_back_a_zone_with_oneself_inside_is_a_bug() -> None:
    """I22: a broken invariant is raised and not repaired."""
    table = a_table()
    with pytest.raises(InvariantBroken):
        table.surrender(Z, "a1")
    table.allocate(Z, a_claim())
    table.entered(Z, "a1")
    with pytest.raises(InvariantBroken):
        table.surrender(Z, "a1")


def test_resting_truck_keeps_its_zone_under_its_next_convoy_and_direction() -> None:
    table = a_table(one_lane=True)
    table.found(Z, a_claim("a1", "a1", direction=""))
    table.changed.clear()
    table.rename(Z, "b1", "b")
    table.turn(Z, "b1", "W")
    assert not table.changed
    table.rename(Z, "a1", "a")
    table.turn(Z, "a1", "W")
    assert why(table, a_claim("a2", direction="W", before=("a1",))) is None


def test_vehicle_stands_where_it_has_entered_and_not_where_it_only_may_go() -> None:
    table = Interlocking({name: a_rule(wired=True) for name in "xyz"})
    for name in "xyz":
        table.allocate(name, a_claim())
    table.entered("x", "a1")
    table.entered("y", "a1")
    table.reported("x", "a1")
    assert table.entered_by("a1") == ("y",)
    assert table.entered_by("b1") == ()
