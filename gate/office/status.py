"""What an office answers when a trader or an officer asks where a crossing is.

Pure. A trader's terminal is told of its own declarations alone. Not here: the question's way
(gate/cli/status.py), what is decided (docket.py).
"""

from typing import Final

from contract.agent import Received, Role
from contract.reasons import Reason
from contract.roster import Roster
from contract.v1.customs_pb2 import StatusQuery, StatusReply, StatusRow, StatusStep
from contract.v1.document_pb2 import Channel, Document
from gate.office.case import Case
from gate.office.docket import Docket
from gate.office.phases import Phase
from gate.office.reinstatement import suspended

ROWS_MAX: Final = 50
STEPS_MAX: Final = 20  # of each row: an answer fits a frame


def answer(docket: Docket, query: StatusQuery, received: Received, roster: Roster) -> StatusReply:
    """Rows of every crossing asked for that the asker may see, the newest first."""
    asked = [
        case
        for name, case in docket.cases.items()
        if (not query.crossing_id or query.crossing_id == name)
        and query.declaration_id in ("", docket.declarations[name].declaration_id)
        and _may_see(received, case, roster)
    ]
    everything = not (query.crossing_id or query.declaration_id)
    if everything:
        asked = [case for case in asked if case.at is not Phase.ENDED]
    asked.sort(key=lambda case: (-case.since_utc_ms, case.crossing_id))
    rows = [_row(docket, case) for case in asked[:ROWS_MAX]]
    stations = suspended(docket) if everything and received.role is Role.OPERATOR else []
    cut = len(asked) > ROWS_MAX
    return StatusReply(query=query.query, rows=rows, cut=cut, suspended=stations[:ROWS_MAX])


def _may_see(received: Received, case: Case, roster: Roster) -> bool:
    if received.role is Role.OPERATOR:
        return True
    signed = Document.FromString(case.document).signatures
    own = roster.nodes[received.sender].key_id
    return any(signature.key_id == own for signature in signed)


def _row(docket: Docket, case: Case) -> StatusRow:
    declaration = docket.declarations[case.crossing_id]
    reason = Reason.__members__.get(case.reason)
    return StatusRow(
        declaration_id=declaration.declaration_id,
        version=declaration.version,
        crossing_id=case.crossing_id,
        vehicle_id=declaration.vehicle_id,
        channel=Channel.Name(Channel.ValueType(case.channel)),
        stage=case.at.value,
        since_utc_ms=case.since_utc_ms,
        reason=case.reason,
        owner=case.owner,
        lifted_by=reason.lifted_by if reason is not None else "",
        rules=case.rules,
        history=[
            StatusStep(at_utc_ms=step.at_utc_ms, stage=step.stage, detail=step.detail)
            for step in case.history[-STEPS_MAX:]
        ],
    )
