"""`convoy-corridor plan` as a process: files, streams, exit codes."""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from contract.kernel import COMPILED
from tests.corridor.timetables import SECTION, a_form, a_job, costs, pairs_at_fault
from tests.sim.commands import command

pytestmark = pytest.mark.timeout(300)  # the first of them may have to compile the kernels
ROOT: Final = Path(__file__).resolve().parents[2]
FORM: Final = a_form(
    *(
        a_job(f"v{n}", ("scan", 30), ("bridge", 20 + n), dir="EW"[n % 3 % 2], due=60 + 5 * n)
        for n in range(12)
    ),
    scan={"capacity": 2},
    bridge=SECTION,
)


def plan(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "corridor", "plan", *words],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=280,
    )  # fmt: skip


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    file = tmp_path / "instance.json"
    file.write_text(json.dumps(FORM), encoding="utf-8")
    return file


def test_a_plan_is_written_and_its_costs_are_told(instance: Path, tmp_path: Path) -> None:
    out = tmp_path / "schedule.json"
    ran = plan(str(instance), "-o", str(out), "--seconds", "0.3")
    assert (ran.returncode, ran.stderr) == (0, "")
    starts = json.loads(out.read_text(encoding="utf-8"))
    assert list(starts) == [job["id"] for job in FORM["jobs"]]
    assert all(type(start) is int for row in starts.values() for start in row)
    assert pairs_at_fault(FORM, starts) == []
    late, end = costs(FORM, starts)
    assert re.search(rf"^objective +{late:.0f} +{end:.0f}$", ran.stdout, re.MULTILINE)
    bound = re.search(r"^lower bound +([\d.]+) +([\d.]+)$", ran.stdout, re.MULTILINE)
    assert bound is not None
    assert float(bound[1]) <= late
    assert float(bound[2]) <= end
    assert re.search(r"^gap +[\d.]+ % +[\d.]+ %$", ran.stdout, re.MULTILINE)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["instance.json", "schedule.json"]


# Which kernels the first plan of a process compiles or loads, after it was made ready.
LATE_KERNELS: Final = """
import json, sys
from corridor.cli.kernel_cache import timetable_cache
with timetable_cache():
    from corridor.timetable import anneal, bound, decode, form, phases, plan, rules, search
parts = (anneal, bound, decode, phases, plan, rules, search)
kernels = {n: k for part in parts for n, k in vars(part).items() if hasattr(k, "signatures")}
plan.warm_up()
ready = {name: len(kernel.signatures) for name, kernel in kernels.items()}
looks = iter(range(10_000))
plan.make_plan(form.read_instance(sys.stdin.buffer.read()), 1, lambda: next(looks) / 2_000)
late = [name for name, kernel in kernels.items() if len(kernel.signatures) > ready[name]]
print(json.dumps([len(kernels), sum(ready.values()), late]))
"""


@pytest.mark.skipif(not COMPILED, reason="nothing is compiled here")
def test_budget_pays_for_no_kernel() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LATE_KERNELS],
        cwd=ROOT, capture_output=True, check=True, timeout=280, input=json.dumps(FORM).encode(),
    )  # fmt: skip
    known, ready, late = json.loads(ran.stdout)
    assert known >= ready > 5
    assert late == []


def test_json_is_one_document_with_the_same_costs(instance: Path, tmp_path: Path) -> None:
    out = tmp_path / "schedule.json"
    ran = plan(str(instance), "-o", str(out), "--seconds", "0.2", "--json")
    said: Mapping[str, Any] = json.loads(ran.stdout)
    late, end = costs(FORM, json.loads(out.read_text(encoding="utf-8")))
    assert (said["objective"], said["total_completion"]) == (late, end)
    assert said["lower_bound"] <= late
    assert said["gap"] == pytest.approx(
        (late - said["lower_bound"]) / late if late else 0.0, abs=1e-6
    )
    assert said["seconds"] < 5.0


def test_a_bad_instance_names_its_faults_and_writes_nothing(tmp_path: Path) -> None:
    file, out = tmp_path / "bad.json", tmp_path / "schedule.json"
    form = a_form(a_job("v1", ("scam", -1)), scan={"capacity": 0})
    file.write_text(json.dumps(form), encoding="utf-8")
    ran = plan(str(file), "-o", str(out))
    assert (ran.returncode, ran.stdout) == (2, "")
    first, second, third, last = ran.stderr.splitlines()
    assert first == "resources.scan.capacity: 0; expected a number from 1 to 1,000,000"
    assert second.startswith('jobs[0] (v1).steps[0].resource: "scam" is no resource; did you mean')
    assert third.startswith("jobs[0] (v1).steps[0].duration: -1")
    assert last.endswith("3 faults; no plan")
    file.write_text(json.dumps(a_form(a_job("v1", ("scan", 1)), scan={"capacity": 0})))
    assert plan(str(file), "-o", str(out)).stderr.endswith("one fault; no plan\n")
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.json", "-o", "s.json"], "No such file or directory"),
        ([".", "-o", "s.json"], "Is a directory"),
        (["INSTANCE"], "required: -o"),
        (["INSTANCE", "-o", "nowhere/s.json"], "no file can be there"),
        (["INSTANCE", "-o", "."], "no file can be there"),
        (["INSTANCE", "-o", "s.json", "--seconds", "0"], "'0'; expected seconds above 0"),
        (["INSTANCE", "-o", "s.json", "--seconds", "nan"], "'nan'; expected seconds above 0"),
        (["INSTANCE", "-o", "s.json", "--seconds", "soon"], "'soon'; expected seconds"),
        (["INSTANCE", "-o", "s.json", "--seed", "-1"], "expected a whole number from 0"),
    ],
)
def test_what_cannot_be_used_ends_with_2(instance: Path, words: list[str], said: str) -> None:
    folder = instance.parent
    places = {
        word: str(folder / word) for word in ("missing.json", ".", "s.json", "nowhere/s.json")
    }
    given = [str(instance) if word == "INSTANCE" else places.get(word, word) for word in words]
    ran = command("corridor", "plan", *given)
    assert ran.code == 2, ran.err
    assert said in ran.err
    assert not (folder / "s.json").exists()


def test_help_has_examples(tmp_path: Path) -> None:
    ran = plan("--help")
    assert ran.returncode == 0
    assert "convoy-corridor plan instance.json -o schedule.json" in ran.stdout
