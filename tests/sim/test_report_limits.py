"""What limited a run: one sentence that names the resource, by rules that are a table here."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest

from sim.report import diagrams
from sim.report.chart import within
from sim.report.folder import Row, RunFolder
from sim.report.limits import headline, open_together_s, tightest
from sim.report.names import in_words, one_more
from sim.report.places import places_of
from sim.run import load_map

HOUR_S: Final = 3_600.0
ROW: Final = {"queue_mean": 0.0, "queue_max": 0, "load": 0.5, "servers": 1}


def a_run(**changes: Any) -> RunFolder:
    """Ten trucks and four hours on the usual map; loads that come by themselves, 20 of them."""
    places = {
        "fleet": ROW | {"servers": 10, "per_hour": 40.0},
        "kz_weigh_e": ROW | {"per_hour": 60.0},
        "cn_weigh_w": ROW | {"per_hour": 60.0},
        "desk_office-kz": ROW | {"servers": 4, "per_hour": None},
    }
    told = {
        "first": "fleet",
        "per_hour": 40.0,
        "second": "cn_weigh_w",
        "longest_queue": "",
        "offered_per_hour": 30.0,
        "broken": False,
        "breaks_at_h": None,
        "places": places,
    }
    told |= changes.pop("told", {})
    queues = {"E": {"offered": 20, "waiting": changes.pop("left", 5)}}
    bound = {"resource": "fleet", "per_hour": 40.0, "measured_per_hour": 12.0}
    result = {
        "bottlenecks": told,
        "bound": bound | {"share": changes.pop("share", 0.3)},
        "queues": queues,
        "performance": {"simulated_s": 4.0 * HOUR_S},
    }
    result |= changes.pop("result", {})
    scenario = {"time": changes.pop("time", {}), "hours": changes.pop("hours", {})}
    run = RunFolder(
        *(Path(), result, scenario, load_map("bakhty_pokitu"), [], [], [], []),
        zones=[],
        waits=[(0.0, minutes * 60.0, "truck-01", reason, "") for reason, minutes in WAITS],
    )
    return replace(run, **changes)


USED: Final = {"offered": 70, "used": 69, "used_share": 0.9857}
WAITS: Final = (("ZONE_OCCUPIED", 60.0), ("DOCUMENT_CONTROL", 30.0), ("WEATHER_CLOSED", 10.0))


def waiting_for(reason: str, minutes: float) -> list[tuple[float, float, str, str, str]]:
    return [
        *a_run().waits,
        (0.0, minutes * 60.0, "truck-02", reason, ""),
    ]


def queue_before(place: str, mean: float) -> dict[str, Any]:
    places = a_run().result["bottlenecks"]["places"]
    row = places[place] | {"queue_mean": mean, "queue_max": 7}
    return {"longest_queue": place, "places": places | {place: row}}


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (a_run(result={"deadlock": ["a", "b"]}), "Trucks could not go on"),
        (a_run(time={"crossings": 2}), "Nothing was short: the run shows 2 crossings"),
        (a_run(waits=waiting_for("DEPARTURE_CLOSED", 200.0)), "What limited this run: opening"),
        (a_run(waits=waiting_for("WEATHER_CLOSED", 200.0)), "What limited this run: weather"),
        (
            a_run(left=0, waits=[*a_run().waits[1:], (0.0, 2_100.0, "a", "QUOTA_REACHED", "")]),
            "What limited this run: quota and the other side's intake, weather and closures. 60 %",
        ),
        (a_run(waits=waiting_for("GATE_FAULT", 200.0)), "What limited this run: the gate"),
        (
            a_run(waits=waiting_for("SLOT_LATER", 200.0), result={"slots": USED}),
            "What limited this run: the slots at the exit gates, one truck in a pitch at each.",
        ),
        (a_run(share=0.95), "What limited this run: the fleet of trucks. Its 10 can make 40"),
        (a_run(left=0), "Nothing was short: 20 loads came, and every one found a truck. Nearest"),
        (a_run(left=2), "Nothing was short: 20 loads came, and all but 2 found a truck"),
        (
            a_run(told=queue_before("kz_weigh_e", 2.0)),
            "What limited this run: the eastbound weighbridge in Kazakhstan can pass 60",
        ),
        (
            a_run(told=queue_before("kz_weigh_e", 1.0)),
            "What limited this run: the fleet of trucks. Its 10",
        ),
        (a_run(), "What limited this run: the fleet of trucks. Its 10 can make 40"),
        (
            a_run(told={"broken": True, "first": "cn_weigh_w", "offered_per_hour": None}),
            "What limited this run: the westbound weighbridge in China can pass 60",
        ),
    ],
)
def test_headline_names_what_limited(run: RunFolder, words: str) -> None:
    said = headline(run)
    assert said[0].startswith(words), said


def test_folder_without_traffic_has_no_headline() -> None:
    assert headline(a_run(result={"bottlenecks": {}})) == []


def test_fleet_says_what_its_trucks_waited_for_and_what_one_more_gives() -> None:
    """A hundred vehicle-minutes of ten trucks' four hours."""
    first, more = headline(a_run())
    assert "12 were made. Of 20 loads that came 5 found no truck by the end." in first
    assert first.endswith("waited 4 %, most of that for room on the road (60 %).")
    assert more == (
        "One more truck gives room for 4 crossings an hour more, 44 instead of 40; it is the"
        " tightest still."
    )


