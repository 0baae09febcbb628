"""A rig for one truck's agent: hand-made messages in, effects out, and a journal that is kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message

from contract.agent import Effect, Now
from contract.energy import Drivetrain
from contract.map import CorridorMap
from contract.route import Route
from contract.traction import CAUTIOUS, Traction
from contract.v1.customs_pb2 import Permit
from contract.v1.envelope_pb2 import Hello
from contract.v1.gate_pb2 import Challenge, PermitGranted
from contract.v1.movement_pb2 import (
    STOP_KIND_BERTH,
    STOP_KIND_GATE,
    STOP_KIND_STATION,
    ClearanceNotice,
    MissionOrder,
    MissionStop,
    MovementAuthority,
)
from tests.factories import (
    a_boot,
    a_now,
    a_roster,
    a_signer,
    after_commit,
    both_releases,
    received,
    signed,
    the_map,
    uncatalogued,
)
from vehicle.agent import VehicleAgent
from vehicle.config import VehicleConfig
from vehicle.orders import VehicleReading
from vehicle.pilot.columns import MILE_REACHED

LENGTH_M: Final = 16.5
AHEAD_M: Final = 4.0
START: Final = "kz_d01"
GOAL: Final = "cn_a01"


def the_way(corridor: CorridorMap) -> tuple[str, ...]:
    """From the departure berth to the arrival berth, past the bays."""
    closed = {bay.lane for bay in corridor.bays.values()}
    start, goal = corridor.berths[START].lane, corridor.berths[GOAL].lane
    return corridor.path_lanes(start, goal, avoid=closed)


def the_route() -> Route:
    return the_map().route(the_way(the_map()))


def gate_m(gate: str, *, barrier: bool = False) -> float:
    """Where a gate's stop line, or its barrier, is along the way."""
    place = the_map().gates[gate]
    return the_route().at(place.lane, place.barrier_offset_m if barrier else place.stop_offset_m)


def an_order(**changes: Any) -> MissionOrder:
    """The whole way with its station, both gates and the berth."""
    corridor = the_map()
    lanes = the_way(corridor)
    stops = [
        MissionStop(
            kind=STOP_KIND_STATION,
            place_id=each.id,
            lane=each.lane,
            offset_mm=round(each.stop_offset_m * 1000),
        )
        for each in corridor.stations.values()
        if each.lane in lanes
    ]
    stops += [
        MissionStop(
            kind=STOP_KIND_GATE,
            place_id=gate,
            lane=corridor.gates[gate].lane,
            offset_mm=round(corridor.gates[gate].stop_offset_m * 1000),
        )
        for gate in ("kz_out", "cn_in")
    ]
    goal = corridor.berths[GOAL]
    end_mm = round(goal.stop_offset_m * 1000)
    stops.append(MissionStop(kind=STOP_KIND_BERTH, place_id=GOAL, lane=goal.lane, offset_mm=end_mm))
    values: dict[str, Any] = {
        "mission_id": "mission-1",
        "version": 1,
        "crossing_id": "KZ-1",
        "direction": "DIRECTION_EAST",
        "lanes": lanes,
        "stops": stops,
        "convoy_id": "convoy-1",
        "formation_epoch": 1,
        "formation": ["truck-01"],
    }
    return MissionOrder(**(values | changes))


def an_authority_to(at_m: float, number: int = 1, **changes: Any) -> MovementAuthority:
    """An authority that ends this far along the way."""
    lane, offset_m = the_route().where(at_m)
    values: dict[str, Any] = {
        "mission_id": "mission-1",
        "mission_version": 1,
        "number": number,
        "end_lane": lane,
        "end_mm": int(offset_m * 1000),
        "overlap_mm": 2_000,
    }
    return MovementAuthority(**(values | changes))


def a_permit(nonce: bytes, /, **changes: Any) -> Permit:
    """kz_out's permit for truck-01."""
    values: dict[str, Any] = {
        "permit_id": "kz_out-1-1",
        "gate_id": "kz_out",
        "nonce": nonce,
        "vehicle_id": "truck-01",
        "vehicle_key_id": a_signer("truck-01").key_id,
        "crossing_id": "KZ-1",
        "release_id_kz": "KZ-1",
        "release_id_cn": "CN-1",
        "issued_utc_ms": a_now().utc_ms,
        "valid_ms": 30_000,
    }
    return Permit(**(values | changes))


