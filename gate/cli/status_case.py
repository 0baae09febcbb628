"""A declaration as a log has told it so far: where it is, who holds it, why, and since when.

Values and two ways to read an event; what each event means is in status_rows.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from contract.reasons import Reason
from contract.v1.customs_pb2 import StatusRow

FILED: Final = "filed"
ENDED: Final = "handed over"
TAKEN_BACK: Final = "taken back"
HISTORY_MAX: Final = 512


class Told(NamedTuple):
    """One line of the log. `fields` has everything but time, node, event and severity."""

    at_utc_ms: int
    node: str
    event: str
    fields: Mapping[str, Any]


class Pause(NamedTuple):
    """Why it does not go on, whose move that is, and since when."""

    stage: str
    at_utc_ms: int
    reason: str
    owner: str
    lifted_by: str


@dataclass(slots=True)
class Case:
    """One declaration as the log has told it so far.

    holds    by office: what it wants;  wait   on the road
    offices  which have taken it in, and whether they let it pass
    returns  the crossing that takes it back; "" if none does
    """

    row: StatusRow
    channel: int = 0
    stage: str = FILED
    since_ms: int = 0
    ended: bool = False
    refused: Pause | None = None
    holds: dict[str, Pause] = field(default_factory=dict)
    wait: Pause | None = None
    offices: dict[str, bool] = field(default_factory=dict)
    returns: str = ""

    def goes(self, told: Told, stage: str) -> None:
        """It has come to another stage; whatever it waited for on the road is over."""
        self.stage, self.since_ms, self.wait = stage, told.at_utc_ms, None

    def note(self, told: Told, stage: str, detail: str = "") -> None:
        """One more line of history."""
        if len(self.row.history) < HISTORY_MAX:
            step = self.row.history.add()
            step.at_utc_ms, step.stage, step.detail = told.at_utc_ms, stage, detail


def pause_of(told: Told, stage: str, *, owner: str = "") -> Pause:
    """A wait for the reason that an event names; unknown codes are passed on as they are."""
    code = str(told.fields.get("reason", ""))
    reason = Reason.__members__.get(code)
    if reason is None:
        lifted_by = str(told.fields.get("lifted_by", "")) or "its owner says"
        return Pause(stage, told.at_utc_ms, code, owner or told.node, lifted_by)
    return Pause(stage, told.at_utc_ms, code, owner or reason.owner.value, reason.lifted_by)


def says(told: Told, *names: str) -> str:
    """Those fields of an event that say something, in words."""
    words = []
    for name in names:
        value = told.fields.get(name)
        known = Reason.__members__.get(str(value)) if name == "reason" else None
        if value not in (None, "", []):
            words.append(f"{value} ({known.sentence})" if known is not None else str(value))
    return ", ".join(words)
