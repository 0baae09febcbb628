"""`convoy-sim drive`: the ideal track against other integrators, the real one against its limits,
and every kind of bad input.
"""

import argparse
import csv
import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from sim.cli import drive as cli
from sim.drive import ScriptRow, Setup, TrackRow, drive, grid
from sim.plant_params import AGV65, TRUCK40_LOADED, Array, VehicleParams

HEADER = "t,steering_rate_radps,accel_mps2\n"
TURN = HEADER + "0,0.1,0\n1,0,0\n11,0,-1\n20,0,0\n"


def rows(*script: tuple[float, float, float]) -> list[ScriptRow]:
    return [ScriptRow(*row) for row in script]


def as_array(track: list[TrackRow]) -> Array:
    """Columns t, x, y, delta, v, psi, hitch."""
    return np.array(
        [(r.t_s, r.x_m, r.y_m, r.delta_rad, r.v_mps, r.psi_rad, r.hitch_rad) for r in track]
    )


def reference(script: list[ScriptRow], setup: Setup, instants: list[float]) -> Array:
    """The same script by scipy's DOP853 on sections 1.2 and 1.3, row by row, away from the stops.

    Columns t, x, y, delta, v, psi, hitch at the instants, which include every script time.
    """
    body = setup.vehicle

    def slope(_: float, s: Array, row: ScriptRow) -> list[float]:
        delta, v, psi, hitch = s[2:]
        yaw = v * math.tan(delta) / body.wheelbase_m
        pull = -v * math.sin(hitch) + body.hitch_offset_m * yaw * math.cos(hitch)
        along = [v * math.cos(psi), v * math.sin(psi)]
        rates = [row.steering_rate_radps, row.accel_mps2, yaw, pull / body.trailer_m - yaw]
        return along + rates

    state = np.array([0.0, 0.0, 0.0, setup.speed_mps, 0.0, 0.0])
    seen = [np.array([0.0, *state])]
    for span in itertools.pairwise(instants):
        row = [row for row in script if row.t_s <= span[0]][-1]
        step = solve_ivp(slope, span, state, "DOP853", rtol=1e-12, atol=1e-12, args=(row,))
        state = step.y[:, -1]
        seen.append(np.array([span[1], *state]))
    return np.array(seen)


@settings(max_examples=20)
@given(
    rates=st.lists(st.floats(-0.15, 0.15), min_size=3, max_size=3),
    accels=st.lists(st.floats(-1.5, 1.0), min_size=3, max_size=3),
    speed_mps=st.floats(-4.0, 8.0),
    offset_m=st.sampled_from([0.0, 0.5]),
)
def test_ideal_track_is_that_of_a_high_order_solver(
    rates: list[float], accels: list[float], speed_mps: float, offset_m: float
) -> None:
    """Forward and reverse, corners of the script off the output grid."""
    times = (0.0, 0.703, 1.5031)
    script = rows(*zip(times, rates, accels, strict=True), (3.0, 0.0, 0.0))
    vehicle = replace(TRUCK40_LOADED, hitch_offset_m=offset_m)
    setup = Setup(vehicle=vehicle, speed_mps=speed_mps, dt_s=1.0, ideal=True)
    want = reference(script, setup, sorted({*times, 1.0, 2.0, 3.0}))
    track = as_array(list(drive(script, setup)))
    assert track == pytest.approx(want[[0, 2, 4, 5]], abs=1e-9)


def test_ideal_truck_rests_at_its_stop_from_the_very_instant() -> None:
    """The stop is met at 0.55 / 0.35 s, inside a step; the way on the circle proves the instant."""
    script = rows((0.0, 9.0, 0.0), (2.0, 1.0, 0.0), (10.0, -9.0, 0.0), (12.0, 0.0, 0.0))
    setup = Setup(vehicle=TRUCK40_LOADED, speed_mps=2.0, dt_s=0.5, ideal=True)
    track = as_array(list(drive(script, setup)))
    touch_s = 0.55 / 0.35
    # psi = v / L * integral of tan(rate t): closed form of the run-in, then a circle.
    run_in = -math.log(math.cos(0.55)) / 0.35
    want = 2.0 / 3.6 * (run_in + math.tan(0.55) * (10.0 - touch_s))
    at_ten = track[track[:, 0] == 10.0][0]
    assert at_ten[5] == pytest.approx(want, abs=1e-10)
    assert at_ten[3] == 0.55
    assert track[-1, 3] == pytest.approx(0.55 - 2.0 * 0.35)


