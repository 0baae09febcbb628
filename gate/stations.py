"""Stations before a gate: who is expected where, for which services, and what came of it.

Pure. A service starts when the vehicle expected stands there; its outcome leaves as a record signed
by this gate. A weighbridge that differs from the declared mass by more than the larger of 200 kg
and 0.5 % of it is adverse whatever the device says, and so is a seal or a container that is not a
declared one.
What fails, is broken off or does not answer in time is tried once more; then the record says so.
A station that says that it is delayed, and by when, is waited for until then, within a limit.
What is read elsewhere frees the station: a record says that an image is being read, to the
supervisor alone, or that a sample is at the laboratory, to the offices too; the word from elsewhere
is the record that counts. A result of an earlier crossing of the same truck stays that crossing's.
Not here: the devices and how long they take (the body), what an office makes of it (gate/office),
the table of phases and the time each may take (station_phases.py).
Requirements: GATE-012, GATE-013, GATE-017 in docs/SAFETY.md.
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from contract.agent import NS_PER_S, Act, Effect, Now, Persist, Report
from contract.events import Event
from contract.limits import TEXT_LENGTH_MAX
from contract.reasons import Reason
from contract.signing import Signer, seal_document
from contract.v1.customs_pb2 import (
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_CLEAR,
    SCAN_VERDICT_FAILED,
    SCAN_VERDICT_PENDING,
    ScanRecord,
    ScanVerdict,
)
from contract.v1.document_pb2 import Document
from contract.v1.gate_pb2 import StationVisit
from gate.orders import GateReading, StartService, StationOutcome
from gate.station_phases import (
    ATTEMPTS_MAX,
    DELAYED_MARGIN_S,
    IMAGE,
    LABORATORY,
    Outcome,
    Phase,
    answer_s_max,
    delayed_s_max,
    next_phase,
)

SAMPLING: Final = "sampling"
MASS_TOLERANCE_SHARE: Final = 0.005
MASS_TOLERANCE_KG: Final = 200
SEALS_MAX: Final = 64  # a record with as many of the longest still fits a frame
_MASS_KG_MAX: Final = 2**32 - 1
_Said = tuple[ScanVerdict, Reason | None]
_CLEAR: Final[_Said] = (SCAN_VERDICT_CLEAR, None)


class Visit(msgspec.Struct):
    """One vehicle expected or served at one station.

    attempt   services or readings that came to nothing
    container_id   declared, "" for none
    mass_kg, read_seals, read_container   by the machine, while the image is still being read
    remote   what is awaited from elsewhere
    """

    station_id: str
    vehicle_id: str
    crossing_id: str
    services: list[str]
    gross_mass_kg: int
    seals: list[str]
    attempt: int = 0
    phase: Phase = Phase.EXPECTED
    mass_kg: int = 0
    read_seals: list[str] = []
    container_id: str = ""
    read_container: str = ""
    remote: str = IMAGE

    @property
    def key(self) -> tuple[str, str]:
        """Station and crossing: a truck may be back under another while a laboratory has a sample
        of this one.
        """
        return self.station_id, self.crossing_id

    @property
    def awaited(self) -> tuple[str, ...]:
        """What must answer now."""
        return (self.remote,) if self.phase is Phase.READING else tuple(self.services)


class Stations:
    """All stations and bays of one gate's side and direction."""

    def __init__(self, gate: str, stations: Collection[str], signer: Signer) -> None:
        self._gate = gate
        self._stations = frozenset(stations)
        self._signer = signer
        self._visits: dict[tuple[str, str], Visit] = {}  # by station and crossing
        self._due_ns: dict[tuple[str, str], int] = {}
        self._begun_ns: dict[tuple[str, str], int] = {}  # the first attempt of what is under way
        self._delayed: set[tuple[str, str]] = set()  # of those, who has said so
        self._documents: list[Document] = []

    def restore(self, now: Now, state: Mapping[str, bytes]) -> None:
        """Visits survive a restart; a service that was under way is started again, and an image
        has its time anew.
        """
        for key, value in sorted(state.items()):
            if key.startswith("visit/"):
                visit = msgspec.msgpack.decode(value, type=Visit)
                visit.phase = next_phase(visit.phase, Outcome.RESTARTED)
                self._visits[visit.key] = visit
                if visit.phase is Phase.READING:
                    self._await(now, visit)

    @property
    def due_ns(self) -> int | None:
        """When a service that has not answered is given up, monotonic."""
        return min(self._due_ns.values(), default=None)

    def expect(self, visit: StationVisit) -> list[Effect]:
        """The supervisor announces a vehicle; the same visit once more begins nothing anew."""
        if visit.station_id not in self._stations:
            return []
        row = Visit(
            visit.station_id,
            visit.vehicle_id,
            visit.crossing_id,
            list(visit.services),
            visit.gross_mass_kg,
            list(visit.seals),
            container_id=visit.container_id,
        )
        known = self._visits.get(row.key)
        if known is not None and known.vehicle_id == row.vehicle_id:
            return []
        effects: list[Effect] = []
        for old in self._of(row.station_id, row.vehicle_id):
            if old.phase is not Phase.READING:  # it is over, whatever became of it
                effects += self._forget(old)
        self._due_ns.pop(row.key, None)
        self._visits[row.key] = row
        return [*effects, _kept(row)]

    def _of(self, station: str, vehicle: str) -> list[Visit]:
        """Visits of one vehicle to one station, those first that still occupy it."""
        mine = [
            each
            for _, each in sorted(self._visits.items())
            if (each.station_id, each.vehicle_id) == (station, vehicle)
        ]
        return sorted(mine, key=lambda each: each.phase is Phase.READING)

    def _forget(self, visit: Visit) -> list[Effect]:
        self._visits.pop(visit.key, None)
        self._due_ns.pop(visit.key, None)
        self._begun_ns.pop(visit.key, None)
        self._delayed.discard(visit.key)
        return [Persist(_key(visit), None)]

    def on_reading(self, now: Now, reading: GateReading) -> list[Effect]:
        """Start what can start, record what has finished, give up what does not answer."""
        effects: list[Effect] = []
        for outcome in reading.outcomes:
            effects += self._take(now, outcome)
        for key in sorted(self._due_ns):
            if self._due_ns[key] <= now.mono_ns:
                visit = self._visits[key]
                sampled = visit.awaited == (LABORATORY,)
                silent = Reason.LABORATORY_SILENT if sampled else Reason.STATION_SILENT
                effects += self._failed(now, visit, silent)
        for station, vehicle in sorted(reading.at_station.items()):
            here = next(iter(self._of(station, vehicle)), None)
            if here is not None and here.phase is Phase.EXPECTED:
                here.phase = next_phase(here.phase, Outcome.STOOD)
                self._await(now, here)
                effects += [_kept(here), *_start(here)]
        return effects

    def _await(self, now: Now, visit: Visit) -> None:
        self._due_ns[visit.key] = now.mono_ns + answer_s_max(visit.awaited) * NS_PER_S
        if visit.attempt == 0:
            self._begun_ns[visit.key] = now.mono_ns
            self._delayed.discard(visit.key)

    # --- outcomes ---

    def _take(self, now: Now, outcome: StationOutcome) -> list[Effect]:
        """A station's word; one that nobody has asked for is none."""
        about = self._of(outcome.station_id, outcome.vehicle_id)
        if outcome.crossing_id:
            about = [each for each in about if each.crossing_id == outcome.crossing_id]
        visit = about[0] if about else None
        if visit is None or visit.phase is Phase.EXPECTED:
            return []
        if outcome.delayed_s:
            return self._is_delayed(now, visit, outcome.delayed_s)
        if outcome.aborted or outcome.failed:
            reason = Reason.SCAN_ABORTED if outcome.aborted else Reason.SCAN_FAILED
            return self._failed(now, visit, reason)
        if outcome.scanned or outcome.sampled:
            return self._scanned(now, visit, outcome)
        if visit.phase is Phase.SERVING:
            _measure(visit, outcome)
        said = _measured(visit) or _told(outcome) or _CLEAR
        visit.phase = next_phase(visit.phase, Outcome.FINISHED)
        return self._finish(visit, self._record(now, visit, said))

    def _is_delayed(self, now: Now, visit: Visit, delayed_s: int) -> list[Effect]:
        """It is at work, and says by when it will be done: it is waited for until then."""
        key = visit.key
        latest_ns = self._begun_ns.setdefault(key, now.mono_ns)
        latest_ns += delayed_s_max(visit.awaited) * NS_PER_S
        due_ns = min(latest_ns, now.mono_ns + (delayed_s + DELAYED_MARGIN_S) * NS_PER_S)
        if due_ns <= self._due_ns[key]:
            return []
        self._due_ns[key] = due_ns
        if key in self._delayed:
            return []
        self._delayed.add(key)
        fields = {
            "station": visit.station_id,
            "vehicle": visit.vehicle_id,
            "crossing": visit.crossing_id,
            "due_s": delayed_s,
        }
        return [Report(Event.STATION_DELAYED, fields)]

    def _failed(self, now: Now, visit: Visit, reason: Reason) -> list[Effect]:
        """No result: once more, and then a record that says why there is none."""
        visit.attempt += 1
        fields = {
            "station": visit.station_id,
            "vehicle": visit.vehicle_id,
            "crossing": visit.crossing_id,
        }
        if visit.attempt < ATTEMPTS_MAX:
            reads = visit.phase is Phase.READING
            visit.phase = next_phase(visit.phase, Outcome.AGAIN)
            again = fields | {"reason": reason, "attempt": visit.attempt}
            said: list[Effect] = [_kept(visit), Report(Event.STATION_TRIED_AGAIN, again)]
            if reads:
                self._await(now, visit)
                return [*said, *_start(visit)]
            self._due_ns.pop(visit.key, None)
            return said
        visit.phase = next_phase(visit.phase, Outcome.GIVEN_UP)
        return self._finish(visit, self._record(now, visit, (SCAN_VERDICT_FAILED, reason)))

    def _scanned(self, now: Now, visit: Visit, outcome: StationOutcome) -> list[Effect]:
        """The place is free. What it has found by itself counts at once."""
        if visit.phase is Phase.READING:
            return []
        _measure(visit, outcome)
        adverse = _measured(visit)
        if adverse is not None:
            visit.phase = next_phase(visit.phase, Outcome.FINISHED)
            return self._finish(visit, self._record(now, visit, adverse))
        visit.phase = next_phase(visit.phase, Outcome.SCANNED)
        visit.attempt = 0
        reason, event = Reason.IMAGE_PENDING, Event.STATION_SCANNED
        if outcome.sampled:
            visit.remote = LABORATORY
            visit.services = list(dict.fromkeys([*visit.services, SAMPLING]))
            reason, event = Reason.LABORATORY_PENDING, Event.SAMPLE_TAKEN
        self._await(now, visit)
        record = self._record(now, visit, (SCAN_VERDICT_PENDING, reason))
        record.record_id += "/sampled" if outcome.sampled else "/scanned"
        self._documents.append(seal_document(self._signer, record))
        fields = {
            "station": visit.station_id,
            "vehicle": visit.vehicle_id,
            "crossing": visit.crossing_id,
        }
        return [_kept(visit), Report(event, fields)]

    def _record(self, now: Now, visit: Visit, said: _Said) -> ScanRecord:
        verdict, reason = said
        return ScanRecord(
            record_id=f"{visit.station_id}/{visit.crossing_id}/{visit.attempt}",
            station_id=visit.station_id,
            crossing_id=visit.crossing_id,
            vehicle_id=visit.vehicle_id,
            verdict=verdict,
            reason=reason.name if reason is not None else "",
            measured_mass_kg=visit.mass_kg,
            seals=visit.read_seals,
            finished_utc_ms=now.utc_ms,
            services=visit.services,
            container_id=visit.read_container,
        )

    def _finish(self, visit: Visit, record: ScanRecord) -> list[Effect]:
        forgotten = self._forget(visit)
        self._documents.append(seal_document(self._signer, record))
        fields = {
            "station": visit.station_id,
            "vehicle": visit.vehicle_id,
            "crossing": visit.crossing_id,
            "verdict": ScanVerdict.Name(record.verdict).removeprefix("SCAN_VERDICT_").lower(),
            "reason": Reason.__members__.get(record.reason, ""),
            "mass_kg": record.measured_mass_kg,
        }
        return [*forgotten, Report(Event.STATION_FINISHED, fields)]

    # --- what the gate itself finds ---

    def differs(
        self, now: Now, asker: tuple[str, str], reading: GateReading, reason: Reason
    ) -> None:
        """A record of the gate's own readers: what was read is not what was released."""
        vehicle, crossing = asker
        service = "seal" if reason is Reason.SEAL_MISMATCH else "container"
        visit = Visit(self._gate, vehicle, crossing, [service], 0, [])
        visit.read_seals = _texts(reading.seals)
        visit.read_container = " ".join(reading.containers)[:TEXT_LENGTH_MAX]
        record = self._record(now, visit, (SCAN_VERDICT_ADVERSE, reason))
        record.record_id += f"/{service}"
        self._documents.append(seal_document(self._signer, record))

    def taken(self) -> list[Document]:
        """Records that are ready to be sent; each is handed out once."""
        documents, self._documents = self._documents, []
        return documents


