"""No truck leaves its berth without a valid test of the brakes of tractor and trailer."""

from typing import Any

import pytest

from contract.events import Event
from corridor.roadworthy import AGE_MS_MAX
from tests.corridor.control import Control
from tests.factories import reports

HOUR_MS = 3_600_000


def leaves(control: Control) -> bool:
    """Whether truck-01 has road out of its berth."""
    yard = control.route().zone_spans[1][0]
    return yard in control.agent.state.zones.held_by("truck-01")


def cleared(control: Control, **report: Any) -> Control:
    """Truck-01 is released and has its mission; the terminal says this of it."""
    control.accounted()
    control.notice()
    control.release("KZ")
    control.release("CN")
    control.loaded(**report)
    control.accept()
    return control


def reason(control: Control) -> str:
    return control.agent.state.waits["truck-01"].reason.name


@pytest.mark.parametrize(
    ("ago_ms", "good"),
    [(0, True), (AGE_MS_MAX - 2, True), (AGE_MS_MAX, False), (-HOUR_MS, False)],
)
def test_test_is_good_for_a_day_and_not_before_it_was_made(ago_ms: int, good: bool) -> None:
    """SUP-031: the clock may be 1 ms later than it says."""
    control = Control()
    record = control.tested("truck-01", "T-truck-01", ago_ms=ago_ms)
    cleared(control, roadworthiness=record)
    assert leaves(control) == good
    if not good:
        assert reason(control) == "ROADWORTHINESS_MISSING"
        control.loaded()
        assert leaves(control)


@pytest.mark.parametrize(
    ("vehicle", "trailer", "by"),
    [
        ("truck-02", "T-truck-01", "terminal-kz"),
        ("truck-01", "T-other", "terminal-kz"),
        ("truck-01", "T-truck-01", "supervisor"),
        ("truck-01", "T-truck-01", "truck-01"),
    ],
)
def test_test_of_another_pair_or_by_nobody_who_may_is_none(
    vehicle: str, trailer: str, by: str
) -> None:
    """SUP-031."""
    control = Control()
    cleared(control, roadworthiness=control.tested(vehicle, trailer, by=by))
    assert not leaves(control)
    refused = reports(control.said, Event.ROADWORTHINESS_REFUSED)
    assert bool(refused) == (trailer != "T-other")


def test_truck_without_any_test_stays() -> None:
    """SUP-031."""
    control = cleared(Control(), roadworthiness=None)
    assert not leaves(control)
    assert reason(control) == "ROADWORTHINESS_MISSING"


@pytest.mark.parametrize("restart", [False, True])
def test_another_trailer_voids_the_test(restart: bool) -> None:
    """SUP-031: until the new pair has been tested."""
    control = Control()
    control.loaded(ready=False)
    if restart:
        control.start()
    cleared(control, trailer_id="T-other", roadworthiness=None)
    assert not leaves(control)
    control.loaded(trailer_id="T-other", roadworthiness=control.tested("truck-01", "T-other"))
    assert leaves(control)


def test_test_outlives_a_restart_of_the_supervisor() -> None:
    """SUP-031."""
    control = Control()
    control.loaded(ready=False)
    control.start()
    cleared(control, roadworthiness=None)
    assert leaves(control)


def test_truck_that_has_left_its_berth_goes_on_when_its_test_grows_old() -> None:
    """SUP-031."""
    control = Control()
    record = control.tested("truck-01", "T-truck-01", ago_ms=AGE_MS_MAX - 60_000)
    cleared(control, roadworthiness=record)
    assert leaves(control)
    before_m = control.end_m()
    control.at_ms += HOUR_MS
    control.scanned("kz_weigh_e")
    control.drives_to(10_000.0)
    assert control.end_m() > before_m
