"""Rule books: what they may say, hours, quota, trusted traders."""

from importlib import resources

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import ConfigError
from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import (
    TRANSIT_KIND_NATIONAL,
    GoodsLine,
    Hold,
    Refusal,
    TransitRight,
)
from contract.v1.document_pb2 import CHANNEL_YELLOW
from gate.office.hours import DAY_MS, local_day, opens_ms
from gate.office.orders import DeskOutcome, Ruling
from gate.office.rulebook import Hours, Quota, Rule, RuleBook, When, fires, read_book
from tests.factories import A_BIN, HOUR_MS, a_declaration, reports
from tests.gate.desk import ASSESS_MS, GREEN, RED, Office, decided, releases

SEEDS = [GoodsLine(hs_code="1206", description="seed", net_mass_kg=20_000, packages=1)]


# --- hours and quota ---

MORNING = Hours(opens="07:00", closes="19:00", utc_offset_min=300)
OVERNIGHT = Hours(opens="22:00", closes="06:00", utc_offset_min=0)


@given(st.integers(0, 10 * DAY_MS), st.sampled_from([MORNING, OVERNIGHT, None]))
def test_next_opening_is_open_and_the_first(at_ms: int, hours: Hours | None) -> None:
    first = opens_ms(at_ms, hours)
    assert at_ms <= first <= at_ms + DAY_MS
    assert opens_ms(first, hours) == first
    if first > at_ms:
        assert opens_ms(first - 1, hours) == first


def test_closed_office_releases_at_its_opening() -> None:
    office = Office(GREEN, book=RuleBook(hours=MORNING))
    minute = (office.now.utc_ms // 60_000 + 300) % 1440
    office.at_ms += ((19 * 60 + 30 - minute) % 1440) * 60_000
    office.assessed()
    assert [each.reason for each in decided(office.said, Hold)] == ["OFFICE_CLOSED"]
    (told,) = reports(office.said, Event.CROSSING_POSTPONED)
    left_ms = told["until_utc_ms"] - office.now.utc_ms
    assert 11 * HOUR_MS < left_ms <= 12 * HOUR_MS
    assert not releases(office.wake(later_ms=left_ms - 1))
    office.start()
    assert not releases(office.wake(later_ms=0))
    assert releases(office.wake(later_ms=1))


def test_quota_of_the_day_is_used_up_and_the_rest_waits_for_the_next() -> None:
    office = Office(GREEN, book=RuleBook(quota=Quota(east=2)))
    for number in range(4):
        office.declare(declaration_id=f"D-{number}", crossing_id=f"KZ-{number}")
    office.wake(later_ms=ASSESS_MS)
    assert len(releases(office.said)) == 2
    assert [each.reason for each in decided(office.said, Hold)] == ["QUOTA_REACHED"] * 2
    office.start()
    office.wake(later_ms=0)
    assert len(releases(office.said)) == 2
    day = local_day(office.now.utc_ms, None)
    office.wake(later_ms=(day + 1) * DAY_MS - office.now.utc_ms)
    given = [each.subject.crossing_id for each in releases(office.said)]
    assert sorted(set(given)) == [f"KZ-{number}" for number in range(4)]
    assert given.count("KZ-2") == 1  # those of the day before had run out, and were given anew


def test_quota_of_nothing_lets_nothing_go_on_any_day() -> None:
    office = Office(GREEN, book=RuleBook(quota=Quota(east=0))).assessed()
    for _ in range(3):
        office.wake(later_ms=DAY_MS)
    assert not releases(office.said)


@pytest.mark.parametrize(
    ("name", "local", "closed"),
    [
        ("kz", "06:59", True),
        ("kz", "07:00", False),
        ("kz", "18:59", False),
        ("kz", "19:00", True),
        ("cn", "06:59", True),
        ("cn", "07:00", False),
        ("cn", "15:59", False),
        ("cn", "16:00", True),
    ],
)
def test_installed_books_keep_the_published_hours_by_kazakh_clocks(
    name: str, local: str, closed: bool
) -> None:
    """And none where they are switched to work round the clock; their day stays the same."""
    book = read_book((resources.files("gate.office") / f"{name}.toml").read_bytes(), name)
    hour, minute = map(int, local.split(":"))
    at_ms = 100 * DAY_MS + (60 * hour + minute - 300) * 60_000
    assert (opens_ms(at_ms, book.open_hours) > at_ms) is closed
    always = msgspec.structs.replace(book, round_the_clock=True)
    assert opens_ms(at_ms, always.open_hours) == at_ms
    assert local_day(at_ms, always.hours) == local_day(at_ms, book.hours)


# --- rule books ---


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"format_version = 2", "format_version"),
        (b"[[rule]]\nid = 'a'", "because"),
        (b"[[rule]]\nid = 'a'\nbecause = 'b'\nchanel = 'red'", "chanel"),
        (b"[[rule]]\nid = 'a'\nbecause = 'b'\nchannel = 'blue'", "channel"),
        (b"[[rule]]\nid='a'\nbecause='b'\n[[rule]]\nid='a'\nbecause='c'", "twice"),
        (b"[[rule]]\nid='a'\nbecause='b'\nwhen={via=['Bakhty']}", "via"),
        (b"[hours]\nopens = '25:00'\ncloses = '19:00'", "opens"),
        (b"\xff", "UTF-8"),
        (b"= 3", "book.toml"),
    ],
)
def test_broken_rule_book_is_refused_by_its_place(text: bytes, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_book(text, "book.toml")


@pytest.mark.parametrize("name", ["kz", "cn"])
def test_installed_rule_books_hold_and_ask_for_what_they_say(name: str) -> None:
    data = (resources.files("gate.office") / f"{name}.toml").read_bytes()
    book = read_book(data, name)
    assert len(book.rule) >= 5
    office = Office(GREEN, book=book).assessed(goods=SEEDS)
    assert decided(office.said, Hold)[0].owner == "phytosanitary KZ"


TRANSIT = ["UZ-TASHKENT", "KZ-BAKHTY", "CN-POKITU", "CN-ALASHANKOU"]


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        (When(via=("CN-ALASHANKOU",)), True),
        (When(via=("RU", "UZ")), True),
        (When(via=("UZ-TASH",)), False),  # no part of a name
        (When(via=("RU-MOSCOW",)), False),
        (When(misses=("KZ-BAKHTY", "CN-POKITU")), False),
        (When(misses=("KZ-BAKHTY", "RU")), True),
        (When(misses=("KZ-DOSTYK",), via=("RU",)), False),
    ],
)
def test_rule_about_the_route_looks_at_the_declared_offices(when: When, holds: bool) -> None:
    """OFF-026."""
    assert fires(when, a_declaration(customs_offices=TRANSIT), False, (0, 1)) is holds


