"""Suspended stations as `convoy-office desk list` prints them: since when, and by what evidence.

Not here: what suspends one (gate/office/audit.py), who ends that (gate/office/reinstatement.py).
"""

from typing import Any

from contract.v1.customs_pb2 import SuspendedStation
from gate.cli.status import clock


def station_values(station: SuspendedStation) -> dict[str, Any]:
    """A station as one JSON object."""
    return {
        "station": station.station_id,
        "since_utc_ms": station.since_utc_ms,
        "scans": station.scans,
        "false_clears": station.false_clears,
        "scans_since": station.scans_since,
        "false_clears_since": station.false_clears_since,
        "asked_by": station.asked_by,
        "asked_reason": station.asked_reason,
    }


def tell_station(station: SuspendedStation) -> None:
    """A station in a few lines."""
    since = clock(station.since_utc_ms) if station.since_utc_ms else "a time that is not known"
    print(f"\n{station.station_id} is suspended since {since} UTC: its scans do not count here")
    print(f"  evidence   {_not_clear(station.false_clears, station.scans)}")
    print(f"  since then {_not_clear(station.false_clears_since, station.scans_since)}")
    if station.asked_by:
        print(f"  reinstate  asked by {station.asked_by}: {station.asked_reason}")
    print("  lifted by  as much evidence for it, or `desk reinstate` of two officers")


def _not_clear(bad: int, count: int) -> str:
    return f"{bad} of {count} loads that were scanned again here were not clear"