def is_image_pending(document: Document) -> bool:
    """Whether a record of ours says only that an image is being read."""
    record = ScanRecord.FromString(document.payload)
    return record.verdict == SCAN_VERDICT_PENDING and record.reason == Reason.IMAGE_PENDING.name


def _texts(seals: tuple[str, ...]) -> list[str]:
    """Seals as they fit a message."""
    return [each[:TEXT_LENGTH_MAX] for each in seals[:SEALS_MAX]]


def _key(visit: Visit) -> str:
    return f"visit/{visit.station_id}/{visit.crossing_id}"


def _kept(visit: Visit) -> Persist:
    return Persist(_key(visit), msgspec.msgpack.encode(visit))


def _start(visit: Visit) -> list[Effect]:
    services = visit.awaited
    fields = {
        "station": visit.station_id,
        "vehicle": visit.vehicle_id,
        "crossing": visit.crossing_id,
        "services": " ".join(services),
    }
    command = StartService(visit.station_id, visit.vehicle_id, visit.crossing_id, services)
    return [Report(Event.STATION_STARTED, fields), Act(command)]


def _measure(visit: Visit, outcome: StationOutcome) -> None:
    """Keep what the machine has read and weighed."""
    visit.mass_kg = min(max(0, outcome.mass_kg), _MASS_KG_MAX)
    visit.read_seals = _texts(outcome.seals)
    visit.read_container = outcome.container_id[:TEXT_LENGTH_MAX]


def _measured(visit: Visit) -> _Said | None:
    """Adverse by what was weighed or read, whatever a device or a person says."""
    tolerance_kg = max(MASS_TOLERANCE_KG, MASS_TOLERANCE_SHARE * visit.gross_mass_kg)
    weighed = "weighbridge" in visit.services
    if weighed and abs(visit.mass_kg - visit.gross_mass_kg) > tolerance_kg:
        return SCAN_VERDICT_ADVERSE, Reason.MASS_MISMATCH
    if visit.read_seals and visit.read_seals != visit.seals:
        return SCAN_VERDICT_ADVERSE, Reason.SEAL_MISMATCH
    if visit.read_container and visit.read_container != visit.container_id:
        return SCAN_VERDICT_ADVERSE, Reason.CONTAINER_MISMATCH
    return None


def _told(outcome: StationOutcome) -> _Said | None:
    """Adverse by the word of the device or the reader."""
    if outcome.clear:
        return None
    return SCAN_VERDICT_ADVERSE, Reason.__members__.get(outcome.reason, Reason.INSPECTION_ADVERSE)
