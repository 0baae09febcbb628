"""The interlocking against a model of the road: random claims, entries, counts, doubt. (vital)

The model knows where every truck really is. It moves trucks by what was allocated, lets some stray,
and tells the interlocking late, in any order, or never.
"""

from dataclasses import dataclass
from typing import Final

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from corridor.interlocking import Claim, Interlocking, ZoneRule, ZoneState

ZONES: Final = ("north", "middle", "south")


@dataclass(frozen=True)
class Member:
    """One truck of the model: its convoy's name, its way, and who drives before it."""

    name: str
    convoy: str
    direction: str
    mass_kg: int
    before: tuple[str, ...]

    @property
    def claim(self) -> Claim:
        return Claim(
            self.name, self.convoy, self.direction, self.mass_kg, self.before, self.axle_kg
        )

    @property
    def axle_kg(self) -> int:
        return self.mass_kg // 4


FLEET: Final = {
    each.name: each
    for each in (
        Member("a1", "a", "E", 36_000, ()),
        Member("a2", "a", "E", 20_000, ("a1",)),
        Member("a3", "a", "E", 16_000, ("a1", "a2")),
        Member("b1", "b", "W", 36_000, ()),
        Member("b2", "b", "W", 40_000, ("b1",)),
        Member("c1", "c", "E", 30_000, ()),
    )
}
zones = st.sampled_from(ZONES)
trucks = st.sampled_from(sorted(FLEET))
a_rule = st.builds(
    ZoneRule,
    shared=st.booleans(),
    wired=st.booleans(),
    one_lane=st.booleans(),
    vehicles_max=st.sampled_from([None, 1, 2]),
    mass_max_kg=st.sampled_from([None, 40_000, 60_000]),
    axle_max_kg=st.sampled_from([None, None, 8_000]),
)