def test_more_of_something_helps_against_waits_for_charge_and_none_against_weather() -> None:
    """Another truck would drive meanwhile, another charger or mechanic would end the wait."""
    (first,) = headline(a_run(waits=waiting_for("NO_CHARGER_FREE", 200.0)))
    assert first.endswith(
        "charge and repairs. 67 % of all waiting was for that, 3.3 vehicle-hours."
    )
    (first,) = headline(a_run(waits=waiting_for("WEATHER_CLOSED", 200.0)))
    assert first.endswith("No truck and no place more would have helped.")


def test_more_slots_are_worth_something_only_where_nearly_all_are_used() -> None:
    waits = waiting_for("SLOT_LATER", 200.0)
    first, more = headline(a_run(waits=waits, result={"slots": USED}))
    assert first.endswith(
        "69 of 70 were used, and 67 % of all waiting was for them, 3.3 vehicle-hours."
    )
    assert more.startswith("More slots would have helped, up to the 40 crossings an hour")
    half = {"offered": 70, "used": 35, "used_share": 0.5}
    assert len(headline(a_run(waits=waits, result={"slots": half}))) == 1


def test_hours_are_those_in_which_both_sides_were_open() -> None:
    """KZ 07 to 10, CN 09 to 12, from 07 to 11: one hour."""
    hours = {
        "KZ": {"opens": "07:00", "closes": "10:00"},
        "CN": {"opens": "09:00", "closes": "12:00"},
    }
    run = a_run(
        hours=hours,
        waits=waiting_for("OFFICE_CLOSED", 900.0),
        crossings=[arrival("E", 9_000.0), arrival("W", 9_100.0), arrival("E", 9_200.0, "0")],
        time={"start": datetime.fromisoformat("2026-03-02T07:00:00+05:00")},
    )
    assert open_together_s(run) == HOUR_S
    first, more = headline(run)
    assert "together in 1.0 of 4.0 hours, and 90 % of all waiting was for them, 15 veh" in first
    assert more.startswith("2 loads arrived, 2.0 in an open hour")


def arrival(direction: str, at_s: float, loaded: str = "1") -> Row:
    return {
        "crossing": f"{direction}{at_s:.0f}",
        "vehicle": "truck-01",
        "outcome": "cleared",
        "direction": direction,
        "loaded": loaded,
        "left": f"{at_s - 600.0}",
        "arrived": f"{at_s}",
    }


