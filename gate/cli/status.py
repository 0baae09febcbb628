"""`convoy-office status [DECLARATION]`: where is it, what does it wait for, and who can lift that?

From a run folder (`--from DIR`: its log and its ledger), or live from the office of one's own side
(`--config F` of a terminal or an operator). Without a declaration: everything that is still open.
A crossing's id is understood, too. Exit codes: 0 told, 1 unknown, 2 unusable input, 4 no answer.
Not here: what a row says (status_rows.py from a log, the office itself live).
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.agent import Boot, Effects, Now, Received, Role, Send
from contract.errors import ConfigError
from contract.reasons import Reason
from contract.v1.customs_pb2 import StatusQuery, StatusReply, StatusRow
from contract.v1.document_pb2 import Channel
from gate.cli.status_case import Told
from gate.cli.status_rows import is_open, rows_of
from live.config import ProgramConfig
from live.converse import converse
from live.errors import JournalError
from live.program import read_setting, version_text
from live.run_folder import file_in

EXIT_OK: Final = 0
EXIT_UNKNOWN: Final = 1
EXIT_UNUSABLE: Final = 2
EXIT_NO_ANSWER: Final = 4

EXAMPLES: Final = """\
examples:
  convoy-office status D-KZ-00001 --from runs/smoke-1
  convoy-office status --from runs/smoke-1
  convoy-office status D-KZ-00001 --config terminal-kz.toml

Exit codes: 0 told, 1 no such declaration, 2 unusable input, 4 no answer in time.
"""


class Asker:
    """Asks one office: by declaration, then by crossing, then what there is."""

    def __init__(self, office: str, wanted: str) -> None:
        self._office = office
        self._queries = [StatusQuery(query=3)]
        if wanted:
            first = StatusQuery(declaration_id=wanted, query=1)
            self._queries = [first, StatusQuery(crossing_id=wanted, query=2), *self._queries]
        self.answer: StatusReply | None = None
        self.found = False
        self.wake_ns: int | None = None

    @property
    def done(self) -> bool:
        """The office has told the rows that were asked for, or that it has none."""
        return not self._queries

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return [Send(self._office, self._queries[0])]

    def on_message(self, now: Now, received: Received) -> Effects:
        reply = received.message
        if self.done or not isinstance(reply, StatusReply) or received.sender != self._office:
            return []
        if reply.query != self._queries[0].query:
            return []
        asked = self._queries.pop(0)
        self.answer = reply
        self.found = bool(reply.rows) and bool(asked.declaration_id or asked.crossing_id)
        if self.found:
            self._queries = []
        return [Send(self._office, self._queries[0])] if self._queries else []

    def on_wake(self, now: Now, reading: object) -> Effects:
        return []


def main(argv: Sequence[str]) -> int:
    """The command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if (arguments.folder is None) == (arguments.config is None):
            raise ConfigError("--from DIR or --config F: one of the two")
        if arguments.folder is not None:
            return _from_folder(arguments, Path(arguments.folder))
        return _live(arguments)
    except (ConfigError, JournalError) as fault:
        print(f"convoy-office status: {fault}", file=sys.stderr)
        return EXIT_UNUSABLE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convoy-office status",
        description="Where a declaration is, what it waits for, and who can lift that by what.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("declaration", metavar="DECLARATION", nargs="?", default="")
    parser.add_argument("--from", dest="folder", metavar="DIR", help="a run folder")
    parser.add_argument("--config", type=Path, metavar="F", help="TOML of a terminal or operator")
    parser.add_argument("--side", choices=("KZ", "CN"), default="", help="which office is asked")
    parser.add_argument(
        "--wait", type=float, default=20.0, metavar="S", help="patience for the answer, seconds"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.add_argument("--version", action="version", version=version_text("convoy-office"))
    return parser


# --- from a run folder ---


def _from_folder(arguments: argparse.Namespace, folder: Path) -> int:
    rows = list(rows_of(events_of(folder)).values())
    wanted = arguments.declaration
    if not wanted:
        tell_open(arguments, [row for row in rows if is_open(row)])
        return EXIT_OK
    found = [row for row in rows if wanted in (row.declaration_id, row.crossing_id)]
    if not found:
        return _unknown(wanted, [row.declaration_id for row in rows], str(folder))
    ledger = ledger_of(folder, found[0].crossing_id)
    if arguments.json:
        print(json.dumps(as_values(found[0]) | {"ledger": ledger}))
    else:
        tell(found[0])
        said = ", ".join(f"{each['what']} {each['at']}" for each in ledger)
        print(f"ledger       {said or 'nothing yet'}")
    return EXIT_OK


def events_of(folder: Path) -> Iterator[Told]:
    """The log of a run folder, with times of day. Raises ConfigError."""
    start_ms = _start_ms(folder)
    path = file_in(folder, "events.jsonl")
    try:
        with path.open("rb") as log:
            for number, line in enumerate(log, 1):
                try:
                    said = msgspec.json.decode(line, type=dict[str, Any])
                    at_ms = start_ms + round(float(said.pop("t")) * 1_000.0)
                    node, event = str(said.pop("node")), str(said.pop("event"))
                except (msgspec.MsgspecError, KeyError, TypeError, ValueError, OverflowError):
                    raise ConfigError(f"{path}:{number}: no line of a log") from None
                yield Told(at_ms, node, event, said)
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}") from None
    except ValueError as fault:
        raise ConfigError(f"{str(path)!a}: {fault}") from None


