"""Radio silence at the line: who is cut off, nobody stops for it, and traffic goes on."""

from typing import Final

import pytest

from contract.errors import ConfigError
from contract.events import Event
from sim.run import Finished
from sim.scenario import load
from tests.sim.runs import UNRELIABLE, Log, a_run, broken

SHORT: Final = ("fleet.kz=4", "fleet.cn=3", "time.duration='26min'", "time.warm_up='5min'")
SILENCE: Final = "network.region.0.silence="
LEAST_SHARE: Final = 0.95  # of what crosses without silence
THROUGH_NS: Final = 60_000_000_000  # nobody who does not stop in the section takes as long


def roaming(silence: str, *settings: str, log: Log | None = None) -> Finished:
    log = log or Log()
    chosen = (f"{SILENCE}'{silence}'", "expect=[]", *settings)
    return a_run("line_roaming", *chosen, prepare=log.prepare)


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
def test_silent_trucks_cross_without_a_stop_and_what_is_behind_them_is_free(
    network: tuple[str, ...],
) -> None:
    log = Log()
    finished = roaming("constant:600s", *SHORT, *network, log=log)
    assert broken(finished) == ""
    radio = finished.result["radio"]
    assert radio["silences"] >= 6
    assert radio["silent_s"] > 50.0 * radio["silences"]
    assert radio["stops_between_gates"] == 0
    freed = [each["proof"] for each in log.of(Event.ZONE_FREED) if each["zone"] == "boundary_e"]
    assert "axles in and out" in freed
    assert log.of(Event.VEHICLE_FELL_SILENT)


def test_without_road_to_the_other_post_a_silent_truck_stops_between_them() -> None:
    """Planted: the supervisor does not reckon with silence. Never inside the boundary section."""
    finished = roaming("constant:600s", "corridor.radio_gap=false", *SHORT)
    assert broken(finished) == ""
    assert finished.result["radio"]["stops_between_gates"] > 0
    section = [each for each in finished.recorder.visits if each.stage.startswith("boundary")]
    assert section
    assert not [each for each in section if each.end_ns - each.start_ns > THROUGH_NS]


def test_silence_ends_in_its_time() -> None:
    finished = roaming("constant:2s", *SHORT)
    radio = finished.result["radio"]
    assert radio["silent_s"] == pytest.approx(2.0 * radio["silences"], rel=0.02)
    assert finished.world.network.silent == frozenset()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("bearer='pigeon'", "region.0.bearer = 'pigeon': expected cellular or roadside"),
        ("polygon=[[82.7,46.6],[82.8,46.6]]", "region.0.polygon: 2 corners, expected 3 or more"),
        ("polygon=[[82.7,46.6],[82.8,96],[82.8,46]]", "[82.8, 96]: expected [longitude, latitude]"),
        ("silence='sometimes'", "region.0.silence"),
        ("silense='constant:1s'", "did you mean"),
    ],
)
def test_region_that_cannot_be_is_refused_with_its_place(table: str, said: str) -> None:
    polygon = "" if "polygon" in table else "polygon=[[82.7,46.6],[82.8,46.6],[82.8,46.7]],"
    with pytest.raises(ConfigError, match="region") as refused:
        load("line_roaming", [f"network.region=[{{{polygon}{table}}}]"])
    assert said in str(refused.value)


@pytest.mark.soak
def test_silence_costs_less_than_one_crossing_in_twenty() -> None:
    """Per truck 0.12 s, 60 s and 200 s on average with a tail to 600 s, against none."""
    none = roaming("constant:0s").result["traffic"]["loaded_crossings"]
    assert none > 90
    for silence in ("constant:0.12s", "exponential:60s", "exponential:200s"):
        finished = roaming(silence)
        assert broken(finished) == ""
        assert finished.result["traffic"]["loaded_crossings"] >= LEAST_SHARE * none
        assert finished.result["radio"]["stops_between_gates"] == 0


@pytest.mark.soak
def test_silence_without_a_plan_for_it_is_slow_and_safe() -> None:
    """Answers of before the silence come after it, and change nothing."""
    finished = roaming("exponential:200s", "corridor.radio_gap=false")
    assert broken(finished) == ""
    assert finished.result["radio"]["stops_between_gates"] > 10
