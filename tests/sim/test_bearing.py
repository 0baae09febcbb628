"""A bridge with a limit of axles in a run: who is too heavy stays, and why; others cross."""

import pytest

from contract.events import Event
from tests.sim.runs import UNRELIABLE, Log, a_run, broken

SHORT = ("time.duration='8min'", "expect=[]", "fleet.kz=2", "fleet.cn=0")


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
def test_heavy_vehicle_is_held_at_its_berth_and_never_on_the_bridge(
    network: tuple[str, ...],
) -> None:
    """SUP-V4: a vehicle of two axle lines has 18 t on each; the road is no longer closed for it."""
    log = Log()
    finished = a_run(
        "single_lane_bridge", *SHORT, "fleet.vehicle='agv65'", *network, prepare=log.prepare
    )
    assert broken(finished) == ""
    told = {(w["reason"].name, w["resource"]) for w in log.of(Event.VEHICLE_WAITS)}
    assert ("AXLE_TOO_HEAVY", "bridge") in told
    given = {each["zone"] for each in log.of(Event.ZONE_ALLOCATED)}
    assert "bridge" not in given
    waiting = {each["vehicle"]: each["reason"] for each in finished.result["traffic"]["waiting"]}
    assert set(waiting.values()) == {"AXLE_TOO_HEAVY"}


def test_ordinary_trucks_cross_the_same_bridge() -> None:
    """SUP-V4: 11.6 t at most."""
    log = Log()
    finished = a_run("single_lane_bridge", *SHORT, prepare=log.prepare)
    assert broken(finished) == ""
    assert "bridge" in {each["zone"] for each in log.of(Event.ZONE_ALLOCATED)}