def test_one_more_is_asked_of_every_place_that_is_as_tight() -> None:
    """One more of only one of two weighbridges gives nothing: the other still passes as little."""
    places = a_run().result["bottlenecks"]["places"]
    wide = places | {"fleet": places["fleet"] | {"per_hour": 90.0}}
    told = {"places": wide, "broken": True, "first": "cn_weigh_w"}
    assert tightest(told) == ["cn_weigh_w", "kz_weigh_e"]
    run = a_run(told=told)
    assert headline(run)[1] == (
        "One more at each of the westbound weighbridge in China and the eastbound weighbridge in"
        " Kazakhstan gives room for 30 crossings an hour more, 90 instead of 60; then it is the"
        " fleet of trucks."
    )


@pytest.mark.parametrize(
    ("place", "words", "more"),
    [
        ("fleet", "the fleet of trucks", "truck"),
        ("berths_kz", "the berths in Kazakhstan", "berth"),
        ("bays_cn_w", "the westbound inspection bays in China", "bay"),
        ("desk_office-cn", "the officers at the desk in China", "officer"),
        ("desk_agencies-kz", "the agencies' counter in Kazakhstan", "person"),
        ("ocr_kz_out", "the reading of plates at the exit gate of Kazakhstan", "reader"),
        ("read_kz_xray_e", "the readers of images of the eastbound X-ray in Kazakhstan", None),
        ("boundary_e", "the boundary section (boundary_e)", "truck at a time on it"),
        ("kz_bay_e1", "the inspection bay kz_bay_e1 in Kazakhstan", "of it"),
        ("nowhere", "nowhere", "of it"),
    ],
)
def test_places_are_called_by_words(place: str, words: str, more: str | None) -> None:
    corridor = load_map("bakhty_pokitu")
    assert in_words(place, corridor) == words
    assert one_more(place, corridor) == (more or "person who reads images")


# --- pictures of long runs ---


def a_day() -> RunFolder:
    """From 07:30, a crossing every two minutes for four hours, and then one more at the end."""
    crossings = [arrival("E", 600.0 + 120.0 * k) for k in range(120)] + [arrival("W", 86_000.0)]
    return a_run(
        crossings=crossings,
        result={"performance": {"simulated_s": 86_400.0}},
        time={"start": datetime.fromisoformat("2026-03-02T07:30:00+05:00")},
    )


def test_long_run_is_drawn_in_pieces_that_can_be_read() -> None:
    """Whole hours of the clock, none with too many lines, and no crossing is left out."""
    run = a_day()
    many = [replace(run, crossings=run.crossings * n) for n in (1, 2)]
    assert diagrams.windows(many[0]) == [(0.0, 86_400.0)]
    pieces = diagrams.windows(many[1])
    assert len(pieces) > 2
    for begin_s, end_s in pieces:
        spans = [(float(row["left"]), float(row["arrived"])) for row in many[1].crossings]
        met = sum(left <= end_s and arrived >= begin_s for left, arrived in spans)
        assert 0 < met <= diagrams.LINES_MAX
        assert begin_s == 0.0 or (begin_s + run.start_of_day_s) % HOUR_S == 0.0
    for row in run.crossings:
        assert any(a <= float(row["arrived"]) <= b for a, b in pieces)
    empty = [arrival("E", 40_000.0 + 20.0 * k, "0") for k in range(150)]
    most = diagrams.busiest(replace(run, crossings=[*many[1].crossings, *empty]))
    assert most[1] <= 4.5 * HOUR_S


def test_line_is_cut_where_its_picture_ends() -> None:
    line = [(0.0, 0.0), (10.0, 100.0), (10.0, 120.0), (20.0, 220.0)]
    assert within(line, (5.0, 15.0)) == [(5.0, 50.0), (10.0, 100.0), (10.0, 120.0), (15.0, 170.0)]
    assert within(line, (0.0, 20.0)) == line
    assert within(line, (30.0, 40.0)) == []


def test_truck_in_a_bay_stands_level_beside_its_place_on_the_way() -> None:
    places = places_of(load_map("bakhty_pokitu"))
    assert places is not None
    low, high = sorted((places.stops["kz_weigh_e"], places.stops["kz_out"]))
    assert low < places.beside["kz_bay_e1"] < high
    assert not set(places.beside) & set(places.stops)
