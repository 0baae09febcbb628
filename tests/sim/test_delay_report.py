"""The Time Release Study: figures that anybody can reckon again from the files of a run."""

import json
from pathlib import Path

from sim.delay_report import lines_of, study
from tests.sim.commands import command

CROSSINGS = [
    {"crossing": "KZ-1", "time_s": "100.0", "free_s": "60.0", "delay_s": "40.0"},
    {"crossing": "KZ-2", "time_s": "80.0", "free_s": "60.0", "delay_s": "20.0"},
    {"crossing": "KZ-3", "time_s": "", "free_s": "", "delay_s": ""},
]


def a_delay(crossing: str, party: str, seconds: float, resource: str = "kz_out") -> dict[str, str]:
    return {
        "crossing": crossing,
        "party": party,
        "resource": resource,
        "rule": "PERMIT_PENDING",
        "seconds": str(seconds),
    }


DELAYS = [
    a_delay("KZ-1", "gate", 25.0),
    a_delay("KZ-1", "gate", 5.0),
    a_delay("KZ-1", "office KZ", 10.0, "kz_xray_e"),
    a_delay("KZ-2", "gate", 20.0),
    a_delay("KZ-3", "terminal", 999.0),
]
STAGES = [
    {"stage": "kz_out", "arrive": "10.0", "start": "14.0", "end": "20.0"},
    {"stage": "kz_out", "arrive": "30.0", "start": "30.0", "end": "38.0"},
]


def test_means_of_parties_add_up_to_the_mean_delay_of_crossings_that_are_over() -> None:
    told = study(CROSSINGS, DELAYS, STAGES)
    assert told["crossings"] == 2
    parties = told["by_party"]
    assert list(parties) == ["gate", "office KZ"]  # most first; what is not over counts nowhere
    assert parties["gate"]["mean"] == 25.0
    assert parties["office KZ"]["mean"] == 5.0
    assert sum(each["mean"] for each in parties.values()) == told["time_s"]["delay"]["mean"] == 30.0
    assert parties["gate"]["share"] == round(50 / 60, 4)
    assert (parties["gate"]["p50"], parties["gate"]["p95"]) == (20.0, 30.0)
    assert told["by_resource"]["kz_xray_e"]["crossings"] == 1


def test_stages_tell_wait_and_service_apart() -> None:
    stage = study(CROSSINGS, DELAYS, STAGES)["by_stage"]["kz_out"]
    assert stage["visits"] == 2
    assert stage["wait_s"]["mean"] == 2.0
    assert stage["service_s"]["mean"] == 7.0


def test_study_of_nothing_says_so() -> None:
    assert lines_of(study([], [], [])) == ["Time Release Study: 0 crossings that are over, seconds"]


def test_command_prints_the_study_of_a_run_folder(tmp_path: Path) -> None:
    assert command("sim", "run", "smoke", "--out", str(tmp_path)).code == 0
    told = command("sim", "report", str(tmp_path), "--delays")
    assert told.code == 0
    assert "Time Release Study: 2 crossings" in told.out
    assert "DIRECTION_OPPOSED" in told.out
    values = json.loads(command("sim", "report", str(tmp_path), "--delays", "--json").out)
    times = values["time_s"]
    total_s = times["free_running"]["mean"] + times["delay"]["mean"]
    assert abs(total_s - times["crossing"]["mean"]) < 0.002


def test_command_prints_the_result_of_a_run_folder(tmp_path: Path) -> None:
    ran = command("sim", "run", "smoke", "--out", str(tmp_path))
    page = f"  page           {tmp_path / 'report.html'}\n"
    assert command("sim", "report", str(tmp_path)).out == ran.out + page
    result = json.loads((tmp_path / "result.json").read_text())
    assert json.loads(command("sim", "report", str(tmp_path), "--json").out) == result


def test_command_refuses_what_is_no_run_folder(tmp_path: Path) -> None:
    told = command("sim", "report", str(tmp_path), "--delays")
    assert told.code == 2
    assert "crossings.csv" in told.err
    (tmp_path / "result.json").write_text("[]")
    assert command("sim", "report", str(tmp_path)).code == 2
