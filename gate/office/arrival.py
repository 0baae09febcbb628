"""The receiving office's own scan, behind its own gate: recognition switched off, or an audit.

Pure. What the other side has scanned counts here, unless this office's book says that it does not,
or its station is suspended; then the cargo is scanned twice. Of what counts a share is drawn by the
committed seed and scanned again, and what comes of it is evidence about the station (audit.py). A
scan here that is not clear, or fails, goes to an officer here: the truck stands before its last bay
until he has decided. Not here: stations of the side that a crossing comes from (findings.py).
Requirements: OFF-012, OFF-013 in docs/SAFETY.md.
"""

from collections.abc import Sequence
from typing import Any

from contract.agent import Now, Persist, Report
from contract.events import Event
from contract.reasons import Reason
from contract.selection import DRAWN_AGAIN, SCANS_DO_NOT_COUNT, draw_again
from contract.v1.customs_pb2 import (
    ARRIVAL_SCAN_ALWAYS,
    ARRIVAL_SCAN_IF_SCANNED,
    ARRIVAL_SCAN_UNSPECIFIED,
    CONTROL_KIND_XRAY,
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_CLEAR,
    Declaration,
    ScanRecord,
)
from contract.v1.document_pb2 import DIRECTION_EAST
from gate.office.audit import StationAudit, Verdict, encode
from gate.office.case import Case
from gate.office.docket import Docket

_EVENTS = {
    Verdict.SUSPENDED: Event.STATION_SUSPENDED,
    Verdict.REINSTATED: Event.STATION_REINSTATED,
}


def believed(docket: Docket, station: str) -> bool:
    """Whether a clear scan of this station of the other side counts here."""
    audit = docket.audits.get(station)
    return docket.config.rules.book.recognise_scans and not (audit and audit.suspended)


def plan(
    docket: Docket, case: Case, declaration: Declaration, controls: Sequence[int]
) -> list[int]:
    """Decide about a scan on arrival; the inspections that are left for the other side."""
    case.arrival_scan = ARRIVAL_SCAN_UNSPECIFIED
    left = list(controls)
    if declaration.direction == docket.origin_of or declaration.empty_running:
        return left
    if not _recognised(docket, declaration):
        case.arrival_scan = ARRIVAL_SCAN_IF_SCANNED
        case.rules = [*case.rules, SCANS_DO_NOT_COUNT]
        if CONTROL_KIND_XRAY in left:
            case.arrival_scan = ARRIVAL_SCAN_ALWAYS
            left = [kind for kind in left if kind != CONTROL_KIND_XRAY]
    elif _drawn(docket, declaration):
        case.arrival_scan = ARRIVAL_SCAN_IF_SCANNED
        case.rules = [*case.rules, DRAWN_AGAIN]
    return left


def _recognised(docket: Docket, declaration: Declaration) -> bool:
    way = "E" if declaration.direction == DIRECTION_EAST else "W"
    stations = docket.config.places.stations.get(way, {})
    scanners = [name for name, kinds in stations.items() if "xray" in kinds]
    return docket.config.rules.book.recognise_scans and all(
        believed(docket, each) for each in scanners
    )


def _drawn(docket: Docket, declaration: Declaration) -> bool:
    """The audited draw: whoever is shown the seed afterwards can repeat it."""
    rules = docket.config.rules
    drawn = draw_again(declaration.declaration_id, declaration.version, rules.seed)
    return drawn < rules.book.rescan_share


def on_scan(docket: Docket, now: Now, case: Case, record: ScanRecord, *, ours: bool) -> bool:
    """A scan that was made behind the line is dealt with here, and True: ours binds us, the other
    side's is the other side's. One made before it is the concern of findings.py, and False.
    """
    declaration = docket.declarations[case.crossing_id]
    incoming = declaration.direction != docket.origin_of
    if incoming and not ours:
        _remember(docket, case, record)
    if incoming is not ours:
        return False
    if incoming and record.vehicle_id == declaration.vehicle_id:
        _on_ours(docket, now, case, record)
    return True


def _remember(docket: Docket, case: Case, record: ScanRecord) -> None:
    """Who of the other side has scanned it, and found nothing."""
    if record.verdict == SCAN_VERDICT_CLEAR and case.scanned_by != record.station_id:
        case.scanned_by = record.station_id
        docket.save(case)


def _on_ours(docket: Docket, now: Now, case: Case, record: ScanRecord) -> None:
    clear = record.verdict == SCAN_VERDICT_CLEAR
    if case.scanned_by and (clear or record.verdict == SCAN_VERDICT_ADVERSE):
        _observe(docket, now, case.scanned_by, false_clear=not clear)
        case.scanned_by = ""
    reason = Reason.__members__.get(record.reason, Reason.IMAGE_ADVERSE)
    said = "clear" if clear else reason.name
    case.rules = [*case.rules, f"scanned on arrival at {record.station_id}: {said}"]
    if not clear:
        case.desk = reason.name
    docket.save(case)
    if not clear:
        docket.proceed(now, case, told=True)


def _observe(docket: Docket, now: Now, station: str, *, false_clear: bool) -> None:
    audit = docket.audits.setdefault(station, StationAudit(station))
    limits = docket.config.rules.book.audit
    verdict = audit.take(limits, false_clear=false_clear, at_utc_ms=now.utc_ms)
    docket.out.append(Persist(f"audit/{station}", encode(audit)))
    if verdict in _EVENTS:
        fields: dict[str, Any] = {
            "station": station,
            "scans": audit.scans,
            "false_clears": audit.false_clears,
        }
        docket.out.append(Report(_EVENTS[verdict], fields))
