"""Stations of the large map in a run: a scanner that reads elsewhere, and readers at the gate."""

from pathlib import Path

import pytest

from contract.errors import ConfigError
from contract.events import Event
from sim.run import Finished, RunOptions, run
from sim.scenario import load, resolved
from tests.sim.runs import NETWORKS, NS_PER_S, Log, a_run, broken, by_the_scanner, violations

SCENARIO = by_the_scanner(
    "yellow",
    """
time.duration = "30min"
fleet = {kz = 3, cn = 0}
berth = {load = "constant:10s", unload = "constant:1h"}
office.KZ.documents = "constant:20s"
office.CN.documents = "constant:20s"
gate.kz_out = {ocr = "triangular:3s,6s,9s", misread = 0.3, seals = "constant:5s"}
station.kz_xray_e.service = "constant:20s"
station.kz_xray_e.spacing = "uniform:45s,72s"
station.kz_xray_e.reading = "constant:180s"
""",
)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Log, list[list[str]]]:
    path = tmp_path_factory.mktemp("yellow")
    (path / "yellow.toml").write_text(SCENARIO)
    log = Log()
    options = RunOptions(seed=1, prepare=log.prepare, folder=path / "run")
    finished = run(load(str(path / "yellow.toml"), []), options)
    rows = (path / "run" / "stages.csv").read_text().splitlines()[1:]
    return finished, log, [row.split(",") for row in rows]


def test_scanner_is_free_for_the_next_truck_while_an_image_is_read(
    told: tuple[Finished, Log, list[list[str]]],
) -> None:
    """The truck goes on to wait in a bay."""
    finished, log, rows = told
    assert broken(finished).strip() == ""
    assert finished.result["traffic"]["loaded_crossings"] == 3
    scans = [row for row in rows if row[2] == "kz_xray_e"]
    images = [row for row in rows if row[2] == "read_kz_xray_e"]
    assert len(scans) == len(images) == 3
    # The second truck is scanned before the image of the first is read.
    assert float(scans[1][5]) < float(images[0][5])
    waited = [row["vehicle"] for row in log.of(Event.VEHICLE_WAITS) if _is_image(row)]
    assert set(waited) == {"truck-01", "truck-02", "truck-03"}


def test_truck_stands_in_a_bay_and_not_in_the_lane_when_its_image_is_read(
    told: tuple[Finished, Log, list[list[str]]],
) -> None:
    """SUP-020: its last road before the reader's word ends in a bay, another for each."""
    _, log, rows = told
    lanes = []
    for vehicle, _, place, *_, end in rows:
        if place == "read_kz_xray_e":
            before = [
                str(report.fields["end_lane"])
                for t_ns, _, report in log.said
                if report.event is Event.AUTHORITY_GRANTED
                and report.fields["vehicle"] == vehicle
                and t_ns / NS_PER_S < float(end)
            ]
            lanes.append(before[-1])
    assert sorted(lanes) == ["kz_e_bay1_a", "kz_e_bay2_a", "kz_e_bay3_a"]


FLOW = "direction='E',goods='wheat',hs_code='100199',payload_t=21.8"
ADVERSE = (
    *("fleet.kz=5", "fleet.cn=0", "expect=[]", "time.crossings=0", "time.duration='15min'"),
    *("berth.load='constant:10s'", "berth.unload='constant:4h'"),
    *(f"office.{country}.documents='constant:20s'" for country in ("KZ", "CN")),
    *("station.kz_xray_e.service='constant:20s'", "station.kz_xray_e.reading='constant:180s'"),
    *("station.kz_weigh_e.service='constant:10s'", "station.kz_xray_e.false_alarm=1.0"),
    *(f"station.kz_bay_e{n}.service='constant:90min'" for n in (1, 2, 3)),
    f"flow=[{{{FLOW},channels={{green=0.2,yellow=0.8,red=0.0}}}}]",
)


