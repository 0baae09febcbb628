"""Where a crossing is and what it waits for, told from the log of a day.

Pure. In: events of every program in order. Out: one `StatusRow` a declaration, with its history. An
end outweighs a refusal, a refusal a hold, a hold a wait on the road. Whose move it is and what
lifts it come from the reason itself, and from who holds what is waited for.
Not here: files and printing (status.py), an office's own answer (gate/office).
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Final

from contract.reasons import Reason
from contract.v1.customs_pb2 import StatusRow
from contract.v1.document_pb2 import Channel
from gate.cli.status_case import ENDED, FILED, TAKEN_BACK, Case, Pause, Told, pause_of, says

# Said of a crossing by somebody else in other words.
_SAID_ALREADY: Final = frozenset(
    {
        *("crossing_noticed", "mission_accepted", "permit_requested", "permit_accepted"),
        *("vehicle_passed", "gate_passed", "mission_finished", "station_reported"),
        "crossing_withheld",
    }
)


def rows_of(events: Iterable[Told]) -> dict[str, StatusRow]:
    """Every declaration of a day by its id, in the order in which they were filed."""
    cases: dict[str, Case] = {}
    by_crossing: dict[str, Case] = {}
    for told in events:
        handler = _HANDLERS.get(told.event)
        declaration = str(told.fields.get("declaration", ""))
        crossing = str(told.fields.get("returns", "") or told.fields.get("crossing", ""))
        case = cases.get(declaration) or by_crossing.get(crossing)
        if case is None and declaration and handler is not None:
            case = cases[declaration] = Case(StatusRow(declaration_id=declaration, version=1))
            case.row.vehicle_id = str(told.fields.get("vehicle", ""))
            case.since_ms = told.at_utc_ms
        if case is not None and crossing and not case.row.crossing_id:
            case.row.crossing_id = crossing
            by_crossing[crossing] = case
        if case is not None and case.returns and crossing == case.returns:
            _on_return(case, told)
        elif case is not None:
            (handler or _note)(case, told)
            by_crossing |= {case.returns: case} if case.returns else {}
    return {declaration: _finished(case) for declaration, case in cases.items()}


def is_open(row: StatusRow) -> bool:
    """Whether anybody may still ask what it waits for."""
    return row.stage not in (ENDED, TAKEN_BACK)


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


def _note(case: Case, told: Told) -> None:
    """An event that has no meaning of its own here: what it says, in its own words."""
    if told.event not in _SAID_ALREADY and told.fields.get("severity") != "debug":
        said = says(told, "agency", "station", "reason", "detail")
        case.note(told, f"{told.event.replace('_', ' ')} by {told.node}", said)


# --- papers ---


def _filed(case: Case, told: Told) -> None:
    case.goes(told, FILED)
    case.note(told, FILED, f"by {told.node} for {told.fields.get('vehicle', '')}")


def _answered(case: Case, told: Told) -> None:
    """Some office does not take it in."""
    case.refused = pause_of(told, f"not accepted by {told.node}", owner="terminal")
    case.note(told, f"not accepted by {told.node}", says(told, "reason", "detail"))


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
    case.note(told, f"{name} channel of {told.node}", says(told, "rules"))


def _take_rules(case: Case, told: Told) -> None:
    said = str(told.fields.get("rules", ""))
    for rule in filter(None, said.split(", ")):
        word = f"{told.node}: {rule}"
        if word not in case.row.rules:
            case.row.rules.append(word)


def _held(case: Case, told: Told) -> None:
    _take_rules(case, told)
    before = case.holds.get(told.node)
    pause = pause_of(told, f"held by {told.node}", owner=str(told.fields.get("owner", "")))
    if pause.owner in ("", "office"):
        pause = pause._replace(owner=told.node)
    same = before is not None and before.reason == pause.reason
    case.holds[told.node] = before if before is not None and same else pause
    case.note(told, f"held by {told.node}", says(told, "reason"))


def _released(case: Case, told: Told) -> None:
    _take_rules(case, told)
    case.offices[told.node] = True
    case.holds.pop(told.node, None)
    if case.refused is not None and case.refused.stage == f"refused by {told.node}":
        case.refused = None
    case.note(told, f"released by {told.node}", says(told, "release"))


def _revoked(case: Case, told: Told) -> None:
    case.holds[told.node] = pause_of(told, f"held by {told.node}", owner=told.node)
    case.note(told, f"release taken back by {told.node}", says(told, "reason"))


def _refused(case: Case, told: Told) -> None:
    case.holds.pop(told.node, None)
    case.refused = pause_of(told, f"refused by {told.node}", owner=told.node)
    case.note(told, f"refused by {told.node}", says(told, "reason", "rules"))


def _decided(case: Case, told: Told) -> None:
    case.note(told, f"decided at the desk of {told.node}", says(told, "verdict", "officer"))


def _postponed(case: Case, told: Told) -> None:
    """Decided, and waiting for the clock: nobody has to do anything."""
    until = datetime.fromtimestamp(int(told.fields.get("until_utc_ms", 0)) / 1000.0, tz=UTC)
    pause = pause_of(told, f"postponed by {told.node}", owner=told.node)
    when = f"{until:%d %B %Y %H:%M} UTC"
    case.holds[told.node] = pause._replace(lifted_by=f"the clock, at {when}")
    case.note(told, pause.stage, says(told, "reason") + f" until {when}")


def _overrule(case: Case, told: Told) -> None:
    """One officer would let it pass all the same; it takes two, neither of whom refused."""
    officer, refused_by = told.fields.get("officer", ""), told.fields.get("refused_by", "")
    if case.refused is not None:
        lifted_by = f"a second officer, who is neither {officer} nor {refused_by}"
        case.refused = case.refused._replace(lifted_by=lifted_by)
    case.note(told, f"overruling asked for at {told.node}", f"by {officer} over {refused_by}")


def _asked(case: Case, told: Told) -> None:
    """The hold of this office is those agencies' move."""
    names = ", ".join(str(told.fields.get("agencies", "")).split())
    hold = case.holds.get(told.node)
    if hold is not None and hold.reason == Reason.ENDORSEMENT_PENDING.name:
        case.holds[told.node] = hold._replace(owner=f"{names} of {told.node}")
    case.note(told, f"endorsement asked for by {told.node}", names)


