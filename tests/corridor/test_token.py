"""The token: one-lane sections serve both directions in batches, and never let one wait for ever.

Requirements: SUP-026 in docs/SAFETY.md.
"""

import random
from typing import Final

import pytest

from contract.agent import NS_PER_MS, Now
from contract.errors import InvariantBroken
from contract.map import compile_map
from contract.reasons import Reason
from contract.traction import TRACTION
from corridor.records import Mission
from corridor.state import Heard, State
from corridor.token import Token, TokenConfig
from tests.contract.map_edits import map_bytes
from tests.factories import a_roster

BRIDGE: Final = compile_map(map_bytes("bridge"))
LANE: Final = {"E": "boundary_e_a", "W": "boundary_w_a"}
BATCH, LONGEST_MS = 2, 60_000


class Bridge:
    """Trucks at both ends of the bridge, and the section between them."""

    def __init__(self, longest_ms: int = LONGEST_MS, plan: tuple[str, ...] = ()) -> None:
        """`plan`: trucks in the order in which they enter by the timetable."""
        self.state = State("supervisor", BRIDGE, a_roster())
        self.plan = plan
        self.token = Token(self.state, TokenConfig(BATCH, longest_ms), self.first)
        self.now_ms = 0

    def first(self, zone: str, mine: Mission, other: str) -> bool | None:
        assert zone == "bridge"
        if mine.vehicle not in self.plan or other not in self.plan:
            return None
        return self.plan.index(mine.vehicle) < self.plan.index(other)

    def truck(self, name: str, convoy: str = "") -> Mission:
        """A truck on its way: e1 goes east, w1 west."""
        direction = name[0].upper()
        mission = Mission(
            mission_id=f"m-{name}",
            vehicle=name,
            crossing=name,
            direction=direction,
            convoy=convoy or name,
            formation=[name],
            lanes=[LANE[direction]],
            stops=[],
            berth="",
            turn=1,
            mass_kg=40_000,
        )
        self.state.kinds[name] = TRACTION["truck40"]
        self.state.missions[mission.mission_id] = mission
        self.state.mission_of[name] = mission.mission_id
        return mission

    def asks(self, mission: Mission) -> Reason | None:
        self.token.look(Now(self.now_ms * NS_PER_MS, 0))
        no = self.token.vote(mission, self.state.route(mission), 0)
        return no.reason if no is not None else None

    def enters(self, mission: Mission) -> bool:
        """Whether both the token and the interlocking let it in."""
        claim = self.state.claim(mission)
        return self.asks(mission) is None and self.state.zones.allocate("bridge", claim) is None

    def leaves(self, mission: Mission) -> None:
        self.token.look(Now(self.now_ms * NS_PER_MS, 0))
        self.state.zones.entered("bridge", mission.vehicle)
        self.state.zones.reported("bridge", mission.vehicle)
        self.state.zones.counted("bridge", mission.direction)
        assert mission.vehicle not in self.state.zones.holders("bridge")


@pytest.fixture
def bridge() -> Bridge:
    return Bridge()


def test_who_is_alone_has_the_section_again_and_again(bridge: Bridge) -> None:
    for number in range(3 * BATCH):
        truck = bridge.truck(f"e{number}")
        assert bridge.enters(truck)
        bridge.leaves(truck)


def test_batch_of_one_direction_then_the_section_is_drained_and_turns(bridge: Bridge) -> None:
    first, second, third = (bridge.truck(f"e{n}") for n in (1, 2, 3))
    opposite = bridge.truck("w1")
    assert bridge.enters(first)
    assert not bridge.enters(opposite)
    bridge.leaves(first)
    assert bridge.enters(second)
    bridge.leaves(second)
    assert bridge.asks(third) is Reason.SECTION_DRAINS
    assert bridge.enters(opposite)
    bridge.leaves(opposite)
    assert bridge.enters(third)


def test_turn_goes_on_while_the_batch_lasts_and_its_next_truck_waits(bridge: Bridge) -> None:
    first, second, opposite = bridge.truck("e1"), bridge.truck("e2"), bridge.truck("w1")
    assert bridge.enters(first)
    assert bridge.asks(opposite) is None  # the interlocking's to say
    assert not bridge.enters(second)  # another convoy is inside
    bridge.leaves(first)
    assert bridge.asks(opposite) is Reason.DIRECTION_OPPOSED
    assert bridge.enters(second)


def test_section_turns_at_once_if_nobody_else_of_the_batch_is_there(bridge: Bridge) -> None:
    first, opposite = bridge.truck("e1"), bridge.truck("w1")
    assert bridge.enters(first)
    assert not bridge.enters(opposite)
    bridge.leaves(first)
    assert bridge.enters(opposite)


