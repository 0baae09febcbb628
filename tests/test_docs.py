"""The pages for people say what is so: commands, links, ids, modules and keys exist."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from bench.__main__ import BENCHES
from contract.reasons import Reason
from corridor.hours import SideHours
from corridor.interlocking import ZoneState
from sim import scenario, scenario_fleet, scenario_flow, scenario_network
from sim.ground import sections
from tests.sim.commands import command

ROOT: Final = Path(__file__).resolve().parents[1]
PAGES: Final = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md")]
)
SOURCES: Final = sorted(
    path
    for folder in ("contract", "vehicle", "corridor", "gate", "live", "sim", "bench", "tests")
    for pattern in ("*.py", "*.toml", "*.proto")
    for path in (ROOT / folder).rglob(pattern)
    if not path.name.endswith("_pb2.py") and path != Path(__file__).resolve()
)
SAFETY: Final = (ROOT / "docs/SAFETY.md").read_text(encoding="utf-8")
SCENARIOS: Final = (ROOT / "docs/SCENARIOS.md").read_text(encoding="utf-8")
REQUIREMENT: Final = re.compile(r"\b(VEH|GATE|SUP|OFF)-(\d{3})\b(?:\s+to\s+\1-(\d{3}))?")
INVARIANT: Final = re.compile(r"(?<![\w.\[])([IL]\d{1,2})(?![\w.\]])")
ROW: Final = re.compile(r"^\| `(\w+)` \| (.*?) \|", re.MULTILINE)
HEADINGS: Final[dict[str, type[msgspec.Struct]]] = {
    "Top of the file": scenario.Scenario,
    "`[corridor]`": scenario.CorridorSection,
    "`[time]`": scenario.TimeSection,
    "`[fleet]`": scenario.FleetSection,
    "`[fleet.battery]`": scenario_fleet.BatterySection,
    "`[fleet.brakes]`": scenario_fleet.BrakesSection,
    "`[fleet.swap]`": scenario_fleet.SwapSection,
    "`[fleet.breakdowns]`": scenario_fleet.BreakdownSection,
    "`[[flow]]`": scenario_flow.FlowSection,
    "`flow.channels`": scenario_flow.Channels,
    "`flow.peak`": scenario_flow.PeakSection,
    "`[gate.ID]`": scenario.GateSection,
    "`[station.ID]`": scenario.StationSection,
    "`[laboratory.KZ]`, `[laboratory.CN]`": scenario.LaboratorySection,
    "`[office.KZ]`, `[office.CN]`": scenario.OfficeSection,
    "`[hours.KZ]`, `[hours.CN]`": SideHours,
    "`[timetable]`": scenario.TimetableSection,
    "`[slots]`": scenario.SlotsSection,
    "`[agency.KZ]`, `[agency.CN]`": scenario.AgencySection,
    "`[berth]`": scenario.BerthSection,
    "`[weather]`": scenario.WeatherSection,
    "`[[weather.timeline]]`": scenario.WeatherStep,
    "`[network]`": scenario_network.NetworkSection,
    "`[[network.region]]`": scenario_network.RegionSection,
    "`[ground]`": sections.GroundSection,
    "`[leader]`": sections.LeaderSection,
    "`[progress]`": scenario.ProgressSection,
    "`[[fault]]`": scenario.FaultSection,
    "`[rescue]`": scenario.RescueSection,
    "`[ambulance]`": scenario.AmbulanceSection,
    "`[[expect]]`": scenario.ExpectSection,
}


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- links and places ---


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_to_a_file_resolves(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text_of(page)):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    """`gate/agent.py`, with or without a line of explanation behind it."""
    for place in re.findall(
        r"`((?:[a-z_]+/)+[a-z0-9_]+\.(?:py|md|toml|geojson|proto))`", text_of(page)
    ):
        assert (ROOT / place).exists(), place


def test_architecture_names_every_package() -> None:
    page = text_of(ROOT / "docs/ARCHITECTURE.md")
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    for package in project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        assert f"\n`{package}/` - " in page, package


def test_every_page_that_the_code_names_exists() -> None:
    for source in SOURCES:
        said = text_of(source)
        for place in re.findall(r"docs/[\w/.-]+\.md", said):
            assert (ROOT / place).exists(), f"{name_of(source)}: {place}"
        for number in re.findall(r"\b(0\d{3}-[a-z-]+)\.md", said):
            assert (ROOT / f"docs/decisions/{number}.md").exists(), f"{name_of(source)}: {number}"


def test_decisions_are_numbered_without_a_gap_and_have_their_parts() -> None:
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{n:04d}" for n in range(1, len(pages) + 1)]
    for page in pages:
        said = text_of(page)
        assert said.startswith(f"# {page.name[:4]} "), page.name
        parts = ["## Context", "## Decision", "## Consequence"]
        assert re.findall(r"^## .*", said, re.MULTILINE) == parts, page.name


# --- commands ---


def commands() -> Iterator[str]:
    """Command lines of the README's blocks and tables."""
    said = text_of(ROOT / "README.md")
    for block in re.findall(r"```\n(.*?)```", said, re.DOTALL):
        for line in block.splitlines():
            yield line.partition("#")[0].strip()
    yield from re.findall(r"`(make [^`]*|convoy-[^`]*)`", said)


def test_make_targets_of_the_readme_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):.*##", text_of(ROOT / "Makefile"), re.MULTILINE))
    named = {words[1] for words in map(str.split, commands()) if words[:1] == ["make"]}
    assert named >= {"run", "test"}
    assert named <= targets


def test_the_two_commands_come_first() -> None:
    lines = text_of(ROOT / "README.md").split("```")[1].split("\n")
    assert [line.split("#")[0].strip() for line in lines if line] == ["make run", "make test"]