class Road(RuleBasedStateMachine):
    """Truth beside the table."""

    @initialize(rules=st.tuples(a_rule, a_rule, a_rule))
    def lay(self, rules: tuple[ZoneRule, ZoneRule, ZoneRule]) -> None:
        self.table = Interlocking(dict(zip(ZONES, rules, strict=True)))
        self.inside: set[tuple[str, str]] = set()
        self.left: set[tuple[str, str]] = set()  # has left, and its report is still on its way
        self.to_count: dict[str, int] = dict.fromkeys(ZONES, 0)

    # --- what the supervisor does ---

    @rule(zone=zones, truck=trucks)
    def allocate(self, zone: str, truck: str) -> None:
        denied = self.table.allocate(zone, FLEET[truck].claim)
        assert denied is not None or truck in self.table.holders(zone)

    @rule(zone=zones, truck=trucks)
    def give_back(self, zone: str, truck: str) -> None:
        """Only what the truck has no authority into: it is not there and was not."""
        row = self.table.zones.get(zone)
        known = [h for h in row.holders if h.vehicle == truck] if row is not None else []
        if known and not known[0].entered and (zone, truck) not in self.inside | self.left:
            self.table.surrender(zone, truck)
            assert truck not in self.table.holders(zone)

    @rule(zone=zones)
    def doubt(self, zone: str) -> None:
        self.table.doubt(zone, "somebody saw something")
        assert self.table.state(zone) is ZoneState.UNKNOWN

    @rule(zone=zones)
    def prove(self, zone: str) -> None:
        """People went and looked; they prove nothing while the zone is in disorder."""
        if not self._disorder(zone):
            self.table.proven(zone)

    # --- what trucks do, and what is heard of it ---

    @rule(zone=zones, truck=trucks)
    def drive_in(self, zone: str, truck: str) -> None:
        if truck in self.table.holders(zone) and (zone, truck) not in self.left:
            self.inside.add((zone, truck))

    @rule(zone=zones, truck=trucks)
    def hear_entry(self, zone: str, truck: str) -> None:
        if (zone, truck) in self.inside:
            self.table.entered(zone, truck)

    @rule(zone=zones, truck=trucks)
    def drive_out(self, zone: str, truck: str) -> None:
        if (zone, truck) in self.inside:
            self.inside.discard((zone, truck))
            self.left.add((zone, truck))
            self.to_count[zone] += 1

    @rule(zone=zones, truck=trucks)
    def hear_exit(self, zone: str, truck: str) -> None:
        if (zone, truck) in self.left:
            self.left.discard((zone, truck))
            self.table.reported(zone, truck)

    @rule(zone=zones, truck=trucks)
    def roll_back(self, zone: str, truck: str) -> None:
        """A truck that has left and still holds the zone stands in it again, and says so."""
        gone = (zone, truck) not in self.inside
        if gone and truck in self.table.holders(zone):
            self.left.discard((zone, truck))
            self.inside.add((zone, truck))
            self.table.found(zone, FLEET[truck].claim)

    @rule(zone=zones, truck=trucks)
    def stray(self, zone: str, truck: str) -> None:
        """A truck that holds nothing is found in the zone."""
        if truck not in self.table.holders(zone):
            self.inside.add((zone, truck))
            ordered = self.table.found(zone, FLEET[truck].claim)
            assert ordered == (self.table.state(zone) is not ZoneState.UNKNOWN)

    @precondition(lambda self: any(self.to_count.values()))
    @rule(zone=zones)
    def hear_counter(self, zone: str) -> None:
        if self.to_count[zone] and self.table.rules[zone].wired:
            self.to_count[zone] -= 1
            self.table.counted(zone, "")

    @rule(zone=zones, direction=st.sampled_from(["", "E", "W"]))
    def miscount(self, zone: str, direction: str) -> None:
        if self.table.rules[zone].wired and not self.table.holders(zone):
            assert self.table.counted(zone, direction) is None
            assert self.table.state(zone) is ZoneState.UNKNOWN

    # --- what holds at every moment ---

    def _disorder(self, zone: str) -> str:
        """What is wrong with a zone by its own rule; empty if nothing is."""
        limits = self.table.rules[zone]
        held = [FLEET[name] for name in self.table.holders(zone)]
        mass_kg = sum(each.mass_kg for each in held)
        if len({each.convoy for each in held}) > 1:
            return "two convoys"
        if not limits.shared and len(held) > 1:
            return "two vehicles"
        if limits.one_lane and len({each.direction for each in held}) > 1:
            return "opposite directions"
        if limits.vehicles_max is not None and len(held) > limits.vehicles_max:
            return "too many"
        if limits.mass_max_kg is not None and mass_kg > limits.mass_max_kg:
            return "too heavy"
        if limits.axle_max_kg and any(each.axle_kg > limits.axle_max_kg for each in held):
            return "an axle too heavy"
        return ""

    @invariant()
    def every_zone_that_is_not_in_doubt_is_in_order(self) -> None:
        """I4, I9: convoys, vehicles, directions, count, mass and axles."""
        for zone in ZONES:
            if self.table.state(zone) is not ZoneState.UNKNOWN:
                assert not self._disorder(zone), zone

    @invariant()
    def no_zone_is_free_of_a_truck_that_is_in_it(self) -> None:
        """I22: occupied until proved free."""
        for zone, truck in self.inside | self.left:
            assert truck in self.table.holders(zone)
            assert self.table.state(zone) is not ZoneState.FREE

    @invariant()
    def a_zone_is_free_exactly_when_anybody_could_have_it(self) -> None:
        for zone in ZONES:
            free = self.table.state(zone) is ZoneState.FREE
            assert free == (not self.table.holders(zone) and not self._doubted(zone))
            assert free == self.table.is_free(zone)

    def _doubted(self, zone: str) -> bool:
        row = self.table.zones.get(zone)
        return row is not None and bool(row.doubt)


TestRoad = Road.TestCase
TestRoad.settings = hypothesis.settings(
    max_examples=150, stateful_step_count=40, deadline=None, derandomize=True
)
