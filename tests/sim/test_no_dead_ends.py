"""No dead ends: every outcome of every station and desk leads on, or to a reason with an owner.

Each pair of a place and what becomes of it is a run of its own: supervisor, gates, offices, trucks
and terminals as they are, the fault in the world around them.
"""

import math
from pathlib import Path
from typing import Any

import pytest

from contract.agent import Report
from contract.events import Event
from contract.limits import INSPECTION_SILENT_MS, INSTRUCTION_MS_MAX, STATION_SILENT_MS
from contract.reasons import Reason
from sim.build import SUPERVISOR
from sim.run import Finished
from tests.sim.runs import NS_PER_S, UNRELIABLE, Log, a_run, violations

RED = tuple(f"flow.{n}.channels={{green=0.0,yellow=0.0,red=1.0}}" for n in (0, 1))
YELLOW = tuple(f"flow.{n}.channels={{green=0.0,yellow=1.0,red=0.0}}" for n in (0, 1))
ALONE = ("fleet.cn=0", "time.crossings=0", "expect=[]", "time.duration=40min")
STATIONS = {"kz_weigh_e": (), "kz_bay_e1": RED}
INSTRUCTIONS = (Event.AUTHORITY_GRANTED, Event.VEHICLE_WAITS, Event.VEHICLE_DIVERTED)


def fault(kind: str, target: str, at: str, lasts: str = "0s", value: float = 0.0) -> str:
    what = f'kind="{kind}",target="{target}",value={value}'
    return f'fault=[{{at="{at}",lasts="{lasts}",{what}}}]'


def at_station(place: str, outcome: str) -> tuple[str, ...]:
    """What makes this outcome happen at this station or bay."""
    served = f'station.{place}.service="constant:60s"'
    silent = "14h" if place.startswith("kz_bay") else "20min"
    return {
        "clear": (served,),
        "failed": (served, f"station.{place}.failure=1.0"),
        "adverse": (served, f"station.{place}.false_alarm=1.0"),
        "aborted": (served, fault("crash", "kz_out", "70s", "30s")),
        "gate gone": (served, fault("crash", "kz_out", "70s")),
        "never answered": (f'station.{place}.service="constant:99h"', f"time.duration={silent}"),
        "delayed": (served, fault("station_slow", place, "0s", value=600.0)),
        "delayed too long": (served, fault("station_slow", place, "0s", value=1_000.0)),
        "closed before": (served, fault("place_closed", place, "0s")),
        "closed during": (served, fault("place_closed", place, "60s")),
        "closed and opened": (served, fault("place_closed", place, "10s", "120s")),
    }[outcome]


def at_desk(country: str, outcome: str) -> tuple[str, ...]:
    office = f"office-{country.lower()}"
    return {
        "released": (f'office.{country}.documents="constant:60s"',),
        "refused": (f'office.{country}.documents="constant:60s"', f"office.{country}.refuses=1.0"),
        "aborted": (
            f'office.{country}.documents="constant:60s"',
            fault("crash", office, "30s", "9s"),
        ),
        "office gone": (fault("crash", office, "30s"),),
        "never answered": (f'office.{country}.documents="constant:99h"',),
    }[outcome]


SAMPLED = """
[[rule]]
id = "S-1"
because = "a sample is taken of everything"
controls = ["sampling"]
"""


def at_laboratory(outcome: str) -> tuple[str, ...]:
    """What becomes of the sample while its truck stands in the bay; taken in 3 minutes."""
    served = (
        'station.kz_bay_e1.service="constant:20s"',
        'laboratory.KZ.result="constant:10min"',
        "laboratory.KZ.servers=1",
    )
    return {
        "clear": served,
        "adverse": (*served, "laboratory.KZ.adverse=1.0"),
        "aborted": (*served, fault("crash", "kz_out", "5min", "30s")),
        "gate gone": (*served, fault("crash", "kz_out", "5min")),
        "office gone": (*served, fault("crash", "office-kz", "5min")),
        "closed during": (*served, fault("place_closed", "kz_bay_e1", "5min")),
        "late": (*served[:1], 'laboratory.KZ.result="constant:13h"', "time.duration=14h"),
        "never answered": (*served[:1], 'laboratory.KZ.result="constant:99h"'),
        "given up": (*served[:1], 'laboratory.KZ.result="constant:99h"', "time.duration=25h"),
    }[outcome]


