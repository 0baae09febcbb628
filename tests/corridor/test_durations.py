"""What places take, by their last services: slow ones are in the plan, one bad day of one truck is
not.

Requirements: SUP-048 in docs/SAFETY.md.
"""

from typing import Final

from contract.v1.customs_pb2 import CUSTODY_STEP_EXITED, CUSTODY_STEP_SEALED
from contract.v1.movement_pb2 import STOP_KIND_GATE, STOP_KIND_STATION
from corridor.durations import KEPT, MOVE_UP_S, USUAL_S, Durations
from corridor.records import Mission, Stop
from corridor.state import Heard, State
from tests.factories import a_now, a_roster, the_map

SCALE: Final = Stop(STOP_KIND_STATION, "kz_weigh_e", "", 0, 100.0)
GATE: Final = Stop(STOP_KIND_GATE, "kz_out", "", 0, 200.0)
USUAL: Final = USUAL_S[STOP_KIND_STATION]


class Lane:
    """Trucks that come to the scale and the gate of a lane, one after the other."""

    def __init__(self) -> None:
        self.state = State("supervisor", the_map(), a_roster())
        self.durations = Durations(self.state)
        self.at_s = 0

    def truck(self, name: str, front_m: float, end_m: float = 150.0) -> Mission:
        """A truck on its way; it has road up to `end_m`."""
        crossing = self.state.crossing(name)
        crossing.direction, crossing.step = "E", CUSTODY_STEP_SEALED
        mission = Mission(
            f"m-{name}", name, name, "E", name, [name], ["x"], [SCALE, GATE], "", 1, 40_000,
            accepted=True, end_m=end_m,
        )  # fmt: skip
        self.state.missions[mission.mission_id] = mission
        self.state.heard[name] = Heard(0, front_m=front_m)
        return mission

    def wait(self, seconds: int) -> None:
        for _ in range(seconds):
            self.at_s += 1
            self.durations.watch(a_now(1_000.0 * self.at_s))

    def weighed(self, *seconds: int) -> None:
        """One truck after the other stands on the scale for so long."""
        for took_s in seconds:
            mission = self.truck(f"t{self.at_s}", SCALE.at_m)
            self.wait(took_s + 1)
            mission.done.append(SCALE.place)
            self.wait(1)
            del self.state.missions[mission.mission_id]

    @property
    def scale_s(self) -> int:
        return self.durations.seconds(SCALE.place, SCALE.kind)


def test_place_takes_what_its_last_services_took_and_the_next_truck_to_move_up() -> None:
    """SUP-048: a slow scale is in the plan after a few trucks, and again when it is mended."""
    lane = Lane()
    assert lane.scale_s == USUAL
    lane.weighed(150, 150, 150)
    assert lane.scale_s == USUAL
    lane.weighed(150)
    assert abs(lane.scale_s - 150 - MOVE_UP_S) <= 1
    assert lane.durations.changes == 1
    assert lane.durations.seconds("cn_weigh_w", SCALE.kind) == USUAL
    lane.weighed(*[10] * KEPT)
    assert abs(lane.scale_s - 10 - MOVE_UP_S) <= 1


def test_one_truck_that_is_searched_for_hours_changes_nothing() -> None:
    """SUP-048."""
    lane = Lane()
    lane.weighed(*[20] * KEPT)
    before = lane.scale_s
    lane.weighed(3_600, 20)
    assert lane.scale_s == before


def test_truck_that_waits_at_a_gate_for_road_beyond_it_is_not_the_gates_doing() -> None:
    """SUP-048: the gate's time runs from when the truck has road to go on."""
    lane = Lane()
    mission = lane.truck("a", GATE.at_m, end_m=GATE.at_m)
    mission.done.append(SCALE.place)
    for _ in range(KEPT):
        mission.end_m = GATE.at_m
        lane.state.crossings["a"].step = CUSTODY_STEP_SEALED
        lane.wait(900)
        mission.end_m = GATE.at_m + 60.0
        lane.wait(21)
        lane.state.crossings["a"].step = CUSTODY_STEP_EXITED
        lane.wait(1)
    assert abs(lane.durations.seconds(GATE.place, GATE.kind) - 20 - MOVE_UP_S) <= 1


def test_truck_that_waits_at_a_gate_for_its_slot_is_not_the_gates_doing() -> None:
    """SUP-048."""
    lane = Lane()
    mission = lane.truck("a", GATE.at_m, end_m=GATE.at_m + 60.0)
    mission.done.append(SCALE.place)
    lane.state.crossings["a"].slot = 7
    for _ in range(KEPT):
        lane.state.crossings["a"].step = CUSTODY_STEP_SEALED
        lane.wait(900)
        lane.state.crossings["a"].step = CUSTODY_STEP_EXITED
        lane.wait(1)
    assert lane.durations.seconds(GATE.place, GATE.kind) == USUAL_S[GATE.kind]


def test_truck_that_is_being_served_has_only_the_rest_before_it() -> None:
    """SUP-048: and never less than the next one needs to move up."""
    lane = Lane()
    lane.weighed(*[150] * KEPT)
    mission = lane.truck("a", SCALE.at_m)
    assert lane.durations.left_s(mission, SCALE) == lane.scale_s
    lane.wait(101)
    assert lane.durations.left_s(mission, SCALE) == lane.scale_s - 100
    lane.wait(1_000)
    assert lane.durations.left_s(mission, SCALE) == MOVE_UP_S
    assert [stop.place for stop in lane.durations.ahead(mission)] == [SCALE.place, GATE.place]


def test_truck_that_is_taken_away_unserved_says_nothing_of_the_place() -> None:
    """SUP-048."""
    lane = Lane()
    for name in "abcdefgh":
        mission = lane.truck(name, SCALE.at_m)
        lane.wait(500)
        del lane.state.missions[mission.mission_id]
        lane.wait(1)
    assert lane.scale_s == USUAL
