"""A suspended station is believed again by the word of two officers, each with a key of his own.

Pure. The first word waits, over restarts too; the second, by another key, ends the suspension, and
the test begins anew without any evidence. What either has said is signed by the office's release
key and goes into its ledger. New evidence against the station while the first word waits makes that
word void. Not here: the test itself (audit.py), what a suspension leads to (arrival.py).
Requirements: OFF-025 in docs/SAFETY.md.
"""

from difflib import get_close_matches
from typing import Any

from contract.agent import Now, Persist, Refused, Report
from contract.events import Event
from contract.reasons import Reason
from contract.v1.customs_pb2 import (
    DeskDecision,
    DeskReply,
    OfficerWord,
    Reinstatement,
    SuspendedStation,
)
from contract.v1.document_pb2 import COUNTRY_CN, COUNTRY_KZ
from gate.office.audit import OfficerSaid, StationAudit, encode
from gate.office.docket import Docket


def on_decision(docket: Docket, now: Now, sender: str, decision: DeskDecision) -> DeskReply:
    """One officer's word that a station is to be believed again, and what came of it."""
    station, officer = decision.station_id, decision.officer_id or sender
    said = OfficerSaid(sender, officer, decision.reason, now.utc_ms)
    no = _judge(docket, said, station)
    if no is None:
        _reinstate(docket, now, docket.audits[station], said)
        return DeskReply(accepted=True)
    if no.reason is Reason.SECOND_OFFICER_STATION:
        _ask(docket, docket.audits[station], said)
    else:
        fields = {"station": station, "officer": officer, "reason": no.reason, "detail": no.detail}
        docket.out.append(Report(Event.REINSTATEMENT_DECLINED, fields))
    accepted = no.reason is Reason.SECOND_OFFICER_STATION
    return DeskReply(accepted=accepted, reason=no.reason.name, detail=no.detail)


def _judge(docket: Docket, said: OfficerSaid, station: str) -> Refused | None:
    """Whether this word ends the suspension; None if it does."""
    known = sorted({*docket.audits, *docket.stations_over_there})
    if station not in known:
        near = get_close_matches(station, known, n=1, cutoff=0.0)
        hint = f"; the nearest is {near[0]}" if near else "; the other side has none"
        return Refused(Reason.STATION_UNKNOWN, f"no station {station!a} of the other side{hint}")
    audit = docket.audits.get(station, StationAudit(station))
    if not audit.suspended:
        detail = f"{station}: {audit.scans} loads scanned twice, {audit.false_clears} not clear"
        return Refused(Reason.STATION_NOT_SUSPENDED, detail)
    if not said.reason.strip():
        return Refused(Reason.REASON_MISSING, f"to believe {station} again")
    if audit.asked is None or audit.asked.key == said.key:
        return Refused(Reason.SECOND_OFFICER_STATION, f"{station}: {said.officer} has said so")
    return None


def _ask(docket: Docket, audit: StationAudit, said: OfficerSaid) -> None:
    """The first word, or the same officer once more: his newest reason counts."""
    audit.asked = said
    docket.out.append(Persist(f"audit/{audit.station_id}", encode(audit)))
    fields = {"station": audit.station_id, "officer": said.officer, "why": said.reason}
    docket.out.append(Report(Event.REINSTATEMENT_ASKED, fields))


def _reinstate(docket: Docket, now: Now, audit: StationAudit, second: OfficerSaid) -> None:
    first, country = audit.asked, docket.config.country
    words = [each for each in (first, second) if each is not None]
    paper = Reinstatement(
        reinstatement_id=f"{country}-{audit.station_id}-{now.utc_ms}",
        office=COUNTRY_KZ if country == "KZ" else COUNTRY_CN,
        station_id=audit.station_id,
        words=[
            OfficerWord(node=w.key, officer_id=w.officer, reason=w.reason, at_utc_ms=w.at_utc_ms)
            for w in words
        ],
        suspended_utc_ms=audit.since_utc_ms,
        scans=audit.scans,
        false_clears=audit.false_clears,
        at_utc_ms=now.utc_ms,
    )
    audit.reinstate()
    docket.record(paper)
    docket.out.append(Persist(f"audit/{audit.station_id}", encode(audit)))
    fields: dict[str, Any] = {
        "station": audit.station_id,
        "officers": ", ".join(each.officer for each in words),
        "why": "; ".join(each.reason for each in words),
        "scans": audit.scans,
        "false_clears": audit.false_clears,
    }
    docket.out.append(Report(Event.REINSTATEMENT_DECIDED, fields))


def suspended(docket: Docket) -> list[SuspendedStation]:
    """Stations whose scans do not count here: since when, by what evidence, and who has spoken."""
    rows = []
    for name, audit in sorted(docket.audits.items()):
        if not audit.suspended:
            continue
        asked = audit.asked
        rows.append(
            SuspendedStation(
                station_id=name,
                since_utc_ms=audit.since_utc_ms,
                scans=audit.found_bad + audit.found_good,
                false_clears=audit.found_bad,
                scans_since=audit.bad + audit.good,
                false_clears_since=audit.bad,
                asked_by=asked.officer if asked is not None else "",
                asked_reason=asked.reason if asked is not None else "",
            )
        )
    return rows
