"""convoy-gate: the program of one gate with the stations before it.

Composition: the gate's agent, its cabinet, the live shell. Which gate it is says the node's name;
stations and bays come from the map, supervisor and offices from [peers]. Not here: decisions.
"""

import secrets
import sys
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from contract.agent import Role
from contract.errors import ConfigError
from contract.sites import sites
from gate.agent import GateAgent, GateConfig
from gate.cli.cabinet import GateCabinet
from live.body import BodyLink
from live.config import ProgramConfig
from live.program import ProgramSpec, Setting, run_program

LIFE_BYTES: Final = 8


class SlotsSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[slots]: whether an exit gate passes nobody without a slot of the supervisor's."""

    minded: bool = False


class GateProgram(ProgramConfig, frozen=True, kw_only=True):
    """The common sections, and [slots]."""

    slots: SlotsSection = SlotsSection()


def offices(setting: Setting[GateProgram]) -> tuple[str, ...]:
    """The two offices, KZ first. Raises ConfigError if one is not among the peers."""
    return tuple(setting.peer(Role.OFFICE, country) for country in ("KZ", "CN"))


def check(setting: Setting[GateProgram]) -> None:
    """What the types cannot say. Raises ConfigError."""
    setting.must_be(Role.GATE)
    if setting.name not in setting.map.gates:
        known = ", ".join(sorted(setting.map.gates))
        raise ConfigError(
            f"node.name = {setting.name!r}: not a gate of map {setting.map.name}, which has {known}"
        )
    setting.peer(Role.SUPERVISOR)
    offices(setting)
    if setting.config.listen.address is None:
        raise ConfigError("listen.address: missing; trucks connect to the gate")
    if setting.config.body.address is None or setting.config.body.public_key is None:
        raise ConfigError("body: address and public_key are missing; a gate needs its cabinet")


def build_agent(setting: Setting[GateProgram]) -> GateAgent:
    stations = sites(setting.map)[setting.name].stations
    config = GateConfig(
        setting.name,
        setting.peer(Role.SUPERVISOR),
        offices(setting),
        stations,
        slots=setting.config.slots.minded,
    )
    return GateAgent(config, setting.keys.signer, setting.roster, setting.map)


def build_body(setting: Setting[GateProgram]) -> GateCabinet:
    link = BodyLink.from_config(setting.config.body, setting.keys)
    return GateCabinet(link, secrets.token_bytes(LIFE_BYTES))


SPEC: Final = ProgramSpec(
    name="convoy-gate",
    summary="The program of one gate: challenges, permits, the barrier, and its stations.",
    config_type=GateProgram,
    build_agent=build_agent,
    build_body=build_body,
    check=check,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    return run_program(SPEC, argv)


if __name__ == "__main__":
    sys.exit(main())
