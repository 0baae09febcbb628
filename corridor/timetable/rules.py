"""Starting points: orders that a dispatcher would make by a rule.

Pure. One dispatcher with three knobs, after what was measured of such instances: how many follow
each other in one direction decides more than anything else, and whoever never leaves a section
idle while somebody waits stays far from the best. It takes, again and again, the step that could
begin first; what it counts as "first" is shifted by
    batch     after so many of one direction it is the other's turn, if somebody is there
    patience  one of the same direction counts as so much earlier: the section waits for it
    urgency   how much slack to the due time, over the weight, counts as later (0: order of arrival,
              large: earliest due date)
Source of the slack rule: Vepsalainen and Morton, Management Science 33, 1987 (weighted slack).
Not here: improving an order (anneal.py).
"""

from typing import Final

from contract.kernel import kernel
from corridor.timetable.decode import clear, place, up
from corridor.timetable.model import Ints, Model

BATCHES: Final = (6, 4, 8, 3, 12, 5, 10, 2, 1_000_000)
PATIENCE: Final = (0, 1, 4)  # of a section's turn time
URGENCY: Final = (0.0, 0.1, 0.4, 1.0)


@kernel
def could_begin(model: Model, state: Ints, j: int) -> int:
    """When a job's next step could begin on a section; elsewhere when the job is ready for it."""
    n = len(model.release)
    step = model.first[j] + state[n + j]
    r, at = model.resource[step], state[j]
    if model.capacity[r] == 0:
        b, side = model.base[r], model.direction[j]
        at = max(at, state[b + 2 + side] + model.headway[r])
        if state[b] == side:
            at = max(at, state[b + 1] - model.duration[step])
        elif state[b] >= 0:
            at = max(at, state[b + 1] + model.turn[r])
    return up(at, model.sizes[3])


@kernel
def dispatch(
    model: Model, order: Ints, state: Ints, starts: Ints, runs: Ints, batch: int, patience: int,
    urgency: float,
) -> None:  # fmt: skip
    """Write the order of a rule. runs counts, for each resource, who followed in one direction."""
    n = len(model.release)
    clear(model, state)
    for r in range(len(runs)):
        runs[r] = 0
    for p in range(len(order)):
        chosen, least = n, 0.0
        for j in range(n):
            step = model.first[j] + state[n + j]
            if step == model.first[j + 1]:
                continue
            r, at = model.resource[step], could_begin(model, state, j)
            key = float(at)
            b = model.base[r]
            if model.capacity[r] == 0 and state[b] == model.direction[j]:
                if runs[r] >= batch:
                    key += 2.0 * (model.turn[r] + model.duration[step])
                else:
                    key -= float(patience * model.turn[r])
            rest = model.duration[step] + model.tail[step]
            if model.weight[j] > 0.0:
                slack = model.due[j] - at - rest
                key += urgency * slack / (model.weight[j] if slack > 0 else 1.0)
            else:
                key += urgency * 4.0 * rest
            if chosen == n or key < least:
                chosen, least = j, key
        step = model.first[chosen] + state[n + chosen]
        r = model.resource[step]
        if model.capacity[r] == 0:
            same = state[model.base[r]] == model.direction[chosen]
            runs[r] = runs[r] + 1 if same else 1
        place(model, state, chosen, starts)
        order[p] = step


@kernel
def by_job(model: Model, order: Ints, whole: Ints, seen: Ints) -> None:
    """The same order with all steps of a job together, where its last section step stood."""
    n = len(model.release)
    for j in range(n):
        seen[j] = 0
    at = 0
    for p in range(len(order)):
        j = model.owner[order[p]]
        ahead = False
        for s in range(order[p] + 1, model.first[j + 1]):
            ahead = ahead or model.capacity[model.resource[s]] == 0
        if ahead or seen[j] > 0:
            continue
        seen[j] = 1
        for s in range(model.first[j], model.first[j + 1]):
            whole[at] = s
            at += 1
