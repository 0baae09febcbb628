"""What is read elsewhere: one pool of servers, first come, first served, whoever it comes from."""

import random

import pytest

from gate.orders import StartService, StationOutcome
from sim.distributions import Constant
from sim.elsewhere import Elsewhere, Pool
from sim.engine import NS_PER_S, Engine
from sim.loads import Visit


class Rig:
    """A laboratory of one hour a sample, and what two bays hear from it."""

    def __init__(self, *, servers: int = 1, adverse: float = 0.0, officers: bool = False) -> None:
        self.engine = Engine(1)
        self.rows: list[Visit] = []
        self.heard: list[tuple[float, str, StationOutcome]] = []
        pool = Pool(
            "laboratory_KZ",
            "SAMPLE_ADVERSE",
            Constant(3_600.0),
            servers,
            officers=officers,
            adverse=adverse,
        )
        self.laboratory = Elsewhere(
            pool, self.engine, draws=random.Random(1), visited=self.rows.append
        )

    def order(self, bay: str, crossing: str) -> StartService:
        return StartService(bay, f"truck-{crossing}", crossing, ("sampling",))

    def take(self, bay: str, crossing: str, *, adverse: bool = False) -> None:
        def answer(outcome: StationOutcome) -> None:
            self.heard.append((self.engine.now_ns / NS_PER_S, bay, outcome))

        self.laboratory.take(self.order(bay, crossing), answer, adverse=adverse)

    def run(self) -> None:
        while self.engine.next_ns is not None:
            self.engine.run_next()


def test_samples_of_two_bays_wait_for_the_one_server_in_the_order_they_came() -> None:
    rig = Rig()
    for bay, crossing in (("kz_bay_e1", "KZ-1"), ("kz_bay_e2", "KZ-2"), ("kz_bay_e1", "KZ-3")):
        rig.take(bay, crossing)
    rig.run()
    assert [(at_s, bay, each.crossing_id) for at_s, bay, each in rig.heard] == [
        (3_600.0, "kz_bay_e1", "KZ-1"),
        (7_200.0, "kz_bay_e2", "KZ-2"),
        (10_800.0, "kz_bay_e1", "KZ-3"),
    ]
    assert [row.start_ns / NS_PER_S for row in rig.rows] == [0.0, 3_600.0, 7_200.0]
    assert {row.stage for row in rig.rows} == {"laboratory_KZ"}


def test_no_free_server_waits_while_there_is_work() -> None:
    rig = Rig(servers=2)
    for number in range(4):
        rig.take("kz_bay_e1", f"KZ-{number}")
    rig.run()
    assert [at_s for at_s, _, _ in rig.heard] == [3_600.0, 3_600.0, 7_200.0, 7_200.0]


def test_asking_again_for_what_is_under_way_begins_nothing() -> None:
    rig = Rig()
    rig.take("kz_bay_e1", "KZ-1")
    rig.laboratory.ask(rig.order("kz_bay_e1", "KZ-1"), lambda outcome: None)
    rig.laboratory.ask(rig.order("kz_bay_e1", "KZ-9"), lambda outcome: None)  # nothing there
    rig.run()
    assert len(rig.rows) == len(rig.heard) == 1


@pytest.mark.parametrize(("officers", "worked_s"), [(False, 0.0), (True, 3_600.0)])
def test_minutes_are_officers_only_where_officers_do_it(officers: bool, worked_s: float) -> None:
    rig = Rig(officers=officers)
    rig.take("kz_bay_e1", "KZ-1")
    rig.run()
    assert rig.rows[0].worked_ns / NS_PER_S == worked_s


def test_share_of_adverse_results_is_as_told_and_comes_with_its_reason() -> None:
    rig = Rig(servers=100, adverse=0.2)
    for number in range(1_000):
        rig.take("kz_bay_e1", f"KZ-{number}")
    rig.run()
    found = [each for _, _, each in rig.heard if not each.clear]
    assert len(found) / 1_000 == pytest.approx(0.2, abs=0.04)
    assert {each.reason for each in found} == {"SAMPLE_ADVERSE"}
