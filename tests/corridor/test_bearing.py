"""What the road bears: a truck that some zone of its way does not bear stays at its berth."""

from typing import Any

import pytest

from contract.traction import TRACTION
from corridor.explain import about, book_of
from tests.corridor.control import Control

A = "truck-01"
KNOWN = {A: TRACTION["truck40"]}


def a_control(kinds: dict[str, Any], **notice: Any) -> Control:
    """One truck of the bridge's corridor, loaded and released."""
    control = Control(settings={"kinds": kinds}, map_name="bridge").accounted()
    control.notice(**notice)
    control.release("KZ")
    control.release("CN")
    control.loaded()
    control.accept()
    return control


def has_left(control: Control) -> bool:
    return control.route().zone_spans[1][0] in control.agent.state.zones.held_by(A)


def why(control: Control) -> tuple[str, str]:
    wait = control.agent.state.waits.get(A)
    return (wait.reason.name, wait.resource) if wait is not None else ("", "")


@pytest.mark.parametrize(
    ("kinds", "mass_kg", "leaves"),
    [
        (KNOWN, 40_000, True),
        (KNOWN, 41_700, True),
        (KNOWN, 41_800, False),
        ({A: TRACTION["agv65"]}, 36_000, False),
        ({}, 36_000, False),
        ({A: TRACTION["agv65"]}, 24_000, True),
    ],
)
def test_truck_with_an_axle_too_heavy_for_the_bridge_stays_at_its_berth(
    kinds: dict[str, Any], mass_kg: int, leaves: bool
) -> None:
    """SUP-V4: 12 t; one of unknown kind is the worst of all kinds."""
    control = a_control(kinds, gross_mass_kg=mass_kg)
    assert has_left(control) == leaves
    if leaves:
        return
    assert why(control) == ("AXLE_TOO_HEAVY", "bridge")
    chain = about(book_of(control.agent.state, control.now), A)
    assert chain is not None
    assert chain.root == "terminal has the move: a lighter load"


def test_truck_that_is_too_heavy_alone_stays_at_its_berth() -> None:
    """SUP-V4: nobody's leaving the bridge would let it on."""
    control = a_control({A: TRACTION["agv65"]}, gross_mass_kg=91_000)
    assert why(control)[0] == "AXLE_TOO_HEAVY"
    object.__setattr__(control.agent.state.zones.rules["bridge"], "axle_max_kg", None)
    control.wake()
    control.loaded()
    assert why(control) == ("TRUCK_TOO_HEAVY", "bridge")


def test_truck_without_a_declared_mass_is_held_for_full() -> None:
    """SUP-V4: full, its axle is 11.6 t."""
    assert has_left(a_control(KNOWN, gross_mass_kg=0))
    assert not has_left(a_control({A: TRACTION["agv65"]}, gross_mass_kg=0))
