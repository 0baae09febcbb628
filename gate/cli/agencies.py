"""The agencies' counter as a program: one side's agencies, their desk if they have one.

Composition only. `convoy-office --config F` starts it where the roster has the node of F as an
agency (gate/office/__main__.py); its side is its site in the roster. Not here: decisions.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from contract.agent import Role
from contract.errors import ConfigError
from gate.cli.desk import NoDesks, OfficeDesks, desks_of
from gate.office.agency import CounterAgent, CounterConfig
from gate.office.agency_rules import AgencyBook, read_agency_book
from live.config import ProgramConfig, load, read_file
from live.program import ProgramSpec, Setting
from live.roster import load_roster


class AgenciesSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[agencies]: what this counter goes by.

    check_s   from a request to the answer of the rules
    book      TOML file with the lists of goods and the limits; without it those in agency_rules.py
    """

    check_s: Annotated[float, Meta(ge=0.0, le=86_400.0)] = 10.0
    book: str | None = None


class AgenciesProgram(ProgramConfig, frozen=True, kw_only=True):
    """The common sections and [agencies]."""

    agencies: AgenciesSection = AgenciesSection()


class _AnyProgram(ProgramConfig, forbid_unknown_fields=False, frozen=True, kw_only=True):
    """The common sections, whatever else a role has."""


def is_counter(words: Sequence[str]) -> bool:
    """Whether the configuration that these arguments name is an agencies' one, by the roster.

    What cannot be read is none: the office's program then says what is wrong with it.
    """
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--config", type=Path)
    try:
        path = parser.parse_known_args(words)[0].config
        if path is None:
            return False
        config = load(path, _AnyProgram)
        pins = msgspec.structs.asdict(config.trust)
        roster, _ = load_roster(Path(config.node.roster), pins)
    except (argparse.ArgumentError, ConfigError):
        return False
    node = roster.nodes.get(config.node.name)
    return node is not None and node.role is Role.AGENCY


def side_of(setting: Setting[AgenciesProgram]) -> str:
    """KZ or CN: the site of this node. Raises ConfigError for any other."""
    site = setting.roster.nodes[setting.name].site
    if site not in ("KZ", "CN"):
        raise ConfigError(f"roster: site {site!r} of {setting.name}, expected KZ or CN")
    return site


def agency_book(setting: Setting[AgenciesProgram]) -> AgencyBook:
    """Lists and limits. Raises ConfigError for a file that holds none."""
    path = setting.config.agencies.book
    return AgencyBook() if path is None else read_agency_book(read_file(Path(path)), path)


def check(setting: Setting[AgenciesProgram]) -> None:
    """What the types cannot say. Raises ConfigError."""
    setting.must_be(Role.AGENCY)
    setting.peer(Role.SUPERVISOR)
    side_of(setting)
    for side in ("KZ", "CN"):  # both offices countersign the ledger
        setting.peer(Role.OFFICE, side)
    agency_book(setting)
    if setting.config.listen.address is not None:
        raise ConfigError("listen.address: nobody connects to the agencies; leave it out")
    body = setting.config.body
    if (body.address is None) != (body.public_key is None):
        raise ConfigError("body: address and public_key go together; without a desk leave both out")


def build_agent(setting: Setting[AgenciesProgram]) -> CounterAgent:
    side = side_of(setting)
    config = CounterConfig(
        name=setting.name,
        country=side,
        supervisor=setting.peer(Role.SUPERVISOR),
        office=setting.peer(Role.OFFICE, side),
        check_ms=round(setting.config.agencies.check_s * 1_000.0),
        book=agency_book(setting),
    )
    return CounterAgent(config, setting.keys.signer, setting.roster)


def build_body(setting: Setting[AgenciesProgram]) -> OfficeDesks | NoDesks:
    return desks_of(setting.config.body, setting.keys)


SPEC: Final = ProgramSpec(
    name="convoy-office",
    summary="The program of one side's agencies: declarations in, signed endorsements out.",
    config_type=AgenciesProgram,
    build_agent=build_agent,
    build_body=build_body,
    check=check,
)
