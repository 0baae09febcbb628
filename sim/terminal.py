"""A terminal: loads trucks, files their declarations, says when they may leave, takes them in
again.

The traders' side of the world, as an agent of its own: it knows what it is told and nothing else.
Cargo comes as the scenario's flows say; a truck without cargo returns empty under a dossier. What
turns out otherwise than declared is amended before the truck may leave. Every declaration and test
of brakes is in its ledger before it leaves. Not here: what stands in a declaration
(terminal_papers.py), customs (gate/office), movement (corridor/).
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from contract.agent import (
    NS_PER_MS,
    Boot,
    Effect,
    Effects,
    Now,
    Received,
    Report,
    Send,
)
from contract.events import Event
from contract.heads import NodeLedger
from contract.limits import NODE_HEARTBEAT_MS
from contract.reasons import Reason
from contract.signing import Signer, seal_document
from contract.v1 import customs_pb2, envelope_pb2
from contract.v1.customs_pb2 import Declaration, DeclarationSubmitted
from contract.v1.ledger_pb2 import HeadCountersigned
from contract.v1.movement_pb2 import Arrival, BerthReport
from contract.v1.people_pb2 import Roadworthiness
from sim.bookings import Bookings
from sim.load_arrivals import BURSTS
from sim.refiling import Refiling
from sim.terminal_jobs import Job, TerminalConfig
from sim.terminal_journal import Kept, Trade, keep, kept
from sim.terminal_papers import Flow, Papers, amend
from sim.yard import LOOK_S, Couplings, Yard, may_return_empty

NS_PER_S: Final = 1_000_000_000
EMPTY_AFTER_S: Final = 120.0
AMENDED_AFTER_S: Final = 60.0  # by then the first version has been decided, as a rule
AMENDMENT_S: Final = 60.0  # from the new version until the truck is ready

Loaded = Callable[[str, Declaration | None], None]


@dataclass(slots=True)
class TerminalAgent:
    """One terminal's decisions. `loaded` tells the world what a truck truly carries now."""

    config: TerminalConfig
    signer: Signer
    papers: Papers
    draws: random.Random
    ledger: NodeLedger
    at_start: Sequence[tuple[str, str]]
    loaded: Loaded
    yard: Yard = field(default_factory=lambda: Yard(Couplings()))
    unfit: Callable[[str, str, str], None] = lambda vehicle, crossing, berth: None
    test_draws: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311
    burst_draws: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311
    mended: list[str] = field(default_factory=list)  # by mechanics: their brakes are tested again
    trade: Trade = field(default_factory=Trade)
    jobs: dict[str, Job] = field(default_factory=dict)
    refiling: Refiling = field(default_factory=Refiling)
    bookings: Bookings | None = None  # where somebody plans, or gives slots
    wanted: list[Declaration] = field(default_factory=list)  # the trader's own new versions
    _changed: dict[str, None] = field(default_factory=dict)  # trucks; "": the trade alone
    _beat_ns: int = 0
    _beats: int = 0
    _out: list[Effect] = field(default_factory=list)

    # --- protocol ---

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._out = []
        self.ledger.restore(now, state)
        self._beat_ns = now.mono_ns
        row, self.jobs = kept(state)
        if row is None:
            self._open(now)
        else:
            self.trade, self.refiling = row.trade, row.refiling
            self.papers.batches, self.papers.open = row.batches, dict(row.open)
        return self._taken(now)

    def _open(self, now: Now) -> None:
        """The first start: nothing has come yet, and trucks stand where the scenario has them."""
        self.trade.begun_ns = now.mono_ns
        for index, flow in enumerate(self.config.flows):
            if flow.per_hour > 0.0:
                begins_ns = now.mono_ns + int(flow.begins_s * NS_PER_S)
                self._come_next(index, flow.arrivals.first_ns(begins_ns))
        for vehicle, berth in self.at_start:
            self._begin(now, vehicle, berth)

    def on_message(self, now: Now, received: Received) -> Effects:
        self._out = []
        message = received.message
        if isinstance(message, Arrival):
            self._arrive(now, message)
        elif isinstance(message, HeadCountersigned):
            self._out += self.ledger.on_countersigned(now, received)
        elif isinstance(message, customs_pb2.StatusReply):
            self._certify(now, self.refiling.answered(message))
        elif isinstance(message, customs_pb2.DeclarationReply) and not message.accepted:
            fields = {
                "declaration": message.declaration_id,
                "reason": Reason.__members__.get(message.reason, Reason.DECLARATION_FAULTY),
                "detail": "; ".join(message.faults),
            }
            self._out.append(Report(Event.DECLARATION_ANSWERED, fields))
        return self._taken(now)

    def on_wake(self, now: Now, reading: object) -> Effects:
        self._out = []
        for index in sorted(self.trade.next_cargo):
            while now.mono_ns >= self.trade.next_cargo.get(index, now.mono_ns + 1):
                flow = self.config.flows[index]
                self.trade.come(flow, flow.arrivals.size(self.burst_draws))
                self._changed[""] = None
                self._come_next(index, self.trade.next_cargo[index])
        while self.wanted:
            self._send(self.wanted.pop(0))
        while self.mended:
            self._is_mended(now, self.mended.pop(0))
        for vehicle in sorted(self.jobs):
            self._go_on(now, self.jobs[vehicle])
        self.trade.count(now.mono_ns)
        for question in self.refiling.due(now.mono_ns):
            self._out.append(Send(self.config.office, question))
            self._changed[""] = None
        booked = self.bookings.due(now.mono_ns) if self.bookings is not None else []
        self._out += [Send(self.config.supervisor, each) for each in booked]
        if now.mono_ns >= self._beat_ns:
            self._beats += 1
            self._beat_ns = now.mono_ns + NODE_HEARTBEAT_MS * NS_PER_MS
            beat = envelope_pb2.NodeHeartbeat(loop_counter=self._beats, journal_ok=True)
            self._out.append(Send(self.config.supervisor, beat))
        return self._taken(now)

    @property
    def wake_ns(self) -> int | None:
        due = [self._beat_ns, *self.trade.next_cargo.values()]
        booked_ns = self.bookings.wake_ns if self.bookings is not None else None
        own = (self.refiling.wake_ns, self.ledger.wake_ns, booked_ns)
        due += [each for each in own if each is not None]
        due += [job.ready_ns for job in self.jobs.values() if not (job.loaded or job.unfit)]
        return min(due)

    def _taken(self, now: Now) -> Effects:
        """Everything that is to be done, once what it follows from is on disk."""
        out, self._out = self.ledger.chained(now, self._out), []
        if self._changed:
            open_ = list(self.papers.open.items())
            row = Kept(self.trade, self.papers.batches, open_, self.refiling)
            out = [*keep(row, self._changed, self.jobs), *out]
            self._changed = {}
        return out

    # --- trucks ---

    def _begin(self, now: Now, vehicle: str, berth: str) -> None:
        """A truck stands empty at a berth: find it cargo."""
        job = Job(vehicle, berth, now.mono_ns)
        self._changed[vehicle] = None
        job.empty_ns = now.mono_ns + int(EMPTY_AFTER_S * NS_PER_S)
        self.jobs[vehicle] = job
        self._go_on(now, job)

    def _arrive(self, now: Now, arrival: Arrival) -> None:
        if arrival.vehicle_id in self.jobs:
            return
        unload_ns = int(self.config.unload.sample(self.draws) * NS_PER_S)
        job = Job(arrival.vehicle_id, arrival.berth_id, now.mono_ns + unload_ns, unloading=True)
        if self.config.swap is not None:
            job.ready_ns = now.mono_ns + int(self.config.swap.sample(self.test_draws) * NS_PER_S)
            job.swaps = True
        self.jobs[arrival.vehicle_id] = job
        self._changed[arrival.vehicle_id] = None
        fields = {
            "berth": arrival.berth_id,
            "vehicle": arrival.vehicle_id,
            "crossing": arrival.crossing_id,
        }
        self._out.append(Report(Event.UNLOADING_STARTED, fields))

    def _go_on(self, now: Now, job: Job) -> None:
        if job.loaded or job.unfit or now.mono_ns < job.ready_ns:
            return
        self._changed[job.vehicle] = None
        if job.swaps and not self._swapped(now, job):
            return
        if job.unloading:
            job.unloading = False
            job.empty_ns = now.mono_ns + int(EMPTY_AFTER_S * NS_PER_S)
            self.loaded(job.vehicle, None)
        if job.declaration is not None and job.amendment:
            self._amend(now, job, job.declaration)
            return
        if job.crossing:
            self._depart(now, job)
            return
        flow = self._cargo()
        if flow is None and now.mono_ns < job.empty_ns:
            job.ready_ns = min(job.empty_ns, *self.trade.next_cargo.values(), job.empty_ns)
            return
        idle = sum(each.idle for each in self.jobs.values())
        if flow is None and not may_return_empty(idle, self.config.keep_empty):
            look_ns = now.mono_ns + int(LOOK_S * NS_PER_S)
            job.ready_ns = min([look_ns, *self.trade.next_cargo.values()])
            return
        self._file(now, job, flow)

    def _cargo(self) -> Flow | None:
        if self.trade.backlog:
            perishable = (k for k, flow in enumerate(self.trade.backlog) if flow.perishable)
            return self.trade.backlog.pop(next(perishable, 0))
        endless = [flow for flow in self.config.flows if flow.per_hour <= 0.0]
        if not endless:
            return None
        begun = [flow for flow in endless if self.papers.wants_more(flow)]
        if begun:
            return begun[0]
        return self.draws.choices(endless, [flow.weight for flow in endless])[0]

    def _file(self, now: Now, job: Job, flow: Flow | None) -> None:
        """Declare while loading: papers are decided before the truck leaves."""
        self.trade.crossings += 1
        job.crossing = f"{self.config.country}-{self.trade.crossings:05d}"
        load_ns = 0
        if flow is not None and not job.preloaded:
            load_ns = int(self.config.load.sample(self.draws) * NS_PER_S)
        job.ready_ns = now.mono_ns + load_ns
        job.filed_ns = now.mono_ns
        if flow is None:
            declaration = self.papers.empty(job.vehicle, job.crossing)
        else:
            payload_t = max(1.0, self.draws.gauss(flow.payload_t, flow.payload_sd_t))
            declaration = self.papers.loaded(
                job.vehicle,
                job.crossing,
                flow,
                payload_kg=round(1000.0 * payload_t),
                utc_ms=now.utc_ms,
            )
            job.amendment = self.papers.amendment(flow)
            if flow.certificate_after_s > 0.0 and self.papers.lacks(declaration, now.utc_ms):
                after_ns = int(flow.certificate_after_s * NS_PER_S)
                self.refiling.expect(job.crossing, now.mono_ns + after_ns)
        self._submit(job, declaration)
        fields = {"berth": job.berth, "crossing": job.crossing, "vehicle": job.vehicle}
        self._out.append(Report(Event.LOADING_STARTED, fields))
        if self.config.swap is not None:
            self._say_berth(job, "")  # the trailer it has now: a test with another one is void
        self._book(now, job)
        if job.ready_ns <= now.mono_ns and not job.amendment:
            self._depart(now, job)

    def _book(self, now: Now, job: Job) -> None:
        """Say when the truck will be ready, where anybody plans with it, and book its slot."""
        if self.bookings is None:
            return
        utc_ms = now.utc_ms + (job.ready_ns - now.mono_ns) // 1_000_000
        report = BerthReport(
            berth_id=job.berth,
            vehicle_id=job.vehicle,
            crossing_id=job.crossing,
            expected_utc_ms=utc_ms,
        )
        self._out.append(Send(self.config.supervisor, report))
        late_s = self.bookings.filed(now.mono_ns, job.crossing, job.vehicle, utc_ms)
        job.ready_ns += int(late_s * NS_PER_S)

    def _amend(self, now: Now, job: Job, declaration: Declaration) -> None:
        """What was declared is not so: a new version, and only then is the truck ready."""
        earliest_ns = job.filed_ns + int(AMENDED_AFTER_S * NS_PER_S)
        if now.mono_ns < earliest_ns:
            job.ready_ns = earliest_ns
            return
        self._submit(job, amend(declaration, job.amendment))
        job.amendment = ""
        job.ready_ns = now.mono_ns + int(AMENDMENT_S * NS_PER_S)

    def _certify(self, now: Now, declaration: Declaration | None) -> None:
        """The certificate has come: a new version, wherever on this side the truck is."""
        if declaration is None:
            return
        self._changed[""] = None
        certified = self.papers.certified(declaration, now.utc_ms)
        for job in self.jobs.values():
            if job.crossing == certified.crossing_id:
                job.declaration = certified
                self._changed[job.vehicle] = None
        self._send(certified)

    def _submit(self, job: Job, declaration: Declaration) -> None:
        """File a version; from now on the truck carries what it says."""
        job.declaration = declaration
        self.loaded(job.vehicle, declaration)
        self.refiling.filed(job.crossing, declaration)
        self._send(declaration)

    def _send(self, declaration: Declaration) -> None:
        document = seal_document(self.signer, declaration)
        self._out.append(Send(self.config.office, DeclarationSubmitted(declaration=document)))
        fields: dict[str, Any] = {
            "declaration": declaration.declaration_id,
            "version": declaration.version,
            "crossing": declaration.crossing_id,
            "vehicle": declaration.vehicle_id,
        }
        self._out.append(Report(Event.DECLARATION_FILED, fields))

    def _swapped(self, now: Now, job: Job) -> bool:
        """Drop and hook, once a trailer stands ready; the one left is unloaded and loaded anew."""
        next_ns = self.yard.next_ns()
        if next_ns is None or next_ns > now.mono_ns:
            job.ready_ns = now.mono_ns + int(LOOK_S * NS_PER_S) if next_ns is None else next_ns
            return False
        times = (self.config.unload, self.config.load)
        work_s = sum(each.sample(self.test_draws) for each in times)
        before = self.yard.couplings.of(job.vehicle)
        until_ns = now.mono_ns + int(work_s * NS_PER_S)
        trailer = self.yard.swap(job.vehicle, dropped_until_ns=until_ns)
        job.swaps, job.preloaded = False, True
        fields = {"vehicle": job.vehicle, "trailer": trailer, "before": before}
        self._out.append(Report(Event.TRAILER_SWAPPED, fields))
        return True

    def _depart(self, now: Now, job: Job) -> None:
        """Loaded: the brakes are tested; who fails stays, until a mechanic has mended it."""
        brakes = self.config.brakes
        if brakes is None:
            self._ready(now, job)
        elif not job.tests:
            job.tests = True
            job.ready_ns = now.mono_ns + int(brakes.takes.sample(self.test_draws) * NS_PER_S)
        else:
            job.tests = False
            self.trade.tests += 1
            if self.test_draws.random() >= brakes.failing:
                self._ready(now, job)
                return
            self.trade.failures += 1
            job.unfit = True
            self._say_berth(job, Reason.BRAKES_FAILED.name)
            fields = {"berth": job.berth, "vehicle": job.vehicle, "crossing": job.crossing}
            self._out.append(Report(Event.BRAKE_TEST_FAILED, fields))
            self.unfit(job.vehicle, job.crossing, job.berth)

    def _is_mended(self, now: Now, vehicle: str) -> None:
        """A mechanic says so: the brakes are tested again."""
        job = self.jobs.get(vehicle)
        if job is not None and job.unfit:
            job.unfit, job.ready_ns = False, now.mono_ns
            self._changed[vehicle] = None

    def _say_berth(self, job: Job, reason: str) -> None:
        """What stands at a berth and may not leave yet."""
        report = BerthReport(
            berth_id=job.berth,
            vehicle_id=job.vehicle,
            crossing_id=job.crossing,
            trailer_id=self.yard.couplings.of(job.vehicle),
            reason=reason,
        )
        self._out.append(Send(self.config.supervisor, report))

    def _ready(self, now: Now, job: Job) -> None:
        """The truck is loaded, and its brakes have been tested with its trailer."""
        job.loaded = True
        trailer = self.yard.couplings.of(job.vehicle)
        tested = Roadworthiness(
            vehicle_id=job.vehicle, trailer_id=trailer, tested_utc_ms=now.utc_ms
        )
        report = BerthReport(
            berth_id=job.berth,
            vehicle_id=job.vehicle,
            crossing_id=job.crossing,
            ready=True,
            trailer_id=trailer,
            roadworthiness=seal_document(self.signer, tested),
        )
        self._out.append(Send(self.config.supervisor, report))
        fields = {"berth": job.berth, "vehicle": job.vehicle, "crossing": job.crossing}
        self._out.append(Report(Event.LOADING_FINISHED, fields))
        del self.jobs[job.vehicle]

    def _come_next(self, index: int, after_ns: int) -> None:
        """Draw when the next load of a flow comes, unless the flow is over by then."""
        flow = self.config.flows[index]
        draws = self.burst_draws if flow.arrivals.kind == BURSTS else self.draws
        comes_ns = flow.arrivals.next_ns(after_ns, self.trade.begun_ns, draws)
        self.trade.expect(index, comes_ns, ends_s=flow.ends_s)
