"""Is a schedule allowed? A checker that knows the form and nothing of how plans are made.

Pure. The rules:
    release   no step begins before its job's release;  order   nor before the one before it ends
    places    at any moment at most `capacity` steps are under way on a resource; a step of no
              length counts where it lies inside another
    headway   on a section, entries of one direction are headway_s apart
    overtaking  who enters a section later leaves no earlier; in the same second, at the same time
    turn      a section is empty for turn_s before the other direction enters
Times are whole microseconds here. Also: what a schedule costs. Not here: building one (decode.py).
"""

import heapq
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from corridor.timetable.form import Instance, Resource
from corridor.timetable.model import NEVER

US: Final = 1_000_000

Entry = tuple[int, int, int, str]  # start, end, direction, job


def exact(seconds: float) -> int:
    """A figure of the form in microseconds; what is finer counts as a whole one more."""
    return math.ceil(seconds * US - 1e-6)


def faults(instance: Instance, schedule: Mapping[str, Sequence[int]]) -> list[str]:
    """Every rule that is broken, in words; empty if the schedule is allowed."""
    found = [f"{name}: no job of the instance" for name in schedule if name not in instance.jobs]
    entries: dict[str, list[Entry]] = {name: [] for name in instance.resources}
    for name, job in instance.jobs.items():
        starts = schedule.get(name, ())
        if len(starts) != len(job.steps):
            found.append(f"{name}: {len(starts)} starts for {len(job.steps)} steps")
            continue
        ready, rule = exact(job.release_s), "release"
        for number, (start, step) in enumerate(zip(starts, job.steps, strict=True)):
            if type(start) is not int:
                found.append(f"{name}: step {number} begins at {start!r}, no whole second")
                continue
            if start * US < ready:
                found.append(f"{rule}: {name} begins step {number} at {start}, before {ready / US}")
            ready, rule = start * US + exact(step.duration_s), "order"
            entries[step.resource].append((start * US, ready, job.direction, name))
    for name, resource in instance.resources.items():
        rows = sorted(entries[name])
        found += (
            places(name, resource, rows)
            if resource.turn_s is None
            else section(name, resource, rows)
        )
    return found


def places(name: str, resource: Resource, rows: list[Entry]) -> list[str]:
    """Rows by start and end; kept are the ends of those still under way."""
    found: list[str] = []
    busy: list[int] = []
    for start, end, _, job in rows:
        while busy and busy[0] <= start:
            heapq.heappop(busy)
        if len(busy) >= resource.capacity:
            found.append(
                f"places: {name} has {resource.capacity}, {job} is one too many at {start / US}"
            )
        if end > start:
            heapq.heappush(busy, end)
    return found


def section(name: str, resource: Resource, rows: list[Entry]) -> list[str]:
    """Rows by start and end; kept are, for each direction, the newest entry and the last exit."""
    found = []
    headway, turn = exact(resource.headway_s), exact(resource.turn_s or 0.0)
    newest, leaves = [NEVER, NEVER], [NEVER, NEVER]
    for start, end, side, job in rows:
        who = f"{name}: {job} at {start / US}"
        if start < leaves[1 - side] + turn:
            found.append(f"turn: {who}, the other direction left at {leaves[1 - side] / US}")
        if start < newest[side] + headway:
            found.append(f"headway: {who}, behind one at {newest[side] / US}")
        if end < leaves[side] or (start == newest[side] and end != leaves[side]):
            found.append(f"overtaking: {who} leaves at {end / US}, another at {leaves[side] / US}")
        newest[side], leaves[side] = start, max(end, leaves[side])
    return found


def cost(instance: Instance, schedule: Mapping[str, Sequence[int]]) -> tuple[Fraction, Fraction]:
    """(total weighted tardiness of jobs with a due time, total completion time), in seconds."""
    late, total = Fraction(0), 0
    for name, job in instance.jobs.items():
        end = schedule[name][-1] * US + exact(job.steps[-1].duration_s)
        total += end
        if job.due_s is not None:
            late += Fraction(job.weight) * max(0, end - exact(job.due_s))
    return late / US, Fraction(total, US)
