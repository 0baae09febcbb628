"""A rig for one gate's agent: its cabinet by hand, its journal kept, everything it did in order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message

from contract.agent import Effect, Now
from contract.events import Event
from contract.sites import exit_detector, sites
from contract.v1.document_pb2 import Document
from contract.v1.gate_pb2 import Challenge, PassageRequest, PermitRequest
from contract.v1.movement_pb2 import OPERATOR_VERB_RESUME, OperatorCommand
from gate.agent import GateAgent, GateConfig
from gate.orders import Barrier, Detector, GateReading
from tests.factories import (
    a_boot,
    a_now,
    a_roster,
    a_signer,
    after_commit,
    both_releases,
    received,
    reports,
    sends,
    the_map,
    uncatalogued,
)

GATE: Final = "kz_out"
OFFICES: Final = ("office-kz", "office-cn")
EXIT: Final = exit_detector(the_map(), the_map().gates[GATE])


@dataclass
class Cabinet:
    """kz_out with its cabinet. `cell` is what wake() reads; a test changes what it is about."""

    at_ms: float = 0.0
    error_ms: float = 1.0
    boots: int = 0
    count: int = 7
    slots: bool = False
    cell: dict[str, Any] = field(default_factory=dict)
    disk: dict[str, bytes] = field(default_factory=dict)
    said: list[Effect] = field(default_factory=list)
    agent: GateAgent = field(init=False)

    def __post_init__(self) -> None:
        self.cell = {
            "barrier": Barrier.CLOSED,
            "loop_occupied": False,
            "plate": "",
            "seals": (),
            "cell_vehicles": 0,
        }
        self.start()

    @property
    def now(self) -> Now:
        return a_now(self.at_ms, error_ms=self.error_ms)

    def start(self) -> list[Effect]:
        """Boot: only the journal is left."""
        self.boots += 1
        stations = sites(the_map())[GATE].stations
        config = GateConfig(GATE, "supervisor", OFFICES, stations, slots=self.slots)
        self.agent = GateAgent(config, a_signer(GATE), a_roster(), the_map())
        return self._done(self.agent.on_start(self.now, a_boot(GATE, self.boots), dict(self.disk)))

    def hear(self, sender: str, message: Message) -> list[Effect]:
        return self._done(self.agent.on_message(self.now, received(sender, message)))

    def wake(self, *, later_ms: float = 100.0, **changes: Any) -> list[Effect]:
        """The cabinet's word after these changes, which stay."""
        self.at_ms += later_ms
        kept = self.cell.keys()
        once = {key: value for key, value in changes.items() if key not in kept}
        self.cell |= {key: value for key, value in changes.items() if key in kept}
        once.setdefault("detectors", {EXIT: Detector(self.count, occupied=False)})
        reading = GateReading(**self.cell, **once)
        return self._done(self.agent.on_wake(self.now, reading))

    def _done(self, effects: Iterable[Effect]) -> list[Effect]:
        out = list(effects)
        assert not uncatalogued(out)
        self.disk = after_commit(self.disk, out)
        self.said += out
        return out

    # --- chapters of a passage ---

    def idle(self) -> "Cabinet":
        """Presence is known, the arm is down, nobody is there."""
        self.wake()
        return self

    def arrived(self) -> "Cabinet":
        """Truck-01 stands at the stop line, alone."""
        self.idle()
        self.wake(plate="truck-01", seals=("S-1",), cell_vehicles=1)
        return self

    def ask(self, truck: str = "truck-01", **changes: Any) -> list[Effect]:
        values = {"gate_id": GATE, "crossing_id": "KZ-1", "vehicle_id": truck, "attempt": 1}
        return self.hear(truck, PassageRequest(**(values | changes)))

    def challenged(self) -> "Cabinet":
        self.arrived()
        self.ask()
        return self

    @property
    def nonce(self) -> bytes:
        return sends(self.said, Challenge)[-1].nonce

    def answer(self, truck: str = "truck-01", **changes: Any) -> list[Effect]:
        """The truck's answer to the newest challenge."""
        values: dict[str, Any] = {
            "gate_id": GATE,
            "nonce": self.nonce,
            "crossing_id": "KZ-1",
            "vehicle_id": truck,
            "releases": both_releases(),
            "attempt": 1,
        }
        return self.hear(truck, PermitRequest(**(values | changes)))

    def consumed(self) -> "Cabinet":
        """The permit is written down, the arm was told to rise."""
        self.challenged()
        self.answer()
        return self

    def rising(self) -> "Cabinet":
        self.consumed()
        self.wake(barrier=Barrier.MOVING)
        return self

    def open(self) -> "Cabinet":
        self.rising()
        self.wake(barrier=Barrier.OPEN)
        return self

    def under_arm(self) -> "Cabinet":
        self.open()
        self.wake(loop_occupied=True, plate="", seals=())
        return self

    def clearing(self) -> "Cabinet":
        """The rear is past the arm, which falls; the truck is still in the cell."""
        self.under_arm()
        self.wake(loop_occupied=False)
        self.wake(barrier=Barrier.MOVING)
        return self

    def closed_behind(self) -> "Cabinet":
        self.clearing()
        self.wake(barrier=Barrier.CLOSED)
        return self

    @property
    def hold_id(self) -> str:
        """The newest hold that was said."""
        return str(reports(self.said, Event.GATE_HELD)[-1]["hold"])

    def order(self, **changes: Any) -> list[Effect]:
        """An operator has looked, and clears the hold."""
        values: dict[str, Any] = {"verb": OPERATOR_VERB_RESUME, "target": GATE}
        values |= {"stop_id": changes.pop("hold_id", None) or self.hold_id}
        return self.hear("control-room", OperatorCommand(**(values | changes)))

    def leave_cell(self) -> list[Effect]:
        self.count += 1
        return self.wake(cell_vehicles=0)

    def passed(self) -> "Cabinet":
        self.closed_behind()
        self.leave_cell()
        return self


def releases(**changes: Any) -> list[Document]:
    """Both releases with the same changes to each."""
    return both_releases(**changes)
