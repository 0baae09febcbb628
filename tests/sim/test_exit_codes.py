"""Exit codes and streams of the command line: data on stdout, words on stderr, and never a
traceback, whatever is typed.

Not here: what a run leaves in its folder (test_run_folder.py).
"""

import functools
import json
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

import sim.cli.run
from sim.run import RunOptions
from sim.world import World
from tests.contract.map_edits import a_map, put
from tests.sim.commands import Said, command, process, settings
from tests.sim.runs import Prepare
from tests.sim.test_checkers import crash_of, deadlock, without_brakes

HEADER: Final = "t,steering_rate_radps,accel_mps2\n"


def smoke(folder: Path, *words: str) -> Said:
    return command("sim", "run", "smoke", "--out", str(folder), *words)


def result_in(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return result


# --- streams ---


def test_json_on_stdout_is_result_json_and_nothing_else(tmp_path: Path) -> None:
    said = process("sim", "run", "smoke", "--json", "--out", str(tmp_path))
    assert said == Said(0, (tmp_path / "result.json").read_text(), "")


def test_table_names_verdict_and_folder_and_stderr_stays_empty(tmp_path: Path) -> None:
    said = smoke(tmp_path, "--seed", "3")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("smoke, seed 3: PASSED\n")
    assert f"files          {tmp_path}\n" in said.out
    assert "\x1b" not in said.out
    limits = next(line for line in said.out.splitlines() if "what limited" in line)
    assert "Nothing was short: the run shows 2 crossings" in limits


def test_list_names_every_scenario_that_can_be_shown() -> None:
    listed = command("sim", "list")
    assert (listed.code, listed.err) == (0, "")
    names = [line.split()[0] for line in listed.out.splitlines()]
    assert "smoke" in names
    for name in names:
        assert tomllib.loads(command("sim", "show", name).out)["name"] == name


# --- 0, 1, 3, 4, 130 ---


def test_exit_codes_are_those_of_the_process(tmp_path: Path) -> None:
    """As a CI job sees them: 1 and 2; 0 is above."""
    words = ("run", "smoke", "--out", str(tmp_path))
    failed = process("sim", *words, *settings("expect.0.equals=3"))
    assert (failed.code, failed.err) == (1, "")
    assert "FAIL           traffic.loaded_crossings == 3.0 (observed 2)" in failed.out
    refused = process("sim", *words, *settings("fleet.kz=many"))
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("convoy-sim: smoke.toml: fleet.kz = 'many'")


def test_one_failed_expectation_among_many_fails_the_run(tmp_path: Path) -> None:
    bounds = "{metric='safety.total', equals=0}, {metric='traffic.tonnes', at_most=1}"
    said = smoke(tmp_path, *settings(f"expect=[{bounds}]"))
    assert said.code == result_in(tmp_path)["exit_code"] == 1
    assert [each["passed"] for each in result_in(tmp_path)["expectations"]] == [True, False]


PLANTED: Final[dict[str, tuple[Prepare, int, str]]] = {
    "unsafe": (without_brakes("truck-01"), 3, "I2 broken at "),
    "crash": (crash_of("kz_out"), 3, "an agent crashed: ValueError: a planted fault"),
    "deadlock": (deadlock, 4, "deadlock: truck-0"),
}


def plant(prepare: Prepare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the command line run a world with a defect."""
    monkeypatch.setattr(sim.cli.run, "RunOptions", functools.partial(RunOptions, prepare=prepare))


@pytest.mark.parametrize("name", PLANTED)
def test_planted_defect_ends_the_command_with_its_exit_code_and_a_word(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, code, word = PLANTED[name]
    plant(prepare, monkeypatch)
    said = smoke(tmp_path, "--json")
    result = json.loads(said.out)
    assert result == result_in(tmp_path)
    assert said.code == result["exit_code"] == code
    assert result["verdict"] == "failed"
    assert word in said.err
    assert "Traceback" not in said.err


def test_crossings_that_were_asked_for_and_not_reached_are_exit_code_4(tmp_path: Path) -> None:
    """The second truck arrives after two minutes."""
    said = process("sim", "run", "smoke", "--out", str(tmp_path), "--duration", "100s")
    assert (said.code, said.err) == (4, "time limit: 1 of 2 crossings in 1:40\n")
    result = result_in(tmp_path)
    assert (result["exit_code"], result["verdict"]) == (4, "failed")


def test_time_limit_goes_before_a_failed_expectation_and_is_none_without_a_number(
    tmp_path: Path,
) -> None:
    for crossings, code in ((3, 4), (2, 1), (0, 1)):
        words = (f"time.crossings={crossings}", "expect.0.equals=9", "time.duration='130s'")
        said = smoke(tmp_path, *settings(*words))
        assert (said.code, said.err != "") == (code, code == 4), crossings


def test_unsafe_run_is_unsafe_whatever_else_it_has_not_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(without_brakes("truck-01"), monkeypatch)
    said = smoke(tmp_path, *settings("time.crossings=3", "time.duration='70s'"))
    assert said.code == 3
    assert "time limit: " in said.err


def test_run_that_is_over_within_its_warm_up_has_measured_nothing(tmp_path: Path) -> None:
    for warm_up in ("2min", "3min"):
        said = smoke(tmp_path, "--json", *settings(f"time.warm_up={warm_up}", "expect=[]"))
        traffic = json.loads(said.out)["traffic"]
        assert said.code == 0
        assert (traffic["loaded_crossings"], traffic["tonnes_per_year"]) == (0, 0.0)
        assert traffic["measured_s"] == 0.0
        again = command("sim", "report", str(tmp_path))
        assert "measured       nothing: the run was over within its warm-up" in again.out


def test_unnamed_scenario_is_named_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Short Run.v2.toml").write_text("[corridor]\nmap = 'smoke'\n[time]\nduration = '1s'\n")
    assert command("sim", "run", "Short Run.v2.toml").code == 0
    assert Path("runs/short-run-v2-1/result.json").exists()


def test_interrupted_command_ends_with_130(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(world: World) -> None:
        raise KeyboardInterrupt

    plant(interrupt, monkeypatch)
    assert smoke(tmp_path) == Said(130, "", "")


# --- 2: what cannot be used, and the word that has to be said about it ---

SETTINGS: Final = [
    ("flet.kz=1", "flet: unknown key; did you mean fleet?"),
    ("fleet.kzz=1", "fleet.kzz: unknown key; did you mean fleet.kz?"),
    ("network.los=0.1", "did you mean network.loss?"),
    ("flow.0.payload=3", "payload: unknown key; did you mean flow[0].payload_t?"),
    ("fleet.=3", "fleet.: unknown key"),
    ("fleet.kz", "'fleet.kz': expected key=value"),
    ("=3", "'=3': expected key=value"),
    ("fleet=3", "fleet = 3"),
    ("fleet.kz.a=3", "fleet.kz.a=3"),
    ("fleet.kz=-1", "fleet.kz = -1"),
    ("fleet.kz=1.5", "fleet.kz = 1.5"),
    ("fleet.kz=99", "fleet.kz = 99: map smoke has 4 departure berths"),
    ("fleet.kz=2026-03-02", "expected `int`, got `date`"),
    ("fleet.convoy=4", "fleet.convoy = 4"),
    ("fleet.vehicle=truck", "expected truck40 or agv65"),
    ("fleet.forming=x", "fleet.forming: 'x'"),
    ("format_version=2", "format_version = 2"),
    ("network.loss=2", "network.loss = 2"),
    ("network.loss=nan", "network.loss = nan"),
    ("network.delay_ms=inf", "network.delay_ms = inf"),
    ("network.jitter_ms=nan", "network.jitter_ms = nan"),
    ("network.late_ms=60001", "network.late_ms = 60001: expected `float` <= 60000.0"),
    ("flow.0.weight=inf", "flow[0].weight = inf"),
    ("flow.0.crossings_per_hour=1e12", "crossings_per_hour = 1000000000000.0: expected `float` <="),
    (
        "flow.0.crossings_per_hour=1e-300",
        "crossings_per_hour = 1e-300: expected 0, for endless, or",
    ),
    ("flow.0.payload_t=nan", "flow[0].payload_t = nan"),
    (
        "flow.0.payload_t=25.1",
        "payload_t = 25.1: expected at most 25, for truck40 weighs 15 t empty",
    ),
    ("flow.0.payload_sd_t=1e308", "flow[0].payload_sd_t = 1e+308"),
    ("flow.0.hs_code=12", "flow[0].hs_code = 12: expected `str`"),
    ("flow.0.hs_code='120'", "flow.0.hs_code: '120': expected 4, 6, 8 or 10 digits"),
    ("flow.0.hs_code='١٢٠٦'", "expected 4, 6, 8 or 10 digits"),
    ("flow.0.goods=", "flow.0.goods: ''"),
    ("flow.².payload_t=3", "there is no item ²"),
    ("office.KZ.officers=0", "office.KZ.officers = 0: expected `int` >= 1"),
    ("office.KZ.officer=1", "office.KZ.officer: unknown key; did you mean office.KZ.officers?"),
    ("office.KZ=3", "office.KZ = 3: expected a table"),
    ("station.kz_weigh_e.failure=2", "station.kz_weigh_e.failure = 2"),
    ("station.kz_weigh_w.failure=0", "station.kz_weigh_w.service: missing"),
    ("name=../../evil", "name: '../../evil': expected 1 to 64 of a-z, 0-9, '_' and '-'"),
    ("name=", "name: '': expected 1 to 64 of"),
    ("name=Smoke", "name: 'Smoke': expected"),
    ("fleet.kz=\udcff", "--set 'fleet.kz=\\udcff': not UTF-8"),
    ("fleet.kz=" + "9" * 5_000, "a number of thousands of digits"),
    ("fleet.kz=0x" + "f" * 5_000, "a whole number of 20000 bits"),
    ("fleet.kz=" + "[" * 3_000, "nested deeper than 12 levels"),
    ("a." * 3_000 + "b=1", "3001 levels, expected at most 12"),
    ("fleet.kz=1\nw=2", "fleet.kz = '1\\nw=2'"),
    ("weather.friction=0", "weather.friction = 0"),
    (
        "weather.timeline=[{at='10min'}, {at='5min'}]",
        "weather.timeline.1.at = '5min': expected later than '10min', which is weather.timeline.0",
    ),
    (
        "weather.timeline=[{at='10min'}, {at='600s'}]",
        "weather.timeline.1.at = '600s': expected later than '10min', which is weather.timeline.0",
    ),
    ("hours.KZ.quota_drop_from='2026-02-31'", "hours.KZ.quota_drop_from = '2026-02-31': expected"),
    ("hours.KZ.quota_drop=0.1", "hours.KZ.quota_drop = 0.1: expected quota_drop_from beside it"),
    ("hours={CN={quota_drop=0.1, quota_drop_from='2026-03-03'}}", "hours.CN.quota_drop = 0.1: exp"),
    ("flow=[1]", "flow[0] = 1"),
    ("flow=[{direction='E'}]", "flow[0].goods: missing"),
    ("flow.7.payload_t=3", "there is no item 7"),
    ("flow.0=3", "flow.0=3"),
    ("flow.0.direction=N", "flow.0.direction = 'N'"),
    ("flow.0.channels.green=0.5", "flow.0.channels: sum 0.5, expected 1"),
    ("time.duration=0s", "time.duration = '0s'"),
    ("time.duration=4", "time.duration = 4"),
    ("time.duration=-4min", "time.duration: '-4min'"),
    ("time.warm_up=4min", "time.warm_up = '4min'"),
    ("time.duration=0.0000001ms", "time.duration = '0.0000001ms': expected at least 1ms"),
    ("time.start=soon", "time.start = 'soon'"),
    ("time.start=0001-01-01T00:00:00+14:00", "expected a year from 2000 to 2099"),
    ("time.start=2026-03-02T08:00:00", "expected an offset date-time"),
    ("station.nowhere.service=constant:1s", "station.nowhere: not on map smoke"),
    ("station.kz_weigh_e.service=constant:-1s", "station.kz_weigh_e.service: 'constant:-1s'"),
    ("gate.kz_outt.barrier=1s", "gate.kz_outt: not on map smoke"),
    ("gate.kz_out.barrier=1x", "gate.kz_out.barrier: '1x'"),
    ("office.RU.assess=1s", "office.RU: expected office.KZ or office.CN"),
    ("berth.load=gauss:3s", "unknown distribution 'gauss'"),
    ("berth.unload=triangular:3s,2s,1s", "not in rising order"),
    ("fault=[{at='1s', kind='crsh', target='truck-01'}]", "fault.0.kind = 'crsh'"),
    ("fault=[{at='1s', kind='crash', target='truck-99'}]", "there is no truck-99"),
    ("fault=[{at='1s', kind='partition', target='truck-01 it'}]", "there is no it"),
    ("fault=[{at='1s', kind='barrier_stuck', target='kz_out', lasts='1'}]", "fault.0.lasts: '1'"),
    ("fault=[{at='1s', kind='air_lost', target='truck-01', into_m=5}]", "fault.0.into_m: expected"),
    ("fault=[{at='1s', kind='air_lost', target='*', zone='x'}]", "fault.0.zone = 'x': only one"),
    ("fault=[{at='1s', kind='air_lost', target='truck-01', zone='x'}]", "expected one of boundary"),
    ("expect=[{metric='safety.total'}]", "expect.0: expected exactly one of"),
    ("expect=[{metric='safety.total', at_least='x'}]", "expect[0].at_least = 'x'"),
    ("expect=[{metric='safety.totl', equals=0}]", "'safety.totl': unknown; did you mean safety.t"),
    ("expect=[{metric='safety.total', at_most=inf}]", "expect[0].at_most = inf"),
    ("corridor.map=../maps/smoke", "map '../maps/smoke': not installed"),
    ('corridor.map="\\u0000.json"', "embedded null byte"),
    ("corridor.map=atlantis", "map 'atlantis': not installed; there are bakhty_pokitu, bridge"),
    ("corridor.map=nowhere.geojson", "nowhere.geojson: No such file"),
    ("corridor.map=DIR/text.geojson", "DIR/text.geojson: file: text is not JSON"),
    ("corridor.map=DIR/narrow.geojson", "DIR/narrow.geojson: kz_d01_a: width_m is 0"),
]

STATION: Final = "station --arrivals 9/h --service constant:1s --servers 1 --hours 1 -o DIR/s.csv"
COMMANDS: Final = [
    ("sim", "", "COMMAND"),
    ("sim", "fly", "'fly'"),
    ("sim", "run smok", "scenario 'smok': not installed; there are"),
    ("sim", "run nowhere.toml", "nowhere.toml: No such file"),
    ("sim", "run DIR", "not installed"),
    ("sim", "run DIR/text.toml", "text.toml: not TOML"),
    ("sim", "run DIR/bytes.toml", "bytes.toml: byte 0 is not UTF-8"),
    ("sim", "run DIR/bytes.toml --set fleet.kz=1", "bytes.toml: byte 0 is not UTF-8"),
    ("sim", "run smoke smoke", "unrecognized arguments: smoke"),
    ("sim", "run smoke --wat", "--wat"),
    ("sim", "run smoke --set", "--set"),
    ("sim", "run smoke --seed 1.5", "'1.5'"),
    ("sim", "run smoke --duration \udcff", "--duration '\\udcff': not UTF-8"),
    ("sim", "run smoke --duration 4", "time.duration: '4' has no unit"),
    ("sim", "run DIR/digits.toml", "digits.toml: a number of thousands of digits"),
    ("sim", "run DIR/deep.toml", "deep.toml: nested deeper than 12 levels"),
    ("sim", "run DIR/long.toml", "long.toml: fleet: nested deeper than 12 levels"),
    ("sim", "show DIR/deep.toml", "deep.toml: nested deeper"),
    ("sim", "run smoke --duration soon", "time.duration: 'soon'"),
    ("sim", "run smoke --duration=", "time.duration: ''"),
    ("sim", "run smoke --track-period fast", "--track-period 'fast'"),
    ("sim", "run smoke --track-period=-1s", "--track-period '-1s'"),
    ("sim", "run smoke --track-period 0.0000001ms", "at least 1ms"),
    ("sim", "run smoke --out DIR/text.toml", "text.toml: File exists"),
    ("sim", "run smoke --out DIR/text.toml/x", "text.toml/x: Not a directory"),
    ("sim", "list extra", "extra"),
    ("sim", "show", "SCENARIO"),
    ("sim", "show nosuch", "scenario 'nosuch'"),
    ("sim", "show DIR/text.toml", "text.toml: not TOML"),
    ("sim", "stage nosuch", "scenario 'nosuch'"),
    ("sim", "stage smoke --rate 0", "--rate 0"),
    ("sim", "stage smoke --rate nan", "--rate nan"),
    ("sim", "stage smoke --kill truck-01", "--kill 'truck-01'"),
    ("sim", "stage smoke --set fleet.kzz=1", "fleet.kzz"),
    ("sim", "drive", "SCRIPT.csv"),
    ("sim", "drive DIR/none.csv -o DIR/t.csv", "none.csv: cannot be read"),
    ("sim", "drive DIR/turn.csv", "-o/--output"),
    ("sim", "drive DIR/turn.csv -o DIR", "cannot be written"),
    ("sim", "drive DIR/bytes.toml -o DIR/t.csv", "byte 0 is not UTF-8"),
    ("sim", "drive DIR/turn.csv -o DIR/t.csv --dt 0", "--dt: '0'"),
    ("sim", "drive DIR/turn.csv -o DIR/t.csv --speed0 fast", "--speed0: 'fast'"),
    ("sim", "drive DIR/turn.csv -o DIR/t.csv --vehicle car", "--vehicle 'car'"),
    ("sim", "drive DIR/turn.csv -o DIR/t.csv --set wheelbase=3", "nearest: wheelbase_m"),
    ("sim", "drive DIR/turn.csv -o DIR/t.csv --set wheelbase_m=inf", "wheelbase_m: 'inf'"),
    ("sim", "station", "--arrivals"),
    ("sim", f"{STATION} --arrivals 9", "--arrivals '9'"),
    ("sim", f"{STATION} --service constant", "--service 'constant'"),
    ("sim", f"{STATION} --service normal:3s", "'normal'"),
    ("sim", f"{STATION} --servers 0", "--servers '0'"),
    ("sim", f"{STATION} --hours inf", "--hours 'inf'"),
    ("sim", f"{STATION} --seed x", "--seed 'x'"),
    ("sim", f"{STATION} -o DIR/no/where.csv", "where.csv: cannot be written"),
    ("corridor", "map", "COMMAND"),
    ("corridor", "map chek x", "'chek'"),
    ("corridor", "map check", "F.geojson"),
    ("corridor", "map check nowhere", "'nowhere' cannot be read"),
    ("corridor", "map check DIR", "cannot be read: Is a directory"),
    ("corridor", "map check DIR/bytes.toml", "bytes.toml"),
    ("corridor", "map check DIR/text.geojson", "text.geojson"),
    ("corridor", "map check DIR/narrow.geojson", "kz_d01_a: width_m is 0"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that cannot be used."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "text.toml").write_text("no table = ")
    (folder / "text.geojson").write_text('{"type": "FeatureCollection"')
    (folder / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    (folder / "digits.toml").write_text(f"[fleet]\nkz = {'9' * 5_000}")
    (folder / "deep.toml").write_text(f"fleet = {'[' * 3_000}")
    (folder / "long.toml").write_text(f"fleet.{'a.' * 3_000}b = 1")
    (folder / "narrow.geojson").write_bytes(a_map(put("kz_d01_a", "width_m", 0)))
    (folder / "turn.csv").write_text(HEADER + "0,0,0\n1,0,0\n")
    return folder


def refused(said: Said, word: str) -> None:
    """Exit code 2, nothing on stdout, and on stderr what is wrong, in words."""
    assert said.code == 2
    assert said.out == ""
    assert word in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    ("setting", "word"), SETTINGS, ids=[ascii(each[:60]) for each, _ in SETTINGS]
)
def test_impossible_setting_is_refused_by_name_before_anything_runs(
    setting: str, word: str, place: Path, tmp_path: Path
) -> None:
    said = smoke(tmp_path, "--json", *settings(setting.replace("DIR", str(place))))
    refused(said, word.replace("DIR", str(place)))
    assert not (tmp_path / "result.json").exists()


@pytest.mark.parametrize(
    ("program", "line", "word"),
    COMMANDS,
    ids=[ascii(f"{name} {line}") for name, line, _ in COMMANDS],
)
def test_command_that_cannot_be_carried_out_is_refused_by_name(
    program: str, line: str, word: str, place: Path
) -> None:
    refused(command(program, *line.replace("DIR", str(place)).split()), word)


@pytest.mark.parametrize("line", ["run smok", "run smoke --set fleet.kzz=1", "drive none -o x"])
def test_refusal_of_a_process_is_one_line(line: str) -> None:
    """Warnings are errors there too."""
    said = process("sim", *line.split())
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("convoy-sim")
    assert said.err.count("\n") == 1
