"""Agencies in whole runs: with the rule books of both offices, with certificates and without."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import pytest

from contract.events import Event
from contract.v1.customs_pb2 import (
    CERTIFICATE_KIND_PHYTOSANITARY,
    CERTIFICATE_KIND_VETERINARY,
    Certificate,
    Declaration,
)
from contract.v1.document_pb2 import DIRECTION_EAST
from gate.office.case import Case
from sim.build import AGENCIES, OFFICES
from sim.terminal_papers import Papers
from sim.world import World
from tests.sim.runs import UNRELIABLE, Log, a_run, both

DAY_MS: Final = 86_400_000
BOOKS: Final = (
    "office.KZ.book='kz'",
    "office.CN.book='cn'",
    "flow.0.hs_code='1206'",
    "flow.1.hs_code='0808'",
)
SHORT: Final = ("time.duration='60s'", "time.crossings=0", "expect=[]")
QUICK: Final = tuple(f"agency.{side}.documents='constant:20s'" for side in ("KZ", "CN"))


def certify(monkeypatch: pytest.MonkeyPatch, *kinds: int) -> None:
    """Terminals file certificates of these kinds, valid for three days, and no others."""
    declare = Papers.loaded

    def loaded(self: Papers, *arguments: Any, **more: Any) -> Declaration:
        paper = declare(self, *arguments, **more)
        del paper.certificates[:]
        paper.certificates.extend(_certificates(kinds, more["utc_ms"], paper))
        return paper

    monkeypatch.setattr(Papers, "loaded", loaded)


def _certificates(kinds: Iterable[int], now_ms: int, paper: Declaration) -> list[Certificate]:
    return [
        Certificate(
            kind=kind,  # type: ignore[arg-type]
            number=f"C-{paper.crossing_id}",
            issuer_country="KZ" if paper.direction == DIRECTION_EAST else "CN",
            valid_from_utc_ms=now_ms - DAY_MS,
            valid_until_utc_ms=now_ms + 3 * DAY_MS,
        )
        for kind in kinds
    ]


class Kept:
    """The worlds of runs, for their disks."""

    def __init__(self) -> None:
        self.world: World | None = None

    def prepare(self, world: World) -> None:
        self.world = world

    def cases(self) -> list[Case]:
        """Every case of both offices, as their journals have it."""
        assert self.world is not None
        return [
            msgspec.msgpack.decode(value, type=Case)
            for name in OFFICES.values()
            for key, value in sorted(self.world.hosts[name].disk.items())
            if key.startswith("case/")
        ]


def test_certified_loads_pass_both_offices_without_a_person(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OFF-009, OFF-021."""
    certify(monkeypatch, CERTIFICATE_KIND_PHYTOSANITARY)
    log = Log()
    done = a_run("smoke", *BOOKS, prepare=log.prepare)
    assert done.result["exit_code"] == 0, done.result
    assert done.result["traffic"]["loaded_crossings"] == 2
    given = log.of(Event.ENDORSEMENT_GIVEN)
    assert len(given) == 4  # two crossings, two sides
    assert {each["officer"] for each in given} == {"rules"}
    assert done.result["agency_decisions"] == done.result["officer_decisions"] == 0
    assert not log.of(Event.MESSAGE_REFUSED)


def test_load_without_certificate_is_held_with_its_agency_as_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OFF-009: whoever asks reads whose move it is."""
    certify(monkeypatch, CERTIFICATE_KIND_VETERINARY)
    kept = Kept()
    done = a_run("smoke", *BOOKS, *SHORT, prepare=kept.prepare)
    assert done.result["exit_code"] == 0, done.result
    assert done.result["traffic"]["held"] == 2
    said = {(case.crossing_id, case.reason, case.owner) for case in kept.cases()}
    assert said == {
        (crossing, "ENDORSEMENT_PENDING", f"phytosanitary {side}")
        for crossing in ("KZ-00001", "CN-00001")
        for side in ("KZ", "CN")
    }


def test_people_at_agencies_are_counted_apart_from_officers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    certify(monkeypatch)
    refuses = tuple(f"agency.{side}.refuses=1.0" for side in ("KZ", "CN"))
    kept, log = Kept(), Log()
    prepare = both(kept.prepare, log.prepare)
    done = a_run("smoke", *BOOKS, *SHORT, *QUICK, *refuses, prepare=prepare)
    assert done.result["agency_decisions"] == 4
    assert done.result["agency_minutes"] == pytest.approx(4 * 20.0 / 60.0, abs=0.01)
    assert done.result["officer_decisions"] == 0
    assert {case.reason for case in kept.cases()} == {"ENDORSEMENT_REFUSED"}
    assert {each["reason"] for each in log.of(Event.ENDORSEMENT_GIVEN)} == {"REFUSED_BY_AGENCY"}
    stages = done.result["resources"]
    assert {f"desk_{name}" for name in AGENCIES.values()} <= set(stages)


def test_person_who_endorses_leaves_the_rest_to_the_office(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """OFF-004: an endorsement is one of the things that are wanted, not all of them."""
    certify(monkeypatch)
    kept = Kept()
    a_run("smoke", *BOOKS, *SHORT, *QUICK, prepare=kept.prepare)
    cases = kept.cases()
    assert len(cases) == 4
    assert not any(case.agencies for case in cases)
    assert {case.reason for case in cases} == {"DOCUMENT_CONTROL"}
    assert not any(case.release_id for case in cases)


@pytest.mark.parametrize("lasts", ["2s", "30s"])
def test_counters_that_die_and_come_back_answer(
    monkeypatch: pytest.MonkeyPatch, lasts: str
) -> None:
    """OFF-022."""
    certify(monkeypatch, CERTIFICATE_KIND_PHYTOSANITARY)
    faults = ", ".join(
        f"{{at='{at}', kind='crash', target='{name}', lasts='{lasts}'}}"
        for at, name in (("5s", "agencies-kz"), ("200ms", "agencies-cn"))
    )
    log = Log()
    done = a_run("smoke", *BOOKS, f"fault=[{faults}]", prepare=log.prepare)
    assert done.result["exit_code"] == 0, done.result
    assert done.result["traffic"]["loaded_crossings"] == 2
    assert len(log.of(Event.ENDORSEMENT_GIVEN)) == 4


def test_unreliable_network_loses_no_endorsement(monkeypatch: pytest.MonkeyPatch) -> None:
    """OFF-022."""
    certify(monkeypatch, CERTIFICATE_KIND_PHYTOSANITARY)
    log = Log()
    done = a_run("smoke", *BOOKS, *UNRELIABLE, prepare=log.prepare)
    assert not any(done.result["safety"].values())
    assert done.result["traffic"]["loaded_crossings"] == 2
    assert len(log.of(Event.ENDORSEMENT_GIVEN)) == 4


def test_run_with_agencies_is_the_same_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    certify(monkeypatch)
    texts = [a_run("smoke", *BOOKS, *SHORT, *QUICK).result["transcript_sha256"] for _ in range(2)]
    assert texts[0] == texts[1]
