"""Lose exactly one message, whichever it is: the mission ends within one retry period more, with
the same ledger.
"""

from typing import Final

import pytest

from contract.limits import PILOT_PERIOD_MS, RETRY_MS
from tests.sim.losses import baseline, campaign

# Beside the one retry, which comes after 500 ms exactly: a truck's body looks at its orders, and
# its programs at the body, every pilot period. Where the baseline just caught a period, jitter
# drawn anew (10 ms a hop) makes a hand-over miss it: at the wheels, at the weighbridge and at both
# gates, four of them on the way.
ALLOWANCE_MS: Final = 6 * PILOT_PERIOD_MS
CHUNKS: Final = {1: 32, 3: 64}
SOAKED_FROM: Final = 1  # `make test` loses the messages of so many chunks, `make soak` the rest


@pytest.mark.timeout(600)  # it forks hundreds of runs
@pytest.mark.parametrize(
    ("trucks", "chunk"),
    [
        pytest.param(trucks, chunk, marks=[pytest.mark.soak] if chunk >= SOAKED_FROM else [])
        for trucks, chunks in CHUNKS.items()
        for chunk in range(chunks)
    ],
)
def test_a_mission_that_loses_any_one_message_ends_within_one_retry_with_the_same_ledger(
    trucks: int, chunk: int
) -> None:
    """NET-001: every message of the mission, HELLO, acknowledgement and heartbeat included."""
    found = campaign(trucks, 1 + chunk, CHUNKS[trucks])

    assert sorted(found.endings) == [*range(1 + chunk, found.messages + 1, CHUNKS[trucks])]
    late = {
        number: f"{ending.lost}: {1000.0 * (ending.finished_s - found.before.finished_s):.0f} ms"
        for number, ending in found.endings.items()
        if ending.finished_s - found.before.finished_s > (RETRY_MS + ALLOWANCE_MS) / 1000.0
    }
    assert late == {}
    assert {n: e.broken for n, e in found.endings.items() if e.broken} == {}
    assert [n for n, e in found.endings.items() if e.ledger != found.before.ledger] == []


@pytest.mark.parametrize("trucks", CHUNKS)
def test_the_mission_that_loses_nothing_hands_over_every_crossing(trucks: int) -> None:
    """Every crossing is sealed, exited, entered and handed over: the ledger that is compared says
    so.
    """
    ending = baseline(trucks).ending
    steps = {
        crossing: [step for step, _, _, _ in links] for crossing, links in ending.ledger.items()
    }
    assert steps == {f"KZ-{n:05d}": [1, 2, 3, 4] for n in range(1, trucks + 1)}
    assert ending.broken == ""
