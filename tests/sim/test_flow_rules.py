"""Channels of each flow: offices draw by goods what the scenario says, and an audit repeats it."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pytest

from contract.events import Event
from contract.v1.customs_pb2 import GoodsLine
from contract.v1.document_pb2 import (
    CHANNEL_GREEN,
    CHANNEL_RED,
    CHANNEL_YELLOW,
    DIRECTION_EAST,
    DIRECTION_WEST,
)
from gate.office.rulebook import read_book
from gate.office.rules import Rules, Shares, assess, commitment_of
from sim.books import office_book
from sim.flow_rules import office_shares, rules_of
from sim.scenario import OfficeSection
from sim.scenario_flow import FlowSection
from tests.factories import a_declaration
from tests.sim.commands import command, settings
from tests.sim.runs import Log, a_run, broken

LOADS: Final = 3_000
CHANNELS: Final = (CHANNEL_GREEN, CHANNEL_YELLOW, CHANNEL_RED)
MIXED: Final = (
    ("E", "1206", (1.0, 0.0, 0.0)),
    ("E", "0202", (0.5, 0.3, 0.2)),
    ("E", "02023000", (0.0, 1.0, 0.0)),
    ("W", "0202", (0.0, 0.0, 1.0)),
)


def some_flows(told: Sequence[tuple[str, str, tuple[float, ...]]] = MIXED) -> list[FlowSection]:
    trees: list[dict[str, Any]] = [
        {
            "direction": direction,
            "hs_code": code,
            "goods": "goods",
            "payload_t": 20.0,
            "channels": dict(zip(("green", "yellow", "red"), shares, strict=True)),
        }
        for direction, code, shares in told
    ]
    return msgspec.convert(trees, list[FlowSection])


def some_rules(flows: Sequence[FlowSection], seed: bytes) -> Rules:
    book = office_book(OfficeSection(), flows)
    return Rules(office_shares(flows), Shares(1.0, 0.0, 0.0), seed, 1_000, 1_000, book)


def shares_of(direction: str, code: str, flows: Sequence[FlowSection]) -> list[float]:
    """Share of each channel after combining both offices."""
    both = [some_rules(flows, seed) for seed in (b"one", b"two")]
    way = DIRECTION_EAST if direction == "E" else DIRECTION_WEST
    goods = [GoodsLine(hs_code=code, description="goods", net_mass_kg=20_000, packages=1)]
    found = []
    for number in range(LOADS):
        load = a_declaration(declaration_id=f"D-{number}", direction=way, goods=goods)
        found.append(max(assess(load, rules, 0).channel for rules in both))
    return [found.count(channel) / LOADS for channel in CHANNELS]


@pytest.mark.parametrize(("direction", "code", "shares"), MIXED)
def test_each_flow_has_its_own_shares(direction: str, code: str, shares: tuple[float, ...]) -> None:
    """OFF-004: whichever comes first, and though one code is the beginning of another."""
    for flows in (some_flows(), some_flows(MIXED[::-1])):
        assert shares_of(direction, code, flows) == pytest.approx(shares, abs=0.03)


def test_flows_that_are_the_same_need_no_rule() -> None:
    flows = some_flows([("E", "1206", (0.5, 0.3, 0.2)), ("W", "0202", (0.5, 0.3, 0.2))])
    assert rules_of(flows) == rules_of([]) == ""
    assert office_book(OfficeSection(book="kz"), flows) == office_book(OfficeSection(book="kz"))


def test_rules_come_after_those_of_the_book_and_are_committed_to() -> None:
    """OFF-005."""
    flows = some_flows()
    book = office_book(OfficeSection(book="kz"), flows)
    own = office_book(OfficeSection(book="kz")).rule
    assert book.rule[: len(own)] == own
    names = ["flow-E-02023000", "flow-E-0202", "flow-W-0202", "flow-E-1206"]
    assert [rule.id for rule in book.rule[len(own) :]] == names
    committed = commitment_of(some_rules(flows, b"one")).by_rule
    assert [each.rule_id for each in committed] == names
    assert committed[0].shares.yellow == 1.0


def test_empty_trucks_stay_green() -> None:
    flows = some_flows([("E", "1206", (0.0, 0.0, 1.0)), ("W", "1206", (0.0, 1.0, 0.0))])
    load = a_declaration(empty_running=True)
    assert assess(load, some_rules(flows, b"one"), 0).channel == CHANNEL_GREEN


def test_shares_of_a_rule_sum_to_one() -> None:
    rule = b"[[rule]]\nid = 'a'\nbecause = 'b'\nshares = { green = 0.5, yellow = 0.2, red = 0.2 }\n"
    with pytest.raises(Exception, match=r"shares sum to 0\.9, expected 1"):
        read_book(rule, "x.toml")


def test_run_draws_by_flow_and_every_draw_can_be_repeated() -> None:
    """OFF-005: one way everything is released at once, the other way officers look at all of it."""
    log = Log()
    finished = a_run(
        "smoke",
        "flow.0.channels={green=1.0, yellow=0.0, red=0.0}",
        "flow.1.channels={green=0.0, yellow=1.0, red=0.0}",
        "office.KZ.documents='constant:5s'",
        "office.CN.documents='constant:5s'",
        prepare=log.prepare,
    )
    assert broken(finished) == ""
    chosen = {(each["crossing"], each["channel"].lower()) for each in log.of(Event.CHANNEL_CHOSEN)}
    assert chosen == {("KZ-00001", "green"), ("CN-00001", "yellow")}


def test_flows_that_no_office_could_tell_apart_are_refused() -> None:
    flow = "direction='E', goods='x', hs_code='1206', payload_t=20.0"
    red = "channels={green=0.0, yellow=0.0, red=1.0}"
    said = command("sim", "run", "smoke", *settings(f"flow=[{{{flow}}}, {{{flow}, {red}}}]"))
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert "flow.1.channels: expected those of flow.0, which has the same direction" in said.err
