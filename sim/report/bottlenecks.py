"""The table of bottlenecks in words: for the page and for a terminal. Not here: its figures
(sim/bottlenecks.py).
"""

from typing import Any, Final

HEADER: Final = (
    *("place", "of them", "in use", "queue mean", "queue max", "mean wait", "blocked"),
    *("can pass", "passed of it", "one more gives", "wait with one more"),
)
NOT_A_PLACE: Final = "-"
_LOAD_MAX: Final = 1.0  # more passed only where a run was too short for its trucks to go round
_GAIN_MIN: Final = 0.05  # crossings an hour that are worth a word


def verdict(told: dict[str, Any]) -> list[str]:
    """What breaks first, in sentences; nothing where the run does not say."""
    first, per_hour, most = told.get("first"), told.get("per_hour"), told.get("offered_per_hour")
    if not first or per_hour is None:
        return []
    row = told["places"][first]
    if most is None:
        said = f"{first} limits it: {per_hour:.0f} crossings an hour both ways, offered without end"
    elif told["broken"]:
        at_h = told["breaks_at_h"]
        said = (
            f"{first} breaks first, {at_h:.1f} h after the start: it can pass {per_hour:.0f}"
            f" crossings an hour both ways, {most:.0f} were offered"
        )
    else:
        said = (
            f"By its bound every place can pass what was offered, {most:.0f} crossings an hour both"
            f" ways; first to break is {first}, at {per_hour:.0f}"
        )
    gain = row["one_more_per_hour"] or 0.0
    more = f"One more of it ({row['servers'] + 1} instead of {row['servers']}) gives"
    second = told.get("second")
    after = f"; then it is {second}" if second else ""
    none = f": {second} passes as little" if second else ""
    gained = f"{more} {gain:.0f} more{after}." if gain >= _GAIN_MIN else f"{more} none{none}."
    return [f"{said}.", gained, *_longest(told)]


def _longest(told: dict[str, Any]) -> list[str]:
    """Where most waited: a place may be short of what its bound promises."""
    name = told.get("longest_queue")
    if not name:
        return []
    row = told["places"][name]
    queue = f"{row['queue_mean']:.1f} on average, {row['queue_max']} at most"
    return [f"The longest queue was at {name}: {queue}."]


def rows(told: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row a place, what can pass least first; places without a capacity behind them."""
    far = float("inf")
    places = told.get("places", {}).items()
    order = sorted(places, key=lambda each: (each[1]["per_hour"] or far, each[0]))
    return [_row(name, row) for name, row in order]


def _row(name: str, row: dict[str, Any]) -> tuple[str, ...]:
    used, more, load = row["utilisation"], row["one_more_per_hour"], row.get("load")
    visited = row["visits"] > 0
    return (
        name,
        str(row["servers"]),
        NOT_A_PLACE if used is None else f"{100.0 * used:.0f} %",
        f"{row['queue_mean']:.2f}",
        str(row["queue_max"]),
        f"{row['mean_wait_s']:.0f} s" if visited else NOT_A_PLACE,
        f"{row['blocked_s']:.0f} s" if visited else NOT_A_PLACE,
        NOT_A_PLACE if row["per_hour"] is None else f"{row['per_hour']:.0f}/h",
        NOT_A_PLACE if load is None or load > _LOAD_MAX else f"{100.0 * load:.0f} %",
        NOT_A_PLACE if more is None else f"+{more:.1f}/h" if more >= _GAIN_MIN else "0",
        NOT_A_PLACE if row["one_more_wait_s"] is None else f"{row['one_more_wait_s']:.0f} s",
    )


def lines(told: dict[str, Any]) -> list[str]:
    """The table for a terminal."""
    table = [HEADER, *rows(told)]
    widths = [max(len(row[k]) for row in table) for k in range(len(HEADER))]
    return [
        *verdict(told),
        "",
        *("  ".join(_padded(row, widths)).rstrip() for row in table),
    ]


def _padded(row: tuple[str, ...], widths: list[int]) -> list[str]:
    cells = zip(row[1:], widths[1:], strict=True)
    return [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in cells)]
