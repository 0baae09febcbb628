"""Inspections in a run: an order leads to a permitted bay, and takes its own service's time."""

from pathlib import Path
from typing import Final

import pytest

from contract.errors import ConfigError
from contract.events import Event
from sim.books import rule_book
from sim.run import Finished
from tests.sim.runs import NETWORKS, Log, a_run, broken

BOOK: Final = """
[places]
veterinary = ["kz_bay_e2"]
sampling = ["kz_bay_e2", "kz_bay_e3"]
[[rule]]
id = "M-1"
because = "meat is looked at"
when = { goods = ["02"] }
controls = ["veterinary", "sampling"]
"""
SCENARIO: Final = """
format_version = 1
name = "meat"
time.duration = "40min"
fleet = {kz = 1, cn = 0}
berth = {load = "constant:10s", unload = "constant:1h"}
office.KZ = {book = "BOOK"}
laboratory.KZ = {result = "constant:5min"}
[station.kz_bay_e2]
service = "constant:1h"
times = {veterinary = "constant:4min", sampling = "constant:2min"}
[[flow]]
direction = "E"
goods = "beef"
hs_code = "020130"
payload_t = 20.0
channels = {green = 1.0, yellow = 0.0, red = 0.0}
"""


def meat(path: Path, *settings: str) -> tuple[Finished, Log]:
    (path / "book.toml").write_text(BOOK)
    (path / "meat.toml").write_text(SCENARIO.replace("BOOK", str(path / "book.toml")))
    log = Log()
    return a_run(str(path / "meat.toml"), *settings, prepare=log.prepare), log


@pytest.mark.parametrize("network", NETWORKS)
def test_ordered_inspections_are_done_in_a_permitted_bay_in_their_own_time(
    tmp_path: Path, network: tuple[str, ...]
) -> None:
    """SUP-033: four minutes of a veterinarian and two of sampling, and no search of an hour."""
    finished, log = meat(tmp_path, *network)
    assert broken(finished).strip() == ""
    assert finished.result["traffic"]["loaded_crossings"] == 1
    bays = [visit for visit in finished.recorder.visits if visit.stage.startswith("kz_bay")]
    assert [(each.stage, (each.end_ns - each.start_ns) / 60e9) for each in bays] == [
        ("kz_bay_e2", 6.0)
    ]
    started = [row["services"] for row in log.of(Event.STATION_STARTED, "kz_out")]
    assert "veterinary sampling" in started
    assert finished.result["clearance"]["minutes"]["bay"] == finished.result["officer_minutes"] == 6


def test_installed_books_name_only_places_that_there_are(tmp_path: Path) -> None:
    for book in ("kz", "cn"):
        assert not rule_book(book).places
    (tmp_path / "book.toml").write_text('[places]\nseal = ["kz_bay_e9"]\n')
    with pytest.raises(ConfigError, match=r"office.KZ.book: places kz_bay_e9: not on the map"):
        a_run("smoke", f"office.KZ.book='{tmp_path / 'book.toml'}'")
