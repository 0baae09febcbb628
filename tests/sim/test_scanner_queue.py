"""No dead ends in the queue of a scanner: one truck is in it or its image is read, one waits.

Whatever happens to the scanner or to the first truck, the second has its turn, or a reason with
the party whose move it is; and what is closed is called closed for as long as it is.
"""

from pathlib import Path
from typing import Final

import pytest

from contract.events import Event
from sim.run import Finished
from tests.sim.runs import NS_PER_S, UNRELIABLE, Log, a_run, violations
from tests.sim.test_no_dead_ends import fault, unexplained
from tests.sim.test_scanner_dead_ends import SCANNER, SCENARIO

TWO: Final = SCENARIO.replace("{kz = 1, cn = 0}", "{kz = 2, cn = 0, convoy = 1}")
SLOW: Final = f"station.{SCANNER}.service='constant:100s'"
ONE_READER: Final = f"station.{SCANNER}.readers=1"
IN_IT_S: Final = 60.0  # after the first scan has begun: the second truck stands in the queue


def two_trucks(folder: Path, *settings: str) -> tuple[Finished, Log]:
    path, log = folder / "queue.toml", Log()
    path.write_text(TWO)
    finished = a_run(str(path), *settings, prepare=log.prepare)
    assert (finished.crash, violations(finished)) == ("", {})
    assert unexplained(finished) == {}
    return finished, log


def scans_s(log: Log) -> list[tuple[float, str]]:
    """When whose scan has begun, first attempts and others."""
    return [
        (t_ns / NS_PER_S, report.fields["vehicle"])
        for t_ns, _, report in log.said
        if report.event is Event.STATION_STARTED and report.fields["station"] == SCANNER
    ]


@pytest.fixture(scope="module")
def begun_s(tmp_path_factory: pytest.TempPathFactory) -> float:
    """When the first scan begins where nothing goes wrong; the second waits for its end."""
    finished, log = two_trucks(tmp_path_factory.mktemp("clear"), SLOW)
    assert [tale.outcome for tale in finished.tally.crossings.values()] == ["cleared"] * 2
    (first_s, first), (second_s, second) = scans_s(log)
    assert first != second
    queued = [row for row in log.of(Event.VEHICLE_WAITS) if row["resource"] == "kz_e_xray"]
    assert [(row["vehicle"], row["holder"]) for row in queued] == [(second, first)]
    assert second_s > first_s + 100.0
    return first_s


def happens(outcome: str, at_s: float) -> tuple[str, ...]:
    at = f"{at_s:.1f}s"
    return {
        "aborted": (SLOW, fault("crash", "kz_out", at, "30s")),
        "gate gone": (SLOW, fault("crash", "kz_out", at)),
        "office gone": (SLOW, fault("crash", "office-kz", at)),
        "closed": (SLOW, fault("place_closed", SCANNER, at)),
        "closed and opened": (SLOW, fault("place_closed", SCANNER, at, "120s")),
        "never answered": (fault("station_hung", SCANNER, "1s"),),
        "failed": (fault("station_fails", SCANNER, "1s"),),
        "broken off": (fault("station_aborts", SCANNER, "1s"),),
        "never read": (ONE_READER, "time.duration='1h'", fault("readers_hung", SCANNER, "1s")),
        "read late": (ONE_READER, fault("readers_hung", SCANNER, "1s", "9min")),
    }[outcome]


# What becomes of the two, and for what each that is not over waits at last.
ENDS: Final = {
    "aborted": (("cleared", ""), ("cleared", "")),
    "gate gone": (("moving", "STATION_SILENT"), ("moving", "ZONE_OCCUPIED")),
    "office gone": (("cleared", ""), ("cleared", "")),
    "closed": (("cleared", ""), ("moving", "PLACE_CLOSED")),
    "closed and opened": (("cleared", ""), ("cleared", "")),
    "never answered": (("diverted", "INSPECTION_PENDING"),) * 2,
    "failed": (("diverted", "INSPECTION_PENDING"),) * 2,
    "broken off": (("diverted", "INSPECTION_PENDING"),) * 2,
    "never read": (("diverted", "INSPECTION_PENDING"),) * 2,
    "read late": (("cleared", ""), ("cleared", "")),
}
QUICK: Final = ("gate gone", "closed", "never answered")


def ends(finished: Finished, log: Log) -> tuple[tuple[str, str], ...]:
    """Outcome and last wait of the two trucks, in the order in which they came to the scanner."""
    vehicles = dict.fromkeys(vehicle for _, vehicle in scans_s(log))
    tales = {tale.vehicle: tale for tale in finished.tally.crossings.values()}
    waiting = finished.tally.waiting
    return tuple(
        (tales[each].outcome, waiting[each].reason if each in waiting else "")
        for each in (*vehicles, *(name for name in sorted(tales) if name not in vehicles))
    )


@pytest.mark.parametrize(
    "outcome",
    [pytest.param(each, marks=[] if each in QUICK else [pytest.mark.soak]) for each in ENDS],
)
def test_truck_in_the_queue_has_its_turn_or_a_reason_with_an_owner(
    outcome: str, begun_s: float, tmp_path: Path
) -> None:
    """SUP-024."""
    finished, log = two_trucks(tmp_path, *happens(outcome, begun_s + IN_IT_S))
    assert ends(finished, log) == ENDS[outcome]
    held = finished.tally.waiting.values()
    if outcome == "closed":
        assert [wait.holder for wait in held] == ["control-room"]
    if outcome == "gate gone":  # the one in the queue waits for the first, which waits for the gate
        assert [wait.holder for wait in held if wait.reason == "STATION_SILENT"] == ["kz_out"]


@pytest.mark.soak
@pytest.mark.parametrize("outcome", ENDS)
def test_so_it_is_in_the_queue_on_an_unreliable_network(
    outcome: str, begun_s: float, tmp_path: Path
) -> None:
    """SUP-024: no message that is lost leaves the second truck without its turn."""
    finished, log = two_trucks(tmp_path, *UNRELIABLE, *happens(outcome, begun_s + IN_IT_S))
    assert ends(finished, log) == ENDS[outcome]
