"""A rig for the supervisor's agent: trucks, gates, offices, terminals by hand; its journal kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message

from contract.agent import Effect, Now
from contract.map import CorridorMap
from contract.route import Route
from contract.sites import station_gates
from contract.v1.customs_pb2 import (
    SCAN_VERDICT_CLEAR,
    CrossingNotice,
    CustodyRecord,
    CustodyStep,
    DecisionNotice,
    ReleaseSubject,
    ScanRecord,
    StationResult,
)
from contract.v1.document_pb2 import CHANNEL_GREEN, DIRECTION_EAST, Document
from contract.v1.gate_pb2 import DetectorReport, Passed
from contract.v1.movement_pb2 import (
    POSITION_CAUSE_BOOTED,
    POSITION_CAUSE_REACHED,
    POSITION_CAUSE_ZONE_CLEARED,
    STOP_KIND_GATE,
    BerthReport,
    MissionOrder,
    MissionReply,
    MovementAuthority,
    OperatorCommand,
    OperatorReply,
    PositionReport,
    VehicleHeartbeat,
)
from contract.v1.people_pb2 import Roadworthiness
from corridor.agent import SupervisorAgent
from corridor.charging import ChargingConfig
from corridor.config import SupervisorConfig
from corridor.dispatch import DispatchConfig
from corridor.interlocking import ZoneState
from tests.factories import (
    TRUCKS,
    a_boot,
    a_now,
    a_release,
    a_roster,
    a_signer,
    a_subject,
    after_commit,
    received,
    sends,
    signed,
    the_map,
    uncatalogued,
)

BERTHS: Final = {truck: f"kz_d0{n}" for n, truck in enumerate(TRUCKS, 1)}
CROSSINGS: Final = {truck: f"KZ-{n}" for n, truck in enumerate(TRUCKS, 1)}
LENGTH_M: Final = 16.5


def subject_of(truck: str) -> ReleaseSubject:
    key_id = a_signer(truck).key_id
    return a_subject(crossing_id=CROSSINGS[truck], vehicle_id=truck, vehicle_key_id=key_id)


@dataclass
class Control:
    """The supervisor of three trucks that stand at their departure berths."""

    convoy: int = 1
    settings: dict[str, Any] = field(default_factory=dict)
    at_ms: float = 0.0
    boots: int = 0
    map_name: str = "smoke"
    corridor: CorridorMap | None = None
    split: bool = False
    charging: ChargingConfig | None = None
    disk: dict[str, bytes] = field(default_factory=dict)
    said: list[Effect] = field(default_factory=list)
    agent: SupervisorAgent = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    @property
    def map(self) -> CorridorMap:
        return self.corridor or the_map(self.map_name)

    @property
    def berths(self) -> dict[str, str]:
        """Where each truck stands at the start."""
        if self.map_name == "smoke":
            return BERTHS
        return {truck: f"kz_b0{n}" for n, truck in enumerate(TRUCKS, 1)}

    @property
    def now(self) -> Now:
        return a_now(self.at_ms)

    def start(self) -> list[Effect]:
        self.boots += 1
        dispatch = DispatchConfig(
            self.convoy, forming_ms=20_000, batch_split=self.split, charging=self.charging
        )
        stations = station_gates(self.map)
        config = SupervisorConfig("supervisor", stations, dispatch, **self.settings)
        self.agent = SupervisorAgent(config, a_signer("supervisor"), a_roster(), self.map)
        boot = a_boot("supervisor", self.boots)
        return self._done(self.agent.on_start(self.now, boot, dict(self.disk)))

    def hear(self, sender: str, message: Message) -> list[Effect]:
        return self._done(self.agent.on_message(self.now, received(sender, message)))

    def wake(self, later_ms: float = 1_000.0) -> list[Effect]:
        self.at_ms += later_ms
        return self._done(self.agent.on_wake(self.now, None))

    def _done(self, effects: Iterable[Effect]) -> list[Effect]:
        out = list(effects)
        assert not uncatalogued(out)
        self.disk = after_commit(self.disk, out)
        self.said += out
        return out

    def pass_time(self, seconds: int) -> None:
        """Time passes; every truck is heard of."""
        for _ in range(seconds):
            for truck in TRUCKS:
                self.hear(truck, VehicleHeartbeat(loop_counter=1))
            self.wake()

    # --- what is heard ---

    def parked(self, truck: str = "truck-01", **changes: Any) -> list[Effect]:
        """A truck says that it stands at its departure berth."""
        berth = self.map.berths[self.berths[truck]]
        values: dict[str, Any] = {
            "front_lane": berth.lane,
            "front_mm": round(berth.stop_offset_m * 1000),
            "rear_lane": berth.lane,
            "rear_mm": round((berth.stop_offset_m - LENGTH_M) * 1000),
            "standing": True,
            "trailer_coupled": True,
            "cause": POSITION_CAUSE_BOOTED,
        }
        return self.hear(truck, PositionReport(**(values | changes)))

    def accounted(self) -> "Control":
        """Every truck of the roster has said where it is."""
        for truck in TRUCKS:
            self.parked(truck)
        return self

    def notice(self, truck: str = "truck-01", **changes: Any) -> list[Effect]:
        values: dict[str, Any] = {
            "crossing_id": CROSSINGS[truck],
            "direction": DIRECTION_EAST,
            "vehicle_id": truck,
            "loaded": True,
            "gross_mass_kg": 36_000,
            "cargo_mass_kg": 20_000,
            "office": "COUNTRY_KZ",
            "channel": CHANNEL_GREEN,
            "seals": ["S-1"],
            "declaration_sha256": bytes(32),
        }
        return self.hear("office-kz", CrossingNotice(**(values | changes)))

    def release(self, country: str, truck: str = "truck-01", by: str = "") -> list[Effect]:
        office = f"office-{country.lower()}"
        release = a_release(country, subject_of(truck), release_id=f"{country}-{truck}")
        paper = signed(release, by or f"release/{country}")
        return self.hear(office, DecisionNotice(decision=paper))

    def decision(self, decision: Message, country: str) -> list[Effect]:
        paper = signed(decision, f"release/{country}")
        return self.hear(f"office-{country.lower()}", DecisionNotice(decision=paper))

    def loaded(self, truck: str = "truck-01", **changes: Any) -> list[Effect]:
        """The terminal says that a truck is ready and that its brakes have just been tested."""
        trailer = f"T-{truck}"
        values: dict[str, Any] = {
            "berth_id": self.berths[truck],
            "vehicle_id": truck,
            "crossing_id": CROSSINGS[truck],
            "ready": True,
            "trailer_id": trailer,
            "roadworthiness": self.tested(truck, trailer),
        }
        return self.hear("terminal-kz", BerthReport(**(values | changes)))

    def tested(
        self, truck: str, trailer: str, *, ago_ms: int = 0, by: str = "terminal-kz"
    ) -> Document:
        """The test of the brakes of a pair."""
        record = Roadworthiness(
            vehicle_id=truck, trailer_id=trailer, tested_utc_ms=self.now.utc_ms - ago_ms
        )
        return signed(record, by)

    def cleared(self, *trucks: str) -> "Control":
        """These trucks are loaded and released by both offices."""
        self.accounted()
        for truck in trucks or ("truck-01",):
            self.notice(truck)
            self.release("KZ", truck)
            self.release("CN", truck)
            self.loaded(truck)
        return self

    def accept(self, truck: str = "truck-01", **changes: Any) -> list[Effect]:
        order = self.order(truck)
        values = {"mission_id": order.mission_id, "version": order.version, "accepted": True}
        return self.hear(truck, MissionReply(**(values | changes)))

    def under_way(self, *trucks: str) -> "Control":
        self.cleared(*trucks)
        for truck in trucks or ("truck-01",):
            self.accept(truck)
        return self

    def front_at(self, front_m: float, truck: str = "truck-01", **changes: Any) -> list[Effect]:
        """A truck reports from its way; its rear is its length behind."""
        order, route = self.order(truck), self.route(truck)
        lane, offset_m = route.where(front_m)
        rear_lane, rear_m = route.where(max(0.0, front_m - LENGTH_M))
        values: dict[str, Any] = {
            "mission_id": order.mission_id,
            "mission_version": order.version,
            "front_lane": lane,
            "front_mm": int(offset_m * 1000),
            "rear_lane": rear_lane,
            "rear_mm": int(rear_m * 1000),
            "standing": False,
            "trailer_coupled": True,
            "cause": POSITION_CAUSE_ZONE_CLEARED,
            "authority_number": sum(each.number for each in self.authorities(truck)[-1:]),
        }
        return self.hear(truck, PositionReport(**(values | changes)))

    def reaches(self, place: str, truck: str = "truck-01") -> list[Effect]:
        (stop,) = (each for each in self.order(truck).stops if each.place_id == place)
        at_m = self.route(truck).at(stop.lane, stop.offset_mm / 1000.0)
        self.drives_to(at_m, truck)
        return self.front_at(
            at_m, truck, cause=POSITION_CAUSE_REACHED, place_id=place, standing=True
        )

    def drives_to(self, at_m: float, truck: str = "truck-01") -> None:
        """A truck uses up its authorities one after the other, as far as they reach."""
        while self.authorities(truck) and self.end_m(truck) < at_m:
            end_m = self.end_m(truck)
            self.front_at(end_m, truck)
            if self.end_m(truck) <= end_m:
                return

    def scanned(self, station: str, truck: str = "truck-01", **changes: Any) -> list[Effect]:
        values: dict[str, Any] = {
            "record_id": "r",
            "station_id": station,
            "crossing_id": CROSSINGS[truck],
            "vehicle_id": truck,
            "verdict": SCAN_VERDICT_CLEAR,
        }
        gate = station_gates(self.map)[station]
        record = signed(ScanRecord(**(values | changes)), gate)
        return self.hear(gate, StationResult(record=record))

    def counted(self, detector: str, count: int, axles: int = 0) -> list[Effect]:
        report = DetectorReport(detector_id=detector, count=count, axles=axles)
        return self.hear("kz_out", report)

    def counted_out(self, truck: str = "truck-01") -> None:
        """Every counter on the way of a truck sees it leave, one after the other."""
        held = set(self.agent.state.zones.held_by(truck))
        for spot in self.map.detectors.values():
            if spot.zone_before in held and spot.lane in self.order(truck).lanes:
                before = self.agent.state.store.number(f"detector/{spot.id}")
                self.counted(spot.id, before)
                self.counted(spot.id, before + 1)

    def passed(
        self, gate: str, step: CustodyStep, truck: str = "truck-01", by: str = ""
    ) -> list[Effect]:
        record = CustodyRecord(
            crossing_id=CROSSINGS[truck], step=step, place_id=gate, vehicle_id=truck, seals=["S-1"]
        )
        custody = signed(record, by or gate)
        return self.hear(gate, Passed(gate_id=gate, vehicle_id=truck, custody=custody))

    def command(self, verb: Any, *, by: str = "control-room", **changes: Any) -> OperatorReply:
        """What the operator is answered."""
        message = OperatorCommand(verb=verb, reason="fire", operator_id="op-1", **changes)
        return sends(self.hear(by, message), OperatorReply, to=by)[0]

    # --- what it said ---

    def order(self, truck: str = "truck-01") -> MissionOrder:
        return sends(self.said, MissionOrder, to=truck)[-1]

    def route(self, truck: str = "truck-01") -> Route:
        return self.map.route(tuple(self.order(truck).lanes))

    def authorities(self, truck: str = "truck-01") -> list[MovementAuthority]:
        return sends(self.said, MovementAuthority, to=truck)

    def end_m(self, truck: str = "truck-01") -> float:
        """End of the newest authority along the way."""
        newest = self.authorities(truck)[-1]
        return self.route(truck).at(newest.end_lane, newest.end_mm / 1000.0)

    def exit_m(self, truck: str = "truck-01") -> float:
        """The exit gate's stop line along the way."""
        gates = [stop for stop in self.order(truck).stops if stop.kind == STOP_KIND_GATE]
        return self.route(truck).at(gates[0].lane, gates[0].offset_mm / 1000.0)

    def zone(self, name: str) -> ZoneState:
        return self.agent.state.zones.state(name)

    def tables(self) -> dict[str, Any]:
        """Everything that is journalled, as the running program has it."""
        state = self.agent.state
        zones = {name: row for name, row in state.zones.zones.items() if row.holders or row.doubt}
        return {
            "crossings": state.crossings,
            "missions": state.missions,
            "rests": state.rests,
            "zones": zones,
            "mission_of": state.mission_of,
            "stops": state.stops,
        }
