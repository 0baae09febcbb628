"""Findings: what the record of a station or bay means for one office's case.

Pure. A clear inspection in a bay gives what was wanted there; a clear X-ray of the other side
counts where it is recognised, young enough and about the same load; a finding always ends in a
hold. A sample that is at the laboratory is no result. What a gate's own readers find is past every
bay: an officer decides about it. The origin office answers for the stations on its side; an
inspection binds both.
Requirements: OFF-006, OFF-007, OFF-011, OFF-014, OFF-015 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import Now, Report
from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import (
    CONTROL_KIND_XRAY,
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_CLEAR,
    SCAN_VERDICT_PENDING,
    Declaration,
    ScanRecord,
    SealOpened,
)
from contract.v1.document_pb2 import CHANNEL_RED
from gate.office import arrival
from gate.office.case import Case
from gate.office.docket import Docket
from gate.office.phases import Phase
from gate.office.places import given_by
from gate.office.rulebook import RuleBook, trusted

SAMPLING: Final = "sampling"
_OF_LABORATORIES: Final = (Reason.SAMPLE_ADVERSE, Reason.LABORATORY_SILENT)
HOUR_MS: Final = 3_600_000


def on_record(docket: Docket, now: Now, record: ScanRecord, *, ours: bool) -> None:
    """Take a genuine record in; `ours`: a gate of this side has signed it."""
    case = docket.cases.get(record.crossing_id)
    if case is None or case.return_of or case.at in (Phase.NEW, Phase.ENDED, Phase.REFUSED):
        _too_late(docket, case, record)
        return
    declaration = docket.declarations[case.crossing_id]
    in_bay = docket.config.places.is_bay(record.station_id)
    scanned = "xray" in record.services and not in_bay
    if scanned and arrival.on_scan(docket, now, case, record, ours=ours):
        return
    book = docket.config.rules.book
    if record.verdict == SCAN_VERDICT_PENDING:
        if in_bay:
            _sampled(docket, now, case, record)
        return
    if record.verdict == SCAN_VERDICT_CLEAR:
        reason = _outweighs(record, declaration, book)
        if reason is None:
            recognised = ours or arrival.believed(docket, record.station_id)
            _clear(docket, now, case, record, in_bay=in_bay, recognised=recognised)
            return
    else:
        reason = Reason.__members__.get(record.reason, Reason.INSPECTION_ADVERSE)
    if declaration.direction == docket.origin_of or in_bay:
        case.rules = [*case.rules, f"{record.station_id}: {reason.name}"]
        case.found_at_line = record.station_id in docket.config.gates
        if in_bay:
            case.found_in_bay, case.controls = True, []
            reason = reason if reason in _OF_LABORATORIES else Reason.INSPECTION_ADVERSE
        _adverse(docket, now, case, reason)


def _too_late(docket: Docket, case: Case | None, record: ScanRecord) -> None:
    """A laboratory's result about goods that were handed over without it: said, and no more - the
    crossing is over, and its goods are for whoever has them now.
    """
    over = case is not None and case.at is Phase.ENDED
    if over and record.verdict == SCAN_VERDICT_ADVERSE and SAMPLING in record.services:
        reason = Reason.__members__.get(record.reason, Reason.SAMPLE_ADVERSE)
        fields = {"crossing": record.crossing_id, "station": record.station_id, "reason": reason}
        docket.out.append(Report(Event.RESULT_CAME_TOO_LATE, fields))


def _sampled(docket: Docket, now: Now, case: Case, record: ScanRecord) -> None:
    """A sample is at the laboratory. Nothing is given by that, unless the book lets low risk go on
    without the result: then the sample counts as looked at until the laboratory says otherwise.
    """
    declaration, rules = docket.declarations[case.crossing_id], docket.config.rules
    case.note(now.utc_ms, "sampled", Reason.LABORATORY_PENDING.name)
    low = trusted(declaration, rules.book, rules.country) and case.channel != CHANNEL_RED
    low = low and not (case.finding or case.desk or case.agencies)
    if not (rules.book.release_before_result and low):
        docket.save(case)
        return
    case.rules = [*case.rules, "goes on before the laboratory's result"]
    _clear(docket, now, case, record, in_bay=True, recognised=True)


def on_seal(docket: Docket, now: Now, opened: SealOpened) -> None:
    """A navigation seal on the way says that it was opened: an officer decides, whatever was found
    before. What lies behind is not undone: nothing is asked of a crossing that is over.
    """
    case = docket.cases.get(opened.crossing_id)
    if case is None or case.at in (Phase.NEW, Phase.ENDED, Phase.REFUSED):
        return
    if opened.at_utc_ms <= case.seal_utc_ms:
        return  # heard before
    case.seal_utc_ms = opened.at_utc_ms
    case.desk = Reason.SEAL_TAMPERED.name
    case.rules = [*case.rules, "navigation seal opened on the way"]
    docket.save(case)
    if case.assessed:
        docket.proceed(now, case, told=True)
    else:
        docket.hold(now, case)


def _outweighs(record: ScanRecord, declaration: Declaration, book: RuleBook) -> Reason | None:
    """MASS_MISMATCH if what was weighed is beyond this office's own tolerance."""
    weighed_kg, told_kg = record.measured_mass_kg, declaration.gross_mass_kg
    share_kg = told_kg * book.mass_tolerance_permille / 1000.0
    if weighed_kg and abs(weighed_kg - told_kg) > max(share_kg, book.mass_tolerance_kg):
        return Reason.MASS_MISMATCH
    return None


def _clear(
    docket: Docket, now: Now, case: Case, record: ScanRecord, *, in_bay: bool, recognised: bool
) -> None:
    declaration = docket.declarations[case.crossing_id]
    if record.vehicle_id != declaration.vehicle_id or not case.assessed:
        return
    if record.seals and list(record.seals) != list(declaration.seals):
        return
    given = _given(docket, now, record, in_bay=in_bay, recognised=recognised)
    left = [kind for kind in case.controls if kind not in given]
    if left == case.controls:
        return
    case.controls = left
    if in_bay and not left and not case.found_in_bay:
        case.finding = ""
    case.rules = [*case.rules, f"inspected at {record.station_id}"]
    docket.save(case)
    docket.proceed(now, case, told=bool(left))


def _given(
    docket: Docket, now: Now, record: ScanRecord, *, in_bay: bool, recognised: bool
) -> set[int]:
    """Kinds of inspection that a clear record gives, where this office permits them."""
    book, case = docket.config.rules.book, docket.cases[record.crossing_id]
    given = given_by(record.services, in_bay=in_bay)
    scanned = "physical" not in record.services and "xray" in record.services
    age_ms = now.utc_ms - record.finished_utc_ms
    if scanned and not (recognised and age_ms <= book.scan_age_max_h * HOUR_MS):
        given.discard(CONTROL_KIND_XRAY)
    if in_bay:
        return given
    permitted = docket.permitted(case)
    allowed = {kind for kind in given if record.station_id in permitted.get(kind, ())}
    return allowed | (given & {CONTROL_KIND_XRAY})


def _adverse(docket: Docket, now: Now, case: Case, reason: Reason) -> None:
    """The supervisor holds the truck until somebody has answered: every finding ends in a hold."""
    case.finding = reason.name
    case.want_answer()
    docket.save(case)
    if case.assessed:
        docket.proceed(now, case, told=True)
    else:
        docket.hold(now, case)
