"""The scheduling form: an instance as JSON, read into an `Instance`, with every fault at its place.

Pure. Nothing is guessed: an unknown key, a name said twice, a number that is none are faults.
Figures are seconds and may have fractions; the plan reckons in milliseconds then, or in
microseconds where one is finer, waits rounded up and due times rounded down. Not here: files
(corridor/cli/plan.py), arrays (model.py).
"""

import difflib
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from contract.errors import ContractError
from corridor.timetable.model import EAST, WEST, Model, make_model

JOBS_MAX: Final = 2_000
STEPS_MAX: Final = 10_000  # of all jobs
CAPACITY_MAX: Final = 1_000_000
LENGTH_S_MAX: Final = 1e7  # of one step, a turn, a headway
MOMENT_S_MAX: Final = 1e9  # from the beginning of the plan
WEIGHT_MAX: Final = 1e6
DIRECTIONS: Final = {"E": EAST, "W": WEST}
MS: Final = 1_000
US: Final = 1_000_000
TICKS_MAX: Final = 1 << 60  # of all jobs' ends together


class InstanceError(ContractError):
    """An instance that cannot be planned: all its faults, each with its place."""

    def __init__(self, faults: Iterable[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


@dataclass(frozen=True, slots=True)
class Resource:
    """capacity places, or a section: turn_s to change direction, headway_s between followers."""

    capacity: int
    turn_s: float | None
    headway_s: float


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a resource, for so long."""

    resource: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class Job:
    """One convoy: when it can begin, when it should have ended, how much it weighs, its way."""

    release_s: float
    due_s: float | None
    weight: float
    direction: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """Resources and jobs by name, in the order of the file."""

    resources: dict[str, Resource]
    jobs: dict[str, Job]

    @property
    def ticks_per_s(self) -> int:
        """1 where every figure is a whole second, 1000 where all are whole milliseconds, else a
        million: unless the plan would be so long that its end is no whole number any more.
        """
        lengths = [x for r in self.resources.values() for x in (r.turn_s or 0.0, r.headway_s)]
        longest_s = max(lengths, default=0.0)
        for job in self.jobs.values():
            lengths += [job.release_s, job.due_s or 0.0, *(step.duration_s for step in job.steps)]
        if all(float(x).is_integer() for x in lengths):
            return 1
        steps = sum(len(job.steps) for job in self.jobs.values())
        end_s = sum(abs(x) for x in lengths) + steps * (longest_s + 1.0)
        fine = any(abs(x * MS - round(x * MS)) > 1e-6 for x in lengths)
        return US if fine and US * end_s * len(self.jobs) < TICKS_MAX else MS

    def model(self, *, loose: bool = False) -> Model:
        """The same as arrays. Figures finer than a tick become tighter, or looser (for bounds)."""
        grid = self.ticks_per_s
        wait, limit = (ticks_down, ticks_up) if loose else (ticks_up, ticks_down)
        index = {name: r for r, name in enumerate(self.resources)}
        jobs: dict[str, list[Any]] = {
            name: [] for name in ("release", "due", "weight", "direction", "first")
        }
        steps: dict[str, list[Any]] = {"resource": [], "duration": []}
        for job in self.jobs.values():
            jobs["first"].append(len(steps["resource"]))
            jobs["release"].append(wait(job.release_s, grid))
            jobs["due"].append(0 if job.due_s is None else limit(job.due_s, grid))
            jobs["weight"].append(0.0 if job.due_s is None else job.weight)
            jobs["direction"].append(job.direction)
            steps["resource"] += [index[step.resource] for step in job.steps]
            steps["duration"] += [wait(step.duration_s, grid) for step in job.steps]
        jobs["first"].append(len(steps["resource"]))
        rows = self.resources.values()
        resources = {
            "capacity": [0 if row.turn_s is not None else row.capacity for row in rows],
            "turn": [wait(row.turn_s or 0.0, grid) for row in rows],
            "headway": [wait(row.headway_s, grid) for row in rows],
        }
        return make_model(jobs, steps, resources, grid=grid)


def ticks_up(seconds: float, grid: int) -> int:
    """Ticks that are certainly enough; a billionth of a second counts as an error of reckoning."""
    return math.ceil(seconds * grid - 1e-6)


def ticks_down(seconds: float, grid: int) -> int:
    """Ticks that are certainly not too many, likewise."""
    return math.floor(seconds * grid + 1e-6)


class Reader:
    """Walks through a document and keeps every fault it meets."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def say(self, place: str, fault: str) -> None:
        self.faults.append(f"{place}: {fault}")

    def table(self, value: Any, place: str) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self.say(place, f"{shown(value)}; expected an object")
        return {}

    def keys(self, value: Any, place: str, known: tuple[str, ...], needed: int) -> dict[str, Any]:
        """A table with the first `needed` keys of `known`, and none but those."""
        table = self.table(value, place)
        if isinstance(value, dict):
            for key in table.keys() - set(known):
                near = difflib.get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"
                self.say(f"{place}.{key:.60}", f"unknown key; {hint}")
            for key in known[:needed]:
                if key not in table:
                    self.say(f"{place}.{key}", "missing")
        return table

    def number(
        self, table: dict[str, Any], key: str, place: str, *, low: float, high: float,
        default: float = 0.0,
    ) -> float:  # fmt: skip
        """A number from low to high; default where it is missing (that is said elsewhere)."""
        if key not in table:
            return default
        value = table[key]
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.say(f"{place}.{key}", f"{shown(value)}; expected a number")
        elif not low <= value <= high:
            said = f"{low:,.0f} to {high:,.0f}"
            self.say(f"{place}.{key}", f"{shown(value)}; expected a number from {said}")
        else:
            return value
        return default


def shown(value: Any) -> str:
    """A value as a person may see it, shortened."""
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object; a name said twice would silently lose one of the two."""
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise InstanceError([f"{key!r:.60}: said twice in the same object"])
        table[key] = value
    return table


def refuse(word: str) -> float:
    raise InstanceError([f"{word} is no number of JSON"])


def read_instance(data: bytes) -> Instance:
    """An instance from the bytes of a file. Raises InstanceError with every fault."""
    try:
        tree = json.loads(data.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse)
    except UnicodeDecodeError as error:
        raise InstanceError([f"byte {error.start}: no UTF-8; expected JSON"]) from None
    except json.JSONDecodeError as error:
        raise InstanceError([f"line {error.lineno}, column {error.colno}: {error.msg}"]) from None
    except (RecursionError, ValueError):
        raise InstanceError(["nested too deep, or a number with too many digits"]) from None
    reader = Reader()
    tree = reader.keys(tree, "instance", ("resources", "jobs"), 2)
    resources = read_resources(reader, tree.get("resources", {}))
    jobs = read_jobs(reader, tree.get("jobs", []), list(resources))
    if reader.faults:
        raise InstanceError(reader.faults)
    return Instance(resources, jobs)


def read_resources(reader: Reader, value: Any) -> dict[str, Resource]:
    """Those that are faulty are kept by name, so that steps on them are no faults of their own."""
    found = {}
    for name, row in reader.table(value, "resources").items():
        place = f"resources.{name:.60}"
        section = isinstance(row, dict) and "turn_s" in row
        known = ("capacity", "turn_s", "headway_s")
        table = reader.keys(row, place, known, 0 if section else 1)
        capacity = 0.0
        if not section:
            capacity = reader.number(table, "capacity", place, low=1, high=CAPACITY_MAX, default=1)
            if not float(capacity).is_integer():
                reader.say(f"{place}.capacity", f"{shown(capacity)}; expected a whole number")
        turn_s = reader.number(table, "turn_s", place, low=0, high=LENGTH_S_MAX)
        headway_s = reader.number(table, "headway_s", place, low=0, high=LENGTH_S_MAX)
        if not section and headway_s > 0:
            reader.say(f"{place}.headway_s", "only a section with turn_s has one")
        found[name] = Resource(int(capacity), turn_s if section else None, headway_s)
    return found


def read_jobs(reader: Reader, value: Any, resources: list[str]) -> dict[str, Job]:
    found: dict[str, Job] = {}
    if not isinstance(value, list):
        reader.say("jobs", f"{shown(value)}; expected a list")
        return found
    if len(value) > JOBS_MAX:
        reader.say("jobs", f"{len(value)} of them; expected at most {JOBS_MAX}")
        return found
    total = 0
    for number, row in enumerate(value):
        place = f"jobs[{number}]"
        table = reader.keys(row, place, ("id", "release", "dir", "steps", "due", "weight"), 4)
        name = table.get("id", "")
        if not isinstance(name, str) or (not name and "id" in table):
            reader.say(f"{place}.id", f"{shown(name)}; expected a name")
            name = ""
        if name in found:
            reader.say(f"{place}.id", f"{shown(name)} is another job's already")
        place = f"{place} ({name:.60})" if name else place
        job = read_job(reader, table, place, resources)
        total += len(job.steps)
        found[name] = job
    if total > STEPS_MAX:
        reader.say("jobs", f"{total} steps in all; expected at most {STEPS_MAX}")
    return found


def read_job(reader: Reader, table: dict[str, Any], place: str, resources: list[str]) -> Job:
    side = table.get("dir", "E")
    if not isinstance(side, str) or side not in DIRECTIONS:
        reader.say(f"{place}.dir", f'{shown(side)}; expected "E" or "W"')
        side = "E"
    due = None
    if table.get("due") is not None:
        due = reader.number(table, "due", place, low=-MOMENT_S_MAX, high=MOMENT_S_MAX)
    rows = table.get("steps", [])
    if not isinstance(rows, list) or (not rows and "steps" in table):
        reader.say(f"{place}.steps", f"{shown(rows)}; expected a list of at least one step")
        rows = []
    steps = []
    for number, row in enumerate(rows):
        at = f"{place}.steps[{number}]"
        step = reader.keys(row, at, ("resource", "duration"), 2)
        name = step.get("resource", "")
        if "resource" in step and (not isinstance(name, str) or name not in resources):
            near = difflib.get_close_matches(name, resources, 1) if isinstance(name, str) else []
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(resources)}"
            reader.say(f"{at}.resource", f"{shown(name)} is no resource; {hint:.200}")
        length = reader.number(step, "duration", at, low=0, high=LENGTH_S_MAX)
        steps.append(Step(str(name), length))
    release = reader.number(table, "release", place, low=0, high=MOMENT_S_MAX)
    weight = reader.number(table, "weight", place, low=0, high=WEIGHT_MAX, default=1.0)
    return Job(release, due, weight, DIRECTIONS[side], tuple(steps))
