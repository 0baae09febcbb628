"""A section is kept idle for a truck that is on its way, a little while, and never for one that
does not come.

Requirements: SUP-050 in docs/SAFETY.md.
"""

import random
from collections.abc import Callable
from typing import Final

import pytest

from contract.agent import Now
from contract.reasons import Party, Reason
from contract.traction import TRACTION
from corridor.cli.kernel_cache import timetable_cache
from corridor.explain import about, book_of, words
from corridor.people import People
from corridor.planning import stops_of
from corridor.records import Crossing, Mission
from corridor.state import Halted, Heard, No, State
from corridor.timetable.settings import TimetableConfig
from corridor.token import Token, TokenConfig
from tests.corridor.test_token import BRIDGE
from tests.factories import a_now, a_roster

with timetable_cache():
    from corridor.planners import Planners
    from corridor.timetable.horizon import Timetable

pytestmark = pytest.mark.timeout(300)  # the first of them may have to compile the kernels
WAIT_MS: Final = 60_000
LONGEST_MS: Final = 600_000
WAYS: Final = {"E": ("kz_b01", "cn_b01"), "W": ("cn_b02", "kz_b02")}


class Approach:
    """Trucks on their way to the bridge, with a timetable that says who is to enter when."""

    def __init__(self, wait_ms: int = WAIT_MS, longest_ms: int = LONGEST_MS) -> None:
        self.state = State("supervisor", BRIDGE, a_roster())
        people = People(self.state, 60_000, lambda told, level: None, {})
        self.planners = Planners(self.state, TimetableConfig(wait_ms=wait_ms), None, people)
        token = TokenConfig(longest_ms=longest_ms)
        self.token = Token(self.state, token, self.planners.first, self.planners.kept)
        self.at_ms = 0

    @property
    def now(self) -> Now:
        return a_now(self.at_ms)

    def plan(self, **at_s: int) -> None:
        assert self.planners.timetable is not None
        self.planners.timetable.newest = Timetable({}, {k: {"bridge": v} for k, v in at_s.items()})

    def truck(self, name: str, before_m: float) -> Mission:
        """A truck so far before the bridge: e1 goes east, w1 west; both offices have released it,
        and both gates it has to pass are behind it or will let it through.
        """
        direction = name[0].upper()
        start, end = WAYS[direction]
        lanes = self.state.way(BRIDGE.berths[start].lane, end, None)
        stops = stops_of(BRIDGE, lanes, end, bay=None, services={})
        mission = Mission(
            f"m-{name}", name, name, direction, name, [name], list(lanes), stops, end, 1, 40_000,
            accepted=True,
        )  # fmt: skip
        releases = {"KZ": b"1", "CN": b"1"}
        crossing = Crossing(name, direction, name, releases=releases, mission=mission.mission_id)
        crossing.started_ms = 1
        self.state.kinds[name] = TRACTION["truck40"]
        self.state.crossings[name] = crossing
        self.state.missions[mission.mission_id] = mission
        self.state.mission_of[name] = mission.mission_id
        spans = self.state.route(mission).zone_spans
        bridge = next(index for index, span in enumerate(spans) if span[0] == "bridge")
        front_m = spans[bridge][1] - before_m
        mission.next_span = sum(start_m <= front_m for _, start_m, _ in spans)
        mission.cleared = mission.next_span - 1
        self.state.zones.allocate(spans[mission.cleared][0], self.state.claim(mission))
        self.state.heard[name] = Heard(0, reported=True, front_m=front_m)
        crossing.step = 2 if self.is_past(mission, "exit") else 1
        return mission

    def is_past(self, mission: Mission, side: str) -> bool:
        front_m = self.state.heard[mission.vehicle].front_m
        gates = [s for s in mission.stops if s.place in BRIDGE.gates]
        return any(s.at_m < front_m and BRIDGE.gates[s.place].side == side for s in gates)

    def asks(self, mission: Mission) -> No | None:
        self.planners.watch(self.now)
        self.token.look(self.now)
        spans = self.state.route(mission).zone_spans
        index = next(index for index, span in enumerate(spans) if span[0] == "bridge")
        return self.token.vote(mission, self.state.route(mission), index)


def two(**changes: int) -> tuple[Approach, Mission, Mission]:
    """One stands before the bridge, and one comes from the other side that is planned first."""
    approach = Approach(**changes)
    here, coming = approach.truck("e1", 5.0), approach.truck("w1", 100.0)
    approach.plan(w1=20, e1=90)
    return approach, here, coming


def test_section_is_kept_idle_for_who_is_planned_first_and_will_soon_be_there() -> None:
    """SUP-050: with the reason, whose move it is, and what lifts it."""
    approach, here, coming = two()
    no = approach.asks(here)
    assert no is not None
    assert (no.reason, no.resource, no.holder) == (Reason.PLANNED_LATER, "bridge", coming.vehicle)
    assert no.lifts == "its passage, or 60 s of waiting for it"
    assert no.reason.owner is Party.SUPERVISOR
    assert approach.asks(coming) is None
    said = {"resource": no.resource, "holder": no.holder, "lifts": no.lifts}
    approach.state.wait(approach.now, here.vehicle, no.reason, **said)
    chain = about(book_of(approach.state, approach.now), here.vehicle)
    assert chain is not None
    assert any("PLANNED_LATER" in line for line in words(chain))
    assert coming.vehicle in chain.root


def test_nobody_waits_for_an_expected_truck_unless_told_to() -> None:
    """SUP-050: as it is delivered."""
    approach, here, _ = two(wait_ms=0)
    assert approach.asks(here) is None


