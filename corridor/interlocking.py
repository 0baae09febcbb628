"""Interlocking: which zone is whose, and when it is nobody's again. (vital)

Pure. A vehicle is allocated the head of its claim, zone after zone; it frees a zone when its rear
is proven to have left it - by its own report, and by the wired counter where the zone has one; or,
without its word, by every axle that was counted in before the zone being counted out behind it.
Time alone frees nothing. A zone has one convoy at a time, and inside gate cells, stations, bays,
berths and yards one vehicle; a one-lane section has one direction; limits of count, mass and axle
load hold at every allocation. What is not known blocks. Not here: who deserves a zone first
(dispatch), customs (voters), what is sent (grants.py). Requirements: I4, I9, I22 in docs/SAFETY.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

import msgspec

from contract.errors import require
from contract.map import CorridorMap, ZoneKind
from contract.reasons import Reason


class ZoneState(Enum):
    """What is known of a zone. UNKNOWN blocks like OCCUPIED."""

    FREE = "free"
    RESERVED = "reserved"
    OCCUPIED = "occupied"
    CLEARING = "clearing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ZoneRule:
    """What the map says of a zone.

    shared       a convoy may have several vehicles in it, one behind the other
    wired        its exits have counters, which must agree before it is free
    """

    shared: bool
    wired: bool
    one_lane: bool
    vehicles_max: int | None
    mass_max_kg: int | None
    axle_max_kg: int | None = None


class Claim(msgspec.Struct, frozen=True):
    """Who wants a zone: one vehicle of a convoy, with the members that drive before it.

    axle_kg   its heaviest axle; 0: not known, and too heavy wherever there is a limit
    """

    vehicle: str
    convoy: str
    direction: str
    mass_kg: int
    before: tuple[str, ...] = ()
    axle_kg: int = 0


class Denied(msgspec.Struct, frozen=True):
    """Why a zone cannot be had, and who is in the way."""

    reason: Reason
    zone: str
    holder: str = ""


class Holder(msgspec.Struct):
    """One vehicle's hold on one zone. `reported` and `counted` are the two proofs that it
    has left.
    """

    vehicle: str
    convoy: str
    direction: str
    mass_kg: int
    entered: bool = False
    reported: bool = False
    counted: bool = False


class Zone(msgspec.Struct):
    """A zone's holders in order of allocation, and whether anything about it is in doubt."""

    holders: list[Holder] = []
    doubt: str = ""


