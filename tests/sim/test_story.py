"""The supervisor's log alone tells the story of a day: every grant, wait and refusal, with reasons.

The log of one run, as a console prints it, is kept in tests/golden/smoke_supervisor.txt. That file
is rewritten by one command only, and a commit that changes it says what changed the story:

    python -m tests.sim.test_story --rewrite
"""

import argparse
import difflib
import io
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

import pytest

from contract.agent import Now, Report
from contract.events import Event
from contract.reasons import Reason
from live.logs import Log as Console
from sim.build import SUPERVISOR
from sim.scenario import load
from tests.sim.runs import Log, a_run

NS_PER_S: Final = 1_000_000_000
GOLDEN: Final = Path(__file__).parents[1] / "golden" / "smoke_supervisor.txt"
REWRITE: Final = "python -m tests.sim.test_story --rewrite"

YELLOW: Final = (
    "flow.0.channels={green=0.0, yellow=1.0, red=0.0}",
    "flow.1.channels={green=0.0, yellow=1.0, red=0.0}",
    "office.KZ.documents='constant:20s'",
    "office.CN.documents='constant:20s'",
    "time.duration='1min'",
    "time.crossings=0",
    "expect=[]",
)
REFUSED: Final = (*YELLOW, "office.KZ.refuses=1.0")
RED: Final = (
    "flow.0.channels={green=0.0, yellow=0.0, red=1.0}",
    "flow.1.channels={green=0.0, yellow=0.0, red=1.0}",
    "station.kz_bay_e1.service='constant:20s'",
    "station.cn_bay_w1.service='constant:20s'",
)
CONVOY: Final = (
    *("fleet.kz=3", "fleet.cn=0", "fleet.convoy=3", "time.crossings=3", "time.duration='6min'"),
    "expect=[{metric='traffic.loaded_crossings', equals=3}]",
)
DAYS: Final = {"green": (), "refused": REFUSED, "red": RED, "convoy": CONVOY}


# --- the story as an operator reads it ---


def story() -> list[str]:
    """The supervisor's log of `smoke`, line by line."""
    start_ns = round(load("smoke", []).time.start.timestamp()) * NS_PER_S
    log = Log()
    a_run("smoke", prepare=log.prepare)
    page = io.StringIO()
    console = Console(page, form="console", level="debug")
    for t_ns, node, report in log.said:
        if node == SUPERVISOR:
            console.write_report(node, Now(t_ns, start_ns + t_ns, 0), report)
    return page.getvalue().splitlines()


def difference(kept: list[str], told: list[str]) -> str:
    """What the log says now beside what it said; empty if that is the same."""
    lines = difflib.unified_diff(kept, told, "kept", "told", lineterm="", n=2)
    return "\n".join(lines)


def test_supervisor_tells_the_story_it_told_before() -> None:
    changed = difference(GOLDEN.read_text(encoding="utf-8").splitlines(), story())
    if changed:
        pytest.fail(
            f"the supervisor's log has changed:\n{changed}\n\n"
            f"If each of these lines is meant, run `{REWRITE}` and say why in the commit.",
            pytrace=False,
        )


def test_changed_line_of_the_story_is_shown() -> None:
    """The comparison can fail."""
    kept = ["truck-01 waits", "truck-02 waits", "truck-01 goes on"]
    told = ["truck-01 waits", "truck-02 goes on", "truck-01 goes on"]
    assert difference(kept, kept) == ""
    assert "-truck-02 waits\n+truck-02 goes on" in difference(kept, told)


# --- what a story has to have, whatever it tells ---


@pytest.fixture(scope="module", params=DAYS)
def said(request: pytest.FixtureRequest) -> list[tuple[int, Report]]:
    """What the supervisor said on days of several kinds."""
    log = Log()
    finished = a_run("smoke", *DAYS[request.param], prepare=log.prepare)
    assert finished.result["exit_code"] == 0
    return [(t_ns, report) for t_ns, node, report in log.said if node == SUPERVISOR]


def fields_of(said: list[tuple[int, Report]], *events: Event) -> list[dict[str, Any]]:
    return [dict(report.fields) for _, report in said if report.event in events]


def test_every_wait_says_why_for_what_for_whom_and_what_lifts_it(
    said: list[tuple[int, Report]],
) -> None:
    waits = fields_of(said, Event.VEHICLE_WAITS)
    assert waits
    for wait in waits:
        assert isinstance(wait["reason"], Reason), wait
        assert wait["lifted_by"] == wait["reason"].lifted_by
        assert all(wait[key] for key in ("vehicle", "crossing", "resource")), wait
        assert wait["holder"] or wait["resource"] == wait["vehicle"], wait


