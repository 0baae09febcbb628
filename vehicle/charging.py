"""Charging: the truck's own battery - whether to take charge, to ask for a charger, to go at all.

Pure. In: the body's word of charge, plug and temperature. Out: orders to the plug, three fields of
the heartbeat, and a no to a mission for which the charge is too low: the truck's own reckoning,
without the reserve that the supervisor plans with. Not here: to which berth it is sent
(corridor/charging.py). Requirement: VEH-023 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import Act, Effect, Refused
from contract.energy import Drivetrain, capacity_wh, need_of
from contract.reasons import Reason
from contract.route import Route
from contract.v1.movement_pb2 import VehicleHeartbeat
from vehicle.orders import Charge, VehicleReading

ASKS_BELOW: Final = 0.6  # of what a full battery gives in this cold
BEGINS_BELOW: Final = 0.95
ENDS_ABOVE: Final = 0.99
EMPTY_KG: Final = 15_000.0


class Charging:
    """One truck's battery. `drivetrain` None: it has none to speak of."""

    def __init__(self, drivetrain: Drivetrain | None) -> None:
        self._drivetrain = drivetrain
        self._on = False

    def watch(self, reading: VehicleReading, *, parked: bool) -> list[Effect]:
        """Take charge at a plug while there is nothing to drive, until it is full."""
        drivetrain = self._drivetrain
        if drivetrain is None or reading.charge_wh is None:
            return []
        limit = ENDS_ABOVE if self._on else BEGINS_BELOW
        room = reading.charge_wh < limit * capacity_wh(drivetrain, reading.air_c)
        return self._set(on=parked and reading.plugged and room)

    def stop(self) -> list[Effect]:
        """Unplug: there is a mission."""
        return self._set(on=False)

    def _set(self, *, on: bool) -> list[Effect]:
        if on == self._on:
            return []
        self._on = on
        return [Act(Charge(on, makes_safer=not on))]

    def tell(self, beat: VehicleHeartbeat, reading: VehicleReading) -> VehicleHeartbeat:
        """The same heartbeat, with what there is to say of the battery."""
        drivetrain = self._drivetrain
        if drivetrain is not None and reading.charge_wh is not None:
            asks_wh = ASKS_BELOW * capacity_wh(drivetrain, reading.air_c)
            beat.charge_wh = max(0, int(reading.charge_wh))
            beat.asks_to_charge = reading.charge_wh < asks_wh
            beat.charging = self._on
        return beat

    def judge(self, route: Route, reading: VehicleReading) -> Refused | None:
        """The truck's own no to a way for which its charge is too low. Its load it does not know:
        it reckons with none, and the supervisor with what was declared.
        """
        drivetrain = self._drivetrain
        if drivetrain is None or reading.charge_wh is None:
            return None
        need_wh = need_of(drivetrain, route, reading.air_c).of(EMPTY_KG)
        if reading.charge_wh >= need_wh:
            return None
        detail = f"{reading.charge_wh / 1e3:.1f} kWh of {need_wh / 1e3:.1f} kWh"
        return Refused(Reason.CHARGE_TOO_LOW, detail)
