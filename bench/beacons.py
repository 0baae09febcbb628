"""What it costs to carry beacons as sealed bytes: the same runs both ways, in one process.

A beacon as bytes is quantised, signed, sealed, opened, verified and read back in Python, and the
fleet is stepped turn by turn. Processor time, by turns, so that a busy spell hits both.
"""

import time
from typing import Any, Final

from bench.measure import Sample, print_table
from sim.ground.run import play
from sim.run import RunOptions
from sim.run import run as drive
from sim.scenario import Scenario, load

CASES: Final = ("platoon_sine", "beacon_loss", "gate_split_reform")
WAYS: Final = ("arrays", "bytes")
REPETITIONS: Final = 3


def once(scenario: Scenario) -> tuple[float, dict[str, Any]]:
    """Processor seconds and result of one run, without a folder."""
    began_s = time.process_time()
    if scenario.ground is not None:
        result = play(scenario, 1, None, 0.0)
    else:
        result = drive(scenario, RunOptions()).result
    return time.process_time() - began_s, result


def run(options: Any) -> None:
    """Run both ways and print."""
    del options
    rows = []
    for name in CASES:
        ways = [load(name, [f"network.beacons={way}"]) for way in WAYS]
        results = [once(way)[1] for way in ways]  # compiles
        pairs = [tuple(once(way)[0] for way in ways) for _ in range(REPETITIONS)]
        arrays_s, bytes_s = (Sample(taken).median_s for taken in zip(*pairs, strict=True))
        said = results[0]["performance"]
        same = results[0]["transcript_sha256"] == results[1]["transcript_sha256"]
        rows.append(
            [
                name,
                f"{said['simulated_s'] / arrays_s:,.0f}",
                f"{said['simulated_s'] / bytes_s:,.0f}",
                f"{bytes_s / arrays_s:.1f}",
                f"{(bytes_s - arrays_s) / said['vehicle_steps'] * 1e6:.0f}",
                "same" if same else "NOT THE SAME",
            ]
        )
    print_table(
        "beacons as arrays and as sealed bytes",
        ("", "arrays x", "bytes x", "ratio", "us a truck and turn", "transcript"),
        rows,
    )
