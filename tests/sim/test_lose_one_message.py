"""Lose exactly one message, whichever it is: the mission ends within one retry period more, with
the same ledger.
"""

from typing import Final

import pytest

from contract.limits import PILOT_PERIOD_MS, RETRY_MS
from tests.sim.losses import Baseline, baseline, lose_each

# Beside the one retry, which comes after 500 ms exactly: a truck's body looks at its orders, and
# its programs at the body, every pilot period. Where the baseline just caught a period, jitter
# drawn anew (10 ms a hop) makes a hand-over miss it. The worst case, one truck whose declaration is
# lost from office to office, is 4 ms late with the office and 16 ms with the truck, and then slips
# a period each at wheels, weighbridge and both gates: 550, 600, 650, 700 ms, and 707 when the
# supervisor hears of it. The slip at the weighbridge is the simulator's: a station sees who stands
# only when an event ends a stretch of physics (`Roadside.settle`), here a period late. Were it
# called every step, this case would take 657 ms, the worst of three trucks 549: four periods.
ALLOWANCE_MS: Final = 6 * PILOT_PERIOD_MS
CHUNKS: Final = {1: 4, 3: 12}


@pytest.fixture(scope="module")
def baselines() -> dict[int, Baseline]:
    return {trucks: baseline(trucks) for trucks in CHUNKS}


@pytest.mark.parametrize(
    ("trucks", "chunk"), [(trucks, k) for trucks in CHUNKS for k in range(CHUNKS[trucks])]
)
def test_a_mission_that_loses_any_one_message_ends_within_one_retry_with_the_same_ledger(
    baselines: dict[int, Baseline], trucks: int, chunk: int
) -> None:
    """NET-001: every message of the mission, HELLO, acknowledgement and heartbeat included."""
    before = baselines[trucks]
    numbers = range(1 + chunk, len(before.words) + 1, CHUNKS[trucks])

    endings = lose_each(trucks, numbers, before)

    assert sorted(endings) == list(numbers)
    late = {
        number: f"{ending.lost}: {1000.0 * (ending.finished_s - before.ending.finished_s):.0f} ms"
        for number, ending in endings.items()
        if ending.finished_s - before.ending.finished_s > (RETRY_MS + ALLOWANCE_MS) / 1000.0
    }
    assert late == {}
    assert {n: e.broken for n, e in endings.items() if e.broken} == {}
    assert [n for n, e in endings.items() if e.ledger != before.ending.ledger] == []


@pytest.mark.parametrize("trucks", CHUNKS)
def test_the_mission_that_loses_nothing_hands_over_every_crossing(
    baselines: dict[int, Baseline], trucks: int
) -> None:
    """Every crossing is sealed, exited, entered and handed over: the ledger that is compared says
    so.
    """
    steps = {
        crossing: [step for step, _, _, _ in links]
        for crossing, links in baselines[trucks].ending.ledger.items()
    }
    assert steps == {f"KZ-{n:05d}": [1, 2, 3, 4] for n in range(1, trucks + 1)}
    assert baselines[trucks].ending.broken == ""
