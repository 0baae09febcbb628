"""The timetable in 1 s against a constraint solver with 10 s and a hint: OR-tools CP-SAT.

Four stages - scanner, gate, a shared section with turn time, gate - for 20, 60 and 200 convoys;
weighted tardiness. Both run as processes on the same core, one after the other, and both budgets
are processor time, so that whatever else runs on the machine takes nothing from either. The solver
starts from the best schedule of the list rules. It is no dependency of the product: an environment
of its own is made in the cache folder, and where that fails this says so and goes on. Source:
OR-tools (Apache-2.0); only figures taken.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any, Final

from bench.measure import print_table
from corridor.cli.kernel_cache import timetable_cache

with timetable_cache():
    from corridor.timetable.check import cost, faults
    from corridor.timetable.form import Instance, read_instance
    from corridor.timetable.search import Search, rules

PACKAGE: Final = "ortools"
INSTALL_S_MAX: Final = 600.0
SIZES: Final = (20, 60, 200)
SEEDS: Final = (0, 1, 2)
PLAN_S: Final = 1
SOLVER_S: Final = 10
BETWEEN_S: Final = 62.0  # convoys arrive so far apart on average, both directions together

WALL_S_MAX: Final = 100.0  # for the solver's budget of processor time

# What `convoy-corridor plan` does, by processor time.
OURS: Final = """
import json, sys, time
from corridor.cli.kernel_cache import timetable_cache
with timetable_cache():
    from corridor.cli.plan import summary
    from corridor.timetable.form import read_instance
    from corridor.timetable.plan import make_plan, warm_up
warm_up()
instance, began_s = read_instance(open(sys.argv[1], "rb").read()), time.process_time()
plan = make_plan(instance, 1, lambda: (time.process_time() - began_s) / float(sys.argv[3]))
json.dump(plan.starts, open(sys.argv[2], "w"))
print(json.dumps(summary(plan, time.process_time() - began_s)))
"""

# Runs in the other environment, which knows nothing of ours.
SCRIPT: Final = """
import json, sys, threading, time
from ortools.sat.python import cp_model
form, hint = json.load(open(sys.argv[1])), json.load(open(sys.argv[2]))
model = cp_model.CpModel()
horizon = 2 * max(row[-1] for row in hint.values()) + 3600
uses, late = {name: [] for name in form["resources"]}, []
for job in form["jobs"]:
    ready, first, given = job["release"], job["release"], hint[job["id"]]
    for step, at in zip(job["steps"], given):
        start = model.new_int_var(first, horizon, "")
        model.add(start >= ready)
        model.add_hint(start, at)
        uses[step["resource"]].append((job["dir"], start, step["duration"], at))
        ready, first = start + step["duration"], first + step["duration"]
    over = model.new_int_var(0, horizon, "")
    model.add(over >= ready - job["due"])
    model.add_hint(over, max(0, given[-1] + job["steps"][-1]["duration"] - job["due"]))
    late.append(job["weight"] * over)
for name, rows in uses.items():
    resource = form["resources"][name]
    if "turn_s" not in resource:
        spans = [model.new_fixed_size_interval_var(s, d, "") for _, s, d, _ in rows]
        model.add_cumulative(spans, [1] * len(spans), resource["capacity"])
        continue
    headway, turn = resource["headway_s"], resource["turn_s"]
    model.add_no_overlap([model.new_fixed_size_interval_var(s, headway, "") for _, s, d, _ in rows])
    for i, (side_a, a, length_a, hint_a) in enumerate(rows):
        for side_b, b, length_b, hint_b in rows[:i]:
            first = model.new_bool_var("")
            model.add_hint(first, hint_a < hint_b)
            same = side_a == side_b
            gap_a = max(headway, length_a - length_b) if same else length_a + turn
            gap_b = max(headway, length_b - length_a) if same else length_b + turn
            model.add(b >= a + gap_a).only_enforce_if(first)
            model.add(a >= b + gap_b).only_enforce_if(~first)
model.minimize(sum(late))
solver = cp_model.CpSolver()
solver.parameters.max_time_in_seconds, solver.parameters.num_workers = float(sys.argv[4]), 1
began_s = time.process_time()
def watch():
    while True:
        time.sleep(0.02)
        if time.process_time() - began_s >= float(sys.argv[3]):
            solver.stop_search()
threading.Thread(target=watch, daemon=True).start()
status = solver.solve(model)
found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
print(json.dumps({"objective": solver.objective_value if found else None,
                  "bound": solver.best_objective_bound, "proven": status == cp_model.OPTIMAL}))
"""


def folder() -> Path:
    """The environment that has the solver."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "smart-corridor" / "ortools"


