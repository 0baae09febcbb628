"""convoy-corridor: the supervisor's program, and work with corridor maps and ledgers.

Composition: the supervisor's agent, no body, the live shell. `convoy-corridor map check` is in
corridor/cli/map_check.py, `ledger` in corridor/cli/ledger.py, `explain` in corridor/cli/explain.py,
`plan` in corridor/cli/plan.py, `report` in corridor/cli/report.py. Not here: decisions.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from contract.agent import Now, Role
from contract.energy import COLDEST_C, HOTTEST_C, Drivetrain
from contract.errors import ConfigError
from contract.limits import BATCH_MAX, CONVOY_MEMBERS_MAX, GATHER_MS_MAX, SECTION_WAIT_MS_MAX
from contract.map import CorridorMap
from contract.sites import station_gates
from contract.traction import TRACTION
from corridor.agent import SupervisorAgent
from corridor.authority import Weather
from corridor.charging import HEAVIEST_KG, RESERVE, ChargingConfig
from corridor.cli import explain, ledger, map_check, plan, report
from corridor.cli.timetable_ready import make_ready
from corridor.config import SupervisorConfig
from corridor.dispatch import DispatchConfig
from corridor.gathering import FormationConfig
from corridor.hours import SideHours
from corridor.planning import DESTINATION
from corridor.timetable.sections import SlotsSection, TimetableSection
from corridor.token import TokenConfig
from live.body import NoBody
from live.config import ProgramConfig
from live.program import ProgramSpec, Setting, run_program, told


class ConvoySection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[convoy]: how trucks travel together.

    members     at most so many in one convoy
    batch_split  waybills allow their trucks to cross apart
    forming_s   how long the first of a convoy waits for others at its berth
    gather_s    how long it waits for its others on the road, to drive as one; 0: not at all
    """

    members: Annotated[int, Meta(ge=1, le=CONVOY_MEMBERS_MAX)] = CONVOY_MEMBERS_MAX
    batch_split: bool = False
    forming_s: Annotated[float, Meta(ge=0.0, le=3_600.0)] = 20.0
    gather_s: Annotated[float, Meta(ge=0.0, le=GATHER_MS_MAX / 1_000.0)] = 90.0


class WeatherSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[weather]: what trucks are told of it; what is not said they assume at its worst.

    friction   between tyre and road: 0.7 dry, 0.3 packed snow, 0.1 ice;  sight_m   how far one sees
    """

    friction: Annotated[float, Meta(gt=0.0, le=1.2)] | None = None
    sight_m: Annotated[float, Meta(gt=0.0, le=4_000.0)] | None = None


class FleetSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[fleet]: kinds, a table of vehicle = kind, by which the supervisor knows what grades a truck
    can start on; one that is not named is held for the weakest of all kinds.
    """

    kinds: dict[str, str] = {}


class SectionSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[section]: how the section at the border is used; batches where one lane serves both ways.

    batch      vehicles of one direction before the other has its turn
    longest_s  so long the first at the other end waits at most
    radio_gap  there is no radio between the posts: nobody leaves the one without road to the other
    """

    batch: Annotated[int, Meta(ge=1, le=BATCH_MAX)] = 6
    longest_s: Annotated[float, Meta(ge=0.0, le=SECTION_WAIT_MS_MAX / 1_000.0)] = 600.0
    radio_gap: bool = False


class ChargingSection(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[charging]: trucks run on batteries, and none sets off without the charge for its crossing.

    chargers   berths that have one, on both sides;  capacity_kwh   of a truck, at 20 degrees
    temperature_c   of the air at its coldest;  reserve   share of a full battery
    full_t   of the heaviest truck, with its load
    rolling_resistance, drag_area_m2   of the hardest to drive
    """

    chargers: list[str]
    capacity_kwh: Annotated[float, Meta(gt=0.0, le=5_000.0)]
    temperature_c: Annotated[float, Meta(ge=COLDEST_C, le=HOTTEST_C)]
    reserve: Annotated[float, Meta(ge=0.0, lt=1.0)] = RESERVE
    full_t: Annotated[float, Meta(gt=0.0, le=200.0)] = HEAVIEST_KG / 1_000.0
    rolling_resistance: Annotated[float, Meta(gt=0.0, le=0.1)] = 0.006
    drag_area_m2: Annotated[float, Meta(gt=0.0, le=20.0)] = 6.0


class CorridorProgram(ProgramConfig, frozen=True, kw_only=True):
    """The common sections, [convoy], [weather], [fleet], [section], [charging], [hours.KZ],
    [hours.CN], [timetable] and [slots].
    """

    convoy: ConvoySection = ConvoySection()
    weather: WeatherSection = WeatherSection()
    fleet: FleetSection = FleetSection()
    section: SectionSection = SectionSection()
    charging: ChargingSection | None = None
    hours: dict[str, SideHours] = field(default_factory=dict)
    timetable: TimetableSection = TimetableSection()
    slots: SlotsSection = SlotsSection()


