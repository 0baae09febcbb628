"""The report of a run: one page that opens anywhere, and says what the files of the folder say."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

import pytest

from contract.errors import ConfigError
from sim.report import diagrams
from sim.report.bottlenecks import TOO_SHORT
from sim.report.chart import Chart, clock, ticks
from sim.report.folder import read
from sim.report.limits import evidence, without_truck
from sim.report.page import page, write_report
from sim.report.places import places_of
from sim.run import load_map
from tests.sim.commands import command

VOID: Final = {"meta", "link", "br", "img", "hr"}
SVG: Final = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "smoke"
    assert command("sim", "run", "smoke", "--out", str(path)).code == 0
    return path


def text_of(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def pictures(text: str) -> dict[str, ElementTree.Element]:
    """The drawings of a page by the first words of their titles; each is well-formed XML."""
    found = {}
    for raw in re.findall(r"<svg .*?</svg>", text, re.DOTALL):
        drawing = ElementTree.fromstring(raw)  # noqa: S314 - our own page
        title = drawing.findtext(f"{SVG}title") or ""
        found[re.split(r"[:,]", title)[0]] = drawing
    return found


class Balance(HTMLParser):
    """Whether what is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del tag, attrs


def test_run_leaves_a_page_that_needs_nothing_else(folder: Path) -> None:
    text = text_of(folder)
    reader = Balance()
    reader.feed(text)
    assert reader.open == []
    assert reader.links == []
    assert "<script" not in text
    assert "smoke, seed 1" in text
    assert ">passed<" in text


def test_command_of_the_page_repeats_the_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    said = re.search(r"<code>convoy-sim (run .*?)</code>", text_of(folder))
    assert said is not None
    assert command("sim", *said[1].split(), "--out", str(tmp_path / "again")).code == 0
    first, second = (
        json.loads((each / "result.json").read_text())["transcript_sha256"]
        for each in (folder, tmp_path / "again")
    )
    assert first == second


def test_every_crossing_is_a_line_that_goes_its_own_way(folder: Path) -> None:
    drawing = pictures(text_of(folder))["Time-distance diagram"]
    lines = {line.findtext(f"{SVG}title"): line for line in drawing.iter(f"{SVG}polyline")}
    assert {name.split()[0] for name in lines if name} == {"truck-01", "truck-02"}
    for line in lines.values():
        points = [tuple(map(float, each.split(","))) for each in line.get("points", "").split()]
        xs, ys = zip(*points, strict=True)
        assert len(points) > 8
        assert list(xs) == sorted(xs)
        east = (line.get("class") or "").startswith("east")
        assert list(ys) == sorted(ys, reverse=east)  # upwards on the page is eastwards
    named = {label.text for label in drawing.iter(f"{SVG}text")}
    assert {"kz_out", "cn_in"} & named


def test_section_is_shaded_in_the_direction_of_whoever_has_it(folder: Path) -> None:
    """The same truck goes one way and then the other."""
    run = read(folder)
    way = dict.fromkeys(run.crossings[0], "") | {"vehicle": "truck-01", "loaded": "1"}
    there_and_back = [
        way | {"direction": "E", "left": "10.0"},
        way | {"direction": "W", "left": "50.0"},
    ]
    held = [(t, "boundary", "truck-01", t in (20.0, 60.0)) for t in (20.0, 30.0, 60.0, 70.0)]
    text = diagrams.time_distance(replace(run, crossings=there_and_back, zones=held))
    drawing = pictures(text)["Time-distance diagram"]
    assert [box.get("class") for box in drawing.iter(f"{SVG}rect")] == ["section-e", "section-w"]


def test_hours_in_which_a_side_is_closed_are_shaded_and_named(folder: Path) -> None:
    run = read(folder)
    hours = {"KZ": {"opens": "07:00", "closes": "08:01"}, "CN": {}}
    shut = replace(run, scenario=run.scenario | {"hours": hours})
    assert read(folder).closed() == []
    assert shut.closed() == [(60.0, pytest.approx(run.lasts_s, abs=1e-3), "KZ")]
    drawing = pictures(diagrams.time_distance(shut))["Time-distance diagram"]
    boxes = [box for box in drawing.iter(f"{SVG}rect") if box.get("class") == "closed"]
    assert [box.findtext(f"{SVG}title") for box in boxes] == ["KZ is closed"]
    assert "Grey: a side is closed" in page(shut)
    assert "Grey" not in page(run)


def test_first_sentence_says_what_was_waited_for(folder: Path) -> None:
    waits = [
        (0.0, 540.0, "truck-01", "OFFICE_CLOSED", "KZ-00001"),
        (0.0, 360.0, "truck-02", "ARRIVAL_TOO_LATE", "cn_in"),
        (0.0, 100.0, "truck-02", "ZONE_OCCUPIED", "kz_e_weigh"),
        (0.0, 9_000.0, "truck-02", "NOT_READY", "kz_b01"),
    ]
    said = evidence(replace(read(folder), waits=waits))[0]
    assert said == "What vehicles waited for: 90 % opening hours, 10 % room on the road."


def test_loads_without_a_truck_are_told() -> None:
    assert without_truck({"E": {"waiting": 3}, "W": {"waiting": 0}}) == [
        "Loads that found no truck by the end: 3 eastbound."
    ]
    assert without_truck({"E": {"waiting": 0}}) == []


