"""Loads that wait for a truck are counted where they wait."""

import pytest

from sim.run import Finished
from tests.sim.runs import a_run

MINUTES = 20


def a_flood(per_hour: float) -> Finished:
    """Ten minutes of loading eastbound, none westbound, and two trucks for all that comes."""
    settings = (
        *("fleet.kz=2", "fleet.cn=0", "flow=[]", "expect=[]", "berth.load='constant:10min'"),
        f"time.duration='{MINUTES}min'",
    )
    flow = (
        "flow=[{direction='E', goods='tiles', hs_code='6907', payload_t=20.0,"
        f" crossings_per_hour={per_hour}}}]"
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
    assert said["W"] == {"offered": 0, "waiting": 0, "most": 0}


def test_endless_flow_offers_nothing_by_itself() -> None:
    finished = a_run("smoke", "expect=[]")
    assert finished.result["queues"]["E"] == {"offered": 0, "waiting": 0, "most": 0}
