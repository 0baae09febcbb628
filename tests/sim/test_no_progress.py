"""VEH-017, SUP-018: a hill is icier than was declared, and a truck stays on it.

It does not push for ever: it parks, is held, and the supervisor says why and what lifts it.
"""

from pathlib import Path
from typing import Any

import pytest

from contract.events import Event
from contract.reasons import Reason
from sim.build import SUPERVISOR
from sim.plant import MU, V, X, Y
from sim.truth_columns import TRUTH_S
from sim.world import World
from tests.contract.map_edits import a_map, put
from tests.sim.runs import UNRELIABLE, Log, a_run, both, broken
from vehicle.pilot import columns as c

NS_PER_S = 1_000_000_000
HILL = ("kz_e_fork_a", "kz_e_pass_a", "kz_e_join_a", "kz_e_join_c")  # 99 m of 6 %
ON_HILL_M = 95.0
TOLD, TRUE = 0.3, 0.1  # starts on 6.5 %, climbs 2.3 %
ALONE = (
    *("fleet.kz=1", "fleet.cn=0", f"weather.friction={TOLD}", "time.duration='5min'"),
    *("time.crossings=1", "expect=[]"),
)


class Watch:
    """Where the truck was, its parking brake at the end, and ice once it is on the hill."""

    def __init__(self) -> None:
        self.at: list[tuple[float, float]] = []
        self.world: World

    def prepare(self, world: World) -> None:
        self.world = world
        for second in range(1, 300):
            world.engine.watch(second * NS_PER_S, self._look)

    def _look(self) -> None:
        state = self.world.fleet.state
        if self.world.fleet.truth[0, TRUTH_S] > ON_HILL_M:
            self.world.fleet.road[0, MU] = TRUE
        self.at.append((float(state[0, X]), float(state[0, Y])))

    @property
    def parked(self) -> bool:
        fleet = self.world.fleet
        return bool(fleet.board.command[0, c.COMMAND_PARK] == 1.0 and fleet.state[0, V] == 0.0)


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
def test_truck_that_stays_on_ice_parks_and_the_supervisor_says_why(
    network: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "hilly.geojson"
    path.write_bytes(a_map(*(put(lane, "grade", 0.06) for lane in HILL)))
    log, watch = Log(), Watch()
    finished = a_run(
        "smoke",
        *ALONE,
        *network,
        f"corridor.map='{path}'",
        prepare=both(log.prepare, watch.prepare),
    )
    assert broken(finished) == ""
    (given_up,) = log.of(Event.PUSHED_IN_VAIN, "truck-01")
    assert given_up["lane"] in HILL
    assert watch.parked
    assert watch.at[-60:] == [watch.at[-1]] * 60, "it stays where it gave up"
    waits: list[dict[str, Any]] = log.of(Event.VEHICLE_WAITS, SUPERVISOR)
    (wait,) = [each for each in waits if each["reason"] is Reason.NO_PROGRESS]
    assert wait["vehicle"] == wait["holder"] == "truck-01"
    assert wait["lifted_by"] == Reason.NO_PROGRESS.lifted_by
    assert waits[-1] == wait, "and goes on waiting for that"
