"""The programs of a staged run: configurations, processes, their logs and their ends.

Each program gets a TOML file like any other machine's, a folder of throw-away keys and a journal,
and is started as `python -m ROLE --config F`. Its log is a file that is read as it grows.
Not here: what the events mean (run.py), hardware (ports.py).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.errors import ContractError

LAST_LINES: Final = 6
STOP_S: Final = 5.0
LINE_BYTES_MAX: Final = 1_000_000
EXIT_STOPPED: Final = 0
HOME: Final = Path(__file__).resolve().parents[2]  # where the packages lie, installed or not


class NotUp(ContractError):
    """A program of a staged run does not start."""


def toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """Plain sections as TOML."""
    lines: list[str] = []
    for name, rows in sections.items():
        lines += [f"[{name}]", *(f'"{key}" = {_value(rows[key])}' for key in rows), ""]
    return "\n".join(lines)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str | Path):
        return msgspec.json.encode(str(value)).decode()
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return str(value.isoformat())


@dataclass(slots=True)
class Line:
    """One event of one program's log."""

    node: str
    event: str
    mono_ns: int
    fields: dict[str, Any]


@dataclass(slots=True)
class Program:
    """One process, started, killed, started again; its log is read through all its lives."""

    name: str
    module: str
    config: Path
    log: Path
    process: "subprocess.Popen[bytes] | None" = None
    starts: int = 0
    said_started: int = 0
    killed: bool = False
    words: list[str] = field(default_factory=list)
    _offset: int = 0
    _rest: bytes = b""

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """A new process; nothing if one is running."""
        if self.running:
            return
        self.starts += 1
        self.killed = False
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own program and our own file
                [sys.executable, "-m", self.module, "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "NUMBA_DISABLE_JIT": "1", "OPENBLAS_NUM_THREADS": "1"},
                cwd=HOME,
                start_new_session=True,  # an interrupt of the stage is the stage's to pass on
            )

    def kill(self) -> None:
        """On purpose and at once, as a power cut would."""
        if self.process is not None:
            self.killed = True
            self.process.kill()
            self.process.wait()

    def terminate(self) -> None:
        if self.process is not None and self.running:
            self.process.send_signal(signal.SIGTERM)

    def finish(self, deadline: float) -> None:
        """Wait until it has ended, or end it."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def fault(self) -> str:
        """A sentence about an end that nobody ordered; "" if there was none."""
        process = self.process
        if process is None or self.killed or process.poll() in (None, EXIT_STOPPED):
            return ""
        code = process.returncode
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        return f"{self.name} ended with {how}{self.last_words()}"

    def last_words(self) -> str:
        """The end of its log, for a person."""
        self.read()
        return "".join(f"\n    {line[:400]}" for line in self.words[-LAST_LINES:])

    def read(self) -> list[Line]:
        """Events since the last call; text that is no event is kept for `last_words`."""
        with self.log.open("rb") as log:
            log.seek(self._offset)
            data = log.read()
        self._offset += len(data)
        *whole, self._rest = (self._rest + data).split(b"\n")
        found = []
        for raw in whole:
            line = _parsed(raw[:LINE_BYTES_MAX])
            text = raw.decode("utf-8", "replace")
            self.words = [*self.words[-LAST_LINES:], text]
            if line is not None:
                self.said_started += line.event == "program_started"
                found.append(line)
        return found


def _parsed(raw: bytes) -> Line | None:
    try:
        row = msgspec.json.decode(raw, type=dict[str, Any])
        node, event, mono_ns = row.pop("node"), row.pop("event"), row.pop("mono_ns")
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError):
        return None
    row.pop("time", None)
    row.pop("severity", None)
    return Line(node, event, mono_ns, row)


@dataclass(slots=True)
class Troop:
    """All programs of a run."""

    programs: dict[str, Program] = field(default_factory=dict)

    def start(self) -> None:
        for program in self.programs.values():
            program.log.touch()
            program.start()

    def wait_up(self, patience_s: float) -> list[Line]:
        """Until each has said that it has started. Raises NotUp naming the one that has not."""
        deadline = time.monotonic() + patience_s
        lines: list[Line] = []
        while True:
            lines += self.read()
            waiting = [each for each in self.programs.values() if each.said_started < each.starts]
            if not waiting:
                return lines
            for program in waiting:
                if program.fault:
                    raise NotUp(f"{program.name} did not come up: {program.fault}")
            if time.monotonic() > deadline:
                first = waiting[0]
                said = first.last_words() or "\n    (its log is empty)"
                raise NotUp(f"{first.name} did not come up in {patience_s:g} s{said}")
            time.sleep(0.02)

    def read(self) -> list[Line]:
        """New events of all, in the order of their own clock, which is one for all."""
        lines = [line for program in self.programs.values() for line in program.read()]
        return sorted(lines, key=lambda line: line.mono_ns)

    def faults(self) -> list[str]:
        return [program.fault for program in self.programs.values() if program.fault]

    def stop(self) -> None:
        """SIGTERM to all, and SIGKILL to who does not listen."""
        for program in self.programs.values():
            program.terminate()
        deadline = time.monotonic() + STOP_S
        for program in self.programs.values():
            program.finish(deadline)
