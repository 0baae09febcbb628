"""Progress: once everything is mended, does everybody get on, or wait for somebody who may wait?

Judged at the end of a run from the log and from where trucks have moved. Stuck is a run in which
nobody has crossed since, a truck stands without a reason, or a wait that a program should have
ended has gone on ever since. Who waits for people at customs, or behind somebody who does, is not
stuck, nor whom they kept until after everything was mended; nor is a truck that the scenario leaves
broken. Not here: rings of waits (outcome.py), safety (checkers.py).
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from contract.reasons import Party, Reason
from sim.distributions import parse_duration
from sim.engine import NS_PER_S
from sim.outcome import CrossingTale, Tally, Waiting
from sim.scenario_types import Crossings, Duration

if TYPE_CHECKING:
    from sim.world import World

LOOK_S: Final = 5.0
MOVED_M: Final = 0.5
STILL_S: Final = 120.0  # longer than a gate, a station or a change of formation takes
_PEOPLE: Final = (Party.OFFICE, Party.OFFICE_KZ, Party.OFFICE_CN)
# Of an office, and yet decided by a program, within seconds.
_PROMPT: Final = (Reason.CLEARANCE_PENDING, Reason.BATCH_INCOMPLETE)


class ProgressSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[progress]: from when on nothing is broken any more, and all are to get on.

    after   0s: nothing is demanded;  crossings   so many finish after it, as far as there are any
    """

    after: Duration = "0s"
    crossings: Crossings = 1

    @property
    def after_s(self) -> float:
        return parse_duration(self.after)


@dataclass(slots=True)
class Moves:
    """When each truck was last seen to have moved, in seconds; looks on and draws nothing."""

    world: "World"
    moved_s: dict[str, float] = field(default_factory=dict)
    _at: dict[str, tuple[float, float]] = field(default_factory=dict)

    def begin(self) -> None:
        self._look()

    def _look(self) -> None:
        now_ns = self.world.engine.now_ns
        for name in self.world.fleet.names:
            x_m, y_m = self.world.fleet.motion(name)[:2]
            before = self._at.get(name)
            if before is None or abs(x_m - before[0]) + abs(y_m - before[1]) > MOVED_M:
                self._at[name] = (x_m, y_m)
                if before is not None:
                    self.moved_s[name] = now_ns / NS_PER_S
        self.world.engine.watch(now_ns + int(LOOK_S * NS_PER_S), self._look)


def judge(world: "World", tally: Tally, moves: Moves, end_s: float) -> dict[str, Any]:
    """The `progress` part of result.json: what was demanded, what came of it, who is stuck."""
    section = world.scenario.progress
    after_s = section.after_s
    dead = broken_for_good(world)
    finished = [t for t in tally.crossings.values() if (t.arrived_s or 0.0) > after_s]
    open_ = [t for t in tally.crossings.values() if _is_open(t) and t.vehicle not in dead]
    stuck: list[dict[str, Any]] = []
    for tale in open_:
        why = _stuck(tally, tale, moves.moved_s, after_s=after_s, end_s=end_s, dead=dead)
        if why:
            stuck.append({"vehicle": tale.vehicle, "crossing": tale.crossing, "why": why})
    few = len(finished) < min(section.crossings, len(finished) + len(open_))
    kept = [t for t in open_ if _waits_for_people(tally, t, dead) or _was_kept(t, after_s)]
    if few and not stuck and len(kept) < len(open_):
        why = f"{len(finished)} crossings have finished since, expected {section.crossings}"
        stuck.append({"vehicle": "", "crossing": "", "why": why})
    return {"after_s": after_s, "crossings": len(finished), "open": len(open_), "stuck": stuck}


def broken_for_good(world: "World") -> frozenset[str]:
    """Trucks that a fault without an end has broken."""
    lasting = {f.target for f in world.scenario.fault if parse_duration(f.lasts) <= 0.0}
    return frozenset(lasting.intersection(world.fleet.names))


def _is_open(tale: CrossingTale) -> bool:
    """Under way, or able to be: neither over nor left to a new declaration."""
    return bool(tale.vehicle) and tale.outcome in ("open", "moving", "diverted")


def _stuck(
    tally: Tally,
    tale: CrossingTale,
    moved_s: Mapping[str, float],
    *,
    after_s: float,
    end_s: float,
    dead: AbstractSet[str],
) -> str:
    """Why this crossing is stuck; "" if it is not."""
    recent_s = end_s - STILL_S
    if moved_s.get(tale.vehicle, 0.0) > recent_s:
        return ""
    wait = tally.waiting.get(tale.vehicle)
    if wait is None:
        told_s = max(tale.left_s or 0.0, tale.cleared_s or 0.0, tale.filed_s or 0.0)
        return "" if told_s > recent_s else "stands without a reason"
    last = _root(tally.waiting, wait)
    moving = any(moved_s.get(v, 0.0) > recent_s for v in (last.vehicle, last.holder))
    if moving or last.holder in dead or _may_wait(last):
        return ""
    if last.reason == Reason.NOT_READY.name and last.since_s > after_s:
        return ""  # loading has begun since
    if last.reason == Reason.CONVOY_FORMING.name and last.since_s > recent_s:
        return ""  # it waits no longer than a convoy is put together for
    said = f"{last.vehicle} waits since {last.since_s:.0f} s: {last.reason} {last.resource}"
    return said if last is wait else f"waits behind {said}"


def _root(waiting: Mapping[str, Waiting], wait: Waiting) -> Waiting:
    """The last wait of the chain from waiter to holder; a ring ends where it closes."""
    seen = {wait.vehicle}
    while True:
        behind = wait.holder
        if wait.reason == Reason.BATCH_INCOMPLETE.name:  # its resource: CROSSING VEHICLE: REASON
            behind = wait.resource.partition(" ")[2].partition(":")[0]
        if behind not in waiting or behind in seen:
            return wait
        seen.add(behind)
        wait = waiting[behind]


def _may_wait(wait: Waiting) -> bool:
    """People at customs take their time."""
    reason = Reason.__members__.get(wait.reason)
    return reason is not None and reason.owner in _PEOPLE and reason not in _PROMPT


def _was_kept(tale: CrossingTale, after_s: float) -> bool:
    """Whether people at customs still had it, under way, when everything was mended."""
    if tale.left_s is None or tale.cleared_s is None:
        return False
    return tale.left_s <= after_s < tale.cleared_s


def _waits_for_people(tally: Tally, tale: CrossingTale, dead: AbstractSet[str]) -> bool:
    wait = tally.waiting.get(tale.vehicle)
    if wait is None:
        return False
    last = _root(tally.waiting, wait)
    return last.holder in dead or _may_wait(last)
