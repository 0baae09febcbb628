"""No dead ends at a scanner: on the way to it, in it, and while its image is read elsewhere.

Each pair of a state and what becomes of it then is a run of its own on the large map. When a truck
is in which state is read from the run in which nothing goes wrong.
"""

from pathlib import Path
from typing import Final

import pytest

from contract.events import Event
from sim.run import Finished
from tests.sim.runs import NS_PER_S, Log, a_run, by_the_scanner, violations
from tests.sim.test_no_dead_ends import fault, unexplained

SCANNER: Final = "kz_xray_e"
SCENARIO: Final = by_the_scanner(
    "scanned",
    """
time.duration = "45min"
fleet = {kz = 1, cn = 0}
berth = {load = "constant:10s", unload = "constant:5h"}
office.KZ.documents = "constant:20s"
office.CN.documents = "constant:20s"
station.kz_xray_e.service = "constant:20s"
station.kz_xray_e.reading = "constant:180s"
""",
)
# How long after its scan has begun a truck is in each state, in seconds.
STATES: Final = {"on the way": -20.0, "in it": 10.0, "image": 100.0}


def a_truck(folder: Path, *settings: str) -> tuple[Finished, Log]:
    path, log = folder / "scanned.toml", Log()
    path.write_text(SCENARIO)
    finished = a_run(str(path), *settings, prepare=log.prepare)
    assert (finished.crash, violations(finished)) == ("", {})
    assert unexplained(finished) == {}
    return finished, log


@pytest.fixture(scope="module")
def scan_s(tmp_path_factory: pytest.TempPathFactory) -> float:
    """When the scan begins where nothing goes wrong."""
    finished, log = a_truck(tmp_path_factory.mktemp("clear"))
    assert [tale.outcome for tale in finished.tally.crossings.values()] == ["cleared"]
    begun = [
        t_ns / NS_PER_S
        for t_ns, _, report in log.said
        if report.event is Event.STATION_STARTED and report.fields["station"] == SCANNER
    ]
    assert len(begun) == 1
    return begun[0]


def happens(outcome: str, at_s: float) -> str:
    """What goes wrong at this time."""
    at = f"{at_s:.1f}s"
    return {
        "aborted": fault("crash", "kz_out", at, "30s"),
        "gate gone": fault("crash", "kz_out", at),
        "office gone": fault("crash", "office-kz", at),
        "closed": fault("place_closed", SCANNER, at),
        "closed and opened": fault("place_closed", SCANNER, at, "120s"),
    }[outcome]


def ends(finished: Finished, log: Log) -> tuple[str, str]:
    """What became of the truck, and for what it waits. Nobody is cleared without a clear scan."""
    (tale,) = finished.tally.crossings.values()
    wait = finished.tally.waiting.get(tale.vehicle)
    scans = [row for row in log.of(Event.STATION_FINISHED, "kz_out") if row["station"] == SCANNER]
    clear = [row for row in scans if row["verdict"] == "clear"]
    assert bool(clear) is (tale.outcome == "cleared")
    return tale.outcome, wait.reason if wait is not None else ""


SOAKED: Final = ("closed and opened", "office gone")


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        pytest.param(state, outcome, marks=[pytest.mark.soak] if outcome in SOAKED else [])
        for state in STATES
        for outcome in ("aborted", "gate gone", "closed", *SOAKED)
    ],
)
def test_whatever_happens_around_a_scan_leads_on_or_to_a_reason_with_an_owner(
    state: str, outcome: str, scan_s: float, tmp_path: Path
) -> None:
    """SUP-024: who has been sent to it is scanned, also if it is closed meanwhile."""
    finished, log = a_truck(tmp_path, happens(outcome, scan_s + STATES[state]))
    ended, reason = ends(finished, log)
    if outcome != "gate gone":
        assert (ended, reason) == ("cleared", "")
        return
    assert ended == "moving"
    assert reason == ("IMAGE_PENDING" if state == "image" else "STATION_SILENT")


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        (f"station.{SCANNER}.failure=1.0", "SCAN_FAILED"),
        (f"station.{SCANNER}.false_alarm=1.0", "IMAGE_ADVERSE"),
        (f"station.{SCANNER}.service='constant:99h'", "STATION_SILENT"),
        (fault("readers_hung", SCANNER, "1s"), "STATION_SILENT"),
    ],
)
def test_scan_without_a_clear_image_leads_to_an_inspection(
    setting: str, why: str, tmp_path: Path
) -> None:
    """SUP-024: failed, adverse, never done, never read."""
    finished, log = a_truck(tmp_path, setting)
    assert ends(finished, log) == ("diverted", "INSPECTION_PENDING")
    (tale,) = finished.tally.crossings.values()
    assert tale.reason == why


def test_images_that_are_read_late_still_count(tmp_path: Path) -> None:
    finished, log = a_truck(tmp_path, fault("readers_hung", SCANNER, "1s", "10min"))
    assert ends(finished, log) == ("cleared", "")
