"""The rule of dispatch about charge: who sets off, to which berth, and what the others wait for."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.energy import Drivetrain, capacity_wh
from contract.errors import ConfigError
from contract.v1.movement_pb2 import BerthReport, MissionOrder, VehicleHeartbeat
from corridor.__main__ import ChargingSection, charging, check_chargers
from corridor.charging import HEAVIEST_KG, Charging, ChargingConfig
from tests.corridor.control import CROSSINGS, Control
from tests.corridor.test_agent import waits
from tests.corridor.test_roadworthy import leaves
from tests.factories import sends, the_map

A = "truck-01"
COLD_C = -25.0
CHARGERS = frozenset({"kz_b02", "cn_b03", "cn_b04"})
CONFIG = ChargingConfig(Drivetrain(90_000.0), CHARGERS, COLD_C)
RESERVE_WH = CONFIG.reserve * capacity_wh(CONFIG.drivetrain, COLD_C)


def a_control(**changes: Any) -> Control:
    return Control(map_name="bakhty_pokitu", charging=CONFIG, **changes)


def says(control: Control, charge_wh: float, truck: str = A, **changes: Any) -> None:
    beat = VehicleHeartbeat(loop_counter=1, charge_wh=int(charge_wh), **changes)
    control.hear(truck, beat)


def rule(control: Control) -> Charging:
    """The same rule, for its figures."""
    return Charging(control.agent.state, CONFIG)


def needs_wh(control: Control, berth: str, start: str = "kz_b01_a") -> float:
    """Need and reserve of the load of the rig from a lane to a berth."""
    lanes = control.agent.state.way(start, berth, None)
    return rule(control).need_wh(lanes, 36_000) + RESERVE_WH


def back_wh(control: Control, berth: str) -> float:
    """What a full truck needs from there to the only charger of the other side."""
    lanes = control.agent.state.way(f"{berth}_a", "kz_b02", None)
    return rule(control).need_wh(lanes, HEAVIEST_KG)


def missions(control: Control, truck: str = A) -> list[MissionOrder]:
    return sends(control.said, MissionOrder, to=truck)


def berth_of(control: Control, truck: str = A) -> str:
    return missions(control, truck)[-1].stops[-1].place_id


def test_truck_that_has_not_said_what_it_has_stays_until_it_does() -> None:
    """SUP-044: silence about charge is no charge."""
    control = a_control().cleared(A)
    assert not missions(control)
    assert waits(control)[-1] == "CHARGE_UNKNOWN"
    says(control, 60_000)
    assert missions(control)


def test_truck_with_plenty_goes_where_there_is_no_charger() -> None:
    control = a_control()
    control.accounted()
    says(control, 60_000)
    control.cleared(A)
    assert berth_of(control) == "cn_b01"


def test_truck_that_asks_is_sent_to_a_charger_before_it_is_too_low() -> None:
    """SUP-044: it would have enough for both ways, and charges where it can."""
    control = a_control()
    control.accounted()
    says(control, 60_000, asks_to_charge=True)
    control.cleared(A)
    assert berth_of(control) == "cn_b03"


def test_truck_without_charge_for_the_way_back_goes_to_a_charger_or_waits_for_one() -> None:
    """SUP-044: it is never where it could not leave from."""
    control = a_control()
    control.accounted()
    charge_wh = needs_wh(control, "cn_b04") + 0.5 * back_wh(control, "cn_b01")
    for berth in ("cn_b03", "cn_b04"):
        zone = control.map.berths[berth].zone
        control.agent.state.zones.doubt(zone, "a test")
    says(control, charge_wh)
    control.cleared(A)
    assert not missions(control)
    assert waits(control)[-1] == "NO_CHARGER_FREE"
    control.agent.state.zones.zones[control.map.berths["cn_b04"].zone].doubt = ""
    says(control, charge_wh)
    control.wake()
    assert berth_of(control) == "cn_b04"


@pytest.mark.parametrize(
    ("truck", "reason"), [("truck-01", "CHARGE_TOO_LOW"), ("truck-02", "CHARGING")]
)
def test_truck_that_lacks_the_need_of_its_mission_waits_with_an_owner(
    truck: str, reason: str
) -> None:
    """SUP-044: at a charger it is being charged, elsewhere somebody has to bring one."""
    control = a_control()
    control.accounted()
    need_wh = max(needs_wh(control, "cn_b01"), needs_wh(control, "cn_b01", "kz_b02_a"))
    says(control, 0.8 * need_wh, truck)
    control.cleared(truck)
    assert not missions(control, truck)
    wait = control.agent.state.waits[truck]
    assert wait.reason.name == reason
    assert wait.reason.owner.value in ("maintenance", "vehicle")
    says(control, 60_000, truck)
    control.wake()
    assert missions(control, truck)


@settings(max_examples=40)
@given(st.integers(0, 66_000), st.booleans())
def test_no_truck_sets_off_with_less_than_need_and_reserve(charge_wh: int, asks: bool) -> None:
    """SUP-044, whatever it has: and to a berth without a charger only with the way back on top."""
    control = a_control()
    control.accounted()
    says(control, charge_wh, asks_to_charge=asks)
    control.cleared(A)
    for order in missions(control):
        berth = order.stops[-1].place_id
        wanted = needs_wh(control, berth)
        if berth not in CHARGERS:
            wanted += back_wh(control, berth)
        assert charge_wh >= wanted
    if not missions(control):
        assert charge_wh < max(needs_wh(control, "cn_b03"), needs_wh(control, "cn_b04"))
        assert A in control.agent.state.waits


def test_charge_is_asked_for_again_after_a_restart() -> None:
    control = a_control()
    control.accounted()
    says(control, 60_000)
    control.cleared("truck-02")
    control.start()
    control.accounted()
    control.notice(A)
    control.release("KZ", A)
    control.release("CN", A)
    control.loaded(A)
    assert waits(control)[-1] == "CHARGE_UNKNOWN"


def test_brakes_that_failed_keep_a_truck_at_its_berth_until_the_terminal_says_ready() -> None:
    """SUP-031: with a reason of its own, which maintenance lifts."""
    control = Control().accounted()
    control.notice(A)
    control.release("KZ", A)
    control.release("CN", A)
    report = BerthReport(
        berth_id=control.berths[A],
        vehicle_id=A,
        crossing_id=CROSSINGS[A],
        trailer_id="T-1",
        reason="BRAKES_FAILED",
    )
    control.hear("terminal-kz", report)
    assert waits(control)[-1] == "BRAKES_FAILED"
    assert control.agent.state.waits[A].holder == "maintenance"
    assert not missions(control)
    control.loaded(A)
    assert missions(control)


def test_swap_of_the_trailer_voids_the_test_at_once() -> None:
    """SUP-031: the berth report that names the new trailer is enough."""
    control = Control().accounted()
    control.notice(A)
    control.release("KZ", A)
    control.release("CN", A)
    old = control.tested(A, "T-old")
    control.loaded(A, trailer_id="T-old", roadworthiness=old, ready=False)
    swapped = BerthReport(
        berth_id=control.berths[A], vehicle_id=A, crossing_id=CROSSINGS[A], trailer_id="T-new"
    )
    control.hear("terminal-kz", swapped)
    control.loaded(A, trailer_id="T-new", roadworthiness=old)
    control.accept(A)
    assert not leaves(control)
    assert waits(control)[-1] == "ROADWORTHINESS_MISSING"
    control.loaded(A, trailer_id="T-new", roadworthiness=control.tested(A, "T-new"))
    assert leaves(control)


@pytest.mark.parametrize(
    ("chargers", "said"),
    [
        (["kz_b01", "cn_b99"], "no berth 'cn_b99'"),
        (["kz_b01"], "expected an arrival berth in CN"),
        (["kz_b01", "cn_b01"], ""),
    ],
)
def test_program_refuses_chargers_that_are_not_there(chargers: list[str], said: str) -> None:
    section = ChargingSection(chargers=chargers, capacity_kwh=282.0, temperature_c=-40.0)
    corridor = the_map("bakhty_pokitu")
    if said:
        with pytest.raises(ConfigError, match=said):
            check_chargers(section, corridor)
        return
    check_chargers(section, corridor)
    made = charging(section)
    assert made is not None
    assert made == ChargingConfig(Drivetrain(), frozenset(chargers), -40.0)
