"""The readers at a gate's line: how long they take, how often they fail, what is written down."""

import random
import statistics

import pytest

from sim.distributions import Constant
from sim.engine import NS_PER_S, Engine
from sim.line_reader import LineModel, LineReader
from sim.loads import Visit


def read(
    model: LineModel, seed: int = 1, *, boxed: bool = False
) -> tuple[list[Visit], list[tuple[float, str]]]:
    """One vehicle at the line: rows, and what was unread from when on."""
    engine = Engine(seed)
    rows: list[Visit] = []
    said: list[tuple[float, str]] = []
    reader = LineReader(
        "kz_out",
        model,
        engine,
        draws=random.Random(seed),
        visited=rows.append,
        changed=lambda: said.append((engine.now_ns / NS_PER_S, reader.unread)),
    )
    reader.stands("truck-01", "KZ-1", boxed=boxed)
    said.append((0.0, reader.unread))
    while engine.next_ns is not None:
        engine.run_next()
    return rows, said


def test_reader_of_no_time_and_no_faults_leaves_no_trace() -> None:
    assert read(LineModel()) == ([], [(0.0, "")])


def test_plate_comes_first_and_the_seals_after_it() -> None:
    rows, said = read(LineModel(ocr=Constant(6.0), seals=Constant(5.0)))
    assert said == [(0.0, "plate"), (6.0, "seals"), (11.0, "")]
    assert [(row.stage, row.end_ns / NS_PER_S) for row in rows] == [
        ("ocr_kz_out", 6.0),
        ("seals_kz_out", 11.0),
    ]


def test_misread_is_tried_once_more_and_then_a_person_reads() -> None:
    _, said = read(LineModel(ocr=Constant(6.0), misread=1.0, person=Constant(100.0)))
    assert said[1] == (112.0, "seals")


def test_missed_seal_is_looked_at_by_hand() -> None:
    _, said = read(LineModel(seals=Constant(5.0), seals_unread=1.0))
    assert said[-1] == (125.0, "")


def test_container_is_read_between_plate_and_seals_where_there_is_one() -> None:
    model = LineModel(ocr=Constant(6.0), container=Constant(4.0), seals=Constant(5.0))
    rows, said = read(model, boxed=True)
    assert said == [(0.0, "plate"), (6.0, "container"), (10.0, "seals"), (15.0, "")]
    assert [row.stage for row in rows] == ["ocr_kz_out", "container_kz_out", "seals_kz_out"]
    assert "container" not in {each for _, each in read(model)[1]}


def test_misread_container_is_tried_once_more_and_then_a_person_reads() -> None:
    model = LineModel(container=Constant(4.0), container_misread=1.0, person=Constant(100.0))
    rows, said = read(model, boxed=True)
    assert said == [(0.0, "plate"), (0.0, "container"), (108.0, "seals"), (108.0, "")]
    worked_s = {row.stage: row.worked_ns / NS_PER_S for row in rows}
    assert worked_s == {"ocr_kz_out": 0.0, "container_kz_out": 100.0, "seals_kz_out": 0.0}
    assert read(model) == ([], [(0.0, "")])


def test_container_misreads_come_at_their_share() -> None:
    model = LineModel(container=Constant(4.0), container_misread=0.1)
    times = [read(model, seed, boxed=True)[1][2][0] for seed in range(600)]
    assert len([time for time in times if time == 4.0]) / 600 == pytest.approx(0.9, abs=0.04)


def test_misreads_come_at_their_share() -> None:
    model = LineModel(ocr=Constant(6.0), misread=0.1)
    times = [read(model, seed)[1][1][0] for seed in range(600)]
    first_time = [time for time in times if time == 6.0]
    assert len(first_time) / 600 == pytest.approx(0.9, abs=0.04)
    by_hand = [time - 12.0 for time in times if time > 12.0]
    assert all(60.0 <= time <= 180.0 for time in by_hand)
    assert statistics.fmean(times) > 6.0


def test_vehicle_that_has_gone_is_not_read_any_more() -> None:
    engine = Engine(1)
    rows: list[Visit] = []
    reader = LineReader(
        "kz_out",
        LineModel(ocr=Constant(6.0)),
        engine,
        draws=random.Random(1),
        visited=rows.append,
        changed=lambda: None,
    )
    reader.stands("truck-01", "KZ-1")
    reader.gone()
    reader.stands("truck-02", "KZ-2")
    engine.run_next()
    assert reader.unread == "plate"
    engine.run_next()
    assert reader.unread == "seals"