def test_wait_has_an_end_and_there_is_no_second_one_at_the_same_section() -> None:
    """SUP-050: whoever is expected then; and it is looked at without anything else happening."""
    approach, here, coming = two()
    assert approach.asks(here) is not None
    approach.at_ms = WAIT_MS - 2_000
    approach.state.heard[coming.vehicle].front_m += 95.0
    assert approach.asks(here) is not None
    approach.state.dirty.clear()
    approach.planners.watch(approach.now)
    assert here.mission_id in approach.state.dirty
    approach.at_ms = WAIT_MS
    assert approach.asks(here) is None
    another = approach.truck("w2", 60.0)
    approach.plan(w1=20, w2=40, e1=90)
    approach.at_ms += WAIT_MS
    assert approach.asks(here) is None
    assert another.vehicle in approach.state.heard


def falls_silent(approach: Approach, coming: Mission) -> None:
    approach.state.heard[coming.vehicle].silent = True


def dies(approach: Approach, coming: Mission) -> None:
    del approach.state.heard[coming.vehicle]


def stops_for_good(approach: Approach, coming: Mission) -> None:
    approach.state.halts["guard/x"] = Halted(coming.vehicle, Reason.GUARD_TRIPPED.name)


def is_held(approach: Approach, coming: Mission) -> None:
    held = Reason.PERSON_AT_TRUCK
    approach.state.wait(approach.now, coming.vehicle, held, resource="x", holder="y")


def waits_for_another(approach: Approach, coming: Mission) -> None:
    held = Reason.ZONE_OCCUPIED
    approach.state.wait(approach.now, coming.vehicle, held, resource="x", holder="y")


def is_late(approach: Approach, coming: Mission) -> None:
    approach.state.heard[coming.vehicle].front_m -= 1_500.0


def loses_its_release(approach: Approach, coming: Mission) -> None:
    approach.state.crossings[coming.crossing].releases.pop("CN")


def is_sent_to_a_bay(approach: Approach, coming: Mission) -> None:
    coming.place = "cn_bay_w1"


def is_sent_another_way(approach: Approach, coming: Mission) -> None:
    coming.lanes = coming.lanes[:2]


def is_over(approach: Approach, coming: Mission) -> None:
    del approach.state.missions[coming.mission_id]


def is_doubted(approach: Approach, coming: Mission) -> None:
    approach.state.heard[coming.vehicle].doubted = "a counter"


def is_planned_later(approach: Approach, coming: Mission) -> None:
    approach.plan(e1=20, w1=90)


def plan_is_none(approach: Approach, coming: Mission) -> None:
    approach.plan()


@pytest.mark.parametrize(
    "happens",
    [
        *(falls_silent, dies, stops_for_good, is_held, waits_for_another, is_late, is_doubted),
        *(loses_its_release, is_sent_to_a_bay, is_sent_another_way, is_over),
        *(is_planned_later, plan_is_none),
    ],
)
def test_truck_goes_at_once_when_the_expected_one_will_not_come(
    happens: Callable[[Approach, Mission], None],
) -> None:
    """SUP-050."""
    approach, here, coming = two()
    assert approach.asks(here) is not None
    happens(approach, coming)
    approach.at_ms = 1
    assert approach.asks(here) is None


def test_nobody_waits_for_a_truck_behind_it_nor_for_one_of_its_convoy() -> None:
    """SUP-050: it could not come by."""
    approach = Approach()
    here, behind = approach.truck("e1", 5.0), approach.truck("e2", 60.0)
    approach.plan(e2=20, e1=90)
    assert approach.asks(here) is None
    approach, here, coming = two()
    coming.convoy = here.convoy
    assert approach.asks(here) is None
    assert behind.direction == "E"


def test_who_waits_while_others_use_the_section_against_it_has_its_wait_before_it() -> None:
    """SUP-050: the time runs only while it might have gone."""
    approach, here, coming = two()
    inside = approach.truck("w0", 5.0)
    claim = approach.state.claim(inside)
    assert approach.state.zones.allocate("bridge", claim) is None
    assert approach.asks(here) is None  # the interlocking's to say
    approach.at_ms = WAIT_MS
    approach.state.zones.zones["bridge"].holders.clear()
    assert approach.asks(here) is not None
    assert coming.vehicle in approach.state.heard


def test_nobody_is_kept_any_more_when_somebody_has_waited_long() -> None:
    """SUP-050, SUP-026."""
    approach, here, _ = two(longest_ms=30_000)
    assert approach.asks(here) is not None
    approach.at_ms = 30_000
    assert approach.asks(here) is None


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_to_the_others_each_truck_goes_after_its_bound(seed: int) -> None:
    """SUP-050: trucks come, stop, fall silent, are heard again; plans change at every moment."""
    rng = random.Random(seed)
    approach = Approach()
    here = approach.truck("e1", 5.0)
    others = [approach.truck(f"w{n}", rng.uniform(60.0, 400.0)) for n in range(1, 5)]
    refused: list[int] = []
    for second in range(WAIT_MS // 1_000 + 30):
        approach.at_ms = 1_000 * second
        for other in others:
            heard = approach.state.heard[other.vehicle]
            heard.silent = rng.random() < 0.2
            heard.front_m += rng.choice((0.0, 0.0, 4.0))
        approach.plan(e1=50, **{each.crossing: rng.randint(0, 100) for each in others})
        no = approach.asks(here)
        if no is not None:
            assert no.reason is Reason.PLANNED_LATER
            refused.append(second)
    assert refused
    assert refused[-1] - refused[0] < WAIT_MS // 1_000
