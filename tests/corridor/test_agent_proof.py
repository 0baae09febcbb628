"""What proves a zone free, what does not, what a restart knows, and who lifts a stop."""

from typing import Any

import msgspec
import pytest

from contract.events import Event
from contract.ledger import Entry, fault
from contract.signing import open_document
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    CUSTODY_STEP_UNSPECIFIED,
    CustodyRecord,
)
from contract.v1.document_pb2 import Document
from contract.v1.movement_pb2 import (
    OPERATOR_VERB_RESUME,
    OPERATOR_VERB_SITE_SAFE,
    OPERATOR_VERB_STOP,
    STOP_SCOPE_ALL,
    Arrival,
    MovementAuthority,
)
from corridor.interlocking import ZoneState
from tests.corridor.control import Control
from tests.factories import a_signer, reports, sends, the_map

YARD = "kz_dep"  # wired: counters lead out of it
BERTH = "kz_d01_z"  # not wired
COUNTER = "kz_e_det_weigh1"


def past_yard(control: Control) -> float:
    """A front so far along that the rear has left berth and yard."""
    return control.route().zone_spans[1][2] + 18.0


def counting(control: Control, count: int = 40) -> Control:
    """The yard's counter has said what it stands at."""
    control.counted(COUNTER, count)
    return control


# --- proof ---


def test_rear_that_has_left_frees_a_zone_without_counter() -> None:
    control = counting(Control()).under_way()
    assert control.zone(BERTH) is ZoneState.OCCUPIED
    control.front_at(past_yard(control))
    assert control.zone(BERTH) is ZoneState.FREE


@pytest.mark.parametrize("order", [("report", "count"), ("count", "report")])
def test_wired_zone_is_free_when_report_and_counter_agree(order: tuple[str, str]) -> None:
    """I22."""
    control = counting(Control()).under_way()
    control.front_at(30.0)
    for each in order:
        assert control.zone(YARD) is not ZoneState.FREE
        if each == "report":
            control.front_at(past_yard(control))
        else:
            control.counted(COUNTER, 41)
    assert control.zone(YARD) is ZoneState.FREE


def test_report_with_a_parted_trailer_frees_nothing_and_puts_its_zones_in_doubt() -> None:
    """I22, design section 7: a parted trailer makes UNKNOWN; not said counts as parted."""
    control = counting(Control()).under_way()
    control.front_at(past_yard(control), trailer_coupled=False)
    assert control.zone(BERTH) is ZoneState.UNKNOWN
    assert control.zone(YARD) is ZoneState.UNKNOWN
    assert reports(control.said, Event.ZONE_BECAME_UNKNOWN)


@pytest.mark.parametrize(
    "report",
    [
        {"rear_lane": "kz_d01_a", "rear_mm": 4_000_000_000},
        {"front_mm": 4_000_000_000, "rear_mm": 4_000_000_000},
        {"rear_lane": "cn_a01_a", "rear_mm": 0},  # the rear before the front
        {"rear_lane": ""},
        {"front_lane": "", "rear_lane": ""},
        {"rear_lane": "kz_a01_a"},
    ],
)
def test_report_of_a_place_that_cannot_be_frees_nothing(report: dict[str, Any]) -> None:
    """I21, I22: a place beyond the end of its lane is not far along the way, it is nonsense."""
    control = counting(Control()).under_way()
    control.front_at(30.0, **report)
    assert control.zone(BERTH) is ZoneState.OCCUPIED


def test_counter_that_counts_more_than_was_let_in_puts_the_zone_in_doubt() -> None:
    """I22."""
    control = counting(Control()).accounted()
    control.counted(COUNTER, 41)
    assert control.zone(YARD) is ZoneState.UNKNOWN
    assert reports(control.said, Event.DETECTOR_MISCOUNTED)


@pytest.mark.parametrize("count", [0, 39, (1 << 64) - 1])
def test_counter_that_jumps_or_goes_back_puts_the_zone_in_doubt_at_once(count: int) -> None:
    """I21, I27: whatever it says, the supervisor does not count up to it."""
    control = counting(Control()).under_way()
    control.counted(COUNTER, count)
    assert control.zone(YARD) is ZoneState.UNKNOWN


def test_first_word_of_a_counter_counts_nobody_out() -> None:
    """Whatever it counted before us: a truck that stands there is still there."""
    control = Control().under_way()
    control.counted(COUNTER, 1_000)
    control.front_at(past_yard(control))
    assert control.zone(YARD) is ZoneState.CLEARING


def test_same_count_again_counts_nothing() -> None:
    control = counting(Control()).under_way()
    control.counted(COUNTER, 41)
    said = len(control.said)
    control.counted(COUNTER, 41)
    assert len(control.said) == said


def test_counter_that_the_map_does_not_have_counts_nothing() -> None:
    control = Control()
    control.counted("nowhere", 7)
    assert not control.disk


def test_truck_found_beside_another_puts_the_zone_in_doubt() -> None:
    control = Control().accounted()
    control.parked("truck-02", front_lane="kz_d01_a", rear_lane="kz_d01_a")
    assert control.zone(BERTH) is ZoneState.UNKNOWN


# --- restart ---


