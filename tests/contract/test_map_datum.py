"""Maps of mixed datum: whatever part carries the GCJ-02 shift, the fault says so, in metres."""

from tests.contract.map_edits import Json, a_map, fault, faults, header, moved, shifted


def in_china(each: Json) -> bool:
    return bool(each["properties"].get("country") == "CN")


def not_the_border(each: Json) -> bool:
    return bool(each["properties"]["kind"] != "boundary_line")


def test_whole_map_in_gcj02_is_recognised() -> None:
    """One fault: everything else fits together as before."""
    (found,) = faults(a_map(shifted()))
    assert (found.feature, found.field) == ("border", "datum")
    assert "GCJ-02 shift of 252 m" in found.expected


def test_border_in_gcj02_is_recognised_without_published_lines() -> None:
    """The border of the place is known to the program."""
    (found, *_) = faults(a_map(shifted(), header("published", [])))
    assert "GCJ-02 shift of 252 m" in found.expected


def test_border_alone_in_gcj02_is_recognised() -> None:
    (found,) = faults(a_map(shifted("boundary_line")))
    assert (found.feature, found.field) == ("border", "datum")


def test_lanes_drawn_over_a_chinese_base_map_are_recognised() -> None:
    """All but the border line is shifted: sides and countries give it away."""
    (found,) = faults(a_map(shifted(where=not_the_border)))
    assert (found.feature, found.field) == ("lanes", "datum")
    assert "GCJ-02 shift of 252 m" in found.expected


def test_one_side_in_gcj02_is_recognised_at_the_join() -> None:
    """The gap between the two halves is the shift."""
    found = faults(a_map(shifted(where=in_china)))
    (gap,) = (each for each in found if each.feature == "boundary_e" and each.field == "successors")
    assert "lane cn_e_neutral_a carries a GCJ-02 shift of 252 m" in gap.expected


def test_points_in_gcj02_are_recognised() -> None:
    found = faults(a_map(shifted("gate", "station", "bay", "berth")))
    assert len(found) == 4 + 2 + 2 + 16
    assert all("the point carries a GCJ-02 shift" in each.expected for each in found)


def test_line_that_is_merely_off_the_published_one() -> None:
    found = fault(a_map(moved("border", 3e-4)), "border", "datum")
    assert "at most 5 m" in found.expected
    assert "GCJ" not in found.expected
