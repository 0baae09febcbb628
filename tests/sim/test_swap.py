"""Two sides that swap places over one lane: everybody gets on; without promises nobody would."""

from collections.abc import Sequence

import pytest

from contract.events import Event
from contract.map import Berth
from corridor import berths
from corridor.berths import Able, free
from corridor.state import State
from sim.outcome import EXIT_STUCK
from tests.sim.runs import NETWORKS, UNRELIABLE, Log, a_run, broken, violations

HELD: str = (
    "fault=[{at='150s',kind='officer_holds_at_berth',target='office-cn truck-10',lasts='6min'},"
    "{at='170s',kind='drive_dead',target='truck-09'}]"
)


def test_without_promises_both_sides_wait_for_each_other_and_the_ring_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SUP-038: the defect that the scenario is there for."""

    def only_free(state: State, found: Sequence[Berth], able: Able) -> list[str]:
        return free(state, found)

    monkeypatch.setattr(berths, "offered", only_free)
    finished = a_run("opposite_swap", "time.duration='6min'", "expect=[]")
    assert finished.world.finished == 0
    assert finished.result["exit_code"] == EXIT_STUCK
    assert len(finished.cycle) == 2
    east, west = sorted(finished.cycle)
    assert east <= "truck-08" < west


def swapped(log: Log) -> int:
    """Missions to a berth in which another truck stood when they were given."""
    last: dict[str, str] = {}  # berth -> who has been sent to it last
    stands: dict[str, str] = {}
    found = 0
    for _, _, report in log.said:
        fields = report.fields
        if report.event is Event.LOADING_STARTED:
            stands[fields["berth"]] = fields["vehicle"]
        elif report.event is Event.MISSION_GIVEN:
            berth = fields["berth"]
            found += stands.get(berth) not in (None, fields["vehicle"], last.get(berth))
            last[berth] = fields["vehicle"]
    return found


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
@pytest.mark.parametrize("seed", range(1, 21))
def test_swap_ends_under_many_seeds(seed: int, network: tuple[str, ...]) -> None:
    """SUP-038: every truck has crossed at least once."""
    log = Log()
    settings = ("time.duration='35min'", "expect=[]", *network)
    finished = a_run("opposite_swap", *settings, seed=seed, prepare=log.prepare)
    assert broken(finished).strip() == ""
    assert violations(finished) == {}
    assert finished.result["exit_code"] == 0
    assert swapped(log) >= 8
    by_direction = finished.result["traffic"]["by_direction"]
    assert min(each["loaded_crossings"] for each in by_direction.values()) >= 8


@pytest.mark.parametrize("network", NETWORKS)
def test_truck_that_does_not_leave_holds_up_the_one_bound_for_its_berth_alone(
    network: tuple[str, ...],
) -> None:
    """SUP-038: one keeps its berth for good, one for a while; the others go on, and it is said."""
    finished = a_run("opposite_swap", "time.duration='26min'", "expect=[]", HELD, *network)
    assert broken(finished).strip() == ""
    assert violations(finished) == {}
    assert finished.cycle == []
    by_direction = finished.result["traffic"]["by_direction"]
    assert min(each["loaded_crossings"] for each in by_direction.values()) >= 4
