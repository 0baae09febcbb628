"""Hours in runs: nobody comes to a gate that has closed, and all goes on when it opens again."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import pytest

from contract.errors import ConfigError
from contract.events import Event
from contract.v1.customs_pb2 import CUSTODY_STEP_ENTERED, CUSTODY_STEP_EXITED, CustodyStep
from corridor.arrival import Ways
from sim.run import Finished
from sim.scenario import load, resolved
from tests.sim.runs import UNRELIABLE, Log, a_run, broken, entries

KZ_TIME: Final = timezone(timedelta(hours=5))
# The run begins at 08:00. A truck would be weighed at 08:00:10 and through the other gate a minute
# later; at the slowest it takes four. It is weighed for four minutes here.
WEIGHED: Final = "station.kz_weigh_e.service='constant:240s'"
CLOSES: Final = "hours.CN.closes='08:05'"
OPENS: Final = ("hours.CN.opens='08:07'", "time.duration='12min'")
NEXT_DAY: Final = ("hours.CN.opens='07:30'", "time.duration='25h'")


def passages(finished: Finished, gate: str, step: CustodyStep) -> list[str]:
    """When trucks passed a gate, by its own records: day of the month and local time."""
    return [
        datetime.fromtimestamp(record.at_utc_ms / 1e3, UTC)
        .astimezone(KZ_TIME)
        .strftime("%d %H:%M:%S")
        for record in entries(finished.world)
        if (record.place_id, record.step) == (gate, step)
    ]


def reasons(log: Log) -> set[tuple[str, str]]:
    return {(w["reason"].name, w["lifted_by"]) for w in log.of(Event.VEHICLE_WAITS)}


@pytest.mark.parametrize("network", [(), UNRELIABLE], ids=["reliable", "unreliable"])
def test_truck_that_would_come_after_closing_waits_on_its_own_side(
    network: tuple[str, ...],
) -> None:
    """SUP-V2: the truck from the other side is not held by the hours at which this one takes in."""
    log = Log()
    finished = a_run("smoke", CLOSES, WEIGHED, *OPENS, *network, prepare=log.prepare)
    assert broken(finished) == ""
    assert finished.result["exit_code"] == 0
    assert ("ARRIVAL_TOO_LATE", "its opening at 08:07 (UTC+05:00)") in reasons(log)
    (left,) = passages(finished, "kz_out", CUSTODY_STEP_EXITED)
    (came,) = passages(finished, "cn_in", CUSTODY_STEP_ENTERED)
    assert "02 08:07:00" < left < came


@pytest.mark.soak
def test_truck_goes_on_when_the_other_side_opens_on_the_next_day() -> None:
    """SUP-V2: it has stood at its line over night."""
    finished = a_run("smoke", CLOSES, WEIGHED, *NEXT_DAY)
    assert broken(finished) == ""
    (came,) = passages(finished, "cn_in", CUSTODY_STEP_ENTERED)
    assert "03 07:30:00" < came < "03 07:33:00"


def test_planted_a_truck_reckoned_too_fast_comes_after_closing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Planted: without its slowest time the truck comes to a closed gate, and it is seen."""
    monkeypatch.setattr(Ways, "slowest_ms", lambda *args, **kwargs: 0)
    finished = a_run("smoke", CLOSES, WEIGHED, *OPENS)
    (came,) = passages(finished, "cn_in", CUSTODY_STEP_ENTERED)
    assert "02 08:05:00" < came < "02 08:07:00"


def test_quota_of_a_day_keeps_the_second_truck_for_the_next() -> None:
    """SUP-V3: at its berth, while what goes the other way goes on."""
    settings = ("fleet.kz=2", "time.crossings=0", "hours.KZ.quota_out=1")
    finished = a_run("smoke", *settings, "expect=[]")
    assert broken(finished) == ""
    assert len(passages(finished, "kz_out", CUSTODY_STEP_EXITED)) == 1
    assert len(passages(finished, "kz_in", CUSTODY_STEP_ENTERED)) == 1
    (waiting,) = finished.result["traffic"]["waiting"]
    assert waiting["reason"] == "QUOTA_REACHED"


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("hours.RU.opens='07:00'", "hours.RU: expected hours.KZ or hours.CN"),
        ("hours.KZ.opens='24:00'", "hours.KZ.opens"),
        ("hours.KZ.quota_inn=1", "did you mean hours.KZ.quota_in"),
        ("hours.KZ.intake_trucks=-1", "hours.KZ.intake_trucks"),
    ],
)
def test_hours_that_cannot_be_are_refused_with_their_place(setting: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load("smoke", [setting])
    assert said in str(refused.value)


def test_hours_of_a_scenario_are_written_back() -> None:
    """What is not said is not written: `quota_in` of nobody is any."""
    told = resolved(load("smoke", ["hours.CN.closes='16:00'", "hours.CN.quota_in=650"]))
    assert 'closes = "16:00"' in told
    assert "quota_in = 650" in told
    assert "intake_trucks" not in told
