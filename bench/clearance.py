"""Declarations a minute: from their bytes to the faults, and through both offices to a channel.

The bar is 10,000 a minute on one core. `read` is what any office does before it thinks: the
terminal's signature, the parse rules, every fault. `decide` is the whole of it, by the agents
themselves, by both installed rule books: taken in at one side, passed on, assessed at both, decided
and signed. Not here: officers and agencies, who take minutes and not microseconds.
"""

import random
from collections.abc import Sequence
from typing import Any, Final

from bench.measure import print_table, repeat
from contract.agent import NS_PER_S, Boot, Effect, Now, Received, Refused, Report, Role, Send
from contract.events import Event
from contract.signing import open_document, seal_document
from contract.v1.customs_pb2 import Declaration, DeclarationSubmitted
from contract.wire import parse
from gate.cli.declaration_json import read_json
from gate.cli.declaration_template import template
from gate.office.declaration import faults
from gate.office.orders import OfficeReading
from sim.build import OFFICES, TERMINALS, Builder, cast
from sim.load_arrivals import Arrivals
from sim.run import complete, load_map
from sim.scenario import load
from sim.terminal_papers import Flow, Papers

COUNT: Final = 1_000
BAR_PER_MINUTE: Final = 10_000
BOOKS: Final = ("office.KZ.book='kz'", "office.CN.book='cn'")  # as installed
HS_CODES: Final = ("1512", "1206", "1001", "0202")
UTC_NS: Final = 1_800_000_000 * NS_PER_S
BOOT: Final = Boot(bytes(16), 1, bytes(32), bytes(16))


def now(at_s: float) -> Now:
    at_ns = round(at_s * NS_PER_S)
    return Now(at_ns, UTC_NS + at_ns, 0)


class Clearance:
    """Two offices without a network between them, and declarations for them."""

    def __init__(self) -> None:
        scenario = load("smoke", list(BOOKS))
        corridor = load_map(scenario.corridor.map)
        complete(scenario, corridor)
        self.cast = cast(scenario, corridor, 1)
        self.builder = Builder(scenario, corridor, self.cast)
        self.declarations = self._declarations()
        signer = self.cast.signers[TERMINALS["KZ"]]
        self.documents = [seal_document(signer, each) for each in self.declarations]

    def _declarations(self) -> list[Declaration]:
        papers = Papers("KZ", self.cast.roster, random.Random(1))  # noqa: S311 - not for secrets
        flows = [
            Flow(
                *("goods", code, 20.0, 0.0, 1.0),
                Arrivals(0.0),
                aeo=0.5,
                container=0.5,
                transit=0.2,
                batch=3,
            )
            for code in HS_CODES
        ]
        return [
            papers.loaded(
                self.cast.vehicles[0],
                f"KZ-{number:05d}",
                flows[number % len(flows)],
                payload_kg=20_000,
                utc_ms=now(0.0).utc_ms,
            )
            for number in range(COUNT)
        ]

    def read(self) -> None:
        """Signature, parse rules and faults of every declaration."""
        keys = self.cast.roster.keys_of(Role.TERMINAL)
        for document in self.documents:
            declaration = open_document(document, Declaration, keys)
            assert not isinstance(declaration, Refused), declaration
            assert not faults(declaration)

    def decide(self) -> None:
        """Every declaration through both offices, as far as its channel and first decision."""
        offices = {name: self.builder.office(country).agent for country, name in OFFICES.items()}
        for agent in offices.values():
            agent.on_start(now(0.0), BOOT, {})
        terminal = TERMINALS["KZ"]
        for document in self.documents:
            filed = Received(
                terminal, Role.TERMINAL, DeclarationSubmitted(declaration=document), 0, b""
            )
            for sent in _sent(offices[OFFICES["KZ"]].on_message(now(0.0), filed)):
                passed_on = Received(OFFICES["KZ"], Role.OFFICE, sent.message, 0, b"")
                offices[OFFICES["CN"]].on_message(now(0.0), passed_on)
        chosen = 0
        for agent in offices.values():
            effects = agent.on_wake(now(60.0), OfficeReading())
            chosen += sum(
                isinstance(e, Report) and e.event is Event.CHANNEL_CHOSEN for e in effects
            )
        assert chosen == 2 * COUNT, f"{chosen} channels for {COUNT} declarations"


def _sent(effects: Sequence[Effect]) -> list[Send]:
    """What goes to the other office."""
    return [
        each
        for each in effects
        if isinstance(each, Send) and isinstance(each.message, DeclarationSubmitted)
    ]


def run(options: Any) -> None:
    """Measure and print."""
    del options
    clearance = Clearance()
    payloads = [document.payload for document in clearance.documents]
    text = template("loaded").encode()
    works = {
        "faults of a message": lambda: [faults(each) for each in clearance.declarations],
        "parse rules": lambda: [parse(Declaration, each) for each in payloads],
        "signature, parse rules, faults": clearance.read,
        "JSON by hand, and its faults": lambda: [
            read_json(text).all_faults() for _ in range(COUNT)
        ],
        "both offices, to channel and decision": clearance.decide,
    }
    rows = []
    for name, work in works.items():
        work()
        each_s = repeat(work).median_s / COUNT
        a_minute = 60.0 / each_s
        rows.append(
            [name, f"{1e6 * each_s:.0f} us", f"{a_minute:,.0f}", f"{a_minute / BAR_PER_MINUTE:.1f}"]
        )
    print_table(
        f"declarations on one core; the bar is {BAR_PER_MINUTE:,} a minute",
        ("", "each", "a minute", "of the bar"),
        rows,
    )