OUTCOMES = (
    *("clear", "failed", "adverse", "aborted", "gate gone", "never answered"),
    *("delayed", "delayed too long", "closed before", "closed during", "closed and opened"),
)
RULINGS = ("released", "refused", "aborted", "office gone", "never answered")


def lasts_long(place: str, outcome: str) -> bool:
    """An inspection may be silent for half a day before it counts as silent."""
    return place.startswith("kz_bay") and outcome == "never answered"


def late_s(log: Log) -> list[float]:
    """From each result of a station to what its truck is told next, by the supervisor's log."""
    said = [(t_ns, report) for t_ns, node, report in log.said if node == SUPERVISOR]
    found = []
    for place, (t_ns, report) in enumerate(said):
        if report.event is Event.STATION_REPORTED:
            vehicle = report.fields["vehicle"]
            after = [at for at, other in said[place:] if tells(other, vehicle)]
            found.append((after[0] - t_ns) / NS_PER_S if after else math.inf)
    return found


def tells(report: Report, vehicle: str) -> bool:
    return report.event in INSTRUCTIONS and report.fields["vehicle"] == vehicle


def unexplained(finished: Finished) -> dict[str, Any]:
    """Crossings that are not over and whose truck waits for nothing that has an owner."""
    waiting = finished.tally.waiting
    found = {}
    for tale in finished.tally.crossings.values():
        wait = waiting.get(tale.vehicle)
        reason = Reason.__members__.get(wait.reason) if wait is not None else None
        owned = reason is not None and reason.lifted_by
        if tale.outcome not in ("cleared", "refused") and not owned:
            found[tale.crossing] = (tale.outcome, tale.reason, wait)
    return found


def checked(*settings: str) -> tuple[Finished, Log]:
    log = Log()
    finished = a_run("smoke", *ALONE, *settings, prepare=log.prepare)
    assert violations(finished) == {}
    assert finished.crash == ""
    assert unexplained(finished) == {}
    assert all(each <= INSTRUCTION_MS_MAX / 1_000.0 for each in late_s(log))
    return finished, log


@pytest.mark.parametrize(
    ("place", "outcome"),
    [
        pytest.param(place, outcome, marks=[pytest.mark.soak] if lasts_long(place, outcome) else [])
        for place in STATIONS
        for outcome in OUTCOMES
    ],
)
def test_every_outcome_of_a_station_leads_on_or_to_a_reason_with_an_owner(
    place: str, outcome: str
) -> None:
    """SUP-024."""
    finished, log = checked(*STATIONS[place], *at_station(place, outcome))
    tale = next(iter(finished.tally.crossings.values()))
    goes_on = outcome in ("clear", "aborted", "closed and opened", "closed during")
    goes_on = goes_on or outcome.startswith("delayed")  # a late result still counts
    assert (tale.outcome == "cleared") == goes_on
    if outcome in ("failed", "adverse"):
        wait = finished.tally.waiting[tale.vehicle]
        at_bay = bool(STATIONS[place])  # then an officer has the move, else a bay
        assert tale.outcome == ("moving" if at_bay else "diverted")
        assert wait.reason == ("INSPECTION_ADVERSE" if at_bay else "INSPECTION_PENDING")
    too_long = outcome == "delayed too long" and not STATIONS[place]  # a bay may take as long
    if outcome == "never answered" or too_long:
        assert silent_after_s(log, place) <= silence_s(place) + 10.0


