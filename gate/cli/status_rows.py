"""Where a crossing is and what it waits for, told from the log of a day.

Pure. In: events of every program in order. Out: one `StatusRow` a declaration, with its history. An
end outweighs a refusal, a refusal a hold, a hold a wait on the road. Whose move it is and what
lifts it come from the reason itself, and from who holds what is waited for.
Not here: files and printing (status.py), an office's own answer (gate/office).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from contract.reasons import Reason
from contract.v1.customs_pb2 import StatusRow
from contract.v1.document_pb2 import Channel

FILED: Final = "filed"
ENDED: Final = "handed over"
HISTORY_MAX: Final = 512
# Said of a crossing by somebody else in other words.
_SAID_ALREADY: Final = frozenset(
    {
        *("crossing_noticed", "mission_accepted", "permit_requested", "permit_accepted"),
        *("vehicle_passed", "gate_passed", "mission_finished", "station_reported"),
        "crossing_withheld",
    }
)


class Told(NamedTuple):
    """One line of the log. `fields` has everything but time, node, event and severity."""

    at_utc_ms: int
    node: str
    event: str
    fields: Mapping[str, Any]


class Pause(NamedTuple):
    """Why it does not go on, whose move that is, and since when."""

    stage: str
    at_utc_ms: int
    reason: str
    owner: str
    lifted_by: str


@dataclass(slots=True)
class Case:
    """One declaration as the log has told it so far.

    holds    by office: what it wants;  wait   on the road
    offices  which have taken it in, and whether they let it pass
    """

    row: StatusRow
    channel: int = 0
    stage: str = FILED
    since_ms: int = 0
    ended: bool = False
    refused: Pause | None = None
    holds: dict[str, Pause] = field(default_factory=dict)
    wait: Pause | None = None
    offices: dict[str, bool] = field(default_factory=dict)

    def goes(self, told: Told, stage: str) -> None:
        """It has come to another stage; whatever it waited for on the road is over."""
        self.stage, self.since_ms, self.wait = stage, told.at_utc_ms, None

    def note(self, told: Told, stage: str, detail: str = "") -> None:
        """One more line of history."""
        if len(self.row.history) < HISTORY_MAX:
            step = self.row.history.add()
            step.at_utc_ms, step.stage, step.detail = told.at_utc_ms, stage, detail


def rows_of(events: Iterable[Told]) -> dict[str, StatusRow]:
    """Every declaration of a day by its id, in the order in which they were filed."""
    cases: dict[str, Case] = {}
    by_crossing: dict[str, Case] = {}
    for told in events:
        handler = _HANDLERS.get(told.event)
        declaration = str(told.fields.get("declaration", ""))
        crossing = str(told.fields.get("crossing", ""))
        case = cases.get(declaration) or by_crossing.get(crossing)
        if case is None and declaration and handler is not None:
            case = cases[declaration] = Case(StatusRow(declaration_id=declaration, version=1))
            case.row.vehicle_id = str(told.fields.get("vehicle", ""))
            case.since_ms = told.at_utc_ms
        if case is not None and crossing and not case.row.crossing_id:
            case.row.crossing_id = crossing
            by_crossing[crossing] = case
        if case is not None:
            (handler or _note)(case, told)
    return {declaration: _finished(case) for declaration, case in cases.items()}


def is_open(row: StatusRow) -> bool:
    """Whether anybody may still ask what it waits for."""
    return row.stage != ENDED


def _finished(case: Case) -> StatusRow:
    row = case.row
    row.MergeFrom(StatusRow(channel=Channel.Name(case.channel)))
    row.stage, row.since_utc_ms = case.stage, case.since_ms
    first_hold = min(case.holds.values(), key=lambda each: each.at_utc_ms, default=None)
    pause = None if case.ended else case.refused or first_hold or case.wait or _pending(case)
    if pause is not None:
        row.stage, row.since_utc_ms = pause.stage, pause.at_utc_ms
        row.reason, row.owner, row.lifted_by = pause.reason, pause.owner, pause.lifted_by
    return row


def _pending(case: Case) -> Pause | None:
    """Taken in, and not yet let pass by everybody."""
    silent = ", ".join(name for name, released in case.offices.items() if not released)
    if case.stage != FILED or not silent:
        return None
    reason = Reason.CLEARANCE_PENDING
    return Pause("being assessed", case.since_ms, reason.name, silent, reason.lifted_by)


def _pause(told: Told, stage: str, *, owner: str = "") -> Pause:
    """A wait for the reason that an event names; unknown codes are passed on as they are."""
    code = str(told.fields.get("reason", ""))
    reason = Reason.__members__.get(code)
    if reason is None:
        lifted_by = str(told.fields.get("lifted_by", "")) or "its owner says"
        return Pause(stage, told.at_utc_ms, code, owner or told.node, lifted_by)
    return Pause(stage, told.at_utc_ms, code, owner or reason.owner.value, reason.lifted_by)


def _says(told: Told, *names: str) -> str:
    """Those fields of an event that say something, in words."""
    words = []
    for name in names:
        value = told.fields.get(name)
        known = Reason.__members__.get(str(value)) if name == "reason" else None
        if value not in (None, "", []):
            words.append(f"{value} ({known.sentence})" if known is not None else str(value))
    return ", ".join(words)


def _note(case: Case, told: Told) -> None:
    """An event that has no meaning of its own here: what it says, in its own words."""
    if told.event not in _SAID_ALREADY and told.fields.get("severity") != "debug":
        said = _says(told, "agency", "station", "reason", "detail")
        case.note(told, f"{told.event.replace('_', ' ')} by {told.node}", said)


# --- papers ---


def _filed(case: Case, told: Told) -> None:
    case.goes(told, FILED)
    case.note(told, FILED, f"by {told.node} for {told.fields.get('vehicle', '')}")


def _answered(case: Case, told: Told) -> None:
    """Some office does not take it in."""
    case.refused = _pause(told, f"not accepted by {told.node}", owner="terminal")
    case.note(told, f"not accepted by {told.node}", _says(told, "reason", "detail"))


def _accepted(case: Case, told: Told) -> None:
    case.row.version = int(told.fields.get("version", 0))
    case.row.vehicle_id = str(told.fields.get("vehicle", ""))
    case.refused = None
    case.holds.pop(told.node, None)
    case.offices[told.node] = False
    if case.stage == "cleared":
        case.goes(told, FILED)  # amended
    case.note(told, f"accepted by {told.node}", f"version {case.row.version}")


def _channel(case: Case, told: Told) -> None:
    name = str(told.fields.get("channel", ""))
    value = dict(Channel.items()).get(f"CHANNEL_{name.upper()}", 0)
    case.channel = max(case.channel, value)
    _take_rules(case, told)
    case.note(told, f"{name} channel of {told.node}", _says(told, "rules"))


def _take_rules(case: Case, told: Told) -> None:
    said = str(told.fields.get("rules", ""))
    for rule in filter(None, said.split(", ")):
        word = f"{told.node}: {rule}"
        if word not in case.row.rules:
            case.row.rules.append(word)


def _held(case: Case, told: Told) -> None:
    _take_rules(case, told)
    before = case.holds.get(told.node)
    pause = _pause(told, f"held by {told.node}", owner=str(told.fields.get("owner", "")))
    if pause.owner in ("", "office"):
        pause = pause._replace(owner=told.node)
    if before is not None and before.reason == pause.reason:
        pause = pause._replace(at_utc_ms=before.at_utc_ms)
    case.holds[told.node] = pause
    case.note(told, f"held by {told.node}", _says(told, "reason"))


def _released(case: Case, told: Told) -> None:
    _take_rules(case, told)
    case.offices[told.node] = True
    case.holds.pop(told.node, None)
    if case.refused is not None and case.refused.stage == f"refused by {told.node}":
        case.refused = None
    case.note(told, f"released by {told.node}", _says(told, "release"))


def _revoked(case: Case, told: Told) -> None:
    case.holds[told.node] = _pause(told, f"held by {told.node}", owner=told.node)
    case.note(told, f"release taken back by {told.node}", _says(told, "reason"))


def _refused(case: Case, told: Told) -> None:
    case.holds.pop(told.node, None)
    case.refused = _pause(told, f"refused by {told.node}", owner=told.node)
    case.note(told, f"refused by {told.node}", _says(told, "reason", "rules"))


def _decided(case: Case, told: Told) -> None:
    case.note(told, f"decided at the desk of {told.node}", _says(told, "verdict", "officer"))


def _cleared(case: Case, told: Told) -> None:
    if case.stage == FILED:
        case.goes(told, "cleared")
    case.note(told, "cleared", "released by both offices")


# --- the road ---


def _loaded(case: Case, told: Told) -> None:
    case.note(told, "loaded", _says(told, "berth"))


def _called(case: Case, told: Told) -> None:
    case.goes(told, "on its way")
    case.note(told, "called", f"to {told.fields.get('berth', '')}")


def _waits(case: Case, told: Told) -> None:
    holder = str(told.fields.get("holder", ""))
    case.wait = _pause(told, case.stage, owner=holder)
    at = _says(told, "resource", "holder")
    case.note(told, "waits", _says(told, "reason") + (f" at {at}" if at else ""))


def _goes_on(case: Case, told: Told) -> None:
    case.wait = None
    waited_s = int(told.fields.get("waited_ms", 0)) / 1000.0
    case.note(told, "goes on", f"after {waited_s:.0f} s")


def _at_station(case: Case, told: Told) -> None:
    case.goes(told, f"at station {told.fields.get('station', '')}")
    case.note(told, case.stage, _says(told, "services"))


def _from_station(case: Case, told: Told) -> None:
    station = told.fields.get("station", "")
    case.goes(told, f"done at station {station}")
    case.note(told, case.stage, _says(told, "verdict", "reason"))


def _diverted(case: Case, told: Told) -> None:
    case.goes(told, f"sent to bay {told.fields.get('bay', '')}")
    case.note(told, case.stage, _says(told, "reason"))


def _at_gate(case: Case, told: Told) -> None:
    case.goes(told, f"passing gate {told.fields.get('gate', '')}")
    case.note(told, case.stage, _says(told, "permit"))


def _no_permit(case: Case, told: Told) -> None:
    case.wait = _pause(told, case.stage)
    case.note(told, f"no permit of {told.node}", _says(told, "reason", "detail"))


_STEPS: Final = {
    "SEALED": "sealed at {place}",
    "EXITED": "let out by {place}",
    "ENTERED": "let in by {place}",
    "HANDED_OVER": "arrived at {place}",
}


def _custody(case: Case, told: Told) -> None:
    step, place = str(told.fields.get("step", "")), told.fields.get("place", "")
    stage = _STEPS.get(step, "{place}").format(place=place)
    wait = case.wait
    case.goes(told, stage)
    if wait is not None and step == "SEALED":
        case.wait = wait
    case.note(told, stage, f"custody: {step}")


def _ended(case: Case, told: Told) -> None:
    case.goes(told, ENDED)
    case.ended = True
    took_s = int(told.fields.get("took_ms", 0)) / 1000.0
    case.note(told, ENDED, f"at {told.fields.get('berth', '')}, {took_s:.0f} s on its way")


_HANDLERS: Final[Mapping[str, Callable[[Case, Told], None]]] = {
    "declaration_filed": _filed,
    "declaration_refused": _answered,
    "declaration_accepted": _accepted,
    "channel_chosen": _channel,
    "crossing_held": _held,
    "crossing_released": _released,
    "release_revoked": _revoked,
    "crossing_refused": _refused,
    "desk_decided": _decided,
    "crossing_cleared": _cleared,
    "loading_finished": _loaded,
    "mission_given": _called,
    "vehicle_waits": _waits,
    "vehicle_goes_on": _goes_on,
    "station_started": _at_station,
    "station_finished": _from_station,
    "vehicle_diverted": _diverted,
    "permit_consumed": _at_gate,
    "permit_refused": _no_permit,
    "custody_recorded": _custody,
    "crossing_finished": _ended,
}