def check(setting: Setting[CorridorProgram]) -> None:
    """What the types cannot say. Raises ConfigError."""
    setting.must_be(Role.SUPERVISOR)
    if setting.config.listen.address is None:
        raise ConfigError("listen.address: missing; everybody connects to the supervisor")
    known = {node.name for node in setting.roster.of_role(Role.GATE)}
    missing = sorted(set(setting.map.gates) - known)
    if missing:
        gates = ", ".join(missing)
        raise ConfigError(f"map {setting.map.name}: no node of the roster is gate {gates}")
    check_chargers(setting.config.charging, setting.map)
    for name in setting.config.hours:
        if name not in DESTINATION.values():
            raise ConfigError(f"hours.{name!r:.60}: expected hours.KZ or hours.CN")
    fleet = {node.name for node in setting.roster.of_role(Role.VEHICLE)}
    for vehicle, kind in setting.config.fleet.kinds.items():
        if vehicle not in fleet:
            raise ConfigError(f"fleet.kinds: no vehicle of the roster is {vehicle!r:.60}")
        if kind not in TRACTION:
            raise ConfigError(
                f"fleet.kinds.{vehicle} = {kind!r:.60}: expected {' or '.join(TRACTION)}"
            )


def check_chargers(section: ChargingSection | None, corridor: CorridorMap) -> None:
    """Chargers that the map has, and one at each side. Raises ConfigError."""
    if section is None:
        return
    for name in section.chargers:
        if name not in corridor.berths:
            raise ConfigError(f"charging.chargers: map {corridor.name} has no berth {name!r:.60}")
    for side in DESTINATION.values():
        here = [corridor.berths[each] for each in section.chargers]
        if not any(each.country == side and each.arrivals for each in here):
            raise ConfigError(f"charging.chargers: expected an arrival berth in {side} among them")


def charging(section: ChargingSection | None) -> ChargingConfig | None:
    """[charging] as the agent takes it."""
    if section is None:
        return None
    drivetrain = Drivetrain(
        1_000.0 * section.capacity_kwh, section.rolling_resistance, section.drag_area_m2
    )
    chargers = frozenset(section.chargers)
    full_kg = 1_000.0 * section.full_t
    return ChargingConfig(drivetrain, chargers, section.temperature_c, section.reserve, full_kg)


def build_agent(setting: Setting[CorridorProgram]) -> SupervisorAgent:
    make_ready(setting.config.timetable)
    convoy = setting.config.convoy
    dispatch = DispatchConfig(
        convoy.members,
        round(convoy.forming_s * 1_000.0),
        batch_split=convoy.batch_split,
        charging=charging(setting.config.charging),
    )
    weather = setting.config.weather
    config = SupervisorConfig(
        setting.name,
        station_gates(setting.map),
        dispatch,
        FormationConfig(round(convoy.gather_s * 1_000.0)),
        Weather(round((weather.friction or 0.0) * 1_000.0), round((weather.sight_m or 0.0) * 1e3)),
        {name: TRACTION[kind] for name, kind in setting.config.fleet.kinds.items()},
        TokenConfig(setting.config.section.batch, round(setting.config.section.longest_s * 1e3)),
        radio_gap=setting.config.section.radio_gap,
        hours=setting.config.hours,
        timetable=setting.config.timetable.config,
        slots=setting.config.slots.config,
    )
    return SupervisorAgent(config, setting.keys.signer, setting.roster, setting.map)


def build_body(setting: Setting[CorridorProgram]) -> NoBody[None]:
    del setting
    return NoBody(_nothing)


def _nothing(now: Now) -> None:
    del now


def epoch_of(agent: SupervisorAgent) -> Callable[[], int]:
    """What every envelope of a supervisor carries."""
    return lambda: agent.epoch


SPEC: Final = ProgramSpec(
    name="convoy-corridor",
    summary="The corridor's supervisor: zones, missions, movement authorities, the ledger.",
    config_type=CorridorProgram,
    build_agent=build_agent,
    build_body=build_body,
    epoch=epoch_of,
    check=check,
    examples=(
        "  convoy-corridor map check contract/maps/bakhty_pokitu.geojson\n"
        "  convoy-corridor ledger verify runs/smoke-1\n"
        "  convoy-corridor ledger show KZ-00001 --from runs/smoke-1\n"
        "  convoy-corridor explain KZ-00001 --from runs/smoke-1\n"
        "  convoy-corridor plan instance.json -o schedule.json\n"
        "  convoy-corridor report daily --from runs/today-1"
    ),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] in (["map"], ["ledger"], ["explain"], ["plan"], ["report"]):
        parser = argparse.ArgumentParser(prog="convoy-corridor")
        commands = parser.add_subparsers(required=True, metavar="COMMAND")
        map_check.add_parser(commands)
        ledger.add_parser(commands)
        explain.add_parser(commands)
        plan.add_parser(commands)
        report.add_parser(commands)
        arguments = parser.parse_args(words)
        return told(arguments.run, arguments)
    return run_program(SPEC, words)


if __name__ == "__main__":
    sys.exit(main())
