"""Toy agents and a toy body: the least that uses every duty of the shell.

The talker posts numbered durable messages and remembers the last number; the counter remembers how
often it has seen each. `python -m tests.live.toys --config F` is a whole program of one of them.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from contract.agent import (
    NS_PER_MS,
    Act,
    Boot,
    Effects,
    Now,
    Persist,
    Received,
    Report,
    Role,
    Send,
)
from contract.events import Event
from contract.v1.movement_pb2 import BerthReport
from live.config import ProgramConfig
from live.program import ProgramSpec, Setting, run_program

TALK_EVERY_NS: Final = 5 * NS_PER_MS
_SEEN: Final = "seen/"


@dataclass(frozen=True)
class Mark:
    """Write a file: the toy body's one command."""

    path: str
    makes_safer: bool = False


class Talker:
    """Says 1, 2, 3 ... up to `goal` to the supervisor, each exactly once in its life."""

    def __init__(self, goal: int) -> None:
        self._goal = goal
        self._said = 0
        self.wake_ns: int | None = None

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._said = int.from_bytes(state.get("said", b""), "big")
        self.wake_ns = now.mono_ns
        return []

    def on_message(self, now: Now, received: Received) -> Effects:
        return []

    def on_wake(self, now: Now, reading: int) -> Effects:
        if self._said >= self._goal:
            self.wake_ns = None
            return []
        if self.wake_ns is not None and now.mono_ns < self.wake_ns:
            return []
        self.wake_ns = now.mono_ns + TALK_EVERY_NS
        self._said += 1
        return [
            Persist("said", self._said.to_bytes(4, "big")),
            Send("supervisor", BerthReport(berth_id=f"B{self._said:05d}", vehicle_id="truck-01")),
        ]


class Counter:
    """Counts what it hears, and marks a file when it has heard `goal` different things."""

    def __init__(self, goal: int, marker: str) -> None:
        self._goal, self._marker = goal, marker
        self._seen: dict[str, int] = {}
        self.wake_ns: int | None = None

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._seen = {key: value[0] for key, value in state.items() if key.startswith(_SEEN)}
        return []

    def on_message(self, now: Now, received: Received) -> Effects:
        if not isinstance(received.message, BerthReport):
            return []
        key = _SEEN + received.message.berth_id
        self._seen[key] = self._seen.get(key, 0) + 1
        effects: list[Any] = [
            Persist(key, bytes([self._seen[key]])),
            Report(Event.VEHICLE_GOES_ON, {"vehicle": "truck-01"}),
        ]
        if len(self._seen) >= self._goal:
            effects += [Act(Mark(self._marker + ".first", makes_safer=True))]
            effects += [Act(Mark(self._marker))]
        return effects

    def on_wake(self, now: Now, reading: int) -> Effects:
        return []


class ToyBody:
    """Counts its fast steps and writes files."""

    def __init__(self, period_ns: int = 0) -> None:
        self.period_ns = period_ns
        self.sockets: Sequence[Any] = ()
        self.steps: list[int] = []

    def changed(self, now: Now) -> bool:
        return False

    def reading(self, now: Now) -> int:
        return len(self.steps)

    def carry_out(self, now: Now, command: Any) -> None:
        Path(command.path).write_text("done", encoding="utf-8")

    def step(self, now: Now) -> None:
        self.steps.append(now.mono_ns)

    def close(self) -> None:
        return None


class Toy(Struct, forbid_unknown_fields=True, frozen=True):
    goal: int = 0
    marker: str = "/nowhere/marker"


class ToyConfig(ProgramConfig, frozen=True, kw_only=True):
    """The common sections and [toy]."""

    toy: Toy = Toy()


def build_agent(setting: Setting[ToyConfig]) -> Talker | Counter:
    toy = setting.config.toy
    if setting.roster.nodes[setting.name].role is Role.SUPERVISOR:
        return Counter(toy.goal, toy.marker)
    return Talker(toy.goal)


def build_body(setting: Setting[ToyConfig]) -> ToyBody:
    return ToyBody()


SPEC: Final = ProgramSpec(
    name="convoy-toy",
    summary="A toy that talks or counts.",
    config_type=ToyConfig,
    build_agent=build_agent,
    build_body=build_body,
)

if __name__ == "__main__":
    sys.exit(run_program(SPEC))
