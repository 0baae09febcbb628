"""`convoy-office declare FILE`: judge a declaration, and file it as a terminal.

Every fault at once, one a line with its place, and exit code 2; or it is signed with the terminal's
key, sent to the office of the terminal's side and its answer is printed.
Not here: what is wrong with a declaration (gate/office/declaration.py), retries (the mailbox).
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from google.protobuf import json_format

from contract.agent import NS_PER_S, Boot, Effects, Now, Received, Refused, Role, Send
from contract.envelope import Identity
from contract.errors import ConfigError
from contract.limits import FRAME_BYTES_MAX
from contract.mailbox import Mailbox, Transmit
from contract.node import Node, Turn
from contract.signing import seal_document
from contract.v1.customs_pb2 import Declaration, DeclarationReply, DeclarationSubmitted
from contract.wire import check, parse
from gate.office.declaration import faults
from live.config import ProgramConfig
from live.errors import JournalError
from live.journal import JournalFile
from live.link import Link
from live.program import Setting, read_setting, version_text

EXIT_OK: Final = 0
EXIT_REFUSED: Final = 1
EXIT_UNUSABLE: Final = 2
EXIT_NO_ANSWER: Final = 4
POLL_MS: Final = 20

EXAMPLES: Final = """\
examples:
  convoy-office declare declaration.json --check
  convoy-office declare declaration.json --config terminal-kz.toml

A declaration in JSON has the fields of contract/v1/customs.proto; bytes are base64:
  {"declarationId": "D-1", "version": 1, "crossingId": "KZ-1", "direction": "DIRECTION_EAST",
   "vehicleId": "truck-01", "vehicleKeyId": "AAAAAAAAAAAAAAAAAAAAAA==", "trailerId": "T-1",
   "seals": ["S-1"], "grossMassKg": 36800, "cargoMassKg": 21800,
   "consignor": {"traderId": "a"}, "consignee": {"traderId": "b"},
   "goods": [{"hsCode": "1206", "netMassKg": 21800, "packages": 1}]}
A file that is no JSON is read as the binary message.

Exit codes: 0 accepted (or in order), 1 refused by the office, 2 faults or unusable input,
4 no answer in time.
"""


class Declarant:
    """The least of a terminal: files one declaration and hears the answer."""

    def __init__(self, office: str, submitted: DeclarationSubmitted, declaration_id: str) -> None:
        self._office = office
        self._submitted = submitted
        self._id = declaration_id
        self.answer: DeclarationReply | None = None
        self.wake_ns: int | None = None

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return [Send(self._office, self._submitted)]

    def on_message(self, now: Now, received: Received) -> Effects:
        reply = received.message
        if not isinstance(reply, DeclarationReply) or received.sender != self._office:
            return []
        if reply.declaration_id in (self._id, ""):
            self.answer = reply
        return []

    def on_wake(self, now: Now, reading: object) -> Effects:
        return []


def main(argv: Sequence[str]) -> int:
    """The command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        declaration = read_declaration(Path(arguments.file))
        said = faults(declaration)
        if said:
            for fault in said:
                print(f"{arguments.file}: {fault}", file=sys.stderr)
            print(f"{arguments.file}: {len(said)} faults; not filed", file=sys.stderr)
            return EXIT_UNUSABLE
        if arguments.check:
            print(f"{arguments.file}: {declaration.declaration_id} is in order; not filed")
            return EXIT_OK
        if arguments.config is None:
            raise ConfigError("--config: missing; the configuration of a terminal, or --check")
        return _file(arguments, declaration)
    except (ConfigError, JournalError) as fault:
        print(f"convoy-office declare: {fault}", file=sys.stderr)
        return EXIT_UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convoy-office declare",
        description="Judge a declaration, and file it as a terminal.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="the declaration, JSON or binary")
    parser.add_argument("--check", action="store_true", help="judge only, send nothing")
    parser.add_argument("--config", type=Path, metavar="F", help="TOML file of a terminal")
    parser.add_argument(
        "--wait", type=float, default=20.0, metavar="S", help="patience for the answer, seconds"
    )
    parser.add_argument("--version", action="version", version=version_text("convoy-office"))
    return parser