@dataclass(slots=True)
class Interlocking:
    """The table of zones. Every change is named in `changed`, to be written down before it
    is told.
    """

    rules: Mapping[str, ZoneRule]
    zones: dict[str, Zone] = field(default_factory=dict)
    changed: dict[str, None] = field(default_factory=dict)

    # --- questions ---

    def state(self, zone: str) -> ZoneState:
        """What is known of a zone."""
        row = self.zones.get(zone)
        if row is None:
            return ZoneState.FREE
        if row.doubt:
            return ZoneState.UNKNOWN
        if not row.holders:
            return ZoneState.FREE
        if any(holder.entered for holder in row.holders):
            leaving = all(h.reported or h.counted for h in row.holders if h.entered)
            return ZoneState.CLEARING if leaving else ZoneState.OCCUPIED
        return ZoneState.RESERVED

    def is_free(self, zone: str) -> bool:
        """Whether its state is FREE: nobody holds it and nothing about it is in doubt."""
        row = self.zones.get(zone)
        return row is None or not (row.holders or row.doubt)

    def holders(self, zone: str) -> tuple[str, ...]:
        """Vehicles that hold a zone, in order."""
        row = self.zones.get(zone)
        return tuple(holder.vehicle for holder in row.holders) if row is not None else ()

    def held_by(self, vehicle: str) -> tuple[str, ...]:
        """Zones that a vehicle holds, by name."""
        return tuple(zone for zone in sorted(self.zones) if self._hold(zone, vehicle) is not None)

    def entered_by(self, vehicle: str) -> tuple[str, ...]:
        """Zones that a vehicle stands in as far as is known, by name; not those only reserved."""
        holds = ((zone, self._hold(zone, vehicle)) for zone in sorted(self.zones))
        return tuple(zone for zone, hold in holds if hold and hold.entered and not hold.reported)

    def judge(self, zone: str, claim: Claim) -> Denied | None:
        """Whether `claim` could have `zone` now; None means yes."""
        rule = self.rules[zone]
        row = self.zones.get(zone)
        if row is None or not (row.holders or row.doubt):
            return self._limits(zone, rule, (), claim)
        if row.doubt:
            return Denied(Reason.ZONE_UNKNOWN, zone, row.doubt)
        others = [holder for holder in row.holders if holder.vehicle != claim.vehicle]
        if len(others) < len(row.holders):
            return None
        opposed = rule.one_lane and any(each.direction != claim.direction for each in others)
        first = next((each for each in others if each.convoy != claim.convoy), others[0])
        if first.convoy != claim.convoy or not rule.shared or opposed:
            reason = Reason.DIRECTION_OPPOSED if opposed else Reason.ZONE_OCCUPIED
            return Denied(reason, zone, first.vehicle)
        if any(holder.vehicle not in claim.before for holder in others):
            return Denied(Reason.PREDECESSOR_FIRST, zone, first.vehicle)
        return self._limits(zone, rule, others, claim)

    def bears(self, zone: str, claim: Claim) -> Denied | None:
        """Whether `claim` could ever have `zone`, with nobody else in it; None means yes."""
        return self._limits(zone, self.rules[zone], (), claim)

    def _limits(
        self, zone: str, rule: ZoneRule, others: Iterable[Holder], claim: Claim
    ) -> Denied | None:
        inside = list(others)
        if rule.axle_max_kg is not None and not 0 < claim.axle_kg <= rule.axle_max_kg:
            return Denied(Reason.AXLE_TOO_HEAVY, zone)
        if rule.mass_max_kg is not None and claim.mass_kg > rule.mass_max_kg:
            return Denied(Reason.TRUCK_TOO_HEAVY, zone)
        if rule.vehicles_max is not None and len(inside) + 1 > rule.vehicles_max:
            return Denied(Reason.ZONE_FULL, zone, inside[0].vehicle if inside else "")
        mass_kg = sum(holder.mass_kg for holder in inside) + claim.mass_kg
        if rule.mass_max_kg is not None and mass_kg > rule.mass_max_kg:
            return Denied(Reason.ZONE_FULL, zone, inside[0].vehicle)
        return None

    # --- changes ---

    def allocate(self, zone: str, claim: Claim) -> Denied | None:
        """Give `zone` to `claim` if it may have it. None means it has it."""
        denied = self.judge(zone, claim)
        if denied is not None:
            return denied
        row = self.zones.setdefault(zone, Zone(holders=[]))
        if self._hold(zone, claim.vehicle) is None:
            row.holders.append(Holder(claim.vehicle, claim.convoy, claim.direction, claim.mass_kg))
            self.changed[zone] = None
        return None

    def found(self, zone: str, claim: Claim) -> bool:
        """A vehicle says that it stands in `zone`. False if the zone is now in doubt."""
        row = self.zones.setdefault(zone, Zone(holders=[]))
        hold = self._hold(zone, claim.vehicle)
        if hold is None:
            if self.judge(zone, claim) is not None:
                self.doubt(zone, f"{claim.vehicle} is in it beside {', '.join(self.holders(zone))}")
            hold = Holder(claim.vehicle, claim.convoy, claim.direction, claim.mass_kg)
            row.holders.append(hold)
        hold.entered = True
        hold.reported = False  # whatever it said before, it stands here now
        self.changed[zone] = None
        return not row.doubt

    def entered(self, zone: str, vehicle: str) -> None:
        """The front of a holder is in the zone, even if it said before that it had left."""
        hold = self._hold(zone, vehicle)
        if hold is not None and (not hold.entered or hold.reported):
            hold.entered, hold.reported = True, False
            self.changed[zone] = None

    def reported(self, zone: str, vehicle: str) -> bool:
        """A holder says that its rear has left the zone. True if the zone is now free of it."""
        hold = self._hold(zone, vehicle)
        if hold is None:
            return False
        hold.entered = hold.reported = True
        self.changed[zone] = None
        return self._drop_if_proven(zone, hold)

    def counted(self, zone: str, direction: str) -> str | None:
        """A wired counter saw one vehicle leave the zone.

        Returns who it must have been: the first holder not yet counted. None if there is none -
        then something left that was never let in, and the zone is in doubt.
        """
        for holder in self._rows(zone):
            if not holder.counted and direction in ("", holder.direction):
                holder.counted = True
                self.changed[zone] = None
                self._drop_if_proven(zone, holder)
                return holder.vehicle
        self.doubt(zone, "counted out more than let in")
        return None

    def passed(self, zone: str, vehicle: str, axles_in: int, axles_out: int) -> bool:
        """Counters on both sides of the zone, with no way out between them, saw this vehicle pass.

        True if the zone is now free of it: every axle that came in has gone out. If one has not, or
        one more has, what is in the zone is in doubt.
        """
        hold = self._hold(zone, vehicle)
        if hold is None:
            return False
        if axles_in != axles_out:
            self.doubt(zone, f"{axles_in} axles counted in, {axles_out} out")
            return False
        hold.entered = hold.reported = hold.counted = True
        self.changed[zone] = None
        return self._drop_if_proven(zone, hold)

    def _drop_if_proven(self, zone: str, holder: Holder) -> bool:
        if not holder.reported or (self.rules[zone].wired and not holder.counted):
            return False
        row = self.zones[zone]
        row.holders = [each for each in row.holders if each is not holder]
        return True

    def surrender(self, zone: str, vehicle: str) -> None:
        """A holder that never entered gives the zone back, with no authority into it any more."""
        row = self.zones.get(zone)
        require(row is not None, f"{vehicle} gives back {zone}, which nobody holds")
        hold = self._hold(zone, vehicle)
        if hold is not None:
            require(not hold.entered, f"{vehicle} gives back {zone} while inside")
            self.zones[zone].holders.remove(hold)
            self.changed[zone] = None

    def rename(self, zone: str, vehicle: str, convoy: str) -> None:
        """A vehicle keeps a zone under another convoy: its new mission's, or its own when
        it rests.
        """
        hold = self._hold(zone, vehicle)
        if hold is not None:
            hold.convoy = convoy
            self.changed[zone] = None

    def turn(self, zone: str, vehicle: str, direction: str) -> None:
        """A standing vehicle's next way leads in `direction`."""
        hold = self._hold(zone, vehicle)
        if hold is not None:
            hold.direction = direction
            self.changed[zone] = None

    def goes_first(self, zone: str, vehicle: str) -> None:
        """A holder that came in from the far end leaves before the others, and is counted so."""
        hold = self._hold(zone, vehicle)
        if hold is not None:
            holders = self.zones[zone].holders
            holders.remove(hold)
            holders.insert(0, hold)
            self.changed[zone] = None

    def doubt(self, zone: str, cause: str) -> None:
        """It is not known what is in the zone: it blocks until proven free."""
        self.zones.setdefault(zone, Zone(holders=[])).doubt = cause
        self.changed[zone] = None

    def proven(self, zone: str) -> None:
        """The zone was proven to hold exactly its holders."""
        row = self.zones.get(zone)
        if row is not None and row.doubt:
            row.doubt = ""
            self.changed[zone] = None

    def _hold(self, zone: str, vehicle: str) -> Holder | None:
        """A vehicle's hold on a zone: it has one at most."""
        return next((each for each in self._rows(zone) if each.vehicle == vehicle), None)

    def _rows(self, zone: str) -> list[Holder]:
        row = self.zones.get(zone)
        return list(row.holders) if row is not None else []


_SHARED = frozenset({ZoneKind.LANE, ZoneKind.BOUNDARY})


def rules_of(corridor: CorridorMap) -> dict[str, ZoneRule]:
    """The rule of every zone of a map."""
    wired = {detector.zone_before for detector in corridor.detectors.values()}
    return {
        zone.id: ZoneRule(
            shared=zone.kind in _SHARED,
            wired=zone.id in wired,
            one_lane=zone.one_lane,
            vehicles_max=zone.vehicles_max,
            mass_max_kg=zone.mass_max_kg,
            axle_max_kg=zone.axle_max_kg,
        )
        for zone in corridor.zones.values()
    }
