"""What a day of `ten_megatonnes` costs on one core, recordings off: wall time, times real time, and
messages for each second of each truck.

Every figure stands beside what it is measured against, as a ratio: a day in two minutes, a message
and a half a second for each truck, 5 µs a message for codec and queue. Three hours of it, the whole
of it with --full. Not here: on what the time is spent (runs.py), what a mailbox costs alone
(messages.py).
"""

from typing import Any, Final

import sim.run
from bench.measure import print_table
from bench.runs import Case, Timed
from sim.run import RunOptions
from sim.scenario import Scenario, load

SCENARIO: Final = "ten_megatonnes"
DAY_S: Final = 86_400.0
AIM_S: Final = 120.0  # of wall time for a day
MESSAGES_A_SECOND: Final = 1.5  # of each truck: what a day in a minute leaves room for
CODEC_US: Final = 5.0  # a message, codec and queue
_HOURS: Final = ('time.duration="3h"', 'time.warm_up="1h"', "expect=[]")


def case(*, full: bool) -> Case:
    """Some hours of the day, or all of it with its warm-up."""
    return Case("26 h" if full else "3 h", SCENARIO, () if full else _HOURS)


def rows_of(result: dict[str, Any], scenario: Scenario, processor_s: float) -> list[list[str]]:
    """Each figure of a run, what it is held against, and their ratio.

    processor_s   from the first event on, without set-up
    """
    spent = result["performance"]
    simulated_s, wall_s = spent["simulated_s"], spent["wall_s"] - spent["compile_s"]
    trucks = scenario.fleet.kz + scenario.fleet.cn
    day_s = DAY_S * wall_s / simulated_s
    factor, aim = simulated_s / wall_s, DAY_S / AIM_S
    rate = spent["messages"] / (trucks * simulated_s)
    message_us = 1e6 * processor_s / spent["messages"]
    return [
        ["wall seconds of a day", f"{day_s:,.0f}", f"{AIM_S:,.0f}", f"{day_s / AIM_S:.2f}"],
        ["times real time", f"{factor:,.0f}", f"{aim:,.0f}", f"{factor / aim:.2f}"],
        [
            "messages a second and truck",
            f"{rate:.2f}",
            f"{MESSAGES_A_SECOND:.2f}",
            f"{rate / MESSAGES_A_SECOND:.2f}",
        ],
        [
            "processor µs a message, with all that follows from it",
            f"{message_us:.0f}",
            f"{CODEC_US:.0f}",
            f"{message_us / CODEC_US:.0f}",
        ],
        ["processor time in wall time", f"{processor_s:,.1f}", f"{wall_s:,.1f}", ""],
    ]


def run_day(options: Any) -> None:
    """Measure and print."""
    sim.run.run(load("smoke", []), RunOptions())  # compiles the kernels
    chosen = case(full=options.full)
    scenario, timed = chosen.load(), Timed()
    timed.run_once(scenario)
    result = timed.results[0]
    rows = rows_of(result, scenario, timed.driving_s[0])
    header = ("", "measured", "against", "ratio")
    print_table(f"{SCENARIO}, {chosen.title}, recordings off", header, rows)
    parts = result["performance"]["parts_s"]
    shares = [[part, f"{100.0 * s / sum(parts.values()):.1f} %"] for part, s in parts.items()]
    print_table("  who takes the time", ("", "share"), shares)
    flow = f"{result['traffic']['tonnes_per_year'] / 1e6:.2f} Mt a year at this rate"
    print(f"  {flow}; verdict {result['verdict']}; transcript {result['transcript_sha256'][:12]}")
