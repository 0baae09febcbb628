"""Topics: who may send which message to whom, how often it must come, and who may see it.

The table is the whole policy: the mailbox takes stream and signature from it, refuses roles it does
not name, and liveness is computed from its periods. One row a message kind.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from google.protobuf.message import Message

from contract.agent import Role
from contract.limits import (
    HEARTBEAT_MS,
    NODE_HEARTBEAT_MS,
    NODE_SILENCE_MS,
    PILOT_PERIOD_MS,
    VEHICLE_SILENCE_MS,
)
from contract.signing import type_name
from contract.v1 import (
    customs_pb2,
    envelope_pb2,
    explain_pb2,
    gate_pb2,
    ledger_pb2,
    movement_pb2,
    people_pb2,
)
from contract.v1.envelope_pb2 import STREAM_DURABLE, STREAM_SESSION, STREAM_TELEMETRY


class Consumer(Enum):
    """Which part of the receiving program acts on it."""

    MAILBOX = "mailbox"
    AGENT = "agent"
    GUARD = "guard and agent"
    PILOT = "pilot"


class Socket(Enum):
    """Pattern on the wire."""

    DIRECT = "dealer-router"
    BROADCAST = "pub-sub"


class Sight(Enum):
    """Who may see the content beside sender and recipient."""

    CORRIDOR = "any node of the corridor"
    CUSTOMS = "the two offices"


@dataclass(frozen=True, slots=True)
class Topic:
    """One row of the table. `period_ms` 0 means on occasion."""

    kind: type[Message]
    senders: frozenset[Role]
    receivers: frozenset[Role]
    consumer: Consumer = Consumer.AGENT
    stream: int = STREAM_SESSION
    signed: bool = False
    period_ms: int = 0
    age_ms_max: int = 0
    sight: Sight = Sight.CORRIDOR
    socket: Socket = Socket.DIRECT

    @property
    def name(self) -> str:
        return type_name(self.kind)

    @property
    def durable(self) -> bool:
        return self.stream == STREAM_DURABLE


_V, _S, _G, _O, _T, _P, _A = Role
_ALL: Final = frozenset(Role)


def _row(
    kind: type[Message],
    senders: set[Role],
    receivers: set[Role],
    *,
    stream: int = STREAM_SESSION,
    signed: bool = False,
    consumer: Consumer = Consumer.AGENT,
    sight: Sight = Sight.CORRIDOR,
) -> Topic:
    return Topic(
        kind,
        frozenset(senders),
        frozenset(receivers),
        consumer=consumer,
        stream=stream,
        signed=signed,
        sight=sight,
    )


def _stop_row(kind: type[Message]) -> Topic:
    """A stop and its end outlive a restart of either side, so that neither is ever forgotten."""
    return _row(
        kind,
        {_S, _G, _O, _P},
        {_V, _S},
        stream=STREAM_DURABLE,
        signed=True,
        consumer=Consumer.GUARD,
    )


_m, _g, _c, _l = movement_pb2, gate_pb2, customs_pb2, ledger_pb2
_p = people_pb2
_ROWS: Final = (
    # --- sessions ---
    Topic(envelope_pb2.Hello, _ALL, _ALL, Consumer.MAILBOX, STREAM_TELEMETRY),
    Topic(envelope_pb2.Ack, _ALL, _ALL, Consumer.MAILBOX, STREAM_TELEMETRY),
    # --- liveness: period and age ---
    Topic(
        envelope_pb2.NodeHeartbeat,
        frozenset({_S, _G, _O, _T, _A}),
        _ALL,
        stream=STREAM_TELEMETRY,
        period_ms=NODE_HEARTBEAT_MS,
        age_ms_max=NODE_SILENCE_MS,
    ),
    Topic(
        _m.VehicleHeartbeat,
        frozenset({_V}),
        frozenset({_S}),
        stream=STREAM_TELEMETRY,
        period_ms=HEARTBEAT_MS,
        age_ms_max=VEHICLE_SILENCE_MS,
    ),
    Topic(
        _m.Beacon,
        frozenset({_V}),
        frozenset({_V}),
        Consumer.PILOT,
        STREAM_TELEMETRY,
        signed=True,  # the air authenticates nobody: decision 0011
        period_ms=PILOT_PERIOD_MS,
        age_ms_max=500,
        socket=Socket.BROADCAST,
    ),
    # --- movement ---
    _row(_m.MissionOrder, {_S}, {_V}, signed=True),
    _row(_m.MissionReply, {_V}, {_S}),
    _row(_m.ClearanceNotice, {_S}, {_V}, consumer=Consumer.GUARD),
    _row(
        _m.RevocationNotice, {_S}, {_V}, stream=STREAM_DURABLE, consumer=Consumer.GUARD
    ),  # it finds a truck that was silent or restarted
    _row(_m.MovementAuthority, {_S}, {_V}, signed=True, consumer=Consumer.GUARD),
    _row(_m.AuthorityReply, {_V}, {_S}),
    _row(_m.PositionReport, {_V}, {_S}),
    _row(_m.FormationOrder, {_S}, {_V}, signed=True),
    _row(_m.FormationReply, {_V}, {_S}),
    _stop_row(_m.StopOrder),
    _stop_row(_m.StopLifted),
    _row(_m.OperatorCommand, {_P}, {_S, _G}, signed=True),
    _row(_m.OperatorReply, {_S, _G}, {_P}),
    _row(_m.BerthReport, {_T}, {_S}, stream=STREAM_DURABLE),
    _row(_m.Arrival, {_S}, {_T, _O}, stream=STREAM_DURABLE),
    _row(_m.SlotRequest, {_T}, {_S}, stream=STREAM_DURABLE),
    _row(_m.SlotReply, {_S}, {_T}, stream=STREAM_DURABLE),
    _row(_c.SealOpened, {_S}, {_O}, stream=STREAM_DURABLE),
    # --- people and weather ---
    _row(
        _p.PersonnelNotice, {_P, _S}, {_S, _V}, stream=STREAM_DURABLE, consumer=Consumer.GUARD
    ),  # it finds a truck that was silent or restarted
    _row(_p.PersonnelStatus, {_V, _S}, {_S, _P}, stream=STREAM_DURABLE),
    _row(_p.WeatherReport, {_G, _P}, {_S}, signed=True),
    # --- gates ---
    _row(_g.PassageRequest, {_V}, {_G}),
    _row(_g.Challenge, {_G}, {_V}),
    _row(_g.PermitRequest, {_V}, {_G}, signed=True),
    _row(_g.PermitGranted, {_G}, {_V}),
    _row(_g.PermitRefused, {_G}, {_V}),
    _row(_g.Passed, {_G}, {_V, _S, _O}, stream=STREAM_DURABLE),
    _row(_g.GateReport, {_G}, {_S}),
    _row(_g.DetectorReport, {_G}, {_S}),
    _row(_g.StationVisit, {_S}, {_G}, stream=STREAM_DURABLE),
    _row(_g.SlotNotice, {_S}, {_G}, stream=STREAM_DURABLE),
    _row(_c.StationResult, {_G}, {_S, _O}, stream=STREAM_DURABLE),
    # --- customs ---
    _row(_c.DeclarationSubmitted, {_T, _O}, {_O}, stream=STREAM_DURABLE, sight=Sight.CUSTOMS),
    _row(_c.DeclarationReply, {_O}, {_T}, stream=STREAM_DURABLE, sight=Sight.CUSTOMS),
    _row(_c.CrossingNotice, {_O}, {_S}, stream=STREAM_DURABLE),
    _row(_c.DecisionNotice, {_O, _S}, {_S, _G, _O}, stream=STREAM_DURABLE),
    _row(_c.EndorsementRequest, {_O}, {_A}, stream=STREAM_DURABLE, sight=Sight.CUSTOMS),
    _row(_c.EndorsementNotice, {_A}, {_O}, stream=STREAM_DURABLE, sight=Sight.CUSTOMS),
    _row(_c.DeskDecision, {_P}, {_O}, signed=True, sight=Sight.CUSTOMS),
    _row(_c.DeskReply, {_O}, {_P}, sight=Sight.CUSTOMS),
    _row(_c.StatusQuery, {_T, _P}, {_O}, sight=Sight.CUSTOMS),
    _row(_c.StatusReply, {_O}, {_T, _P}, sight=Sight.CUSTOMS),
    # --- why it waits ---
    _row(explain_pb2.ExplainQuery, {_P}, {_S}),
    _row(explain_pb2.ExplainReply, {_S}, {_P}),
    # --- ledgers ---
    _row(_l.HeadNotice, {_S, _G, _O, _A, _T}, {_O}),
    _row(_l.HeadCountersigned, {_O}, {_S, _G, _O, _A, _T}),
)

TOPICS: Final = {topic.name: topic for topic in _ROWS}
BY_KIND: Final = {topic.kind: topic for topic in _ROWS}

# Who opens the connection to whom; the other side listens.
LINKS: Final = frozenset(
    {
        (_V, _S),
        (_V, _G),
        (_G, _S),
        (_G, _O),
        (_O, _S),
        (_O, _O),
        (_T, _S),
        (_T, _O),
        (_P, _S),
        (_P, _G),
        (_P, _O),
        (_A, _O),
        (_A, _S),
    }
)
