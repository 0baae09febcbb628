"""`convoy-sim stage`: a scenario with real processes, sockets, keys and journals on loopback."""

import argparse
import re
import sys
from pathlib import Path
from typing import Any, Final

from contract.errors import ConfigError
from sim.cli.run import progress, settings_of, show_result
from sim.outcome import EXIT_UNSAFE
from sim.scenario import load
from sim.scenario_types import seed_of

EXAMPLES: Final = """\
examples:
  convoy-sim stage smoke --rate 5
  convoy-sim stage smoke --kill truck-01@40                one truck dies for good at 40 s
  convoy-sim stage smoke --kill supervisor@40:45 --json    and the supervisor is back at 45 s

Starts supervisor, offices, gates and vehicles as processes with throw-away keys, plays their
hardware and the two terminals, and judges the scenario's expectations. The programs' logs are in
DIR/logs, one file a program.

exit codes: 0 expectations hold, 1 one fails, 2 usage, scenario or map, 3 unsafe, or a program ended
            that nobody had killed, 4 deadlock, or fewer crossings than the scenario asks for,
            130 interrupted"""
RATE_MAX: Final = 50.0
_KILL: Final = re.compile(r"([A-Za-z0-9._-]+)@(\d+(?:\.\d+)?)(?::(\d+(?:\.\d+)?))?")


def add_parser(subparsers: Any) -> None:
    """Add stage."""
    parser = subparsers.add_parser(
        "stage",
        help="run a scenario with real processes",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("scenario", nargs="?", default="smoke", metavar="SCENARIO")
    parser.add_argument("--rate", type=float, default=5.0, help="simulated seconds a second (5)")
    parser.add_argument(
        "--seed", metavar="N", help="seed of cargo, service times, traffic (the scenario's, or 1)"
    )
    parser.add_argument("--duration", metavar="TIME", help="instead of the scenario's, as in 90s")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder (runs/stage-SCENARIO-SEED)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument(
        "--kill",
        action="append",
        default=[],
        metavar="NODE@SECONDS[:RESTART_SECONDS]",
        help="SIGKILL a program at a simulated time and perhaps start it again; repeats",
    )
    parser.add_argument("--json", action="store_true", help="print result.json")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Stage the scenario, write the folder, print the table or the JSON."""
    from sim.stage.programs import NotUp  # noqa: PLC0415 - sockets only where they are needed
    from sim.stage.run import Kill, StageOptions, run_stage  # noqa: PLC0415 - same

    if not 0.0 < arguments.rate <= RATE_MAX:
        raise ConfigError(f"--rate {arguments.rate:g}: expected above 0 and at most {RATE_MAX:g}")
    scenario = load(arguments.scenario, settings_of(arguments))
    scenario.seed = scenario.seed if arguments.seed is None else seed_of(arguments.seed)
    folder = (arguments.out or Path("runs") / f"stage-{scenario.name}-{scenario.seed}").resolve()
    options = StageOptions(
        folder=folder,
        seed=scenario.seed,
        rate=arguments.rate,
        kills=[Kill(*_read_kill(text)) for text in arguments.kill],
        progress=progress if sys.stderr.isatty() else None,
    )
    try:
        finished = run_stage(scenario, options)
    except NotUp as error:
        print(f"convoy-sim stage: {error}", file=sys.stderr)
        return EXIT_UNSAFE
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror}") from None
    show_result(finished, folder, as_json=arguments.json)
    return int(finished.result["exit_code"])


def _read_kill(text: str) -> tuple[str, float, float | None]:
    match = _KILL.fullmatch(text)
    if match is None:
        raise ConfigError(f"--kill {text!r}: expected NODE@SECONDS or NODE@SECONDS:RESTART_SECONDS")
    node, at, again = match.groups()
    at_s, again_s = float(at), float(again) if again is not None else None
    if again_s is not None and again_s <= at_s:
        raise ConfigError(f"--kill {text!r}: restarted at {again} s, expected after {at} s")
    return node, at_s, again_s
