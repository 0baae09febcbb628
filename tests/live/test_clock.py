"""The clock: rates for staging only, bounds that fail to the cautious side."""

import sys
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest

from contract.agent import NS_PER_MS, NS_PER_S
from contract.errors import ConfigError
from live.clock import UNSURE_NS, Chrony, Clock, Origin, make_clock, tracking_error_ns
from live.config import ClockSection
from live.events import ShellEvent
from tests.live.factories import until

GOOD = (
    "C0A80001,10.0.0.1,2,1772534523.1,-0.000010000,0.0,0.0,1.0,0.0,0.1,0.004000000,0.001000000,"
    "64.2,Normal\n"
)


def test_road_clock_is_the_machines() -> None:
    clock = make_clock(ClockSection(source="stated", utc_error_ms=40), staging=False)
    now = clock.now()
    assert abs(now.mono_ns - time.monotonic_ns()) < NS_PER_S
    assert abs(now.utc_ns - time.time_ns()) < NS_PER_S
    assert now.utc_error_ns == 40 * NS_PER_MS


def test_staged_clocks_of_one_origin_agree_and_run_at_their_rate() -> None:
    began = datetime(2026, 3, 3, 6, tzinfo=timezone(timedelta(hours=5)))
    section = ClockSection(
        rate=5.0, origin_utc=began, origin_mono_ns=time.monotonic_ns() - 2 * NS_PER_S
    )
    one, other = (make_clock(section, staging=True).now() for _ in range(2))
    assert 10 * NS_PER_S <= one.mono_ns <= other.mono_ns < 20 * NS_PER_S
    utc_s = int(datetime(2026, 3, 3, 1, tzinfo=UTC).timestamp())
    assert one.utc_ns - one.mono_ns == utc_s * NS_PER_S


def test_waiting_is_measured_in_real_time() -> None:
    clock = Clock(10.0, origin=Origin(time.monotonic_ns(), 0))
    assert 90 <= clock.real_ms_until(NS_PER_S, 1_000) <= 100
    assert clock.real_ms_until(NS_PER_S, 20) == 20
    assert clock.real_ms_until(0, 20) == 0


@pytest.mark.parametrize(
    "section",
    [
        ClockSection(rate=5.0),
        ClockSection(origin_utc=datetime(2026, 3, 3, tzinfo=UTC)),
    ],
)
def test_clock_of_its_own_is_refused_on_the_road(section: ClockSection) -> None:
    with pytest.raises(ConfigError, match="for staging"):
        make_clock(section, staging=False)
    make_clock(section, staging=True)


def test_origin_without_offset_or_alone_is_refused() -> None:
    section = ClockSection(origin_utc=datetime(2026, 3, 3))  # noqa: DTZ001 - what is refused
    with pytest.raises(ConfigError, match="no offset"):
        make_clock(section, staging=True)
    with pytest.raises(ConfigError, match="origin_mono_ns"):
        make_clock(ClockSection(origin_mono_ns=5), staging=True)


def test_step_of_utc_makes_documents_unjudgeable(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    assert clock.now().utc_error_ns == 500 * NS_PER_MS
    monkeypatch.setattr(time, "time_ns", lambda base=time.time_ns: base() + 7_200 * NS_PER_S)
    assert clock.now().utc_error_ns == UNSURE_NS
    monkeypatch.undo()
    assert clock.now().utc_error_ns == UNSURE_NS
    assert [event for event, _ in clock.notices()] == [ShellEvent.CLOCK_STEPPED] * 2
    assert clock.notices() == []


def test_bound_is_dispersion_and_half_the_delay_and_the_offset() -> None:
    assert tracking_error_ns(GOOD) == 3_010_000


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "506 Cannot talk to daemon",
        GOOD.replace("Normal", "Not synchronised"),
        GOOD.replace("C0A80001", "00000000"),
        GOOD.replace("0.004000000", "nan"),
        GOOD.replace("0.004000000", "1e400"),
        GOOD.replace("0.004000000", "often"),
        GOOD + ",more",
    ],
)
def test_answer_that_vouches_for_nothing_is_unsure(answer: str) -> None:
    assert tracking_error_ns(answer) == UNSURE_NS


def test_chrony_is_asked_without_waiting() -> None:
    chrony = Chrony((sys.executable, "-c", f"print({GOOD!r}, end='')"))
    began = time.monotonic()
    assert chrony() == UNSURE_NS
    assert time.monotonic() - began < 0.5
    assert until(lambda: chrony() if chrony() != UNSURE_NS else None) == 3_010_000
    absent = Chrony(("/nowhere/chronyc",))
    assert absent() == UNSURE_NS
