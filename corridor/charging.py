"""Charging: no truck sets off without the charge for its crossing, and none to where it would be
stranded.

Pure. Before a truck leaves its berth it has what its crossing needs at the worst (contract/energy)
and a reserve on top. It goes to a berth without a charger only if it would still have enough there
to come back to one; else it goes to a berth with a charger or waits. So the decision to charge is
made one crossing ahead, where a charger can still be reached. What the truck says of its battery is
taken, never guessed. Not here: plugs and power (the truck's, vehicle/charging.py), other reasons to
wait (dispatch.py). Requirement: SUP-044 in docs/SAFETY.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contract.energy import Drivetrain, Need, capacity_wh, need_of
from contract.map import Berth
from contract.reasons import Reason
from contract.v1.movement_pb2 import VehicleHeartbeat
from corridor.planning import DESTINATION, ORIGIN
from corridor.records import Crossing
from corridor.state import No, State

HEAVIEST_KG: Final = 40_000.0  # what it will weigh on its way back is not known yet
RESERVE: Final = 0.2
# What a truck waits for that its next heartbeat may end.
WAITS: Final = frozenset(
    {Reason.CHARGING, Reason.CHARGE_UNKNOWN, Reason.CHARGE_TOO_LOW, Reason.NO_CHARGER_FREE}
)


@dataclass(frozen=True, slots=True)
class ChargingConfig:
    """What the supervisor goes by.

    chargers   berths that have one, on both sides;  air_c   temperature of the air
    reserve    share of a full battery that nobody plans with;  full_kg   of the heaviest truck
    """

    drivetrain: Drivetrain
    chargers: frozenset[str]
    air_c: float
    reserve: float = RESERVE
    full_kg: float = HEAVIEST_KG


def enough(charge_wh: float, need_wh: float, reserve_wh: float) -> bool:
    """The rule of dispatch: need and reserve, both whole."""
    return charge_wh >= need_wh + reserve_wh


class Charging:
    """The rule, for every truck that asks for a mission."""

    def __init__(self, state: State, config: ChargingConfig | None) -> None:
        """None: trucks have no batteries to speak of, and nobody waits for one."""
        self._state = state
        self._config = config
        self._needs: dict[tuple[str, ...], Need] = {}
        self._backs: dict[str, float] = {}
        self._chargers: dict[str, list[str]] = {"KZ": [], "CN": []}
        for berth in state.map.berths.values():
            if config is not None and berth.id in config.chargers and berth.arrivals:
                self._chargers[berth.country].append(berth.id)

    def no(self, crossing: Crossing, arrivals: Sequence[Berth]) -> No | None:
        """Why a truck may not set off yet, wherever it would go; None if it may."""
        config = self._config
        if config is None:
            return None
        charge_wh = self._charge_wh(crossing.vehicle)
        if charge_wh is None:
            return No(Reason.CHARGE_UNKNOWN, crossing.vehicle, crossing.vehicle)
        rest = self._state.rests[crossing.vehicle]
        for berth in arrivals:
            lanes = self._state.way(rest.lane, berth.id, None)
            if lanes:
                need_wh = self.need_wh(lanes, crossing.gross_mass_kg)
                if enough(charge_wh, need_wh, self._reserve_wh(config)):
                    return None
                return self._short(crossing, rest.berth)
        return None  # there is no way at all, which is said elsewhere

    def _short(self, crossing: Crossing, berth: str) -> No:
        config = self._config
        if config is not None and berth in config.chargers:
            return No(Reason.CHARGING, berth, crossing.vehicle)
        return No(Reason.CHARGE_TOO_LOW, berth or crossing.vehicle, "maintenance")

    def suits(self, crossing: Crossing, berth: str, lanes: Sequence[str]) -> bool:
        """Whether a truck gets to this berth, and from there to a charger if it has none."""
        config = self._config
        if config is None:
            return True
        charge_wh = self._charge_wh(crossing.vehicle)
        if charge_wh is None:
            return False
        need_wh = self.need_wh(tuple(lanes), crossing.gross_mass_kg)
        if berth not in config.chargers:
            need_wh += self._back_wh(berth, crossing.direction)
        return enough(charge_wh, need_wh, self._reserve_wh(config))

    def in_order(self, crossing: Crossing, berths: Sequence[str]) -> list[str]:
        """Berths as this truck had best be offered them: with a charger first to who asks for one,
        last to who does not.
        """
        config, heard = self._config, self._state.heard.get(crossing.vehicle)
        if config is None or heard is None:
            return list(berths)
        asks = heard.asks_to_charge
        return sorted(berths, key=lambda berth: (berth in config.chargers) != asks)

    def unsuited(self, crossing: Crossing) -> No:
        """No berth that is free would do: what the truck waits for."""
        config = self._config
        rest = self._state.rests[crossing.vehicle]
        if config is not None and rest.berth in config.chargers:
            return No(Reason.CHARGING, rest.berth, crossing.vehicle)
        zones, berths = self._state.zones, self._state.map.berths
        there = self._chargers.get(DESTINATION[crossing.direction], [])
        holders = [holder for each in there for holder in zones.holders(berths[each].zone)]
        return No(Reason.NO_CHARGER_FREE, "chargers", holders[0] if holders else "")

    def need_wh(self, lanes: tuple[str, ...], mass_kg: float) -> float:
        """What a way needs of a truck of this mass; a way is reckoned once."""
        config = self._config
        if config is None:
            return 0.0
        if lanes not in self._needs:
            route = self._state.map.route(lanes)
            self._needs[lanes] = need_of(config.drivetrain, route, config.air_c)
        return self._needs[lanes].of(mass_kg or config.full_kg)

    def _back_wh(self, berth: str, direction: str) -> float:
        """The most that a full truck needs from a berth to any charger of the side it came from."""
        config = self._config
        if berth not in self._backs and config is not None:
            here = self._state.map.berths[berth]
            needs = [0.0]
            for charger in self._chargers[ORIGIN[direction]]:
                lanes = self._state.way(here.lane, charger, None) if here.departures else ()
                if lanes:
                    needs.append(self.need_wh(lanes, config.full_kg))
            self._backs[berth] = max(needs)
        return self._backs[berth]

    def _charge_wh(self, vehicle: str) -> int | None:
        heard = self._state.heard.get(vehicle)
        return heard.charge_wh if heard is not None else None

    def _reserve_wh(self, config: ChargingConfig) -> float:
        return config.reserve * capacity_wh(config.drivetrain, config.air_c)


def note_charge(state: State, vehicle: str, beat: VehicleHeartbeat) -> None:
    """What a truck says of its battery; one that waits for charge is looked at anew."""
    heard = state.heard[vehicle]
    if not beat.HasField("charge_wh"):
        return
    heard.charge_wh, heard.asks_to_charge = beat.charge_wh, beat.asks_to_charge
    wait = state.waits.get(vehicle)
    if wait is not None and wait.reason in WAITS:
        state.dispatch_due = True
