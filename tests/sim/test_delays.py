"""The delay ledger: it sums to the millisecond, and a planted delay comes back where it was put."""

import csv
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from contract.events import Event
from contract.reasons import Party, Reason
from sim.delays import Account
from sim.odometer import PERIOD_NS
from sim.run import Finished
from tests.sim.commands import command
from tests.sim.runs import UNRELIABLE, Log, a_run, by_the_scanner

SLOW: Final = (
    'fault=[{at="5s", kind="station_slow", target="kz_weigh_e", value=600, lasts="100s"}]',
    "time.duration='20min'",
)
YELLOW: Final = by_the_scanner(
    "yellow",
    """
time.duration = "40min"
time.crossings = 1
fleet = {kz = 1, cn = 0, convoy = 1}
berth = {load = "constant:60s", unload = "constant:1h"}
office.KZ.documents = "constant:20s"
office.CN.documents = "constant:20s"
station.kz_xray_e = {service = "constant:20s", spacing = "constant:45s", reading = "constant:60s"}
""",
)
ALONE: Final = ("fleet.cn=0", "time.crossings=1", "expect=[]")
CONVOY: Final = (
    *("fleet.kz=3", "fleet.cn=0", "fleet.convoy=3", "time.crossings=3", "time.duration='6min'"),
    "expect=[]",
)
OFFICES: Final = ("office", "office KZ", "office CN")
PARTIES: Final = {party.value for party in Party}


