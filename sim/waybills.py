"""Waybills: whether the trucks of a batch went together, as a finished run tells it.

In: the tales of all crossings. Out: figures of the `cases` part of result.json that a scenario can
bound. Not here: who keeps them together (corridor/batches.py, corridor/dispatch.py).
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Protocol


class Tale(Protocol):
    """What is told of one crossing; times in seconds.

    batch       number of its waybill, "" for none
    sent_s      when it was sent off with both releases; None: to a bay, or not at all
    permit_s    by gate, in the order of the way: its newest permit
    """

    crossing: str
    direction: str
    batch: str
    sent_s: float | None
    permit_s: dict[str, float]


def told(tales: Iterable[Tale]) -> dict[str, Any]:
    """Batches of which two trucks or more were let out of their exit gate; from the first of them
    to the last, at the most; and crossings of others that were sent off between two of one batch.
    """
    known = list(tales)
    of_batch: dict[tuple[str, str], list[Tale]] = defaultdict(list)
    for tale in known:
        if tale.batch:
            of_batch[tale.direction, tale.batch].append(tale)
    exits_s = [
        [next(iter(t.permit_s.values())) for t in b if t.permit_s] for b in of_batch.values()
    ]
    spreads_s = [max(times) - min(times) for times in exits_s if len(times) > 1]
    parted = [other for batch in of_batch.values() for other in _between(batch, known)]
    return {
        "batches": len(spreads_s),
        "batch_spread_s": round(max(spreads_s, default=0.0), 3),
        "batch_interrupted": len(parted),
    }


def _between(batch: list[Tale], known: list[Tale]) -> list[Tale]:
    """Crossings of the same direction that were sent off between the first and last of a batch."""
    sent_s = [tale.sent_s for tale in batch if tale.sent_s is not None]
    if len(sent_s) < 2:
        return []
    return [
        tale
        for tale in known
        if tale.direction == batch[0].direction and tale.batch != batch[0].batch
        if tale.sent_s is not None and min(sent_s) < tale.sent_s < max(sent_s)
    ]
