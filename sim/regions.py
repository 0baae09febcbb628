"""Regions where trucks lose a bearer: radio silence at the line, as roaming causes it.

A truck that comes into a region is cut off from whom the bearer carries to - the supervisor, or the
gates - for a time that is drawn for each truck and each visit; with the region the silence ends at
the latest, for beyond it another mast, or the gate's own radio, is in reach. What is sent meanwhile
is lost, and the mailboxes send it again. Also counts who stands still between the gates meanwhile.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from contract.map import CorridorMap
from sim.distributions import parse_distribution, parse_duration
from sim.engine import NS_PER_S, Engine, stream
from sim.fleet import Fleet
from sim.network import Network
from sim.plant import V, X, Y
from sim.scenario_network import CELLULAR, RegionSection

PERIOD_NS: Final = NS_PER_S // 10
STANDING_MPS: Final = 0.01


@dataclass(slots=True)
class Visit:
    """One truck in one region: since when it is there, and until when it is cut off."""

    since_ns: int
    until_ns: int
    cut: bool = True


@dataclass(slots=True)
class Region:
    """One region: who is in it, and how its silences are drawn."""

    area: Any
    peers: tuple[str, ...]
    draw: Callable[[], float]
    visits: dict[str, Visit] = field(default_factory=dict)


class Regions:
    """Looks ten times a second who is where; exists only where a scenario has regions."""

    def __init__(
        self,
        sections: list[RegionSection],
        corridor: CorridorMap,
        supervisor: str,
        *,
        fleet: Fleet,
        network: Network,
        engine: Engine,
        seed: int,
    ) -> None:
        self._map, self._fleet, self._network, self._engine = corridor, fleet, network, engine
        self._regions = [
            self._region(index, section, supervisor, seed) for index, section in enumerate(sections)
        ]
        self._standing: set[str] = set()
        self.silences = 0
        self.silent_s = 0.0
        self.stops = 0
        if self._regions:
            engine.watch(0, self._look)

    def _region(self, index: int, section: RegionSection, supervisor: str, seed: int) -> Region:
        corners = np.array(section.polygon, dtype=np.float64)
        silence, rng = parse_distribution(section.silence), stream(seed, f"region/{index}")
        longest_s = parse_duration(section.longest)
        peers = (supervisor,) if section.bearer == CELLULAR else tuple(self._map.gates)
        area = shapely.Polygon(self._map.frame.to_xy_m(corners))
        return Region(area, peers, lambda: min(silence.sample(rng), longest_s))

    def _look(self) -> None:
        now_ns = self._engine.now_ns
        self._engine.watch(now_ns + PERIOD_NS, self._look)
        state = self._fleet.state
        for region in self._regions:
            self._visit(region, shapely.contains_xy(region.area, state[:, X], state[:, Y]), now_ns)
        self._count_stops(state[:, V])

    def _visit(self, region: Region, inside: npt.NDArray[np.bool_], now_ns: int) -> None:
        for i, name in enumerate(self._fleet.names):
            visit = region.visits.get(name)
            if visit is None and inside[i]:
                region.visits[name] = Visit(now_ns, now_ns + int(region.draw() * NS_PER_S))
                self.silences += 1
                self._cut(name, region, on=True)
            elif visit is not None and visit.cut and (not inside[i] or now_ns >= visit.until_ns):
                visit.cut = False
                self.silent_s += (now_ns - visit.since_ns) / NS_PER_S
                self._cut(name, region, on=False)
            if visit is not None and not inside[i]:
                del region.visits[name]

    def _cut(self, name: str, region: Region, *, on: bool) -> None:
        pairs = {frozenset((name, peer)) for peer in region.peers}
        self._network.silent = self._network.silent | pairs if on else self._network.silent - pairs

    def _count_stops(self, speeds: npt.NDArray[np.float64]) -> None:
        """A truck that has come to stand between the gates counts once."""
        for i, name in enumerate(self._fleet.names):
            if abs(speeds[i]) > STANDING_MPS:
                self._standing.discard(name)
            elif name not in self._standing:
                self._standing.add(name)
                place = self._fleet.where(name)
                if place is not None and self._map.zones[self._map.lanes[place[0]].zone].neutral:
                    self.stops += 1

    @property
    def figures(self) -> dict[str, float]:
        """What result.json says of it."""
        return {
            "silences": self.silences,
            "silent_s": round(self.silent_s, 3),
            "stops_between_gates": self.stops,
        }
