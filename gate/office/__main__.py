"""convoy-office: the program of one customs office, and filing a declaration by hand.

Composition: the office's agent, its desks if it has any, the live shell. Which office it is says
its site in the roster. A node that the roster has as an agency gets the agencies' counter of
gate/cli/agencies.py. `convoy-office declare` is in gate/cli/declare.py. Not here: decisions.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.agent import Role
from contract.errors import ConfigError
from contract.limits import RELEASE_VALID_MS
from contract.selection import SEED_BYTES
from contract.signing import Signer
from contract.sites import bays_by_direction, stations_by_direction
from gate.cli import agencies, audit, declare, officer, status
from gate.cli.desk import NoDesks, OfficeDesks, desks_of
from gate.office.agent import OfficeAgent, OfficeConfig
from gate.office.places import Places, unknown_places
from gate.office.rulebook import RuleBook, read_book
from gate.office.rules import Rules, Shares
from live.config import ProgramConfig, read_file
from live.program import ProgramSpec, Setting, read_setting, run_program, told

MINUTE_MS: Final = 60_000.0
EXIT_UNUSABLE: Final = 2
SHARE_ERROR_MAX: Final = 1e-9
Share = Annotated[float, Meta(ge=0.0, le=1.0)]


class SharesSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[rules.loaded], [rules.empty]: share of crossings that selection puts into each channel."""

    green: Share
    yellow: Share = 0.0
    red: Share = 0.0


class RulesSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[rules]: what this office goes by.

    assess_s           time from a declaration to its channel
    release_valid_min  how long a release is good
    book               TOML file with the rules about goods, traders, hours and quota
    seed_file          64 hexadecimal digits that decide every selection, committed beforehand and
                       shown afterwards; without it they are derived from the release key
    seed_term          what they are derived for, a month, say: a new term is a new seed, and the
                       one of an old term can be shown (`convoy-office seed`) without harm to either
    """

    loaded: SharesSection = SharesSection(green=0.886, yellow=0.109, red=0.005)
    empty: SharesSection = SharesSection(green=1.0)
    assess_s: Annotated[float, Meta(ge=0.0, le=86_400.0)] = 30.0
    release_valid_min: Annotated[float, Meta(gt=0.0, le=10_080.0)] = RELEASE_VALID_MS / MINUTE_MS
    book: str | None = None
    seed_file: str | None = None
    seed_term: Annotated[str, Meta(max_length=40, pattern=r"^[A-Za-z0-9-]*$")] = ""


class OfficeProgram(ProgramConfig, frozen=True, kw_only=True):
    """The common sections and [rules]."""

    rules: RulesSection = RulesSection()


def country_of(setting: Setting[OfficeProgram]) -> str:
    """KZ or CN: the site of this node."""
    return setting.roster.nodes[setting.name].site


def release_signer(setting: Setting[OfficeProgram]) -> Signer:
    """The key that signs releases. Raises ConfigError if this folder has none."""
    signer = setting.keys.release_signer
    if signer is None:
        folder = Path(setting.config.node.keys) / setting.name
        raise ConfigError(f"key {folder}/release.key: missing; an office signs releases with it")
    return signer


def other_office(setting: Setting[OfficeProgram]) -> str:
    """The office of the other side, by the roster. Raises ConfigError if there is not one."""
    others = [node for node in setting.roster.of_role(Role.OFFICE) if node.name != setting.name]
    if len(others) != 1:
        raise ConfigError(f"roster: {len(others) + 1} offices, expected one of KZ and one of CN")
    return others[0].name


def agencies_of(setting: Setting[OfficeProgram]) -> str:
    """The program of this side's agencies, by the roster; "" if there is none."""
    site = country_of(setting)
    found = [node for node in setting.roster.of_role(Role.AGENCY) if node.site == site]
    return found[0].name if found else ""


def rule_book(setting: Setting[OfficeProgram]) -> RuleBook:
    """The rules about goods. Raises ConfigError for a file that holds none, or that asks for
    agencies where the roster has none.
    """
    path = setting.config.rules.book
    if path is None:
        return RuleBook()
    book = read_book(read_file(Path(path)), path)
    unknown = unknown_places(book, (*setting.map.bays, *setting.map.stations))
    if unknown:
        raise ConfigError(f"rules.book {path}: places {', '.join(unknown)}: not on the map")
    asking = [rule.id for rule in book.rule if rule.agencies]
    if asking and not agencies_of(setting):
        raise ConfigError(
            f"rules.book {path}: {asking[0]} wants an endorsement, but the roster has no agency"
            f" of {country_of(setting)}"
        )
    return book


