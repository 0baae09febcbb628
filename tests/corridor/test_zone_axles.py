"""Zones that counters alone prove free, or put in doubt. (vital)"""

import pytest

from corridor.interlocking import ZoneState
from tests.corridor.test_interlocking import SECOND, Z, a_claim, a_table


def test_zone_that_every_axle_has_left_is_free_without_a_word() -> None:
    """I22."""
    table = a_table(wired=True)
    table.allocate(Z, a_claim())
    table.changed.clear()
    assert table.passed(Z, "a1", 5, 5)
    assert table.is_free(Z)
    assert Z in table.changed


@pytest.mark.parametrize(("into", "out"), [(5, 2), (2, 5), (5, 0)])
def test_zone_that_not_every_axle_has_left_is_in_doubt_and_keeps_its_holder(
    into: int, out: int
) -> None:
    """I22: a trailer may stand in it."""
    table = a_table(wired=True)
    table.allocate(Z, a_claim())
    assert not table.passed(Z, "a1", into, out)
    assert table.state(Z) is ZoneState.UNKNOWN
    assert table.holders(Z) == ("a1",)
    assert table.zones[Z].doubt == f"{into} axles counted in, {out} out"


def test_axles_of_whoever_does_not_hold_the_zone_change_nothing() -> None:
    table = a_table(wired=True)
    table.allocate(Z, a_claim())
    table.changed.clear()
    assert not table.passed(Z, "b1", 5, 2)
    assert table.state(Z) is ZoneState.RESERVED
    assert not table.changed


def test_member_that_was_counted_out_leaves_the_zone_to_the_rest() -> None:
    table = a_table(wired=True)
    table.allocate(Z, a_claim())
    table.allocate(Z, SECOND)
    assert table.passed(Z, "a1", 5, 5)
    assert table.holders(Z) == ("a2",)
