"""Draws the maps in contract/maps: `python docs/maps/draw.py`; with --check it only compares.

The same program gives the same bytes; tests/contract/test_map_files.py holds the files against it.
"""

import argparse
import sys
from pathlib import Path

import bakhty_pokitu
import bridge
import crossovers
import ganqimaodu
import mandula
import nur_zholy_khorgos
import smoke

MAPS = {
    "bakhty_pokitu": bakhty_pokitu.draw,
    "bridge": bridge.draw,
    "crossovers": crossovers.draw,
    "crossovers_west": crossovers.draw_west,
    "ganqimaodu": ganqimaodu.draw,
    "mandula": mandula.draw,
    "nur_zholy_khorgos": nur_zholy_khorgos.draw,
    "smoke": smoke.draw,
}
FOLDER = Path(__file__).resolve().parents[2] / "contract" / "maps"


def main() -> int:
    """Write every map, or compare: 0 if all is as drawn, 1 if a file differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="compare with the files, write nothing"
    )
    arguments = parser.parse_args()
    stale = 0
    for name, draw in MAPS.items():
        path = FOLDER / f"{name}.geojson"
        text = draw().encode("utf-8")
        if not path.exists() or path.read_bytes() != text:
            stale += 1
            if arguments.check:
                sys.stderr.write(f"{path} is not what {Path(__file__).name} draws\n")
            else:
                path.write_bytes(text)
    sys.stdout.write(f"{len(MAPS)} maps, {stale} {'stale' if arguments.check else 'written'}\n")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
