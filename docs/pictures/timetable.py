"""The picture of docs/timetable.md: `python docs/pictures/timetable.py`.

Two plans of the same twenty-four convoys over one section with turn time, made by the planner
itself, the budget counted in looks and not in seconds: the same sources give the same file, byte
for byte, with one version of matplotlib.
"""

import itertools
import json
import sys
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

from bench.timetable import form
from corridor.timetable.check import cost
from corridor.timetable.form import Instance, read_instance
from corridor.timetable.plan import make_plan
from corridor.timetable.search import Search

FOLDER: Final = Path(__file__).resolve().parent
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "timetable",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.use": True,
}
CONVOYS: Final = 24
LOOKS: Final = 200
SEED: Final = 2
COLOURS: Final = ("C0", "C3")


def first_come(instance: Instance) -> dict[str, list[int]]:
    """Whoever could enter first enters; the section is never idle while somebody waits."""
    model = instance.model()
    search = Search(model, 1)
    search.start(1_000_000, 0, 0.0)
    starts = search.settle().tolist()
    return {
        name: starts[model.first[j] : model.first[j + 1]] for j, name in enumerate(instance.jobs)
    }


def draw(axes: Any, instance: Instance, starts: dict[str, list[int]], title: str) -> None:
    """Every convoy as a line over time and place: who waits is level, in the middle the section."""
    axes.axhspan(1.0, 2.0, color="black", alpha=0.06, linewidth=0.0)
    for name, job in instance.jobs.items():
        ends = [at + step.duration_s for at, step in zip(starts[name], job.steps, strict=True)]
        at, gate, enter, leave = starts[name][0], ends[1], starts[name][2], ends[2]
        times = [t / 60.0 for t in (job.release_s, at, gate, enter, leave, ends[3])]
        places = [0.0, 0.0, 0.9, 0.9, 2.1, 3.0]
        if job.direction:
            places = [3.0 - place for place in places]
        late = job.due_s is not None and ends[3] > job.due_s
        axes.plot(times, places, color=COLOURS[job.direction], linewidth=1.1)
        if late:
            axes.plot(times[-1], places[-1], "o", color=COLOURS[job.direction], markersize=4)
    late_s, _ = cost(instance, starts)
    axes.set(yticks=(0.5, 1.5, 2.5), xlim=(0.0, None), ylim=(-0.1, 3.1))
    axes.set_yticklabels(("scanner, gate KZ", "section", "gate, scanner CN"))
    axes.set_title(f"{title}: weighted tardiness {float(late_s):,.0f} s", fontsize=9)


def main(form_of_file: str = "svg") -> int:
    """Draw both plans, one above the other."""
    mpl.use("Agg")
    mpl.rcParams.update(STYLE)
    looks = itertools.count()
    instance = read_instance(json.dumps(form(CONVOYS, SEED)).encode())
    plan = make_plan(instance, 1, lambda: next(looks) / LOOKS)
    figure, axes = plt.subplots(2, 1, figsize=(9.0, 5.0), sharex=True)
    draw(axes[0], instance, first_come(instance), "whoever can enter first")
    draw(axes[1], instance, plan.starts, "planned")
    axes[1].set_xlabel("time, min (blue eastbound, red westbound; a dot: later than due)")
    figure.savefig(FOLDER / f"timetable.{form_of_file}", metadata={"Date": None})
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
