"""The picture of docs/today.md: `python docs/pictures/today.py`.

Drawn from today.json beside it, which is what `convoy-sim compare today --json` has printed: what a
tonne costs under each variant, cost by cost, and how long its load was under way.
"""

import json
import sys
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib import pyplot as plt

FOLDER: Final = Path(__file__).resolve().parent
STYLE: Final[dict[Any, Any]] = {
    "svg.hashsalt": "today",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.constrained_layout.use": True,
}


def draw(page: dict[str, Any]) -> Any:
    """Stacked costs on the left, hours on the right; the first variant on top."""
    rows = page["variants"][::-1]
    names = [row["variant"] for row in rows]
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(9.0, 3.4), sharey=True, width_ratios=(2.0, 1.0)
    )
    reached = [0.0] * len(rows)
    for number, cost in enumerate(page["model"]["cost"]):
        parts = [row["cost_per_tonne"].get(cost["name"], 0.0) for row in rows]
        left.barh(names, parts, left=reached, color=f"C{number}", label=cost["name"])
        reached = [at + part for at, part in zip(reached, parts, strict=True)]
    left.set_xlabel(f"{page['model']['currency']} a tonne carried")
    figure.legend(loc="outside lower center", ncols=4, fontsize=7.5, frameon=False)
    hours = [row["papers_to_arrival_h"] for row in rows]
    right.barh(names, [each["p95"] for each in hours], color="#d9e0e6", label="95 %")
    right.barh(names, [each["mean"] for each in hours], color="#4b7f9f", height=0.45, label="mean")
    right.set_xlabel("hours, declaration to arrival")
    right.legend(frameon=False, fontsize=8)
    return figure


def main() -> int:
    """Write the picture."""
    page = json.loads((FOLDER / "today.json").read_text(encoding="utf-8"))
    with mpl.rc_context(STYLE):
        figure = draw(page)
        figure.savefig(FOLDER / "today.svg", metadata={"Date": None})
        plt.close(figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
