"""Offices that keep to the hours of their books: what is held outside them, and goes by itself."""

from typing import Final

import pytest

from contract.events import Event
from sim.books import office_book
from sim.scenario import OfficeSection
from tests.sim.runs import UNRELIABLE, Log, a_run, broken

BOOKS: Final = (
    "office.KZ.book='kz'",
    "office.CN.book='cn'",
    "office.KZ.round_the_clock=false",
    "office.CN.round_the_clock=false",
    "flow.0.hs_code='1206'",
    "flow.1.hs_code='0808'",
)
OPENING_S: Final = 90.0


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
def test_what_comes_after_the_chinese_office_has_closed_stays_in_its_berth(
    network: tuple[str, ...],
) -> None:
    """16 o'clock in Kazakhstan, where the office is open till 19: who has both releases goes on to
    the other berth, who is declared after that is held by the one and not by the other.
    """
    log = Log()
    settings = ("time.start=2026-03-02T15:59:00+05:00", "time.crossings=4", *network)
    unload = "berth.unload='constant:5s'"
    finished = a_run("smoke", *BOOKS, *settings, unload, "expect=[]", prepare=log.prepare)
    assert broken(finished) == ""
    assert finished.result["traffic"]["loaded_crossings"] == 2
    closed = [row for row in log.of(Event.CROSSING_HELD) if row["reason"].name == "OFFICE_CLOSED"]
    held = {row["crossing"] for row in closed}
    assert len(held) == 2
    assert {row["crossing"] for row in log.of(Event.CROSSING_POSTPONED, "office-cn")} == held
    assert log.of(Event.CROSSING_POSTPONED, "office-kz") == []
    assert held <= {row["crossing"] for row in log.of(Event.CROSSING_RELEASED, "office-kz")}
    assert not held & {row["crossing"] for row in log.of(Event.CROSSING_RELEASED, "office-cn")}
    until = {row["until_utc_ms"] for row in log.of(Event.CROSSING_POSTPONED)}
    assert until == {1_772_503_200_000}  # 2026-03-03T10:00:00+08:00


def test_what_came_before_both_offices_open_goes_by_itself_when_they_do() -> None:
    log = Log()
    start = "time.start=2026-03-02T06:58:30+05:00"
    finished = a_run("smoke", *BOOKS, start, prepare=log.prepare)
    assert broken(finished) == ""
    assert finished.result["traffic"]["loaded_crossings"] == 2
    assert len(log.of(Event.CROSSING_POSTPONED)) == 4
    released_s = log.times_s(Event.CROSSING_RELEASED)
    assert len(released_s) == 4
    assert min(released_s) == pytest.approx(OPENING_S, abs=1.0)


def test_scenario_runs_round_the_clock_unless_it_says_otherwise() -> None:
    books = [office_book(OfficeSection(book=name)) for name in ("kz", "cn")]
    assert [book.open_hours for book in books] == [None, None]
    kept = [office_book(OfficeSection(book=name, round_the_clock=False)) for name in ("kz", "cn")]
    assert [book.open_hours is not None and book.open_hours.closes for book in kept] == [
        "19:00"
    ] * 2
    assert [book.open_hours and book.open_hours.utc_offset_min for book in kept] == [300, 480]
