"""Stations before a gate: who is expected where, for which services, and what came of it.

Pure. A service starts when the vehicle expected stands there; its outcome leaves as a record signed
by this gate. A weighbridge that differs from the declared mass is adverse whatever the device says.
Not here: the devices and how long they take (the body), what an office makes of it (gate/office).
"""

from collections.abc import Collection, Mapping

import msgspec

from contract.agent import Act, Effect, Now, Persist, Report
from contract.events import Event
from contract.reasons import Reason
from contract.signing import Signer, seal_document
from contract.v1.customs_pb2 import (
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_CLEAR,
    SCAN_VERDICT_FAILED,
    ScanRecord,
    ScanVerdict,
)
from contract.v1.document_pb2 import Document
from contract.v1.gate_pb2 import StationVisit
from gate.orders import GateReading, StartService, StationOutcome

MASS_TOLERANCE_SHARE = 0.005
MASS_TOLERANCE_KG = 200


class Visit(msgspec.Struct):
    """One vehicle expected or served at one station."""

    station_id: str
    vehicle_id: str
    crossing_id: str
    services: list[str]
    gross_mass_kg: int
    seals: list[str]
    attempt: int = 0


class Stations:
    """All stations and bays of one gate's side and direction."""

    def __init__(self, stations: Collection[str], signer: Signer) -> None:
        self._stations = frozenset(stations)
        self._signer = signer
        self._visits: dict[tuple[str, str], Visit] = {}
        self._started: set[tuple[str, str]] = set()
        self._documents: list[Document] = []

    def restore(self, state: Mapping[str, bytes]) -> None:
        """Visits survive a restart; a service that was under way is started again."""
        for key, value in sorted(state.items()):
            if key.startswith("visit/"):
                visit = msgspec.msgpack.decode(value, type=Visit)
                self._visits[visit.station_id, visit.vehicle_id] = visit

    def expect(self, visit: StationVisit) -> list[Effect]:
        """The supervisor announces a vehicle."""
        if visit.station_id not in self._stations:
            return []
        row = Visit(
            visit.station_id,
            visit.vehicle_id,
            visit.crossing_id,
            list(visit.services),
            visit.gross_mass_kg,
            list(visit.seals),
        )
        self._visits[row.station_id, row.vehicle_id] = row
        return [Persist(_key(row), msgspec.msgpack.encode(row))]

    def on_reading(self, now: Now, reading: GateReading) -> list[Effect]:
        """Start what can start, and record what has finished."""
        effects: list[Effect] = []
        for station, vehicle in sorted(reading.at_station.items()):
            visit = self._visits.get((station, vehicle))
            if visit is not None and (station, vehicle) not in self._started:
                self._started.add((station, vehicle))
                effects += _start(visit)
        for outcome in reading.outcomes:
            effects += self._finish(now, outcome)
        return effects

    def _finish(self, now: Now, outcome: StationOutcome) -> list[Effect]:
        key = (outcome.station_id, outcome.vehicle_id)
        visit = self._visits.get(key)
        if visit is None or key not in self._started:
            return []
        self._started.discard(key)
        verdict, reason = _verdict(visit, outcome)
        if verdict == SCAN_VERDICT_FAILED and visit.attempt == 0:
            visit.attempt = 1  # one more try before a person is asked
            return [Persist(_key(visit), msgspec.msgpack.encode(visit))]
        del self._visits[key]
        record = ScanRecord(
            record_id=f"{visit.station_id}/{visit.crossing_id}/{visit.attempt}",
            station_id=visit.station_id,
            crossing_id=visit.crossing_id,
            vehicle_id=visit.vehicle_id,
            verdict=verdict,
            reason=reason.name if reason is not None else "",
            measured_mass_kg=outcome.mass_kg,
            seals=outcome.seals,
            finished_utc_ms=now.utc_ms,
        )
        self._documents.append(seal_document(self._signer, record))
        fields = {
            "station": visit.station_id,
            "vehicle": visit.vehicle_id,
            "crossing": visit.crossing_id,
            "verdict": ScanVerdict.Name(verdict).removeprefix("SCAN_VERDICT_").lower(),
            "reason": reason or "",
            "mass_kg": outcome.mass_kg,
        }
        return [Persist(_key(visit), None), Report(Event.STATION_FINISHED, fields)]

    def taken(self) -> list[Document]:
        """Records that are ready to be sent; each is handed out once."""
        documents, self._documents = self._documents, []
        return documents


def _key(visit: Visit) -> str:
    return f"visit/{visit.station_id}/{visit.vehicle_id}"


def _start(visit: Visit) -> list[Effect]:
    services = tuple(visit.services)
    fields = {
        "station": visit.station_id,
        "vehicle": visit.vehicle_id,
        "crossing": visit.crossing_id,
        "services": " ".join(services),
    }
    command = StartService(visit.station_id, visit.vehicle_id, visit.crossing_id, services)
    return [Report(Event.STATION_STARTED, fields), Act(command)]


def _verdict(visit: Visit, outcome: StationOutcome) -> tuple[ScanVerdict, Reason | None]:
    if outcome.failed:
        return SCAN_VERDICT_FAILED, Reason.SCAN_FAILED
    tolerance_kg = max(MASS_TOLERANCE_KG, MASS_TOLERANCE_SHARE * visit.gross_mass_kg)
    weighed = "weighbridge" in visit.services
    if weighed and abs(outcome.mass_kg - visit.gross_mass_kg) > tolerance_kg:
        return SCAN_VERDICT_ADVERSE, Reason.MASS_MISMATCH
    if outcome.seals and list(outcome.seals) != visit.seals:
        return SCAN_VERDICT_ADVERSE, Reason.SEAL_MISMATCH
    if not outcome.clear:
        known = Reason.__members__.get(outcome.reason, Reason.INSPECTION_ADVERSE)
        return SCAN_VERDICT_ADVERSE, known
    return SCAN_VERDICT_CLEAR, None
