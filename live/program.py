"""What the main of every program has in common: arguments, checks, composition, exit code.

A role's `__main__` says how to build its agent and its body; all between the command line and the
loop is here. Exit codes: 0 stopped, 2 input that cannot be used, 3 crash, 130 interrupted.
Not here: commands beside the loop (`<role>/cli`), the loop itself (live/shell.py).
"""

import argparse
import os
import resource
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

import msgspec

from contract.agent import Agent, Role
from contract.envelope import Identity
from contract.errors import ConfigError
from contract.mailbox import Mailbox
from contract.map import CorridorMap, compile_map
from contract.node import Node
from contract.roster import Roster
from live import self_test
from live.body import Body
from live.clock import Clock, make_clock
from live.config import ProgramConfig, check_address, config_digest, parse, read_file
from live.errors import JournalError
from live.events import ShellEvent
from live.journal import JournalFile
from live.keys import NodeKeys, load_keys
from live.link import Link, Share
from live.logs import Log
from live.resources import map_bytes
from live.roster import CurveTable, load_roster
from live.shell import Shell
from live.surroundings import Surroundings

ConfigT = TypeVar("ConfigT", bound=ProgramConfig)
AgentT = TypeVar("AgentT", bound=Agent[Any])
EXIT_UNUSABLE: Final = 2


@dataclass(frozen=True, slots=True)
class Setting(Generic[ConfigT]):
    """Everything that was read and verified before a program is put together."""

    config: ConfigT
    roster: Roster
    keys: NodeKeys
    map: CorridorMap
    clock: Clock
    curve_table: CurveTable
    config_digest: bytes

    @property
    def name(self) -> str:
        """This node's name in the roster."""
        return self.config.node.name

    def peer(self, role: Role, site: str = "") -> str:
        """The one peer of this role, at this site if one is given. Raises ConfigError."""
        nodes = self.roster.nodes
        found = [
            name
            for name in sorted(self.config.peers)
            if nodes[name].role is role and site in ("", nodes[name].site)
        ]
        if len(found) != 1:
            what = f"{role.value} of {site}" if site else role.value
            said = ", ".join(found) or "none"
            raise ConfigError(f"peers: {said}; expected the address of one {what}")
        return found[0]

    def must_be(self, role: Role) -> None:
        """Raises ConfigError if the roster has this node in another role."""
        found = self.roster.nodes[self.name].role
        if found is not role:
            raise ConfigError(
                f"node.name = {self.name!r}: the roster has it as {found.value},"
                f" expected a {role.value}"
            )


def _peers(setting: Setting[Any]) -> Iterable[str]:
    return sorted(setting.config.peers)


def _no_fault(setting: Setting[Any]) -> None:
    del setting


def _no_epoch(agent: Any) -> Callable[[], int]:
    del agent
    return lambda: 0


@dataclass(frozen=True, slots=True)
class ProgramSpec(Generic[ConfigT, AgentT]):
    """How a role differs from the others.

    greets   whom to greet at the start; all configured peers unless said otherwise
    epoch    from the agent, what its envelopes carry; the supervisor's alone is not 0
    check    judges the setting beyond its types; raises ConfigError
    """

    name: str
    summary: str
    config_type: type[ConfigT]
    build_agent: Callable[[Setting[ConfigT]], AgentT]
    build_body: Callable[[Setting[ConfigT]], Body[Any]]
    greets: Callable[[Setting[ConfigT]], Iterable[str]] = _peers
    epoch: Callable[[AgentT], Callable[[], int]] = _no_epoch
    check: Callable[[Setting[ConfigT]], None] = _no_fault
    examples: str = ""


def run_program(spec: ProgramSpec[ConfigT, AgentT], argv: Sequence[str] | None = None) -> int:
    """The whole life of one program; returns its exit code."""
    arguments = _parser(spec).parse_args(argv)
    if sys.flags.optimize:
        sys.stderr.write(f"{spec.name}: python -O removes checks; start it without\n")
        return EXIT_UNUSABLE
    try:
        setting = read_setting(arguments.config, spec.config_type)
        spec.check(setting)
        if arguments.check_config:
            _rehearse(spec, setting)
            sys.stdout.write(f"{spec.name}: {arguments.config} is good; {_in_short(setting)}\n")
            return 0
        return _live(spec, setting)
    except (ConfigError, JournalError) as fault:
        sys.stderr.write(f"{spec.name}: {fault}\n")
        return EXIT_UNUSABLE


