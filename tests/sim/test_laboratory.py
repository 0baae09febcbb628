"""Samples in a run: one laboratory a side, the truck in its bay meanwhile, and what comes of it."""

from pathlib import Path
from typing import Final

import pytest

from contract.agent import Now
from contract.errors import ConfigError
from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import ScanRecord
from gate.office import findings
from gate.office.case import Case
from gate.office.docket import Docket
from sim.run import Finished
from sim.scenario import load
from tests.sim.runs import NETWORKS, NS_PER_S, Log, a_run, broken

BOOK: Final = """
release_before_result = EARLY
[[rule]]
id = "M-1"
because = "meat is looked at"
when = { goods = ["02"] }
controls = CONTROLS
"""
SCENARIO: Final = """
format_version = 1
name = "samples"
time.duration = "50min"
fleet = {kz = 1, cn = 0}
berth = {load = "constant:10s", unload = "constant:3h"}
office.KZ = {book = "BOOK", documents = "constant:60s"}
office.CN = {documents = "constant:60s"}
laboratory.KZ = {result = "constant:15min", servers = 1}
[[flow]]
direction = "E"
goods = "beef"
hs_code = "020130"
payload_t = 20.0
aeo = 1.0
channels = {green = 1.0, yellow = 0.0, red = 0.0}
"""
BAYS: Final = tuple(f'station.kz_bay_e{n}.service="constant:60s"' for n in (1, 2, 3))


def samples(
    path: Path, *settings: str, early: bool = False, controls: str = '["sampling"]'
) -> tuple[Finished, Log]:
    """One truck of meat of which a sample is wanted; the result is there after 15 minutes."""
    book = BOOK.replace("EARLY", str(early).lower()).replace("CONTROLS", controls)
    (path / "book.toml").write_text(book)
    (path / "samples.toml").write_text(SCENARIO.replace("BOOK", str(path / "book.toml")))
    log = Log()
    return a_run(str(path / "samples.toml"), *BAYS, *settings, prepare=log.prepare), log


def at_s(log: Log, event: Event, node: str) -> float:
    """When a node said it first."""
    return next(t / NS_PER_S for t, who, said in log.said if who == node and said.event is event)


def rows(finished: Finished, stage: str) -> list[tuple[float, float, int]]:
    """Start and end in seconds, and a person's time, of the rows of a stage."""
    return [
        (row.start_ns / NS_PER_S, row.end_ns / NS_PER_S, row.worked_ns)
        for row in finished.recorder.visits
        if row.stage.startswith(stage)
    ]


@pytest.mark.parametrize("network", NETWORKS)
def test_truck_waits_in_its_bay_for_the_laboratory_and_then_goes_on(
    tmp_path: Path, network: tuple[str, ...]
) -> None:
    """OFF-015, SUP-035: said with its reason, outside the lane; no officer's minute of it."""
    finished, log = samples(tmp_path, *network)
    assert broken(finished).strip() == ""
    assert finished.result["traffic"]["loaded_crossings"] == 1
    ((start_s, end_s, worked_ns),) = rows(finished, "laboratory_KZ")
    assert (end_s - start_s, worked_ns) == (pytest.approx(900.0), 0)
    ((_, left_s, sampled_ns),) = rows(finished, "kz_bay_e")
    assert left_s == start_s  # its people are free, and were all that took an officer's time
    assert finished.result["officer_minutes"] == pytest.approx(sampled_ns / 60e9)
    assert finished.result["resources"]["laboratory_KZ"]["utilisation"] > 0.0
    waits = [row for row in log.of(Event.VEHICLE_WAITS) if row["vehicle"] == "truck-01"]
    mine = [row for row in waits if row["reason"] is Reason.LABORATORY_PENDING]
    assert mine
    assert all(str(row["resource"]).startswith("kz_bay_e") for row in mine)
    assert at_s(log, Event.CROSSING_CLEARED, "supervisor") >= end_s
    assert at_s(log, Event.PERMIT_CONSUMED, "kz_out") > end_s


@pytest.mark.parametrize("network", NETWORKS)
def test_adverse_sample_goes_to_an_officer_like_any_finding(
    tmp_path: Path, network: tuple[str, ...]
) -> None:
    """OFF-015, OFF-007: what is found in a bay binds both."""
    finished, log = samples(tmp_path, "laboratory.KZ.adverse=1.0", *network)
    assert broken(finished).strip() == ""
    held = [row["reason"] for row in log.of(Event.CROSSING_HELD, "office-kz")]
    assert held[-1] is Reason.SAMPLE_ADVERSE
    assert finished.result["officer_decisions"] == 2
    assert finished.result["traffic"]["loaded_crossings"] == 1  # those officers let it go


def test_adverse_sample_that_an_officer_refuses_never_passes(tmp_path: Path) -> None:
    refuses = ("laboratory.KZ.adverse=1.0", "office.KZ.refuses=1.0")
    finished, log = samples(tmp_path, *refuses)
    assert broken(finished).strip() == ""
    assert log.of(Event.PERMIT_CONSUMED) == []
    assert finished.result["traffic"]["refused"] == 1


