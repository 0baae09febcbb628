"""Loads that wait for a truck are counted where they wait."""

import pytest

from contract.errors import ConfigError
from sim.run import Finished
from sim.scenario import load
from tests.sim.runs import a_run

MINUTES = 20


def a_flood(per_hour: float, window: str = "") -> Finished:
    """Ten minutes of loading eastbound, none westbound, and two trucks for all that comes."""
    settings = (
        *("fleet.kz=2", "fleet.cn=0", "flow=[]", "expect=[]", "berth.load='constant:10min'"),
        f"time.duration='{MINUTES}min'",
    )
    flow = (
        "flow=[{direction='E', goods='tiles', hs_code='6907', payload_t=20.0,"
        f" crossings_per_hour={per_hour}{', ' * bool(window)}{window}}}]"
    )
    return a_run("first_crossings", *settings, flow)


def test_loads_that_nobody_takes_are_those_that_came_less_those_declared() -> None:
    finished = a_flood(120.0)
    said = finished.result["queues"]
    declared = sum(tale.loaded for tale in finished.tally.crossings.values())
    assert 1 <= declared <= 2
    assert said["E"]["offered"] == pytest.approx(120.0 * MINUTES / 60.0, rel=0.5)
    assert said["E"]["waiting"] == said["E"]["offered"] - declared
    assert said["E"]["most"] == said["E"]["waiting"]
    assert 0.0 < said["E"]["empty_s"] < 5 * 60.0
    west = said["W"]
    assert (west["offered"], west["waiting"], west["most"]) == (0, 0, 0)
    assert west["empty_s"] == pytest.approx(60.0 * MINUTES, abs=5.0)


def test_endless_flow_offers_nothing_by_itself() -> None:
    finished = a_run("smoke", "expect=[]")
    said = finished.result["queues"]["E"]
    assert (said["offered"], said["waiting"], said["most"]) == (0, 0, 0)


def test_loads_come_between_the_beginning_and_the_end_of_their_flow() -> None:
    early = a_flood(120.0, "ends='10min'").result["queues"]["E"]
    late = a_flood(120.0, "begins='10min'").result["queues"]["E"]
    both = a_flood(120.0).result["queues"]["E"]
    assert early["offered"] == pytest.approx(both["offered"] / 2, rel=0.5)
    assert late["offered"] == pytest.approx(both["offered"] / 2, rel=0.5)
    assert early["empty_s"] < 5 * 60.0
    assert late["empty_s"] > 10 * 60.0


@pytest.mark.parametrize(
    ("window", "word"),
    [
        ("begins='10min', ends='5min'", "later than begins"),
        ("crossings_per_hour=0, begins='5min'", "begins: expected only with crossings_per_hour"),
        ("crossings_per_hour=0, ends='5min'", "ends: expected only with crossings_per_hour"),
    ],
)
def test_window_that_makes_no_sense_is_refused(window: str, word: str) -> None:
    flow = f"{{direction='E', goods='tiles', hs_code='6907', payload_t=20.0, {window}}}"
    rated = flow if "per_hour" in window else flow.replace("}", ", crossings_per_hour=6}")
    with pytest.raises(ConfigError, match=word):
        load("first_crossings", [f"flow=[{rated}]"])
