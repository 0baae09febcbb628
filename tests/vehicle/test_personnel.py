"""A person at the truck: while anybody holds its lock, nothing that turns a wheel is ordered."""

from collections.abc import Iterable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from contract.agent import Effect
from contract.v1.movement_pb2 import StopLifted, StopOrder
from contract.v1.people_pb2 import PersonnelStatus
from tests.factories import acts, sends
from tests.personnel import PERSON, given_back, given_back_lost, taken
from tests.vehicle.truck import Truck, an_authority_to
from vehicle.orders import ClearTrip, Drive, Rest, SetGuard
from vehicle.phases import Phase

FRONT_M = 30.0
PEOPLE = ("control-room", "second-room", "mechanic")


def a_driving_truck() -> Truck:
    truck = Truck().with_mission()
    truck.hear("supervisor", an_authority_to(60.0))
    assert truck.agent.phase is Phase.DRIVING
    return truck


def moves(effects: Iterable[Effect]) -> list[Any]:
    """Acts that let a wheel turn."""
    out = list(effects)
    rows = [each for each in acts(out, SetGuard) if each.row is not None]
    return [*acts(out, Drive), *acts(out, ClearTrip), *rows]


def test_rolling_truck_comes_to_rest_before_it_says_that_it_is_held() -> None:
    """VEH-022: nobody goes near it before."""
    truck = a_driving_truck()
    effects = truck.hear("supervisor", taken())
    assert [rest.emergency for rest in acts(effects, Rest)] == [False]
    assert not sends(truck.wake(FRONT_M, speed_mps=3.0), PersonnelStatus)
    (status,) = sends(truck.wake(FRONT_M + 5.0), PersonnelStatus)
    assert (status.person_id, status.number, status.held) == (PERSON, 1, True)
    assert acts(truck.said, SetGuard)[-1].row is None
    assert not sends(truck.wake(FRONT_M + 5.0), PersonnelStatus)


def test_truck_goes_on_when_the_last_lock_is_given_back() -> None:
    """VEH-022: with the authority that it had."""
    truck = a_driving_truck()
    truck.hear("supervisor", taken())
    truck.hear("supervisor", taken(person_id="mechanic"))
    truck.wake(FRONT_M)
    assert not moves(truck.hear("supervisor", given_back()))
    assert truck.agent.phase is Phase.STOPPED
    freed = truck.hear("supervisor", given_back(person_id="mechanic"))
    assert acts(freed, Drive)
    assert acts(freed, SetGuard)[-1].row is not None
    assert truck.agent.phase is Phase.DRIVING


def test_lock_on_another_truck_is_not_ours() -> None:
    truck = a_driving_truck()
    truck.hear("supervisor", taken(vehicle_id="truck-02"))
    assert truck.agent.phase is Phase.DRIVING
    assert not [key for key in truck.disk if key.startswith("lock/")]


def test_truck_under_a_stop_stays_when_its_lock_is_given_back() -> None:
    truck = a_driving_truck()
    truck.hear("supervisor", StopOrder(stop_id="stop-1", issuer="control-room"))
    truck.hear("supervisor", taken())
    truck.wake(FRONT_M)
    truck.hear("supervisor", given_back())
    assert truck.agent.phase is Phase.STOPPED
    truck.hear("supervisor", StopLifted(stop_id="stop-1", issuer="control-room"))
    assert truck.agent.phase is Phase.DRIVING


class LockedTruck(RuleBasedStateMachine):
    """VEH-022: taking, giving back, forging, restarting, and everything the supervisor's own key
    can say, in any order; what is not delivered is a partition.
    """

    @initialize()
    def begin(self) -> None:
        self.truck = a_driving_truck()
        self.truck.wake(FRONT_M)
        self.number = 1
        self.held: dict[str, int] = {}
        self.newest: dict[str, int] = {}
        self.told: list[Effect] = []

    def _hear(self, message: Any) -> None:
        self.told = self.truck.hear("supervisor", message)

    @rule(person=st.sampled_from(PEOPLE), arrives=st.booleans())
    def takes(self, person: str, arrives: bool) -> None:
        self.newest[person] = self.newest.get(person, 0) + 1
        if arrives:
            self.held[person] = self.newest[person]
            self._hear(taken(person_id=person, number=self.held[person]))

    @rule(person=st.sampled_from(PEOPLE))
    def gives_back(self, person: str) -> None:
        number = self.held.pop(person, None)
        if number is not None:
            self._hear(given_back(person_id=person, number=number))

    @rule(person=st.sampled_from(PEOPLE))
    def two_others_give_back(self, person: str) -> None:
        others = [each for each in PEOPLE if each != person]
        number = self.held.pop(person, None)
        if number is not None:
            self._hear(given_back_lost(*others, person_id=person, number=number))

    @rule(
        person=st.sampled_from(PEOPLE),
        by=st.sampled_from(["supervisor", "truck-01", "office-kz", "second-room", "mechanic"]),
        back=st.integers(0, 2),
    )
    def forges(self, person: str, by: str, back: int) -> None:
        """Another's key, or an older number under the right one, or an old taking."""
        newest = self.held.get(person, self.newest.get(person, 0))
        if by != person:
            self._hear(given_back(by, person_id=person, number=newest))
        self._hear(given_back(person_id=person, number=max(0, newest - 1 - back)))
        if person not in self.held and newest == self.newest.get(person, 0):
            self.told += self.truck.hear("supervisor", given_back(person_id=person, number=newest))

    @rule()
    def restarts(self) -> None:
        self.told = self.truck.start()

    @rule()
    def wakes(self) -> None:
        self.told = self.truck.wake(FRONT_M)

    @rule(stop=st.sampled_from(["lock/truck-01", "guard/truck-01", "stop-1"]))
    def stolen_supervisor_key_lifts(self, stop: str) -> None:
        self._hear(StopLifted(stop_id=stop, issuer="supervisor"))
        self.number += 1
        self.told += self.truck.hear("supervisor", an_authority_to(60.0, self.number))

    @invariant()
    def no_wheel_turns_while_a_lock_is_held(self) -> None:
        if self.held:
            assert not moves(self.told)
            assert self.truck.agent.phase is Phase.STOPPED
        else:
            assert self.truck.agent.phase is not Phase.STOPPED


TestLockedTruck = LockedTruck.TestCase
TestLockedTruck.settings = settings(max_examples=30, stateful_step_count=20)
