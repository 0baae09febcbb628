"""Lanes that run elsewhere: what is published of them is what the model does on them."""

import pytest

from contract.map import CorridorMap
from contract.reasons import Reason
from sim.bound import shortest
from sim.run import load_map
from tests.sim.runs import a_run

GATE_S_MAX = 30.0
LANES = {"ganqimaodu": 6_190.0, "mandula": 2_400.0}


def road_m(corridor: CorridorMap, direction: str) -> float:
    """From the end of one yard to the beginning of the other."""
    lanes = shortest(corridor, direction)
    route = corridor.route([lane for lane in lanes if not in_yard(corridor, lane)])
    return route.length_m


def in_yard(corridor: CorridorMap, lane: str) -> bool:
    return corridor.zones[corridor.lanes[lane].zone].kind.value in ("yard", "berth")


@pytest.mark.parametrize("direction", ["E", "W"])
@pytest.mark.parametrize("name", LANES)
def test_lane_is_as_long_as_published_from_yard_to_yard(name: str, direction: str) -> None:
    """But for its two sways into the yards, which are longer than their way along the lane."""
    assert road_m(load_map(name), direction) == pytest.approx(LANES[name], abs=20.0)


@pytest.mark.parametrize("name", LANES)
def test_lane_is_nowhere_faster_than_25_km_h(name: str) -> None:
    assert max(lane.speed_mps for lane in load_map(name).lanes.values()) <= 25.0 / 3.6


def test_gates_of_ganqimaodu_take_at_most_thirty_seconds() -> None:
    """From standing at the line to being proven out of the cell."""
    settings = ("fleet.kz=2", "fleet.cn=2", "time.duration='26min'", "expect=[]")
    finished = a_run("ganqimaodu", *settings)
    gates = finished.world.map.gates
    visits = [visit for visit in finished.recorder.visits if visit.stage in gates]
    assert len(visits) >= 4
    assert max(visit.end_ns - visit.arrive_ns for visit in visits) / 1e9 <= GATE_S_MAX
    waits = {wait.reason for wait in finished.tally.waiting.values()}
    assert waits <= {Reason.NOT_READY.name, Reason.CLEARANCE_PENDING.name}