def installed(name: str) -> RuleBook:
    return read_book((resources.files("gate.office") / f"{name}.toml").read_bytes(), name)


@pytest.mark.parametrize("name", ["kz", "cn"])
def test_installed_books_refuse_a_route_by_another_crossing_point(name: str) -> None:
    """OFF-026: with the rule that says why; amended, it is assessed anew by rules alone."""
    office = Office(GREEN, name.upper(), book=installed(name))
    office.assessed(customs_offices=["KZ-DOSTYK", "CN-ALASHANKOU"])
    (refusal,) = decided(office.said, Refusal)
    assert refusal.reason == "REFUSED_BY_RULE"
    assert any(
        rule.startswith(f"{name.upper()}-ROUTE-1: the declared route") for rule in refusal.rules
    )
    (said,) = reports(office.said, Event.CROSSING_REFUSED)
    assert said["reason"] is Reason.REFUSED_BY_RULE
    assert not releases(office.said)
    office.declare(version=2)
    office.wake(later_ms=ASSESS_MS)
    assert [each.subject.crossing_id for each in releases(office.said)] == ["KZ-1"]


def test_refusal_by_a_rule_is_overruled_by_two_officers_only() -> None:
    """OFF-008: as one by an officer."""
    office = Office(GREEN, book=installed("kz"))
    office.assessed(customs_offices=["KZ-DOSTYK", "CN-ALASHANKOU"])
    office.wake(DeskOutcome("KZ-1", Ruling.RELEASE, "officer-1"))
    office.wake(DeskOutcome("KZ-1", Ruling.RELEASE, "officer-1"))
    assert not releases(office.said)
    office.wake(DeskOutcome("KZ-1", Ruling.RELEASE, "officer-2"))
    assert releases(office.said)


def test_goods_in_transit_that_cross_the_border_twice_go_to_an_officer() -> None:
    """OFF-026: a rule about the route may choose the channel, too."""
    right = TransitRight(
        kind=TRANSIT_KIND_NATIONAL,
        reference="G-1",
        amount_eur=1,
        departure_office=TRANSIT[0],
        destination_office=TRANSIT[-1],
    )
    office = Office(GREEN, "CN", book=installed("cn"))
    office.assessed(customs_offices=TRANSIT, transit=right)
    (hold,) = decided(office.said, Hold)
    assert (hold.reason, hold.channel) == ("DOCUMENT_CONTROL", CHANNEL_YELLOW)


def test_trusted_traders_are_picked_out_less_often() -> None:
    book = RuleBook(rule=(Rule(id="A", because="trusted", when=When(trusted=True), selection=0.0),))
    trusted = {
        party: {"trader_id": A_BIN, "country": "KZ", "authorised_economic_operator": True}
        for party in ("consignor", "consignee")
    }
    office = Office(RED, book=book)
    office.declare(**trusted)
    assert releases(office.wake(later_ms=ASSESS_MS))
    foreign = trusted | {"consignee": trusted["consignee"] | {"country": "CN"}}
    office.book = RuleBook(rule=book.rule, recognise_aeo=False)
    office.start()
    office.declare(crossing_id="KZ-2", declaration_id="D-2", **foreign)
    assert not releases(office.wake(later_ms=ASSESS_MS))
