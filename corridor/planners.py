"""What plans, if anything does: the timetable and the slots, and what both reckon by.

Pure. A supervisor without a timetable loads no kernel. Nothing of it survives a restart but who has
which slot, which is in the crossings' rows.
"""

from typing import TYPE_CHECKING

from contract.agent import Now
from corridor.durations import Durations
from corridor.estimates import Estimates
from corridor.journeys import Journeys
from corridor.openings import Openings
from corridor.people import People
from corridor.slots import Slots
from corridor.state import State
from corridor.timetable.settings import SlotsConfig, TimetableConfig
from corridor.token import First, Kept

if TYPE_CHECKING:
    from corridor.expected import Expected
    from corridor.scheduling import Scheduling


class Planners:
    """One door for the supervisor's agent."""

    timetable: "Scheduling | None" = None
    expected: "Expected | None" = None

    def __init__(
        self,
        state: State,
        timetable: TimetableConfig | None,
        slots: SlotsConfig | None,
        people: People,
    ) -> None:
        self._durations = Durations(state)
        journeys = Journeys(state, self._durations)
        estimates = Estimates(state, journeys)
        self.slots = Slots(state, slots, journeys, estimates)
        self._counts = timetable is not None or slots is not None
        if timetable is not None:
            # What follows loads the kernels of the search.
            from corridor.expected import Expected  # noqa: PLC0415
            from corridor.scheduling import Scheduling  # noqa: PLC0415

            openings = Openings(state, people, journeys)
            self.timetable = Scheduling(state, timetable, openings, journeys)
            self.expected = Expected(state, self.timetable, estimates, openings)

    @property
    def first(self) -> First | None:
        """Who of two enters a section first (token.py)."""
        return self.timetable.first if self.timetable is not None else None

    @property
    def kept(self) -> Kept | None:
        """Why a section stays idle (token.py)."""
        return self.expected.no if self.expected is not None else None

    def watch(self, now: Now) -> None:
        """Once a second."""
        if self._counts:
            self._durations.watch(now)
        if self.timetable is not None and self.expected is not None:
            self.timetable.watch()
            self.expected.watch()
        self.slots.watch(now)
