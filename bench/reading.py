"""A run's folder, read as anybody would who was given it: result.json and the tables beside it.

Not here: what is made of it (days.py, recognition.py).
"""

import csv
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.runs import Case
from sim.run import RunOptions, run


@dataclass(frozen=True, slots=True)
class Day:
    """One run's folder, read."""

    title: str
    result: dict[str, Any]
    crossings: list[dict[str, str]]
    visits: list[dict[str, str]]

    @property
    def cleared(self) -> list[dict[str, str]]:
        """Loaded crossings that have arrived."""
        return [r for r in self.crossings if r["loaded"] == "1" and r["outcome"] == "cleared"]

    @property
    def touches(self) -> float:
        """Touches of a loaded crossing that has arrived."""
        return sum(int(row["touches"]) for row in self.cleared) / max(1, len(self.cleared))

    @property
    def times_s(self) -> list[float]:
        """Crossing times of the loaded ones that have arrived."""
        return [float(row["time_s"]) for row in self.cleared]

    @property
    def decided(self) -> int:
        """Loaded crossings of which it is known whether a person was at them."""
        return int(self.result["clearance"]["untouched"]["of"])

    @property
    def untouched(self) -> int:
        return int(self.result["clearance"]["untouched"]["crossings"])

    @property
    def decisions(self) -> int:
        return int(self.result["officer_decisions"])

    @property
    def officer_minutes(self) -> float:
        return float(self.result["officer_minutes"])

    def scans(self, *, again: bool) -> int:
        """Visits to an X-ray of the side that a crossing comes from; `again`: of the other one."""
        scanned = [row for row in self.visits if row["stage"][3:].startswith("xray")]
        home = [row["stage"][:2] == row["crossing"][:2].lower() for row in scanned]
        return home.count(not again)

    def utilisation(self, kind: str) -> float:
        """Mean utilisation of the stations of a kind; those nobody came to stood idle."""
        rows: dict[str, dict[str, float]] = self.result["resources"]
        return sum(rows[name]["utilisation"] for name in rows if name[3:].startswith(kind)) / 4.0


def day_of(case: Case, *, seed: int = 1) -> Day:
    """Run a case into a folder, and read the folder."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(case.load(), RunOptions(seed=seed, folder=folder))
        result = json.loads((folder / "result.json").read_text())
        crossings, visits = (_rows(folder / name) for name in ("crossings.csv", "stages.csv"))
        return Day(case.title, result, crossings, visits)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))
