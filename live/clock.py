"""The clock: monotonic time for time-outs, UTC with an error bound for documents.

On the road: the machine's clocks as they are; the bound comes from chrony, or is stated in the
configuration where there is none. In staging: a clock that runs at a rate from an origin shared by
all processes of one host, allowed only under a roster made for staging. A step of UTC while running
is a fault until the program is restarted: documents are not judged any more, movement goes on.
Not here: what a bound is good for (contract/release.py).
"""

import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from contract.agent import NS_PER_MS, NS_PER_S, Now
from contract.errors import ConfigError, require
from live.config import ClockSection
from live.events import Notice, ShellEvent

UNSURE_NS: Final = 86_400 * NS_PER_S  # an error bound that no document survives
STEP_NS_MAX: Final = NS_PER_S // 2
ASK_EVERY_NS: Final = 10 * NS_PER_S
ANSWER_NS_MAX: Final = 5 * NS_PER_S
_TRACKING_FIELDS: Final = 14
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a staged clock starts: this host's CLOCK_MONOTONIC showed `mono_ns` at `utc_ns`."""

    mono_ns: int
    utc_ns: int


class Clock:
    """What time it is, for one process."""

    def __init__(
        self,
        rate: float = 1.0,
        *,
        origin: Origin | None = None,
        utc_error: Callable[[], int] = lambda: 500 * NS_PER_MS,
    ) -> None:
        require(rate > 0, "a clock runs forward")
        self.rate = rate
        self._origin = origin
        if origin is None and rate != 1.0:
            self._origin = Origin(time.monotonic_ns(), time.time_ns())
        self._utc_error = utc_error
        self._ahead_ns = time.time_ns() - time.monotonic_ns()
        self._stepped = False
        self._notices: list[Notice] = []

    def now(self) -> Now:
        """Time as this program is to see it."""
        real_ns = time.monotonic_ns()
        if self._origin is not None:
            # Counted from the origin, so the numbers of all staged processes agree.
            passed_ns = round((real_ns - self._origin.mono_ns) * self.rate)
            return Now(passed_ns, self._origin.utc_ns + passed_ns, self._utc_error())
        utc_ns = time.time_ns()
        self._watch_step(utc_ns - real_ns)
        error_ns = UNSURE_NS if self._stepped else self._utc_error()
        return Now(real_ns, utc_ns, error_ns)

    def real_ms_until(self, mono_ns: int, at_most_ms: int) -> int:
        """How long to sleep until that moment of this clock, in real milliseconds; 0 if past."""
        wait_ns = (mono_ns - self.now().mono_ns) / self.rate
        return max(0, min(at_most_ms, -int(-wait_ns // NS_PER_MS)))

    def notices(self) -> list[Notice]:
        """What is to be logged since the last call."""
        found, self._notices = self._notices, []
        return found

    def _watch_step(self, ahead_ns: int) -> None:
        step_ns = ahead_ns - self._ahead_ns
        self._ahead_ns = ahead_ns
        if abs(step_ns) > STEP_NS_MAX:
            self._stepped = True
            fields = {"step_ms": step_ns // NS_PER_MS}
            self._notices.append((ShellEvent.CLOCK_STEPPED, fields))


def make_clock(section: ClockSection, *, staging: bool) -> Clock:
    """The clock that [clock] asks for. Raises ConfigError if it is not allowed here."""
    stated_ns = section.utc_error_ms * NS_PER_MS
    is_staged = section.rate != 1.0 or section.origin_utc is not None
    if not is_staged:
        if section.origin_mono_ns is not None:
            raise ConfigError("clock.origin_mono_ns: means nothing without clock.origin_utc")
        program = shutil.which("chronyc")
        if section.source == "stated" or (section.source == "auto" and program is None):
            return Clock(utc_error=lambda: stated_ns)
        if program is None:
            raise ConfigError("clock.source = 'chrony': there is no chronyc on this machine")
        return Clock(utc_error=Chrony((program, "-c", "-n", "tracking")))
    if not staging:
        raise ConfigError(
            "clock: a rate or an origin of its own is for staging; this roster is for the road"
        )
    return Clock(section.rate, origin=_origin(section), utc_error=lambda: stated_ns)


def _origin(section: ClockSection) -> Origin | None:
    if section.origin_utc is None:
        return None
    if section.origin_utc.tzinfo is None:
        raise ConfigError(f"clock.origin_utc = {section.origin_utc}: has no offset; write ...Z")
    microseconds = (section.origin_utc - _EPOCH) // timedelta(microseconds=1)
    mono_ns = section.origin_mono_ns
    return Origin(time.monotonic_ns() if mono_ns is None else mono_ns, microseconds * 1_000)


class Chrony:
    """The error bound that chrony vouches for, asked every 10 s without ever waiting for it."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._error_ns = UNSURE_NS
        self._asked_ns = -ASK_EVERY_NS
        self._process: subprocess.Popen[str] | None = None

    def __call__(self) -> int:
        now_ns = time.monotonic_ns()
        if self._process is not None:
            self._take_answer(self._process, now_ns)
        elif now_ns - self._asked_ns >= ASK_EVERY_NS:
            self._ask(now_ns)
        return self._error_ns

    def _ask(self, now_ns: int) -> None:
        self._asked_ns = now_ns
        try:
            self._process = subprocess.Popen(  # noqa: S603 - a fixed command, found at the start
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        except OSError:
            self._error_ns = UNSURE_NS

    def _take_answer(self, process: "subprocess.Popen[str]", now_ns: int) -> None:
        if process.poll() is None:
            if now_ns - self._asked_ns > ANSWER_NS_MAX:
                process.kill()
                self._error_ns = UNSURE_NS
            return
        answer = process.stdout.read() if process.stdout is not None else ""
        if process.stdout is not None:
            process.stdout.close()
        self._process = None
        self._error_ns = tracking_error_ns(answer)


def tracking_error_ns(answer: str) -> int:
    """Error bound from one line of `chronyc -c tracking`: dispersion + delay / 2 + |offset|.

    A source that vanished leaves the status "Normal" while the dispersion grows, so the sum counts
    and not the flag. Anything unexpected is UNSURE_NS.
    """
    fields = answer.strip().split(",")
    if len(fields) != _TRACKING_FIELDS or fields[13] == "Not synchronised":
        return UNSURE_NS
    if fields[0] in {"", "0", "00000000"}:
        return UNSURE_NS
    try:
        offset_s, delay_s, dispersion_s = float(fields[4]), float(fields[10]), float(fields[11])
        bound_ns = round((dispersion_s + delay_s / 2 + abs(offset_s)) * NS_PER_S)
    except (ValueError, OverflowError):
        return UNSURE_NS
    return min(UNSURE_NS, max(0, bound_ns))
