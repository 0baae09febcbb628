"""The scheduling form: what is read, and every fault named at its place."""

import json
from typing import Any

import pytest

from tests.corridor.timetables import (
    SECTION,
    Form,
    InstanceError,
    a_form,
    a_job,
    read,
    read_instance,
)


def a_good_form() -> Form:
    return a_form(
        a_job("v1", ("scan_kz", 120), ("boundary", 90), release=10, due=400, weight=2),
        a_job("v2", ("boundary", 90), ("scan_kz", 30), dir="W"),
        scan_kz={"capacity": 2},
        boundary=SECTION,
    )


def faults(data: bytes) -> list[str]:
    with pytest.raises(InstanceError) as raised:
        read_instance(data)
    return list(raised.value.faults)


def test_a_good_form_is_read_as_it_is_written() -> None:
    instance = read(a_good_form())
    assert list(instance.jobs) == ["v1", "v2"]
    first, second = instance.jobs.values()
    assert (first.release_s, first.due_s, first.weight, first.direction) == (10, 400, 2, 0)
    assert (second.due_s, second.weight, second.direction) == (None, 1, 1)
    assert [(step.resource, step.duration_s) for step in second.steps] == [
        ("boundary", 90), ("scan_kz", 30),
    ]  # fmt: skip
    scan, boundary = instance.resources.values()
    assert (scan.capacity, scan.turn_s) == (2, None)
    assert (boundary.turn_s, boundary.headway_s) == (20, 4)


@pytest.mark.parametrize("capacity", [0, "many", None, -3])
def test_the_capacity_of_a_section_is_ignored(capacity: Any) -> None:
    form = a_good_form()
    form["resources"]["boundary"]["capacity"] = capacity
    assert read(form).resources["boundary"].turn_s == 20
    del form["resources"]["boundary"]["capacity"]
    assert read(form).resources["boundary"].turn_s == 20


