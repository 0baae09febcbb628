"""When a truck came to wait for a place: by hand, from what the supervisor says."""

from typing import Final

from sim.arrivals import Arrivals, arrivals
from sim.loads import Visit
from sim.outcome import NS_PER_S, CrossingTale, Tally
from sim.record import Said
from sim.run import load_map

BRIDGE: Final = "bridge"
LAST, BACK, WEIGH = "kz_e_neutral3", "kz_e_neutral2", "kz_e_weigh"
TRUCK: Final = "truck-01"


def waits(t_s: float, vehicle: str, reason: str, resource: str, holder: str) -> Said:
    fields = {"vehicle": vehicle, "reason": reason, "resource": resource, "holder": holder}
    return Said(round(t_s * NS_PER_S), "supervisor", "vehicle_waits", fields)


def goes_on(t_s: float, vehicle: str) -> Said:
    return Said(round(t_s * NS_PER_S), "supervisor", "vehicle_goes_on", {"vehicle": vehicle})


def visit(stage: str, arrive_s: float, start_s: float, end_s: float) -> Visit:
    times = (round(t_s * NS_PER_S) for t_s in (arrive_s, start_s, end_s))
    return Visit(TRUCK, "KZ-00001", stage, *times)


def came(said: list[Said], visits: list[Visit], *, arrived_s: float | None = None) -> Arrivals:
    tale = CrossingTale("KZ-00000", "W", vehicle=TRUCK, arrived_s=arrived_s)
    corridor = load_map("nur_zholy_khorgos")
    return arrivals(
        visits, said, corridor, Tally(crossings={tale.crossing: tale}), end_ns=900 * NS_PER_S
    )


def arrive_s(found: Arrivals, number: int = 0) -> float:
    return found.visits[number].arrive_ns / NS_PER_S


AT_BRIDGE: Final = waits(100.0, TRUCK, "DIRECTION_OPPOSED", BRIDGE, "truck-09")


def test_truck_has_come_to_the_section_when_it_first_stood_before_it() -> None:
    found = came([AT_BRIDGE, goes_on(160.0, TRUCK)], [visit(BRIDGE, 170.0, 170.0, 230.0)])
    assert arrive_s(found) == 100.0
    assert found.visits[0].start_ns == 170 * NS_PER_S
    assert found.unserved == []


def test_truck_that_queues_behind_one_that_waits_for_the_section_has_come_too() -> None:
    """It moves up for 25 s in between."""
    first = waits(40.0, "truck-02", "DIRECTION_OPPOSED", BRIDGE, "truck-09")
    behind = waits(50.0, TRUCK, "ZONE_OCCUPIED", LAST, "truck-02")
    said = [first, behind, goes_on(74.0, "truck-02"), goes_on(75.0, TRUCK), AT_BRIDGE]
    found = came([*said, goes_on(160.0, TRUCK)], [visit(BRIDGE, 165.0, 165.0, 230.0)])
    assert arrive_s(found) == 50.0


def test_who_waited_for_nobody_came_when_it_stood_there() -> None:
    own = visit(BRIDGE, 170.0, 171.0, 230.0)
    assert came([], [own]).visits == [own]


def test_wait_before_the_last_place_was_left_is_not_for_this_one() -> None:
    """A jam that reaches back past the weighbridge: nobody queues at two places at once."""
    far = waits(20.0, TRUCK, "ZONE_OCCUPIED", BRIDGE, "truck-09")
    weighed = visit("kz_weigh_e", 60.0, 60.0, 90.0)
    said = [far, goes_on(50.0, TRUCK), AT_BRIDGE, goes_on(160.0, TRUCK)]
    found = came(said, [weighed, visit(BRIDGE, 170.0, 170.0, 230.0)])
    assert (arrive_s(found), arrive_s(found, 1)) == (60.0, 100.0)
    assert [
        (span.place, span.from_ns // NS_PER_S, span.to_ns // NS_PER_S) for span in found.unserved
    ] == [(BRIDGE, 20, 50)]


def test_wait_of_the_crossing_before_and_wait_before_papers_are_not_for_this_one() -> None:
    said = [AT_BRIDGE, goes_on(160.0, TRUCK)]
    crossed = [visit(BRIDGE, 170.0, 170.0, 230.0)]
    assert arrive_s(came(said, crossed, arrived_s=130.0)) == 130.0
    papers = waits(120.0, TRUCK, "CLEARANCE_PENDING", "KZ-00001", "office KZ")
    again = waits(140.0, TRUCK, "DIRECTION_OPPOSED", BRIDGE, "truck-09")
    assert arrive_s(came([AT_BRIDGE, papers, again, goes_on(160.0, TRUCK)], crossed)) == 140.0


def test_who_drove_on_for_longer_than_one_moves_up_had_left_its_queue() -> None:
    said = [AT_BRIDGE, goes_on(110.0, TRUCK)]
    assert arrive_s(came(said, [visit(BRIDGE, 141.0, 141.0, 200.0)])) == 141.0


def test_who_still_queues_at_the_end_is_counted_and_has_no_visit() -> None:
    found = came([AT_BRIDGE], [])
    assert [(span.vehicle, span.to_ns // NS_PER_S) for span in found.unserved] == [(TRUCK, 900)]
