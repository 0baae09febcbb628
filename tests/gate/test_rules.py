"""An office's rules: draws that anybody can check, shares that come out as they were meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.v1.document_pb2 import CHANNEL_GREEN, CHANNEL_RED, CHANNEL_YELLOW
from gate.office.rules import Rules, Shares, assess, draw, shares_of_one
from tests.factories import a_declaration

GREEN = Shares(1.0, 0.0, 0.0)


def some_rules(shares: Shares, seed: bytes = b"seed", empty: Shares = GREEN) -> Rules:
    return Rules(shares, empty, seed, 1_000, 1_000)


def test_draw_is_decided_by_the_committed_seed_and_the_paper_alone() -> None:
    """OFF-004: whoever is shown the seed afterwards can check every draw. The value is part of
    the contract and never changes.
    """
    assert draw("D-1", 1, b"seed") == draw("D-1", 1, b"seed") == pytest.approx(0.95100614598941)
    others = {draw("D-2", 1, b"seed"), draw("D-1", 2, b"seed"), draw("D-1", 1, b"other seed")}
    assert draw("D-1", 1, b"seed") not in others


@given(st.text(max_size=40), st.integers(0, 2**32 - 1), st.binary(max_size=100))
def test_draw_is_a_share(name: str, version: int, seed: bytes) -> None:
    assert 0.0 <= draw(name, version, seed) < 1.0


def test_channels_come_out_in_their_shares() -> None:
    shares = Shares(0.785, 0.205, 0.01)
    found = [
        assess(a_declaration(declaration_id=f"D-{n}"), some_rules(shares), 0).channel
        for n in range(4_000)
    ]
    assert found.count(CHANNEL_GREEN) / 4_000 == pytest.approx(0.785, abs=0.03)
    assert found.count(CHANNEL_YELLOW) / 4_000 == pytest.approx(0.205, abs=0.03)
    assert 0 < found.count(CHANNEL_RED) < 100


@pytest.mark.parametrize(
    ("shares", "channel", "rule"),
    [
        (Shares(1.0, 0.0, 0.0), CHANNEL_GREEN, "selection: green"),
        (Shares(0.0, 1.0, 0.0), CHANNEL_YELLOW, "selection: documents"),
        (Shares(0.0, 0.0, 1.0), CHANNEL_RED, "selection: inspection"),
    ],
)
def test_assessment_explains_itself(shares: Shares, channel: int, rule: str) -> None:
    found = assess(a_declaration(), some_rules(shares), 0)
    assert (found.channel, found.rules) == (channel, (rule,))


def test_empty_runs_have_shares_of_their_own() -> None:
    red = Shares(0.0, 0.0, 1.0)
    found = assess(a_declaration(empty_running=True), some_rules(red, empty=GREEN), 0)
    assert (found.channel, found.rules) == (CHANNEL_GREEN, ("empty running: green",))


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_two_offices_together_have_the_shares_that_were_asked_for(
    green: float, yellow: float
) -> None:
    """The stricter of two independent offices decides."""
    yellow = min(yellow, 1.0 - green)
    one = shares_of_one(green, yellow)
    assert one.green + one.yellow + one.red == pytest.approx(1.0)
    assert one.green**2 == pytest.approx(green, abs=1e-9)
    assert (one.green + one.yellow) ** 2 == pytest.approx(green + yellow, abs=1e-9)
    assert min(one.green, one.yellow, one.red) >= -1e-12
