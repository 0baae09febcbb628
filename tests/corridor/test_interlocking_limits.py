"""What a zone bears: count, mass, the heaviest axle of each. (vital)"""

import pytest

from contract.reasons import Reason
from corridor.interlocking import Claim, Interlocking
from tests.corridor.test_interlocking import SECOND, Z, a_claim, a_table, why


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"vehicles_max": 1}, Reason.ZONE_FULL),
        ({"mass_max_kg": 59_999}, Reason.ZONE_FULL),
        ({"vehicles_max": 2, "mass_max_kg": 60_000}, None),
    ],
)
def test_limits_of_count_and_mass_hold_at_every_allocation(
    limits: dict[str, int], reason: Reason | None
) -> None:
    table = a_table(**limits)
    table.allocate(Z, a_claim())
    assert why(table, SECOND) is reason
    denied = table.judge(Z, SECOND)
    assert denied is None or (denied.zone, denied.holder) == (Z, "a1")


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"vehicles_max": 0}, Reason.ZONE_FULL),
        ({"mass_max_kg": 29_999}, Reason.TRUCK_TOO_HEAVY),
        ({"mass_max_kg": 30_000}, None),
    ],
)
def test_vehicle_that_is_beyond_a_limit_alone_is_told_so(
    limits: dict[str, int], reason: Reason | None
) -> None:
    table = a_table(**limits)
    denied = table.bears(Z, a_claim())
    assert (denied.reason if denied is not None else None) is reason
    assert table.judge(Z, a_claim()) == denied


def test_vehicle_that_is_too_heavy_alone_is_told_so_behind_others_too() -> None:
    table = a_table(mass_max_kg=35_000)
    table.allocate(Z, a_claim(mass_kg=1_000))
    assert why(table, a_claim("a2", mass_kg=35_001, before=("a1",))) is Reason.TRUCK_TOO_HEAVY
    assert why(table, a_claim("a2", mass_kg=35_000, before=("a1",))) is Reason.ZONE_FULL


@pytest.mark.parametrize(
    ("axle_kg", "reason"),
    [
        (11_500, None),
        (1, None),
        (11_501, Reason.AXLE_TOO_HEAVY),
        (0, Reason.AXLE_TOO_HEAVY),
        (-1, Reason.AXLE_TOO_HEAVY),
    ],
)
def test_limit_of_an_axle_holds_for_each_vehicle_and_for_one_that_is_not_known(
    axle_kg: int, reason: Reason | None
) -> None:
    """Not known is too heavy."""
    for inside in ([], [a_claim(axle_kg=11_500)]):
        table = a_table(axle_max_kg=11_500)
        for claim in inside:
            assert table.allocate(Z, claim) is None
        claim = a_claim("a2", axle_kg=axle_kg, before=("a1",))
        denied = table.bears(Z, claim)
        assert (denied.reason if denied is not None else None) is reason
        assert denied is None or (denied.zone, denied.holder) == (Z, "")
        assert table.allocate(Z, claim) == denied
        assert ("a2" in table.holders(Z)) == (reason is None)


def test_axles_are_not_added_up() -> None:
    table = a_table(axle_max_kg=11_500)
    table.allocate(Z, a_claim(axle_kg=11_500))
    assert table.allocate(Z, a_claim("a2", axle_kg=11_500, before=("a1",))) is None


def test_where_there_is_no_limit_any_axle_goes() -> None:
    assert a_table().bears(Z, a_claim(axle_kg=0)) is None


def test_what_a_zone_bears_is_asked_whoever_is_in_it() -> None:
    """Who could have it some day is told apart from who can have it now."""
    table = a_table(vehicles_max=1, mass_max_kg=40_000)
    table.allocate(Z, a_claim())
    assert table.bears(Z, SECOND) is None
    assert why(table, SECOND) is Reason.ZONE_FULL


def test_truck_found_in_a_zone_that_does_not_bear_it_puts_it_in_doubt() -> None:
    table = a_table(axle_max_kg=11_500)
    assert not table.found(Z, a_claim())
    assert table.holders(Z) == ("a1",)


def _weighs_no_axle(table: Interlocking, zone: str, *told: object) -> None:
    return None


def test_planted_an_interlocking_that_weighs_no_axle_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Planted: the check above fails without the limit."""
    monkeypatch.setattr(Interlocking, "_limits", _weighs_no_axle)
    with pytest.raises(AssertionError):
        test_limit_of_an_axle_holds_for_each_vehicle_and_for_one_that_is_not_known(
            11_501, Reason.AXLE_TOO_HEAVY
        )


def test_claim_says_of_its_axle_that_it_is_not_known_unless_told() -> None:
    assert Claim("a1", "a", "E", 30_000).axle_kg == 0
