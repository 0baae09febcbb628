"""How clearance went: from papers to permits, and how much of it took people.

From the log and the visits of a run: the `clearance` part of result.json. Counted are loaded
crossings within the measured window; a way back is none. Not here: traffic (outcome.py), the rows
of crossings.csv (report_files.py).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sim.build import AGENCIES, OFFICES
from sim.loads import Visit
from sim.outcome import NS_PER_S, CrossingTale, Tally, spread

_DESKS: Final = frozenset(f"desk_{office}" for office in OFFICES.values())
_AGENCIES: Final = frozenset(f"desk_{agencies}" for agencies in AGENCIES.values())
KINDS: Final = ("desk", "bay", "image", "line", "agency")
OFFICERS: Final = ("desk", "bay", "image")  # whose minutes are officers'; others are counted apart
_NS_PER_MIN: Final = 60 * NS_PER_S


def kind_of(visit: Visit) -> str:
    """Whose work a visit was: at a desk, in a bay, over an image, at a gate's line, an agency's."""
    if visit.stage in _DESKS:
        return "desk"
    if visit.stage in _AGENCIES:
        return "agency"
    if visit.stage.startswith("read_"):
        return "image"
    if visit.stage.startswith("laboratory_"):
        return "laboratory"  # no officer's work
    return "line" if visit.stage.startswith(("ocr_", "container_", "seals_")) else "bay"


def minutes(visits: Iterable[Visit], from_s: float = 0.0) -> dict[str, float]:
    """Minutes that people worked, by kind; of work that ended at `from_s` or later."""
    worked = dict.fromkeys(KINDS, 0.0)
    for visit in visits:
        if visit.worked_ns and visit.end_ns >= from_s * NS_PER_S:
            worked[kind_of(visit)] += visit.worked_ns / _NS_PER_MIN
    return {kind: round(spent, 3) for kind, spent in worked.items()}


def officer_minutes(visits: Iterable[Visit]) -> float:
    """Minutes of officers in the whole run: at desks, in bays and over images."""
    worked = minutes(visits)
    return round(sum(worked[kind] for kind in OFFICERS), 3)


def touches(tally: Tally, visits: Iterable[Visit]) -> dict[str, tuple[int, float]]:
    """By crossing: how often a person was at it, and for how many minutes.

    An officer may decide about what does not lie on a desk; that is a touch of no measured time.
    """
    ruled: dict[str, int] = {}
    others: dict[str, int] = {}
    spent: dict[str, float] = {}
    for visit in visits:
        if not visit.worked_ns:
            continue
        at_desk = kind_of(visit) in ("desk", "agency")
        count = ruled if at_desk else others
        count[visit.crossing] = count.get(visit.crossing, 0) + 1
        spent[visit.crossing] = spent.get(visit.crossing, 0.0) + visit.worked_ns / _NS_PER_MIN
    return {
        name: (max(tale.rulings, ruled.get(name, 0)) + others.get(name, 0), spent.get(name, 0.0))
        for name, tale in tally.crossings.items()
    }


def clearance(
    tally: Tally, visits: Iterable[Visit], warm_up_s: float, end_s: float
) -> dict[str, Any]:
    """The `clearance` part of result.json.

    green       of crossings that both offices let pass unseen and that have arrived: mean, median,
                95th percentile and maximum of each part of the way from papers to permits
    untouched   of those filed in the window and decided: how many were released without a person.
                Who still waits for one has been touched
    """
    visits = list(visits)
    touched = touches(tally, visits)
    loaded = [each for each in tally.crossings.values() if each.loaded and not each.takes_back]
    loaded = loaded if end_s > warm_up_s else []
    done = [each for each in loaded if _arrived(each, warm_up_s)]
    unseen = [t for t in done if t.channel == "green" and not touched[t.crossing][0]]
    seen = [t for t in loaded if t.filed_s is not None and t.filed_s >= warm_up_s and _decided(t)]
    free = [t for t in seen if t.cleared_s is not None and not touched[t.crossing][0]]
    worked = minutes(visits, warm_up_s)
    officers = sum(worked[kind] for kind in OFFICERS)
    return {
        "green": {"crossings": len(unseen), **_parts(unseen)},
        "untouched": {
            "crossings": len(free),
            "of": len(seen),
            "share": round(len(free) / len(seen), 4) if seen else None,
        },
        "minutes": worked,
        "officer_minutes_per_100": round(100.0 * officers / len(done), 3) if done else None,
    }


def _arrived(tale: CrossingTale, from_s: float) -> bool:
    return tale.outcome == "cleared" and tale.arrived_s is not None and tale.arrived_s >= from_s


def _decided(tale: CrossingTale) -> bool:
    """Released by both, or picked out for a person."""
    return tale.cleared_s is not None or tale.channel in ("yellow", "red") or bool(tale.rulings)


PARTS: Final = (
    "papers_to_releases_s",
    "releases_to_ready_s",
    "ready_to_departure_s",
    "departure_to_exit_permit_s",
    "exit_to_entry_permit_s",
    "papers_to_permit_s",
)


def _parts(tales: Iterable[CrossingTale]) -> Mapping[str, dict[str, float | None]]:
    found: dict[str, list[float]] = {part: [] for part in PARTS}
    for tale in tales:
        for part, took_s in parts_of(tale):
            found[part].append(took_s)
    return {part: spread(sorted(values)) for part, values in found.items()}


def parts_of(tale: CrossingTale) -> Iterator[tuple[str, float]]:
    """One crossing's way from papers to permits in seconds; what it has not come to is left out.

    It departs from its berth when it is both released and ready: waiting for the load is told
    apart from waiting for the road. The parts before the entry permit sum to `papers_to_permit_s`.
    """
    permits = list(tale.permit_s.values())
    ready_s = None
    if tale.ready_s is not None and tale.cleared_s is not None:
        ready_s = max(tale.ready_s, tale.cleared_s)
    marks = (tale.filed_s, tale.cleared_s, ready_s, tale.left_s, *permits[:2])
    for part, begin_s, end_s in zip(PARTS, marks, marks[1:], strict=False):
        if begin_s is not None and end_s is not None:
            yield part, end_s - begin_s
    if permits and tale.filed_s is not None:
        yield PARTS[-1], permits[0] - tale.filed_s