MISSING = object()
FAULTS: list[tuple[tuple[Any, ...], Any, str]] = [
    (("resources",), MISSING, "instance.resources: missing"),
    (("jobs",), MISSING, "instance.jobs: missing"),
    (("resources",), [], "resources: []; expected an object"),
    (("jobs",), {}, "jobs: {}; expected a list"),
    (("job",), [], "instance.job: unknown key; did you mean 'jobs'?"),
    (("resources", "scan_kz"), 2, "resources.scan_kz: 2; expected an object"),
    (("resources", "scan_kz", "capacity"), MISSING, "resources.scan_kz.capacity: missing"),
    (("resources", "scan_kz", "capacity"), 0,
     "resources.scan_kz.capacity: 0; expected a number from 1 to 1,000,000"),
    (("resources", "scan_kz", "capacity"), 1.5,
     "resources.scan_kz.capacity: 1.5; expected a whole number"),
    (("resources", "scan_kz", "capacity"), True,
     "resources.scan_kz.capacity: true; expected a number"),
    (("resources", "scan_kz", "headway_s"), 5,
     "resources.scan_kz.headway_s: only a section with turn_s has one"),
    (("resources", "scan_kz", "capcity"), 5,
     "resources.scan_kz.capcity: unknown key; did you mean 'capacity'?"),
    (("resources", "boundary", "turn_s"), -1,
     "resources.boundary.turn_s: -1; expected a number from 0 to 10,000,000"),
    (("resources", "boundary", "turn_s"), None,
     "resources.boundary.turn_s: null; expected a number"),
    (("resources", "boundary", "headway_s"), "10",
     'resources.boundary.headway_s: "10"; expected a number'),
    (("jobs", 0), "v1", 'jobs[0]: "v1"; expected an object'),
    (("jobs", 0, "id"), MISSING, "jobs[0].id: missing"),
    (("jobs", 0, "id"), 7, "jobs[0].id: 7; expected a name"),
    (("jobs", 0, "id"), "", 'jobs[0].id: ""; expected a name'),
    (("jobs", 1, "id"), "v1", 'jobs[1].id: "v1" is another job\'s already'),
    (("jobs", 0, "release"), MISSING, "jobs[0].release: missing"),
    (("jobs", 0, "release"), -1,
     "jobs[0] (v1).release: -1; expected a number from 0 to 1,000,000,000"),
    (("jobs", 0, "due"), "soon", 'jobs[0] (v1).due: "soon"; expected a number'),
    (("jobs", 0, "due"), 1e99,
     "jobs[0] (v1).due: 1e+99; expected a number from -1,000,000,000 to 1,000,000,000"),
    (("jobs", 0, "weight"), -2,
     "jobs[0] (v1).weight: -2; expected a number from 0 to 1,000,000"),
    (("jobs", 0, "wieght"), 2, "jobs[0].wieght: unknown key; did you mean 'weight'?"),
    (("jobs", 0, "dir"), MISSING, "jobs[0].dir: missing"),
    (("jobs", 0, "dir"), "N", 'jobs[0] (v1).dir: "N"; expected "E" or "W"'),
    (("jobs", 0, "dir"), ["E"], 'jobs[0] (v1).dir: ["E"]; expected "E" or "W"'),
    (("jobs", 0, "steps"), MISSING, "jobs[0].steps: missing"),
    (("jobs", 0, "steps"), [], "jobs[0] (v1).steps: []; expected a list of at least one step"),
    (("jobs", 0, "steps"), "scan", 'jobs[0] (v1).steps: "scan"; expected a list'),
    (("jobs", 0, "steps", 1), 90, "jobs[0] (v1).steps[1]: 90; expected an object"),
    (("jobs", 0, "steps", 1, "resource"), MISSING, "jobs[0] (v1).steps[1].resource: missing"),
    (("jobs", 0, "steps", 1, "resource"), "boundry",
     "jobs[0] (v1).steps[1].resource: \"boundry\" is no resource; did you mean 'boundary'?"),
    (("jobs", 0, "steps", 1, "resource"), "zzz",
     'jobs[0] (v1).steps[1].resource: "zzz" is no resource; there are scan_kz, boundary'),
    (("jobs", 0, "steps", 1, "resource"), ["boundary"],
     'jobs[0] (v1).steps[1].resource: ["boundary"] is no resource'),
    (("jobs", 0, "steps", 1, "duration"), MISSING, "jobs[0] (v1).steps[1].duration: missing"),
    (("jobs", 0, "steps", 1, "duration"), -5,
     "jobs[0] (v1).steps[1].duration: -5; expected a number from 0 to 10,000,000"),
    (("jobs", 0, "steps", 1, "duration"), 10**400, "jobs[0] (v1).steps[1].duration: 1000"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value", "said"), FAULTS, ids=[f[2][:60] for f in FAULTS])
def test_a_fault_is_named_at_its_place(place: tuple[Any, ...], value: Any, said: str) -> None:
    form: Any = a_good_form()
    inner = form
    for key in place[:-1]:
        inner = inner[key]
    if value is MISSING:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    found = faults(json.dumps(form).encode())
    assert len(found) == 1 or place == ("resources",), found
    assert found[0].startswith(said), found


def test_all_faults_are_named_at_once() -> None:
    form = a_good_form()
    form["resources"]["scan_kz"]["capacity"] = 0
    form["jobs"][0]["dir"] = "x"
    form["jobs"][1]["steps"][0]["duration"] = -1
    assert len(faults(json.dumps(form).encode())) == 3


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1, column 1: Expecting value"),
        (b"{", "line 1, column 2: Expecting property name"),
        (b"[]", "instance: []; expected an object"),
        (b"null", "instance: null; expected an object"),
        (b"\xff\xfe", "byte 0: no UTF-8; expected JSON"),
        (b'{"jobs": [], "resources": {}} x', "line 1, column 31: Extra data"),
        (b'{"resources": {"a": {"capacity": NaN}}, "jobs": []}', "NaN is no number of JSON"),
        (
            b'{"resources": {"a": {"capacity": 1e999}}, "jobs": []}',
            "resources.a.capacity: Infinity",
        ),
        (b'{"resources": {}, "jobs": [], "jobs": []}', "'jobs': said twice in the same object"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"resources": ' + b"1" * 10_000 + b"}", "nested too deep, or a number with too many"),
    ],
    ids=range(11),
)
def test_what_is_no_form_is_refused_in_words(data: bytes, said: str) -> None:
    assert faults(data)[0].startswith(said)


def test_too_many_jobs_or_steps_are_refused() -> None:
    many = a_form(*(a_job(f"v{n}", ("a", 1)) for n in range(2_001)), a={"capacity": 1})
    assert faults(json.dumps(many).encode()) == ["jobs: 2001 of them; expected at most 2000"]
    long = a_form(a_job("v", *([("a", 1)] * 10_001)), a={"capacity": 1})
    assert faults(json.dumps(long).encode()) == ["jobs: 10001 steps in all; expected at most 10000"]
