"""The run folder: every file of the interface, from a finished run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec

from contract.ledger_lines import ledger_files
from contract.roster import Roster
from sim.clearance_figures import touches
from sim.delays import Account, write_delays
from sim.outcome import CrossingTale, Tally
from sim.record import Recorder, write_rows, write_stages
from sim.stops import write_stops

# What a campaign does not keep of a run in which nothing was wrong.
RUN_FOLDER_LARGE = (
    *("events.jsonl", "stages.csv", "junit.xml", "scenario.resolved.toml", "report.html"),
    *("delays.csv", "stops.csv", "crash.txt"),
)
CROSSING_COLUMNS = [
    "crossing",
    "direction",
    "vehicle",
    "loaded",
    "cargo_kg",
    "channel",
    "filed",
    "cleared",
    "left",
    "arrived",
    "time_s",
    "outcome",
    "reason",
    "berth",
    "versions",
    "ready",
    "exit_permit",
    "entry_permit",
    "touches",
    "person_min",
    "free_s",
    "delay_s",
]
Word = tuple[Recorder, Tally, Mapping[str, Account]]


def write_folder(folder: Path, result: Mapping[str, Any], word: Word, *, resolved: str) -> None:
    """Everything but events and tracks, which were written on the way."""
    recorder, tally, accounts = word
    tales = tally.crossings.values()
    vehicle_of = {tale.crossing: tale.vehicle for tale in tales}
    write_stages(folder / "stages.csv", recorder.came, vehicle_of)
    touched = touches(tally, recorder.visits)
    rows = [
        (*_row(tale), *_people(tale, touched), *_delay(tale, accounts.get(tale.crossing)))
        for tale in tales
    ]
    write_rows(folder / "crossings.csv", CROSSING_COLUMNS, rows)
    write_delays(folder / "delays.csv", accounts)
    write_stops(folder / "stops.csv", [stop for each in accounts.values() for stop in each.stops])
    (folder / "scenario.resolved.toml").write_text(resolved, encoding="utf-8")
    (folder / "junit.xml").write_bytes(junit(result))
    (folder / "result.json").write_bytes(
        msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"
    )


def _row(tale: CrossingTale) -> tuple[Any, ...]:
    times = [tale.filed_s, tale.cleared_s, tale.left_s, tale.arrived_s]
    *said, took = ["" if t is None else f"{t:.3f}" for t in (*times, tale.time_s)]
    loaded = int(tale.loaded)
    head = (tale.crossing, tale.direction, tale.vehicle, loaded, tale.cargo_kg, tale.channel)
    return (*head, *said, took, tale.outcome, tale.reason or tale.waits_for, tale.berth)


def _people(tale: CrossingTale, touched: Mapping[str, tuple[int, float]]) -> tuple[Any, ...]:
    """Papers and permits beyond the interface's columns, and how often a person was at it."""
    permits = [*tale.permit_s.values(), None, None][:2]
    times = ["" if t is None else f"{t:.3f}" for t in (tale.ready_s, *permits)]
    count, spent_min = touched[tale.crossing]
    return (tale.versions, *times, count, f"{spent_min:.3f}")


def _delay(tale: CrossingTale, account: Account | None) -> tuple[str, str]:
    """Free-running time and delay of a crossing that is over; together they are its time_s."""
    if account is None or tale.time_s is None:
        return "", ""
    delay_ms = account.took_ms - account.free_ms
    return f"{account.free_ms / 1e3:.3f}", f"{delay_ms / 1e3:.3f}"


def write_ledger(folder: Path, roster: Roster, journals: Mapping[str, Mapping[str, bytes]]) -> None:
    """The ledgers of all nodes that keep one, their heads, and the keys to check them with."""
    target = folder / "ledger"
    target.mkdir(exist_ok=True)
    for name, data in ledger_files(roster, journals).items():
        (target / name).write_bytes(data)


def write_seeds(folder: Path, seeds: Mapping[str, bytes]) -> None:
    """What each office shows when the day is over: the seed by which chance has drawn."""
    target = folder / "selection"
    target.mkdir(exist_ok=True)
    for office, seed in seeds.items():
        (target / f"{office}.seed").write_text(seed.hex() + "\n", encoding="ascii")


def junit(result: Mapping[str, Any]) -> bytes:
    """One test case an expectation, and one an invariant."""
    scenario, seed = result["scenario"], result["seed"]
    suite = ElementTree.Element("testsuite", name=scenario)
    failures = 0
    for expectation in result["expectations"]:
        name = _printable(expectation["name"])
        case = ElementTree.SubElement(suite, "testcase", classname=scenario, name=name)
        if not expectation["passed"]:
            failures += 1
            bound = _printable(expectation["bound"])
            said = f"observed {expectation['observed']}, expected {bound}"
            _fail(case, said, scenario, seed)
    for invariant, count in result["safety"].items():
        case = ElementTree.SubElement(
            suite, "testcase", classname=f"{scenario}.safety", name=invariant
        )
        if count:
            failures += 1
            _fail(case, f"{count} violations", scenario, seed)
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    document: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return document


def _printable(text: str) -> str:
    """XML has no control characters."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _fail(case: ElementTree.Element, said: str, scenario: str, seed: int) -> None:
    failure = ElementTree.SubElement(case, "failure", message=said)
    failure.text = f"{said}; repeat with: convoy-sim run {scenario} --seed {seed}"
