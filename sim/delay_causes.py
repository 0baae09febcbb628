"""Causes of delay: what held a truck at each moment, as log and stage table have it.

Pure. Waits come from the supervisor's events, visits from the rows of stages.csv. Out: labels -
resource, rule (a reason code), party - and for each instant the one that counts. Not here: how much
was lost (delays.py), what was lost by driving slowly.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from contract.map import CorridorMap
from contract.reasons import Party, Reason
from sim.loads import Visit
from sim.record import Said

NS_PER_MS: Final = 1_000_000
OFFICE: Final = Party.OFFICE.value


class Label(NamedTuple):
    """Whose time it was: the resource, the rule in force there, and the party with the move."""

    resource: str
    rule: str
    party: str


class Held(NamedTuple):
    """One interval with its label, milliseconds."""

    from_ms: int
    to_ms: int
    label: Label


@dataclass(slots=True)
class Timeline:
    """Intervals of one kind of one truck, in order, none over another."""

    rows: list[Held] = field(default_factory=list)

    def at(self, t_ms: float) -> Label | None:
        """The label in force at a time."""
        index = bisect_right(self.rows, t_ms, key=lambda row: row.from_ms) - 1
        if index >= 0 and t_ms < self.rows[index].to_ms:
            return self.rows[index].label
        return None

    def next_from(self, from_ms: float, to_ms: float) -> Label | None:
        """The first label that comes into force within a time."""
        index = bisect_right(self.rows, from_ms, key=lambda row: row.from_ms)
        if index < len(self.rows) and self.rows[index].from_ms < to_ms:
            return self.rows[index].label
        return None

    def near(self, t_ms: float, within_ms: int) -> Label | None:
        """The label nearest to a time, of those in force so shortly before or after."""
        found = [
            (max(row.from_ms - t_ms, t_ms - row.to_ms, 0.0), index)
            for index, row in enumerate(self.rows)
        ]
        away_ms, index = min(found, default=(float("inf"), 0))
        return self.rows[index].label if away_ms <= within_ms else None

    def knots_ms(self, from_ms: int, to_ms: int) -> list[int]:
        """Every beginning and end within a time."""
        ends = {t_ms for row in self.rows for t_ms in row[:2]}
        return sorted(t_ms for t_ms in ends if from_ms < t_ms < to_ms)

    def within(self, from_ms: int, to_ms: int) -> "Timeline":
        """Those intervals that touch a time."""
        return Timeline([row for row in self.rows if row.to_ms > from_ms and row.from_ms < to_ms])


class Causes:
    """Timelines of every truck of a run."""

    def __init__(
        self, corridor: CorridorMap, events: Iterable[Said], visits: Iterable[Visit], end_ms: int
    ) -> None:
        self._map = corridor
        self.places: dict[str, Timeline] = defaultdict(Timeline)
        self.waits: dict[str, Timeline] = defaultdict(Timeline)
        self.gates: dict[str, Timeline] = defaultdict(Timeline)
        self._accepted: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._take_waits(events, end_ms)
        self._take_visits(visits)

    def label(self, reason: Reason, resource: str, holder: str = "") -> Label:
        """A label with its party: an office by its country, where place or holder tells it."""
        party = reason.owner.value
        if party == OFFICE:
            country = self._country(resource)
            if holder.startswith(OFFICE) and holder != OFFICE:
                party = holder
            elif country:
                party = f"{OFFICE} {country}"
        return Label(resource, reason.name, party)

    def _country(self, place: str) -> str:
        there = self._map.stations.get(place) or self._map.bays.get(place)
        return str(there.country) if there is not None else ""

    def _take_waits(self, events: Iterable[Said], end_ms: int) -> None:
        open_since: dict[str, tuple[int, Label]] = {}

        def close(vehicle: str, t_ms: int) -> None:
            since_ms, label = open_since.pop(vehicle, (0, None))
            if label is not None and t_ms > since_ms:
                self.waits[vehicle].rows.append(Held(since_ms, t_ms, label))

        for said in events:
            t_ms = said.t_ns // NS_PER_MS
            vehicle = str(said.fields.get("vehicle", ""))
            if said.code == "vehicle_waits":
                close(vehicle, t_ms)
                open_since[vehicle] = (t_ms, self._wait_label(said.fields))
            elif said.code == "vehicle_goes_on":
                close(vehicle, t_ms)
            elif said.code == "permit_accepted":
                self._accepted[said.node, str(said.fields["gate"])].append(t_ms)
            elif said.code == "command_taken":
                for each in list(open_since):
                    close(each, t_ms)
        for vehicle in list(open_since):
            close(vehicle, end_ms)

    def _wait_label(self, fields: Mapping[str, object]) -> Label:
        code, resource = str(fields["reason"]), str(fields["resource"])
        reason = Reason.__members__.get(code)
        if reason is None:
            return Label(resource, code, Party.SUPERVISOR.value)
        return self.label(reason, resource, str(fields["holder"]))

    def _take_visits(self, visits: Iterable[Visit]) -> None:
        for visit in sorted(visits, key=lambda each: each.arrive_ns):
            spans = (visit.arrive_ns // NS_PER_MS, visit.end_ns // NS_PER_MS)
            if visit.stage in self._map.gates:
                label = self.label(Reason.PERMIT_PENDING, visit.stage)
                to_ms = self._accepted_ms(visit, spans)
                _append(self.gates[visit.vehicle].rows, Held(spans[0], to_ms, label))
            elif visit.stage in self._map.stations:
                label = self.label(Reason.STATION_PENDING, visit.stage)
                _append(self.places[visit.vehicle].rows, Held(*spans, label))
            elif visit.stage in self._map.bays:
                label = self.label(Reason.INSPECTION_PENDING, visit.stage)
                _append(self.places[visit.vehicle].rows, Held(*spans, label))

    def _accepted_ms(self, visit: Visit, spans: tuple[int, int]) -> int:
        """When the truck took its permit, on this visit to a gate; its end if that was not said."""
        times = self._accepted.get((visit.vehicle, visit.stage), [])
        return max((t_ms for t_ms in times if spans[0] <= t_ms <= spans[1]), default=spans[1])


def _append(rows: list[Held], row: Held) -> None:
    """Add an interval behind those there are: a second visit begins where the first one ended."""
    from_ms = max(row.from_ms, rows[-1].to_ms) if rows else row.from_ms
    if row.to_ms > from_ms:
        rows.append(row._replace(from_ms=from_ms))


@dataclass(frozen=True, slots=True)
class Holding:
    """The three timelines of one truck over one crossing."""

    places: Timeline
    waits: Timeline
    gates: Timeline

    def standing(self, from_ms: int, to_ms: int) -> Label | None:
        """Why a truck stands between two times within which nothing changes.

        A station or bay that has it comes first, unless the supervisor says more of that very
        place; then what the supervisor says; then the gate at whose line it stands.
        """
        place, wait = self.places.at(from_ms), self.waits.at(from_ms)
        if place is not None:
            return wait if wait is not None and wait.resource == place.resource else place
        return wait or self.gates.at(from_ms)

    def knots_ms(self, from_ms: int, to_ms: int) -> Sequence[int]:
        """Every time within these at which something changes."""
        lines = (self.places, self.waits, self.gates)
        return [t_ms for line in lines for t_ms in line.knots_ms(from_ms, to_ms)]
