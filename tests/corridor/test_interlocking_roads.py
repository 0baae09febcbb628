"""The interlocking on random roads: trucks drive through, cancel, restart - and all get there.

A road is drawn anew for each run: ways of one lane each to both ends of a section that both
directions use, zones with rules of any kind. The model knows where every truck is, front and rear.
Claims are made as grants are: in the order of the way, nobody beyond whoever of its convoy is
ahead, and the section only together with the zone behind it. Words are heard late; the table is
written down zone by zone, as it says that zones have changed, and read back in a restart.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from contract.errors import InvariantBroken
from corridor.interlocking import Claim, Interlocking, Zone, ZoneRule, ZoneState

NAMES: Final = ("a1", "a2", "b1", "c1", "c2", "d1")
trucks = st.sampled_from(NAMES)
pick = st.integers(0, 1_000)


def a_rule(*, one_lane: bool) -> st.SearchStrategy[ZoneRule]:
    """Any rule under which each truck by itself may pass."""
    return st.builds(
        ZoneRule,
        shared=st.booleans(),
        wired=st.booleans(),
        one_lane=st.just(one_lane),
        vehicles_max=st.sampled_from([None, 1, 2]),
        mass_max_kg=st.sampled_from([None, 40_000, 60_000]),
    )


def some(*, one_lane: bool = False) -> st.SearchStrategy[list[ZoneRule]]:
    return st.lists(a_rule(one_lane=one_lane), min_size=1, max_size=2)


@dataclass
class Truck:
    """One truck: its way, and the zones of it from `rear` to `front` that it stands in; it holds
    those before `had` that it has not been proven to have left.
    """

    name: str
    direction: str
    mass_kg: int
    way: list[str]
    rear: int = 0
    front: int = 0
    had: int = 1
    unheard: list[str] = field(default_factory=list)  # left, and its report is still on its way
    entered: list[str] = field(default_factory=list)  # the same of entries

    @property
    def convoy(self) -> str:
        return self.name[0]

    @property
    def over(self) -> bool:
        return self.rear == len(self.way)

    @property
    def inside(self) -> list[str]:
        return self.way[self.rear : self.front + 1]


class Roads(RuleBasedStateMachine):
    """Truth beside the table."""

    @initialize(
        ways=st.tuples(some(), some(), some(), some()),
        section=some(one_lane=True),
        masses=st.lists(st.sampled_from([16_000, 30_000, 40_000]), min_size=6, max_size=6),
    )
    def lay(
        self, ways: tuple[list[ZoneRule], ...], section: list[ZoneRule], masses: list[int]
    ) -> None:
        to_east, from_east, to_west, from_west = (
            {f"{name}{n}": each for n, each in enumerate(rules)}
            for name, rules in zip(("e_to_", "e_from_", "w_to_", "w_from_"), ways, strict=True)
        )
        middle = {f"section{n}": each for n, each in enumerate(section)}
        berths = {f"berth_{name}": ZoneRule(False, False, False, 1, None) for name in NAMES}
        self.limits = to_east | from_east | to_west | from_west | middle | berths
        self.section = set(middle)
        east = [*to_east, *middle, *from_east]
        west = [*to_west, *reversed(middle), *from_west]
        self.trucks = {
            name: Truck(name, "E", mass, [f"berth_{name}", *east])
            if name[0] in "ab"
            else Truck(name, "W", mass, [f"berth_{name}", *west])
            for name, mass in zip(NAMES, masses, strict=True)
        }
        self.table = Interlocking(self.limits)
        self.disk: dict[str, bytes] = {}
        self.to_count: list[tuple[str, str]] = []
        self.used: dict[str, set[str]] = {}
        for truck in self.trucks.values():
            assert self.table.found(truck.way[0], self._claim(truck))
        self._commit()

    # --- what the supervisor does ---

    def _claim(self, truck: Truck) -> Claim:
        before = tuple(n for n in NAMES if n[0] == truck.convoy and n < truck.name)
        return Claim(truck.name, truck.convoy, truck.direction, truck.mass_kg, before)

    def _wanted(self, truck: Truck) -> list[str]:
        """The next zones that it may ask for together; none if it is not its turn."""
        first = truck.had
        last = first
        while last < len(truck.way) and truck.way[last] in self.section:
            last += 1
        group = truck.way[first : last + 1]
        ahead = [self.trucks[name] for name in self._claim(truck).before]
        within = min((each.had for each in ahead if not each.over), default=len(truck.way))
        return group if first + len(group) <= within else []

    def _commit(self) -> None:
        """What the table says has changed, and nothing else, is written down."""
        for zone in self.table.changed:
            self.disk[zone] = msgspec.msgpack.encode(self.table.zones[zone])
        self.table.changed.clear()

    @rule(name=trucks)
    def claim(self, name: str) -> None:
        truck = self.trucks[name]
        group, claim = self._wanted(truck), self._claim(truck)
        if group and all(self.table.judge(zone, claim) is None for zone in group):
            for zone in group:
                assert self.table.allocate(zone, claim) is None
            truck.had += len(group)
        self._commit()

    @rule(name=trucks)
    def cancel(self, name: str) -> None:
        """In whatever state it is: it keeps what it stands in, and gives back what lies ahead - but
        never so that it would be left in the section, whose zones it then keeps.
        """
        truck = self.trucks[name]
        behind = [each for each in self.trucks.values() if name in self._claim(each).before]
        beyond = max((each.had for each in behind if not each.over), default=0)
        last = max(truck.front + 1, beyond)
        while last < truck.had and (
            truck.way[last] in self.section or truck.way[last - 1] in self.section
        ):
            last += 1
        for zone in truck.way[last : truck.had]:
            self.table.surrender(zone, name)
            assert name not in self.table.holders(zone)
        truck.had = min(truck.had, last) if not truck.over else truck.had
        self._commit()

    @rule(name=trucks)
    def cancel_what_is_entered(self, name: str) -> None:
        """I22: what a truck is known to be in is no promise that could be given back."""
        truck = self.trucks[name]
        for zone in self.table.entered_by(name):
            with pytest.raises(InvariantBroken):
                self.table.surrender(zone, name)
        assert set(truck.inside) <= {z for z in self.limits if name in self.table.holders(z)}

    @rule(number=pick)
    def doubt(self, number: int) -> None:
        zone = sorted(self.limits)[number % len(self.limits)]
        self.table.doubt(zone, "somebody saw something")
        self._commit()

    @rule(number=pick)
    def prove(self, number: int) -> None:
        self.table.proven(sorted(self.limits)[number % len(self.limits)])
        self._commit()

    @rule()
    def restart(self) -> None:
        """Only the journal is left; it is all there was."""
        zones = {zone: msgspec.msgpack.decode(row, type=Zone) for zone, row in self.disk.items()}
        before = {zone: row for zone, row in self.table.zones.items() if row.holders or row.doubt}
        assert {zone: row for zone, row in zones.items() if row.holders or row.doubt} == before
        self.table = Interlocking(self.limits, zones)

    # --- what trucks do, and what is heard of it ---

    @rule(name=trucks)
    def drive(self, name: str) -> None:
        """Its front into the next zone that it has, or its rear out of the last one."""
        truck = self.trucks[name]
        if truck.over:
            return
        if truck.rear < truck.front or truck.front == len(truck.way) - 1:
            zone = truck.way[truck.rear]
            truck.rear += 1
            truck.unheard.append(zone)
            if self.limits[zone].wired:
                self.to_count.append((zone, truck.direction))
        elif truck.front + 1 < truck.had:
            truck.front += 1
            truck.entered.append(truck.way[truck.front])

    @rule(name=trucks)
    def hear_entry(self, name: str) -> None:
        truck = self.trucks[name]
        if truck.entered:
            zone = truck.entered.pop(0)
            if zone in truck.inside:
                self.table.entered(zone, name)
        self._commit()

    @rule(name=trucks)
    def hear_report(self, name: str) -> None:
        truck = self.trucks[name]
        if truck.unheard:
            self.table.reported(truck.unheard.pop(0), name)
        self._commit()

    @rule(number=pick)
    def hear_counter(self, number: int) -> None:
        """Counters speak in any order, each of them in its own."""
        if self.to_count:
            zone, _ = self.to_count[number % len(self.to_count)]
            first = next(each for each in self.to_count if each[0] == zone)
            self.to_count.remove(first)
            self.table.counted(*first)
        self._commit()

    # --- what holds at every moment ---

    @invariant()
    def no_zone_has_two_holders_or_more_than_its_limits(self) -> None:
        """I4, I9: convoys, vehicles, directions, count and mass; whether it is in doubt or not."""
        for zone, limits in self.limits.items():
            held = [self.trucks[name] for name in self.table.holders(zone)]
            assert len({each.convoy for each in held}) <= 1, zone
            assert limits.shared or len(held) <= 1, zone
            assert limits.vehicles_max is None or len(held) <= limits.vehicles_max, zone
            mass_kg = sum(each.mass_kg for each in held)
            assert limits.mass_max_kg is None or mass_kg <= limits.mass_max_kg, zone

    @invariant()
    def no_zone_is_free_under_a_truck_or_before_its_rear_was_heard_of(self) -> None:
        """I22."""
        for truck in self.trucks.values():
            for zone in truck.inside:
                assert truck.name in self.table.holders(zone), zone
                assert self.table.state(zone) is not ZoneState.FREE, zone

    @invariant()
    def a_section_turns_only_when_it_is_empty(self) -> None:
        """I9: by the table, and truly."""
        for zone in self.section:
            held = {self.trucks[name].direction for name in self.table.holders(zone)}
            assert len(held) <= 1, zone
            before = self.used.get(zone, set())
            assert not before or not held or held == before, zone
            self.used[zone] = held
        inside = [each for each in self.trucks.values() if self.section & set(each.inside)]
        for zone in self.section:
            there = {each.direction for each in inside if zone in each.inside}
            assert len(there) <= 1, zone

    # --- and in the end ---

    def teardown(self) -> None:
        """Everybody goes on, everything is heard, people look at what is in doubt: all arrive."""
        if not hasattr(self, "trucks"):
            return
        for _ in range(12 * len(NAMES)):
            if all(truck.over for truck in self.trucks.values()):
                break
            self._everything_is_heard()
            self._hold()
            for name in NAMES:
                Roads.claim(self, name)
                Roads.drive(self, name)
                Roads.drive(self, name)
                self._hold()
        waiting = [truck.name for truck in self.trucks.values() if not truck.over]
        assert not waiting, f"{waiting} never got there"
        self._everything_is_heard()
        assert not any(self.table.holders(zone) for zone in self.limits)

    def _everything_is_heard(self) -> None:
        for name, truck in self.trucks.items():
            while truck.entered:
                Roads.hear_entry(self, name)
            while truck.unheard:
                Roads.hear_report(self, name)
        while self.to_count:
            Roads.hear_counter(self, 0)
        for zone in self.limits:
            self.table.proven(zone)

    def _hold(self) -> None:
        self.no_zone_has_two_holders_or_more_than_its_limits()
        self.no_zone_is_free_under_a_truck_or_before_its_rear_was_heard_of()
        self.a_section_turns_only_when_it_is_empty()


TestRoads: Any = Roads.TestCase
TestRoads.settings = hypothesis.settings(
    max_examples=80, stateful_step_count=50, deadline=None, derandomize=True
)


class ManyRoads(Roads):
    """The same, at length."""


TestManyRoads: Any = pytest.mark.soak(pytest.mark.timeout(1800)(ManyRoads.TestCase))
TestManyRoads.settings = hypothesis.settings(
    max_examples=2_000, stateful_step_count=60, deadline=None
)