def story(control: Control) -> list[Any]:
    """A crossing, step by step."""
    return [
        control.accounted,
        control.notice,
        lambda: control.release("KZ"),
        control.loaded,
        lambda: control.release("CN"),
        control.accept,
        lambda: control.counted(COUNTER, 40),
        lambda: control.front_at(past_yard(control)),
        lambda: control.counted(COUNTER, 41),
        lambda: control.command(OPERATOR_VERB_STOP, scope=STOP_SCOPE_ALL),
        lambda: control.scanned("kz_weigh_e"),
        lambda: control.command(OPERATOR_VERB_RESUME, stop_id="stop-1"),
        lambda: control.command(OPERATOR_VERB_SITE_SAFE, by="second-room", stop_id="stop-1"),
        lambda: control.reaches("kz_out"),
        lambda: control.passed("kz_out", CUSTODY_STEP_EXITED),
        lambda: control.passed("cn_in", CUSTODY_STEP_ENTERED),
        control.counted_out,
        lambda: control.reaches("cn_a01"),
    ]


@pytest.mark.parametrize("steps", range(19))
def test_restarted_supervisor_has_the_same_tables(steps: int) -> None:
    """SUP-010, I12: what is not in the journal was never decided."""
    control = Control()
    for step in story(control)[:steps]:
        step()
    before = control.tables()
    control.start()
    assert control.tables() == before


def test_restarted_supervisor_grants_nothing_until_it_knows_where_everybody_is() -> None:
    """SUP-001: the journal accounts for who held zones; a journal without them does not."""
    control = Control().cleared()
    control.disk = {k: v for k, v in control.disk.items() if not k.startswith("zone/")}
    control.start()
    control.said.clear()
    control.parked("truck-01")
    control.wake()
    assert not sends(control.said, MovementAuthority)


def test_restarted_supervisor_keeps_the_zones_of_trucks_that_it_has_not_heard() -> None:
    """I22."""
    control = Control().under_way()
    control.start()
    assert control.zone(BERTH) is ZoneState.OCCUPIED
    assert control.agent.epoch == 2


# --- custody ---


def entries(control: Control) -> list[Entry]:
    keys = sorted(key for key in control.disk if key.startswith("ledger/"))
    return [msgspec.msgpack.decode(control.disk[key], type=Entry) for key in keys]


def steps_of(control: Control) -> list[int]:
    """Steps in the ledger, each signed by who saw it."""
    keys = {s.key_id: s.public_key for s in map(a_signer, ("supervisor", "kz_out", "cn_in"))}
    documents = [Document.FromString(each.record) for each in entries(control)]
    records = [open_document(each, CustodyRecord, keys) for each in documents]
    return [each.step for each in records if isinstance(each, CustodyRecord)]


WHOLE = [
    CUSTODY_STEP_SEALED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_HANDED_OVER,
]


def test_crossing_leaves_a_whole_chain_of_custody() -> None:
    """I11."""
    control = Control()
    for step in story(control):
        step()
    assert steps_of(control) == WHOLE
    assert fault(entries(control)) == ""
    assert [each["outcome"] for each in reports(control.said, Event.CROSSING_FINISHED)] == [
        "cleared"
    ]
    assert sends(control.said, Arrival, to="terminal-cn")


def test_chain_goes_on_over_restarts() -> None:
    """I11, I15: before and after every step of custody."""
    control = Control()
    for step in story(control):
        step()
        if control.agent.state.missions:
            control.start()
            control.front_at(past_yard(control))
    assert steps_of(control) == WHOLE
    assert fault(entries(control)) == ""


@pytest.mark.parametrize(
    "step",
    [
        CUSTODY_STEP_UNSPECIFIED,
        CUSTODY_STEP_SEALED,
        CUSTODY_STEP_HANDED_OVER,
    ],
)
def test_step_out_of_order_is_refused_and_reported(step: Any) -> None:
    """I11: no gap, no fork, each step once."""
    control = Control().under_way()
    effects = control.passed("kz_out", step)
    assert reports(effects, Event.CUSTODY_REFUSED)
    assert steps_of(control) == [CUSTODY_STEP_SEALED]


def test_step_that_came_too_early_waits_for_the_one_before() -> None:
    """I11: the second gate may be quicker than the first; the chain still has no gap."""
    control = Control().under_way()
    control.passed("cn_in", CUSTODY_STEP_ENTERED)
    assert steps_of(control) == [CUSTODY_STEP_SEALED]
    control.start()
    control.passed("kz_out", CUSTODY_STEP_EXITED)
    assert steps_of(control) == WHOLE[:3]
    assert fault(entries(control)) == ""


def test_step_that_no_gate_signed_is_no_step() -> None:
    control = Control().under_way()
    control.passed("kz_out", CUSTODY_STEP_EXITED, by="truck-01")
    assert steps_of(control) == [CUSTODY_STEP_SEALED]


def test_custody_of_a_crossing_that_nobody_knows_is_refused() -> None:
    effects = Control().accounted().passed("kz_out", CUSTODY_STEP_EXITED, "truck-03")
    assert reports(effects, Event.CUSTODY_REFUSED)


def test_truck_that_did_not_enter_is_not_handed_over() -> None:
    control = Control().under_way()
    control.reaches("cn_a01")
    assert not reports(control.said, Event.CROSSING_FINISHED)


def test_gate_signs_for_its_own_place_alone() -> None:
    """I11, I24."""
    control = Control().under_way()
    control.passed("kz_out", CUSTODY_STEP_EXITED, by="cn_in")
    assert steps_of(control) == [CUSTODY_STEP_SEALED]


def test_berth_zones_of_the_map_are_what_these_tests_take_them_for() -> None:
    rules = Control().agent.state.zones.rules
    assert rules[YARD].wired
    assert not rules[BERTH].wired
    assert the_map().detectors[COUNTER].zone_before == YARD
