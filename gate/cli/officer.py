"""`convoy-office desk`: an officer's desk on a terminal - look, release, hold, refuse, reinstate.

Signed with the key of an operator's node and sent to the office, which decides whether the word
counts: what lies on the desk one officer releases; a refusal is overruled by two officers, and a
station of the other side that is suspended is believed again by two. Exit codes: 0 done, 1 the
office says no, 2 unusable input, 4 no answer. Not here: what a decision leads to
(gate/office/rulings.py, reinstatement.py).
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from google.protobuf.message import Message

from contract.agent import Boot, Effects, Now, Received, Role, Send
from contract.errors import ConfigError
from contract.reasons import Reason
from contract.v1.customs_pb2 import (
    DESK_VERDICT_HOLD,
    DESK_VERDICT_REFUSE,
    DESK_VERDICT_REINSTATE,
    DESK_VERDICT_RELEASE,
    DeskDecision,
    DeskReply,
    StatusQuery,
    StatusReply,
)
from gate.cli.status import as_values, tell, tell_open
from gate.cli.suspended import station_values, tell_station
from gate.office.phases import Phase
from live.config import ProgramConfig
from live.converse import converse
from live.errors import JournalError
from live.program import Setting, read_setting, version_text

EXIT_OK: Final = 0
EXIT_NO: Final = 1
EXIT_UNUSABLE: Final = 2
EXIT_NO_ANSWER: Final = 4
VERDICTS: Final = {
    "release": DESK_VERDICT_RELEASE,
    "hold": DESK_VERDICT_HOLD,
    "refuse": DESK_VERDICT_REFUSE,
    "reinstate": DESK_VERDICT_REINSTATE,
}
REINSTATE: Final = "reinstate"
ON_DESK: Final = (Phase.AT_DESK.value, Phase.REFUSED.value)

EXAMPLES: Final = """\
examples:
  convoy-office desk list --config officer-kz.toml
  convoy-office desk show KZ-00007 --config officer-kz.toml
  convoy-office desk release KZ-00007 --officer "A. Serik" --config officer-kz.toml
  convoy-office desk refuse KZ-00007 --officer "A. Serik" --reason "papers of another load" \\
      --config officer-kz.toml
  convoy-office desk reinstate cn_xray_w --officer "A. Serik" --reason "calibrated, protocol 17" \\
      --config officer-kz.toml

A refusal is overruled by `desk release` of two officers with keys of their own, neither of whom
refused. A station of the other side that the test of scans done twice has suspended is believed
again by `desk reinstate` of two officers with keys of their own; `desk list` names it.

Exit codes: 0 done, 1 the office says no, 2 unusable input, 4 no answer in time.
"""


class Asker:
    """Sends one message to an office and waits for the answer of its kind."""

    def __init__(self, office: str, message: Message, answer: type[Message]) -> None:
        self._office = office
        self._message = message
        self._kind = answer
        self.answer: Message | None = None
        self.wake_ns: int | None = None

    @property
    def done(self) -> bool:
        return self.answer is not None

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return [Send(self._office, self._message)]

    def on_message(self, now: Now, received: Received) -> Effects:
        if received.sender == self._office and isinstance(received.message, self._kind):
            self.answer = received.message
        return []

    def on_wake(self, now: Now, reading: object) -> Effects:
        return []


def main(argv: Sequence[str]) -> int:
    """The command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        setting = read_setting(arguments.config, ProgramConfig)
        setting.must_be(Role.OPERATOR)
        office = setting.peer(
            Role.OFFICE, arguments.side or setting.roster.nodes[setting.name].site
        )
        if arguments.act in VERDICTS:
            return _decide(arguments, setting, office)
        return _look(arguments, setting, office)
    except (ConfigError, JournalError) as fault:
        print(f"convoy-office desk: {fault}", file=sys.stderr)
        return EXIT_UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convoy-office desk",
        description="What lies on an office's desk, and an officer's decisions about it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("act", choices=("list", "show", *VERDICTS))
    parser.add_argument(
        "crossing", metavar="CROSSING", nargs="?", default="", help="of reinstate: the STATION"
    )
    parser.add_argument("--config", type=Path, required=True, metavar="F", help="operator's TOML")
    parser.add_argument("--side", choices=("KZ", "CN"), default="", help="which office is meant")
    parser.add_argument("--officer", default="", metavar="NAME", help="who decides")
    parser.add_argument("--reason", default="", metavar="TEXT", help="why; of all but a release")
    parser.add_argument("--all", action="store_true", help="list: everything open, not the desk")
    parser.add_argument(
        "--wait", type=float, default=20.0, metavar="S", help="patience for the answer, seconds"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.add_argument("--version", action="version", version=version_text("convoy-office"))
    return parser


def _decide(arguments: argparse.Namespace, setting: Setting[ProgramConfig], office: str) -> int:
    station = arguments.act == REINSTATE
    if not arguments.crossing:
        what = "STATION" if station else "CROSSING"
        raise ConfigError(f"desk {arguments.act}: {what}: missing; `desk list` names them")
    if not arguments.officer:
        raise ConfigError("--officer: missing; a decision bears the name of whoever made it")
    if arguments.act != "release" and not arguments.reason:
        raise ConfigError(f"--reason: missing; to {arguments.act} without one is not possible")
    decision = DeskDecision(
        crossing_id="" if station else arguments.crossing,
        station_id=arguments.crossing if station else "",
        verdict=VERDICTS[arguments.act],
        reason=arguments.reason,
        officer_id=arguments.officer,
    )
    agent = Asker(office, decision, DeskReply)
    converse(setting, agent, arguments.wait)
    reply = agent.answer
    if not isinstance(reply, DeskReply):
        return _silent(office, arguments.wait)
    if arguments.json:
        said = {"accepted": reply.accepted, "reason": reply.reason, "detail": reply.detail}
        print(json.dumps(said))
    else:
        reason = Reason.__members__.get(reply.reason)
        why = f": {reason.name}, {reason.sentence}" if reason is not None else ""
        why += f" ({reply.detail})" if reply.detail else ""
        done = "taken" if reply.accepted else "not taken"
        print(f"{office}: {arguments.act} {arguments.crossing} {done}{why}")
    return EXIT_OK if reply.accepted else EXIT_NO


def _look(arguments: argparse.Namespace, setting: Setting[ProgramConfig], office: str) -> int:
    if arguments.act == "show" and not arguments.crossing:
        raise ConfigError("desk show: CROSSING: missing; `desk list` names them")
    query = StatusQuery(query=1, crossing_id=arguments.crossing)
    agent = Asker(office, query, StatusReply)
    converse(setting, agent, arguments.wait)
    reply = agent.answer
    if not isinstance(reply, StatusReply):
        return _silent(office, arguments.wait)
    if arguments.act == "show":
        if not reply.rows:
            print(f"{office} has no crossing {arguments.crossing}", file=sys.stderr)
            return EXIT_NO
        if arguments.json:
            print(json.dumps(as_values(reply.rows[0])))
        else:
            tell(reply.rows[0])
        return EXIT_OK
    rows = [row for row in reply.rows if arguments.all or row.stage in ON_DESK]
    stations = {"suspended": [station_values(each) for each in reply.suspended]}
    tell_open(arguments, rows, cut=reply.cut, beside=stations)
    if not arguments.json:
        for station in reply.suspended:
            tell_station(station)
    return EXIT_OK


def _silent(office: str, wait_s: float) -> int:
    print(f"{office} has not answered in {wait_s:g} s", file=sys.stderr)
    return EXIT_NO_ANSWER