def test_convoy_is_not_cut_by_the_end_of_a_batch(bridge: Bridge) -> None:
    leader, member = bridge.truck("e1", "a"), bridge.truck("e2", "a")
    last, opposite = bridge.truck("e3", "a"), bridge.truck("w1")
    assert bridge.enters(leader)
    assert not bridge.enters(opposite)
    for truck in (leader, member):
        bridge.token.look(Now(0, 0))
        bridge.state.zones.zones["bridge"].holders.clear()
        assert bridge.enters(truck)
    assert bridge.asks(last) is None


def test_who_has_waited_long_enough_ends_a_turn_that_is_not_over(bridge: Bridge) -> None:
    first, second, opposite = bridge.truck("e1"), bridge.truck("e2"), bridge.truck("w1")
    assert bridge.enters(first)
    assert not bridge.enters(opposite)
    bridge.leaves(first)
    bridge.now_ms = LONGEST_MS - 1
    assert bridge.asks(second) is None
    bridge.now_ms = LONGEST_MS
    assert bridge.asks(second) is Reason.SECTION_DRAINS
    assert bridge.enters(opposite)


def test_who_has_waited_long_is_looked_at_without_anything_else_happening(bridge: Bridge) -> None:
    opposite = bridge.truck("w1")
    bridge.asks(opposite)
    bridge.token.watch()
    assert not bridge.state.dirty
    bridge.now_ms = LONGEST_MS
    bridge.token.look(Now(LONGEST_MS * NS_PER_MS, 0))
    bridge.token.watch()
    assert bridge.state.dirty == {opposite.mission_id: None}


def test_who_is_gone_waits_no_more(bridge: Bridge) -> None:
    first, second, opposite = bridge.truck("e1"), bridge.truck("e2"), bridge.truck("w1")
    assert bridge.enters(first)
    assert not bridge.enters(opposite)
    del bridge.state.mission_of[opposite.vehicle]
    bridge.leaves(first)
    bridge.now_ms = LONGEST_MS
    assert bridge.asks(second) is None


def test_zone_that_is_no_section_is_nobodys_turn(bridge: Bridge) -> None:
    truck = bridge.truck("e1")
    truck.lanes = ["kz_e_road1_a"]
    assert bridge.asks(truck) is None
    assert bridge.token.vote(bridge.truck("w1"), bridge.state.route(truck), 0) is None


@pytest.mark.parametrize(("batch", "longest_ms"), [(0, 1), (65, 1), (1, -1), (1, 3_600_001)])
def test_share_that_is_none_is_refused(batch: int, longest_ms: int) -> None:
    with pytest.raises(InvariantBroken):
        TokenConfig(batch, longest_ms)


def test_truck_that_is_sent_another_way_is_not_waited_for(bridge: Bridge) -> None:
    """SUP-026: the section is drained for nobody, and whoever waited because of it is looked at."""
    first, second, third = (bridge.truck(f"e{n}") for n in (1, 2, 3))
    opposite = bridge.truck("w1")
    for truck in (first, second):
        assert bridge.enters(truck)
        assert not bridge.enters(opposite)
        bridge.leaves(truck)
    assert bridge.asks(third) is Reason.SECTION_DRAINS
    bridge.token.watch()
    assert bridge.asks(third) is Reason.SECTION_DRAINS
    opposite.lanes = ["cn_w_neutral1_a"]
    bridge.state.dirty.clear()
    bridge.token.watch()
    assert third.mission_id in bridge.state.dirty
    assert bridge.enters(third)


# --- by the timetable ---


def test_plan_turns_the_section_before_a_batch_is_over() -> None:
    """SUP-046."""
    bridge = Bridge(plan=("e1", "w1", "e2"))
    first, second, opposite = bridge.truck("e1"), bridge.truck("e2"), bridge.truck("w1")
    assert bridge.enters(first)
    assert not bridge.enters(opposite)
    bridge.leaves(first)
    assert bridge.asks(second) is Reason.PLANNED_LATER
    assert bridge.enters(opposite)
    bridge.leaves(opposite)
    assert bridge.enters(second)


