"""A tail that breaks down on the one-lane bridge: what it holds stays its own until it is gone."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from contract.agent import Now
from contract.events import Event
from contract.v1.movement_pb2 import VehicleHeartbeat
from corridor.positions import Positions
from sim.run import Finished
from tests.sim.freed import Freed
from tests.sim.runs import NETWORKS, NS_PER_S, Log, a_run, both, broken, violations

NAME: Final = "tail_on_the_bridge"
TAIL: Final = "truck-02"
SECTION: Final = "bridge"


def go(*settings: str) -> tuple[Finished, Log, Freed]:
    log, freed = Log(), Freed()
    prepare = both(log.prepare, freed.prepare)
    finished = a_run(NAME, "time.duration='26min'", "expect=[]", *settings, prepare=prepare)
    assert broken(finished).strip() == ""
    assert violations(finished) == {}
    return finished, log, freed


def between(log: Log, event: Event, from_s: float, to_s: float) -> Iterator[dict[str, Any]]:
    for t_ns, _, report in log.said:
        if report.event is event and from_s <= t_ns / NS_PER_S < to_s:
            yield dict(report.fields)


@pytest.mark.parametrize("network", NETWORKS)
def test_tail_keeps_its_part_and_whoever_waits_says_for_whom(network: tuple[str, ...]) -> None:
    """SUP-014, I22: parted, nothing freed under it, nobody let in, and all goes on afterwards."""
    finished, log, freed = go(*network)
    assert freed.count > 50
    assert freed.under_a_footprint == []
    parted = [each for each in log.of(Event.CONVOY_PARTED) if each["vehicle"] == TAIL]
    assert [each["rest"] for each in parted[:1]] == [""], "it was the tail"
    (parted_s, *_) = log.times_s(Event.CONVOY_PARTED)
    (released_s, *_) = log.times_s(Event.STOP_ENDED)
    assert released_s - parted_s > 300.0

    meanwhile = [*between(log, Event.ZONE_ALLOCATED, parted_s, released_s)]
    assert SECTION not in {each["zone"] for each in meanwhile}
    meanwhile = [*between(log, Event.ZONE_FREED, parted_s, released_s)]
    assert TAIL not in {each["vehicle"] for each in meanwhile}

    waits = {str(e["vehicle"]): e for e in between(log, Event.VEHICLE_WAITS, 0.0, released_s)}
    assert getattr(waits[TAIL]["reason"], "name", "") == "NO_PROGRESS"
    for direction in ("E", "W"):
        chains = [chain for chain in roots(waits, TAIL) if way(log, chain[0]) == direction]
        assert chains, f"nobody {direction} waits for it"
    over = [each["vehicle"] for each in between(log, Event.CROSSING_FINISHED, released_s, 1e9)]
    assert TAIL in over
    by_direction = finished.result["traffic"]["by_direction"]
    assert min(each["loaded_crossings"] for each in by_direction.values()) >= 2


def way(log: Log, vehicle: str) -> str:
    given = [each for each in log.of(Event.MISSION_GIVEN) if each["vehicle"] == vehicle]
    return {"K": "E", "C": "W"}[given[0]["crossing"][0]]


def roots(waits: dict[str, dict[str, Any]], last: str) -> Iterator[list[str]]:
    """Who waits, holder by holder, for `last`."""
    for vehicle in sorted(waits):
        chain = [vehicle]
        while chain[-1] != last and str(waits[chain[-1]]["holder"]) in waits:
            nxt = str(waits[chain[-1]]["holder"])
            if nxt in chain:
                break
            chain.append(nxt)
        if chain[-1] == last and vehicle != last:
            yield chain


def test_zone_that_is_freed_under_a_truck_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted defect: a heartbeat, which knows the front alone, frees what lies behind it."""
    hear = Positions.on_heartbeat

    def hasty(self: Positions, now: Now, vehicle: str, beat: VehicleHeartbeat) -> None:
        hear(self, now, vehicle, beat)
        state = self._state
        mission = state.missions.get(state.mission_of.get(vehicle, ""))
        if mission is None or not mission.accepted:
            return
        for zone, _, end_m in state.route(mission).zone_spans[mission.cleared :]:
            left = end_m < state.heard[vehicle].front_m
            if left and state.zones.reported(zone, vehicle):
                state.free(zone, vehicle, mission.convoy, "heartbeat")

    monkeypatch.setattr(Positions, "on_heartbeat", hasty)
    freed = Freed()
    a_run(NAME, "time.duration='5min'", "expect=[]", prepare=freed.prepare)
    assert freed.under_a_footprint
