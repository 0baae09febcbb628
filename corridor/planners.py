"""What plans, if anything does: a supervisor without a timetable loads no kernel."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from corridor.state import State
from corridor.timetable.settings import TimetableConfig

if TYPE_CHECKING:
    from corridor.scheduling import Scheduling


def scheduling_of(
    state: State, config: TimetableConfig | None, earliest_ms: Callable[[str, int], int]
) -> "Scheduling | None":
    """The timetable, if there is one."""
    if config is None:
        return None
    from corridor.scheduling import Scheduling  # noqa: PLC0415 - loads the kernels of the search

    return Scheduling(state, config, earliest_ms)
