"""SUP-005: a person's word lifts a doubt and stands in for a counter; it frees nobody's road."""

from contract.events import Event
from contract.reasons import Reason
from contract.v1.movement_pb2 import OPERATOR_VERB_PROVE_ZONE
from corridor.interlocking import ZoneState
from tests.corridor.control import Control
from tests.factories import reports

FREE_ZONE = "cn_w_neutral"


def prove(control: Control, zone: str) -> tuple[bool, str]:
    reply = control.command(OPERATOR_VERB_PROVE_ZONE, target=zone)
    return reply.accepted, reply.reason


def test_doubt_is_lifted_and_said() -> None:
    control = Control().under_way()
    control.agent.state.zones.doubt(FREE_ZONE, "counted out more than let in")
    assert control.zone(FREE_ZONE) is ZoneState.UNKNOWN
    assert prove(control, FREE_ZONE) == (True, "")
    assert control.zone(FREE_ZONE) is ZoneState.FREE
    (said,) = reports(control.said, Event.ZONE_PROVEN_FREE)
    assert said == {"zone": FREE_ZONE, "proof": "control-room"}


def test_whoever_stands_in_the_zone_or_is_to_enter_it_keeps_it() -> None:
    control = Control().under_way()
    held = control.agent.state.zones.held_by("truck-01")
    assert len(held) > 1
    for zone in held:
        assert prove(control, zone) == (True, "")
    assert control.agent.state.zones.held_by("truck-01") == held


def test_truck_that_says_it_left_is_counted_out_by_the_person_who_looked() -> None:
    control = Control().under_way()
    control.scanned("kz_weigh_e")
    control.reaches("kz_out")
    zones = control.agent.state.zones
    missed = [
        zone
        for zone in zones.held_by("truck-01")
        if any(each.reported and not each.counted for each in zones.zones[zone].holders)
    ]
    assert missed, "no counter has spoken"
    for zone in missed:
        prove(control, zone)
        assert "truck-01" not in zones.holders(zone)
    freed = reports(control.said, Event.ZONE_FREED)
    assert [each["zone"] for each in freed if each["proof"] == "control-room"] == missed


def test_zone_that_is_not_on_the_map_is_answered_with_no() -> None:
    assert prove(Control().under_way(), "nowhere") == (False, Reason.MALFORMED.name)


def test_proof_outlives_a_restart() -> None:
    control = Control().under_way()
    control.agent.state.zones.doubt(FREE_ZONE, "counted out more than let in")
    prove(control, FREE_ZONE)
    control.start()
    assert control.zone(FREE_ZONE) is ZoneState.FREE
