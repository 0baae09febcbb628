"""Renewal: what becomes of a release that runs out before its crossing is over.

Pure. A truck may wait longer than a release is good for: in a bay for a laboratory, at its berth
for the rest of its batch; and it looks at its releases until it stands at the other berth. Once no
clock can take the old release for valid any more, the rules are asked again about the same
declaration. Where they say of today what they said then, the office releases anew; where something
new is wanted - a certificate has run out meanwhile - an officer decides. No inspection is done
twice for it. Not here: who revokes a release (docket.py).
Requirements: OFF-016 in docs/SAFETY.md.
"""

from contract.agent import Now, Report
from contract.events import Event
from contract.reasons import Reason
from gate.office.case import Case
from gate.office.docket import RENEW_AFTER_MS, Docket
from gate.office.phases import Phase
from gate.office.rules import assess


def take_up(docket: Docket, now: Now) -> None:
    """After a restart: releases in force, the first to run out first."""
    cases = [case for case in docket.cases.values() if case.at is Phase.RELEASED]
    for case in sorted(cases, key=lambda each: (each.until_utc_ms, each.crossing_id)):
        if case.until_utc_ms:
            docket.watch(now, case)


def next_ns(docket: Docket) -> int | None:
    """When the next release will have run out, monotonic."""
    return next(iter(docket.running.values()), None)


def wake(docket: Docket, now: Now) -> None:
    """Deal with those that have."""
    while (due_ns := next_ns(docket)) is not None and due_ns <= now.mono_ns:
        crossing = next(iter(docket.running))
        del docket.running[crossing]
        _on_due(docket, now, docket.cases[crossing])


def _on_due(docket: Docket, now: Now, case: Case) -> None:
    """A release may have run out: release anew, or lay it before an officer."""
    if case.at is not Phase.RELEASED or not case.release_id:
        return
    if now.utc_ms < case.until_utc_ms + RENEW_AFTER_MS:
        docket.watch(now, case)  # the clock was set back meanwhile
        return
    fields = {"crossing": case.crossing_id, "release": case.release_id}
    docket.out.append(Report(Event.RELEASE_RAN_OUT, fields))
    new = [] if case.return_of else _new_demands(docket, now, case)
    if new:
        case.rules = [*case.rules, *new]
        case.desk = Reason.RELEASE_EXPIRED.name
        docket.save(case)
        docket.proceed(now, case, told=True)
        return
    case.release_id = ""
    docket.proceed(now, case)


def _new_demands(docket: Docket, now: Now, case: Case) -> list[str]:
    """Rules that fire today and did not when the crossing was assessed."""
    declaration = docket.declarations[case.crossing_id]
    found = assess(declaration, docket.config.rules, now.utc_ms)
    return [rule for rule in found.rules if rule not in case.rules]
