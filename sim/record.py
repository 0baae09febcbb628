"""Recording a run: events as lines, visits and tracks as rows, and the transcript's hash.

The transcript is integers and bytes only: every report and every message handed over, with its time
in milliseconds. Same seed, same hash. Not here: what it all means (outcome.py).
"""

import csv
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec

from contract.agent import Report
from contract.reasons import Reason
from sim.loads import Visit

NS_PER_MS: Final = 1_000_000
STAGE_COLUMNS: Final = ("vehicle", "crossing", "stage", "arrive", "start", "end")
# Every file of a run by name, but for the programs' logs of a staged one.
RUN_FILES: Final = (
    *("result.json", "events.jsonl", "stages.csv", "crossings.csv", "delays.csv", "tracks.csv"),
    *("stops.csv", "platoon.csv", "junit.xml", "report.html", "crash.txt"),
    "scenario.resolved.toml",
)
TRACK_COLUMNS: Final = (
    *("t", "vehicle", "x", "y", "psi", "hitch"),
    *("v", "a", "delta", "lane", "s", "mode"),
)


@dataclass(frozen=True, slots=True)
class Said:
    """One event of the log."""

    t_ns: int
    node: str
    code: str
    fields: dict[str, Any]


@dataclass(slots=True)
class Recorder:
    """Takes everything down as it happens.

    visits   as each stage has seen them;   came   the same once the run is over, with the times at
             which their trucks came to wait for them (arrivals.py)
    """

    folder: Path | None = None
    events: list[Said] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    came: list[Visit] = field(default_factory=list)
    keep: frozenset[str] = frozenset()
    _hash: Any = field(default_factory=hashlib.sha256)
    _log: TextIO | None = None
    _tracks: TextIO | None = None
    _begun: bool = False

    def begin(self) -> None:
        """Leave no file of an earlier run in the folder, and no other file less. Done once, at the
        latest with the first word: a run that is refused has not touched the folder.
        """
        if self.folder is not None and not self._begun:
            for name in RUN_FILES:
                (self.folder / name).unlink(missing_ok=True)
            for pattern in ("ledger/*.jsonl", "ledger/*.json", "selection/*.seed"):
                for old in self.folder.glob(pattern):
                    old.unlink()
        self._begun = True

    def say(self, t_ns: int, node: str, report: Report) -> None:
        """One report of one node."""
        fields = {key: _plain(value) for key, value in report.fields.items()}
        code = report.event.code
        line = msgspec.json.encode(
            {
                "t": round(t_ns / 1e9, 3),
                "node": node,
                "event": code,
                "severity": report.event.severity.value,
                **fields,
            }
        )
        self._hash.update(b"%d %b" % (t_ns // NS_PER_MS, line))
        if not self.keep or code in self.keep:
            self.events.append(Said(t_ns, node, code, fields))
        if self.folder is not None:
            if self._log is None:
                self.begin()
                self._log = (self.folder / "events.jsonl").open("w", encoding="utf-8")
            self._log.write(line.decode() + "\n")

    def delivered(self, t_ns: int, to: str, raw: bytes) -> None:
        """One message handed over."""
        self._hash.update(b"%d %b %b" % (t_ns // NS_PER_MS, to.encode(), raw))

    def visited(self, visit: Visit) -> None:
        """One visit to one stage."""
        self.visits.append(visit)
        row = (visit.arrive_ns, visit.start_ns, visit.end_ns)
        times = b" ".join(b"%d" % (t_ns // NS_PER_MS) for t_ns in row)
        self._hash.update(f"{visit.stage} {visit.vehicle} ".encode() + times)

    def track(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Positions of all vehicles at one instant."""
        if self.folder is None:
            return
        if self._tracks is None:
            self.begin()
            self._tracks = (self.folder / "tracks.csv").open("w", encoding="utf-8", newline="")
            csv.writer(self._tracks, lineterminator="\n").writerow(TRACK_COLUMNS)
        csv.writer(self._tracks, lineterminator="\n").writerows(rows)

    @property
    def sha256(self) -> str:
        return str(self._hash.hexdigest())

    def close(self) -> None:
        for file in (self._log, self._tracks):
            if file is not None:
                file.close()
        if self.folder is not None and self._log is None:
            self.begin()
            (self.folder / "events.jsonl").write_text("")


def clear_logs(folder: Path) -> None:
    """Away with the programs' logs of a staged run, where a headless one writes now."""
    logs = folder / "logs"
    old = list(logs.glob("*.jsonl"))
    for log in old:
        log.unlink()
    if old and not any(logs.iterdir()):
        logs.rmdir()


def _plain(value: Any) -> Any:
    return value.name if isinstance(value, Reason) else value


def write_rows(path: Path, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    """A CSV file with a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(tuple(columns))
        writer.writerows(rows)


def write_stages(path: Path, visits: Iterable[Visit], vehicle_of: dict[str, str]) -> None:
    """stages.csv, in order of the end of each visit; seconds with milliseconds."""
    rows = [
        (
            visit.vehicle or vehicle_of.get(visit.crossing, ""),
            visit.crossing,
            visit.stage,
            *(f"{t_ns / 1e9:.3f}" for t_ns in (visit.arrive_ns, visit.start_ns, visit.end_ns)),
        )
        for visit in visits
    ]
    write_rows(path, STAGE_COLUMNS, rows)
