"""The daily exchange: what counts on which day, what is carried over, what is forecast."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from corridor.cli.report import lines_of
from corridor.daily import Day, Said, fold, report
from tests.sim.commands import command

HOUR_MS: Final = 3_600_000
MIDNIGHT_MS: Final = 1_772_391_600_000  # 2026-03-02T00:00:00+05:00
NUMBER: Final = 20_514
DAY: Final = Day(NUMBER)
HEAD: Final[dict[str, Any]] = {"date": "2026-03-02", "utc_offset_min": 300}


def said(at_h: float, event: str, **fields: Any) -> Said:
    return Said(MIDNIGHT_MS + round(at_h * HOUR_MS), event, fields)


def a_crossing(name: str, direction: str = "E", *, at_h: float = 8.0, loaded: bool = True) -> Said:
    fields = {"direction": direction, "vehicle": f"truck-{name}", "loaded": loaded}
    return said(at_h, "crossing_noticed", crossing=name, cargo_kg=22_000 * loaded, **fields)


def exits(name: str, at_h: float) -> Said:
    return said(at_h, "custody_recorded", crossing=name, step="EXITED", place="kz_out")


def ends(name: str, at_h: float, outcome: str = "cleared") -> Said:
    return said(at_h, "crossing_finished", crossing=name, outcome=outcome, took_ms=900_000)


def waits(name: str, at_h: float, reason: str, holder: str = "") -> Said:
    fields = {"vehicle": f"truck-{name}", "reason": reason, "holder": holder}
    return said(at_h, "vehicle_waits", crossing=name, **fields)


def told(*events: Said, day: Day = DAY) -> dict[str, Any]:
    return report(fold(events, day.ends_ms), day)


# --- what is counted ---


def test_crossing_counts_on_the_day_on_which_it_ends() -> None:
    events = (a_crossing("A"), a_crossing("B", at_h=9.0), exits("A", 23.9), ends("A", 24.1))
    first, second = told(*events), told(*events, day=Day(NUMBER + 1))
    assert first["directions"]["E"]["crossed_loaded"] == 0
    assert first["directions"]["E"]["carried_over"] == 2
    assert first["quota"]["KZ"]["out"]["used"] == first["quota"]["CN"]["in"]["used"] == 1
    assert second["directions"]["E"]["carried_in"] == 2
    assert second["directions"]["E"]["planned"] == 2
    assert second["directions"]["E"]["crossed_loaded"] == 1
    assert second["quota"]["KZ"]["out"]["used"] == 0


def test_day_is_the_local_one() -> None:
    """23:30 in Kazakhstan is half past two of the next day in Beijing."""
    late = (a_crossing("A", at_h=20.0), ends("A", 23.5), a_crossing("B", at_h=30.0))
    kazakh, chinese = told(*late), told(*late, day=Day(NUMBER, 480))
    assert kazakh["directions"]["E"]["crossed_loaded"] == 1
    assert chinese["directions"]["E"]["crossed_loaded"] == 0


def test_counts_add_up() -> None:
    events = (
        *(a_crossing("A"), a_crossing("B"), a_crossing("C"), a_crossing("D", loaded=False)),
        *(ends("A", 9.0), ends("B", 9.5, "refused"), ends("D", 10.0)),
    )
    row = told(*events)["directions"]["E"]
    assert row["planned"] == 4
    ended = row["crossed_loaded"] + row["crossed_empty"] + row["refused"] + row["ended_otherwise"]
    assert ended + row["carried_over"] == row["planned"]
    assert (row["crossed_loaded"], row["crossed_empty"], row["refused"]) == (1, 1, 1)
    assert row["tonnes"] == 22.0
    assert row["crossing_time_s"] == {"mean": 900.0, "p95": 900.0, "max": 900.0}


def test_whoever_is_held_has_its_reason_with_an_owner_and_since_when() -> None:
    withheld = said(8.5, "crossing_withheld", crossing="A", reason="DOCUMENT_CONTROL", detail="")
    (held,) = told(a_crossing("A"), a_crossing("B"), withheld)["held"]
    assert (held["crossing"], held["reason"], held["owner"]) == ("A", "DOCUMENT_CONTROL", "office")
    assert held["since_utc_ms"] == withheld.at_ms
    cleared = said(9.0, "crossing_cleared", crossing="A")
    assert told(a_crossing("A"), withheld, cleared)["held"] == []


@pytest.mark.parametrize(
    ("reason", "holder", "whose"),
    [
        ("OFFICE_CLOSED", "office CN", "(office CN)"),
        ("INSPECTION_PENDING", "kz_out", "(office, kz_out)"),
        ("NO_BAY_FREE", "", "(office)"),
    ],
)
def test_whoever_is_held_is_told_with_the_side_that_has_the_move(
    reason: str, holder: str, whose: str
) -> None:
    page = HEAD | told(a_crossing("A"), waits("A", 9.0, reason, holder))
    (line,) = [line for line in lines_of(page) if line.startswith("  A ")]
    assert line.endswith(whose)
    withdrawn = said(10.0, "vehicle_goes_on", vehicle="truck-A")
    assert told(a_crossing("A"), waits("A", 9.0, reason, holder), withdrawn)["held"] == []


def test_columns_of_the_page_stay_apart_when_a_crossing_took_all_night() -> None:
    page = HEAD | told(a_crossing("A"), ends("A", 23.0))
    page["directions"]["E"]["crossing_time_s"] = {"mean": 56_098.9, "p95": 56_098.9, "max": 6e4}
    assert any(line.endswith(" 935.0 min   935.0 min") for line in lines_of(page))


def test_wait_over_midnight_counts_on_both_days_and_loading_on_none() -> None:
    night = waits("A", 23.5, "OUT_OF_HOURS")
    on = said(24.25, "vehicle_goes_on", vehicle="truck-A", crossing="A", reason="OUT_OF_HOURS")
    loading = (a_crossing("B", at_h=7.0), waits("B", 7.5, "NOT_READY"))
    events = (*loading, a_crossing("A"), night, on, a_crossing("C", at_h=30.0))
    (first,) = told(*events)["waits"]
    (second,) = told(*events, day=Day(NUMBER + 1))["waits"]
    assert (first["reason"], first["times"], first["minutes"]) == ("OUT_OF_HOURS", 1, 30.0)
    assert second["minutes"] == 15.0


# --- the forecast ---


def test_part_of_a_day_is_known_by_its_hours() -> None:
    """Twelve in two hours: some 144 a day, but by chance anything from 80 to 230."""
    begun, two_h = said(6.0, "command_taken"), said(8.0, "command_taken")
    events = [a_crossing(str(n), at_h=6.0 + n / 6.0) for n in range(12)]
    row = told(begun, *events, two_h)["forecast"]["directions"]["E"]
    assert (row["days_known"], row["hours_known"]) == (1, 2.0)
    assert row["new"]["expected"] == 144
    assert row["new"]["low"] < 90
    assert row["new"]["high"] > 210


def test_forecast_has_what_is_carried_over_and_stays_within_the_quota() -> None:
    events = [a_crossing(str(n), at_h=8.0 + n / 100) for n in range(40)]
    events += [ends(str(n), 12.0) for n in range(30)]
    free = told(said(0.0, "command_taken"), *events, said(23.9, "command_taken"))
    row = free["forecast"]["directions"]["E"]
    assert row["carried_over"] == 10
    assert row["new"]["expected"] == pytest.approx(40, abs=1)
    assert row["crossings"]["expected"] == pytest.approx(50, abs=1)
    day = Day(NUMBER, quota_in={"CN": 35}, next_out={"KZ": 45}, next_in={"CN": 42})
    events = [said(0.0, "command_taken"), *events, said(23.9, "command_taken")]
    capped = report(fold(events, day.ends_ms), day)["forecast"]["directions"]["E"]
    assert capped["quota"] == 42
    assert capped["crossings"]["expected"] == capped["crossings"]["high"] == 42


def test_minutes_of_a_day_say_nothing_about_the_next() -> None:
    row = told(a_crossing("A", at_h=8.0), ends("A", 8.2))["forecast"]["directions"]["E"]
    assert row["crossings"] is None


# --- the command ---


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("daily") / "smoke"
    setting = "hours={KZ={quota_out=3}, CN={quota_in=2}}"
    said = command("sim", "run", "smoke", "--set", setting, "--out", str(path))
    assert said.code == 0, said.err
    return path


def test_page_of_a_run_counts_its_crossings(folder: Path) -> None:
    said = command("corridor", "report", "daily", "--from", str(folder), "--json")
    assert said.code == 0
    page = json.loads(said.out)
    traffic = json.loads((folder / "result.json").read_text())["traffic"]
    rows = page["directions"].values()
    assert page["date"] == "2026-03-02"
    assert sum(row["crossed_loaded"] for row in rows) == traffic["loaded_crossings"]
    assert sum(row["tonnes"] for row in rows) == traffic["tonnes"]
    assert page["quota"]["KZ"]["out"] == {"limit": 3, "used": 1}
    assert page["quota"]["CN"]["in"] == {"limit": 2, "used": 1}
    text = command("corridor", "report", "daily", "--from", str(folder))
    assert "quota KZ   out 1 of 3; in 1, no quota" in text.out
    assert "held: nobody" in text.out


def test_quota_is_that_of_its_day_and_of_the_next(tmp_path: Path, folder: Path) -> None:
    """Ten, two days of a fifth less from the day before the one that is asked about."""
    (tmp_path / "f.toml").write_text(
        "[hours.KZ]\nquota_out = 10\nquota_drop = 0.2\nquota_drop_days = 2\n"
        'quota_drop_from = "2026-03-01"\n'
    )
    words = ("--from", str(folder), "--config", str(tmp_path / "f.toml"), "--json")
    page = json.loads(command("corridor", "report", "daily", *words).out)
    assert page["quota"]["KZ"]["out"]["limit"] == 8
    assert page["forecast"]["directions"]["E"]["quota"] == 10


def test_log_of_a_program_gives_the_page_of_the_run(folder: Path, tmp_path: Path) -> None:
    """A supervisor writes UTC where a run has seconds."""
    log = tmp_path / "supervisor.jsonl"
    with log.open("w") as file:
        for line in (folder / "events.jsonl").read_text().splitlines():
            row = json.loads(line)
            at = f"2026-03-02T03:{row['t'] // 60:02.0f}:{row.pop('t') % 60:06.3f}Z"
            file.write(json.dumps({"time": at, "mono_ns": 1, **row}) + "\n")
    (tmp_path / "f.toml").write_text("[hours.KZ]\nquota_out = 3\n[hours.CN]\nquota_in = 2\n")
    words = ("--log", str(log), "--config", str(tmp_path / "f.toml"), "--json")
    live = json.loads(command("corridor", "report", "daily", *words).out)
    run = json.loads(command("corridor", "report", "daily", "--from", str(folder), "--json").out)
    assert live == run


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ((), 2, "--from DIR or --log FILE: one of the two"),
        (("--from", "{folder}", "--log", "x"), 2, "one of the two"),
        (("--from", "/nowhere"), 2, "no such folder to look for scenario.resolved.toml"),
        (("--log", "{folder}/crossings.csv"), 2, "crossings.csv:1: no line of a log"),
        (("--log", "{folder}/events.jsonl"), 2, "events.jsonl:1: no line of a program's log"),
        (("--from", "{folder}", "--date", "2 March"), 2, "expected a day, as 2026-03-02"),
        (("--from", "{folder}", "--date", "2026-03-09"), 1, "the log has 2026-03-02 to 2026-03-02"),
        (("--from", "{folder}", "--utc-offset", "9999"), 2, "expected -720 to 840 minutes"),
    ],
)
def test_what_cannot_be_told_is_said_in_words(
    folder: Path, words: tuple[str, ...], code: int, expected: str
) -> None:
    given = [word.format(folder=folder) for word in words]
    said = command("corridor", "report", "daily", *given)
    assert (said.code, said.out) == (code, "")
    assert expected in said.err
