"""Certificates that are filed anew: what a trader does who lacked one, or whose own had expired.

Some time after it was filed he asks his office where the crossing is; unless it has left his side
it gets a new version with the certificate, once. The agent's part of a terminal, and its memory.
Not here: what stands in a declaration (terminal_papers.py), what an office makes of it
(gate/office).
"""

from dataclasses import dataclass, field
from typing import Final

from contract.v1.customs_pb2 import Declaration, StatusQuery, StatusReply, StatusRow

OVER: Final = frozenset({"ended"})
GONE: Final = frozenset({"exited", "entered", "arrived"})


@dataclass(slots=True)
class Refiling:
    """Crossings whose certificate is still to come: when, and the newest version that was filed."""

    due_ns: dict[str, int] = field(default_factory=dict)
    newest: dict[str, Declaration] = field(default_factory=dict)
    asked: dict[int, str] = field(default_factory=dict)
    queries: int = 0

    def expect(self, crossing: str, at_ns: int) -> None:
        """The certificate will be there at this time."""
        self.due_ns[crossing] = at_ns

    def filed(self, crossing: str, declaration: Declaration) -> None:
        """The newest version of what is still to be filed anew."""
        if crossing in self.due_ns or crossing in self.asked.values():
            self.newest[crossing] = declaration

    @property
    def wake_ns(self) -> int | None:
        return min(self.due_ns.values(), default=None)

    def due(self, now_ns: int) -> list[StatusQuery]:
        """Questions about the crossings whose certificate has come."""
        ready = sorted(each for each, at_ns in self.due_ns.items() if at_ns <= now_ns)
        questions = []
        for crossing in ready:
            del self.due_ns[crossing]
            self.queries += 1
            self.asked[self.queries] = crossing
            questions.append(StatusQuery(crossing_id=crossing, query=self.queries))
        return questions

    def answered(self, reply: StatusReply) -> Declaration | None:
        """The version to file the certificate with; None where it is too late, or nobody asked."""
        crossing = self.asked.pop(reply.query, "")
        declaration = self.newest.pop(crossing, None)
        rows = [row for row in reply.rows if row.crossing_id == crossing]
        return declaration if any(not _has_left(row) for row in rows) else None


def _has_left(row: StatusRow) -> bool:
    return row.stage in OVER or any(step.stage in GONE for step in row.history)