def python() -> Path | None:
    """The interpreter that can import the solver, installed if it must be; None if it cannot be."""
    interpreter = folder() / "bin" / "python"
    check = [str(interpreter), "-c", "from ortools.sat.python import cp_model"]
    try:
        if not interpreter.exists():
            venv.create(folder(), with_pip=True)
        if subprocess.run(check, capture_output=True, timeout=60.0, check=False).returncode:  # noqa: S603
            print(f"installing {PACKAGE} into {folder()}", file=sys.stderr)
            install = [str(interpreter), "-m", "pip", "install", "--quiet", PACKAGE]
            subprocess.run(install, check=True, capture_output=True, timeout=INSTALL_S_MAX)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        print(f"\n{PACKAGE} cannot be installed here ({error}): nothing to compare with")
        return None
    return interpreter


def form(convoys: int, seed: int) -> dict[str, Any]:
    """One instance: mirrored ways over the section, due times of 1.2 to 3 times the free way."""
    rng = random.Random(1_000 * convoys + seed)  # noqa: S311 - seeded
    jobs, now_s = [], 0.0
    for number in range(convoys):
        now_s += rng.expovariate(1.0 / BETWEEN_S)
        side = rng.choice("EW")
        near, far = ("kz", "cn") if side == "E" else ("cn", "kz")
        way = (
            (f"scan_{near}", rng.randint(60, 180)), (f"gate_{near}", rng.randint(15, 40)),
            ("boundary", rng.randint(90, 130)), (f"gate_{far}", rng.randint(15, 40)),
        )  # fmt: skip
        free_s = sum(length for _, length in way)
        due, weight = int(now_s + free_s * rng.uniform(1.2, 3.0)), rng.choice((1, 1, 2, 4))
        steps = [{"resource": name, "duration": length} for name, length in way]
        row = {"id": f"c{number:03d}", "release": int(now_s), "due": due, "weight": weight}
        jobs.append({**row, "dir": side, "steps": steps})
    places = {"scan_kz": 2, "scan_cn": 2, "gate_kz": 1, "gate_cn": 1}
    resources = {name: {"capacity": count} for name, count in places.items()}
    section = {"capacity": 1, "turn_s": 60, "headway_s": 15}
    return {"resources": {**resources, "boundary": section}, "jobs": jobs}


def by_rules(instance: Instance) -> dict[str, list[int]]:
    """The best schedule of the list rules."""
    model = instance.model()
    search = Search(model, 1)
    for rule in rules():
        search.start(*rule)
    starts = search.settle().tolist()
    return {
        name: starts[model.first[j] : model.first[j + 1]] for j, name in enumerate(instance.jobs)
    }


def pinned(command: list[str]) -> dict[str, Any]:
    """Run on the last of our cores; the JSON object that it prints."""
    core = max(os.sched_getaffinity(0))
    ran = subprocess.run(  # noqa: S603 - our own programs
        command, capture_output=True, text=True, check=True, timeout=120.0,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )  # fmt: skip
    said: dict[str, Any] = json.loads(ran.stdout)
    return said


def compare(interpreter: Path | None, convoys: int, seed: int) -> list[str]:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as name:
        files = [str(Path(name) / file) for file in ("form.json", "hint.json", "plan.json")]
        text = json.dumps(form(convoys, seed))
        instance = read_instance(text.encode())
        hint = by_rules(instance)
        Path(files[0]).write_text(text, encoding="utf-8")
        Path(files[1]).write_text(json.dumps(hint), encoding="utf-8")
        plan = pinned([sys.executable, "-c", OURS, files[0], files[2], str(PLAN_S)])
        assert not faults(instance, json.loads(Path(files[2]).read_text(encoding="utf-8")))
        cells = [f"{float(cost(instance, hint)[0]):,.0f}", f"{plan['objective']:,.0f}"]
        cells += [f"{plan['lower_bound']:,.0f}", f"{100 * plan['total_completion_gap']:.1f} %"]
        if interpreter is not None:
            solver = [str(interpreter), "-c", SCRIPT, files[0], files[1], str(SOLVER_S)]
            solver.append(str(WALL_S_MAX))
            theirs = pinned(solver)
            found = theirs["objective"]
            cells.append("none" if found is None else f"{found:,.0f}")
            cells.append("yes" if theirs["proven"] else f"{theirs['bound']:,.0f}")
            ratio = f"{plan['objective'] / found:.2f}" if found else "-"
            cells.append("1.00" if found == plan["objective"] else ratio)
    return [f"{convoys} convoys, seed {seed}", *cells]


def run(options: Any) -> None:
    """Measure all sizes and seeds."""
    del options
    interpreter = python()
    header = ["", "rules", f"plan, {PLAN_S} s", "bound", "completion gap"]
    if interpreter is not None:
        header += [f"CP-SAT, {SOLVER_S} s", "proven", "ratio"]
    rows = [compare(interpreter, convoys, seed) for convoys in SIZES for seed in SEEDS]
    print_table("total weighted tardiness, s", header, rows)
