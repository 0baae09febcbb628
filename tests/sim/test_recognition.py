"""The same day with and without mutual recognition, and what a scan on arrival may find."""

from pathlib import Path
from typing import Final

import msgspec
import pytest

from contract.events import Event
from contract.reasons import Reason
from sim.books import office_book, office_book_bytes, rule_book
from sim.run import Finished
from sim.scenario import OfficeSection, load, resolved
from tests.sim.runs import UNRELIABLE, Log, a_run, broken, by_the_scanner

SCENARIO: Final = by_the_scanner(
    "recognition",
    """
time.duration = "45min"
fleet = {kz = 3, cn = 0, convoy = 1}
berth = {load = "uniform:10s,60s", unload = "constant:1h"}
office.KZ = {documents = "constant:60s"}
office.CN = {documents = "constant:60s"}
[station.cn_xray_e]
service = "constant:20s"
reading = "constant:90s"
""",
)
AGAIN: Final = "office.CN.recognise_scans=false"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("recognition") / "recognition.toml"
    file.write_text(SCENARIO)
    return str(file)


def day(path: str, *settings: str) -> tuple[Finished, Log]:
    log = Log()
    finished = a_run(path, *settings, prepare=log.prepare)
    assert broken(finished).strip() == ""
    return finished, log


def scans(finished: Finished, station: str) -> int:
    return sum(visit.stage == station for visit in finished.recorder.visits)


def test_without_recognition_the_same_day_scans_twice_takes_longer_and_more_people(
    path: str,
) -> None:
    """OFF-013: crossing time, X-ray utilisation, officers' minutes."""
    (once, _), (twice, _) = day(path), day(path, AGAIN)
    for finished in (once, twice):
        assert finished.result["traffic"]["loaded_crossings"] == 3
        assert scans(finished, "kz_xray_e") == 3
    assert (scans(once, "cn_xray_e"), scans(twice, "cn_xray_e")) == (0, 3)
    times = [each.result["traffic"]["crossing_time_s"]["mean"] for each in (once, twice)]
    assert times[1] > times[0] + 90.0  # the image of each is read once more
    minutes = [each.result["officer_minutes"] for each in (once, twice)]
    assert minutes[1] == pytest.approx(minutes[0] + 3 * 1.5, abs=0.01)
    assert "cn_xray_e" not in once.result["resources"]
    assert twice.result["resources"]["cn_xray_e"]["utilisation"] > 0.0


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
def test_finding_on_arrival_waits_for_an_officer_and_then_goes_on(
    path: str, network: tuple[str, ...]
) -> None:
    """OFF-013: the release is taken back behind the line, and given anew."""
    finished, log = day(path, AGAIN, "fleet.kz=1", "station.cn_xray_e.false_alarm=1.0", *network)
    held = [row["reason"] for row in log.of(Event.CROSSING_HELD, "office-cn")]
    assert held == [Reason.DOCUMENT_CONTROL, Reason.IMAGE_ADVERSE]
    assert len(log.of(Event.CROSSING_HELD, "office-kz")) == 1
    assert finished.result["traffic"]["loaded_crossings"] == 1


def test_finding_on_arrival_that_is_refused_goes_back(path: str) -> None:
    fault = "fault=[{kind='officer_refuses', target='office-cn truck-01', at='18min'}]"
    alarms = ("station.cn_xray_e.false_alarm=1.0", "office.CN.documents='constant:5min'")
    finished, log = day(path, AGAIN, "fleet.kz=1", *alarms, fault, "time.duration='60min'")
    assert log.of(Event.CROSSING_REFUSED, "office-cn")
    assert log.of(Event.RETURN_ORDERED, "office-cn")
    back = finished.tally.crossings["KZ-00001-R"]
    assert back.outcome == "cleared"


def test_station_that_lets_pass_what_is_found_again_is_suspended_in_the_run(path: str) -> None:
    """OFF-012: everything is drawn, and two false clears are enough."""
    settings = ("office.CN.rescan_share=1.0", "station.cn_xray_e.false_alarm=1.0")
    _, log = day(path, *settings)
    (said,) = log.of(Event.STATION_SUSPENDED, "office-cn")
    assert said == {"station": "kz_xray_e", "scans": 2, "false_clears": 2}


def test_trust_in_the_other_side_s_traders_is_switched_by_office(path: str) -> None:
    """Fewer are drawn where both traders are trusted; without recognition that is nobody."""
    settings = ("office.CN.book='cn'", "flow.0.aeo=1.0", "flow.0.hs_code='1512'")
    channels = "flow.0.channels={green=0.3, yellow=0.7, red=0.0}"
    stopped = {}
    for trust in ("true", "false"):
        words = (*settings, channels, "time.duration='2min'", "fleet.kz=8", "expect=[]")
        _, log = day(path, *words, f"office.CN.recognise_aeo={trust}")
        chosen = [row["channel"] for row in log.of(Event.CHANNEL_CHOSEN, "office-cn")]
        stopped[trust] = chosen.count("yellow")
        assert len(chosen) == 8
    assert stopped["true"] < stopped["false"]


# --- the switches ---


def test_switch_stands_in_place_of_the_book_s_own_word_and_of_nothing_else() -> None:
    section = OfficeSection(book="kz", recognise_scans=False, rescan_share=0.1)
    book, own = office_book(section), rule_book("kz")
    assert (book.recognise_scans, book.rescan_share, book.recognise_aeo) == (False, 0.1, True)
    assert book.round_the_clock
    before = {"recognise_scans": True, "rescan_share": 0.0, "round_the_clock": False}
    assert msgspec.structs.replace(book, **before) == own
    assert office_book(OfficeSection(round_the_clock=False)) == rule_book("")
    assert office_book(OfficeSection(book="cn", round_the_clock=False)) == rule_book("cn")


@pytest.mark.parametrize("text", ["", "rescan_share = 0.5\n", "[places]\nseal = ['a']\n"])
def test_any_book_takes_a_switch(text: str, tmp_path: Path) -> None:
    file = tmp_path / "book.toml"
    file.write_text(text)
    section = OfficeSection(book=str(file), rescan_share=0.25)
    assert office_book(section).rescan_share == 0.25
    assert office_book_bytes(section).count(b"rescan_share") == 1


def test_what_the_book_says_of_the_switches_is_written_out(path: str, tmp_path: Path) -> None:
    finished = a_run(path, "time.duration='1s'", "office.KZ.book='kz'", AGAIN)
    text = resolved(finished.world.scenario)
    (tmp_path / "again.toml").write_text(text)
    again = load(str(tmp_path / "again.toml"), [])
    assert (again.office["KZ"].recognise_scans, again.office["CN"].recognise_scans) == (True, False)
    assert again.office["KZ"].rescan_share == 0.0
