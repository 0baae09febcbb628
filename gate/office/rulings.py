"""Officers' decisions: release, hold, refuse - and how a refusal is overruled.

Pure. What lies on a desk one officer decides. A release is taken back, and a crossing refused, at
any time before it has ended. A refusal is overruled by two officers, neither of whom refused it,
and not once the truck is on its way back. Requirements: OFF-005, OFF-008 in docs/SAFETY.md.
"""

from dataclasses import dataclass
from typing import Final

from contract.agent import Now, Report
from contract.events import Event
from contract.reasons import Reason
from contract.v1 import customs_pb2
from contract.v1.customs_pb2 import DeskDecision, DeskReply
from gate.office import reinstatement
from gate.office.case import Case
from gate.office.docket import RETURN_SUFFIX, Docket
from gate.office.orders import Ruling
from gate.office.phases import Outcome, Phase

_VERDICTS: Final = {
    customs_pb2.DESK_VERDICT_RELEASE: Ruling.RELEASE,
    customs_pb2.DESK_VERDICT_HOLD: Ruling.HOLD,
    customs_pb2.DESK_VERDICT_REFUSE: Ruling.REFUSE,
}
_OPEN: Final = (
    Phase.ENDORSING,
    Phase.AT_DESK,
    Phase.INSPECTING,
    Phase.POSTPONED,
    Phase.RELEASED,
)


@dataclass(frozen=True, slots=True)
class Word:
    """One officer's word about one crossing; `key` tells officers apart when two are needed."""

    crossing_id: str
    ruling: Ruling
    officer: str
    key: str = ""
    reason: str = ""

    @property
    def who(self) -> str:
        return self.key or self.officer


def on_decision(docket: Docket, now: Now, sender: str, decision: DeskDecision) -> DeskReply | None:
    """A signed decision as a message, and its answer; None where nothing was said."""
    if decision.verdict == customs_pb2.DESK_VERDICT_REINSTATE:
        return reinstatement.on_decision(docket, now, sender, decision)
    ruling = _VERDICTS.get(decision.verdict)
    if ruling is None:
        return None
    officer = decision.officer_id or sender
    word = Word(decision.crossing_id, ruling, officer, sender, decision.reason)
    no = on_word(docket, now, word)
    return DeskReply(
        crossing_id=decision.crossing_id,
        accepted=no in (None, Reason.SECOND_OFFICER),
        reason=no.name if no is not None else "",
    )


def on_word(docket: Docket, now: Now, word: Word) -> Reason | None:
    """Carry one officer's word out; why not, or what else it takes."""
    case = docket.cases.get(word.crossing_id)
    no = Reason.CROSSING_UNKNOWN if case is None else _judge(docket, case, word)
    fields = {
        "crossing": word.crossing_id,
        "verdict": word.ruling.value,
        "officer": word.officer,
    }
    if case is None or no not in (None, Reason.SECOND_OFFICER):
        docket.out.append(Report(Event.DESK_DECLINED, {**fields, "reason": no}))
        return no
    if no is Reason.SECOND_OFFICER:
        case.overrule = word.who
        docket.save(case)
        fields = {
            "crossing": case.crossing_id,
            "officer": word.officer,
            "refused_by": case.refused_by,
        }
        docket.out.append(Report(Event.OVERRULE_ASKED, fields))
        return no
    docket.out.append(Report(Event.DESK_DECIDED, fields))
    why = f", {word.reason}" if word.reason else ""
    case.rules = [*case.rules, f"officer {word.officer}: {word.ruling.value}{why}"]
    _carry_out(docket, now, case, word)
    return None


def _judge(docket: Docket, case: Case, word: Word) -> Reason | None:
    """Whether this word counts now."""
    if case.return_of:  # it goes back whatever anybody says; an opened seal is looked at first
        at_desk = case.at is Phase.AT_DESK and word.ruling is Ruling.RELEASE
        return None if at_desk else Reason.NOT_AT_DESK
    if case.at is Phase.REFUSED and word.ruling is Ruling.RELEASE:
        if f"{case.crossing_id}{RETURN_SUFFIX}" in docket.cases:
            return Reason.REFUSED_PAST_LINE
        if word.who == case.refused_by:
            return Reason.NOT_AT_DESK
        second = case.overrule and case.overrule != word.who
        return None if second else Reason.SECOND_OFFICER
    if word.ruling is Ruling.RELEASE:
        return None if case.at is Phase.AT_DESK else Reason.NOT_AT_DESK
    return None if case.at in _OPEN else Reason.NOT_AT_DESK


def _carry_out(docket: Docket, now: Now, case: Case, word: Word) -> None:
    if word.ruling is Ruling.REFUSE:
        docket.refuse(now, case, word.who)
    elif word.ruling is Ruling.HOLD:
        case.desk = Reason.OFFICER_HOLD.name
        docket.due.pop(case.crossing_id, None)
        docket.move(case, case.wants() or Outcome.WANTS_OFFICER)
        docket.hold(now, case)
    else:
        if case.at is Phase.REFUSED:
            docket.move(case, Outcome.OVERRULED)
            case.refused_by = case.overrule = ""
        case.desk = case.finding = ""
        case.found_in_bay = case.found_at_line = False
        docket.save(case)
        docket.proceed(now, case)
