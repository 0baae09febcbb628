"""VEH-018: a revocation in flight, on networks that keep and that lose what they carry.

The office takes its release back at one of three moments of a truck's way: before its exit gate,
between the gate's permit and the boundary section, and past the line. Nobody touches anybody, no
truck comes to rest in the boundary section, and whoever is held says why.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from contract.agent import Boot, Effects, Now, Received
from contract.events import Event
from contract.node import Node
from contract.reasons import Reason
from gate.office.agent import OfficeAgent
from sim.build import SUPERVISOR
from sim.plant import V
from sim.run import Finished
from sim.truth_columns import TRUTH_FRONT, TRUTH_S
from sim.world import World
from tests.sim.runs import UNRELIABLE, Log, a_run, both, broken
from tests.vehicle.truck import gate_m, the_route
from vehicle.pilot import columns as c

NS_PER_S: Final = 1_000_000_000
OFFICE: Final = "office-kz"
LINE_M, BARRIER_M = gate_m("kz_out"), gate_m("kz_out", barrier=True)
NEXT_LINE_M: Final = gate_m("cn_in")
(BOUNDARY,) = [span for span in the_route().zone_spans if span[0] == "boundary"]
# Where the front is when the office signs: 25 m to go, wheels turning under a permit, on the line.
BEFORE, PERMITTED, PAST = LINE_M - 25.0, LINE_M + 0.5, BOUNDARY[1] + 10.0
ALONE: Final = (
    *("fleet.kz=1", "fleet.cn=0", "time.duration='4min'", "time.crossings=1", "expect=[]"),
)


@dataclass
class Desk:
    """An office whose officer takes the release back of a crossing that is under way."""

    agent: OfficeAgent
    due: bool = False

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return self.agent.on_start(now, boot, state)

    def on_message(self, now: Now, received: Received) -> Effects:
        return self.agent.on_message(now, received)

    def on_wake(self, now: Now, reading: Any) -> Effects:
        said = list(self.agent.on_wake(now, reading))
        if self.due:
            self.due = False
            (case,) = self.agent._docket.cases.values()
            self.agent._docket.revoke(case, Reason.REFUSED_BY_OFFICER)
            said += self.agent._docket.out
            self.agent._docket.out = []
        return said

    @property
    def wake_ns(self) -> int | None:
        return self.agent.wake_ns


@dataclass
class Revoked:
    """An office that takes its release back when the truck has come so far."""

    at_m: float
    told: bool = False
    fronts: list[float] = field(default_factory=list)
    speeds: list[float] = field(default_factory=list)

    def prepare(self, world: World) -> None:
        self.world = world
        host = world.hosts[OFFICE]
        intact = host.build

        def build() -> Node[Any]:
            node = intact()
            self.desk = Desk(node.agent)
            return Node(self.desk, node.mailbox)

        host.build = build
        for tick in range(1, 240 * 5):
            world.engine.watch(tick * NS_PER_S // 5, self._look)

    def _look(self) -> None:
        fleet = self.world.fleet
        front_m = float(fleet.truth[0, TRUTH_S] + fleet.truth[0, TRUTH_FRONT])
        self.fronts.append(front_m)
        self.speeds.append(float(fleet.state[0, V]))
        if not self.told and front_m >= self.at_m:
            self.told = True
            self.desk.due = True
            self.world.hosts[OFFICE].wake()

    @property
    def stands(self) -> bool:
        return max(self.speeds[-50:]) == 0.0

    @property
    def parked(self) -> bool:
        return bool(self.world.fleet.board.command[0, c.COMMAND_PARK] == 1.0)


def revoked_at(at_m: float, network: tuple[str, ...], seed: int) -> tuple[Revoked, Log, Finished]:
    revoked, log = Revoked(at_m), Log()
    prepare = both(log.prepare, revoked.prepare)
    finished = a_run("smoke", *ALONE, *network, seed=seed, prepare=prepare)
    assert revoked.told
    assert broken(finished) == ""
    return revoked, log, finished


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
@pytest.mark.parametrize("at_m", [BEFORE, PERMITTED, PAST], ids=["before", "permitted", "past"])
def test_revocation_in_flight_holds_the_truck_at_a_place_and_it_says_why(
    at_m: float, network: tuple[str, ...], seed: int
) -> None:
    revoked, log, finished = revoked_at(at_m, network, seed)
    assert (revoked.stands, revoked.parked) == (True, True)
    rests_m = revoked.fronts[-1]
    rear_m = rests_m - 16.5
    assert rests_m < BOUNDARY[1] or rear_m > BOUNDARY[2], "nobody rests in the boundary section"
    if at_m == BEFORE:
        assert LINE_M - 1.0 <= rests_m <= LINE_M
    elif at_m == PAST:
        assert rests_m == pytest.approx(NEXT_LINE_M, abs=0.5)
    else:
        assert rests_m < BARRIER_M or rests_m == pytest.approx(NEXT_LINE_M, abs=0.5)
    assert len(log.of(Event.REVOCATION_TAKEN, "truck-01")) == 1
    assert not log.of(Event.GUARD_TRIPPED)
    waits = log.of(Event.VEHICLE_WAITS, SUPERVISOR)
    assert waits[-1]["reason"] is Reason.RELEASE_REVOKED
    assert not log.of(Event.CROSSING_FINISHED)
    assert finished.result["safety"]
