"""Logs: events with their fields on stderr - for people on a terminal, else as JSON lines.

An event is a name of one of the two catalogues, never a sentence built in place. Where a field is a
reason, a person also reads what it means, whose move it is and what lifts it. Text from other
machines is shown with its control characters escaped and cut to a length: one event, one record.
`python -m live.logs` prints docs/EVENTS.md.
"""

import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from enum import Enum
from itertools import chain
from typing import Any, Final, Literal, TextIO

import structlog

from contract.agent import NS_PER_MS, Now, Report
from contract.events import Event, Severity
from contract.reasons import Reason, explain
from live.events import ShellEvent

AnyEvent = Event | ShellEvent
TEXT_SHOWN_MAX: Final = 512
LIST_SHOWN_MAX: Final = 64
LOUDNESS: Final = {severity: rank for rank, severity in enumerate(Severity)}
_Row = MutableMapping[str, Any]


class Log:
    """Writes events. One line each; on a terminal a second one for every reason."""

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        form: Literal["auto", "console", "json"] = "auto",
        level: str = "info",
    ) -> None:
        out = sys.stderr if stream is None else stream
        self._rank = LOUDNESS[Severity(level)]
        self.is_console = form == "console" or (form == "auto" and out.isatty())
        processors: list[Any] = [_plain, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if self.is_console:
            processors = [_console(colours=out.isatty() and not os.environ.get("NO_COLOR"))]
        self._log = structlog.wrap_logger(structlog.PrintLogger(out), processors=processors)
        self.lines_lost = 0

    def write(self, node: str, now: Now, event: AnyEvent, fields: Mapping[str, Any]) -> None:
        """One event of one node."""
        if LOUDNESS[event.severity] < self._rank:
            return
        row = {"node": node, "mono_ns": now.mono_ns, **fields}
        try:
            self._log.msg(event.code, time=utc_text(now), severity=event.severity.value, **row)
        except OSError:
            self.lines_lost += 1  # a reader that has gone away must not stop a truck

    def write_report(self, node: str, now: Now, report: Report) -> None:
        """One event that an agent reports."""
        self.write(node, now, report.event, report.fields)


def utc_text(now: Now) -> str:
    """UTC to the millisecond, ISO 8601."""
    seconds, milliseconds = divmod(now.utc_ns // NS_PER_MS, 1_000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds:03d}Z"


def shown(value: Any) -> Any:
    """A field's value as a log may carry it: plain, bounded, the same everywhere."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes):
        return value[: TEXT_SHOWN_MAX // 2].hex()
    if isinstance(value, list | tuple):
        return [shown(item) for item in value[:LIST_SHOWN_MAX]]
    if isinstance(value, set | frozenset):
        return sorted(str(shown(item)) for item in value)[:LIST_SHOWN_MAX]
    if isinstance(value, Mapping):
        return {str(key): shown(item) for key, item in value.items()}
    return _printable(str(value))


def _printable(text: str) -> str:
    cut = text if len(text) <= TEXT_SHOWN_MAX else text[:TEXT_SHOWN_MAX] + "..."
    if cut.isprintable():
        return cut
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in cut)


def _plain(logger: Any, method: str, row: _Row) -> _Row:
    """Processor for machines: every value plain, what every line has first."""
    del logger, method
    plain: _Row = {key: shown(value) for key, value in row.items()}
    first = {key: plain.pop(key) for key in ("time", "severity", "event", "node")}
    return {**first, **plain}


_COLOURS: Final = {
    "debug": "\x1b[2m",
    "info": "\x1b[32m",
    "warning": "\x1b[33m",
    "error": "\x1b[31m",
    "critical": "\x1b[1;31m",
}


def _console(*, colours: bool) -> Any:
    """Processor for people: time, severity, event, fields; reasons in words below."""

    def render(logger: Any, method: str, row: _Row) -> str:
        explained = [explain(value) for value in row.values() if isinstance(value, Reason)]
        row = _plain(logger, method, row)
        severity, event = str(row.pop("severity")), str(row.pop("event"))
        moment, node = str(row.pop("time"))[11:23], str(row.pop("node"))
        row.pop("mono_ns", None)
        trace = row.pop("trace", [])
        on, off = (_COLOURS[severity], "\x1b[0m") if colours else ("", "")
        fields = " ".join(f"{key}={_text(value)}" for key, value in row.items())
        lines = [f"{moment} {on}{severity:<8} {event:<24}{off} {node:<12} {fields}".rstrip()]
        lines += [f"{'':13}{'':9}{line}" for line in explained]
        lines += trace
        return "\n".join(lines)

    return render


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(_text(item) for item in value) or "-"
    text = str(value)
    return text if text and " " not in text else repr(text)


def catalogue() -> str:
    """docs/EVENTS.md: both catalogues as tables."""
    return "\n".join(chain.from_iterable((_head(), _table(Event), _table(ShellEvent)))) + "\n"


def _head() -> Iterator[str]:
    yield "# Events"
    yield ""
    yield "Printed by `python -m live.logs` from `contract/events.py` and `live/events.py`;"
    yield "do not edit. Every line of a log has `time`, `severity`, `event`, `node` and `mono_ns`,"
    yield "then the fields of its event. A field that is a reason carries its code; what the codes"
    yield "mean, whose move it is and what lifts them is in `contract/reasons.py`."


def _table(events: type[Event] | type[ShellEvent]) -> Iterator[str]:
    yield ""
    yield "## Agents" if events is Event else "## Shells"
    yield ""
    yield "| event | severity | fields | what to do |"
    yield "|---|---|---|---|"
    for event in events:
        fields = ", ".join(f"`{name}`" for name in event.fields)
        yield f"| `{event.code}` | {event.severity.value} | {fields} | {event.action} |"


if __name__ == "__main__":
    sys.stdout.write(catalogue())