def read_declaration(path: Path) -> Declaration:
    """The declaration in a file. Raises ConfigError with place and what was expected."""
    try:
        with path.open("rb") as file:
            data = file.read(FRAME_BYTES_MAX + 1)
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}") from None
    if len(data) > FRAME_BYTES_MAX:
        raise ConfigError(f"{path}: longer than {FRAME_BYTES_MAX} bytes")
    if data.lstrip()[:1] == b"{":
        return _from_json(path, data)
    parsed = parse(Declaration, data)
    if isinstance(parsed, Refused):
        raise ConfigError(f"{path}: no declaration: {parsed.reason.name} {parsed.detail}")
    return parsed


def _from_json(path: Path, data: bytes) -> Declaration:
    try:
        declaration = json_format.Parse(data.decode("utf-8"), Declaration())
    except UnicodeDecodeError as fault:
        raise ConfigError(f"{path}: byte {fault.start} is not UTF-8") from None
    except json_format.ParseError as fault:
        raise ConfigError(f"{path}: {fault}") from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deeply") from None
    refused = check(declaration)
    if refused is not None:
        raise ConfigError(f"{path}: {refused.reason.name} {refused.detail}")
    return declaration


def _file(arguments: argparse.Namespace, declaration: Declaration) -> int:
    setting = read_setting(arguments.config, ProgramConfig)
    setting.must_be(Role.TERMINAL)
    office = setting.peer(Role.OFFICE, setting.roster.nodes[setting.name].site)
    document = seal_document(setting.keys.signer, declaration)
    submitted = DeclarationSubmitted(declaration=document)
    agent = Declarant(office, submitted, declaration.declaration_id)
    journal = JournalFile.open(Path(setting.config.node.journal))
    try:
        _converse(setting, agent, journal, arguments.wait)
    finally:
        journal.close()
    answer = agent.answer
    if answer is None:
        print(f"{office} has not answered in {arguments.wait:g} s", file=sys.stderr)
        return EXIT_NO_ANSWER
    if answer.accepted:
        print(f"{answer.declaration_id} version {answer.version} accepted by {office}")
        return EXIT_OK
    for fault in answer.faults:
        print(f"{office}: {fault}", file=sys.stderr)
    print(f"{office} refused it: {answer.reason}", file=sys.stderr)
    return EXIT_REFUSED


def _converse(
    setting: Setting[ProgramConfig], agent: Declarant, journal: JournalFile, wait_s: float
) -> None:
    """Until the office has answered or patience is over."""
    identity = Identity(
        setting.name, Role.TERMINAL, setting.keys.signer, setting.map.digest, setting.config_digest
    )
    link = Link(setting.keys, setting.curve_table, peers=setting.config.peers)
    node: Node[Any] = Node(agent, Mailbox(identity, setting.roster, greets=setting.config.peers))
    try:
        now = setting.clock.now()
        end_ns = now.mono_ns + int(wait_s * NS_PER_S)
        _carry(node.start(now, journal.boot(), journal.state), journal, link)
        while agent.answer is None and now.mono_ns < end_ns:
            link.poll(POLL_MS)
            now = setting.clock.now()
            for sender, raw in link.receive():
                _carry(node.receive(now, raw, sender), journal, link)
            _carry(node.wake(now, None), journal, link)
    finally:
        link.close()


def _carry(turn: Turn, journal: JournalFile, link: Link) -> None:
    """Commit, then send: the order that every shell keeps."""
    if turn.records:
        journal.commit(turn.records)
    for effect in turn.then:
        if isinstance(effect, Transmit):
            link.send(effect.to, effect.raw)
