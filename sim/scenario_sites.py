"""What a scenario says of gates, stations and bays, and the models made of it.

Every default is explicit; the reference for each figure is in docs/SCENARIOS.md. Not here: what the
models do (station_model.py, line_reader.py), the rest of a scenario (scenario.py).
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from contract.errors import ConfigError
from contract.map import CorridorMap
from gate.station_phases import ANSWER_S_MAX, REMOTE
from sim.distributions import parse_distribution
from sim.line_reader import LineModel
from sim.scenario_types import Duration, Service, Share
from sim.station_model import StationModel

Few = Annotated[int, Meta(ge=1, le=100)]
SERVICES: Final = tuple(name for name in ANSWER_S_MAX if name not in REMOTE)
CHAPTERS: Final = frozenset(f"{number:02d}" for number in range(1, 98))


class GateSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[gate.ID]: how long the arm takes, and how plate, container and seals are read at its line.

    ocr, misread, person            one reading by camera, share of readings that are none, a person
    container, container_misread    the same for the number of a container, where there is one
    seals, seals_unread, by_hand    the electronic reader, share that it misses, a person
    """

    barrier: Duration = "3s"
    ocr: Service = "constant:0s"
    misread: Share = 0.0
    container: Service = "constant:0s"
    container_misread: Share = 0.0
    person: Service = "uniform:60s,180s"
    seals: Service = "constant:0s"
    seals_unread: Share = 0.0
    by_hand: Service = "constant:120s"


class StationSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[station.ID]: service time, what goes wrong, servers, spacing and remote reading. Bays too.

    times     time of single services; `service` is that of all others together
    alarms    share of clean loads found adverse, by HS chapter, on top of `false_alarm`
    spacing   least time from start to start;   reading   of an image elsewhere, "": it is not
    sampled_share   of visits for plants or beasts, so many give a sample to the laboratory
    """

    service: Service
    failure: Share = 0.0
    aborted: Share = 0.0
    false_alarm: Share = 0.0
    servers: Few = 1
    spacing: Service = "constant:0s"
    reading: str = ""
    readers: Few = 1
    times: dict[str, Service] = {}
    alarms: dict[str, Share] = {}
    sampled_share: Share = 0.0


DEFAULTS: Final[Mapping[str, StationSection]] = {
    "weighbridge": StationSection(service="triangular:15s,25s,60s"),
    "portal": StationSection(service="constant:12s"),
    "xray": StationSection(
        service="constant:20s",
        spacing="uniform:45s,72s",
        reading="lognormal:180s,0.5",
        readers=2,
    ),
    "bay": StationSection(
        service="lognormal:150min,0.5",
        times={
            "phytosanitary": "lognormal:35min,0.5",
            "veterinary": "lognormal:35min,0.5",
            "sampling": "lognormal:15min,0.5",
            "seal": "constant:120s",
        },
    ),
}


def default_section(kind: str) -> StationSection:
    """A copy, so that a scenario never shares a default."""
    known = DEFAULTS.get(kind, DEFAULTS["portal"])
    return msgspec.structs.replace(known, times=dict(known.times), alarms=dict(known.alarms))


def check_station(section: StationSection, place: str) -> None:
    """What the type of a single value cannot say. Raises ConfigError."""
    check_time_or_none(section.reading, f"{place}.reading")
    _check_names(section.times, SERVICES, f"{place}.times", "a service")
    _check_names(section.alarms, sorted(CHAPTERS), f"{place}.alarms", "an HS chapter")


def check_time_or_none(spec: str, place: str) -> None:
    """A distribution, or nothing at all."""
    if spec:
        try:
            parse_distribution(spec)
        except ValueError as error:
            raise ConfigError(f"{place}: {error}") from None


def _check_names(table: Mapping[str, object], names: Sequence[str], place: str, what: str) -> None:
    for name in table:
        if name in names:
            continue
        near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(f"{place}: unknown key {name!r:.60}, expected {what}{hint}")


def model_of(
    sections: dict[str, StationSection], corridor: CorridorMap, station: str
) -> StationModel:
    """The model of a station or bay; one without a section is given that of its kind."""
    if station not in sections:
        place = corridor.stations.get(station)
        sections[station] = default_section(place.kinds[0] if place is not None else "bay")
    return station_model(sections[station])


def station_model(section: StationSection) -> StationModel:
    """The model of a section that was checked."""
    return StationModel(
        parse_distribution(section.service),
        section.failure,
        section.false_alarm,
        aborted=section.aborted,
        times={name: parse_distribution(spec) for name, spec in section.times.items()},
        alarms=section.alarms,
        servers=section.servers,
        spacing=parse_distribution(section.spacing),
        reading=parse_distribution(section.reading) if section.reading else None,
        readers=section.readers,
        sampled=section.sampled_share,
    )


def line_model(section: GateSection) -> LineModel:
    """The readers at one gate's line."""
    return LineModel(
        parse_distribution(section.ocr),
        section.misread,
        parse_distribution(section.person),
        parse_distribution(section.seals),
        section.seals_unread,
        parse_distribution(section.by_hand),
        container=parse_distribution(section.container),
        container_misread=section.container_misread,
    )
