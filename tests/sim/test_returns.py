"""A truck refused past the line, in the simulator: in by its return's papers, and back."""

import pytest

from contract.events import Event
from sim.run import Finished
from tests.sim.refusing import BACK, refusing
from tests.sim.runs import NETWORKS, Log, a_run, both, ledger, violations

SETTINGS = (
    *("fleet.kz=1", "fleet.cn=0", "fleet.convoy=1", "time.duration=50min", "expect=[]"),
    *(f"flow.{n}.channels={{green=1.0,yellow=0.0,red=0.0}}" for n in range(6)),
    'berth.unload="constant:5h"',
)
SEALED, EXITED, ENTERED, HANDED_OVER, DIVERTED = 1, 2, 3, 4, 5


def refused(*settings: str, step: str = "kz_out", silent: str = "") -> tuple[Finished, Log]:
    log = Log()
    prepare = both(log.prepare, refusing(step, silent))
    finished = a_run("first_crossings", *SETTINGS, *settings, prepare=prepare)
    assert finished.crash == ""
    assert violations(finished) == {}
    return finished, log


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("step", ["kz_out", "cn_in"])
def test_truck_refused_past_the_line_is_back_at_its_origin(
    step: str, network: tuple[str, ...]
) -> None:
    """SUP-025, GATE-014: refused between the gates or behind them."""
    finished, log = refused(*network, step=step)
    tales = finished.tally.crossings
    ends = {name: tale.outcome for name, tale in tales.items() if name in ("KZ-00001", BACK)}
    assert ends == {"KZ-00001": "refused", BACK: "cleared"}
    assert tales["KZ-00001"].reason
    assert tales[BACK].berth.startswith("kz_")
    chain = {name: [link[0] for link in links] for name, links in ledger(finished.world).items()}
    assert chain["KZ-00001"] == [SEALED, EXITED, ENTERED, DIVERTED]
    assert chain[BACK] == [SEALED, EXITED, ENTERED, HANDED_OVER]
    assert bool(log.of(Event.RETURN_ADMITTED)) == (step == "kz_out")
    unloaded = log.of(Event.UNLOADING_STARTED)
    assert [each["crossing"] for each in unloaded] == [BACK]
    assert finished.result["traffic"]["refused"] == 1
    assert finished.result["traffic"]["loaded_crossings"] == 0


@pytest.mark.parametrize("silent", ["KZ", "CN"])
def test_without_both_releases_of_its_return_it_stands_between_the_gates_with_the_reason(
    silent: str,
) -> None:
    """SUP-024: the office that has not released is named."""
    finished, log = refused(silent=silent)
    assert not log.of(Event.RETURN_ADMITTED)
    (wait,) = finished.tally.waiting.values()
    assert (wait.reason, wait.holder) == ("RETURN_PENDING", f"office {silent}")
    rows = finished.result["traffic"]["not_cleared"]
    kept = {row["crossing"]: (row["outcome"], bool(row["reason"])) for row in rows}
    assert kept == {"KZ-00001": ("held", True), BACK: ("held", True)}
