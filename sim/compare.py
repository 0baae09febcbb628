"""Variants of one scenario side by side: what each is worth in time and, by a cost model, a tonne.

A model is a TOML file: a scenario, variants as settings, and costs as rates with their sources. In:
the model and the folders of runs, one a variant. Out: figures by variant. Every rate is somebody's
to replace; none is built in. Described in docs/today.md. Not here: running (cli/compare.py).
"""

import csv
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from contract.errors import ConfigError
from contract.opening import open_until_ms, opens_at_ms
from corridor.hours import SideHours
from live.config import parse
from live.run_folder import file_in
from sim.outcome import spread

Text = Annotated[str, Meta(min_length=1, max_length=256)]


class Variant(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[[variant]]: settings over the scenario; whether trucks have drivers, for the costs alone."""

    name: Text
    what: Text
    manned: bool
    settings: list[str] = []


class Cost(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """[[cost]]: `rate` for each `per`; `source` is where it comes from, or says "assumption"."""

    name: Text
    per: Literal["truck_h", "driver_h", "officer_min", "tonne_h", "crossing", "open_h"]
    rate: Annotated[float, Meta(ge=0.0, le=1e6)]
    source: Text
    manned: Literal["both", "manned", "driverless"] = "both"

    def holds(self, variant: Variant) -> bool:
        """Whether this variant has this cost."""
        return self.manned == "both" or (self.manned == "manned") == variant.manned


class Model(Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A cost model; the first variant is the one that the others are held against."""

    format_version: Annotated[int, Meta(ge=1, le=1)]
    scenario: Text
    currency: Text
    variant: Annotated[list[Variant], Meta(min_length=1)]
    cost: Annotated[list[Cost], Meta(min_length=1)]


def read_model(name: str) -> Model:
    """An installed model by name, or a file. Raises ConfigError."""
    try:
        if name.endswith(".toml"):
            data = Path(name).read_bytes()
        else:
            data = (resources.files("sim.costs") / f"{name}.toml").read_bytes()
        model = parse(data, Model, name)
    except OSError:
        known = sorted(each.name for each in resources.files("sim.costs").iterdir())
        there = ", ".join(each.removesuffix(".toml") for each in known if each.endswith(".toml"))
        raise ConfigError(f"cost model {name!r:.80}: none; there are {there}") from None
    names = [variant.name for variant in model.variant]
    for each in names:
        if names.count(each) > 1:
            raise ConfigError(f"{name}: variant.name = {each!r:.60}: twice, expected once")
    return model


def folder_of(variant: Variant) -> str:
    """Name of a variant's run folder."""
    return variant.name.replace(" ", "-").replace("/", "-")


# --- one run ---


def figures(folder: Path, model: Model, variant: Variant) -> dict[str, Any]:
    """What one run shows, and what it costs. Raises ConfigError."""
    try:
        written = file_in(folder, "result.json").read_bytes()
        result = msgspec.json.decode(written, type=dict[str, Any])
        resolved = file_in(folder, "scenario.resolved.toml").read_text(encoding="utf-8")
        tree = tomllib.loads(resolved)
        with file_in(folder, "crossings.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        used = amounts(rows, result, tree)
    except OSError as fault:
        raise ConfigError(f"{fault.filename}: {fault.strerror}") from None
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError) as fault:
        raise ConfigError(f"{folder}: no run folder of this version: {fault}") from None
    carried = [row for row in rows if row["loaded"] == "1" and _carried(row)]
    tonnes = sum(float(row["cargo_kg"]) for row in carried) / 1_000.0
    hours = sorted((float(row["arrived"]) - float(row["filed"])) / 3_600.0 for row in carried)
    costs = {
        cost.name: round(cost.rate * used[cost.per] / tonnes, 3) if tonnes else 0.0
        for cost in model.cost
        if cost.holds(variant)
    }
    return {
        "variant": variant.name,
        "what": variant.what,
        "verdict": result["verdict"],
        "loads": len(carried),
        "left": sum(each["waiting"] for each in result["queues"].values())
        + sum(row["loaded"] == "1" and row["outcome"] not in ENDED for row in rows),
        "empty": sum(row["loaded"] != "1" and bool(row["filed"]) for row in rows),
        "tonnes": round(tonnes, 1),
        "papers_to_arrival_h": spread(hours),
        "driving_min": _minutes(result["traffic"]["crossing_time_s"]["p50"]),
        "officer_min_per_100": _per_100(used["officer_min"], len(carried)),
        "used": {name: round(amount, 2) for name, amount in used.items()},
        "cost_per_tonne": costs,
        "total_per_tonne": round(sum(costs.values()), 3) if tonnes else None,
    }


ENDED: Final = ("cleared", "refused", "diverted")


def _carried(row: Mapping[str, str]) -> bool:
    return row["outcome"] == "cleared" and bool(row["arrived"]) and bool(row["filed"])


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60.0, 1)


