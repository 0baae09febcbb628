"""Planted defects of the interlocking: the roads of test_interlocking_roads.py find them all."""

from typing import Any, Final

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

from contract.errors import InvariantBroken
from corridor.interlocking import Claim, Interlocking
from tests.corridor.test_interlocking_roads import Roads


def _frees_whoever_is_ahead(table: Interlocking, zone: str, vehicle: str) -> bool:
    row = table.zones.get(zone)
    if row is not None:
        row.holders = []
        table.changed[zone] = None
    return True


def _gives_back_in_secret(table: Interlocking, zone: str, vehicle: str) -> None:
    row = table.zones[zone]
    if any(hold.entered for hold in row.holders if hold.vehicle == vehicle):
        raise InvariantBroken("inside")
    row.holders = [each for each in row.holders if each.vehicle != vehicle]


def _gives_back_what_is_entered(table: Interlocking, zone: str, vehicle: str) -> None:
    row = table.zones[zone]
    row.holders = [each for each in row.holders if each.vehicle != vehicle]
    table.changed[zone] = None


def _gives_nothing_back(table: Interlocking, zone: str, vehicle: str) -> None:
    table.changed[zone] = None


def _weighs_nobody(table: Interlocking, zone: str, *told: Any) -> None:
    return None


def _counts_for_all(table: Interlocking, zone: str, direction: str) -> str | None:
    """Whoever is counted out takes the others with him."""
    _frees_whoever_is_ahead(table, zone, "")
    return None


def _lets_everybody_in(table: Interlocking, zone: str, claim: Claim) -> None:
    return None


def _never_hears(table: Interlocking, zone: str, vehicle: str) -> bool:
    return False


DEFECTS: Final = {
    "frees others with whoever has left": ("reported", _frees_whoever_is_ahead),
    "gives back what was not written down": ("surrender", _gives_back_in_secret),
    "gives back what is entered": ("surrender", _gives_back_what_is_entered),
    "keeps what was given back": ("surrender", _gives_nothing_back),
    "knows no limits": ("_limits", _weighs_nobody),
    "frees a zone by one count": ("counted", _counts_for_all),
    "gives a zone to anybody": ("judge", _lets_everybody_in),
    "never frees": ("reported", _never_hears),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_planted_defect_of_the_interlocking_is_found(
    defect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not shrunk: that it is found is enough."""
    name, planted = DEFECTS[defect]
    monkeypatch.setattr(Interlocking, name, planted)
    settings = hypothesis.settings(
        max_examples=80,
        stateful_step_count=50,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.generate],
        report_multiple_bugs=False,
        print_blob=False,
    )
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        run_state_machine_as_test(Roads, settings=settings)
