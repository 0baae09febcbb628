"""What a passage costs in signatures: the bench counts what the protocol says."""

import time

from bench.passage import Meter, metered
from sim.host import Host
from sim.run import RunOptions, run
from sim.scenario import load


def test_passage_verifies_four_signatures_and_makes_three() -> None:
    """Both releases, the truck's request, the permit; request, permit, link of custody."""
    meter = Meter()
    with metered(meter):
        run(load("smoke", []), RunOptions(seed=2))
    assert meter.passages == 4  # two trucks, two gates
    counts = {part: (cost.verified / 4, cost.signed / 4) for part, cost in meter.costs.items()}
    assert counts == {"judge": (2, 0), "gate": (1, 2), "truck": (1, 1)}
    assert all(cost.seconds > 0.0 for cost in meter.costs.values())


def test_outer_part_stands_still_while_an_inner_one_runs() -> None:
    meter = Meter()
    with meter.part("gate"), meter.part("judge"):
        began_s = time.process_time()
        while time.process_time() - began_s < 0.05:
            pass
    assert meter.costs["judge"].seconds >= 0.05
    assert meter.costs["gate"].seconds < 0.05


def test_nothing_of_the_watch_is_left_behind() -> None:
    before = Host.receive
    with metered(Meter()):
        assert Host.receive is not before
    assert Host.receive is before
