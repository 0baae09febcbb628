"""Samples that are at a laboratory: what a gate tells meanwhile, and whose the result is."""

from typing import Any

import pytest

from contract.v1.customs_pb2 import (
    SCAN_VERDICT_ADVERSE,
    SCAN_VERDICT_CLEAR,
    SCAN_VERDICT_FAILED,
    SCAN_VERDICT_PENDING,
    ScanRecord,
    StationResult,
)
from gate.orders import StartService
from tests.factories import acts, sends
from tests.gate.cabinet import OFFICES, Cabinet
from tests.gate.test_stations import HERE, STATION, a_visit, an_outcome, in_service, record_of


def sampled(**visit: Any) -> Cabinet:
    """The people are done, the laboratory has the sample."""
    gate = in_service(services=["phytosanitary"], **visit)
    gate.wake(outcomes=(an_outcome(sampled=True, mass_kg=0),), at_station=HERE)
    return gate


@pytest.mark.parametrize("reader", ["supervisor", *OFFICES])
def test_sample_is_told_to_supervisor_and_offices_as_no_result(reader: str) -> None:
    """GATE-012, GATE-016."""
    gate = sampled()
    (result,) = sends(gate.said, StationResult, to=reader)
    record = ScanRecord.FromString(result.record.payload)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_PENDING, "LABORATORY_PENDING")
    assert list(record.services) == ["phytosanitary", "sampling"]
    assert not acts(gate.wake(at_station=HERE), StartService)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"clear": True}, (SCAN_VERDICT_CLEAR, "")),
        ({"clear": False, "reason": "SAMPLE_ADVERSE"}, (SCAN_VERDICT_ADVERSE, "SAMPLE_ADVERSE")),
        ({"sampled": True}, None),  # heard twice
    ],
)
def test_laboratorys_word_is_the_record_that_counts(
    outcome: dict[str, Any], said: tuple[int, str] | None
) -> None:
    gate = sampled()
    gate.said.clear()
    gate.wake(outcomes=(an_outcome(**({"seals": (), "mass_kg": 0} | outcome)),))
    if said is None:
        assert not sends(gate.said, StationResult)
        return
    record = record_of(gate)
    assert (record.verdict, record.reason) == said
    assert not [key for key in gate.disk if key.startswith("visit/")]


@pytest.mark.parametrize("restarted", [False, True])
def test_laboratory_that_never_answers_is_asked_once_more_and_then_given_up(
    restarted: bool,
) -> None:
    """GATE-016: after twelve hours each time."""
    gate = sampled()
    gate.said.clear()
    if restarted:
        gate.start()
        gate.wake()
    assert not acts(gate.wake(later_ms=43_000_000), StartService)
    (again,) = acts(gate.wake(later_ms=200_000), StartService)
    assert again.services == ("laboratory",)
    gate.wake(later_ms=43_200_000)
    record = record_of(gate)
    assert (record.verdict, record.reason) == (SCAN_VERDICT_FAILED, "LABORATORY_SILENT")


def test_result_of_an_earlier_crossing_of_the_same_truck_stays_that_crossings() -> None:
    """GATE-016: it went on before the result, and is back under another crossing."""
    gate = sampled()
    gate.hear("supervisor", a_visit(crossing_id="KZ-9", services=["phytosanitary"]))
    (start,) = acts(gate.wake(at_station=HERE), StartService)
    assert start.crossing_id == "KZ-9"
    gate.start()
    gate.wake()
    gate.wake(at_station=HERE)
    gate.said.clear()
    late = an_outcome(clear=False, reason="SAMPLE_ADVERSE", crossing_id="KZ-1")
    gate.wake(outcomes=(late,), at_station=HERE)
    assert (record_of(gate).crossing_id, record_of(gate).reason) == ("KZ-1", "SAMPLE_ADVERSE")
    gate.said.clear()
    gate.wake(outcomes=(an_outcome(mass_kg=0, crossing_id="KZ-9"),), at_station=HERE)
    assert (record_of(gate).crossing_id, record_of(gate).reason) == ("KZ-9", "")


def test_visit_of_another_crossing_ends_what_the_truck_left_undone() -> None:
    gate = in_service()
    gate.hear("supervisor", a_visit(crossing_id="KZ-9"))
    gate.start()
    gate.wake()
    (start,) = acts(gate.wake(at_station=HERE), StartService)
    assert start.crossing_id == "KZ-9"
    assert [key for key in gate.disk if key.startswith("visit/")] == [f"visit/{STATION}/KZ-9"]
