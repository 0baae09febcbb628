"""Who waited for what when a log ended: the same book that the supervisor keeps, from its events.

Pure. In: the supervisor's events in order, with their times. Out: a `Book` (explain.py). What a log
does not say - where a silent truck stands - is not guessed. Not here: files (cli/explain.py).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from corridor.explain import Book, Waiting


class Said(NamedTuple):
    """One event: when, which, and its fields."""

    at_ms: int
    event: str
    fields: Mapping[str, Any]


def fold(events: Iterable[Said]) -> Book:
    """The book at the last event."""
    book = Book()
    for said in events:
        book.at_ms = max(book.at_ms, said.at_ms)
        handler = _HANDLERS.get(said.event)
        if handler is not None:
            handler(book, said)
    return book


def _text(said: Said, name: str) -> str:
    return str(said.fields.get(name, ""))


def _noticed(book: Book, said: Said) -> None:
    vehicle = _text(said, "vehicle")
    book.vehicle_of[_text(said, "crossing")] = vehicle
    book.ended.pop(_text(said, "crossing"), None)


def _reported(book: Book, said: Said) -> None:
    book.vehicles[_text(said, "vehicle")] = None


def _waits(book: Book, said: Said) -> None:
    vehicle, before = _text(said, "vehicle"), book.waits.get(_text(said, "vehicle"))
    cause = (_text(said, "reason"), _text(said, "resource"))
    same = before is not None and (before.reason, before.resource) == cause
    since_ms = before.since_ms if before is not None and same else said.at_ms
    book.waits[vehicle] = Waiting(
        *cause,
        holder=_text(said, "holder"),
        since_ms=since_ms,
        crossing=_text(said, "crossing"),
        lifts=_text(said, "lifted_by"),
    )


def _goes_on(book: Book, said: Said) -> None:
    book.waits.pop(_text(said, "vehicle"), None)


def _finished(book: Book, said: Said) -> None:
    crossing = _text(said, "crossing")
    book.ended[crossing] = _text(said, "outcome")
    book.holds.pop(crossing, None)


def _withheld(book: Book, said: Said) -> None:
    """`detail` names every office that holds: KZ:DOCUMENT_CONTROL CN:INSPECTION_ORDERED."""
    pairs = (word.partition(":") for word in _text(said, "detail").split())
    book.holds[_text(said, "crossing")] = {country: code for country, _, code in pairs}


def _cleared(book: Book, said: Said) -> None:
    book.holds.pop(_text(said, "crossing"), None)


def _gate(book: Book, said: Said) -> None:
    gate, reason = _text(said, "gate"), _text(said, "reason")
    fault = reason or ("fault" if _text(said, "barrier") in ("fault", "unspecified") else "")
    book.gates.pop(gate, None)
    if fault:
        book.gates[gate] = fault


def _commands(book: Book, said: Said) -> None:
    """A supervisor that has restarted knows of no wait before it has looked again."""
    book.waits.clear()
    book.gates.clear()


_HANDLERS: Final[Mapping[str, Callable[[Book, Said], None]]] = {
    "command_taken": _commands,
    "crossing_noticed": _noticed,
    "vehicle_reported": _reported,
    "vehicle_heard_again": _reported,
    "vehicle_waits": _waits,
    "vehicle_goes_on": _goes_on,
    "crossing_finished": _finished,
    "crossing_withheld": _withheld,
    "crossing_cleared": _cleared,
    "gate_reported": _gate,
}
