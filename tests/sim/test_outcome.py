"""What a log adds up to: a window that is not there, and when a truck has left its berth."""

import csv
from pathlib import Path
from typing import Any, Final

import pytest

from contract.errors import ConfigError
from sim.loads import Visit
from sim.outcome import CrossingTale, Tally, resources, tell, traffic
from sim.record import Said
from sim.report.bottlenecks import by_day
from sim.run import load_map
from sim.scenario import load
from tests.sim.commands import command, settings

WARM_UP_S: Final = 120.0
NOTHING: Final = {"mean": None, "p50": None, "p95": None, "max": None}


def a_tally(arrived_s: float) -> Tally:
    tale = CrossingTale("KZ-00001", "E", "truck-01", loaded=True, cargo_kg=20_000)
    tale.left_s, tale.arrived_s, tale.outcome = 0.0, arrived_s, "cleared"
    return Tally(crossings={tale.crossing: tale})


# --- no measured window ---


@pytest.mark.parametrize("end_s", [WARM_UP_S, WARM_UP_S - 1.0, 0.0])
def test_run_that_is_over_with_its_warm_up_has_no_traffic_and_no_rate(end_s: float) -> None:
    said = traffic(a_tally(end_s), WARM_UP_S, end_s)
    assert (said["loaded_crossings"], said["tonnes"], said["tonnes_per_year"]) == (0, 0.0, 0.0)
    assert said["crossing_time_s"] == NOTHING
    assert said["by_direction"]["E"]["tonnes"] == 0.0


def test_window_of_a_second_is_measured() -> None:
    said = traffic(a_tally(WARM_UP_S), WARM_UP_S, WARM_UP_S + 1.0)
    assert said["tonnes_per_year"] == 20.0 * 3600 * 8760
    assert said["measured_s"] == 1.0


def test_corridor_that_works_half_of_each_day_carries_half_as_much_in_a_year() -> None:
    """The interface's figure stays; the claim of such a lane is compared with the other."""
    said = traffic(a_tally(WARM_UP_S), WARM_UP_S, WARM_UP_S + 1.0, 12.0)
    assert said["tonnes_per_year"] == 20.0 * 3600 * 8760
    half = {"hours": 12.0, "share": 0.5, "tonnes_per_year": 20.0 * 3600 * 4380}
    assert said["by_working_day"] == half
    assert by_day(said) == ", 315.36 Mt as it works 12 h a day"
    assert by_day(traffic(a_tally(WARM_UP_S), WARM_UP_S, WARM_UP_S + 1.0)) == ""


@pytest.mark.parametrize("hours", ["0s", "25h"])
def test_working_day_is_a_part_of_a_day(hours: str) -> None:
    with pytest.raises(ConfigError, match=r"time\.working_day = '.*': expected more than 0s"):
        load("smoke", [f"time.working_day='{hours}'"])


def test_run_of_no_time_keeps_nothing_busy() -> None:
    visit = Visit("truck-01", "KZ-00001", "kz_weigh_e", 0, 0, 0)
    table = resources([visit], {}, {}, 0.0)
    assert table["kz_weigh_e"] == {"utilisation": 0.0, "mean_wait_s": 0.0, "blocked_s": 0.0}


# --- leaving the berth ---


def granted(t_s: int, number: int, zones: str) -> Said:
    fields = {"vehicle": "truck-02", "mission": "mission-1", "number": number, "zones": zones}
    return Said(t_s * 1_000_000_000, "supervisor", "authority_granted", fields)


def given(t_s: int) -> Said:
    fields: dict[str, Any] = {"mission": "mission-1", "crossing": "KZ-00001"}
    return Said(t_s * 1_000_000_000, "supervisor", "mission_given", fields)


def test_truck_that_may_only_move_up_in_its_berth_has_not_left_it() -> None:
    room = [granted(11, 1, "kz_b02_z"), granted(40, 2, "kz_b02_z kz_dep1")]
    (tale,) = tell([given(10), *room]).crossings.values()
    assert tale.left_s == 40.0
    (tale,) = tell([given(10), *room[:1]]).crossings.values()
    assert tale.left_s is None


def test_truck_that_is_given_more_road_on_the_way_left_when_it_was_given_the_first() -> None:
    log = [given(10), granted(11, 1, "kz_b02_z kz_dep1"), granted(60, 2, "kz_dep1 kz_road")]
    (tale,) = tell(log).crossings.values()
    assert tale.left_s == 11.0


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_truck_leaves_when_it_drives_out_of_its_berth_and_not_before(tmp_path: Path) -> None:
    """As its tracks have it: three trucks of a convoy, each from its own berth."""
    convoy = ("fleet.kz=3", "fleet.cn=0", "fleet.convoy=3", "time.crossings=3", "expect=[]")
    words = settings(*convoy, "time.duration='6min'")
    said = command(
        *("sim", "run", "smoke", "--out", str(tmp_path), "--track-period", "200ms", *words)
    )
    assert said.code == 0, said.err
    tracks = rows(tmp_path / "tracks.csv")
    lanes = {berth.lane for berth in load_map("smoke").berths.values()}
    for crossing in rows(tmp_path / "crossings.csv"):
        left_s = float(crossing["left"])
        own = [row for row in tracks if row["vehicle"] == crossing["vehicle"]]
        out_s = next(float(row["t"]) for row in own if row["lane"] not in {"", *lanes})
        stood_s = max(
            float(row["t"]) for row in own if float(row["t"]) < out_s and float(row["v"]) < 0.01
        )
        assert left_s - 0.2 <= stood_s <= left_s + 1.5, crossing["crossing"]
