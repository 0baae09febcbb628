"""What each kind of recognition is worth: one day with both, with either alone, and with neither.

The same scenario and the same seeds four times; scans of the other side count at both offices or at
neither, and so do the traders whom the other side trusts. A seed is a day of its own, and what
happens after the first difference is another day: figures are pooled over the seeds, and the least
and the most of them stand beside the crossing time. Not here: reading a run's folder (days.py).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from bench.measure import print_table
from bench.reading import Day, day_of
from bench.runs import Case

SCENARIO: Final = "inspection_heavy"
SEEDS: Final = (1, 2, 3)
SEEDS_FULL: Final = tuple(range(1, 11))
SIDES: Final = ("KZ", "CN")


def without(*switches: str) -> tuple[str, ...]:
    """Settings under which neither office recognises this."""
    return tuple(f"office.{side}.{switch}=false" for side in SIDES for switch in switches)


COMBINATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "scans and traders": (),
    "scans alone": without("recognise_aeo"),
    "traders alone": without("recognise_scans"),
    "neither": without("recognise_scans", "recognise_aeo"),
}


def run_recognition(options: Any) -> None:
    """Measure and print: one column a combination."""
    seeds = SEEDS_FULL if options.full else SEEDS
    columns = [
        figures([day_of(Case(title, SCENARIO, settings), seed=seed) for seed in seeds])
        for title, settings in COMBINATIONS.items()
    ]
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    title = f"{SCENARIO}, {len(seeds)} days each: both sides recognise"
    print_table(title, ("", *COMBINATIONS), rows)


def figures(days: Sequence[Day]) -> dict[str, str]:
    """What several days of one combination come to, by name."""
    times = [time for day in days for time in day.times_s]
    means = [sum(day.times_s) / max(1, len(day.times_s)) for day in days]
    arrived = len(times)
    loaded = sum(day.decided for day in days)
    untouched = sum(day.untouched for day in days)
    utilised = sum(day.utilisation("xray") for day in days) / len(days)
    return {
        "loaded crossings cleared": f"{arrived}",
        "crossing time, mean s": _mean(sum(times), arrived, ".0f"),
        "  of a day, least and most": f"{min(means):.0f} to {max(means):.0f}",
        "share that no person touched": _mean(untouched, loaded, ".3f"),
        "officer decisions for 100": _per_100((d.decisions for d in days), arrived),
        "officer minutes for 100": _per_100((d.officer_minutes for d in days), arrived),
        "scans before the line for 100": _per_100((d.scans(again=False) for d in days), arrived),
        "scans behind the line for 100": _per_100((d.scans(again=True) for d in days), arrived),
        "X-ray utilisation, mean of four": f"{utilised:.4f}",
    }


def _mean(total: float, count: int, pattern: str) -> str:
    return "-" if not count else format(total / count, pattern)


def _per_100(counts: Iterable[float], of: int) -> str:
    return _mean(100.0 * sum(counts), of, ".0f")