def test_every_refusal_has_a_reason_and_the_office_that_gave_it(
    said: list[tuple[int, Report]],
) -> None:
    withheld = fields_of(said, Event.CROSSING_WITHHELD)
    for each in withheld:
        assert isinstance(each["reason"], Reason), each
        offices = dict(part.split(":") for part in each["detail"].split())
        assert set(offices) <= {"KZ", "CN"}
        assert each["reason"].name in offices.values()


def test_refused_crossing_is_told_with_the_refusal_and_never_set_off() -> None:
    log = Log()
    a_run("smoke", *REFUSED, prepare=log.prepare)
    last = {each["crossing"]: each for each in log.of(Event.CROSSING_WITHHELD, SUPERVISOR)}
    waits = {each["crossing"]: each for each in log.of(Event.VEHICLE_WAITS, SUPERVISOR)}
    for crossing in ("KZ-00001", "CN-00001"):
        assert last[crossing]["reason"] is Reason.REFUSED
        assert "KZ:REFUSED" in last[crossing]["detail"]
        assert waits[crossing]["reason"] is Reason.REFUSED
        assert waits[crossing]["holder"] == "office KZ"
    assert log.of(Event.MISSION_GIVEN) == []


def test_vehicle_goes_on_from_the_wait_that_was_said_last(said: list[tuple[int, Report]]) -> None:
    """And its duration is that of the log itself, from the first of its reasons on."""
    waiting: dict[str, tuple[int, Reason]] = {}
    for t_ns, report in said:
        row = report.fields
        if report.event is Event.VEHICLE_WAITS:
            first_ns, _ = waiting.get(row["vehicle"], (t_ns, row["reason"]))
            waiting[row["vehicle"]] = (first_ns, row["reason"])
        elif report.event is Event.VEHICLE_GOES_ON:
            since_ns, reason = waiting.pop(row["vehicle"])
            assert row["reason"] is reason
            assert row["waited_ms"] == (t_ns - since_ns) // 1_000_000
        elif report.event is Event.CROSSING_FINISHED:
            assert row["vehicle"] not in waiting


def test_no_grant_reaches_a_zone_that_the_log_has_not_allocated(
    said: list[tuple[int, Report]],
) -> None:
    """A vehicle's first zones are those that it reported standing in."""
    holds: dict[str, set[str]] = defaultdict(set)
    grants = 0
    for _, report in said:
        row = report.fields
        if report.event is Event.VEHICLE_REPORTED:
            holds[row["vehicle"]] |= set(row["zones"].split())
        elif report.event is Event.MISSION_GIVEN:
            holds[row["vehicle"]].add(f"{row['berth']}_z")  # reserved with the mission
        elif report.event is Event.ZONE_ALLOCATED:
            holds[row["vehicle"]].add(row["zone"])
        elif report.event is Event.ZONE_FREED:
            holds[row["vehicle"]].remove(row["zone"])
            assert row["proof"]
        elif report.event is Event.AUTHORITY_GRANTED:
            grants += 1
            assert set(row["zones"].split()) <= holds[row["vehicle"]], row
    assert grants or fields_of(said, Event.CROSSING_WITHHELD)


def test_every_crossing_of_the_log_begins_and_ends_there(said: list[tuple[int, Report]]) -> None:
    """It is handed over, or the log says who keeps it and why."""
    noticed = {each["crossing"] for each in fields_of(said, Event.CROSSING_NOTICED)}
    finished = {each["crossing"] for each in fields_of(said, Event.CROSSING_FINISHED)}
    withheld = {each["crossing"] for each in fields_of(said, Event.CROSSING_WITHHELD)}
    assert noticed
    assert finished <= noticed
    assert noticed - finished <= withheld
    steps = defaultdict(list)
    for each in fields_of(said, Event.CUSTODY_RECORDED):
        steps[each["crossing"]].append(each["step"])
    for each in fields_of(said, Event.CROSSING_FINISHED):
        whole = ["SEALED", "EXITED", "ENTERED", "HANDED_OVER"]
        assert steps[each["crossing"]] == (whole if each["outcome"] == "cleared" else [])


# --- the one command that rewrites it ---


def main(argv: list[str] | None = None) -> int:
    """Print the story, or keep it."""
    parser = argparse.ArgumentParser(prog=REWRITE.rpartition(" ")[0])
    parser.add_argument("--rewrite", action="store_true", help=f"write {GOLDEN.name}")
    told = "\n".join(story()) + "\n"
    if parser.parse_args(argv).rewrite:
        GOLDEN.write_text(told, encoding="utf-8")
        print(f"{GOLDEN}: {len(told.splitlines())} lines", file=sys.stderr)
    else:
        print(told, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