def test_programs_of_the_readme_are_those_of_the_project() -> None:
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    named = set(re.findall(r"^\| `(convoy-\w+)` \|", text_of(ROOT / "README.md"), re.MULTILINE))
    assert named == set(project["project"]["scripts"])


@pytest.mark.parametrize(
    ("module", "words"),
    [
        (
            "sim",
            ["run", "list", "show", "stage", "campaign", "shrink", "sweep", "drive", "station"],
        ),
        ("sim", ["report"]),
        ("corridor", ["map check", "plan", "explain"]),
        ("office", ["declare", "desk", "status"]),
        ("keys", ["init", "show", "roster"]),
    ],
)
def test_subcommands_of_the_readme_parse(module: str, words: list[str]) -> None:
    for word in words:
        said = command(module, *word.split(), "--help")
        assert said.code == 0, said.err
        assert word.split()[-1] in said.out


def test_stage_commands_of_the_readme_parse() -> None:
    from sim.__main__ import parser  # noqa: PLC0415 - with the simulator's modules

    staged = [line for line in commands() if "convoy-sim stage" in line]
    assert staged
    for line in staged:
        assert parser().parse_args(line.split()[1:]).rate == 5.0


def test_benches_of_the_performance_page_exist() -> None:
    named = re.findall(r"python -m bench (\w+)", text_of(ROOT / "docs/PERFORMANCE.md"))
    assert set(named) == set(BENCHES)


# --- ids ---


def requirements(text: str) -> set[str]:
    """Requirement ids in a text, ranges counted out."""
    found = set()
    for role, first, last in REQUIREMENT.findall(text):
        found |= {f"{role}-{n:03d}" for n in range(int(first), int(last or first) + 1)}
    return found


def documented(pattern: str) -> set[str]:
    """Ids that have a row in SAFETY.md."""
    return set(re.findall(rf"^\| ({pattern}) \|", SAFETY, re.MULTILINE))


def docstrings(path: Path) -> str:
    """Everything between three quotes: where ids are cited."""
    return "\n".join(re.findall(r'"""(.*?)"""', text_of(path), re.DOTALL))


def test_requirements_of_the_code_are_those_of_the_page() -> None:
    named = set().union(*(requirements(docstrings(path)) for path in SOURCES))
    assert named == documented(r"(?:VEH|GATE|SUP|OFF)-\d{3}")


def test_invariants_that_code_and_tests_cite_are_on_the_page() -> None:
    known = documented(r"[IL]\d{1,2}")
    for path in SOURCES:
        cited = docstrings(path)
        if "docs/SAFETY.md" in cited or path.is_relative_to(ROOT / "tests"):
            outside = set(INVARIANT.findall(cited)) - known - {"L0"}
            if not path.is_relative_to(ROOT / "tests/sim"):  # there L1, L2 are lengths of a truck
                assert not outside, f"{name_of(path)}: {outside}"


def test_every_checker_of_the_simulator_is_on_the_page() -> None:
    from sim.checkers import INVARIANTS  # noqa: PLC0415 - with the simulator's modules

    for invariant in INVARIANTS:
        (row,) = re.findall(rf"^\| {invariant} \|.*", SAFETY, re.MULTILINE)
        assert "checker" in row.rsplit("|", 2)[1], row


def test_vital_modules_of_the_page_say_that_they_are() -> None:
    said = {
        name_of(path)
        for path in SOURCES
        if not path.is_relative_to(ROOT / "tests")
        and re.match(r'"""[^"]*?\(vital\)', text_of(path).split("\n\n")[0])
    }
    section = SAFETY.split("## Vital modules")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([\w/]+\.py)` \|", section, re.MULTILINE)) == said


def test_reasons_and_states_of_the_right_of_way_exist() -> None:
    """What a signaller reads is what the programs say."""
    said = text_of(ROOT / "docs/right-of-way.md")
    codes = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", said))
    assert codes
    assert codes <= set(Reason.__members__)
    states = set(re.findall(r"^\| ([A-Z]+) \|", said, re.MULTILINE))
    assert states == set(ZoneState.__members__)


# --- scenarios ---


def default_of(field: msgspec.structs.FieldInfo) -> str | None:
    """A key's default as the page writes it; None where the page says it in its own words."""
    if field.default is msgspec.NODEFAULT:
        return "-" if field.default_factory is msgspec.NODEFAULT else None
    if field.default is None:
        return "none"
    return f"`{scenario.to_toml({'v': field.default}).removeprefix('v = ').strip()}`"


@pytest.mark.parametrize("heading", HEADINGS)
def test_scenario_keys_and_defaults_are_documented(heading: str) -> None:
    section = SCENARIOS.split(f"### {heading}\n")[1].split("\n#")[0]
    rows = dict(ROW.findall(section.split("| kind |")[0]))
    fields = {field.name: default_of(field) for field in msgspec.structs.fields(HEADINGS[heading])}
    assert list(rows) == list(fields)
    for name, default in fields.items():
        assert default is None or rows[name] == default, name


def test_every_section_of_a_scenario_is_documented() -> None:
    sections: set[Any] = {
        kind
        for kind in (
            *vars(scenario).values(),
            *vars(scenario_fleet).values(),
            *vars(scenario_flow).values(),
            scenario_network.RegionSection,
        )
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_fields__
    }
    assert sections == set(HEADINGS.values())


def test_fault_kinds_and_scenarios_are_documented() -> None:
    for name in (*scenario.FAULTS, *scenario.installed()):
        assert f"\n| `{name}` |" in SCENARIOS, name
