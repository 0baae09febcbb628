"""Program `convoy-keys`: make key folders and a roster, and show them. Never prints a secret."""

import argparse
import sys
import tomllib
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import msgspec

from contract.agent import Role
from contract.errors import ConfigError
from contract.signing import key_id
from live.keys import KEY_FILE, NodeSpec, load_keys
from live.roster import COUNTRIES, ROSTER_FILE, Enrolment, enrol, fingerprint, load_roster

EXAMPLES: Final = """\
examples:
  convoy-keys init keys --node office-kz:office:KZ --node office-cn:office:CN \\
      --node supervisor:supervisor --node gate-kz:gate:KZ --node truck-01:vehicle
  convoy-keys init keys --nodes nodes.toml --staging
  convoy-keys show keys             public keys, and the pins for [trust]
  convoy-keys roster keys           verify keys/roster.json and print it

nodes.toml:
  [[node]]
  name = "office-kz"
  role = "office"       # vehicle, supervisor, gate, office, terminal, operator, agency
  site = "KZ"           # offices: KZ or CN

Each machine gets its own folder DIR/NAME and DIR/roster.json, nothing else.
Exit codes: 0 done, 2 input that cannot be used.
"""


class _NodeRow(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    role: Role
    site: str = ""


class _NodesFile(msgspec.Struct, forbid_unknown_fields=True):
    node: list[_NodeRow]


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        if arguments.command == "init":
            _init(arguments)
        elif arguments.command == "show":
            _show(arguments.folder)
        else:
            _roster(arguments.folder)
    except ConfigError as fault:
        print(f"convoy-keys: {fault}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="convoy-keys",
        description="Make the keys of a corridor and the roster that both customs offices sign.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(dest="command", required=True)
    init = commands.add_parser("init", help="make keys and roster in DIR")
    init.add_argument("folder", type=Path, metavar="DIR")
    init.add_argument("--nodes", type=Path, metavar="FILE.toml", help="table of nodes")
    init.add_argument(
        "--node", action="append", default=[], metavar="NAME:ROLE[:SITE]", help="one node; repeats"
    )
    init.add_argument(
        "--staging", action="store_true", help="mark the roster as good for staged runs only"
    )
    for name, text in (("show", "public keys and pins"), ("roster", "verify and print")):
        command = commands.add_parser(name, help=text)
        command.add_argument("folder", type=Path, metavar="DIR")
    return parser


def _version() -> str:
    try:
        return f"convoy-keys {version('smart-corridor')}"
    except PackageNotFoundError:
        return "convoy-keys (not installed)"


def _init(arguments: argparse.Namespace) -> None:
    specs = [_spec(text) for text in arguments.node]
    if arguments.nodes is not None:
        specs += _nodes_file(arguments.nodes)
    if not specs:
        raise ConfigError("no nodes: give --nodes FILE.toml or --node NAME:ROLE[:SITE]")
    made = enrol(specs, staging=arguments.staging)
    made.write(arguments.folder)
    print(f"{len(made.keys)} nodes written to {arguments.folder}")
    _print_trust(made)


def _spec(text: str) -> NodeSpec:
    name, _, rest = text.partition(":")
    role, _, site = rest.partition(":")
    roles = ", ".join(item.value for item in Role)
    if role not in {item.value for item in Role}:
        raise ConfigError(f"--node {text!r}: role {role!r}; expected NAME:ROLE[:SITE] with {roles}")
    return NodeSpec(name, Role(role), site)


def _nodes_file(path: Path) -> list[NodeSpec]:
    try:
        content = msgspec.convert(tomllib.loads(path.read_text("utf-8")), _NodesFile)
    except OSError as fault:
        raise ConfigError(f"{path}: {fault.strerror}") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: {fault}; see convoy-keys --help for its form") from None
    return [NodeSpec(row.name, row.role, row.site) for row in content.node]


def _print_trust(made: Enrolment) -> None:
    print("\nFor every program's configuration, once both offices have compared them:\n\n[trust]")
    for country in COUNTRIES:
        for key in made.roster.release_keys[country]:
            print(f'{country} = "{key.hex()}"')
    print(f"\nroster: {fingerprint(made.roster_file)}")


def _show(folder: Path) -> None:
    roster, table = load_roster(folder / ROSTER_FILE)
    print(f"{'node':<20} {'role':<11} {'site':<12} {'key id':<33} secrets here")
    for name in sorted(roster.nodes):
        node = roster.nodes[name]
        here = "no"
        if (folder / name / KEY_FILE).exists():
            keys = load_keys(folder, name)
            fits = keys.signer.public_key == node.public_key and keys.curve_public == table[name]
            here = "yes" if fits else "yes, but NOT THOSE OF THE ROSTER"
            if keys.release_signer is not None:
                here += ", with release key"
        print(f"{name:<20} {node.role.value:<11} {node.site:<12} {node.key_id.hex():<33} {here}")
    print("\n[trust]")
    for country in COUNTRIES:
        for public in roster.release_keys[country].values():
            print(f'{country} = "{key_id(public).hex()}"')


def _roster(folder: Path) -> None:
    path = folder / ROSTER_FILE
    roster, _ = load_roster(path)
    data = path.read_bytes()
    kind = "for staging only" if roster.staging else "for the road"
    print(data.decode().rstrip())
    print(
        f"version {roster.version}, {len(roster.nodes)} nodes, {kind}, signed by both offices\n"
        f"fingerprint {fingerprint(data)}",
        file=sys.stderr,
    )


if __name__ == "__main__":
    sys.exit(main())
