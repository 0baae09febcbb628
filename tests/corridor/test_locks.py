"""Personnel locks at the supervisor: no road meanwhile, carried to the truck, answered."""

import pytest

from contract.v1.movement_pb2 import OperatorReply
from contract.v1.people_pb2 import PersonnelNotice, PersonnelStatus
from tests.corridor.control import Control
from tests.factories import sends
from tests.personnel import PERSON, given_back, taken

HELD = PersonnelStatus(vehicle_id="truck-01", person_id=PERSON, number=1, held=True)
FREE = PersonnelStatus(vehicle_id="truck-01", person_id=PERSON, number=1)


@pytest.mark.parametrize("restart", [False, True])
def test_truck_with_a_person_at_it_is_given_nothing(restart: bool) -> None:
    """SUP-029: neither more road nor the same anew."""
    control = Control().under_way()
    control.hear(PERSON, taken())
    if restart:
        control.start()
        control.accounted()
    before = len(control.authorities())
    control.scanned("kz_weigh_e")
    control.front_at(control.end_m() - 1.0)
    control.accept()
    assert len(control.authorities()) == before
    wait = control.agent.state.waits["truck-01"]
    assert (wait.reason.name, wait.holder) == ("PERSON_AT_TRUCK", PERSON)

    control.hear(PERSON, given_back())
    control.hear("truck-01", FREE)
    assert len(control.authorities()) > before
    assert "truck-01" not in control.agent.state.waits or (
        control.agent.state.waits["truck-01"].reason.name != "PERSON_AT_TRUCK"
    )


def test_lock_is_carried_to_its_truck_and_its_word_back_to_the_person() -> None:
    """SUP-029: only the truck's own word counts for going near."""
    control = Control().accounted()
    (reply,) = sends(control.hear(PERSON, taken()), OperatorReply, to=PERSON)
    assert (reply.stop_id, reply.accepted) == (f"lock/truck-01/{PERSON}/1", True)
    assert sends(control.said, PersonnelNotice, to="truck-01") == [taken()]
    assert not sends(control.said, PersonnelStatus)
    control.hear("truck-02", HELD)
    assert not sends(control.said, PersonnelStatus)
    control.hear("truck-01", HELD)
    assert sends(control.said, PersonnelStatus, to=PERSON) == [HELD]


@pytest.mark.parametrize(
    ("notice", "reason"),
    [
        (taken("supervisor"), "BAD_SIGNATURE"),
        (taken(vehicle_id="truck-99"), "MALFORMED"),
        (given_back(), "LOCK_STALE"),
    ],
)
def test_lock_that_is_none_is_answered_with_no(notice: PersonnelNotice, reason: str) -> None:
    control = Control().accounted()
    (reply,) = sends(control.hear(PERSON, notice), OperatorReply, to=PERSON)
    assert (reply.accepted, reply.reason) == (False, reason)
    assert not sends(control.said, PersonnelNotice)
