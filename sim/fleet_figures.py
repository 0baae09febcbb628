"""Figures of a fleet: charge, chargers, repairs, trailers, and who crossed empty.

From the truth of the batteries and from what terminals and mechanics have counted. Everything is
there in every result, and 0 where the scenario does not ask for it. Not here: the parts
(fleet_life.py).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from sim.battery import Batteries
from sim.build import TERMINALS
from sim.record import Said
from sim.terminal import TerminalAgent

if TYPE_CHECKING:
    from sim.world import World

NS_PER_S: Final = 1_000_000_000
# Reasons for which a truck waits at its berth, and that are told with their hours.
WAITS: Final = ("CHARGING", "NO_CHARGER_FREE", "CHARGE_TOO_LOW", "BRAKES_FAILED")
_ENERGY: Final = (
    *("start_kwh", "drawn_kwh", "aside_kwh", "recovered_kwh", "charged_kwh", "end_kwh"),
    *("kwh_per_km", "least_share", "charging_share", "ran_empty", "pulled_off"),
)


def fleet_metrics() -> list[str]:
    """Every path of the `fleet` part of result.json."""
    counts = ("brake_tests", "brakes_failed", "repairs", "unmended", "broken_down", "swaps")
    both = [f"fleet.empty.{direction}" for direction in ("E", "W")]
    waits = [f"fleet.waits_s.{reason}" for reason in WAITS]
    return [*(f"fleet.{key}" for key in (*_ENERGY, *counts, "empty_gap")), *both, *waits]


def fleet_figures(world: "World", events: Sequence[Said], end_s: float) -> dict[str, Any]:
    """The `fleet` part of result.json."""
    life = world.life
    agents = [host.node.agent for name in TERMINALS.values() if (host := world.hosts[name]).node]
    terminals = [agent for agent in agents if isinstance(agent, TerminalAgent)]
    empty = dict.fromkeys(("E", "W"), 0)
    noticed = {said.fields["crossing"]: said for said in events if said.code == "crossing_noticed"}
    for said in events:
        first = noticed.get(said.fields.get("crossing", ""))
        if said.code == "mission_given" and first is not None and not first.fields["loaded"]:
            empty[str(first.fields["direction"])] += int(said.fields["version"] == 1)
    repaired = [each for side in life.mechanics.values() for each in side.repaired]
    return {
        **_energy(life.batteries, end_s),
        "brake_tests": sum(each.trade.tests for each in terminals),
        "brakes_failed": sum(each.trade.failures for each in terminals),
        "repairs": len(repaired),
        "unmended": sum(side.at_work for side in life.mechanics.values()),
        "broken_down": len(life.broken_down),
        "swaps": sum(yard.swaps for yard in life.yards.values()),
        "empty": empty,
        "empty_gap": abs(empty["E"] - empty["W"]),
        "waits_s": waits_s(events, end_s),
    }


def _energy(batteries: Batteries | None, end_s: float) -> dict[str, float]:
    """Sums over all trucks; the least share of a full battery is that of a truck on the road."""
    if batteries is None:
        return dict.fromkeys(_ENERGY, 0)
    sums = {
        "start_kwh": batteries.start_wh,
        "drawn_kwh": batteries.drawn_wh,
        "aside_kwh": batteries.aside_wh,
        "recovered_kwh": batteries.recovered_wh,
        "charged_kwh": batteries.charged_wh,
        "end_kwh": batteries.charge_wh,
    }
    told: dict[str, float] = {key: round(float(wh.sum()) / 1e3, 3) for key, wh in sums.items()}
    km = float(batteries.driven_m.sum()) / 1e3
    net_kwh = told["drawn_kwh"] + told["aside_kwh"] - told["recovered_kwh"]
    truck_s = max(end_s, 1e-9) * max(1, len(batteries.charge_wh))
    return told | {
        "kwh_per_km": round(net_kwh / km, 3) if km > 0.0 else 0.0,
        "least_share": round(float(batteries.least_wh.min()) / batteries.full_wh, 4),
        "charging_share": round(float(batteries.charging_s.sum()) / truck_s, 4),
        "ran_empty": len(batteries.ran_empty),
        "pulled_off": len(batteries.pulled_off),
    }


def waits_s(events: Sequence[Said], end_s: float) -> dict[str, float]:
    """Seconds that trucks have waited for each of these reasons, by the supervisor's log."""
    total = dict.fromkeys(WAITS, 0.0)
    since: dict[str, tuple[float, str]] = {}
    for said in events:
        if said.code not in ("vehicle_waits", "vehicle_goes_on"):
            continue
        vehicle, t_s = str(said.fields["vehicle"]), said.t_ns / NS_PER_S
        from_s, before = since.pop(vehicle, (t_s, ""))
        if before in total:
            total[before] += t_s - from_s
        if said.code == "vehicle_waits":
            since[vehicle] = (t_s, str(said.fields["reason"]))
    for from_s, reason in since.values():
        if reason in total:
            total[reason] += end_s - from_s
    return {reason: round(spent_s, 3) for reason, spent_s in total.items()}
