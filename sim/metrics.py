"""What an expectation may look at: every path of result.json that leads to one value.

In: a map, for the ids of its stages. Out: the paths, and a ConfigError for a metric that is none of
them, before the run. Not here: the values (outcome.py).
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from contract.errors import ConfigError
from contract.map import CorridorMap
from contract.map_parts import ZoneKind
from sim.bottlenecks import FIGURES, PLACE, pools
from sim.bound import place_names
from sim.build import AGENCIES, OFFICES
from sim.checkers import INVARIANTS
from sim.clearance_figures import clearance
from sim.fleet_figures import fleet_metrics
from sim.hard_cases import Cases
from sim.outcome import Tally, traffic
from sim.parts import PARTS
from sim.queues import QUEUE
from sim.recovery import recovery
from sim.scenario import Scenario
from sim.timetable_figures import CLASSES, SLOTS, SPREAD, SUMS
from sim.waybills import told as waybills_told

PACKAGES: Final = ("smart-corridor", "numpy", "numba", "protobuf", "shapely", "PyNaCl", "msgspec")
_TOP: Final = (
    *("format_version", "scenario", "seed", "map_digest", "verdict", "exit_code"),
    *("human_interventions", "officer_decisions", "officer_minutes", "agency_decisions"),
    *("agency_minutes", "transcript_sha256"),
)
_PERFORMANCE: Final = (
    *("wall_s", "compile_s", "simulated_s", "realtime_factor", "vehicle_steps", "messages"),
)
_RESOURCE: Final = ("utilisation", "mean_wait_s", "blocked_s")
GROUND: Final = (
    *("vehicles", "least_gap_m", "amplitude_ratio_max", "path_error_max_m", "overrun_max_m"),
    *("stop_short_max_m", "reached", "standing", "speed_max_mps", "stopped_by_themselves"),
)
TOTAL: Final = "safety.total"
BOUND: Final = ("resource", "per_hour", "measured_per_hour", "share")
RADIO: Final = ("silences", "silent_s", "stops_between_gates")


def stages(corridor: CorridorMap) -> list[str]:
    """Ids of everything that may have a row in stages.csv."""
    sections = [z.id for z in corridor.zones.values() if z.kind is ZoneKind.BOUNDARY]
    desks = [f"desk_{office}" for office in (*OFFICES.values(), *AGENCIES.values())]
    kinds = ("ocr", "container", "seals")
    readers = [f"{kind}_{gate}" for gate in corridor.gates for kind in kinds]
    laboratories = [f"laboratory_{country}" for country in OFFICES]
    images = [f"read_{each.id}" for each in corridor.stations.values() if "xray" in each.kinds]
    places = [*corridor.gates, *corridor.stations, *corridor.bays]
    berths = [f"{kind}_{berth}" for kind in ("charger", "repair") for berth in corridor.berths]
    return [*places, *sections, *desks, *readers, *images, *laboratories, *berths]


def metrics(corridor: CorridorMap) -> list[str]:
    """Every path of result.json that leads to a number, a text or a truth."""
    return [
        *_TOP,
        TOTAL,
        *(f"safety.{invariant}" for invariant in INVARIANTS),
        *leaves(traffic(Tally(), 0.0, 0.0), "traffic"),
        *leaves(clearance(Tally(), [], 0.0, 0.0), "clearance"),
        *leaves(Cases().told(returned=0) | waybills_told([]), "cases"),
        *(f"bound.{key}" for key in BOUND),
        *(f"bound.places.{place}" for place in place_names(corridor)),
        *(f"bottlenecks.{key}" for key in FIGURES),
        *(f"bottlenecks.places.{place}.{key}" for place in _limiting(corridor) for key in PLACE),
        *(f"queues.{direction}.{key}" for direction in ("E", "W") for key in QUEUE),
        *(f"timetable.{key}" for key in SUMS),
        *(f"timetable.ready_to_arrival_s.{c}.{k}" for c in CLASSES for k in SPREAD),
        *(f"slots.{key}" for key in SLOTS),
        *(f"radio.{key}" for key in RADIO),
        *fleet_metrics(),
        *leaves(recovery(Tally(), [], 0.0, 0.0), "recovery"),
        *(f"resources.{stage}.{key}" for stage in stages(corridor) for key in _RESOURCE),
        *(f"performance.{key}" for key in _PERFORMANCE),
        *(f"performance.parts_s.{part}" for part in PARTS),
        *(f"versions.{name}" for name in ("python", *PACKAGES)),
    ]


def _limiting(corridor: CorridorMap) -> list[str]:
    """Every place that the table of bottlenecks may name; bays go by side and direction."""
    pooled = pools(corridor)
    names = [pooled.get(stage, stage) for stage in stages(corridor)]
    return list(dict.fromkeys([*names, *place_names(corridor)]))


def ground_metrics() -> list[str]:
    """The same on the proving ground."""
    return [
        *_TOP,
        TOTAL,
        *("safety.I1", "safety.I2"),
        *(f"ground.{key}" for key in GROUND),
        *(f"performance.{key}" for key in _PERFORMANCE),
    ]


def leaves(value: Any, path: str) -> Iterator[str]:
    """Paths below a value that lead to no table and no list."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}")
    elif not isinstance(value, list):
        yield path


def check_metrics(scenario: Scenario, known: Sequence[str]) -> None:
    """Refuse an expectation of something that no result has. Raises ConfigError."""
    for index, expect in enumerate(scenario.expect):
        metric = expect.metric
        if metric in known:
            continue
        below = [path for path in known if path.startswith(f"{metric}.")]
        near = difflib.get_close_matches(metric, known, n=1, cutoff=0.5)
        if below:
            hint = f"not one value; there are {', '.join(below[:12])}"
        elif near:
            hint = f"unknown; did you mean {near[0]}?"
        else:
            hint = f"unknown; known are {', '.join(_TOP)}, traffic.*, safety.*, resources.*"
        raise ConfigError(f"{scenario.name}: expect.{index}.metric = {metric!r:.80}: {hint}")
