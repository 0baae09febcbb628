"""The planner's kernels made ready before the supervisor's program begins."""

from corridor.cli.kernel_cache import timetable_cache
from corridor.timetable.sections import TimetableSection


def make_ready(section: TimetableSection) -> None:
    """Compile what a plan runs, or read it from disk, before anybody waits for it."""
    if section.on:
        with timetable_cache():
            from corridor.timetable.plan import warm_up  # noqa: PLC0415 - within the cache

            warm_up()