@dataclass
class Truck:
    """Truck-01. Every effect it ever had is in `said`; its journal is committed after each call."""

    corridor: CorridorMap = field(default_factory=the_map)
    traction: Traction = CAUTIOUS
    drivetrain: Drivetrain | None = None
    at_ms: float = 0.0
    boots: int = 0
    disk: dict[str, bytes] = field(default_factory=dict)
    said: list[Effect] = field(default_factory=list)
    agent: VehicleAgent = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    @property
    def now(self) -> Now:
        return a_now(self.at_ms)

    def start(self) -> list[Effect]:
        """Boot: only the journal is left."""
        self.boots += 1
        config = VehicleConfig(
            "truck-01",
            "supervisor",
            LENGTH_M,
            AHEAD_M,
            traction=self.traction,
            drivetrain=self.drivetrain,
        )
        self.agent = VehicleAgent(config, a_signer("truck-01"), a_roster(), self.corridor)
        boot = a_boot("truck-01", self.boots)
        return self._done(self.agent.on_start(self.now, boot, dict(self.disk)))

    def hear(self, sender: str, message: Message, **how: Any) -> list[Effect]:
        """A message that the mailbox has found in order."""
        word = received(sender, message, to="truck-01", **how)
        return self._done(self.agent.on_message(self.now, word))

    def wake(self, front_m: float, *, later_ms: float = 100.0, **reading: Any) -> list[Effect]:
        """The body's word, with the front bumper this far along the way."""
        self.at_ms += later_ms
        table = the_route().table
        s = front_m - AHEAD_M
        row = int(min(max(s, 0.0), len(table) - 2))
        values: dict[str, Any] = {
            "x_m": float(table[row, 1] + (s - row) * (table[row + 1, 1] - table[row, 1])),
            "y_m": float(table[row, 2] + (s - row) * (table[row + 1, 2] - table[row, 2])),
            "psi_rad": float(table[row, 3]),
            "speed_mps": 0.0,
            "front_m": front_m,
            "on_path": True,
            "milestones": 0,
            "trip_cause": 0,
        }
        reading_now = VehicleReading(**(values | reading))
        return self._done(self.agent.on_wake(self.now, reading_now))

    def _done(self, effects: Iterable[Effect]) -> list[Effect]:
        out = list(effects)
        assert not uncatalogued(out)
        self.disk = after_commit(self.disk, out)
        self.said += out
        return out

    # --- chapters ---

    def at_berth(self) -> "Truck":
        """Standing at the departure berth, connected to the supervisor."""
        self.hear("supervisor", Hello(wire=1))
        self.wake(the_map().berths[START].stop_offset_m)
        return self

    def with_mission(self, **changes: Any) -> "Truck":
        self.at_berth()
        self.hear("supervisor", an_order(**changes))
        self.hear("supervisor", ClearanceNotice(crossing_id="KZ-1", releases=both_releases()))
        return self

    def at_gate(self) -> "Truck":
        """Standing at kz_out's stop line with authority to well beyond it; the gate was asked."""
        self.with_mission()
        self.hear("supervisor", an_authority_to(gate_m("kz_out") + 40.0))
        self.wake(gate_m("kz_out"), milestones=MILE_REACHED)
        return self

    def answered(self, nonce: bytes = b"n" * 16) -> "Truck":
        """The gate's challenge is answered."""
        self.at_gate()
        self.hear("kz_out", Challenge(gate_id="kz_out", nonce=nonce, attempt=1))
        return self

    def permitted(self) -> "Truck":
        self.answered()
        self.grant(a_permit(b"n" * 16))
        return self

    def grant(self, permit: Permit, *, by: str = "kz_out", attempt: int = 1) -> list[Effect]:
        granted = PermitGranted(permit=signed(permit, by), attempt=attempt)
        return self.hear("kz_out", granted)
