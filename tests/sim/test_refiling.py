"""A trader who lacked a certificate files it anew, and the crossing goes after all."""

from pathlib import Path
from typing import Final

import pytest

from contract.events import Event
from contract.v1.customs_pb2 import StatusReply, StatusRow, StatusStep
from gate.office.declaration import faults
from sim.refiling import Refiling
from sim.run import Finished
from tests.factories import START_UTC_MS
from tests.sim.runs import NETWORKS, Log, a_run, broken
from tests.sim.test_terminal import a_flow, some_loads, some_papers

SCENARIO: Final = """
format_version = 1
name = "refiling"
time.duration = "35min"
fleet = {kz = 2, cn = 0, convoy = 1}
berth = {load = "uniform:10s,60s", unload = "constant:1h"}
office.KZ = {book = "kz", documents = "constant:60s"}
office.CN = {book = "cn", documents = "constant:60s"}
agency.KZ = {documents = "constant:60s", refuses = 1.0}
agency.CN = {documents = "constant:60s", refuses = 1.0}
[[flow]]
direction = "E"
goods = "beef"
hs_code = "020130"
payload_t = 20.0
channels = {green = 1.0, yellow = 0.0, red = 0.0}
"""
AFTER: Final = "flow.0.certificate_after='5min'"


def day(path: Path, *settings: str) -> tuple[Finished, Log]:
    (path / "refiling.toml").write_text(SCENARIO)
    log = Log()
    finished = a_run(str(path / "refiling.toml"), *settings, prepare=log.prepare)
    assert broken(finished).strip() == ""
    return finished, log


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("fault", ["missing", "expired"])
def test_crossing_goes_when_its_certificate_has_come(
    fault: str, network: tuple[str, ...], tmp_path: Path
) -> None:
    """Both agencies have said no; the new version lifts that, and nothing else does."""
    share = f"flow.0.certificate_{fault}=1.0"
    finished, log = day(tmp_path, share, AFTER, *network)
    filed = [(row["crossing"], row["version"]) for row in log.of(Event.DECLARATION_FILED)]
    assert sorted(filed) == [(f"KZ-0000{n}", version) for n in (1, 2) for version in (1, 2)]
    again = [s for s in log.times_s(Event.DECLARATION_FILED) if s > 60.0]
    assert all(300.0 <= at_s < 310.0 for at_s in again)
    assert finished.result["traffic"]["loaded_crossings"] == 2


def test_without_its_certificate_the_crossing_is_held_and_says_for_what(tmp_path: Path) -> None:
    finished, _ = day(tmp_path, "flow.0.certificate_missing=1.0")
    kept = finished.result["traffic"]["not_cleared"]
    assert [row["reason"] for row in kept] == ["ENDORSEMENT_REFUSED"] * 2


def test_truck_that_has_left_is_not_declared_anew(tmp_path: Path) -> None:
    """Nobody wanted the certificate, and a new version would take releases back past the line."""
    books = ("office.KZ.book=''", "office.CN.book=''", "flow.0.certificate_missing=1.0")
    finished, log = day(tmp_path, *books, "flow.0.certificate_after='11min'")
    assert len(log.of(Event.DECLARATION_FILED)) == 2
    assert finished.result["traffic"]["loaded_crossings"] == 2


def test_what_is_filed_anew_is_in_order_and_lacks_nothing() -> None:
    papers = some_papers()
    for changes in ({"certificate_missing": 1.0}, {"certificate_expired": 1.0}):
        for code in ("020130", "100199", "120600"):
            (load,) = some_loads(1, a_flow(code, **changes), papers)
            assert papers.lacks(load, START_UTC_MS)
            anew = papers.certified(load, START_UTC_MS)
            assert (anew.version, faults(load), faults(anew)) == (load.version + 1, [], [])
            assert not papers.lacks(anew, START_UTC_MS)


def a_reply(query: int, stage: str, *steps: str) -> StatusReply:
    history = [StatusStep(stage=step) for step in steps]
    row = StatusRow(crossing_id="KZ-00001", stage=stage, history=history)
    return StatusReply(query=query, rows=[row])


@pytest.mark.parametrize(
    ("reply", "files"),
    [
        (a_reply(1, "endorsing"), True),
        (a_reply(1, "released", "declared", "released"), True),
        (a_reply(1, "released", "exited"), False),
        (a_reply(1, "ended"), False),
        (a_reply(2, "endorsing"), False),
        (StatusReply(query=1), False),
    ],
)
def test_certificate_is_filed_once_and_only_while_the_truck_is_there(
    reply: StatusReply, files: bool
) -> None:
    (load,) = some_loads(1, a_flow())
    refiling = Refiling()
    refiling.expect("KZ-00001", 100)
    refiling.filed("KZ-00001", load)
    assert refiling.due(99) == []
    (question,) = refiling.due(100)
    assert (question.crossing_id, question.query, refiling.wake_ns) == ("KZ-00001", 1, None)
    assert (refiling.answered(reply) is not None) is files
    assert refiling.answered(a_reply(1, "endorsing")) is None or reply.query != 1