def told(command: Callable[[Any], int], arguments: Any) -> int:
    """Run a command that prints: its exit code, 0 where whoever reads has stopped reading."""
    try:
        code = command(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def version_text(name: str) -> str:
    """What --version prints."""
    try:
        return f"{name} {version('smart-corridor')}"
    except PackageNotFoundError:
        return f"{name} (not installed)"


def _parser(spec: ProgramSpec[ConfigT, AgentT]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=spec.name,
        description=spec.summary,
        epilog="\n".join(
            (
                "examples:",
                f"  {spec.name} --config /etc/convoy/{spec.name}.toml",
                f"  {spec.name} --config {spec.name}.toml --check-config",
                *spec.examples.splitlines(),
                "",
                "Exit codes: 0 stopped, 2 input that cannot be used, 3 crash, 130 interrupted.",
            )
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, required=True, metavar="F", help="TOML file")
    parser.add_argument(
        "--check-config", action="store_true", help="read and judge everything, start nothing"
    )
    parser.add_argument("--version", action="version", version=version_text(spec.name))
    return parser


def read_setting(path: Path, kind: type[ConfigT]) -> Setting[ConfigT]:
    """Read and verify config, roster, keys and map. Raises ConfigError."""
    data = read_file(path)
    config = parse(data, kind, str(path))
    node = config.node
    roster, table = load_roster(Path(node.roster), msgspec.structs.asdict(config.trust))
    keys = load_keys(Path(node.keys), node.name)
    _check_node(config, roster, keys, table)
    if config.listen.address is not None:
        check_address(config.listen.address, f"{path}: listen.address", listening=True)
    for name, address in config.peers.items():
        if name not in roster.nodes or name == node.name:
            raise ConfigError(f"{path}: peers.{name}: expected another node of the roster")
        check_address(address, f"{path}: peers.{name}")
    if config.body.address is not None:
        check_address(config.body.address, f"{path}: body.address")
    if config.listen.address is None and not config.peers:
        raise ConfigError(f"{path}: neither [listen] nor [peers]: nobody could be heard")
    corridor_map = compile_map(map_bytes(config.map.file))
    clock = make_clock(config.clock, staging=roster.staging)
    return Setting(config, roster, keys, corridor_map, clock, table, config_digest(data))


def _check_node(config: ProgramConfig, roster: Roster, keys: NodeKeys, table: CurveTable) -> None:
    name = config.node.name
    node = roster.nodes.get(name)
    if node is None:
        known = ", ".join(sorted(roster.nodes)[:20])
        raise ConfigError(f"node.name = {name!r}: not in the roster, which has {known}")
    if node.public_key != keys.signer.public_key or table[name] != keys.curve_public:
        raise ConfigError(
            f"keys of {name} in {config.node.keys} are not those of {config.node.roster};"
            " expected keys and roster of the same enrolment"
        )
    release = keys.release_signer
    listed = roster.release_keys.get(node.site, {})
    if release is not None and release.key_id not in listed:
        raise ConfigError(f"release key of {name} is not in the roster for {node.site!r}")


def _in_short(setting: Setting[Any]) -> str:
    role = setting.roster.nodes[setting.name].role.value
    return f"{setting.name} ({role}), map {setting.map.digest.hex()[:12]}"


def _rehearse(spec: ProgramSpec[ConfigT, AgentT], setting: Setting[ConfigT]) -> None:
    """Build the agent and throw it away: a role's own faults show here too."""
    spec.build_agent(setting)


def _live(spec: ProgramSpec[ConfigT, AgentT], setting: Setting[ConfigT]) -> int:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the keys
    config, name = setting.config, setting.name
    log = Log(form=config.log.form, level=config.log.level)
    with ExitStack() as stack:
        journal = JournalFile.open(Path(config.node.journal))
        stack.callback(journal.close)
        checks = self_test.run(journal)
        log.write(name, setting.clock.now(), ShellEvent.SELF_TEST_PASSED, {"checks": checks})
        agent = spec.build_agent(setting)
        body = spec.build_body(setting)
        stack.callback(body.close)
        link = Link(
            setting.keys,
            setting.curve_table,
            listen=config.listen.address,
            peers=config.peers,
            share=Share(config.listen.peer_rate_per_s, config.listen.peer_burst),
        )
        stack.callback(link.close)
        if link.address is not None:
            fields = {"address": link.address}
            log.write(name, setting.clock.now(), ShellEvent.LISTENING_STARTED, fields)
        node = Node(agent, _mailbox(spec, setting, agent))
        world = Surroundings(link, journal, body, setting.clock, log)
        return Shell(name, node, world).run()


def _mailbox(
    spec: ProgramSpec[ConfigT, AgentT], setting: Setting[ConfigT], agent: AgentT
) -> Mailbox:
    identity = Identity(
        setting.name,
        setting.roster.nodes[setting.name].role,
        setting.keys.signer,
        setting.map.digest,
        setting.config_digest,
    )
    greets, epoch = spec.greets(setting), spec.epoch(agent)
    return Mailbox(identity, setting.roster, greets=greets, epoch=epoch)
