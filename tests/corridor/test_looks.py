"""When a truck's road is looked at: when it may have got longer, not at each heartbeat."""

import pytest

from contract.v1.movement_pb2 import VEHICLE_STATE_DRIVING, VehicleHeartbeat
from corridor.grants import NEAR_END_M, RENEW_BELOW_M
from corridor.positions import LOOK_M, LOOK_MS
from corridor.records import Mission
from tests.corridor.control import Control

TRUCK = "truck-01"


class Looks:
    """A supervisor with one truck on its way, and how often its road was looked at since."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.control = Control(map_name="bakhty_pokitu").under_way(TRUCK)
        self.count = 0
        grants = self.control.agent._grants
        extend = grants.extend

        def counted(now: object, mission: Mission) -> None:
            self.count += 1
            extend(now, mission)  # type: ignore[arg-type]

        monkeypatch.setattr(grants, "extend", counted)
        before_m = 0.0
        while before_m < self.end_m:  # until there is no more road for it: the station's line
            before_m = self.end_m
            self.beat(before_m - RENEW_BELOW_M + 1.0, later_ms=LOOK_MS)
        self.count = 0

    @property
    def mission(self) -> Mission:
        return next(iter(self.control.agent.state.missions.values()))

    @property
    def end_m(self) -> float:
        return self.mission.end_m

    def beat(self, front_m: float, later_ms: float = 1_000.0, speed_mmps: int = 100) -> int:
        """One heartbeat of the truck at this place; how many looks there were up to it."""
        self.control.at_ms += later_ms
        beat = VehicleHeartbeat(
            loop_counter=1,
            front_mm=round(front_m * 1000.0),
            speed_mmps=speed_mmps,
            state=VEHICLE_STATE_DRIVING,
        )
        self.control.hear(TRUCK, beat)
        return self.count


def test_truck_that_is_where_it_was_is_looked_at_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = Looks(monkeypatch)
    front_m = looks.end_m - RENEW_BELOW_M + 1.0
    seconds = 3 * LOOK_MS // 1_000
    for _ in range(seconds):
        looks.beat(front_m)
    assert looks.count == 3


@pytest.mark.parametrize("came_m", [LOOK_M, LOOK_M + 5.0])
def test_truck_that_has_come_on_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, came_m: float
) -> None:
    looks = Looks(monkeypatch)
    front_m = looks.end_m - RENEW_BELOW_M + 1.0
    assert looks.beat(front_m + LOOK_M - 1.0) == 0
    assert looks.beat(front_m + came_m) == 1


def test_truck_that_has_come_near_its_end_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """From there on it is said why there is no more road."""
    looks = Looks(monkeypatch)
    end_m = looks.end_m
    looks.beat(end_m - NEAR_END_M - 5.0)
    before = looks.count
    assert looks.beat(end_m - NEAR_END_M + 1.0) == before + 1


def test_truck_that_waits_is_looked_at_when_it_moves_off_and_not_as_long_as_it_rolls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks = Looks(monkeypatch)
    front_m = looks.end_m - NEAR_END_M / 2.0
    looks.beat(front_m, speed_mmps=0)
    assert TRUCK in looks.control.agent.state.waits
    before = looks.count
    assert looks.beat(front_m, speed_mmps=0) == before
    assert looks.beat(front_m) == before + 1
    assert TRUCK in looks.control.agent.state.waits
    assert looks.beat(front_m) == before + 1


def test_truck_with_road_enough_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = Looks(monkeypatch)
    assert looks.beat(looks.end_m - RENEW_BELOW_M - 1.0, later_ms=10.0 * LOOK_MS) == 0


def test_truck_that_was_refused_a_zone_is_looked_at_when_it_is_left() -> None:
    """However far it is from its end yet, and though nobody has been told that it waits."""
    control = Control().under_way("truck-01", "truck-02")
    state = control.agent.state
    wanted = state.heard["truck-02"].wants
    assert wanted in state.zones.held_by("truck-01")
    state.waits.clear()
    assert not state.dirty
    state.free(wanted, "truck-01", "convoy-1", "report")
    assert list(state.dirty) == [state.mission_of["truck-02"]]


def test_lane_that_is_left_sends_nobody_off_and_a_berth_may() -> None:
    """Who stands at a berth waits for a berth or bay at the far end, not for road."""
    control = Control().under_way("truck-01")
    state = control.agent.state
    lanes = {zone for zone, _, _ in control.route().zone_spans}
    berths = {berth.zone for berth in state.map.berths.values()}
    state.dispatch_due = False
    state.free(min(lanes - berths), "truck-01", "convoy-1", "report")
    assert not state.dispatch_due
    state.free(min(berths), "truck-01", "convoy-1", "report")
    assert state.dispatch_due
