"""Personnel locks: whose key takes and gives back, and that nothing old has an effect twice."""

import pytest

from contract.agent import Refused
from contract.personnel import Lock, Locks
from contract.reasons import Reason
from contract.v1.people_pb2 import LOCK_ACT_UNSPECIFIED, PersonnelNotice
from tests.factories import a_roster, after_commit, signed
from tests.personnel import PERSON, a_lock, given_back, given_back_lost, taken

HELD = Lock("truck-01", PERSON, 1, held=True)
FREE = Lock("truck-01", PERSON, 1, held=False)


def locks(*heard: PersonnelNotice) -> Locks:
    """A table that has heard these, each with an effect."""
    table = Locks(a_roster())
    for notice in heard:
        row = table.judge(notice.lock)
        assert not isinstance(row, Refused), row
        table.keep(row)
    return table


def refused(table: Locks, notice: PersonnelNotice) -> Reason | None:
    row = table.judge(notice.lock)
    return row.reason if isinstance(row, Refused) else None


def test_lock_is_held_from_its_taking_until_it_is_given_back() -> None:
    assert locks(taken()).held("truck-01") == [HELD]
    assert locks(taken()).held("truck-02") == []
    assert locks(taken()).all_held() == [HELD]
    assert locks(taken(), given_back()).held("truck-01") == []


def test_each_person_holds_a_lock_of_its_own() -> None:
    both = locks(taken(), taken(person_id="mechanic"), given_back())
    assert [row.person for row in both.held("truck-01")] == ["mechanic"]


@pytest.mark.parametrize(
    "notice",
    [
        given_back("second-room"),
        given_back("supervisor"),
        given_back("truck-01"),
        given_back(PERSON, "second-room"),
        given_back(PERSON, PERSON),
        given_back_lost(PERSON),
        given_back_lost("second-room"),
        given_back_lost("second-room", "second-room"),
        given_back_lost("second-room", PERSON),
        given_back_lost("second-room", "supervisor"),
        a_lock(LOCK_ACT_UNSPECIFIED),
        a_lock(LOCK_ACT_UNSPECIFIED, "second-room", "mechanic"),
    ],
)
def test_lock_is_given_back_by_nobody_else(notice: PersonnelNotice) -> None:
    """VEH-022: not by the supervisor's key either."""
    assert refused(locks(taken()), notice) is Reason.BAD_SIGNATURE


def test_lost_key_is_made_good_by_two_others() -> None:
    """VEH-022."""
    assert locks(taken(), given_back_lost("second-room", "mechanic")).all_held() == []


@pytest.mark.parametrize(
    ("heard", "notice"),
    [
        ([], given_back()),
        ([taken()], taken()),
        ([taken()], given_back(number=2)),
        ([taken(), given_back()], taken()),
        ([taken(), given_back()], given_back()),
        ([taken(), given_back(), taken(number=2)], given_back()),
        ([taken(number=2)], taken()),
        ([], taken(number=0)),
    ],
)
def test_old_word_has_no_effect(heard: list[PersonnelNotice], notice: PersonnelNotice) -> None:
    """VEH-022: what gave back once gives back nothing later."""
    assert refused(locks(*heard), notice) is Reason.LOCK_STALE


def test_word_about_nobody_is_refused() -> None:
    assert refused(locks(), taken(vehicle_id="")) is Reason.MALFORMED
    broken = taken()
    broken.lock.payload += b"\xff"
    assert refused(locks(), broken) is Reason.BAD_SIGNATURE
    assert refused(locks(), PersonnelNotice()) is Reason.WRONG_PAYLOAD
    other = PersonnelNotice(lock=signed(taken(), PERSON))
    assert refused(locks(), other) is Reason.WRONG_PAYLOAD


def test_lock_of_a_person_that_the_roster_does_not_name_any_more_is_still_held() -> None:
    """VEH-022: only two others give it back then."""
    table = Locks(a_roster())
    row = table.judge(taken().lock)
    assert isinstance(row, Lock)
    disk = after_commit({}, [table.keep(row)])
    later = Locks(a_roster(PERSON))
    later.restore(disk)
    assert later.all_held() == [HELD]
    assert refused(later, given_back()) is Reason.BAD_SIGNATURE
    assert later.judge(given_back_lost("second-room", "mechanic").lock) == FREE