def test_both_directions_meet_at_the_line(folder: Path) -> None:
    """A place lies where it lies, whichever way one drives past."""
    del folder
    places = places_of(load_map("bakhty_pokitu"))
    assert places is not None
    assert places.stops["kz_out"] < 0.0 < places.stops["cn_in"]
    assert places.stops["kz_in"] < 0.0 < places.stops["cn_out"]
    for section in places.sections:
        low, high = next(places.spans[d, z] for d, z in places.spans if z == section)
        assert low == pytest.approx(-high)


def test_gates_and_stations_show_every_visit_with_its_length(folder: Path) -> None:
    drawing = pictures(text_of(folder))["Gates and stations"]
    served = [box for box in drawing.iter(f"{SVG}rect") if box.get("class") == "served"]
    assert len(served) == len((folder / "stages.csv").read_text().splitlines()) - 1
    hints = {box.findtext(f"{SVG}title") for box in served}
    assert any(re.fullmatch(r"truck-0\d \S+ at kz_out: \d+ s", hint or "") for hint in hints)


def test_waits_are_those_that_the_supervisor_told(folder: Path) -> None:
    run = read(folder)
    told = [
        json.loads(line)
        for line in (folder / "events.jsonl").read_text().splitlines()
        if '"vehicle_waits"' in line
    ]
    assert len(run.waits) == len(told)
    assert all(since <= until for since, until, *_ in run.waits)
    assert set(diagrams.waits_by_reason(run)) == {each["reason"] for each in told} - {"NOT_READY"}


def test_page_and_terminal_say_what_breaks_first(folder: Path) -> None:
    told = json.loads((folder / "result.json").read_text())["bottlenecks"]
    said = command("sim", "report", str(folder), "--bottlenecks")
    assert said.code == 0
    assert said.out.startswith(TOO_SHORT)  # two crossings, and no truck comes back
    header, *rows = said.out.partition("\n\n")[2].splitlines()
    assert header.startswith("place")
    assert {row.split()[0] for row in rows} == set(told["places"])
    assert f"<td>{told['first']}<small>" in text_of(folder)


def test_page_says_what_part_of_a_run_was_measured_and_counts_no_other(folder: Path) -> None:
    run = read(folder)
    assert "warm-up" not in page(run)
    last_s = max(float(row["arrived"] or 0.0) for row in run.crossings)
    measured_s = run.lasts_s - last_s
    result = run.result | {"traffic": run.result["traffic"] | {"measured_s": measured_s}}
    text = page(replace(run, result=result))
    warm_up_h = last_s / 3_600.0
    assert f"the last {measured_s / 3_600.0:.2f} h, after {warm_up_h:.2f} h of warm-up" in text
    bars = [title.text or "" for title in pictures(text)["Crossing time"].iter(f"{SVG}title")][1:]
    assert sum(int(bar.rpartition(": ")[2]) for bar in bars) == 1


def test_folder_of_another_version_has_no_bottlenecks(folder: Path, tmp_path: Path) -> None:
    result = json.loads((folder / "result.json").read_text())
    del result["bottlenecks"]
    (tmp_path / "result.json").write_text(json.dumps(result))
    said = command("sim", "report", str(tmp_path), "--bottlenecks")
    assert said.code == 2
    assert "result.json has no bottlenecks" in said.err


def test_names_are_shown_and_never_run(folder: Path, tmp_path: Path) -> None:
    """A scenario may be called anything."""
    shutil.copytree(folder, tmp_path / "odd")
    result = json.loads((folder / "result.json").read_text()) | {"scenario": "<script>x</script>"}
    (tmp_path / "odd" / "result.json").write_text(json.dumps(result))
    assert "<script" not in page(read(tmp_path / "odd"))


def test_folder_without_traffic_or_map_still_has_its_page(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "bare")
    for name in ("crossings.csv", "stages.csv", "delays.csv", "events.jsonl"):
        (tmp_path / "bare" / name).unlink()
    text = write_report(tmp_path / "bare").path.read_text()
    assert "smoke, seed 1" in text
    assert pictures(text) == {}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("result.json", None, "a run folder without result.json"),
        ("result.json", "{", "no run folder of this version"),
        ("scenario.resolved.toml", "=", "no run folder of this version"),
        ("events.jsonl", '{"t":1}x\n', "events.jsonl, line 1"),
    ],
)
def test_broken_folder_is_refused_in_words(
    folder: Path, tmp_path: Path, name: str, content: str | None, words: str
) -> None:
    shutil.copytree(folder, tmp_path / "broken")
    path = tmp_path / "broken" / name
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=re.escape(words)):
        read(tmp_path / "broken")


def test_ticks_are_round_and_inside() -> None:
    assert ticks(0.0, 100.0, many=5) == [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    assert ticks(3.0, 3.0) == [3.0]
    assert all(0.3 <= each <= 0.9 for each in ticks(0.3, 0.9))


def test_clock_goes_round() -> None:
    assert clock(25.0 * 3_600.0 + 61.0) == "01:01"
    assert clock(59.0, seconds=True) == "00:00:59"


def test_chart_puts_low_values_at_the_lower_left() -> None:
    chart = Chart((0.0, 10.0), (0.0, 5.0))
    assert chart.px(0.0) < chart.px(10.0)
    assert chart.py(0.0) > chart.py(5.0)
    assert "points" not in chart.svg("empty")