@pytest.mark.parametrize(
    "outcome",
    [
        *("clear", "adverse", "aborted", "gate gone", "office gone", "closed during"),
        "never answered",
        pytest.param("late", marks=pytest.mark.soak),
        pytest.param("given up", marks=pytest.mark.soak),
    ],
)
def test_every_outcome_of_a_laboratory_leads_on_or_to_a_reason_with_an_owner(
    tmp_path: Path, outcome: str
) -> None:
    """SUP-024, GATE-016: until it has answered, its truck waits for it, and for nobody else."""
    (tmp_path / "book.toml").write_text(SAMPLED)
    book = f"office.KZ.book='{tmp_path / 'book.toml'}'"
    finished, log = checked(book, *at_laboratory(outcome))
    tale = next(iter(finished.tally.crossings.values()))
    assert log.of(Event.SAMPLE_TAKEN)
    goes_on = outcome in ("clear", "aborted", "closed during", "late")
    assert (tale.outcome == "cleared") == goes_on or outcome in ("adverse", "given up")
    if outcome == "never answered":
        (wait,) = finished.result["traffic"]["waiting"]
        assert wait["reason"] == "LABORATORY_PENDING"
    if outcome == "given up":
        held = {row["reason"] for row in log.of(Event.CROSSING_HELD)}
        assert Reason.LABORATORY_SILENT in held


def silence_s(place: str) -> float:
    limit_ms = INSPECTION_SILENT_MS if place.startswith("kz_bay") else STATION_SILENT_MS
    return limit_ms / 1_000.0


def silent_after_s(log: Log, place: str) -> float:
    """From the service's start to the word that the station does not answer: the gate's record of
    it, or the supervisor's where the gate is silent as well.
    """
    begun = next(
        t_ns / NS_PER_S
        for t_ns, _, report in log.said
        if report.event is Event.STATION_STARTED and report.fields["station"] == place
    )
    waits = [
        t_ns / NS_PER_S
        for t_ns, _, report in log.said
        if report.event in (Event.VEHICLE_WAITS, Event.STATION_REPORTED)
        and report.fields["reason"] is Reason.STATION_SILENT
    ]
    return waits[0] - begun


@pytest.mark.parametrize("outcome", RULINGS)
@pytest.mark.parametrize("country", ["KZ", "CN"])
def test_every_outcome_of_a_desk_leads_on_or_to_a_reason_with_an_owner(
    country: str, outcome: str
) -> None:
    """SUP-024."""
    other = "CN" if country == "KZ" else "KZ"
    quick = f'office.{other}.documents="constant:10s"'
    checked(*YELLOW, quick, *at_desk(country, outcome))


@pytest.mark.parametrize("place", STATIONS)
@pytest.mark.parametrize(
    "outcome",
    [
        "adverse",
        *(pytest.param(each, marks=pytest.mark.soak) for each in ("failed", "closed and opened")),
    ],
)
def test_so_it_is_on_an_unreliable_network(place: str, outcome: str) -> None:
    """SUP-024: a message that is lost is repeated; nobody waits for one for ever."""
    log = Log()
    settings = (*ALONE, *STATIONS[place], *UNRELIABLE, *at_station(place, outcome))
    finished = a_run("smoke", *settings, prepare=log.prepare)
    assert violations(finished) == {}
    assert unexplained(finished) == {}


@pytest.mark.soak
def test_slow_inspection_delays_nobody_else() -> None:
    """SUP-024: with one truck inspected for four hours, the others hear at once what comes next."""
    log = Log()
    slow = tuple(f'station.kz_bay_e{n}.service="constant:4h"' for n in (1, 2, 3))
    mixed = (f"flow.{n}.channels={{green=0.67,yellow=0.0,red=0.33}}" for n in range(6))
    third = (*mixed, "fleet.kz=3", "fleet.cn=3")
    settings = ("time.duration=3h", "expect=[]", *third, *slow)
    finished = a_run("first_crossings", *settings, prepare=log.prepare)
    assert violations(finished) == {}
    late = sorted(late_s(log))
    inspected = log.of(Event.VEHICLE_DIVERTED) or [
        each for each in log.of(Event.STATION_STARTED) if "bay" in each["station"]
    ]
    assert inspected
    assert len(late) >= 10
    assert late[math.ceil(0.99 * len(late)) - 1] <= INSTRUCTION_MS_MAX / 1_000.0
    assert unexplained(finished).keys() <= moving(finished)


def moving(finished: Finished) -> set[str]:
    return {t.crossing for t in finished.tally.crossings.values() if t.outcome == "moving"}
