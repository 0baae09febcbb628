"""VEH-017: a truck that pushes in vain stops, says so, and waits to be released."""

from contract.agent import Persist
from contract.events import Event
from contract.v1.envelope_pb2 import Hello
from contract.v1.movement_pb2 import (
    POSITION_CAUSE_STOPPED,
    VEHICLE_STATE_STOPPED,
    PositionReport,
    StopLifted,
    VehicleHeartbeat,
)
from tests.factories import acts, reports, sends
from tests.vehicle.truck import Truck, an_authority_to
from vehicle.orders import ClearTrip, Drive, Rest
from vehicle.phases import Phase
from vehicle.pilot.columns import MILE_IN_VAIN

STOP = "progress/truck-01"


def stuck() -> Truck:
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(120.0))
    truck.wake(60.0, speed_mps=0.0, milestones=MILE_IN_VAIN)
    return truck


def why(truck: Truck) -> list[str]:
    told = sends(truck.said, PositionReport, to="supervisor")
    return [each.reason for each in told if each.cause == POSITION_CAUSE_STOPPED]


def test_truck_that_pushes_in_vain_rests_and_says_why() -> None:
    truck = stuck()
    assert truck.agent.phase is Phase.STOPPED
    assert acts(truck.said)[-1] == Rest()
    assert why(truck) == ["NO_PROGRESS"]
    assert sends(truck.said, VehicleHeartbeat)[-1].state == VEHICLE_STATE_STOPPED
    (said,) = reports(truck.said, Event.PUSHED_IN_VAIN)
    assert said["lane"] == "kz_e_weigh_a" or said["offset_mm"] > 0


def test_no_authority_moves_it_before_it_is_released() -> None:
    truck = stuck()
    effects = truck.hear("supervisor", an_authority_to(140.0, number=2))
    assert not acts(effects, Drive)
    lifted = truck.hear("supervisor", StopLifted(stop_id=STOP, issuer="supervisor"))
    assert acts(lifted, ClearTrip)
    assert acts(lifted, Drive)
    assert truck.agent.phase is Phase.DRIVING


def test_it_is_still_held_after_a_restart_and_says_so_to_whoever_begins_anew() -> None:
    truck = stuck()
    assert [e.key for e in truck.said if isinstance(e, Persist) and e.key.startswith("stop/")]
    truck.start()
    truck.said.clear()
    truck.hear("supervisor", Hello(wire=1))
    truck.wake(60.0)
    assert truck.agent.phase is Phase.STOPPED
    assert why(truck) == ["NO_PROGRESS"]
    truck.hear("supervisor", Hello(wire=1))
    assert why(truck) == ["NO_PROGRESS", "NO_PROGRESS"]