def selection_seed(setting: Setting[OfficeProgram]) -> bytes:
    """The seed of every draw. Raises ConfigError for a file that holds none."""
    path = setting.config.rules.seed_file
    if path is None:
        key = hashlib.sha256(bytes(release_signer(setting).key)).digest()
        term = b"selection/" + setting.config.rules.seed_term.encode("ascii")
        return hashlib.blake2b(term, key=key, digest_size=SEED_BYTES).digest()
    text = read_file(Path(path)).decode("ascii", "replace").strip()
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise ConfigError(f"rules.seed_file {path}: expected {2 * SEED_BYTES} hexadecimal digits")
    return seed


def show_seed(arguments: Sequence[str]) -> int:
    """`convoy-office seed --config F`: the seed of this office's draws, for whoever audits them.

    To be shown when its term is over: who has it knows what chance will say of any declaration.
    """
    parser = argparse.ArgumentParser("convoy-office seed", description=show_seed.__doc__)
    parser.add_argument("--config", type=Path, required=True, help="the office's configuration")
    try:
        setting = read_setting(parser.parse_args(arguments).config, OfficeProgram)
        setting.must_be(Role.OFFICE)
        print(selection_seed(setting).hex())
    except ConfigError as fault:
        print(f"convoy-office seed: {fault}", file=sys.stderr)
        return EXIT_UNUSABLE
    return 0


def check(setting: Setting[OfficeProgram]) -> None:
    """What the types cannot say. Raises ConfigError."""
    setting.must_be(Role.OFFICE)
    setting.peer(Role.SUPERVISOR)
    release_signer(setting)
    other_office(setting)
    selection_seed(setting)
    rule_book(setting)
    rules = setting.config.rules
    for name, shares in (("loaded", rules.loaded), ("empty", rules.empty)):
        total = shares.green + shares.yellow + shares.red
        if abs(total - 1.0) > SHARE_ERROR_MAX:
            raise ConfigError(f"rules.{name}: shares sum to {total:.6g}, expected 1")
    if setting.config.listen.address is None:
        raise ConfigError("listen.address: missing; gates and terminals connect to the office")
    body = setting.config.body
    if (body.address is None) != (body.public_key is None):
        raise ConfigError("body: address and public_key go together; without desks leave both out")


def build_agent(setting: Setting[OfficeProgram]) -> OfficeAgent:
    section = setting.config.rules
    rules = Rules(
        shares=Shares(section.loaded.green, section.loaded.yellow, section.loaded.red),
        empty_shares=Shares(section.empty.green, section.empty.yellow, section.empty.red),
        seed=selection_seed(setting),
        assess_ms=round(section.assess_s * 1_000.0),
        release_valid_ms=round(section.release_valid_min * 60_000.0),
        book=rule_book(setting),
        country=country_of(setting),
    )
    config = OfficeConfig(
        name=setting.name,
        country=country_of(setting),
        supervisor=setting.peer(Role.SUPERVISOR),
        other_office=other_office(setting),
        gates=tuple(setting.map.gates),
        places=Places(bays_by_direction(setting.map), stations_by_direction(setting.map)),
        rules=rules,
        agencies=agencies_of(setting),
    )
    return OfficeAgent(config, setting.keys.signer, release_signer(setting), setting.roster)


def build_body(setting: Setting[OfficeProgram]) -> OfficeDesks | NoDesks:
    return desks_of(setting.config.body, setting.keys)


SPEC: Final = ProgramSpec(
    name="convoy-office",
    summary="The program of one customs office: declarations in, signed decisions out.",
    config_type=OfficeProgram,
    build_agent=build_agent,
    build_body=build_body,
    check=check,
    examples=(
        "  convoy-office declare declaration.json --check\n"
        "  convoy-office declare declaration.json --config terminal-kz.toml\n"
        "  convoy-office desk list --config officer-kz.toml\n"
        "  convoy-office status D-KZ-00001 --from runs/smoke-1\n"
        "  convoy-office status D-KZ-00001 --config terminal-kz.toml\n"
        "  convoy-office audit kz.toml\n"
        "  convoy-office seed --config office-kz.toml > office-kz.seed"
    ),
)


COMMANDS: Final = {
    "audit": audit.main,
    "declare": declare.main,
    "desk": officer.main,
    "status": status.main,
    "seed": show_seed,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words and words[0] in COMMANDS:
        return told(COMMANDS[words[0]], words[1:])
    if agencies.is_counter(words):
        return run_program(agencies.SPEC, words)
    return run_program(SPEC, words)


if __name__ == "__main__":
    sys.exit(main())
