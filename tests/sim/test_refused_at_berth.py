"""A truck refused while it waits its turn in its berth, with a mission and no road: it stays."""

import pytest

from contract.agent import Report
from contract.events import Event
from gate.office.orders import Ruling
from sim.world import World
from tests.sim.runs import NETWORKS, Log, Prepare, a_run, both, broken, ledger

SETTINGS = (
    *("fleet.kz=3", "fleet.cn=0", "fleet.convoy=3", "time.crossings=0", "time.duration=10min"),
    *("expect=[]", 'berth.unload="constant:5h"', 'berth.load="constant:10s"'),
)
LAST = "KZ-00003"


def refuses_when_sent(crossing: str) -> Prepare:
    """The Chinese office refuses this crossing as soon as it has its mission."""

    def prepare(world: World) -> None:
        record = world.say

        def say(t_ns: int, node: str, report: Report) -> None:
            record(t_ns, node, report)
            if report.event is Event.MISSION_GIVEN and report.fields["crossing"] == crossing:
                world.desks["CN"].says(crossing, Ruling.REFUSE)

        world.say = say

    return prepare


@pytest.mark.parametrize("network", NETWORKS)
def test_truck_refused_before_it_has_road_never_leaves_its_berth(network: tuple[str, ...]) -> None:
    """SUP-023, SUP-025: the two before it cross; nobody is sent to a bay."""
    log = Log()
    prepare = both(log.prepare, refuses_when_sent(LAST))
    finished = a_run("smoke", *SETTINGS, *network, prepare=prepare)
    assert broken(finished) == ""
    tales = finished.tally.crossings
    assert {name: tale.outcome for name, tale in tales.items()} == {
        "KZ-00001": "cleared",
        "KZ-00002": "cleared",
        LAST: "refused",
    }
    refused = tales[LAST]
    (over,) = [row for row in log.of(Event.CROSSING_FINISHED) if row["crossing"] == LAST]
    assert over["berth"].startswith("kz_d")
    assert LAST not in ledger(finished.world)
    assert not [row for row in log.of(Event.VEHICLE_DIVERTED) if row["vehicle"] == refused.vehicle]
    assert finished.tally.waiting[refused.vehicle].reason == "REFUSED"
