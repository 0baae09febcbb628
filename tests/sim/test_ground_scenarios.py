"""Every installed scenario of the proving ground: it does what it expects of itself, and a little
of how.

There is no network on the proving ground, so each runs once. Not here: the matrix of faults
(test_ground_campaign.py), scenarios of the whole border (test_scenarios.py).
"""

from pathlib import Path
from typing import Final

import numpy as np
import pytest

from sim.fleet import DT_S
from sim.ground.rig import Rig
from sim.ground.run import GroundRun, figures, read_profile
from sim.scenario import installed, load
from tests.sim.commands import command
from vehicle.pilot.columns import Array

GROUND: Final = (
    *("platoon_brake", "platoon_sine", "icy_ramp", "icy_climb", "snowy_ramp", "beacon_loss"),
    *("brake_fade", "coherent_spoof", "gnss_outage", "radar_loss"),
)
SPOOFED_M: Final = 1.0  # ten seconds of 0.1 m/s: later it is found; measured 0.70 m


def a_rig(name: str, *settings: str, seed: int = 1) -> Rig:
    scenario = load(name, list(settings))
    assert scenario.ground is not None
    profile = read_profile(scenario.leader.profile)
    return GroundRun(scenario, scenario.ground, profile).play(seed)[0]


def speeds(rig: Rig, from_s: float, to_s: float) -> Array:
    """Speeds of all trucks in a window, m/s."""
    return np.array(rig.story.v_mps[round(from_s / DT_S) : round(to_s / DT_S)])


def test_every_scenario_with_a_track_is_one_of_these() -> None:
    assert {name for name in installed() if load(name, []).ground is not None} == set(GROUND)


@pytest.mark.parametrize("name", GROUND)
def test_scenario_of_the_proving_ground_keeps_its_expectations(name: str, tmp_path: Path) -> None:
    said = command("sim", "run", name, "--out", str(tmp_path))
    assert (said.code, said.err) == (0, ""), said.out


@pytest.mark.soak
@pytest.mark.parametrize("name", GROUND)
@pytest.mark.parametrize("seed", range(2, 12))
def test_it_does_so_whatever_the_seed(name: str, seed: int, tmp_path: Path) -> None:
    said = command("sim", "run", name, "--seed", str(seed), "--out", str(tmp_path))
    assert (said.code, said.err) == (0, ""), said.out


def test_guard_warns_of_faded_brakes_before_it_stops_the_truck() -> None:
    """VEH-005, I3: and of good brakes it never does."""
    faded = a_rig("brake_fade").story
    (warned_s, warned), (tripped_s, tripped, _) = faded.warned[0], faded.trips[0]
    assert warned == tripped
    assert warned_s < tripped_s
    assert a_rig("brake_fade", "fault=[]", "expect=[]").story.warned == []


def test_short_outage_slows_trucks_down_and_they_go_on_a_long_one_stops_them() -> None:
    """VEH-006: ten seconds from 20 s on, and for good from 50 s on. At present trucks slow down
    when the satellites are back: a place that was lost is found anew.
    """
    rig = a_rig("gnss_outage")
    assert speeds(rig, 20.0, 45.0).min() < 5.0
    assert speeds(rig, 48.0, 50.0).min() > 6.0
    assert min(t_s for t_s, _, _ in rig.story.halts) > 60.0
    assert (speeds(rig, 100.0, 180.0) == 0.0).all()


def test_drag_of_satellites_is_found_by_markers_before_the_line_is_lost() -> None:
    """VEH-006, I2: whenever it begins, on the last way to the line too."""
    for at_s in np.arange(40.0, 84.0, 4.0):
        rig = a_rig("coherent_spoof", f"fault.0.at='{at_s}s'", "expect=[]", seed=2)
        assert figures(rig)["overrun_max_m"] <= SPOOFED_M, at_s
        assert rig.story.beyond == []
