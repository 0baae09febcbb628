"""A truck's body for its agent, and what faults keep of a run.

Readings from the fleet, orders into it; the navigation seal speaks through it. Not here: the fleet
(fleet.py), what breaks (site_faults.py).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from contract.map import Route
from contract.signing import Signer
from contract.v1.body_pb2 import SensorFrame
from sim.battery import Batteries
from sim.fleet import Fleet
from sim.loads import Load
from vehicle.orders import Charge, VehicleReading


class VehicleBody:
    """A truck's body for its agent: readings from the fleet, orders into it."""

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        loads: Mapping[str, Load],
        moved: Callable[[str], None],
        *,
        batteries: Batteries | None = None,
    ) -> None:
        """`moved` hears that the truck may follow another way now."""
        self._batteries = batteries
        self._name = name
        self._fleet = fleet
        self._moved = moved
        self._loads = loads

    @property
    def seal_broken(self) -> bool:
        """What the navigation seal says."""
        return self._loads[self._name].seal_broken

    def reading(self) -> VehicleReading:
        reading = self._fleet.reading(self._name)
        if self._batteries is not None:
            charge_wh, plugged, air_c = self._batteries.reading(self._name)
            reading = replace(reading, charge_wh=charge_wh, plugged=plugged, air_c=air_c)
        return replace(reading, seal_broken=True) if self.seal_broken else reading

    def show_battery(self, frame: SensorFrame) -> None:
        """What its instruments say of the battery, to a computer that is elsewhere."""
        if self._batteries is not None:
            charge_wh, frame.plugged, air_c = self._batteries.reading(self._name)
            frame.charge_wh, frame.air_tenths_c = int(charge_wh), round(10.0 * air_c)

    def charges(self, *, on: bool) -> None:
        """Take charge, or take none."""
        if self._batteries is not None:
            self._batteries.switch(self._name, on=on)

    def carry_out(self, command: Any) -> None:
        if isinstance(command, Charge):
            self.charges(on=command.on)
            return
        self._fleet.carry_out(self._name, command)
        self._moved(self._name)

    def follow(self, route: Route) -> None:
        """The way that a truck under another computer says it is on."""
        self._fleet.follow(self._name, route)
        self._moved(self._name)

    def lost(self) -> None:
        self.charges(on=False)
        self._fleet.crash(self._name)

    def booted(self) -> None:
        self._fleet.boot(self._name)


@dataclass(slots=True)
class Overheard:
    """What faults keep of a run: messages that were tapped, and keys that were exchanged."""

    tapped: dict[tuple[str, str], list[tuple[str, str, bytes]]] = field(default_factory=dict)
    own_keys: dict[str, Signer] = field(default_factory=dict)
