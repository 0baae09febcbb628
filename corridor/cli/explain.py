"""`convoy-corridor explain [CROSSING|VEHICLE]`: why does it wait, and whose move is it?

Live from the supervisor (`--config F` of an operator), or from a run folder (`--from DIR`: its
log). Without a name: everybody who waits. The same text either way. Exit codes: 0 told, 1 not
known, 2 unusable input, 4 no answer in time. Not here: who waits for whom (corridor/explain.py).
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.agent import Boot, Effects, Now, Received, Role, Send
from contract.errors import ConfigError
from contract.v1.explain_pb2 import ExplainQuery, ExplainReply, WaitChain
from corridor.explain import about, chain_of, nearest, words
from corridor.explain_log import Said, fold
from live.config import ProgramConfig
from live.converse import converse
from live.errors import JournalError
from live.program import read_setting
from live.run_folder import file_in

EXIT_OK: Final = 0
EXIT_UNKNOWN: Final = 1
EXIT_UNUSABLE: Final = 2
EXIT_NO_ANSWER: Final = 4

EXAMPLES: Final = """\
examples:
  convoy-corridor explain truck-02 --from runs/smoke-1
  convoy-corridor explain KZ-00001 --config control-room.toml
  convoy-corridor explain --from runs/smoke-1

Exit codes: 0 told, 1 no such vehicle or crossing, 2 unusable input, 4 no answer in time.
"""


class Asker:
    """Asks the supervisor once."""

    def __init__(self, supervisor: str, name: str) -> None:
        self._supervisor = supervisor
        self._query = ExplainQuery(query=1, about=name)
        self.answer: ExplainReply | None = None
        self.wake_ns: int | None = None

    @property
    def done(self) -> bool:
        """The supervisor has answered."""
        return self.answer is not None

    def on_start(self, now: Now, boot: Boot, state: Mapping[str, bytes]) -> Effects:
        return [Send(self._supervisor, self._query)]

    def on_message(self, now: Now, received: Received) -> Effects:
        reply = received.message
        if isinstance(reply, ExplainReply) and received.sender == self._supervisor:
            self.answer = reply if reply.query == self._query.query else self.answer
        return []

    def on_wake(self, now: Now, reading: object) -> Effects:
        return []


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `explain` to the commands of convoy-corridor; the chosen one is in `args.run`."""
    parser = subparsers.add_parser(
        "explain",
        help="why a vehicle or crossing waits, and whose move it is",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", metavar="CROSSING|VEHICLE", nargs="?", default="")
    parser.add_argument("--from", dest="folder", type=Path, metavar="DIR", help="a run folder")
    parser.add_argument("--config", type=Path, metavar="F", help="TOML of an operator")
    parser.add_argument(
        "--wait", type=float, default=20.0, metavar="S", help="patience for the answer, seconds"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """The command; returns the exit code."""
    try:
        if (args.folder is None) == (args.config is None):
            raise ConfigError("--from DIR or --config F: one of the two")
        answer = from_folder(args.folder, args.name) if args.folder else _live(args)
    except (ConfigError, JournalError) as fault:
        print(f"convoy-corridor explain: {fault}", file=sys.stderr)
        return EXIT_UNUSABLE
    if answer is None:
        print(f"the supervisor has not answered in {args.wait:g} s", file=sys.stderr)
        return EXIT_NO_ANSWER
    if not answer.known:
        hint = f"; the nearest is {answer.nearest}" if answer.nearest else ""
        print(f"no vehicle or crossing {args.name!a} is known{hint}", file=sys.stderr)
        return EXIT_UNKNOWN
    _tell(args, answer)
    return EXIT_OK


def _live(args: argparse.Namespace) -> ExplainReply | None:
    setting = read_setting(args.config, ProgramConfig)
    me = setting.roster.nodes[setting.name]
    if me.role is not Role.OPERATOR:
        raise ConfigError(f"{setting.name} is {me.role.value}; an operator asks")
    agent = Asker(setting.peer(Role.SUPERVISOR), args.name)
    converse(setting, agent, args.wait)
    return agent.answer


def from_folder(folder: Path, name: str) -> ExplainReply:
    """What the log of a run folder says, as of its end. Raises ConfigError."""
    book = fold(events_of(folder))
    book.at_ms = max(book.at_ms, _end_ms(folder))
    chains = [chain_of(book, vehicle) for vehicle in sorted(book.waits)] if not name else []
    if not name:
        return ExplainReply(known=True, chains=chains)
    found = about(book, name)
    if found is None:
        return ExplainReply(nearest=nearest(book, name))
    return ExplainReply(known=True, chains=[found])


def _end_ms(folder: Path) -> int:
    """How long the run was, milliseconds; 0 if the folder does not say, as of a run under way."""
    try:
        result = msgspec.json.decode((folder / "result.json").read_bytes(), type=dict[str, Any])
        return round(1_000.0 * float(result["performance"]["simulated_s"]))
    except (OSError, ValueError, KeyError, TypeError, msgspec.MsgspecError):
        return 0


def events_of(folder: Path) -> Iterator[Said]:
    """The log of a run folder, times in milliseconds since its start. Raises ConfigError."""
    path = file_in(folder, "events.jsonl")
    try:
        with path.open("rb") as log:
            for number, line in enumerate(log, 1):
                try:
                    row = msgspec.json.decode(line, type=dict[str, Any])
                    yield Said(round(float(row["t"]) * 1_000.0), str(row["event"]), row)
                except (msgspec.MsgspecError, KeyError, TypeError, ValueError, OverflowError):
                    raise ConfigError(f"{path}:{number}: no line of a log") from None
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}") from None


def as_values(chain: WaitChain) -> dict[str, Any]:
    """A chain as one JSON object."""
    return {
        "vehicle": chain.vehicle,
        "crossing": chain.crossing,
        "chain": [
            {
                "who": link.who,
                "crossing": link.crossing,
                "reason": link.reason,
                "sentence": link.sentence,
                "resource": link.resource,
                "holder": link.holder,
                "party": link.party,
                "lifted_by": link.lifted_by,
                "waited_ms": link.waited_ms,
            }
            for link in chain.links
        ],
        "cycle": list(chain.cycle),
        "root": chain.root,
    }


def _tell(args: argparse.Namespace, answer: ExplainReply) -> None:
    if args.json:
        print(json.dumps({"chains": [as_values(c) for c in answer.chains], "cut": answer.cut}))
        return
    for line in _lines(answer.chains):
        print(line)
    if not answer.chains:
        print("nobody waits")
    if answer.cut:
        print("and more: ask for one of them")


def _lines(chains: Iterable[WaitChain]) -> Iterator[str]:
    for chain in chains:
        yield from words(chain)
