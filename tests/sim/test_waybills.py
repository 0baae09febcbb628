"""Whether the trucks of a batch went together, as it is told of a run."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from corridor.dispatch import Dispatch
from sim.waybills import told
from tests.sim.runs import a_run, violations


@dataclass
class Tale:
    """One crossing: when it was sent off, and when its exit permit was used."""

    crossing: str
    sent_s: float | None
    exit_s: float | None = None
    batch: str = "B-1"
    direction: str = "E"
    permit_s: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.exit_s is not None:
            self.permit_s = {"kz_out": self.exit_s, "cn_in": self.exit_s + 60.0}


TOGETHER = [Tale("1", 10.0, 100.0), Tale("2", 10.0, 130.0), Tale("3", 10.0, 190.0)]


def test_batch_is_as_long_as_from_its_first_exit_permit_to_its_last() -> None:
    """SUP-022."""
    assert told(TOGETHER) == {"batches": 1, "batch_spread_s": 90.0, "batch_interrupted": 0}
    other_way = Tale("4", 10.0, 900.0, direction="W")
    assert told([*TOGETHER, other_way])["batch_spread_s"] == 90.0
    assert told([Tale("1", 10.0, 100.0), Tale("2", 10.0)])["batches"] == 0
    assert told([]) == {"batches": 0, "batch_spread_s": 0.0, "batch_interrupted": 0}


@pytest.mark.parametrize(
    ("between", "interrupted"),
    [
        (Tale("4", 15.0, batch=""), 1),
        (Tale("4", 15.0, batch="B-2"), 1),
        (Tale("4", 15.0, batch="", direction="W"), 0),
        (Tale("4", None, batch=""), 0),  # to a bay, where each goes by itself
        (Tale("4", 25.0, batch=""), 0),
    ],
)
def test_who_is_sent_off_between_two_of_a_batch_interrupts_it(
    between: Tale, interrupted: int
) -> None:
    parted = [Tale("1", 10.0), Tale("2", 20.0), between]
    assert told(parted)["batch_interrupted"] == interrupted


def one_by_one(self: Dispatch, now: Any, direction: str, able: list[Any]) -> list[Any]:
    """A dispatcher that sends whoever is released, waybill or not."""
    return able


@pytest.mark.soak
def test_planted_dispatcher_that_parts_batches_fails_the_hard_day(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SUP-022: the expectations of the scenario see it."""
    monkeypatch.setattr(Dispatch, "_batches", one_by_one)
    finished = a_run("inspection_heavy", "fleet.batch_split=true")
    failed = {each["name"] for each in finished.result["expectations"] if not each["passed"]}
    assert failed & {"cases.batch_interrupted == 0", "cases.batch_spread_s <= 1800"}
    assert violations(finished) == {}
