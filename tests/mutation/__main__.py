"""`python -m tests.mutation [MODULE ...] [--tests FILE ...]`: plant faults, see who finds them.

Examples:
  python -m tests.mutation                                    every vital module
  python -m tests.mutation vehicle/watch/curves.py            one of them
  python -m tests.mutation sim/plant.py --tests tests/sim/test_plant.py     any module, not kept
  python -m tests.mutation --again vehicle/guard.py           after new tests: its survivors only
  python -m tests.mutation --page                             write the page again, run nothing
"""

import argparse
import os
import random
import sys
from collections.abc import Sequence

from contract.errors import require
from tests.mutation import report
from tests.mutation.campaign import survivors
from tests.mutation.mutants import Mutant, mutants
from tests.mutation.vital import ROOT, VITAL


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", default=[])
    parser.add_argument("--tests", nargs="+", metavar="FILE", default=[])
    parser.add_argument("--sample", type=int, default=0, help="plant no more than so many")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument(
        "--again", action="store_true", help="plant only what lived last time, unexplained"
    )
    parser.add_argument("--page", action="store_true", help="write the page from what is known")
    return parser.parse_args(argv)


def said(number: int, mutant: Mutant, survived: bool) -> None:
    if survived:
        print(f"  survived  line {mutant.line}: {mutant.key}", flush=True)
    elif number % 50 == 0:
        print(f"  {number} planted", flush=True)


def again(module: str, tests: Sequence[str]) -> report.Result | None:
    """Plant what lived in the last campaign and is not explained: for tests only added to."""
    last, planted = report.load()[module], mutants((ROOT / module).read_text(encoding="utf-8"))
    alive = [mutant for mutant in planted if mutant.key in last.survivors]
    require(
        len(planted) == last.mutants and len(alive) == len(last.survivors) and not last.sample,
        f"{module} has changed since its last campaign: run a whole one",
    )
    why = report.explanations().get(module, {})
    bare = [mutant for mutant in alive if report.reason(mutant.key, why) is None]
    print(f"{module}: {len(bare)} survivors of {len(planted)}, {' '.join(tests)}", flush=True)
    still = survivors(module, bare, tests, said)
    killed = None if still is None else {mutant.key for mutant in bare} - {m.key for m in still}
    return _result(
        last.mutants, None if killed is None else [each for each in alive if each.key not in killed]
    )


def campaign(module: str, tests: Sequence[str], sample: int, seed: int) -> report.Result | None:
    """Run one module; None if its tests do not even pass on the module as it is."""
    text = (ROOT / module).read_text(encoding="utf-8")
    planted = mutants(text)
    chosen = ""
    if 0 < sample < len(planted):
        chosen = f"{sample} of {len(planted)}, seed {seed}"
        picked = sorted(random.Random(seed).sample(range(len(planted)), sample))
        planted = [planted[k] for k in picked]
    print(f"{module}: {len(planted)} mutants, {' '.join(tests)}", flush=True)
    alive = survivors(module, planted, tests, said)
    if alive is not None:
        killed = len(planted) - len(alive)
        print(f"  {killed} of {len(planted)} killed, {100.0 * killed / max(1, len(planted)):.1f} %")
    return _result(len(planted), alive, chosen)


def _result(count: int, alive: list[Mutant] | None, sample: str = "") -> report.Result | None:
    if alive is None:
        print("  its tests do not pass as it is", file=sys.stderr)
        return None
    return report.Result(count, {mutant.key: mutant.line for mutant in alive}, sample)


def main(argv: Sequence[str]) -> int:
    wanted = arguments(argv)
    if wanted.page:
        report.write()
        return 0
    os.environ["NUMBA_DISABLE_JIT"] = "1"  # kernels decide at import whether they are compiled
    os.chdir(ROOT)
    broken = False
    for module in wanted.modules or VITAL:
        tests = wanted.tests or VITAL.get(module)
        if tests is None:
            print(f"{module} is not vital: name its --tests", file=sys.stderr)
            return 2
        if wanted.again:
            result = again(module, tests)
        else:
            result = campaign(module, tests, wanted.sample, wanted.seed)
        broken = broken or result is None
        if result is not None and module in VITAL and not wanted.tests:
            report.save(report.load() | {module: result})
            report.write()
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