def test_ideal_steady_circle_matches_the_closed_form() -> None:
    radius_m = 20.0
    rate = math.atan(3.6 / radius_m)
    setup = Setup(vehicle=TRUCK40_LOADED, speed_mps=5.0, dt_s=1.0, ideal=True)
    script = rows((0.0, 0.1, 0.0), (rate / 0.1, 0.0, 0.0), (60.0, 0.0, 0.0))
    last = list(drive(script, setup))[-1]
    c, l2 = 0.5, 8.1
    sine = math.asin(l2 / math.hypot(radius_m, c)) - math.atan2(c, radius_m)
    assert last.hitch_rad == pytest.approx(-sine, abs=1e-6)
    assert last.delta_rad == pytest.approx(rate, abs=1e-15)


def test_ideal_speed_and_reverse_know_no_limit() -> None:
    setup = Setup(vehicle=TRUCK40_LOADED, speed_mps=1.0, ideal=True)
    track = list(drive(rows((0.0, 0.0, -5.0), (2.0, 0.0, 20.0), (4.0, 0.0, 0.0)), setup))
    assert min(row.v_mps for row in track) == pytest.approx(-9.0)
    assert track[-1].v_mps == pytest.approx(31.0)
    assert track[-1].x_m == pytest.approx(2.0 - 10.0 - 18.0 + 40.0)


def test_ideal_reverse_goes_on_beyond_the_jack_knife_limit() -> None:
    setup = Setup(vehicle=TRUCK40_LOADED, speed_mps=-2.0, dt_s=0.1, ideal=True)
    track = list(drive(rows((0.0, 0.3, 0.0), (1.0, 0.0, 0.0), (20.0, 0.0, 0.0)), setup))
    assert max(abs(row.hitch_rad) for row in track) > math.pi / 2
    assert all(math.isfinite(row.hitch_rad) for row in track)


def test_ideal_output_period_does_not_change_the_track() -> None:
    script = rows((0.0, 0.2, 0.5), (1.23, -0.3, 0.0), (6.0, 0.0, 0.0))
    setup = Setup(vehicle=TRUCK40_LOADED, speed_mps=3.0, ideal=True)
    ends = [
        as_array([list(drive(script, replace(setup, dt_s=dt_s)))[-1]])
        for dt_s in (0.001, 0.01, 0.07, 6.0)
    ]
    for end in ends[1:]:
        assert end == pytest.approx(ends[0], abs=1e-9)


@pytest.mark.parametrize("vehicle", [TRUCK40_LOADED, AGV65])
def test_real_track_does_not_depend_on_the_step(vehicle: VehicleParams) -> None:
    """10, 20 and 50 ms within 1 % of the way."""
    script = rows((0.0, 0.05, 0.5), (3.0, -0.05, 0.2), (6.0, 0.0, -0.8), (12.0, 0.0, 0.0))
    tracks = [
        as_array(list(drive(script, Setup(vehicle=vehicle, speed_mps=4.0, dt_s=dt_s))))[-1]
        for dt_s in (0.01, 0.02, 0.05)
    ]
    way_m = math.hypot(*tracks[0][1:3])
    for track in tracks[1:]:
        assert track == pytest.approx(tracks[0], abs=0.01 * way_m)
        assert track[[3, 5, 6]] == pytest.approx(tracks[0][[3, 5, 6]], abs=0.005)


def test_real_truck_stops_and_never_reverses() -> None:
    script = rows((0.0, 0.0, -4.0), (20.0, 0.0, 0.0))
    track = as_array(list(drive(script, Setup(vehicle=TRUCK40_LOADED, speed_mps=8.0))))
    assert track[:, 4].min() == 0.0
    assert track[-1, 4] == 0.0
    # 0.2 s dead time, 0.35 s lag, 0.8 s ramp at the emergency jerk, then 4 m/s2.
    variance = 0.35**2 + 0.8**2 / 12.0
    assert track[-1, 1] == pytest.approx(8.0 * 0.95 + 8.0 - 2.0 * variance, rel=1e-3)


