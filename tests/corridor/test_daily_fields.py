"""Lines of a log that are not as they are written: one line that names line and field."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from contract.events import Event
from corridor.daily import _HANDLERS, fold
from corridor.daily import Said as LogLine
from corridor.daily_fields import READ, fault_of
from tests.sim.commands import Said, command

LINES: Final[dict[str, dict[str, Any]]] = {
    "crossing_noticed": {"crossing": "A", "direction": "E", "loaded": True, "cargo_kg": 20_000},
    "crossing_withheld": {"crossing": "A", "reason": "DOCUMENT_CONTROL"},
    "crossing_cleared": {"crossing": "A"},
    "custody_recorded": {"crossing": "A", "step": "EXITED"},
    "crossing_finished": {"crossing": "A", "outcome": "cleared", "took_ms": 9},
    "vehicle_waits": {
        "vehicle": "truck-01",
        "crossing": "A",
        "reason": "NOT_READY",
        "holder": "terminal",
    },
    "vehicle_goes_on": {"vehicle": "truck-01"},
    "command_taken": {},
}
OTHERS: Final[tuple[object, ...]] = (None, True, -1, 1.5, 2**70, "", "x", [], {}, ["A"], {"A": 1})
TIMES: Final = {"t": 1.0}, {"time": "2026-03-02T03:00:00.000Z"}
FIRST: Final = {"event": "command_taken"}


def told(folder: Path, row: dict[str, Any], *, live: bool) -> Said:
    """The page of a log of two lines, of a run or of a program."""
    time = TIMES[live]
    log = folder / "events.jsonl"
    log.write_text(json.dumps(time | FIRST) + "\n" + json.dumps(time | row) + "\n")
    if live:
        return command("corridor", "report", "daily", "--log", str(log))
    (folder / "scenario.resolved.toml").write_text("time.start = 2026-03-02T08:00:00+05:00\n")
    return command("corridor", "report", "daily", "--from", str(folder))


def test_lines_are_those_that_are_read_and_of_the_catalogue() -> None:
    assert set(LINES) == set(READ) == set(_HANDLERS)
    written = {event.name.lower(): event.fields for event in Event}
    for event, fields in READ.items():
        assert set(fields) == set(LINES[event])
        assert set(fields) <= set(written[event])


@pytest.mark.parametrize("event", LINES)
def test_every_field_that_is_read_is_asked_for(event: str) -> None:
    row = {"event": event} | LINES[event]
    assert fault_of(row) == ""
    for field in LINES[event]:
        fault = fault_of({name: value for name, value in row.items() if name != field})
        assert fault.startswith(f"{event}: {field} is missing, expected ")


@pytest.mark.parametrize("event", LINES)
def test_field_of_another_kind_is_named(event: str) -> None:
    """Whatever is let through can be counted; the rest is named."""
    row = {"event": event} | LINES[event]
    for field, value in ((field, value) for field in LINES[event] for value in OTHERS):
        fault = fault_of(row | {field: value})
        if fault:
            assert fault.startswith(f"{event}: {field} = ")
        else:
            assert type(value) is type(LINES[event][field])
            fold([LogLine(1, event, row | {field: value})], 2)
    assert fault_of(row) == ""


@pytest.mark.parametrize("live", [False, True])
def test_command_names_the_line(live: bool, tmp_path: Path) -> None:
    row = {"event": "crossing_noticed", "node": "supervisor", "crossing": 7}
    said = told(tmp_path, row, live=live)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert "events.jsonl:2: crossing_noticed: crossing = 7, expected a text" in said.err
    assert told(tmp_path, FIRST, live=live).code == 0


@pytest.mark.parametrize("event", [None, 7, [], {"a": 1}])
def test_event_without_a_name_is_no_line_of_a_log(event: object, tmp_path: Path) -> None:
    said = told(tmp_path, {"event": event}, live=False)
    assert (said.code, said.out) == (2, "")
    assert "events.jsonl:2: event = " in said.err


@pytest.mark.parametrize("at", [None, True, "1", -1.0, 1e300, []])
def test_time_of_a_run_that_cannot_be_is_named(at: object, tmp_path: Path) -> None:
    said = told(tmp_path, FIRST | {"t": at}, live=False)
    assert (said.code, said.out) == (2, "")
    assert "events.jsonl:2: no line of a run's log: no t, seconds from 0" in said.err


@pytest.mark.parametrize("at", [None, 7, "soon", "2026-03-02T03:00:00", "0001-01-01T00:00:00Z"])
def test_time_of_a_program_that_cannot_be_is_named(at: object, tmp_path: Path) -> None:
    said = told(tmp_path, FIRST | {"time": at}, live=True)
    assert (said.code, said.out) == (2, "")
    assert "events.jsonl:2: no line of a program's log: no time, ISO 8601" in said.err
