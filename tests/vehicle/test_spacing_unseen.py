"""Spacing under doubt: a stranger that brakes better than we think, an alarm that nobody sees."""

from typing import Final

import numpy as np
import pytest

from contract.limits import FRICTION_DRY
from vehicle.pilot import columns as c
from vehicle.pilot.ahead import COAST_S, SPACE_AHEAD_BRAKE, SPACE_LEVEL, new_spacing
from vehicle.pilot.columns import Array
from vehicle.pilot.gap_laws import FREE_MPS2
from vehicle.pilot.gaps import safe_gap
from vehicle.pilot.spacing import ALARM_S, space

DT_S: Final = 0.05
KEEP_M: Final = 5.0


class Follower:
    """One loaded truck behind something, turn by turn; its own motion is given, not driven."""

    def __init__(self, *, member: bool, mu: float, v_mps: float = 6.0) -> None:
        self.sensors: Array = np.zeros((1, c.SENSOR_COLUMNS))
        self.beacon: Array = np.zeros((1, c.BEACON_COLUMNS))
        self.order: Array = np.zeros((1, c.ORDER_COLUMNS))
        self.truck: Array = np.zeros((1, c.TRUCK_COLUMNS))
        self.state = new_spacing(1)
        self.mu, self.v_mps = mu, v_mps
        self.sensors[0, c.SENSE_RADAR] = 1.0
        self.order[0, c.ORDER_HEADWAY] = 1.0 if member else 2.0
        self.order[0, c.ORDER_STANDSTILL] = KEEP_M
        self.order[0, c.ORDER_MEMBER] = 1.0 if member else 0.0
        brakes = (1.5, 4.0, 0.65, 1.0, 0.8)
        columns = (c.TRUCK_BRAKE_SERVICE, c.TRUCK_BRAKE_ASSURED, c.TRUCK_DELAY, c.TRUCK_JERK)
        self.truck[0, [*columns, c.TRUCK_ACCEL_MAX]] = brakes
        self.beacon[0, c.BEACON_AGE] = c.AGE_NEVER

    def turn(self, gap_m: float | None, *, alarm: bool | None = None) -> float:
        """One turn: radar gap or nothing in range; a fresh beacon if `alarm` is said, else none."""
        self.sensors[0, c.SENSE_GAP] = c.NO_GAP_M if gap_m is None else gap_m
        self.beacon[0, c.BEACON_AGE] += DT_S
        if alarm is not None:
            self.beacon[0, c.BEACON_AGE] = DT_S
            self.beacon[0, c.BEACON_SEQUENCE] += 1.0
            self.beacon[0, c.BEACON_V] = self.v_mps
            self.beacon[0, c.BEACON_BRAKE] = 4.0
            self.beacon[0, c.BEACON_ALARM] = 1.0 if alarm else 0.0
        self.beacon[0, c.BEACON_U] = -3.0 if alarm else 0.0
        return float(
            space(
                self.sensors, self.beacon, self.order, self.truck, self.state,
                self.v_mps, 0.0, self.mu, 0.5, DT_S, 0,
            )
        )  # fmt: skip

    def turns(self, seconds: float, gap_m: float | None, *, alarm: bool | None) -> list[float]:
        return [self.turn(gap_m, alarm=alarm) for _ in range(round(seconds / DT_S))]


# --- strangers ---


@pytest.mark.parametrize("mu", [0.06, 0.1, 0.3, 0.7])
def test_stranger_may_brake_as_on_the_best_road_whatever_our_own_is(mu: float) -> None:
    follower = Follower(member=False, mu=mu)
    follower.turn(60.0)
    assert follower.state[0, SPACE_AHEAD_BRAKE] == pytest.approx(min(7.0, 9.81 * FRICTION_DRY))


def test_member_brakes_as_it_says_itself() -> None:
    follower = Follower(member=True, mu=0.3)
    follower.turn(60.0, alarm=False)
    assert follower.state[0, SPACE_AHEAD_BRAKE] == 4.0


def test_gap_that_only_an_icy_stranger_would_allow_is_braked_for() -> None:
    """At 6 m/s on ice: safe if the one ahead slides as we do, not if its tyres hold."""
    mu, rho_s = 0.1, 0.65 + 0.15
    ours = 0.85 * mu * 9.81
    icy_m = 0.5 + safe_gap(6.0, 6.0, rho_s, ours, mu * 9.81)
    dry_m = 0.5 + safe_gap(6.0, 6.0, rho_s, ours, FRICTION_DRY * 9.81)
    gap_m = 0.5 * (icy_m + dry_m)
    follower = Follower(member=False, mu=mu)
    follower.turns(0.5, gap_m, alarm=None)
    assert follower.state[0, SPACE_LEVEL] == 4.0


# --- an alarm that the radar does not see ---


def test_predecessor_that_alarms_unseen_stands_where_it_was_seen_last() -> None:
    follower = Follower(member=True, mu=0.7)
    follower.turns(2.0, 30.0, alarm=False)
    wishes = follower.turns(4.0, None, alarm=True)
    late = wishes[round((COAST_S + 0.2) / DT_S) :]
    assert max(late) < 0.0, "it never counts as gone"
    follower.v_mps = 0.0
    assert max(follower.turns(60.0, None, alarm=True)) < 0.0, "and the truck stays behind it"


def test_road_is_free_again_when_the_radar_has_seen_it_free_after_the_alarm() -> None:
    follower = Follower(member=True, mu=0.7)
    follower.turns(2.0, 30.0, alarm=False)
    follower.turns(3.0, None, alarm=True)
    follower.v_mps = 0.0
    follower.turns(1.0, None, alarm=True)
    after = follower.turns(COAST_S + 0.3, None, alarm=False)
    first = next(k for k, wish in enumerate(after) if wish >= FREE_MPS2) * DT_S
    assert first == pytest.approx(COAST_S, abs=2 * DT_S)


def test_alarm_that_falls_silent_counts_until_it_is_too_old_and_the_road_is_seen_free() -> None:
    follower = Follower(member=True, mu=0.7)
    follower.turns(2.0, 30.0, alarm=False)
    follower.turns(2.0, None, alarm=True)
    follower.v_mps = 0.0
    silent = follower.turns(ALARM_S + COAST_S + 1.0, None, alarm=None)
    first = next(k for k, wish in enumerate(silent) if wish >= FREE_MPS2) * DT_S
    assert first == pytest.approx(ALARM_S + COAST_S, abs=4 * DT_S)


def test_predecessor_that_is_seen_again_is_where_the_radar_sees_it() -> None:
    follower = Follower(member=True, mu=0.7)
    follower.turns(2.0, 30.0, alarm=False)
    follower.turns(3.0, None, alarm=True)
    wishes = follower.turns(1.0, 60.0, alarm=False)
    assert wishes[-1] > -1.0


def test_predecessor_without_an_alarm_is_gone_a_second_after_it_was_seen() -> None:
    follower = Follower(member=True, mu=0.7)
    follower.turns(2.0, 30.0, alarm=False)
    wishes = follower.turns(COAST_S + 0.3, None, alarm=False)
    assert wishes[-1] >= FREE_MPS2