def _per_100(amount: float, of: int) -> float | None:
    return round(100.0 * amount / of, 1) if of else None


def amounts(
    rows: list[dict[str, str]], result: Mapping[str, Any], tree: Mapping[str, Any]
) -> dict[str, float]:
    """How much of everything that costs. Whoever is still under way counts up to the end; of empty
    crossings as many count, at the mean of all, as the loads of one direction are more than those
    of the other: a carrier with a telephone sends no others.
    """
    end_s = float(result["performance"]["simulated_s"])
    filed = [row for row in rows if row["filed"]]
    spans_h = {
        row["crossing"]: (float(row["arrived"] or end_s) - float(row["filed"])) / 3_600.0
        for row in filed
    }
    loaded = [row for row in filed if row["loaded"] == "1"]
    empty = [row for row in filed if row["loaded"] != "1"]
    needed = needed_empties(loaded, len(empty))
    empty_h = sum(spans_h[row["crossing"]] for row in empty) * needed / max(1, len(empty))
    truck_h = sum(spans_h[row["crossing"]] for row in loaded) + empty_h
    return {
        "truck_h": truck_h,
        "driver_h": truck_h,
        "officer_min": float(result["officer_minutes"]) + float(result["agency_minutes"]),
        "tonne_h": sum(
            float(row["cargo_kg"]) / 1_000.0 * spans_h[row["crossing"]] for row in loaded
        ),
        "crossing": float(sum(_carried(row) for row in loaded) + needed),
        "open_h": open_h(tree, end_s),
    }


def needed_empties(loaded: list[dict[str, str]], made: int) -> int:
    """Empty crossings that the loads themselves ask for, of those that were made."""
    east = sum(row["direction"] == "E" for row in loaded)
    return min(made, abs(2 * east - len(loaded)))


def open_h(tree: Mapping[str, Any], lasts_s: float) -> float:
    """Hours in which a side was open in the run, of both together."""
    begins_ms = round(tree["time"]["start"].timestamp() * 1_000.0)
    ends_ms = begins_ms + round(lasts_s * 1_000.0)
    return (
        sum(
            _open_ms(
                msgspec.convert(tree.get("hours", {}).get(side, {}), SideHours), begins_ms, ends_ms
            )
            for side in ("KZ", "CN")
        )
        / 3_600_000.0
    )


def _open_ms(side: SideHours, begins_ms: int, ends_ms: int) -> int:
    found, at_ms = 0, begins_ms
    while at_ms < ends_ms:
        closes_ms = open_until_ms(at_ms, side.opening)
        if closes_ms is None:
            at_ms = opens_at_ms(at_ms, side.opening)
        else:
            found += min(closes_ms, ends_ms) - at_ms
            at_ms = closes_ms
    return found


# --- side by side ---


def lines_of(model: Model, told: list[dict[str, Any]]) -> list[str]:
    """The table for a terminal, then the costs, each with its source."""
    base = told[0]["total_per_tonne"]
    head = f"  {'':<16}{'loads':>6}{'left':>6}{'mean h':>8}{'95 % h':>8}{'officers':>10}"
    lines = [f"{model.scenario}: {model.currency} a tonne", "", f"{head}{'a tonne':>9}{'':>9}"]
    for row in told:
        hours, total = row["papers_to_arrival_h"], row["total_per_tonne"]
        change = f"{100.0 * (total / base - 1.0):+.0f} %" if total and base else ""
        lines.append(
            f"  {row['variant']:<16}{row['loads']:>6}{row['left']:>6}{_said(hours['mean']):>8}"
            f"{_said(hours['p95']):>8}{_said(row['officer_min_per_100'], 0):>10}"
            f"{_said(total, 2):>9}{change:>9}"
        )
    lines += ["", "  of that:"]
    for cost in model.cost:
        cells = [_said(row["cost_per_tonne"].get(cost.name), 2) for row in told]
        lines.append(f"  {cost.name:<40}" + "".join(f"{cell:>8}" for cell in cells))
    lines += ["", "  rates:"]
    lines += [f"  {c.rate:>8g} a {c.per:<12} {c.name}: {c.source}" for c in model.cost]
    lines += ["", "  mean and 95 %: hours from the declaration to the arrival berth; officers:"]
    return [
        *lines,
        "  minutes for 100 loads; left: loads that had not arrived when the run ended; of empty",
        "  crossings those count that the loads ask for, east and west being unequal",
    ]


def _said(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
