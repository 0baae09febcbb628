"""Goods in transit in a run: opened, sealed, crossed, arrived and discharged, at both offices."""

import pytest

from contract.events import Event
from tests.sim.runs import UNRELIABLE, Log, a_run, broken

LIFE = ["opened", "sealed", "crossed", "arrived", "discharged"]
SETTINGS = ("flow.0.transit=1.0", "flow.1.transit=1.0", "expect=[]")


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
def test_every_transit_of_a_run_lives_its_whole_life_at_both_offices(
    network: tuple[str, ...],
) -> None:
    log = Log()
    finished = a_run("smoke", *SETTINGS, *network, prepare=log.prepare)
    assert broken(finished) == ""
    assert finished.result["traffic"]["loaded_crossings"] == 2
    for office in ("office-kz", "office-cn"):
        rows = log.of(Event.TRANSIT_MOVED, office)
        for crossing in ("KZ-00001", "CN-00001"):
            assert [row["transit"] for row in rows if row["crossing"] == crossing] == LIFE
    cases = finished.result["cases"]
    assert (cases["transits"], cases["transits_discharged"]) == (2, 2)


def test_transit_that_has_not_arrived_is_not_discharged() -> None:
    """And its guarantee is blocked: a run that ends on the way."""
    finished = a_run("smoke", *SETTINGS, "time.duration='30s'", "time.crossings=0")
    cases = finished.result["cases"]
    assert (cases["transits"], cases["transits_discharged"]) == (2, 0)