def test_low_risk_goes_on_before_the_result_where_the_book_says_so(tmp_path: Path) -> None:
    finished, log = samples(tmp_path, early=True)
    assert broken(finished).strip() == ""
    assert finished.result["traffic"]["loaded_crossings"] == 1
    ((_, end_s, _),) = rows(finished, "laboratory_KZ")
    assert at_s(log, Event.PERMIT_CONSUMED, "kz_out") < end_s
    assert not log.of(Event.RESULT_CAME_TOO_LATE)


@pytest.mark.parametrize("network", NETWORKS)
def test_adverse_result_finds_the_truck_that_went_on_before_it(
    tmp_path: Path, network: tuple[str, ...]
) -> None:
    """OFF-015: both take their releases back, and an officer of each decides."""
    soon = ("laboratory.KZ.adverse=1.0", 'laboratory.KZ.result="constant:20s"')
    finished, log = samples(tmp_path, *soon, *network, early=True)
    assert broken(finished).strip() == ""
    revoked = [row["reason"] for row in log.of(Event.RELEASE_REVOKED, "office-kz")]
    assert revoked[-1] is Reason.SAMPLE_ADVERSE
    assert finished.result["officer_decisions"] == 2
    assert finished.result["traffic"]["loaded_crossings"] == 1


def test_result_about_goods_that_were_handed_over_is_said_to_the_office(tmp_path: Path) -> None:
    late = ("laboratory.KZ.adverse=1.0", 'laboratory.KZ.result="constant:40min"')
    finished, log = samples(tmp_path, *late, early=True)
    assert broken(finished).strip() == ""
    (said,) = log.of(Event.RESULT_CAME_TOO_LATE, "office-kz")
    assert said["reason"] is Reason.SAMPLE_ADVERSE


def test_traders_whom_nobody_trusts_wait_for_the_result_all_the_same(tmp_path: Path) -> None:
    finished, log = samples(tmp_path, "flow.0.aeo=0.0", early=True)
    ((_, end_s, _),) = rows(finished, "laboratory_KZ")
    assert at_s(log, Event.PERMIT_CONSUMED, "kz_out") > end_s


def test_office_that_takes_a_sample_for_its_result_releases_too_early(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted defect: the word that there is no result yet gives what the result would."""

    def believe(docket: Docket, now: Now, case: Case, record: ScanRecord) -> None:
        findings._clear(docket, now, case, record, in_bay=True, recognised=True)

    monkeypatch.setattr(findings, "_sampled", believe)
    finished, log = samples(tmp_path)
    ((_, end_s, _),) = rows(finished, "laboratory_KZ")
    assert at_s(log, Event.PERMIT_CONSUMED, "kz_out") < end_s


@pytest.mark.parametrize(("share", "taken"), [(0.0, 0), (1.0, 1)])
def test_of_what_a_veterinarian_looks_at_a_share_gives_a_sample(
    tmp_path: Path, share: float, taken: int
) -> None:
    shares = tuple(f"station.kz_bay_e{n}.sampled_share={share}" for n in (1, 2, 3))
    finished, log = samples(tmp_path, *shares, controls='["veterinary"]')
    assert broken(finished).strip() == ""
    assert len(rows(finished, "laboratory_KZ")) == len(log.of(Event.SAMPLE_TAKEN)) == taken
    assert finished.result["traffic"]["loaded_crossings"] == 1


@pytest.mark.parametrize("network", NETWORKS)
def test_release_that_runs_out_while_the_truck_waits_is_given_anew(
    tmp_path: Path, network: tuple[str, ...]
) -> None:
    """OFF-016: the other office has released long before the result is there."""
    finished, log = samples(tmp_path, 'office.CN.release_valid="8min"', *network)
    assert broken(finished).strip() == ""
    given = [row["release"] for row in log.of(Event.CROSSING_RELEASED, "office-cn")]
    assert len(given) == len(set(given)) >= 3
    assert finished.result["traffic"]["loaded_crossings"] == 1


def test_gate_that_restarts_meanwhile_still_takes_the_result(tmp_path: Path) -> None:
    crash = 'fault=[{at="6min", kind="crash", target="kz_out", lasts="30s"}]'
    finished, log = samples(tmp_path, crash)
    assert broken(finished).strip() == ""
    assert log.times_s(Event.SAMPLE_TAKEN)[0] < 360.0
    assert finished.result["traffic"]["loaded_crossings"] == 1


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("laboratory.KZ.reslt='constant:1s'", "did you mean laboratory.KZ.result"),
        ("laboratory.KZ.result='soon'", "laboratory.KZ.result"),
        ("laboratory.RU.servers=1", "expected laboratory.KZ or laboratory.CN"),
        ("laboratory.KZ.servers=0", "servers"),
    ],
)
def test_wrong_key_of_a_laboratory_is_refused_in_words(setting: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load("smoke", [setting])
    assert sentence in str(refused.value)
