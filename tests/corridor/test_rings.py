"""Rings of trucks that wait for each other: said once, when they last, with everybody in them."""

from contract.events import Event
from contract.reasons import Reason
from corridor.rings import LASTS_MS, LOOK_MS, Rings
from corridor.state import State
from tests.factories import a_now, a_roster, reports, the_map

STEPS = LASTS_MS // LOOK_MS


class Watch:
    """Waits by hand, looked at as time goes by."""

    def __init__(self) -> None:
        self.state = State("supervisor", the_map(), a_roster())
        self.rings = Rings(self.state)
        self.at_ms = 0.0

    def waits(self, vehicle: str, holder: str) -> None:
        reason = Reason.ZONE_OCCUPIED
        self.state.wait(a_now(self.at_ms), vehicle, reason, resource="zone", holder=holder)

    def pass_time(self, looks: int) -> list[str]:
        """Rings that are said meanwhile."""
        self.state.out.clear()
        for _ in range(looks):
            self.at_ms += LOOK_MS
            self.rings.look(a_now(self.at_ms))
        return [each["cycle"] for each in reports(self.state.out, Event.DEADLOCK_FOUND)]


def a_ring() -> Watch:
    watch = Watch()
    for vehicle, holder in (("b", "c"), ("c", "a"), ("a", "b"), ("d", "a")):
        watch.waits(vehicle, holder)
    return watch


def test_ring_that_lasts_is_named_once_with_everybody_in_it() -> None:
    watch = a_ring()
    assert watch.pass_time(STEPS) == []
    assert watch.pass_time(1) == ["a -> b -> c -> a"]
    assert watch.pass_time(3 * STEPS) == []


def test_ring_that_dissolves_in_time_is_not_said() -> None:
    watch = a_ring()
    watch.pass_time(STEPS)
    watch.state.goes_on(a_now(watch.at_ms), "b")
    assert watch.pass_time(3 * STEPS) == []


def test_ring_that_comes_back_is_said_again() -> None:
    watch = a_ring()
    assert watch.pass_time(STEPS + 1)
    watch.state.goes_on(a_now(watch.at_ms), "b")
    assert watch.pass_time(1) == []
    watch.waits("b", "c")
    assert watch.pass_time(STEPS) == []
    assert watch.pass_time(1) == ["a -> b -> c -> a"]


def test_trucks_that_wait_in_a_line_are_no_ring() -> None:
    watch = Watch()
    for vehicle, holder in (("a", "b"), ("b", "c"), ("c", "office KZ"), ("d", "d")):
        watch.waits(vehicle, holder)
    assert watch.pass_time(3 * STEPS) == []


def test_looks_are_rare() -> None:
    """Between two of them nothing is followed."""
    watch = a_ring()
    watch.pass_time(STEPS)
    watch.at_ms += LOOK_MS - 1
    watch.rings.look(a_now(watch.at_ms))
    assert not reports(watch.state.out, Event.DEADLOCK_FOUND)
