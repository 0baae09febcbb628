"""`convoy-sim run | list | show`: the headless run and its scenarios, for a terminal and for a CI
job.
"""

import argparse
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from contract.errors import ConfigError
from sim.ground import run as ground
from sim.outcome import EXIT_OK
from sim.report.bottlenecks import by_day, verdict
from sim.report.limits import LIMITED
from sim.report.page import measured_row, slots_row, write_report
from sim.run import Finished, RunOptions, complete, load_map, reason_sentence, run
from sim.scenario import Scenario, installed, load, resolved
from sim.scenario_toml import quoted
from sim.scenario_types import seed_of

DEFAULT = "first_crossings"
TRACK_PERIOD_MIN_S = 0.001  # a period of no nanoseconds would never end
COMPILE_MIN_S: Final = 0.05  # less is not shown
SENTENCE_COLUMNS: Final = 90  # of the longest text of the table
EXAMPLES = """examples:
  convoy-sim run                                  the default scenario, one simulated hour
  convoy-sim run smoke --seed 7 --out /tmp/smoke
  convoy-sim run traffic_day --duration 2h --set fleet.kz=20 --set network.loss=0.05
  convoy-sim run --json | python -m json.tool
exit codes: 0 expectations hold, 1 one fails, 2 usage or scenario, 3 unsafe or crashed,
            4 deadlock, or fewer crossings than the scenario asks for"""


def add_parser(subparsers: Any) -> None:
    """Add run, list and show."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser(
        "run", help="run a scenario headless", epilog=EXAMPLES, formatter_class=raw
    )
    parser.add_argument("scenario", nargs="?", default=DEFAULT, metavar="SCENARIO")
    parser.add_argument("--seed", metavar="N", help="of every random stream (the scenario's, or 1)")
    parser.add_argument("--duration", metavar="TIME", help="instead of the scenario's, as in 24h")
    parser.add_argument("--out", type=Path, help="folder (runs/SCENARIO-SEED)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--track-period", metavar="TIME", default="0s", help="write tracks.csv")
    parser.add_argument("--json", action="store_true", help="print result.json")
    parser.set_defaults(run=run_command)
    listing = subparsers.add_parser("list", help="installed scenarios")
    listing.set_defaults(run=list_command)
    show = subparsers.add_parser("show", help="a scenario as runnable TOML, defaults written out")
    show.add_argument("scenario", metavar="SCENARIO")
    show.set_defaults(run=show_command)


def list_command(arguments: argparse.Namespace) -> int:
    """Names and descriptions."""
    for name, description in installed().items():
        print(f"{name:<18} {description}")
    return EXIT_OK


def show_command(arguments: argparse.Namespace) -> int:
    """The resolved scenario on stdout."""
    scenario = load(arguments.scenario, [])
    if scenario.ground is None:
        complete(scenario, load_map(scenario.corridor.map))
    print(resolved(scenario), end="")
    return EXIT_OK


def run_command(arguments: argparse.Namespace) -> int:
    """Run, write the folder, print the table or the JSON."""
    scenario = load(arguments.scenario, settings_of(arguments))
    scenario.seed = scenario.seed if arguments.seed is None else seed_of(arguments.seed)
    folder = arguments.out or Path("runs") / f"{scenario.name}-{scenario.seed}"
    if scenario.ground is not None:
        return ground_command(scenario, folder, arguments)
    options = RunOptions(
        seed=scenario.seed,
        folder=folder,
        track_period_s=period(arguments.track_period),
        progress=progress if sys.stderr.isatty() else None,
    )
    try:
        finished = run(scenario, options)
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror}") from None
    limited = write_report(folder).limited
    show_result(finished, folder, limited, as_json=arguments.json)
    return int(finished.result["exit_code"])


def ground_command(scenario: Scenario, folder: Path, arguments: argparse.Namespace) -> int:
    """The same on the proving ground."""
    try:
        result = ground.play(scenario, scenario.seed, folder, period(arguments.track_period))
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: {error.strerror}") from None
    write_report(folder)
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    else:
        print(ground_table(result, folder))
    return int(result["exit_code"])


def ground_table(result: dict[str, Any], folder: Path) -> str:
    """The short table of a run on the proving ground."""
    figures, performance = result["ground"], result["performance"]
    broken = {name: count for name, count in result["safety"].items() if count}
    stopped = [*figures["guard_trips"], *figures["pilot_stops"]]
    gap_m, ratio = figures["least_gap_m"], figures["amplitude_ratio_max"]
    rows = {
        "vehicles": f"{figures['vehicles']}, {figures['reached']} at their end, "
        + ("all standing" if figures["standing"] else "still moving"),
        "least gap": "-" if gap_m is None else f"{gap_m:.2f} m bumper to bumper",
        "string": "-" if ratio is None else f"largest amplitude against the one ahead {ratio:.3f}",
        "path error": f"{figures['path_error_max_m']:.3f} m at most",
        "ends": f"{figures['stop_short_max_m']:.2f} m short at most, "
        f"{figures['overrun_max_m']:.2f} m beyond",
        "stopped": ", ".join(
            f"{each['vehicle']} at {each['t_s']:.1f} s ({each.get('cause') or each.get('why')})"
            for each in stopped[:6]
        )
        or "nobody by itself",
        "safety": str(broken) if broken else "no violation",
        "simulated": f"{clock(performance['simulated_s'])} in {performance['wall_s']:.1f} s"
        + compiled(performance),
    }
    return "\n".join([*_judged(result, rows), "", f"  files          {folder}"])


def _judged(result: dict[str, Any], rows: Mapping[str, str]) -> list[str]:
    """The verdict, a run's figures, and what was expected of it."""
    lines = [f"{result['scenario']}, seed {result['seed']}: {result['verdict'].upper()}", ""]
    lines += [f"  {name:<14} {text}" for name, text in rows.items()]
    for expectation in result["expectations"]:
        mark = "ok  " if expectation["passed"] else "FAIL"
        lines.append(
            f"  {mark}           {expectation['name']} (observed {expectation['observed']})"
        )
    return lines


