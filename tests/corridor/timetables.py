"""Timetables for tests: instances to vary, a second opinion on schedules, the best by force."""

import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from corridor.cli.kernel_cache import timetable_cache

with timetable_cache():
    from corridor.timetable.bound import lower_bound
    from corridor.timetable.check import cost, faults
    from corridor.timetable.form import Instance, InstanceError, read_instance
    from corridor.timetable.plan import Plan, make_plan

__all__ = ["InstanceError", "Plan", "cost", "faults", "lower_bound", "read_instance"]  # for tests

Form = dict[str, Any]
SECTION: Form = {"capacity": 1, "turn_s": 20, "headway_s": 4}


def a_job(name: str, *steps: tuple[str, float], **said: Any) -> Form:
    """A job eastbound from the start, without due time, unless said otherwise."""
    way = [{"resource": resource, "duration": duration} for resource, duration in steps]
    return {"id": name, "release": 0, "dir": "E", **said, "steps": way}


def a_form(*jobs: Form, **resources: Form) -> Form:
    return {"resources": {name: dict(row) for name, row in resources.items()}, "jobs": list(jobs)}


def read(form: Form) -> Instance:
    return read_instance(json.dumps(form).encode())


def looks(count: int) -> Callable[[], float]:
    """A budget that is used up after so many looks at it."""
    turns = itertools.count()
    return lambda: next(turns) / count


def planned(form: Form, *, count: int = 60, seed: int = 1) -> Plan:
    return make_plan(read(form), seed, looks(count))


def pairs_at_fault(form: Form, starts: dict[str, list[int]]) -> list[str]:
    """Every rule of DESIGN section 10, pair by pair, from the raw form."""
    found, entries = [], []
    for job in form["jobs"]:
        ready = job["release"]
        for step, start in zip(job["steps"], starts[job["id"]], strict=True):
            if start < ready:
                found.append(f"{job['id']} too early at {start}")
            ready = start + step["duration"]
            entries.append((step["resource"], start, ready, job["dir"], job["id"]))
    for name, resource in form["resources"].items():
        here = [entry[1:] for entry in entries if entry[0] == name]
        if "turn_s" not in resource:
            for moment in {start for start, *_ in here}:
                busy = sum(start <= moment < end for start, end, *_ in here)
                if busy > resource["capacity"]:
                    found.append(f"{name}: {busy} at {moment}")
            continue
        for a, b in itertools.permutations(here, 2):
            if a[2] == b[2] and a[0] <= b[0]:
                if b[0] - a[0] < resource.get("headway_s", 0):
                    found.append(f"{name}: {b} too close behind {a}")
                if a[0] < b[0] and a[1] > b[1]:
                    found.append(f"{name}: {b} overtakes {a}")
            meet = a[2] != b[2] and a[0] <= b[0] < a[1] + resource["turn_s"]
            if meet and (b[1] > b[0] or a[0] < b[0]):
                found.append(f"{name}: {b} meets {a}")
    return found


def costs(form: Form, starts: dict[str, list[int]]) -> tuple[float, float]:
    """(weighted tardiness, total completion), from the raw form."""
    late = total = 0.0
    for job in form["jobs"]:
        end = starts[job["id"]][-1] + job["steps"][-1]["duration"]
        total += end
        if "due" in job:
            late += job.get("weight", 1) * max(0, end - job["due"])
    return late, total


def orders(counts: Sequence[int]) -> Iterator[list[int]]:
    """Every order in which jobs can do that many steps each."""
    if not any(counts):
        yield []
    for job, count in enumerate(counts):
        if count:
            rest = [*counts]
            rest[job] -= 1
            for order in orders(rest):
                yield [job, *order]


def least(form: Form) -> tuple[float, float]:
    """The best costs there are: all orders, every step right behind those before it."""
    counts = [len(job["steps"]) for job in form["jobs"]]
    return min(costs(form, built(form, order)) for order in orders(counts))


def built(form: Form, order: Sequence[int]) -> dict[str, list[int]]:
    """Each step as early as the steps before it in the order allow, never before one of them."""
    starts: dict[str, list[int]] = {job["id"]: [] for job in form["jobs"]}
    here: dict[str, list[tuple[int, int, str]]] = {name: [] for name in form["resources"]}
    for number in order:
        job = form["jobs"][number]
        own = starts[job["id"]]
        step = job["steps"][len(own)]
        before = job["steps"][len(own) - 1]["duration"] if own else 0
        at = own[-1] + before if own else job["release"]
        resource, rows = form["resources"][step["resource"]], here[step["resource"]]
        if "turn_s" in resource:
            for start, end, side in rows:
                if side == job["dir"]:
                    at = max(at, start + resource.get("headway_s", 0), end - step["duration"])
                else:
                    at = max(at, end + resource["turn_s"])
        else:
            at = max(at, *(start for start, _, _ in rows), 0)
            while sum(end > at for _, end, _ in rows) >= resource["capacity"]:
                at = min(end for _, end, _ in rows if end > at)
        own.append(at)
        rows.append((at, at + step["duration"], job["dir"]))
    return starts
