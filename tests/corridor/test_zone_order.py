"""Who leaves a zone first, where not everybody came in by the same end. (vital)"""

import pytest

from tests.corridor.test_interlocking import SECOND, Z, a_claim, a_table


def test_holder_that_came_in_from_the_far_end_is_counted_before_the_others() -> None:
    """SUP-042: it leaves first; nothing else of its hold or theirs changes."""
    table = a_table(wired=True)
    assert table.allocate(Z, a_claim()) is None
    assert table.allocate(Z, SECOND) is None
    table.changed.clear()
    table.goes_first(Z, "a2")
    assert table.holders(Z) == ("a2", "a1")
    assert Z in table.changed
    assert table.counted(Z, "E") == "a2"
    assert table.counted(Z, "E") == "a1"


@pytest.mark.parametrize("zone", [Z, "other"])
def test_who_holds_nothing_goes_before_nobody(zone: str) -> None:
    table = a_table()
    assert table.allocate(Z, a_claim()) is None
    table.changed.clear()
    table.goes_first(zone, "b1")
    assert table.holders(Z) == ("a1",)
    assert not table.changed
