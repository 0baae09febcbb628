"""What held a truck: stations before words, words before gates, and whole milliseconds."""

from collections.abc import Sequence

from contract.reasons import Reason
from sim.delay_causes import Causes, Held, Holding, Label, Timeline
from sim.delay_labels import Piece
from sim.delays import _rounded
from sim.loads import Visit
from sim.outcome import CrossingTale
from sim.record import Said
from sim.run import load_map

NS_PER_MS = 1_000_000
TRUCK = "truck-01"
PLACE = Label("kz_weigh_e", "STATION_PENDING", "gate")
GATE = Label("kz_out", "PERMIT_PENDING", "gate")
ZONE = Label("kz_e_pass", "ZONE_OCCUPIED", "vehicle")


def a_line(*rows: tuple[int, int, Label]) -> Timeline:
    return Timeline([Held(*row) for row in rows])


def causes(events: Sequence[Said] = (), visits: Sequence[Visit] = ()) -> Causes:
    return Causes(load_map("smoke"), events, visits, end_ms=60_000)


def a_wait(at_ms: int, reason: Reason, resource: str, holder: str) -> Said:
    fields = {"vehicle": TRUCK, "reason": reason.name, "resource": resource, "holder": holder}
    return Said(at_ms * NS_PER_MS, "supervisor", "vehicle_waits", fields)


def goes_on(at_ms: int) -> Said:
    return Said(at_ms * NS_PER_MS, "supervisor", "vehicle_goes_on", {"vehicle": TRUCK})


def a_visit(stage: str, arrive_ms: int, end_ms: int) -> Visit:
    times = (arrive_ms * NS_PER_MS, arrive_ms * NS_PER_MS, end_ms * NS_PER_MS)
    return Visit(TRUCK, "KZ-1", stage, *times)


def test_station_that_has_the_truck_comes_before_what_is_said_of_another_place() -> None:
    holding = Holding(a_line((0, 100, PLACE)), a_line((0, 200, ZONE)), a_line())
    assert holding.standing(50, 60) == PLACE
    assert holding.standing(150, 160) == ZONE


def test_what_the_supervisor_says_of_the_very_station_comes_first() -> None:
    silent = Label("kz_weigh_e", "STATION_SILENT", "maintenance")
    holding = Holding(a_line((0, 100, PLACE)), a_line((50, 100, silent)), a_line())
    assert holding.standing(10, 20) == PLACE
    assert holding.standing(60, 70) == silent


def test_gate_counts_where_nothing_else_is_said() -> None:
    holding = Holding(a_line(), a_line((20, 40, ZONE)), a_line((0, 100, GATE)))
    assert holding.standing(10, 20) == GATE
    assert holding.standing(30, 40) == ZONE
    assert holding.standing(100, 110) is None


def test_waits_last_until_the_next_or_until_the_truck_goes_on() -> None:
    line = causes(
        [
            a_wait(1_000, Reason.ZONE_OCCUPIED, "kz_e_pass", "truck-02"),
            a_wait(3_000, Reason.PREDECESSOR_FIRST, "kz_e_pass", "truck-02"),
            goes_on(4_000),
            a_wait(9_000, Reason.IMAGE_PENDING, "kz_weigh_e", "office"),
        ]
    ).waits[TRUCK]
    assert [(row.from_ms, row.to_ms, row.label.rule) for row in line.rows] == [
        (1_000, 3_000, "ZONE_OCCUPIED"),
        (3_000, 4_000, "PREDECESSOR_FIRST"),
        (9_000, 60_000, "IMAGE_PENDING"),
    ]
    assert line.rows[-1].label.party == "office KZ"  # by the country of its place


def test_gate_holds_a_truck_until_it_has_its_permit() -> None:
    accepted = Said(7_000 * NS_PER_MS, TRUCK, "permit_accepted", {"gate": "kz_out"})
    line = causes([accepted], [a_visit("kz_out", 5_000, 20_000)]).gates[TRUCK]
    assert [row[:2] for row in line.rows] == [(5_000, 7_000)]
    assert causes([], [a_visit("kz_out", 5_000, 20_000)]).gates[TRUCK].rows[0].to_ms == 20_000


def test_second_service_at_a_place_begins_where_the_first_has_ended() -> None:
    visits = [a_visit("kz_weigh_e", 1_000, 5_000), a_visit("kz_weigh_e", 4_000, 9_000)]
    line = causes([], visits).places[TRUCK]
    assert [row[:2] for row in line.rows] == [(1_000, 5_000), (5_000, 9_000)]


def test_rounding_moves_no_row_by_more_than_a_millisecond() -> None:
    pieces = [Piece(PLACE if k % 2 else ZONE, k, k + 1, 0.4) for k in range(10)]
    rows = list(_rounded(CrossingTale("KZ-1", vehicle=TRUCK), pieces, 4))
    assert sum(row.lost_ms for row in rows) == 4
    assert {row.lost_ms for row in rows} == {1}