def summed(account: Account) -> dict[tuple[str, str], int]:
    """Milliseconds by resource and rule."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in account.rows:
        found[row.label.resource, row.label.rule] += row.lost_ms
    return found


def of_resource(account: Account, resource: str) -> int:
    return sum(ms for (name, _), ms in summed(account).items() if name == resource)


def check_sums(finished: Finished) -> None:
    """Every account adds up, and every row is within its crossing and names a known rule."""
    assert finished.accounts
    for account in finished.accounts.values():
        assert account.took_ms == account.free_ms + sum(row.lost_ms for row in account.rows)
        tale = finished.tally.crossings[account.crossing]
        assert tale.left_s is not None
        for row in account.rows:
            assert row.label.rule in Reason.__members__, row
            assert row.label.party in PARTIES | set(OFFICES), row
            assert round(1_000 * tale.left_s) <= row.from_ms <= row.to_ms
            assert row.to_ms <= round(1_000 * tale.left_s) + account.took_ms
        check_rows(account)


def check_rows(account: Account) -> None:
    """No row takes more than its time, and none lies over another but for what is laid over all:
    the weather's share and the way round by a bay.
    """
    over_all = (Reason.SPEED_REDUCED.name, Reason.DETOUR.name)
    rows = [row for row in account.rows if row.label.rule not in over_all]
    for row in rows:
        assert 0 < row.lost_ms <= row.to_ms - row.from_ms + 1, row
    for before, after in pairwise(sorted(rows, key=lambda row: row.from_ms)):
        assert before.to_ms <= after.from_ms, (before, after)


@pytest.fixture(scope="module")
def smoke() -> Finished:
    return a_run("smoke")


def test_rows_of_a_folder_add_up_to_time_less_free_running(tmp_path: Path) -> None:
    """To the millisecond, as anybody would reckon from the files."""
    assert command("sim", "run", "smoke", "--out", str(tmp_path)).code == 0
    lost_ms: dict[str, int] = defaultdict(int)
    with (tmp_path / "delays.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            lost_ms[row["crossing"]] += round(1_000 * float(row["seconds"]))
    with (tmp_path / "crossings.csv").open(newline="") as file:
        crossings = list(csv.DictReader(file))
    assert len(crossings) == 2
    for crossing in crossings:
        time_ms, free_ms = (round(1_000 * float(crossing[key])) for key in ("time_s", "free_s"))
        assert lost_ms[crossing["crossing"]] == time_ms - free_ms
        assert float(crossing["delay_s"]) == pytest.approx((time_ms - free_ms) / 1_000)


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
@pytest.mark.parametrize("settings", [(), CONVOY, ("time.duration='60s'", "expect=[]")])
def test_accounts_add_up_whatever_happens(
    settings: tuple[str, ...], network: tuple[str, ...]
) -> None:
    """Also of crossings that are under way when the run ends."""
    check_sums(a_run("smoke", *settings, *network, seed=3))


def test_scanner_that_takes_600_seconds_longer_comes_back_as_600_seconds_of_that_scanner(
    smoke: Finished,
) -> None:
    slow = a_run("smoke", *SLOW)
    check_sums(slow)
    before, after = (each.accounts["KZ-00001"] for each in (smoke, slow))
    assert of_resource(after, "kz_weigh_e") - of_resource(before, "kz_weigh_e") == pytest.approx(
        600_000, abs=1_000
    )
    rule = ("kz_weigh_e", Reason.STATION_PENDING.name)
    assert summed(after)[rule] - summed(before)[rule] == pytest.approx(600_000, abs=100)
    assert after.free_ms == before.free_ms
    others = set(summed(after)) - {("kz_weigh_e", rule) for _, rule in summed(after)}
    for key in others:
        assert summed(after)[key] == pytest.approx(summed(before)[key], abs=500)


def test_x_ray_that_takes_600_seconds_longer_comes_back_as_600_seconds_of_that_scanner(
    tmp_path: Path,
) -> None:
    """GATE-017: longer than two attempts without a word may take; the gate is told, and waits."""
    path = tmp_path / "yellow.toml"
    path.write_text(YELLOW)
    fault = 'fault=[{at="5s", kind="station_slow", target="kz_xray_e", value=600, lasts="15min"}]'
    log = Log()
    usual, slow = a_run(str(path)), a_run(str(path), fault, prepare=log.prepare)
    check_sums(slow)
    before, after = (each.accounts["KZ-00001"] for each in (usual, slow))
    rule = ("kz_xray_e", Reason.STATION_PENDING.name)
    assert summed(after)[rule] - summed(before)[rule] == pytest.approx(600_000, abs=1_000)
    assert of_resource(after, "kz_xray_e") - of_resource(before, "kz_xray_e") == pytest.approx(
        600_000, abs=1_000
    )
    assert after.took_ms - before.took_ms == pytest.approx(600_000, abs=1_000)
    assert len(log.of(Event.STATION_DELAYED)) == 1
    assert log.of(Event.STATION_TRIED_AGAIN) == []


def test_waiting_for_the_opposite_direction_is_as_long_as_the_log_says(smoke: Finished) -> None:
    """From the stop on; the way to it is braking for it."""
    (row,) = [
        row
        for row in smoke.accounts["CN-00001"].rows
        if row.label.rule == Reason.DIRECTION_OPPOSED.name
    ]
    (over_s,) = [
        each.t_ns / 1e9
        for each in smoke.recorder.events
        if each.code == "vehicle_goes_on" and each.fields["reason"] == "DIRECTION_OPPOSED"
    ]
    assert row.label.resource == "boundary"
    assert row.lost_ms == row.to_ms - row.from_ms
    assert row.to_ms == int(1_000 * over_s)


def test_truck_alone_loses_time_only_at_its_stops() -> None:
    """What is left to the truck itself shows how near the reference run comes to the real one. It
    brakes for a gate whose arm is quick as well, though it does not stop there.
    """
    for barrier in ("'3s'", "'500ms'"):
        arms = (f"gate.kz_out.barrier={barrier}", f"gate.cn_in.barrier={barrier}")
        finished = a_run("smoke", *ALONE, *arms)
        check_sums(finished)
        (account,) = finished.accounts.values()
        places = {"kz_weigh_e", "kz_out", "cn_in", ""}
        assert {resource for resource, _ in summed(account)} == places
        assert abs(of_resource(account, "")) < 400


def test_time_lost_behind_another_truck_is_told_by_its_name() -> None:
    finished = a_run("smoke", *CONVOY)
    follows = {
        (row.vehicle, row.label.resource)
        for account in finished.accounts.values()
        for row in account.rows
        if row.label.rule in (Reason.FOLLOWING.name, Reason.VEHICLE_AHEAD.name)
    }
    assert follows
    assert all(vehicle > ahead for vehicle, ahead in follows if ahead.startswith("truck"))


def test_slow_driving_in_the_weather_is_the_weathers() -> None:
    """Free running stays what it is on a dry road."""
    fine = a_run("smoke", *ALONE)
    icy = a_run("smoke", *ALONE, "weather.friction=0.15", "weather.sight_m=12")
    check_sums(icy)
    (before,), (after,) = fine.accounts.values(), icy.accounts.values()
    rule = ("weather", Reason.SPEED_REDUCED.name)
    assert after.free_ms == before.free_ms
    assert rule not in summed(before)
    longer_ms = after.took_ms - before.took_ms
    assert summed(after)[rule] > 5_000
    assert summed(after)[rule] == pytest.approx(longer_ms, rel=0.5)


def test_detour_by_a_bay_is_that_bays(tmp_path: Path) -> None:
    red = (
        "flow.0.channels={green=0.0, yellow=0.0, red=1.0}",
        "flow.1.channels={green=0.0, yellow=0.0, red=1.0}",
        "station.kz_bay_e1.service='constant:20s'",
        *ALONE,
    )
    finished = a_run("smoke", *red)
    check_sums(finished)
    (account,) = finished.accounts.values()
    told = summed(account)
    assert told["kz_bay_e1", "INSPECTION_PENDING"] == pytest.approx(20_000, abs=1_500)
    parties = {row.label.party for row in account.rows if row.label.resource == "kz_bay_e1"}
    assert parties == {"office KZ"}
    assert ("kz_bay_e1", "DETOUR") in told


def test_looking_on_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The transcript is the same whether the odometer looks often or hardly ever."""
    seen = a_run("smoke", "time.duration='30s'", "expect=[]").result["transcript_sha256"]
    monkeypatch.setattr("sim.odometer.PERIOD_NS", 1_000 * PERIOD_NS)
    unseen = a_run("smoke", "time.duration='30s'", "expect=[]").result["transcript_sha256"]
    assert seen == unseen


def test_time_that_the_supervisor_says_a_crossing_took_is_the_tables() -> None:
    log = Log()
    finished = a_run("smoke", prepare=log.prepare)
    said = {row["crossing"]: row["took_ms"] for row in log.of(Event.CROSSING_FINISHED)}
    assert len(said) == 2
    for crossing, took_ms in said.items():
        assert finished.accounts[crossing].took_ms == took_ms
