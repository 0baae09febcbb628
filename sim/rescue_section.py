"""[rescue]: how long people take who recover a truck that has died in the lane."""

from msgspec import Struct

from sim.scenario_types import Duration


class RescueSection(Struct, forbid_unknown_fields=True, kw_only=True):
    """[rescue]: a control room that watches, and a crew with a key of its own.

    notice   from the log's word that a truck gets no further to the order that closes its section
    drive    from the word that nobody else is in the section until the crew is at the entry gate,
             or, where no vehicle gets to the truck, at the truck
    repair   of the truck, where it stands
    """

    notice: Duration = "2min"
    drive: Duration = "6min"
    repair: Duration = "15min"
