"""`convoy-office declare FILE`: judge a declaration, and file it as a terminal.

Every fault at once, one a line with its place, and exit code 2; or it is signed with the terminal's
key, written into the terminal's ledger, sent to the office of its side and the answer is printed.
The head of the ledger goes to both offices in the same conversation; whichever cannot be reached
gets it with the next one. With --check neither a configuration nor a network is needed; --template
prints a declaration to begin with.
Not here: what is wrong with a declaration (gate/office/declaration.py), JSON (declaration_json.py),
retries (the mailbox).
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import indent
from typing import Final

from contract.agent import NS_PER_MS, Boot, Effects, Now, Received, Refused, Role, Send
from contract.errors import ConfigError
from contract.heads import NodeLedger
from contract.limits import FRAME_BYTES_MAX
from contract.signing import seal_document
from contract.v1.customs_pb2 import Declaration, DeclarationReply, DeclarationSubmitted
from contract.v1.ledger_pb2 import HeadCountersigned
from contract.wire import check, parse
from gate.cli.declaration_json import read_json
from gate.cli.declaration_template import TEMPLATES, template
from gate.office.declaration import faults
from live.config import ProgramConfig
from live.converse import converse
from live.errors import JournalError
from live.program import read_setting, version_text

EXIT_OK: Final = 0
EXIT_REFUSED: Final = 1
EXIT_UNUSABLE: Final = 2
EXIT_NO_ANSWER: Final = 4
COUNTERSIGN_MS: Final = 2_000  # patience for the signature under the head, behind the answer
JSON_BEGINS: Final = (b"{", b"[", b'"', b"\xef")  # the last: a byte order mark

EXAMPLES: Final = f"""\
examples:
  convoy-office declare --template loaded > declaration.json
  convoy-office declare declaration.json --check
  convoy-office declare declaration.json --config terminal-kz.toml

A declaration in JSON has the fields of contract/v1/customs.proto, as gross_mass_kg or grossMassKg;
bytes are base64. An empty run:

{indent(template("empty"), "  ")}
A file that is no JSON is read as the binary message.

Exit codes: 0 accepted (in order; printed), 1 refused by the office, 2 faults or unusable input,
4 no answer in time.
"""


class Declarant:
    """The least of a terminal: files one declaration, keeps its ledger and hears the answer."""

    def __init__(
        self,
        office: str,
        submitted: DeclarationSubmitted,
        declaration_id: str,
        ledger: NodeLedger,
    ) -> None:
        self._office = office
        self._submitted = submitted
        self._id = declaration_id
        self._ledger = ledger
        self._until_ns: int | None = None
        self._waited = False
        self.answer: DeclarationReply | None = None

    @property
    def done(self) -> bool:
        """The office has answered, and signed under the head, or taken too long for that."""
        seen = self._office not in self._ledger.lacking
        return self.answer is not None and (seen or self._waited)

    @property
    def wake_ns(self) -> int | None:
        return self._until_ns

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        self._ledger.restore(now, state)
        filed = self._ledger.chained(now, [Send(self._office, self._submitted)])
        return [*filed, *self._ledger.announced(now)]

    def on_message(self, now: Now, received: Received) -> Effects:
        reply = received.message
        if isinstance(reply, HeadCountersigned):
            return self._ledger.on_countersigned(now, received)
        if not isinstance(reply, DeclarationReply) or received.sender != self._office:
            return []
        if reply.declaration_id in (self._id, ""):
            self.answer = reply
            self._until_ns = now.mono_ns + COUNTERSIGN_MS * NS_PER_MS
        return []

    def on_wake(self, now: Now, reading: object) -> Effects:
        self._waited = self._until_ns is not None and now.mono_ns >= self._until_ns
        return []


def main(argv: Sequence[str]) -> int:
    """The command; returns the exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.template is not None:
        print(template(arguments.template), end="")
        return EXIT_OK
    if arguments.file is None:
        parser.error("FILE: missing; a declaration, or --template")
    try:
        declaration, said = read_declaration(Path(arguments.file))
        if said:
            for fault in said:
                print(f"{arguments.file}: {fault}", file=sys.stderr)
            count = f"{len(said)} fault{'s' if len(said) > 1 else ''}"
            print(f"{arguments.file}: {count}; not filed", file=sys.stderr)
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
    parser.add_argument("file", nargs="?", metavar="FILE", help="the declaration, JSON or binary")
    parser.add_argument(
        "--template", choices=tuple(TEMPLATES), help="print a declaration to begin with, and end"
    )
    parser.add_argument("--check", action="store_true", help="judge only, send nothing")
    parser.add_argument("--config", type=Path, metavar="F", help="TOML file of a terminal")
    parser.add_argument(
        "--wait", type=float, default=20.0, metavar="S", help="patience for the answer, seconds"
    )
    parser.add_argument("--version", action="version", version=version_text("convoy-office"))
    return parser


def read_declaration(path: Path) -> tuple[Declaration, list[str]]:
    """The declaration in a file and all its faults. Raises ConfigError if there is none in it."""
    try:
        with path.open("rb") as file:
            data = file.read(FRAME_BYTES_MAX + 1)
    except (OSError, ValueError) as fault:
        raise ConfigError(f"{path}: {getattr(fault, 'strerror', fault)}") from None
    if len(data) > FRAME_BYTES_MAX:
        raise ConfigError(f"{path}: longer than {FRAME_BYTES_MAX} bytes")
    parsed = parse(Declaration, data)
    if not isinstance(parsed, Refused):
        return parsed, faults(parsed)
    if data.lstrip()[:1] in JSON_BEGINS:
        return _from_json(path, data)
    raise ConfigError(f"{path}: no declaration: {parsed.reason.name} {parsed.detail}")


def _from_json(path: Path, data: bytes) -> tuple[Declaration, list[str]]:
    try:
        reading = read_json(data)
    except ConfigError as fault:
        raise ConfigError(f"{path}: {fault}") from None
    said = reading.all_faults()
    refused = check(reading.declaration)
    if refused is not None and not said:
        said = [f"$: {refused.reason.name} {refused.detail}, expected what the wire carries"]
    return reading.declaration, said


def _file(arguments: argparse.Namespace, declaration: Declaration) -> int:
    setting = read_setting(arguments.config, ProgramConfig)
    setting.must_be(Role.TERMINAL)
    office = setting.peer(Role.OFFICE, setting.roster.nodes[setting.name].site)
    document = seal_document(setting.keys.signer, declaration)
    submitted = DeclarationSubmitted(declaration=document)
    ledger = NodeLedger(setting.name, setting.keys.signer, setting.roster)
    agent = Declarant(office, submitted, declaration.declaration_id, ledger)
    converse(setting, agent, arguments.wait)
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
