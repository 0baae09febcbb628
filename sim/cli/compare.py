"""`convoy-sim compare MODEL`: variants of a scenario, in time and by a cost model a tonne."""

import argparse
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.errors import ConfigError
from sim.compare import Model, Variant, figures, folder_of, lines_of, read_model
from sim.outcome import EXIT_EXPECTATION, EXIT_OK
from sim.run import RunOptions, complete, load_map, run
from sim.scenario import load
from sim.scenario_types import seed_of

EXAMPLES: Final = """examples:
  convoy-sim compare today
  convoy-sim compare today --out runs/compare-today --seed 3 --json
  convoy-sim compare my-rates.toml --from runs/compare-today
Each variant is one run; with --from nothing is run and the folders of an earlier comparison are
counted anew, by other rates if it is another model with the same variants. docs/today.md has the
model that comes with it, and what it is worth.
exit codes: 0 compared, 1 a run missed an expectation, 2 usage, model or scenario, 3 a run was
            unsafe or crashed, 4 a run was stuck"""


def add_parser(subparsers: Any) -> None:
    """Add compare."""
    parser = subparsers.add_parser(
        "compare",
        help="variants of a scenario side by side, in time and in cost a tonne",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="an installed cost model, or a .toml file")
    parser.add_argument("--seed", metavar="N", default="1", help="of every run (1)")
    parser.add_argument("--out", type=Path, help="folder (runs/compare-MODEL)")
    parser.add_argument("--from", dest="source", type=Path, metavar="DIR", help="run nothing")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="settings",
        help="over the scenario of every variant; repeats",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=compare_command)


def compare_command(arguments: argparse.Namespace) -> int:
    """Run every variant, or read its folder, and print the comparison. Raises ConfigError."""
    model = read_model(arguments.model)
    source: Path | None = arguments.source
    if source is not None and (arguments.out or arguments.settings):
        raise ConfigError("--from DIR: nothing is run, so without --out and --set")
    folder = source or arguments.out or Path("runs") / f"compare-{Path(arguments.model).stem}"
    codes = [] if source else _run_all(arguments, model, folder)
    told = [figures(folder / folder_of(each), model, each) for each in model.variant]
    if arguments.json:
        page = {"model": msgspec.to_builtins(model), "variants": told}
        print(msgspec.json.format(msgspec.json.encode(page), indent=2).decode())
    else:
        print("\n".join(lines_of(model, told)))
    sys.stdout.flush()
    worst = [code for code in (3, 4, EXIT_EXPECTATION) if code in codes]
    return worst[0] if worst else EXIT_OK


def _run_all(arguments: argparse.Namespace, model: Model, folder: Path) -> list[int]:
    """Exit codes of the runs; every scenario is looked at before the first one starts."""
    scenarios, seed = [], seed_of(arguments.seed)
    for variant in model.variant:
        scenario = load(model.scenario, [*variant.settings, *arguments.settings])
        complete(scenario, load_map(scenario.corridor.map))
        scenarios.append((variant, scenario))
    codes = []
    for variant, scenario in scenarios:
        _tell(variant)
        options = RunOptions(seed=seed, folder=folder / folder_of(variant))
        codes.append(int(run(scenario, options).result["exit_code"]))
    return codes


def _tell(variant: Variant) -> None:
    if sys.stderr.isatty():
        print(f"{variant.name}: {variant.what}", file=sys.stderr, flush=True)
