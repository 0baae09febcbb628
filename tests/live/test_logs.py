"""Logs: for people and for machines, faithful whatever a peer writes into them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from contract.agent import Now, Report
from contract.events import Event
from contract.reasons import Reason
from live.events import ShellEvent
from live.logs import Log, catalogue, utc_text

NOW = Now(81_240_000_000, 1_772_534_523_120_000_000)
REFUSED = Report(
    Event.PERMIT_REFUSED,
    {
        "gate": "gate-kz",
        "vehicle": "truck-03",
        "crossing": "X-7",
        "reason": Reason.RELEASE_EXPIRED,
        "detail": "since 2400 ms",
    },
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def as_json(event: Event | ShellEvent, **fields: object) -> dict[str, Any]:
    out = io.StringIO()
    Log(out, level="debug").write("gate-kz", NOW, event, fields)
    assert out.getvalue().count("\n") == 1
    row: dict[str, Any] = json.loads(out.getvalue())
    return row


def test_machine_line_carries_the_reason_by_its_code() -> None:
    out = io.StringIO()
    Log(out).write_report("gate-kz", NOW, REFUSED)
    assert json.loads(out.getvalue()) == {
        "time": "2026-03-03T10:42:03.120Z",
        "severity": "warning",
        "event": "permit_refused",
        "node": "gate-kz",
        "mono_ns": 81_240_000_000,
        "gate": "gate-kz",
        "vehicle": "truck-03",
        "crossing": "X-7",
        "reason": "RELEASE_EXPIRED",
        "detail": "since 2400 ms",
    }


def test_person_also_reads_what_the_reason_means() -> None:
    out = io.StringIO()
    Log(out, form="console").write_report("gate-kz", NOW, REFUSED)
    first, second = out.getvalue().splitlines()
    assert first.split() == [
        "10:42:03.120",
        "warning",
        "permit_refused",
        "gate-kz",
        "gate=gate-kz",
        "vehicle=truck-03",
        "crossing=X-7",
        "reason=RELEASE_EXPIRED",
        "detail='since",
        "2400",
        "ms'",
    ]
    assert second.strip() == (
        "RELEASE_EXPIRED: the release has expired; office lifts it by a new release"
    )


def test_terminal_gets_colours_unless_it_wants_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()
    Log(coloured).write_report("gate-kz", NOW, REFUSED)
    monkeypatch.setenv("NO_COLOR", "1")
    Log(plain).write_report("gate-kz", NOW, REFUSED)
    assert "\x1b[33m" in coloured.getvalue()
    assert "\x1b" not in plain.getvalue()


def test_foreign_text_stays_one_record_and_is_cut() -> None:
    nasty = 'a"\n{"event": "gate_opened"}\r\x1b[2J\u2028' + "x" * 1_000_000
    row = as_json(Event.MESSAGE_REFUSED, sender="s", reason=Reason.MALFORMED, detail=nasty)
    assert row["event"] == "message_refused"
    assert len(row["detail"]) < 700
    assert row["detail"].startswith('a"\\n{"event": "gate_opened"}\\r\\x1b[2J\\u2028xx')
    out = io.StringIO()
    Log(out, form="console").write("n", NOW, Event.MESSAGE_REFUSED, {"detail": nasty})
    assert out.getvalue().count("\n") == 1
    assert "\x1b" not in out.getvalue()


def test_values_of_every_kind_become_plain() -> None:
    row = as_json(
        ShellEvent.SELF_TEST_PASSED,
        checks=("a", b"\x01\xff", None, 1.5, frozenset({"c", "b"}), {"k": Reason.MALFORMED}),
    )
    assert row["checks"] == ["a", "01ff", None, 1.5, ["b", "c"], {"k": "MALFORMED"}]


def test_quieter_events_are_left_out() -> None:
    out = io.StringIO()
    log = Log(out, level="warning")
    log.write("n", NOW, Event.PROGRAM_STARTED, {})
    assert out.getvalue() == ""
    log.write_report("n", NOW, REFUSED)
    assert out.getvalue()


def test_reader_that_went_away_stops_nothing() -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    log = Log(Gone())
    log.write_report("n", NOW, REFUSED)
    assert log.lines_lost == 1


def test_two_catalogues_share_no_name() -> None:
    assert not {event.code for event in Event} & {event.code for event in ShellEvent}


def test_printed_catalogue_is_current() -> None:
    """Mend with: python -m live.logs > docs/EVENTS.md."""
    path = Path(__file__).parents[2] / "docs" / "EVENTS.md"
    assert path.read_text(encoding="utf-8") == catalogue()


def test_time_is_utc_to_the_millisecond() -> None:
    assert utc_text(Now(0, 0)) == "1970-01-01T00:00:00.000Z"
    assert utc_text(Now(0, 1_999_999_999)) == "1970-01-01T00:00:01.999Z"
