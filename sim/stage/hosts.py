"""Hosts of a staged run: programs elsewhere, and terminals that live here behind real links.

A `RemoteHost` has the face of a simulated host, so that faults and checkers reach a process by the
same names. Its disk is what its log has told and, at the end, what its journal holds.
Not here: the processes (programs.py), simulated hosts (sim/host.py).
"""

from collections.abc import Callable
from typing import Any

from contract.agent import Report
from contract.node import Node
from gate.passage import Ticket
from sim.stage.ports import Port
from sim.stage.programs import Program


class RemoteHost:
    """One program in a process of its own."""

    def __init__(self, program: Program, body: Any, say: Callable[[str, Report], None]) -> None:
        self.name = program.name
        self.body = body
        self.say = say
        self.port: Port | None = None
        self.disk: dict[str, bytes] = {}
        self.node: Node[Any] | None = None
        self._program = program

    @property
    def up(self) -> bool:
        return self._program.running

    @property
    def boots(self) -> int:
        return self._program.starts

    def start(self) -> None:
        """Start the program, unless it runs."""
        self._program.start()

    def crash(self) -> None:
        """SIGKILL: the hardware notices by itself, by silence."""
        self._program.kill()

    def wake(self) -> None:
        """The body has news."""
        if self.port is not None:
            self.port.wake()

    def receive(self, sender: str, raw: bytes) -> None:
        """Nothing comes by the simulated network: the program has sockets of its own."""

    # --- what a gate's log tells of its journal ---

    def consumed(self, permit: str, vehicle: str, crossing: str) -> None:
        """A permit is written down as used."""
        ticket = Ticket(
            permit_id=permit,
            vehicle_id=vehicle,
            vehicle_key_id=b"",
            crossing_id=crossing,
            release_kz="",
            release_cn="",
            seals=[],
            nonce=b"",
            attempt=0,
        )
        self.disk["ticket/open"] = ticket.encode()
        self.disk[f"permit/{permit}"] = b"consumed"

    def settled(self, permit: str, how: bytes) -> None:
        """The permit is at its end: passed or void."""
        self.disk.pop("ticket/open", None)
        self.disk[f"permit/{permit}"] = how
