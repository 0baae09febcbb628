"""SUP-017: nobody is given road that it cannot climb, or an end from which it could not set off."""

from typing import Any

import pytest

from contract.events import Event
from contract.map import CorridorMap, compile_map
from contract.reasons import Reason
from contract.traction import TRACTION
from contract.v1.movement_pb2 import AuthorityReply, VehicleHeartbeat
from corridor.authority import Weather
from tests.contract.map_edits import a_map, put
from tests.corridor.control import Control
from tests.factories import reports

SNOW, GRIT = 200, 700  # 0.2: starts on 4.2 %, rolls up 5.0 %
HILL, BEHIND = "kz_e_pass", "kz_e_join"  # zones of the way, 24 m and 51 m long


def hilly(*lanes: str, grade: float = 0.045) -> CorridorMap:
    return compile_map(a_map(*(put(lane, "grade", grade) for lane in lanes)))


def a_control(corridor: CorridorMap, permille: int = SNOW, *, known: bool = True) -> Control:
    kinds = {"truck-01": TRACTION["truck40"]} if known else {}
    settings: dict[str, Any] = {"weather": Weather(permille, 200_000), "kinds": kinds}
    return Control(corridor=corridor, settings=settings).under_way()


def span(control: Control, zone: str) -> tuple[float, float]:
    """From and to of a zone of the way, metres."""
    (found,) = [(a, b) for name, a, b in control.route().zone_spans if name == zone]
    return found


def weighed(control: Control) -> Control:
    """The station before the hill is done with."""
    control.reaches("kz_weigh_e")
    control.scanned("kz_weigh_e")
    return control


def wait_of(control: Control) -> tuple[Reason, str]:
    wait = control.agent.state.waits["truck-01"]
    return wait.reason, wait.resource


def blocked(control: Control, zone: str) -> None:
    """Somebody else is in a zone."""
    control.agent.state.zones.doubt(zone, "something lies in it")


def test_road_up_to_a_hill_and_no_further_while_there_is_none_behind_it() -> None:
    control = a_control(hilly("kz_e_pass_a"))
    blocked(control, BEHIND)
    weighed(control)
    low_m, _ = span(control, HILL)
    assert control.end_m() <= low_m
    control.front_at(control.end_m(), standing=True)
    assert wait_of(control) == (Reason.CANNOT_START_HERE, BEHIND)


def test_on_a_gritted_road_the_same_hill_is_a_place_to_wait() -> None:
    control = a_control(hilly("kz_e_pass_a"), GRIT)
    blocked(control, BEHIND)
    weighed(control)
    low_m, high_m = span(control, HILL)
    assert low_m < control.end_m() < high_m


def test_hill_that_cannot_be_climbed_is_not_entered_though_all_behind_it_is_free() -> None:
    control = weighed(a_control(hilly("kz_e_pass_a", grade=0.06)))
    assert control.end_m() <= span(control, HILL)[0]
    control.front_at(control.end_m(), standing=True)
    assert wait_of(control) == (Reason.GRADE_TOO_STEEP, "kz_e_pass_a")
    (said,) = reports(control.said, Event.VEHICLE_WAITS)[-1:]
    assert said["lifted_by"] == Reason.GRADE_TOO_STEEP.lifted_by


def test_stop_line_on_a_hill_keeps_the_truck_before_it() -> None:
    """It would have to stand there, whatever lies behind."""
    control = weighed(a_control(hilly("kz_out_cell_a")))
    control.front_at(control.end_m(), standing=True)
    assert wait_of(control) == (Reason.CANNOT_START_HERE, "kz_out")
    assert control.end_m() < span(control, "kz_out_cell")[0]


def test_truck_of_unknown_kind_is_held_for_the_weakest() -> None:
    """5.0 % are nothing on a dry road for a truck that is known."""
    for known, reaches in ((True, True), (False, False)):
        control = weighed(a_control(hilly("kz_e_pass_a", grade=0.05), GRIT, known=known))
        assert (control.end_m() > span(control, HILL)[0]) is reaches


def test_heavier_truck_waits_where_a_lighter_one_goes() -> None:
    for mass_kg, reaches in ((40_000, True), (60_000, False)):
        kinds = {"truck-01": TRACTION["truck40"]}
        settings: dict[str, Any] = {"weather": Weather(GRIT, 200_000), "kinds": kinds}
        control = Control(corridor=hilly("kz_e_pass_a", grade=0.06), settings=settings).accounted()
        control.notice(gross_mass_kg=mass_kg)
        control.release("KZ")
        control.release("CN")
        control.loaded()
        control.accept()
        weighed(control)
        assert (control.end_m() > span(control, HILL)[0]) is reaches


@pytest.mark.parametrize("standing", [True, False])
def test_only_who_stands_has_to_set_off(standing: bool) -> None:
    control = weighed(a_control(hilly("kz_e_pass_a")))
    low_m, _ = span(control, HILL)
    control.front_at(low_m + 3.0, standing=standing)
    if standing:
        assert wait_of(control) == (Reason.CANNOT_START_HERE, "kz_e_pass_a")
        control.front_at(low_m + 3.0, standing=False)
        assert "truck-01" not in control.agent.state.waits
    else:
        assert "truck-01" not in control.agent.state.waits


def test_truck_that_refuses_an_authority_for_its_grades_is_seen_to_wait() -> None:
    control = weighed(a_control(hilly(), GRIT))
    number = control.authorities()[-1].number
    reply = AuthorityReply(
        mission_id=control.order().mission_id, number=number, reason="GRADE_TOO_STEEP"
    )
    control.hear("truck-01", reply)
    assert wait_of(control) == (Reason.GRADE_TOO_STEEP, "truck-01")
    control.hear("truck-01", VehicleHeartbeat(loop_counter=2))
    assert wait_of(control) == (Reason.GRADE_TOO_STEEP, "truck-01")
