"""The whole step of a fleet compiled and plain: the same bits, to 1e-12 a turn.

Sense, hear, pose, pilot, guard, beacon, plant, checks: what each makes of the same blocks. The
compiled step goes on from its own; the plain one is given the same again in every turn.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
import pytest

from contract.kernel import COMPILED, plain
from sim import truth
from sim.blocks import Blocks
from sim.fleet import DT_S
from sim.ground.rig import Rig
from sim.ground.sections import GroundSection, PieceSection
from sim.truth_columns import TRUTH_S
from vehicle.orders import Rest
from vehicle.pilot.columns import MILE_REACHED

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is not installed")

SNOW: Final = 0.3
TURNS: Final = 700
FREEZES, THAWS, RESTS = 160, 260, 140  # turns in which a radar does, and a truck is told to
OURS: Final = ("contract.", "sim.", "vehicle.")
STEP_MAX: Final = 1e-12
LENT: Final = ("params", "noise", "chance", "paths", "rows", "places", "marks")  # nobody writes
# Modules whose every kernel this drive must have run.
WHOLE: Final = (
    *("sim.truth", "sim.radio", "sim.checks", "vehicle.pilot.beacon", "vehicle.pilot.progress"),
    *("vehicle.pilot.turn", "vehicle.pilot.speed", "sim.radar"),
)
# Other ways in: a whole fleet at once, one truck by hand, computers that are elsewhere.
ASIDE: Final = {
    *("sim.truth.outside_steps", "sim.truth.fleet_steps", "sim.radio.say_row"),
    *("vehicle.pilot.turn.pilot_turn", "vehicle.pilot.turn.speak"),
}


@contextmanager
def interpreted(called: set[str]) -> Iterator[None]:
    """Every kernel as plain Python; the names of those that were called are added to `called`."""

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{function.__module__}.{function.__name__}"

        def call(*arguments: Any) -> Any:
            called.add(name)
            return function(*arguments)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for where, module in list(sys.modules.items()):
            if not where.startswith(OURS):
                continue
            for name, value in list(vars(module).items()):
                if is_kernel(value):
                    patch.setattr(module, name, noted(plain(value)))
        yield


def kernels_of(module: str) -> set[str]:
    """Names of the kernels that a module defines."""
    found = [plain(value) for value in vars(sys.modules[module]).values() if is_kernel(value)]
    return {f"{module}.{f.__name__}" for f in found if f.__module__ == module}


def is_kernel(value: object) -> bool:
    return hasattr(value, "py_func")


def a_convoy() -> Rig:
    """Three trucks, loaded and empty, to a stop behind a bend and a fall."""
    track = [
        PieceSection(length_m=110.0, speed_mps=6.94),
        PieceSection(length_m=40.0, radius_m=80.0, speed_mps=6.94),
        PieceSection(length_m=60.0, speed_mps=6.94, grade=-0.04),
    ]
    ground = GroundSection(
        track=track,
        vehicles=3,
        load="mixed",
        start_mps=5.0,
        end_before_m=15.0,
        beacon_late_ms=100,
        beacon_loss=0.2,
    )
    return Rig(ground, SNOW, seed=5)


def copied(blocks: Blocks) -> Blocks:
    """The same figures once more, but for what nobody writes."""
    own = {name: getattr(blocks, name).copy() for name in Blocks._fields if name not in LENT}
    return blocks._replace(**own)


def differing(one: Blocks, other: Blocks) -> list[str]:
    """Which blocks are not the same, and by how much."""
    said = []
    for name in Blocks._fields:
        a, b = getattr(one, name), getattr(other, name)
        if not np.allclose(a, b, rtol=0.0, atol=STEP_MAX, equal_nan=True):
            said.append(f"{name}: {np.nanmax(np.abs(a - b)):.3g}")
    return said


def test_compiled_and_plain_fleet_agree_in_lockstep() -> None:
    """Kernel rule: with noise, late and lost beacons, and a radar that freezes."""
    rig, step = a_convoy(), truth.fleet_steps
    called: set[str] = set()
    begins_m = rig.fleet.truth[:, TRUTH_S].copy()
    miles = 0
    with interpreted(called):
        for turn in range(TURNS):
            if turn == FREEZES:
                rig.faults.begin("radar_frozen", "truck-02", 0.0)
            if turn == THAWS:
                rig.faults.end("radar_frozen", "truck-02")
            if turn == RESTS:
                rig.fleet.carry_out("truck-03", Rest())
            blocks = rig.fleet.blocks
            other = copied(blocks)
            done = step(1, DT_S, blocks)
            assert plain(step)(1, DT_S, other) == done, turn
            assert differing(blocks, other) == [], turn
            miles |= int(np.bitwise_or.reduce(blocks.miles))
            blocks.miles[:] = 0
    assert (rig.fleet.truth[:, TRUTH_S] - begins_m > 30.0).all()
    assert miles & MILE_REACHED
    for module in WHOLE:
        assert kernels_of(module) - called - ASIDE == set()


@pytest.mark.parametrize("block", ["state", "pose", "pilot", "watch", "said", "air", "sensors"])
def test_a_billionth_in_one_block_is_seen(block: str) -> None:
    rig = a_convoy()
    blocks = rig.fleet.blocks
    other = copied(blocks)
    getattr(other, block).flat[0] += 1e-9
    assert [said.split(":")[0] for said in differing(blocks, other)] == [block]
