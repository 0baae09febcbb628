"""Supervisor and trucks over a link that delays, doubles and reorders: one number, one list.

The mailbox keeps order and repeats what is lost; here neither is counted on. Every message comes in
the end, some late, some twice, some after younger ones.
"""

from dataclasses import dataclass, field
from typing import Any, Final

from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.agent import Effect, Send
from contract.limits import FORMATION_APPROACH_MS, FORMATION_OPEN_MS, MEMBER_HEADWAY_S
from contract.v1.movement_pb2 import FormationReply
from corridor.formation_phases import FormationPhase
from tests.corridor.convoys import Convoys
from tests.factories import TRUCKS
from tests.vehicle.member import a_reading
from vehicle.convoy import TruckConvoy
from vehicle.convoy_phases import ConvoyPhase

A, B, C = TRUCKS
QUIET_S: Final = (FORMATION_APPROACH_MS + FORMATION_OPEN_MS) // 1_000 + 30
APART: Final = (ConvoyPhase.SOLO,)


@dataclass
class Party:
    """One supervisor, three trucks, and what is on its way between them."""

    convoys: Convoys = field(default_factory=Convoys)
    post: list[tuple[str, Message]] = field(default_factory=list)
    lists: dict[int, tuple[str, ...]] = field(default_factory=dict)
    trucks: dict[str, TruckConvoy] = field(default_factory=dict)
    looks: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for truck in TRUCKS:
            self.boot(truck)
            self.looks[truck] = a_reading()

    def boot(self, truck: str) -> None:
        self.trucks[truck] = TruckConvoy(truck, "supervisor")

    def carry(self, sender: str, effects: list[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                to = sender if effect.to == "supervisor" else effect.to
                self.post.append((to, effect.message))

    def deliver(self, place: int, *, again: bool = False) -> None:
        """Any message that is on its way arrives; `again`: and once more later."""
        if not self.post:
            return
        place %= len(self.post)
        truck, message = self.post[place] if again else self.post.pop(place)
        if isinstance(message, FormationReply):
            self.convoys.formations.on_reply(self.convoys.now, truck, message)
            self.carry(truck, self.convoys.taken())
        else:
            member, now = self.trucks[truck], self.convoys.now
            self.carry(truck, member.on_order(now, message, self.looks[truck], None))  # type: ignore[arg-type]
        self.check()

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            self.carry("", self.convoys.watch())
            for truck, member in self.trucks.items():
                self.carry(truck, member.watch(self.convoys.now, self.looks[truck]))
            self.check()

    def settle(self, seconds: int) -> None:
        """Nothing goes wrong any more."""
        for _ in range(seconds):
            while self.post:
                self.deliver(0)
            self.pass_time(1)

    def check(self) -> None:
        """SUP-013: who believes in a number believes in one list; a follower in its place."""
        for truck, member in self.trucks.items():
            formation = member.formation
            if formation.epoch:
                known = self.lists.setdefault(formation.epoch, formation.members)
                assert formation.members == known
            if member.manner.headway_s == MEMBER_HEADWAY_S:
                place = formation.members.index(truck)
                assert member.manner.predecessor == formation.members[place - 1]

    def lists_in_force(self) -> set[tuple[str, ...]]:
        together = (ConvoyPhase.MEMBER, ConvoyPhase.LEADING)
        return {each.formation.members for each in self.trucks.values() if each.phase in together}


MISHAPS = st.one_of(
    st.tuples(st.just("deliver"), st.integers(0, 9)),
    st.tuples(st.just("again"), st.integers(0, 9)),
    st.tuples(st.just("time"), st.integers(1, 8)),
    st.tuples(st.just("stand"), st.sampled_from([(A, B), (A, B, C)])),
    st.tuples(st.just("end"), st.just(TRUCKS)),
    st.tuples(st.just("restart"), st.sampled_from(["supervisor", *TRUCKS])),
    st.tuples(st.just("look"), st.sampled_from(TRUCKS), st.sampled_from([0.05, 2.0])),
)


def befall(party: Party, what: str, *how: Any) -> None:
    convoys = party.convoys
    if what in ("deliver", "again"):
        party.deliver(how[0], again=what == "again")
    elif what == "time":
        party.pass_time(how[0])
    elif what == "stand":
        convoys.stand(*how[0])
    elif what == "end":
        convoys.at_end(*how[0])
    elif what == "look":
        party.looks[how[0]] = a_reading(beacon_age_s=how[1])
    elif how[0] == "supervisor":
        convoys.restart()
    else:
        party.boot(how[0])
        convoys.formations.restarted(convoys.now, how[0])
        party.carry("", convoys.taken())


@settings(max_examples=150, deadline=None)
@given(st.lists(MISHAPS, max_size=40))
def test_whatever_the_link_does_equal_numbers_mean_equal_lists_and_all_ends_well(
    mishaps: list[Any],
) -> None:
    """SUP-013, SUP-014."""
    party = Party()
    party.convoys.stand(A, B, C)
    for mishap in mishaps:
        befall(party, *mishap)
    for truck in TRUCKS:
        party.looks[truck] = a_reading()
    party.settle(QUIET_S)
    rows = party.convoys.state.formations.values()
    for row in rows:
        assert row.phase in (FormationPhase.SPLIT, FormationPhase.FORMED)
        assert party.lists_in_force() == ({tuple(row.members)} if row.members else set())


@settings(max_examples=50, deadline=None)
@given(st.lists(MISHAPS, max_size=25))
def test_whatever_the_link_did_the_end_of_the_stretch_finds_everybody_alone(
    mishaps: list[Any],
) -> None:
    """SUP-014: a formation never reaches a place that takes one vehicle at a time."""
    party = Party()
    party.convoys.stand(A, B, C)
    for mishap in mishaps:
        befall(party, *mishap)
    party.convoys.at_end(A, B, C)
    party.settle(QUIET_S)
    assert {member.phase for member in party.trucks.values()} == set(APART)


def test_three_trucks_on_a_good_link_drive_as_one_and_part_again() -> None:
    party = Party()
    party.convoys.stand(A, B, C)
    party.settle(20)
    assert party.lists_in_force() == {TRUCKS}
    party.convoys.at_end(A, B, C)
    party.settle(20)
    assert party.lists_in_force() == set()