def test_emergency_lasts_until_the_last_of_it_has_reached_the_brakes() -> None:
    """-4 m/s2 asked for 0.9 s acts from 0.2 s to 1.1 s: ramp of 0.8 s, lag of 0.35 s."""
    script = rows((0.0, 0.0, -4.0), (0.9, 0.0, 0.0), (1.1, 0.0, 0.0))
    last = list(drive(script, Setup(vehicle=TRUCK40_LOADED, speed_mps=8.0)))[-1]
    at_ramp_end = -4.0 + 5.0 * 0.35 * (1.0 - math.exp(-0.8 / 0.35))
    actual = -4.0 + (at_ramp_end + 4.0) * math.exp(-0.1 / 0.35)
    demanded = -4.0 * (0.4 + 0.1)
    assert last.v_mps == pytest.approx(8.0 + demanded - 0.35 * actual, abs=1e-6)


def test_real_track_ends_at_the_last_row_off_the_grid() -> None:
    script = rows((0.0, 0.0, 0.0), (2.005, 0.0, 0.0))
    for dt_s in (0.01, 0.2):
        track = list(drive(script, Setup(vehicle=TRUCK40_LOADED, speed_mps=5.0, dt_s=dt_s)))
        assert track[-1].t_s == 2.005
        assert track[-1].x_m == pytest.approx(10.025, abs=1e-12)


def test_real_wheels_lag_behind_the_integrated_rate() -> None:
    script = rows((0.0, 0.1, 0.0), (2.0, 0.0, 0.0), (6.0, 0.0, 0.0))
    setup = Setup(vehicle=TRUCK40_LOADED, speed_mps=2.0)
    track = as_array(list(drive(script, setup)))
    at = {round(row[0], 2): row[3] for row in track}
    assert at[0.1] == 0.0
    assert at[2.0] == pytest.approx(0.1 * (1.9 - 0.3 * (1.0 - math.exp(-1.9 / 0.3))), abs=1e-5)
    assert at[6.0] == pytest.approx(0.2, abs=1e-6)


def test_grid_ends_with_the_last_row_once() -> None:
    assert list(grid(0.0, 0.01)) == [0.0]
    assert list(grid(0.3, 0.1)) == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert list(grid(0.25, 0.1)) == pytest.approx([0.0, 0.1, 0.2, 0.25])
    assert len(list(grid(86_400.0, 0.05))) == 86_400 * 20 + 1


# --- the command -----------------------------------------------------------------------------


def command(*words: str) -> int:
    parser = argparse.ArgumentParser(prog="convoy-sim")
    cli.add_parser(parser.add_subparsers())
    args = parser.parse_args(["drive", *words])
    code: int = args.run(args)
    return code


def test_command_writes_the_track_of_the_interface(tmp_path: Path) -> None:
    script, out = tmp_path / "turn.csv", tmp_path / "track.csv"
    script.write_text("\ufeff" + TURN.replace("\n", "\r\n") + "\r\n", encoding="utf-8")
    assert command(str(script), "-o", str(out), "--speed0", "5", "--dt", "0.02") == 0
    lines = out.read_text().splitlines()
    assert lines[0] == "t,x,y,delta,v,psi,hitch"
    assert lines[1] == "0.0,0.0,0.0,0.0,5.0,0.0,0.0"
    assert [line.split(",")[0] for line in lines[2:5]] == ["0.02", "0.04", "0.06"]
    assert lines[-1].startswith("20.0,")
    assert len(lines) == 1 + 1001


def test_command_drives_reverse_and_takes_settings(tmp_path: Path) -> None:
    script, out = tmp_path / "turn.csv", tmp_path / "track.csv"
    script.write_text(HEADER + "0,1,0\n4,0,0\n", encoding="utf-8")
    words = ["--ideal", "--speed0", "-3", "--set", "wheelbase_m=4", "--set", "steer_max_rad=0.3"]
    words += ["--set", "trailer_m=10", "--set", "hitch_offset_m=0"]
    words += ["--set", "steer_rate_max_radps=0.7103"]
    assert command(str(script), "-o", str(out), *words) == 0
    with out.open() as file:
        track = list(csv.DictReader(file))
    touch_s = 0.3 / 0.7103
    run_in = -math.log(math.cos(0.3)) / 0.7103
    psi = -3.0 / 4.0 * (run_in + math.tan(0.3) * (4.0 - touch_s))
    assert float(track[-1]["psi"]) == pytest.approx(psi, abs=1e-9)
    assert float(track[-1]["delta"]) == 0.3


