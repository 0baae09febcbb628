"""Trucks of one waybill in the simulator: together, or not at all."""

from collections.abc import Callable

import pytest

from contract.agent import Effect, Send
from contract.events import Event
from contract.v1.customs_pb2 import CrossingNotice, DecisionNotice, Release
from sim.build import OFFICES
from tests.sim.runs import NETWORKS, NS_PER_S, Log, a_run, both, violations
from tests.sim.tamper import tamper

SETTINGS = (
    *("fleet.kz=3", "fleet.cn=0", "fleet.convoy=3", "time.crossings=0", "time.duration=8min"),
    *("expect=[]", 'berth.unload="constant:5h"', 'berth.load="uniform:1s,90s"'),
)


def says(effect: Effect, *, kept: str, size: int) -> bool:
    """An office tells of one batch, and never of its release of the crossing that is kept."""
    if isinstance(effect, Send) and isinstance(effect.message, CrossingNotice):
        effect.message.batch_number, effect.message.batch_size = "B-1", size
    if isinstance(effect, Send) and isinstance(effect.message, DecisionNotice):
        release = Release.FromString(effect.message.decision.payload)
        return not kept or release.subject.crossing_id != kept
    return True


def does(kept: str, size: int) -> Callable[[Effect], bool]:
    return lambda effect: says(effect, kept=kept, size=size)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("kept", ["", "KZ-00002"])
def test_batch_crosses_together_or_waits_together(kept: str, network: tuple[str, ...]) -> None:
    """SUP-022."""
    log = Log()
    prepares = [tamper(office, does=does(kept, 3)) for office in OFFICES.values()]
    finished = a_run("smoke", *SETTINGS, *network, prepare=both(log.prepare, *prepares))
    assert (finished.crash, violations(finished)) == ("", {})
    rows = finished.result["traffic"]["not_cleared"]
    if not kept:
        assert [len(each["members"].split()) for each in log.of(Event.CONVOY_FORMED)] == [3]
        assert finished.result["traffic"]["loaded_crossings"] == 3
        assert rows == []
        return
    assert not log.of(Event.CONVOY_FORMED)
    reasons = {row["crossing"]: row["reason"] for row in rows}
    assert reasons["KZ-00001"] == reasons["KZ-00003"] == "BATCH_INCOMPLETE"
    waits = finished.tally.waiting.values()
    named = [wait.resource for wait in waits if wait.reason == "BATCH_INCOMPLETE"]
    assert len(named) == 2
    assert all(each.startswith(kept) for each in named)


@pytest.mark.parametrize("network", NETWORKS)
def test_batch_of_the_hard_day_waits_for_its_member_at_the_berth_and_crosses_together(
    network: tuple[str, ...],
) -> None:
    """SUP-022: truck-05 is held at its berth for twelve minutes; the two others name it."""
    log = Log()
    settings = ("time.duration='32min'", "expect=[]", *network)
    finished = a_run("inspection_heavy", *settings, prepare=log.prepare)
    assert (finished.crash, violations(finished)) == ("", {})
    tales = finished.tally.crossings
    first_of = {tale.vehicle: tale for tale in reversed(tales.values())}
    kept = first_of["truck-05"]
    filed = log.of(Event.DECLARATION_FILED)
    names = [f"KZ-0000{number}" for number in (4, 5, 6)]
    assert kept.crossing in names
    assert {row["vehicle"] for row in filed if row["crossing"] in names} == {
        "truck-04",
        "truck-05",
        "truck-06",
    }
    waited = {
        row["crossing"]: row["resource"]
        for row in log.of(Event.VEHICLE_WAITS)
        if str(row["reason"].name) == "BATCH_INCOMPLETE" and row["crossing"] in names
    }
    assert set(waited) == {*names} - {kept.crossing}
    assert all(each.startswith(f"{kept.crossing} truck-05") for each in waited.values())
    left = [tales[name].left_s or 0.0 for name in names]
    assert min(left) > 14 * 60.0  # nobody before the officer of truck-05 has decided
    assert max(left) - min(left) < 120.0
    assert finished.result["cases"]["batch_interrupted"] == 0
    assert 0.0 < finished.result["cases"]["batch_spread_s"] < 600.0
    passed = [row["crossing"] for row in log.of(Event.VEHICLE_PASSED, "kz_out")]
    first = passed.index(next(each for each in passed if each in names))
    assert set(passed[first : first + 3]) == {*names}  # nobody of others between them


class Books:
    """What the supervisor hears of batches, as messages; and since when which office has released.

    Its log says who is cleared and who is not; the messages say who belongs together.
    """

    def __init__(self) -> None:
        self.batch_of: dict[str, str] = {}

    def note(self, effect: Effect) -> bool:
        if isinstance(effect, Send) and isinstance(effect.message, CrossingNotice):
            notice = effect.message
            if notice.batch_size > 1:
                self.batch_of[notice.crossing_id] = notice.batch_number
        return True

    def early(self, log: Log) -> list[str]:
        """Exit permits that were used while another truck of the batch was not released, and since
        when it was not, in seconds.
        """
        withheld: dict[str, float] = {}
        over: set[str] = set()
        found = []
        for t_ns, node, report in log.said:
            crossing, t_s = str(report.fields.get("crossing", "")), t_ns / NS_PER_S
            if report.event is Event.CROSSING_WITHHELD:
                withheld.setdefault(crossing, t_s)
            elif report.event is Event.CROSSING_CLEARED:
                withheld.pop(crossing, None)
            elif report.event is Event.VEHICLE_PASSED and node == "kz_out":
                over.add(crossing)
            elif report.event is Event.PERMIT_CONSUMED and node == "kz_out":
                batch = self.batch_of.get(crossing)
                mates = [c for c, b in self.batch_of.items() if b == batch and c != crossing]
                late = {mate: t_s - withheld[mate] for mate in mates if mate in withheld}
                found += [
                    f"{crossing} at {t_s:.1f} s: {mate} not released for {ago_s:.1f} s"
                    for mate, ago_s in late.items()
                    if batch and mate not in over and ago_s > WINDOW_S
                ]
        return found


WINDOW_S = 10.0  # from the line to the permit: plate, container and seals are read meanwhile


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize(
    ("seed", "minutes"),
    [
        pytest.param(1, 180, marks=pytest.mark.soak),
        pytest.param(2, 180, marks=pytest.mark.soak),
        pytest.param(3, 180, marks=pytest.mark.soak),
        (2, 13),
    ],
)
def test_nobody_uses_its_exit_permit_while_another_of_its_batch_is_not_released(
    seed: int, minutes: int, network: tuple[str, ...]
) -> None:
    """SUP-022: over all batches of the hard day; seed 2 has one revoked on the way to the gate."""
    log, books = Log(), Books()
    taps = [tamper(office, does=books.note) for office in OFFICES.values()]
    settings = (f"time.duration='{minutes}min'", "expect=[]", *network)
    finished = a_run("inspection_heavy", *settings, seed=seed, prepare=both(log.prepare, *taps))
    assert (finished.crash, violations(finished)) == ("", {})
    assert len(books.batch_of) >= 3
    assert log.of(Event.CROSSING_WITHHELD)
    assert books.early(log) == []
