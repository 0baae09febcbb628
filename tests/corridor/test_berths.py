"""Berths: sent where a berth is free, or is being left; swaps of places end, and are explained."""

import pytest

from contract.agent import Effect
from contract.events import Event
from contract.limits import RESTING_SILENCE_MS
from contract.reasons import Reason
from contract.v1.document_pb2 import DIRECTION_EAST, DIRECTION_WEST
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_CLOSE_PLACE,
    OPERATOR_VERB_OPEN_PLACE,
    OPERATOR_VERB_STOP,
    STOP_SCOPE_VEHICLE,
    MissionOrder,
    VehicleHeartbeat,
)
from corridor import berths
from corridor.explain import book_of, chain_of
from corridor.planning import arrival_berths
from tests.corridor.control import Control
from tests.corridor.test_agent import waits
from tests.factories import TRUCKS, reports, sends

EAST, WEST, THIRD = TRUCKS
AT = {EAST: "kz_b01", WEST: "cn_b01", THIRD: "kz_b02"}


class Yards(Control):
    """One truck at a berth in the east, two in the west, and no other berth that is open."""

    def __init__(self, *open_too: str) -> None:
        super().__init__(map_name="bridge")
        self.accounted()
        for berth in self.map.berths:
            if berth not in {"kz_b01", "cn_b01", *open_too}:
                assert self.command(OPERATOR_VERB_CLOSE_PLACE, target=berth).accepted

    @property
    def berths(self) -> dict[str, str]:
        return AT

    def ready(self, truck: str) -> list[Effect]:
        """Declared, released by both and loaded."""
        way = DIRECTION_WEST if truck == WEST else DIRECTION_EAST
        self.notice(truck, direction=way)
        self.release("KZ", truck)
        self.release("CN", truck)
        return self.loaded(truck)

    def opens(self, berth: str) -> None:
        assert self.command(OPERATOR_VERB_OPEN_PLACE, target=berth).accepted

    def stop(self, truck: str) -> bool:
        scope = {"scope": STOP_SCOPE_VEHICLE, "target": truck}
        return self.command(OPERATOR_VERB_STOP, **scope).accepted

    def ends_at(self, truck: str) -> str:
        """Where the newest mission of a truck ends; "" if it has none."""
        mission = self.agent.state.missions.get(self.agent.state.mission_of.get(truck, ""))
        return mission.berth if mission is not None else ""


def swapped() -> Yards:
    yards = Yards()
    yards.ready(EAST)
    yards.ready(WEST)
    return yards


def test_two_trucks_swap_places_where_no_berth_is_free() -> None:
    """SUP-038: each is sent to the berth that the other leaves, and holds only its own."""
    yards = swapped()
    assert (yards.ends_at(EAST), yards.ends_at(WEST)) == ("cn_b01", "kz_b01")
    zones = yards.agent.state.zones
    assert zones.holders("cn_b01_z") == (WEST,)
    assert zones.holders("kz_b01_z") == (EAST,)


@pytest.mark.parametrize("stopped", [False, True])
def test_nobody_is_sent_to_a_berth_that_its_truck_cannot_leave(stopped: bool) -> None:
    """SUP-038: not loaded, or stopped by order; and whoever waits says for whom."""
    yards = Yards()
    if stopped:
        yards.ready(WEST)
        assert yards.stop(WEST)
    yards.ready(EAST)
    yards.pass_time(60)
    assert not sends(yards.said, MissionOrder, to=EAST)
    wait = yards.agent.state.waits[EAST]
    assert (wait.reason.name, wait.holder) == ("BERTH_FULL", WEST)
    chain = chain_of(book_of(yards.agent.state, yards.now), EAST)
    assert [link.who for link in chain.links][:1] == [EAST]
    assert not chain.cycle
    reason = "STOP_IN_FORCE" if stopped else "BERTH_FULL"
    assert chain.links[-1].reason == reason