def settings_of(arguments: argparse.Namespace) -> list[str]:
    """Every `--set`, and `--duration` as one more."""
    if arguments.duration is None:
        return list(arguments.settings)
    try:
        duration = quoted(arguments.duration)
    except UnicodeEncodeError:
        raise ConfigError(f"--duration {arguments.duration!r:.80}: not UTF-8") from None
    return [*arguments.settings, f"time.duration={duration}"]


def period(text: str) -> float:
    """A duration in seconds. Raises ConfigError."""
    from sim.distributions import parse_duration  # noqa: PLC0415 - only this option needs it

    try:
        period_s = parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"--track-period {text!r}: {error}") from None
    if 0.0 < period_s < TRACK_PERIOD_MIN_S:
        raise ConfigError(f"--track-period {text!r}: expected 0s, for none, or at least 1ms")
    return period_s


def progress(share: float) -> None:
    """A line that rewrites itself, on a terminal only."""
    end = "\n" if share >= 1.0 else ""
    print(f"\r{100.0 * share:5.1f} %", end=end, file=sys.stderr, flush=True)


def compiled(performance: Mapping[str, Any]) -> str:
    """What the kernels' compiler took of a run's time, if it is worth a word."""
    seconds = performance["compile_s"]
    return f", {seconds:.1f} s of it compiling kernels, once" if seconds >= COMPILE_MIN_S else ""


def show_result(finished: Finished, folder: Path, limited: str = "", *, as_json: bool) -> None:
    """result.json or the table on stdout; what went wrong on stderr."""
    result = finished.result
    if as_json:
        print(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    else:
        print(table(result, folder, limited))
    for violation in finished.world.checkers.violations[:20]:
        print(
            f"{violation.invariant} broken at {violation.t_s:.2f} s: {violation.detail}",
            file=sys.stderr,
        )
    for ring in finished.ending.cycles:
        print(f"deadlock: {' -> '.join([*ring, ring[0]])}", file=sys.stderr)
    for why in finished.ending.stuck.values():
        print(f"stuck: {why}", file=sys.stderr)
    if finished.late:
        wanted = finished.world.scenario.time.crossings
        took = clock(result["performance"]["simulated_s"])
        done = finished.world.finished
        print(f"time limit: {done} of {wanted} crossings in {took}", file=sys.stderr)
    for each in finished.stuck:
        print(f"no progress: {each['vehicle'] or 'everybody'} {each['why']}", file=sys.stderr)
    if finished.crash:
        last = finished.crash.strip().splitlines()[-1]
        print(f"an agent crashed: {last}; see {folder / 'crash.txt'}", file=sys.stderr)


def table(result: dict[str, Any], folder: Path, limited: str) -> str:
    """The short table of a run; `limited` is what limited it, by its report, if it has one."""
    traffic, performance = result["traffic"], result["performance"]
    times = traffic["crossing_time_s"]
    broken = {name: count for name, count in result["safety"].items() if count}
    rows = {
        "crossings": f"{traffic['loaded_crossings']} loaded, {traffic['empty_crossings']} empty",
        "tonnes": f"{traffic['tonnes']:.1f} t "
        f"({traffic['tonnes_per_year'] / 1e6:.2f} Mt a year at this rate{by_day(traffic)})",
        "crossing time": f"{clock(times['p50'])} median, {clock(times['p95'])} 95 %, "
        f"{clock(times['max'])} longest",
        **dict(slots_row(result)),
        "safety": str(broken) if broken else "no violation",
        "people": f"{result['human_interventions']} interventions, "
        f"{result['officer_decisions']} officer decisions, "
        f"{result['officer_minutes']:.0f} officer minutes",
        "simulated": f"{clock(performance['simulated_s'])} in {performance['wall_s']:.1f} s "
        f"({performance['realtime_factor']:.0f} x real time)" + compiled(performance),
        **dict(measured_row(result)),
    }
    by_bound = next(iter(verdict(result["bottlenecks"])), "")
    if limited or by_bound:
        sentence = limited.removeprefix(LIMITED) or by_bound
        rows["what limited"] = f"\n{'':<17}".join(textwrap.wrap(sentence, SENTENCE_COLUMNS))
    lines = _judged(result, rows)
    waiting = traffic["waiting"]
    if waiting:
        lines += ["", "  still waiting at the end"]
        for wait in sorted(waiting, key=lambda each: each["since_s"])[:12]:
            since = clock(performance["simulated_s"] - wait["since_s"])
            said = reason_sentence(wait["reason"])
            why = f"{wait['reason']}: {said} ({wait['resource']})"
            lines.append(f"    {wait['vehicle']:<10} {since:>7}  {why}")
            lines.append(f"    {'':<10} {'':>7}  {wait['root']}")
        if len(waiting) > 12:
            lines.append(f"    and {len(waiting) - 12} more, see result.json")
    name = str(folder).encode("utf-8", "backslashreplace").decode()
    lines += ["", f"  files          {name}"]
    return "\n".join(lines)


def clock(seconds: float | None) -> str:
    """Seconds as h:mm:ss or m:ss."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}"