def test_plan_lets_more_than_a_batch_follow() -> None:
    """SUP-046."""
    bridge = Bridge(plan=("e1", "e2", "e3", "w1"))
    opposite = bridge.truck("w1")
    trucks = [bridge.truck(f"e{n}") for n in (1, 2, 3)]
    assert bridge.enters(trucks[0])
    assert not bridge.enters(opposite)
    bridge.leaves(trucks[0])
    for truck in trucks[1:]:
        assert bridge.asks(truck) is None
        assert bridge.asks(opposite) is Reason.PLANNED_LATER
        assert bridge.enters(truck)
        bridge.leaves(truck)
    assert bridge.enters(opposite)


def test_plan_does_not_count_against_who_has_waited_long_enough() -> None:
    """SUP-046, SUP-026."""
    bridge = Bridge(plan=("e1", "e2", "w1"))
    first, second, opposite = bridge.truck("e1"), bridge.truck("e2"), bridge.truck("w1")
    assert bridge.enters(first)
    assert not bridge.enters(opposite)
    bridge.leaves(first)
    bridge.now_ms = LONGEST_MS
    assert bridge.asks(second) is Reason.SECTION_DRAINS
    assert bridge.enters(opposite)


def test_plan_cuts_no_convoy_and_without_a_word_of_it_batches_count() -> None:
    """SUP-046."""
    bridge = Bridge(plan=("e1", "w1", "e2"))
    leader, member, opposite = bridge.truck("e1", "a"), bridge.truck("e2", "a"), bridge.truck("w1")
    assert bridge.enters(leader)
    assert not bridge.enters(opposite)
    assert bridge.asks(member) is None
    unknown = Bridge()
    first, second, other = unknown.truck("e1"), unknown.truck("e2"), unknown.truck("w1")
    assert unknown.enters(first)
    assert not unknown.enters(other)
    unknown.leaves(first)
    assert unknown.enters(second)


# --- fairness, and who does not come ---


def test_section_is_drained_for_nobody_who_is_silent_stopped_or_held(bridge: Bridge) -> None:
    """SUP-026: however long such a truck has stood at the other end; heard again, it has its turn
    at once.
    """
    opposite, trucks = bridge.truck("w1"), [bridge.truck(f"e{n}") for n in range(3)]
    assert bridge.asks(opposite) is None
    bridge.state.heard["w1"] = Heard(0)
    bridge.now_ms = LONGEST_MS
    assert bridge.asks(trucks[0]) is Reason.SECTION_DRAINS
    bridge.state.heard["w1"].silent = True
    for truck in trucks[:2]:
        assert bridge.enters(truck)
        bridge.leaves(truck)
    bridge.state.heard["w1"].silent = False
    assert bridge.asks(trucks[2]) is Reason.SECTION_DRAINS
    bridge.state.wait(Now(0, 0), "w1", Reason.PERSON_AT_TRUCK, resource="w1", holder="op")
    assert bridge.enters(trucks[2])


@pytest.mark.parametrize("planned", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_longest_wait_of_one_direction_is_bounded_under_a_flood_of_the_other(
    seed: int, planned: bool
) -> None:
    """SUP-026, SUP-046: the plan has every truck east before any truck west, and there is always
    another one; each truck west that comes to the end of the bridge is in it after the longest
    wait, and what it takes those inside to leave it.
    """
    rng = random.Random(seed)
    transit_ms, flood = 40_000, [f"e{n}" for n in range(400)]
    bridge = Bridge(plan=(*flood, *(f"w{n}" for n in range(40))) if planned else ())
    inside: dict[str, tuple[int, Mission]] = {}  # until when
    west: list[tuple[int, Mission]] = []
    waits_ms: list[int] = []
    next_ms, east = rng.randint(0, 60_000), bridge.truck(flood.pop(0))
    for bridge.now_ms in range(0, 1_200_000, 1_000):
        for name, (until_ms, mission) in list(inside.items()):
            if bridge.now_ms >= until_ms:
                bridge.leaves(mission)
                del inside[name], bridge.state.mission_of[name]
        if bridge.now_ms >= next_ms and not west:
            west.append((bridge.now_ms, bridge.truck(f"w{len(waits_ms)}")))
        if bridge.now_ms % 15_000 == 0 and bridge.enters(east):
            inside[east.vehicle] = (bridge.now_ms + transit_ms, east)
            east = bridge.truck(flood.pop(0))
        if west and bridge.enters(west[0][1]):
            since_ms, mission = west.pop()
            inside[mission.vehicle] = (bridge.now_ms + transit_ms, mission)
            waits_ms.append(bridge.now_ms - since_ms)
            next_ms = bridge.now_ms + rng.randint(60_000, 300_000)
    assert len(waits_ms) >= 3
    assert max(waits_ms) <= LONGEST_MS + transit_ms
    assert max(waits_ms) >= LONGEST_MS or not planned