def _start_ms(folder: Path) -> int:
    """When the run began, milliseconds UTC; 0 if the folder does not say."""
    try:
        text = (folder / "scenario.resolved.toml").read_text(encoding="utf-8")
        start: datetime = tomllib.loads(text)["time"]["start"]
        return round(start.timestamp() * 1_000.0)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def ledger_of(folder: Path, crossing: str) -> list[dict[str, Any]]:
    """What the ledgers of a run folder hold of one crossing, in order of time, as they stand:
    whether they are whole is `convoy-corridor ledger verify`'s to say.
    """
    found = []
    for path in sorted((folder / "ledger").glob("*.jsonl")):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                said = msgspec.json.decode(line, type=dict[str, Any])
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
            if said.get("crossing") == crossing and "record" in said:
                what = str(said.get("step") or said.get("kind"))
                at = f"{path.name}:{number}"
                found.append({"what": what, "at": at, "at_utc_ms": said.get("at_utc_ms")})
    return sorted(found, key=lambda each: (str(each["at_utc_ms"]), str(each["at"])))


# --- live ---


def _live(arguments: argparse.Namespace) -> int:
    setting = read_setting(arguments.config, ProgramConfig)
    me = setting.roster.nodes[setting.name]
    if me.role not in (Role.TERMINAL, Role.OPERATOR):
        raise ConfigError(f"{setting.name} is {me.role.value}; a terminal or an operator asks")
    office = setting.peer(Role.OFFICE, arguments.side or me.site)
    agent = Asker(office, arguments.declaration)
    converse(setting, agent, arguments.wait)
    answer = agent.answer
    if answer is None or not agent.done:
        print(f"{office} has not answered in {arguments.wait:g} s", file=sys.stderr)
        return EXIT_NO_ANSWER
    if not arguments.declaration:
        tell_open(arguments, list(answer.rows), cut=answer.cut)
        return EXIT_OK
    if not agent.found:
        return _unknown(arguments.declaration, [r.declaration_id for r in answer.rows], office)
    for row in answer.rows:
        if arguments.json:
            print(json.dumps(as_values(row)))
        else:
            tell(row)
    return EXIT_OK


# --- what is printed ---


def as_values(row: StatusRow) -> dict[str, Any]:
    """A row as one JSON object."""
    return {
        "declaration": row.declaration_id,
        "version": row.version,
        "crossing": row.crossing_id,
        "vehicle": row.vehicle_id,
        "channel": _channel(row),
        "stage": row.stage,
        "since_utc_ms": row.since_utc_ms,
        "reason": row.reason,
        "owner": row.owner,
        "lifted_by": row.lifted_by,
        "rules": list(row.rules),
        "history": [
            {"at_utc_ms": step.at_utc_ms, "stage": step.stage, "detail": step.detail}
            for step in row.history
        ],
    }


def _channel(row: StatusRow) -> str:
    return Channel.Name(row.channel).removeprefix("CHANNEL_").lower() if row.channel else ""


def clock(at_utc_ms: int) -> str:
    try:
        at = datetime.fromtimestamp(at_utc_ms / 1_000.0, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{at_utc_ms} ms"
    return f"{at:%Y-%m-%d %H:%M:%S}"


def tell(row: StatusRow) -> None:
    about = [f"version {row.version}", f"crossing {row.crossing_id}" if row.crossing_id else ""]
    about += [row.vehicle_id, f"{_channel(row)} channel" if row.channel else ""]
    print(f"{row.declaration_id}: {', '.join(word for word in about if word)}")
    print(f"stage        {row.stage}, since {clock(row.since_utc_ms)} UTC")
    if row.reason:
        print(f"reason       {_sentence(row.reason)}")
        print(f"whose move   {row.owner}")
        print(f"lifted by    {row.lifted_by}")
    elif is_open(row):
        print("reason       it does not wait for anybody")
    if row.rules:
        print(f"rules        {'; '.join(row.rules)}")
    print("history")
    width = max((len(step.stage) for step in row.history), default=0)
    for step in row.history:
        detail = f"  {step.detail}" if step.detail else ""
        print(f"  {clock(step.at_utc_ms)}  {step.stage:<{width}}{detail}".rstrip())


def _sentence(code: str) -> str:
    reason = Reason.__members__.get(code)
    return f"{code}: {reason.sentence}" if reason is not None else code


def tell_open(
    arguments: argparse.Namespace,
    rows: list[StatusRow],
    *,
    cut: bool = False,
    beside: Mapping[str, Any] | None = None,
) -> None:
    """`beside` is what one JSON object has beside the rows."""
    if arguments.json:
        said = {"open": [as_values(row) for row in rows], "cut": cut, **(beside or {})}
        print(json.dumps(said))
        return
    if not rows:
        print("nothing is open")
        return
    lines = [("declaration", "vehicle", "stage", "since (UTC)", "waits for", "whose move")]
    for row in rows:
        since = clock(row.since_utc_ms)
        lines.append(
            (row.declaration_id, row.vehicle_id, row.stage, since, row.reason or "-", row.owner)
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(f"{word:<{w}}" for word, w in zip(line, widths, strict=True)).rstrip())
    if cut:
        print("and more: ask for one of them")


def _unknown(wanted: str, known: list[str], where: str) -> int:
    near = get_close_matches(wanted, known, n=1, cutoff=0.0)
    hint = f"; the nearest is {near[0]}" if near else ""
    print(f"no declaration {wanted!a} is known to {where!a}{hint}", file=sys.stderr)
    return EXIT_UNKNOWN