@pytest.mark.parametrize("network", NETWORKS)
def test_three_adverse_images_take_three_bays_and_keep_no_green_truck(
    network: tuple[str, ...],
) -> None:
    """SUP-020, SUP-038: the fourth that is to be scanned waits at its berth, not in the lane. The
    green one is the third of five to set off.
    """
    log = Log()
    finished = a_run("first_crossings", *ADVERSE, *network, seed=11, prepare=log.prepare)
    assert (finished.crash, violations(finished)) == ("", {})
    tales = list(finished.tally.crossings.values())
    green = [tale for tale in tales if tale.channel == "green"]
    assert len(green) == 1
    assert green[0].outcome == "cleared"
    left_s, arrived_s = green[0].left_s or 0.0, green[0].arrived_s or 0.0
    assert 0.0 < arrived_s - left_s < 720.0
    assert left_s > min(tale.left_s for tale in tales if tale.left_s)
    bays = {str(row["bay"]) for row in log.of(Event.VEHICLE_DIVERTED)}
    assert bays == {"kz_bay_e1", "kz_bay_e2", "kz_bay_e3"}
    kept = [tale.vehicle for tale in tales if tale.channel == "yellow" and not tale.left_s]
    waits = finished.result["traffic"]["waiting"]
    assert len(kept) == 1
    assert [row["reason"] for row in waits if row["vehicle"] in kept] == ["NO_BAY_FREE"]


def _is_image(row: dict[str, object]) -> bool:
    return getattr(row["reason"], "name", "") == "IMAGE_PENDING"


def test_one_reader_reads_one_image_at_a_time_in_the_order_of_the_scans(
    told: tuple[Finished, Log, list[list[str]]],
) -> None:
    images = [row for row in told[2] if row[2] == "read_kz_xray_e"]
    starts, ends = ([float(row[k]) for row in images] for k in (4, 5))
    assert starts == sorted(starts)
    assert all(after >= before for before, after in zip(ends, starts[1:], strict=False))
    for (_, _, _, arrive, start, _), end in zip(images[1:], ends, strict=False):
        assert float(start) == pytest.approx(max(float(arrive), end), abs=0.002)


def test_no_truck_passes_its_gate_before_its_image_is_read(
    told: tuple[Finished, Log, list[list[str]]],
) -> None:
    _, log, rows = told
    read_s = {row[0]: float(row[5]) for row in rows if row[2] == "read_kz_xray_e"}
    for t_ns, node, report in log.said:
        if node == "kz_out" and report.event is Event.PERMIT_CONSUMED:
            assert t_ns / NS_PER_S > read_s[str(report.fields["vehicle"])]


def test_every_reading_at_the_line_has_its_row_and_is_over_before_the_permit(
    told: tuple[Finished, Log, list[list[str]]],
) -> None:
    finished, log, rows = told
    seals = {row[0]: float(row[5]) for row in rows if row[2] == "seals_kz_out"}
    assert {row[0] for row in rows if row[2] == "ocr_kz_out"} == set(seals)
    for t_ns, node, report in log.said:
        if node == "kz_out" and report.event is Event.PERMIT_CONSUMED:
            assert t_ns / NS_PER_S >= seals[str(report.fields["vehicle"])] - 0.002
    assert "ocr_kz_out" in finished.result["resources"]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("station.kz_weigh_e.spacng='constant:1s'", "did you mean station.kz_weigh_e.spacing"),
        ("station.kz_weigh_e.times.weigbridge='constant:1s'", "did you mean weighbridge?"),
        ("station.kz_weigh_e.alarms.99=0.1", "expected an HS chapter"),
        ("station.kz_weigh_e.alarms.12=2", "alarms"),
        ("station.kz_weigh_e.reading='lognormal'", "station.kz_weigh_e.reading"),
        ("station.kz_weigh_e.servers=0", "servers"),
        ("station.kz_weigh_e.readers=1000", "readers"),
        ("gate.kz_out.misraed=0.1", "did you mean gate.kz_out.misread"),
        ("gate.kz_out.ocr='soon'", "gate.kz_out.ocr"),
    ],
)
def test_wrong_key_of_a_station_or_gate_is_refused_in_words(setting: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load("smoke", ["station.kz_weigh_e.service='constant:1s'", setting])
    assert sentence in str(refused.value)


def test_defaults_of_a_station_are_written_out_and_can_be_read_again(
    told: tuple[Finished, Log, list[list[str]]], tmp_path: Path
) -> None:
    path = tmp_path / "again.toml"
    path.write_text(resolved(told[0].world.scenario))
    again = load(str(path), [])
    assert again.station["kz_xray_e"].reading == "constant:180s"
    assert again.station["kz_weigh_e"].servers == 1
