"""[ambulance]: a manned vehicle that has to get through the corridor."""

from typing import Annotated

from msgspec import Meta, Struct

from sim.scenario_types import Duration


class AmbulanceSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[ambulance]: when it is called, and in which direction it drives.

    It comes from before the exit gate of that direction, and ends behind the entry gate.
    """

    at: Duration = "40min"
    direction: Annotated[str, Meta(pattern="^[EW]$")] = "E"
