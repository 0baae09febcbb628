"""The four programs as a person meets them: help, version, checks, and sentences for bad input."""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from contract.agent import Role
from contract.v1.customs_pb2 import Declaration
from contract.v1.document_pb2 import Document
from live.journal import JournalFile
from live.keys import NodeSpec
from live.roster import ROSTER_FILE, throwaway
from tests import factories
from tests.live.factories import a_config, until
from tests.live.test_program import ROOT, free_port

Main = Callable[[Sequence[str] | None], int]
GATES: Final = ("kz_out", "kz_in", "cn_in", "cn_out")
PROGRAMS: Final = {
    "convoy-corridor": "corridor.__main__",
    "convoy-vehicle": "vehicle.__main__",
    "convoy-gate": "gate.__main__",
    "convoy-office": "gate.office.__main__",
}
SPECS: Final = (
    NodeSpec("office-kz", Role.OFFICE, "KZ"),
    NodeSpec("office-cn", Role.OFFICE, "CN"),
    NodeSpec("agencies-kz", Role.AGENCY, "KZ"),
    NodeSpec("supervisor", Role.SUPERVISOR),
    NodeSpec("terminal-kz", Role.TERMINAL, "KZ"),
    NodeSpec("truck-01", Role.VEHICLE),
    *(NodeSpec(gate, Role.GATE, gate[:2].upper()) for gate in GATES),
)
TRUCK: Final = {
    "length_m": 16.5,
    "front_ahead_m": 5.0,
    "wheelbase_m": 3.6,
    "steer_max_rad": 0.7,
    "accel_max_mps2": 0.6,
    "brake_service_mps2": 1.5,
    "brake_assured_mps2": 3.2,
    "brake_delay_s": 0.5,
    "width_m": 2.55,
    "trailer_m": 8.1,
    "hitch_ahead_m": 0.5,
    "steer_lag_s": 0.3,
    "steer_dead_s": 0.1,
    "steer_rate_radps": 0.35,
    "drive_lag_s": 0.5,
    "drive_dead_s": 0.2,
    "brake_lag_s": 0.35,
    "brake_dead_s": 0.2,
    "jerk_mps3": 1.0,
    "brake_jerk_mps3": 5.0,
    "driven_share": 0.29,
}
SUPERVISOR: Final = {"supervisor": "tcp://127.0.0.1:5570"}
OFFICES: Final = {"office-kz": "tcp://127.0.0.1:5571", "office-cn": "tcp://127.0.0.1:5572"}
BODY: Final = {
    "address": "tcp://127.0.0.1:5599",
    "public_key": "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
}
LISTEN: Final = {"address": "tcp://127.0.0.1:5580"}
Sections = dict[str, dict[str, Any]]
GOOD: Final[dict[str, tuple[str, Sections]]] = {
    "convoy-corridor": ("supervisor", {"listen": LISTEN}),
    "convoy-vehicle": (
        "truck-01",
        {
            "peers": SUPERVISOR | dict.fromkeys(GATES, "tcp://127.0.0.1:5580"),
            "truck": TRUCK,
            "body": BODY,
        },
    ),
    "convoy-gate": ("kz_out", {"listen": LISTEN, "peers": SUPERVISOR | OFFICES, "body": BODY}),
    "convoy-office": ("office-kz", {"listen": LISTEN, "peers": SUPERVISOR}),
}


def main_of(program: str) -> Main:
    main: Main = importlib.import_module(PROGRAMS[program]).main
    return main