def test_truck_that_cannot_leave_is_left_out_of_a_swap_when_it_falls_silent() -> None:
    """SUP-038: a silent truck leaves nothing."""
    yards = Yards()
    yards.ready(WEST)
    for beat in range(RESTING_SILENCE_MS // 1_000 + 2):
        for truck in (EAST, THIRD):
            yards.hear(truck, VehicleHeartbeat(loop_counter=beat))
        yards.wake()
    yards.ready(EAST)
    assert not sends(yards.said, MissionOrder, to=EAST)


def test_berth_is_promised_to_one_truck_alone_over_a_restart_too() -> None:
    """SUP-038: the promise is in the mission, and the mission in the journal."""
    yards = swapped()
    yards.start()
    yards.accounted()
    yards.ready(THIRD)
    yards.pass_time(30)
    assert not yards.ends_at(THIRD)
    assert waits(yards, THIRD)[-1] == "BERTH_FULL"
    assert berths.promised(yards.agent.state) == {"cn_b01": EAST, "kz_b01": WEST}


def test_free_berth_comes_before_one_that_is_being_left() -> None:
    yards = Yards("cn_b02")
    yards.ready(WEST)
    yards.ready(EAST)
    assert yards.ends_at(EAST) == "cn_b02"
    assert yards.agent.state.zones.holders("cn_b02_z") == (EAST,)


def test_whose_berth_is_awaited_goes_before_others_of_its_side() -> None:
    """A truck is on its way to the berth of one: that one gets the first berth that is left."""
    yards = Yards()
    yards.opens("kz_b02")
    yards.ready(WEST)  # there is nowhere to go: both berths in the west are taken, by nobody ready
    yards.ready(THIRD)  # the two swap
    assert (yards.ends_at(THIRD), yards.ends_at(WEST)) == ("cn_b01", "kz_b02")


def test_yard_is_not_entered_before_the_berth_has_been_left() -> None:
    """SUP-038: yard and promised berth are had together; a berth that is held, by itself."""
    yards = swapped()
    state = yards.agent.state
    mission = state.missions[state.mission_of[EAST]]
    spans = state.route(mission).zone_spans
    zones = [zone for zone, _, _ in spans]
    arrival = zones.index("cn_arr1")
    assert berths.together(state, mission, spans, arrival) == [arrival, arrival + 1]
    assert berths.together(state, mission, spans, arrival - 1) == []
    assert berths.together(state, mission, spans, zones.index("kz_dep1")) == []
    west = state.missions[state.mission_of[WEST]]
    assert berths.together(state, west, state.route(west).zone_spans, 0) == []

    alone = Yards("cn_b02")
    alone.ready(EAST)
    state = alone.agent.state
    held = state.missions[state.mission_of[EAST]]
    assert berths.together(state, held, state.route(held).zone_spans, arrival) == []


def test_truck_under_way_is_sent_to_another_berth_when_its_own_is_not_left() -> None:
    """SUP-038: under a new version of its mission, to a berth that is held from then on."""
    yards = swapped()
    yards.accept(EAST)
    yards.pass_time(1)
    before = yards.order(EAST)
    yards.opens("cn_b03")
    assert yards.ends_at(EAST) == "cn_b01", "its truck can still leave it"
    assert yards.stop(WEST)
    yards.pass_time(2)
    yards.opens("cn_b04")  # something happens: it is looked at
    assert yards.ends_at(EAST) == "cn_b03"
    order = yards.order(EAST)
    assert (order.version, order.stops[-1].place_id) == (before.version + 1, "cn_b03")
    assert [stop.place_id for stop in order.stops[:-1]] == [
        stop.place_id for stop in before.stops[:-1]
    ]
    assert yards.agent.state.zones.holders("cn_b03_z") == (EAST,)
    (said,) = reports(yards.said, Event.BERTH_CHANGED)
    assert (said["vehicle"], said["berth"], said["before"]) == (EAST, "cn_b03", "cn_b01")


def test_whoever_waits_for_any_berth_names_somebody_who_does_not_wait_for_one() -> None:
    """Any berth that is left will do: there is no ring while one of their trucks may still go."""
    yards = Yards("cn_b02", "kz_b02")
    state = yards.agent.state
    yards.ready(EAST)  # takes cn_b02
    assert yards.ends_at(EAST) == "cn_b02"
    yards.ready(THIRD)
    assert waits(yards, THIRD)[-1] == "BERTH_FULL"
    state.wait(yards.now, WEST, Reason.BERTH_FULL, resource="berths", holder=THIRD)
    arrivals = arrival_berths(state.map, "E")
    assert berths.keeper(state, arrivals) == EAST
    state.wait(yards.now, EAST, Reason.BERTH_FULL, resource="berths", holder=THIRD)
    assert berths.keeper(state, arrivals) == WEST, "now it is a ring, and has to be named"
