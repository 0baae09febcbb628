"""`convoy-sim`: the simulator's command line."""

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib import metadata

from contract.errors import ConfigError
from sim.cli import campaign, compare, drive, first_run, report, run, stage, station, sweep
from sim.compiling import watched
from sim.outcome import EXIT_USAGE

EPILOG = """examples:
  convoy-sim run                       the default scenario
  convoy-sim list                      what there is to run
  convoy-sim stage smoke --rate 5      the same agents as real processes
  convoy-sim drive script.csv -o track.csv --ideal
exit codes: 0 expectations hold, 1 one fails, 2 usage, scenario or map error, 3 unsafe or crashed,
            4 deadlock or time limit, 130 interrupted"""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="convoy-sim",
        description="Simulator of the driverless border corridor Bakhty - Pokitu.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=metadata.version("smart-corridor"))
    subparsers = top.add_subparsers(required=True, metavar="COMMAND")
    for command in (run, stage, report, campaign, sweep, compare, drive, station):
        command.add_parser(subparsers)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    arguments = parser().parse_args(argv)
    try:
        with watched(first_run.tell if sys.stderr.isatty() else None):
            return int(arguments.run(arguments))
    except ConfigError as error:
        print(f"convoy-sim: {error}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


if __name__ == "__main__":
    raise SystemExit(main())
