"""The truck's own battery: taking charge, asking for a charger, and its no to a way too long."""

from typing import Any

import pytest

from contract.agent import Act, Effect, Refused
from contract.energy import Drivetrain, capacity_wh, need_of
from contract.reasons import Reason
from contract.v1.movement_pb2 import MissionReply, VehicleHeartbeat
from tests.factories import sends
from tests.vehicle.truck import Truck, an_order, the_route
from vehicle.charging import EMPTY_KG, Charging
from vehicle.orders import Charge, VehicleReading

COLD_C = -25.0
BATTERY = Drivetrain(90_000.0)
FULL_WH = capacity_wh(BATTERY, COLD_C)


def a_reading(share: float | None, **changes: Any) -> VehicleReading:
    charge_wh = None if share is None else share * FULL_WH
    values: dict[str, Any] = {"charge_wh": charge_wh, "plugged": True, "air_c": COLD_C}
    return VehicleReading(
        0, 0, 0, 0, 0, on_path=True, milestones=0, trip_cause=0, **values | changes
    )


def orders(effects: list[Effect]) -> list[bool]:
    """Every order to the plug."""
    acts = [each.command for each in effects if isinstance(each, Act)]
    return [each.on for each in acts if isinstance(each, Charge)]


@pytest.mark.parametrize(
    ("share", "changes", "parked", "taken"),
    [
        (0.5, {}, True, [True]),
        (0.5, {"plugged": False}, True, []),
        (0.5, {}, False, []),
        (0.96, {}, True, []),
        (None, {}, True, []),
    ],
)
def test_charge_is_taken_at_a_plug_without_a_mission(
    share: float | None, changes: dict[str, Any], parked: bool, taken: list[bool]
) -> None:
    """VEH-023."""
    battery = Charging(BATTERY)
    assert orders(battery.watch(a_reading(share, **changes), parked=parked)) == taken
    assert orders(Charging(None).watch(a_reading(share, **changes), parked=parked)) == []


def test_charging_goes_on_until_it_is_full_and_begins_again_only_below() -> None:
    battery = Charging(BATTERY)
    assert orders(battery.watch(a_reading(0.9), parked=True)) == [True]
    assert orders(battery.watch(a_reading(0.97), parked=True)) == []
    assert orders(battery.watch(a_reading(0.995), parked=True)) == [False]
    assert orders(battery.watch(a_reading(0.97), parked=True)) == []
    assert orders(battery.watch(a_reading(0.94), parked=True)) == [True]


def test_it_tells_its_charge_and_asks_for_a_charger_below_three_fifths() -> None:
    battery = Charging(BATTERY)
    low = battery.tell(VehicleHeartbeat(), a_reading(0.59))
    assert (low.charge_wh, low.asks_to_charge, low.charging) == (int(0.59 * FULL_WH), True, False)
    battery.watch(a_reading(0.61), parked=True)
    high = battery.tell(VehicleHeartbeat(), a_reading(0.61))
    assert (high.asks_to_charge, high.charging) == (False, True)
    assert not Charging(None).tell(VehicleHeartbeat(), a_reading(0.5)).HasField("charge_wh")


@pytest.mark.parametrize(("spare_wh", "taken"), [(-1.0, False), (1.0, True)])
def test_truck_takes_no_mission_beyond_its_own_reckoning(spare_wh: float, taken: bool) -> None:
    """VEH-023: whatever the supervisor reckons; and it says by how much it is short."""
    need_wh = need_of(BATTERY, the_route(), COLD_C).of(EMPTY_KG)
    reading = a_reading(None, charge_wh=need_wh + spare_wh)
    answer = Charging(BATTERY).judge(the_route(), reading)
    if taken:
        assert answer is None
    else:
        assert isinstance(answer, Refused)
        assert answer.reason is Reason.CHARGE_TOO_LOW
        assert "kWh of" in answer.detail


def test_agent_stops_charging_with_the_mission_and_refuses_one_it_cannot_do() -> None:
    """VEH-023, through the agent."""
    truck = Truck(drivetrain=BATTERY).at_berth()
    front_m = truck.corridor.berths["kz_d01"].stop_offset_m
    full = {"charge_wh": 0.5 * FULL_WH, "plugged": True, "air_c": COLD_C}
    assert orders(truck.wake(front_m, **full)) == [True]
    truck.hear("supervisor", an_order())
    assert orders(truck.said)[-1] is False
    assert sends(truck.said, MissionReply)[-1].accepted
    assert orders(truck.wake(front_m, **full)) == []  # it has a mission

    short = Truck(drivetrain=BATTERY).at_berth()
    short.wake(front_m, charge_wh=100.0, plugged=False, air_c=COLD_C)
    short.hear("supervisor", an_order())
    reply = sends(short.said, MissionReply)[-1]
    assert (reply.accepted, reply.reason) == (False, "CHARGE_TOO_LOW")
