"""What a possession costs, and when traffic is as before: worked out by hand on small logs."""

from typing import Any

from sim.outcome import CrossingTale, Tally
from sim.record import Said
from sim.recovery import recovery

NS = 1_000_000_000


def said(t_s: float, code: str, **fields: Any) -> Said:
    return Said(int(t_s * NS), "supervisor", code, fields)


def on_the_way(*trucks: str) -> list[Said]:
    return [said(0, "authority_granted", vehicle=each, zones="a b") for each in trucks]


def possession(closed_s: float, cleared_s: float, opened_s: float) -> list[Said]:
    return [
        said(closed_s, "section_closed", closure="rescue", taker="rescue-1"),
        said(cleared_s, "section_cleared", closure="rescue"),
        said(opened_s, "section_opened", closure="rescue"),
    ]


def arrived(*times_s: float) -> Tally:
    tales = {
        f"KZ-{k}": CrossingTale(f"KZ-{k}", outcome="cleared", left_s=0.0, arrived_s=t_s)
        for k, t_s in enumerate(times_s)
    }
    return Tally(crossings=tales)


def test_run_without_a_possession_has_nothing_to_recover_from() -> None:
    works = said(100, "section_closed", closure="works", taker="")
    found = recovery(arrived(50.0), [works], 0.0, 3600.0)
    assert found["possessions"] == 0
    assert found["closed_s"] is found["time_to_recover_s"] is None
    assert set(found["crossings_per_hour"].values()) == {None}


def test_crossings_are_counted_before_during_and_after() -> None:
    """Warm-up 600 s: what ends in it is not counted."""
    tally = arrived(500.0, 900.0, 1700.0, 2000.0, 4000.0, 5000.0)
    found = recovery(tally, possession(1800.0, 1890.0, 3600.0), 600.0, 7200.0)
    assert found["crossings_per_hour"] == {"before": 6.0, "during": 2.0, "after": 2.0}
    assert (found["time_to_clear_s"], found["closed_s"]) == (90.0, 1800.0)


def test_traffic_has_recovered_when_no_more_wait_for_five_minutes_than_before() -> None:
    """One waits for half of a window before; two wait until 900 s after the section is open."""
    log = [
        *on_the_way("truck-01", "truck-02"),
        said(300, "vehicle_waits", vehicle="truck-01"),
        said(450, "vehicle_goes_on", vehicle="truck-01"),
        said(1000, "vehicle_waits", vehicle="truck-01"),
        said(1000, "vehicle_waits", vehicle="truck-02"),
        said(1000, "vehicle_waits", vehicle="truck-03"),
        *possession(1000.0, 1000.0, 2000.0),
        said(2900, "vehicle_goes_on", vehicle="truck-01"),
        said(2900, "vehicle_goes_on", vehicle="truck-02"),
    ]
    found = recovery(Tally(), log, 0.0, 6000.0)
    assert found["waiting"] == {"before": 0.5, "during": 2.0}
    assert found["time_to_recover_s"] == 830.0  # 70 s of a window of 300 s, two trucks: below 0.5


def test_traffic_that_never_is_as_before_has_not_recovered() -> None:
    log = [
        *on_the_way("truck-01"),
        *possession(1000.0, 1000.0, 2000.0),
        said(1500, "vehicle_waits", vehicle="truck-01"),
    ]
    assert recovery(Tally(), log, 0.0, 6000.0)["time_to_recover_s"] is None


def test_section_that_is_not_given_back_has_no_after() -> None:
    found = recovery(arrived(100.0, 2000.0), possession(1000.0, 1000.0, 1e9)[:2], 0.0, 2800.0)
    assert found["closed_s"] is found["time_to_recover_s"] is None
    assert found["crossings_per_hour"] == {"before": 3.6, "during": 2.0, "after": None}