class Site:
    """A folder with everybody's keys and a configuration to spoil."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = throwaway(SPECS, b"programs")
        self.made.write(folder / "keys")

    def config(self, name: str, sections: Sections) -> Path:
        home = self.folder / f"{name}.d"
        home.mkdir(exist_ok=True)
        node = {
            "name": name,
            "keys": self.folder / "keys",
            "roster": self.folder / "keys" / ROSTER_FILE,
            "journal": home / "journal.db",
        }
        clock = {"source": "stated", "utc_error_ms": 1}
        return a_config(home, {"node": node, "map": {"file": "smoke"}, "clock": clock, **sections})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_check_config_says_who_it_is(
    program: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    name, sections = GOOD[program]
    path = site.config(name, sections)
    assert main_of(program)(["--config", str(path), "--check-config"]) == 0, capsys.readouterr()
    assert f"{program}: {path} is good; {name} (" in capsys.readouterr().out


@pytest.mark.parametrize("program", sorted(PROGRAMS))
@pytest.mark.parametrize(("option", "said"), [("--help", "examples:"), ("--version", "{} ")])
def test_program_tells_about_itself(
    program: str, option: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main_of(program)([option])
    assert ended.value.code == 0
    assert said.format(program) in capsys.readouterr().out


@pytest.mark.parametrize(
    ("program", "name", "change", "said"),
    [
        ("convoy-corridor", "truck-01", {}, "the roster has it as vehicle, expected a supervisor"),
        ("convoy-corridor", "supervisor", {"convoy": {"members": 9}}, "convoy.members = 9"),
        ("convoy-corridor", "supervisor", {"map": {"file": "moon"}}, "map 'moon'"),
        ("convoy-vehicle", "truck-01", {"peers": SUPERVISOR}, "no address of cn_in, cn_out"),
        ("convoy-vehicle", "truck-01", {"truck": {"length_m": 16.5}}, "truck.front_ahead_m"),
        ("convoy-vehicle", "truck-01", {"truck": TRUCK | {"length_m": 99.0}}, "length_m = 99.0"),
        (
            "convoy-vehicle",
            "truck-01",
            {"truck": TRUCK | {"brake_assured_mps2": 0.5}},
            "expected at least truck.brake_service_mps2 = 1.5",
        ),
        ("convoy-vehicle", "truck-01", {"body": {}}, "a truck needs its hardware"),
        (
            "convoy-gate",
            "kz_out",
            {"peers": SUPERVISOR},
            "expected the address of one office of KZ",
        ),
        ("convoy-gate", "truck-01", {}, "the roster has it as vehicle, expected a gate"),
        ("convoy-gate", "kz_out", {"body": BODY | {"public_key": "short"}}, ""),
        ("convoy-office", "office-kz", {"rules.loaded": {"green": 0.5}}, "shares sum to 0.5"),
        ("convoy-office", "office-kz", {"rules": {"seed_file": "/nowhere"}}, "/nowhere: No such"),
        (
            "convoy-office",
            "office-kz",
            {"peers": OFFICES},
            "peers.office-kz: expected another node",
        ),
    ],
)
def test_bad_config_is_one_sentence_and_exit_code_2(
    program: str,
    name: str,
    change: Sections,
    said: str,
    site: Site,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = site.config(name, {**GOOD[program][1], **change})
    arguments = ["--config", str(path)] + (["--check-config"] if said else [])
    assert main_of(program)(arguments) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith(f"{program}: ")
    assert said in error


def test_office_shows_the_seed_of_its_draws_and_another_one_for_another_term(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """OFF-005: neither is the release key, nor tells the other."""
    shown = []
    for rules in ({}, {"seed_term": "2026-11"}, {"seed_term": "2026-11"}):
        path = site.config("office-kz", {**GOOD["convoy-office"][1], "rules": rules})
        assert main_of("convoy-office")(["seed", "--config", str(path)]) == 0
        shown.append(capsys.readouterr().out.strip())
    assert shown[0] != shown[1] == shown[2]
    assert [len(bytes.fromhex(each)) for each in shown] == [32, 32, 32]
    path = site.config("kz_out", GOOD["convoy-gate"][1])
    assert main_of("convoy-office")(["seed", "--config", str(path)]) == 2
    assert capsys.readouterr().err.startswith("convoy-office seed: ")


# --- the agencies' counter is an office's program under another role ---

COUNTER: Final = {"peers": SUPERVISOR | OFFICES}


def test_office_program_starts_the_counter_of_a_node_that_is_an_agency(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    path = site.config("agencies-kz", {**COUNTER, "agencies": {"check_s": 2.5}})
    assert main_of("convoy-office")(["--config", str(path), "--check-config"]) == 0
    assert f"convoy-office: {path} is good; agencies-kz (" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rules": {"assess_s": 1.0}}, "rules"),
        ({"agencies": {"check_s": -1.0}}, "agencies.check_s = -1.0"),
        ({"agencies": {"book": "/nowhere"}}, "/nowhere: No such"),
        ({"peers": SUPERVISOR}, "expected the address of one office of KZ"),
        ({"peers": {"office-kz": OFFICES["office-kz"]}}, "address of one supervisor"),
        (
            {"peers": SUPERVISOR | {"office-cn": OFFICES["office-cn"]}},
            "expected the address of one office of KZ",
        ),
        (
            {"peers": SUPERVISOR | {"office-kz": OFFICES["office-kz"]}},
            "expected the address of one office of CN",
        ),
        ({"listen": LISTEN}, "nobody connects to the agencies"),
        ({"body": {"address": BODY["address"]}}, "address and public_key go together"),
        ({"trust": {"KZ": "00" * 16}}, ""),
    ],
)
def test_bad_config_of_the_counter_is_one_sentence(
    change: Sections, said: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    path = site.config("agencies-kz", {**COUNTER, **change})
    assert main_of("convoy-office")(["--config", str(path), "--check-config"]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("convoy-office: ")
    assert said in error


@pytest.mark.parametrize("arguments", [["--config"], ["--config", "/nowhere"], [], ["--what"]])
def test_office_program_without_a_readable_config_says_so(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code: Any = main_of("convoy-office")(arguments)
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert "convoy-office: " in capsys.readouterr().err


# --- declarations ---


def a_declaration(site: Site, **changes: Any) -> Declaration:
    """A declaration in order, for a truck of this site's roster."""
    key_id = site.made.roster.nodes["truck-01"].key_id
    return factories.a_declaration(**({"vehicle_key_id": key_id} | changes))


