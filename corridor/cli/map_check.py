"""`convoy-corridor map check F.geojson`: is this a map that a corridor can be run on?

One fault a line on stderr and exit code 2, or a summary on stdout and exit code 0.
Not here: the checks (`contract/map.py` and its neighbours), which have no files.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from contract.map import CorridorMap, MapError, compile_map
from contract.map_read import FILE_BYTES_MAX

EXIT_OK = 0
EXIT_MAP_ERROR = 2

EXAMPLES = """\
examples:
  convoy-corridor map check contract/maps/bakhty_pokitu.geojson
  convoy-corridor map check new.geojson --json
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `map check` to the commands of convoy-corridor; the chosen one is in `args.run`."""
    maps = subparsers.add_parser("map", help="work with corridor maps")
    commands = maps.add_subparsers(dest="map_command", required=True, metavar="COMMAND")
    check = commands.add_parser(
        "check",
        help="check a GeoJSON map and print its digest",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("file", metavar="F.geojson", help="the map")
    check.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    check.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check one file: 0 if it compiles, 2 if it does not or cannot be read."""
    try:
        with Path(args.file).open("rb") as file:
            text = file.read(FILE_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        print(f"{args.file!a} cannot be read: {reason}", file=sys.stderr)
        return EXIT_MAP_ERROR
    try:
        corridor = compile_map(text)
    except MapError as error:
        _print_faults(error, args.file, as_json=args.json)
        return EXIT_MAP_ERROR
    summary = summarise(corridor)
    if args.json:
        print(json.dumps(summary))
    else:
        print(" ".join(f"{name}={value}" for name, value in summary.items()))
    return EXIT_OK


def summarise(corridor: CorridorMap) -> dict[str, Any]:
    """What a map holds, in words and counts; `kilometres` is the length of all lanes."""
    metres = sum(lane.length_m for lane in corridor.lanes.values())
    return {
        "map": corridor.name,
        "lanes": len(corridor.lanes),
        "zones": len(corridor.zones),
        "kilometres": round(metres / 1000, 3),
        "gates": len(corridor.gates),
        "stations": len(corridor.stations),
        "bays": len(corridor.bays),
        "berths": len(corridor.berths),
        "detectors": len(corridor.detectors),
        "digest": corridor.digest.hex(),
    }


def _print_faults(error: MapError, file: str, *, as_json: bool) -> None:
    for fault in error.faults:
        print(fault, file=sys.stderr)
    if as_json:
        names = ("feature", "field", "value", "expected")
        faults = [{name: getattr(fault, name) for name in names} for fault in error.faults]
        print(json.dumps({"faults": faults}))
    print(f"{file!a}: {len(error.faults)} faults; not a usable map", file=sys.stderr)
