"""Hard cases as they are counted, so that a scenario can expect them."""

from typing import Any

from sim.hard_cases import NEEDED, Cases
from sim.outcome import tell
from sim.record import Said
from tests.sim.runs import NS_PER_S


def said(code: str, node: str = "office-kz", at_s: int = 0, **fields: Any) -> Said:
    return Said(at_s * NS_PER_S, node, code, fields)


def test_release_is_taken_back_under_way_only_between_the_berths() -> None:
    cases = Cases()
    revoked = said("release_revoked", crossing="A", release="KZ-A-1", reason="OFFICER_HOLD")
    cases.tell(revoked, under_way=False)
    assert (cases.revoked, cases.revoked_under_way) == (1, 0)
    cases.tell(revoked, under_way=True)
    assert (cases.revoked, cases.revoked_under_way) == (2, 1)
    assert tell([revoked]).cases.revoked_under_way == 0  # of a truck that nobody has seen leave


def test_permits_are_counted_by_why_they_were_withdrawn() -> None:
    rows = [
        said("permit_withdrawn", "kz_out", gate="kz_out", permit="1", vehicle="t", reason=reason)
        for reason in ("BARRIER_FAULT", "BARRIER_FAULT", "INTRUSION")
    ]
    tally = tell(rows)
    assert tally.crossings == {}  # a permit's end is no crossing of its own
    told = tally.cases.told(returned=0)
    assert (told["permits_withdrawn"], told["permits_withdrawn_for_barrier"]) == (3, 2)


def test_transit_is_discharged_where_both_offices_say_so() -> None:
    moves = [("office-kz", "discharged"), ("office-cn", "arrived"), ("office-cn", "discharged")]
    rows = [said("transit_moved", office, crossing="A", transit=move) for office, move in moves]
    assert tell(rows[:2]).cases.told(returned=0)["transits_discharged"] == 0
    assert tell(rows).cases.told(returned=0)["transits_discharged"] == 1


def test_every_needed_event_is_counted() -> None:
    assert {"release_revoked", "permit_withdrawn", "transit_moved"} == NEEDED