def written(site: Site, data: bytes, name: str = "declaration.json") -> str:
    path = site.folder / name
    path.write_bytes(data)
    return str(path)


def as_json(declaration: Declaration) -> bytes:
    from google.protobuf.json_format import MessageToJson  # noqa: PLC0415 - only people's files

    return MessageToJson(declaration).encode()


def declare(*arguments: str) -> int:
    return main_of("convoy-office")(["declare", *arguments])


def test_declaration_in_order_is_said_to_be(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    declaration = a_declaration(site)
    for data in (as_json(declaration), declaration.SerializeToString()):
        assert declare(written(site, data), "--check") == 0
        assert "D-1 is in order" in capsys.readouterr().out


def test_all_faults_of_a_declaration_are_said_at_once(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    faulty = a_declaration(site, gross_mass_kg=0, trailer_id="", vehicle_key_id=b"x")
    assert declare(written(site, as_json(faulty)), "--check") == 2
    error = capsys.readouterr().err
    for place in ("$.trailer_id", "$.vehicle_key_id", "$.gross_mass_kg", "faults; not filed"):
        assert place in error


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"version": ', "declaration.json: line 1, column 13: not JSON"),
        (b'{"direction": "UP"}', "$.direction: 'UP', expected DIRECTION_EAST or DIRECTION_WEST"),
        (b'{"nobody": 1}', "$.nobody: not known"),
        (b'{"trailerId": "\\u0007"}', "$.trailer_id: '\\x07', expected plain text"),
        (b"{\xff}", "not UTF-8"),
        (b"\xff\xff", "no declaration"),
        (b"", "no declaration"),
        (b'{"a":' * 9_000, "declaration.json: "),
    ],
)
def test_file_that_is_no_declaration_is_a_sentence(
    data: bytes, said: str, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert declare(written(site, data), "--check") == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error


def test_declaration_without_config_is_not_filed(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    assert declare(written(site, as_json(a_declaration(site)))) == 2
    assert "--config: missing" in capsys.readouterr().err


@pytest.fixture
def office(site: Site) -> Iterator[dict[str, str]]:
    """A running office; yields its address as a terminal's [peers]."""
    address = f"tcp://127.0.0.1:{free_port()}"
    log = site.folder / "office.log"
    config = site.config("office-kz", {"listen": {"address": address}, "peers": SUPERVISOR})
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gate.office", "--config", str(config)], cwd=ROOT, stderr=out
        )
    try:
        until(lambda: b'"program_started"' in log.read_bytes(), within_s=30.0)
        yield {"office-kz": address}
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert "program_crashed" not in events


def test_terminal_files_a_declaration_and_is_told_what_is_wrong_with_the_next(
    site: Site, office: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(site.config("terminal-kz", {"peers": office}))
    path = written(site, as_json(a_declaration(site)))
    assert declare(path, "--config", config) == 0, capsys.readouterr().err
    assert "D-1 version 1 accepted by office-kz" in capsys.readouterr().out
    other = a_declaration(site, declaration_id="D-2", trailer_id="T-9")
    assert declare(written(site, as_json(other)), "--config", config) == 1
    assert "$.version: 1, expected 2" in capsys.readouterr().err
    journal = JournalFile.open(site.folder / "terminal-kz.d" / "journal.db")
    state = dict(journal.state)
    journal.close()
    assert len([key for key in state if key.startswith("ledger/")]) == 2  # what was refused, too
    heads = [Document.FromString(state[key]) for key in sorted(state) if key.startswith("head/")]
    office_kz = site.made.roster.nodes["office-kz"].key_id
    assert [office_kz in {each.key_id for each in head.signatures} for head in heads] == [True] * 2


def test_office_that_is_not_there_is_waited_for_no_longer_than_asked(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    peers = {"office-kz": f"tcp://127.0.0.1:{free_port()}"}
    config = str(site.config("terminal-kz", {"peers": peers}))
    path = written(site, as_json(a_declaration(site)))
    assert declare(path, "--config", config, "--wait", "0.3") == 4
    assert "office-kz has not answered in 0.3 s" in capsys.readouterr().err


def test_map_check_is_beside_the_supervisor(capsys: pytest.CaptureFixture[str]) -> None:
    main = main_of("convoy-corridor")
    assert main(["map", "check", str(ROOT / "contract/maps/smoke.geojson")]) == 0
    assert "digest=" in capsys.readouterr().out
    assert main(["map", "check", "/nowhere.geojson"]) == 2