def _endorsed(case: Case, told: Told) -> None:
    agency = str(told.fields.get("agency", ""))
    if told.fields.get("endorsed"):
        case.note(told, f"endorsed by {agency} of {told.node}")
        return
    reason = Reason.ENDORSEMENT_REFUSED
    owner = f"{agency} of {told.node}"
    stage = f"held by {told.node}"
    case.holds[told.node] = Pause(stage, told.at_utc_ms, reason.name, owner, reason.lifted_by)
    case.note(told, f"not endorsed by {owner}", says(told, "reason"))


def _transit(case: Case, told: Told) -> None:
    amount = told.fields.get("amount_eur", 0)
    said = f"{told.fields.get('reference', '')}, guarantee of {amount} EUR"
    case.note(told, f"transit: {told.fields.get('transit', '')} at {told.node}", said)


def _returned(case: Case, told: Told) -> None:
    """It goes back where it came from under a crossing of its own."""
    case.returns = str(told.fields.get("crossing", ""))
    case.note(told, f"return ordered by {told.node}", case.returns)


def _on_return(case: Case, told: Told) -> None:
    """What is said of the crossing that takes it back."""
    if told.event == "crossing_finished":
        case.goes(told, TAKEN_BACK)
        case.ended = True
        case.note(told, TAKEN_BACK, f"at {told.fields.get('berth', '')}")
    elif told.event == "custody_recorded":
        step, place = str(told.fields.get("step", "")), told.fields.get("place", "")
        case.note(told, "on its way back", _STEPS.get(step, "{place}").format(place=place))
    elif told.fields.get("severity") != "debug" and told.event not in _SAID_ALREADY:
        words = told.event.replace("_", " ")
        case.note(told, f"way back: {words} by {told.node}", says(told, "reason"))


def _closed(case: Case, told: Told) -> None:
    case.note(told, f"closed by {told.node}", says(told, "berth"))


def _cleared(case: Case, told: Told) -> None:
    if case.stage == FILED:
        case.goes(told, "cleared")
    case.note(told, "cleared", "released by both offices")


# --- the road ---


def _loaded(case: Case, told: Told) -> None:
    case.note(told, "loaded", says(told, "berth"))


def _called(case: Case, told: Told) -> None:
    case.goes(told, "on its way")
    case.note(told, "called", f"to {told.fields.get('berth', '')}")


def _waits(case: Case, told: Told) -> None:
    holder = str(told.fields.get("holder", ""))
    case.wait = pause_of(told, case.stage, owner=holder)
    at = says(told, "resource", "holder")
    case.note(told, "waits", says(told, "reason") + (f" at {at}" if at else ""))


def _goes_on(case: Case, told: Told) -> None:
    case.wait = None
    waited_s = int(told.fields.get("waited_ms", 0)) / 1000.0
    case.note(told, "goes on", f"after {waited_s:.0f} s")


def _at_station(case: Case, told: Told) -> None:
    case.goes(told, f"at station {told.fields.get('station', '')}")
    case.note(told, case.stage, says(told, "services"))


def _from_station(case: Case, told: Told) -> None:
    station = told.fields.get("station", "")
    case.goes(told, f"done at station {station}")
    case.note(told, case.stage, says(told, "verdict", "reason"))


def _diverted(case: Case, told: Told) -> None:
    case.goes(told, f"sent to bay {told.fields.get('bay', '')}")
    case.note(told, case.stage, says(told, "reason"))


def _at_gate(case: Case, told: Told) -> None:
    case.goes(told, f"passing gate {told.fields.get('gate', '')}")
    case.note(told, case.stage, says(told, "permit"))


def _no_permit(case: Case, told: Told) -> None:
    case.wait = pause_of(told, case.stage)
    case.note(told, f"no permit of {told.node}", says(told, "reason", "detail"))


_STEPS: Final = {
    "SEALED": "sealed at {place}",
    "EXITED": "let out by {place}",
    "ENTERED": "let in by {place}",
    "HANDED_OVER": "arrived at {place}",
    "DIVERTED": "kept at {place}",
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
    """The truck stands where its mission ended: handed over, or refused and not unloaded."""
    if told.fields.get("outcome") == "refused":
        case.goes(told, f"refused, at {told.fields.get('berth', '')}")
        case.note(told, case.stage, "not unloaded")
        return
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
    "crossing_postponed": _postponed,
    "overrule_asked": _overrule,
    "endorsement_asked": _asked,
    "endorsement_taken": _endorsed,
    "transit_moved": _transit,
    "return_ordered": _returned,
    "crossing_ended": _closed,
    "crossing_cleared": _cleared,
    "loading_finished": _loaded,
    "mission_given": _called,
    "vehicle_waits": _waits,
    "vehicle_goes_on": _goes_on,
    "station_started": _at_station,
    "station_finished": _from_station,
    "vehicle_diverted": _diverted,
    "vehicle_set_aside": _diverted,
    "permit_consumed": _at_gate,
    "permit_refused": _no_permit,
    "custody_recorded": _custody,
    "crossing_finished": _ended,
}