BAD_SCRIPTS = [
    ("", "no row"),
    ("\n\n", "no row"),
    (HEADER, "no row"),
    ("t,accel_mps2\n0,0\n", "line 1 column steering_rate_radps: missing"),
    ("t,t,steering_rate_radps,accel_mps2\n0,0,0,0\n", "line 1 column t: twice"),
    (HEADER + "0,nan,0\n", "line 2 column steering_rate_radps: 'nan'"),
    (HEADER + "0,0,inf\n", "line 2 column accel_mps2: 'inf'"),
    (HEADER + "0,0,x\n", "line 2 column accel_mps2: 'x'"),
    (HEADER + "0,0,\n", "line 2 column accel_mps2: ''"),
    (HEADER + "0,0,1_0\n", "line 2 column accel_mps2: '1_0'"),
    (HEADER + "0,0\n", "line 2: 2 cells, expected 3"),
    (HEADER + "0,0,0,5\n", "line 2: 4 cells, expected 3"),
    (HEADER + "1,0,0\n", "line 2 column t: 1, expected 0"),
    (HEADER + "-1,0,0\n", "line 2 column t: '-1'"),
    (HEADER + "0,0,0\n2,0,0\n1,0,0\n", "line 4 column t: 1.0, expected more than 2.0"),
    (HEADER + "0,0,0\n\n0,0,0\n", "line 4 column t: 0.0, expected more than 0.0"),
    (HEADER + "0,0,0\n1e8,0,0\n", "output rows"),
    (HEADER + "0,0,1e300\n", "line 2 column accel_mps2: '1e300'"),
]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line on stderr of a run that must end with 2."""
    assert command(*words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("convoy-sim drive: ")
    assert "expected" in said.err
    return said.err


@pytest.mark.parametrize(("text", "sentence"), BAD_SCRIPTS)
def test_bad_script_is_refused_with_its_place(
    text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "bad.csv"
    script.write_text(text, encoding="utf-8")
    said = refused(capsys, str(script), "-o", str(tmp_path / "track.csv"))
    assert str(script) in said
    assert sentence in said
    assert not (tmp_path / "track.csv").exists()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", b't,steering_rate_radps,accel_mps2\n0,"0'])
def test_bytes_that_are_no_table_are_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "bad.csv"
    script.write_bytes(content)
    assert str(script) in refused(capsys, str(script), "-o", str(tmp_path / "track.csv"))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--vehicle", "truck4"], "nearest: truck40"),
        (["--set", "wheelbase=3"], "nearest: wheelbase_m"),
        (["--set", "wheelbase_m"], "KEY=VALUE"),
        (["--set", "wheelbase_m=0"], "above 0"),
        (["--set", "wheelbase_m=nan"], "'nan'"),
        (["--set", "steer_max_rad=1.6"], "below 1.5708"),
        (["--set", "steer_rate_max_radps=-1"], "'-1'"),
        (["--set", "trailer_m=7", "--vehicle", "agv65"], "no trailer"),
        (["--speed0", "-1"], "at least 0"),
        (["--speed0", "fast"], "'fast'"),
        (["--dt", "0"], "'0'"),
        (["--dt", "11"], "'11'"),
    ],
)
def test_bad_option_is_refused_with_its_name(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "turn.csv"
    script.write_text(TURN, encoding="utf-8")
    assert sentence in refused(capsys, str(script), "-o", str(tmp_path / "track.csv"), *words)


def test_files_that_cannot_be_used_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "turn.csv"
    script.write_text(TURN, encoding="utf-8")
    nowhere = str(tmp_path / "none" / "track.csv")
    assert nowhere in refused(capsys, str(script), "-o", nowhere)
    assert str(tmp_path) in refused(capsys, str(script), "-o", str(tmp_path))
    assert "none.csv" in refused(capsys, str(tmp_path / "none.csv"), "-o", nowhere)
    assert "the script itself" in refused(capsys, str(script), "-o", str(script))
    assert script.read_text() == TURN
