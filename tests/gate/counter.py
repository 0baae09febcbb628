"""One side's agencies' counter with its disk, as the tests of the counter drive it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message

from contract.agent import Effect, Now
from contract.v1.customs_pb2 import (
    AGENCY_PHYTOSANITARY,
    CERTIFICATE_KIND_PHYTOSANITARY,
    Certificate,
    Declaration,
    Endorsement,
    EndorsementNotice,
    EndorsementRequest,
    GoodsLine,
)
from contract.v1.document_pb2 import Document
from gate.office.agency import CounterAgent, CounterConfig
from gate.office.agency_rules import AgencyBook
from gate.office.endorsements import open_endorsement
from gate.office.orders import DeskOutcome, OfficeReading, Ruling
from tests.factories import (
    HOUR_MS,
    START_UTC_MS,
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

CHECK_MS: Final = 10_000


def a_certificate(
    kind: int = CERTIFICATE_KIND_PHYTOSANITARY,
    *,
    since_h: float = -1.0,
    until_h: float = 48.0,
    **changes: Any,
) -> Certificate:
    """Valid from one hour ago for two days, by hours from the start of the test."""
    values: dict[str, Any] = {
        "kind": kind,
        "number": "C-1",
        "issuer_country": "KZ",
        "valid_from_utc_ms": START_UTC_MS + round(since_h * HOUR_MS),
        "valid_until_utc_ms": START_UTC_MS + round(until_h * HOUR_MS),
    }
    return Certificate(**(values | changes))


def of_seed(**changes: Any) -> Declaration:
    """A load of sunflower seed with a valid certificate."""
    line = GoodsLine(hs_code="1206", description="seed", net_mass_kg=20_000, packages=1)
    values: dict[str, Any] = {"goods": [line], "certificates": [a_certificate()]}
    return a_declaration(**(values | changes))


def a_request(
    declaration: Declaration | None = None,
    *,
    by: str = "terminal-kz",
    agencies: Iterable[Any] = (AGENCY_PHYTOSANITARY,),
) -> EndorsementRequest:
    paper = signed(of_seed() if declaration is None else declaration, by)
    return EndorsementRequest(declaration=paper, agencies=agencies)


@dataclass
class Counter:
    """One counter, with whatever its journal keeps over a restart."""

    country: str = "KZ"
    book: AgencyBook = field(default_factory=AgencyBook)
    at_ms: float = 0.0
    boots: int = 0
    disk: dict[str, bytes] = field(default_factory=dict)
    said: list[Effect] = field(default_factory=list)
    agent: CounterAgent = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    @property
    def name(self) -> str:
        return f"agencies-{self.country.lower()}"

    @property
    def office(self) -> str:
        return f"office-{self.country.lower()}"

    @property
    def now(self) -> Now:
        return a_now(self.at_ms)

    def start(self) -> list[Effect]:
        self.boots += 1
        config = CounterConfig(
            name=self.name,
            country=self.country,
            supervisor="supervisor",
            office=self.office,
            check_ms=CHECK_MS,
            book=self.book,
        )
        self.agent = CounterAgent(config, a_signer(self.name), a_roster())
        boot = a_boot(self.name, self.boots)
        return self._done(self.agent.on_start(self.now, boot, dict(self.disk)))

    def hear(self, message: Message, *, sender: str = "") -> list[Effect]:
        heard = received(sender or self.office, message)
        return self._done(self.agent.on_message(self.now, heard))

    def wake(self, *outcomes: DeskOutcome, later_ms: float = 100.0) -> list[Effect]:
        self.at_ms += later_ms
        return self._done(self.agent.on_wake(self.now, OfficeReading(outcomes)))

    def asked(self, declaration: Declaration | None = None, **how: Any) -> list[Effect]:
        """A request, and the rules' answer to it."""
        self.hear(a_request(declaration, **how))
        return self.wake(later_ms=CHECK_MS)

    def person(self, paper: str, ruling: Ruling) -> list[Effect]:
        return self.wake(DeskOutcome(paper, ruling, "vet-3"))

    def _done(self, effects: Iterable[Effect]) -> list[Effect]:
        out = list(effects)
        assert not uncatalogued(out)
        self.disk = after_commit(self.disk, out)
        self.said += out
        return out


def papers(effects: Iterable[Effect]) -> list[Document]:
    """Endorsements on their way to an office."""
    return [notice.endorsement for notice in sends(effects, EndorsementNotice)]


def given(effects: Iterable[Effect], country: str = "KZ") -> list[Endorsement]:
    """What the office of this side makes of them: genuine ones only."""
    opened = [open_endorsement(each, a_roster(), country) for each in papers(effects)]
    return [each for each in opened if isinstance(each, Endorsement)]
