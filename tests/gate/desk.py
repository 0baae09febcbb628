"""A rig for one office's agent: terminals, stations and desks by hand, its journal kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from google.protobuf.message import Message

from contract.agent import Effect, Now
from contract.signing import open_document
from contract.v1.customs_pb2 import (
    SCAN_VERDICT_CLEAR,
    DecisionNotice,
    Declaration,
    DeclarationSubmitted,
    Release,
    ScanRecord,
    StationResult,
)
from gate.office.agent import OfficeAgent, OfficeConfig
from gate.office.orders import DeskOutcome, OfficeReading, Ruling
from gate.office.places import Places
from gate.office.rulebook import RuleBook
from gate.office.rules import Rules, Shares
from tests.factories import (
    HOUR_MS,
    a_boot,
    a_declaration,
    a_now,
    a_roster,
    a_signer,
    after_commit,
    received,
    sends,
    signed,
    uncatalogued,
)

ASSESS_MS: Final = 1_000
GREEN: Final = Shares(1.0, 0.0, 0.0)
YELLOW: Final = Shares(0.0, 1.0, 0.0)
RED: Final = Shares(0.0, 0.0, 1.0)
BAYS: Final = {"E": ("kz_bay_e1",), "W": ("cn_bay_w1",)}
STATIONS: Final = {"E": {"kz_weigh_e": ("weighbridge", "portal"), "kz_xray_e": ("xray",)}}
GATES: Final = ("kz_out", "cn_in", "cn_out", "kz_in")
DecisionT = TypeVar("DecisionT", bound=Message)


@dataclass
class Office:
    """One office under rules that put every crossing into one channel."""

    shares: Shares = GREEN
    country: str = "KZ"
    at_ms: float = 0.0
    boots: int = 0
    book: RuleBook = field(default_factory=RuleBook)
    seed: bytes = b"a committed seed"
    disk: dict[str, bytes] = field(default_factory=dict)
    said: list[Effect] = field(default_factory=list)
    agent: OfficeAgent = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    @property
    def name(self) -> str:
        return f"office-{self.country.lower()}"

    @property
    def other(self) -> str:
        return "office-cn" if self.country == "KZ" else "office-kz"

    @property
    def now(self) -> Now:
        return a_now(self.at_ms)

    def start(self) -> list[Effect]:
        self.boots += 1
        valid_ms = 12 * HOUR_MS
        rules = Rules(self.shares, GREEN, self.seed, ASSESS_MS, valid_ms, self.book, self.country)
        config = OfficeConfig(
            self.name,
            self.country,
            "supervisor",
            self.other,
            GATES,
            Places(BAYS, STATIONS),
            rules,
            f"agencies-{self.country.lower()}",
        )
        keys = a_signer(self.name), a_signer(f"release/{self.country}")
        self.agent = OfficeAgent(config, *keys, a_roster())
        boot = a_boot(self.name, self.boots)
        return self._done(self.agent.on_start(self.now, boot, dict(self.disk)))

    def hear(self, sender: str, message: Message) -> list[Effect]:
        return self._done(self.agent.on_message(self.now, received(sender, message)))

    def wake(self, *outcomes: DeskOutcome, later_ms: float = 100.0) -> list[Effect]:
        self.at_ms += later_ms
        return self._done(self.agent.on_wake(self.now, OfficeReading(outcomes)))

    def _done(self, effects: Iterable[Effect]) -> list[Effect]:
        out = list(effects)
        assert not uncatalogued(out)
        self.disk = after_commit(self.disk, out)
        self.said += out
        return out

    # --- what is brought to it ---

    def declare(
        self, declaration: Declaration | None = None, *, by: str = "terminal-kz", **changes: Any
    ) -> list[Effect]:
        paper = a_declaration(**changes) if declaration is None else declaration
        return self.hear(by, DeclarationSubmitted(declaration=signed(paper, by)))

    def assessed(self, **changes: Any) -> "Office":
        """A declaration taken in and assessed."""
        self.declare(**changes)
        self.wake(later_ms=ASSESS_MS)
        return self

    def rules(self, ruling: Ruling, *, crossing: str = "KZ-1") -> list[Effect]:
        return self.wake(DeskOutcome(crossing, ruling, "officer-7"))

    def scanned(self, station: str, *, by: str = "kz_out", **changes: Any) -> list[Effect]:
        values: dict[str, Any] = {
            "record_id": f"{station}/KZ-1/0",
            "station_id": station,
            "crossing_id": "KZ-1",
            "vehicle_id": "truck-01",
            "verdict": SCAN_VERDICT_CLEAR,
        }
        record = ScanRecord(**(values | changes))
        return self.hear("kz_out", StationResult(record=signed(record, by)))


def decided(effects: Iterable[Effect], kind: type[DecisionT], to: str = "") -> list[DecisionT]:
    """Decisions of this kind that were published, signed by either office's release key."""
    keys = {s.key_id: s.public_key for s in map(a_signer, ("release/KZ", "release/CN"))}
    notices = sends(effects, DecisionNotice, to=to)
    opened = [open_document(each.decision, kind, keys) for each in notices]
    return [each for each in opened if isinstance(each, kind)]


def releases(effects: Iterable[Effect]) -> list[Release]:
    return decided(effects, Release, to="supervisor")
