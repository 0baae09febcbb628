"""`convoy-corridor ledger verify DIR`: does the ledger of a day hold together?

Every break on a line of its own with file, line and what was expected. Exit codes: 0 whole,
1 broken, 2 there is no ledger to read. DIR is a run folder, or the ledger folder itself.
`ledger show` is in ledger_show.py. Not here: what is a break (corridor/ledger.py).
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

from contract.errors import ConfigError
from contract.ledger_lines import ROSTER_FILE
from contract.selection import SEED_BYTES
from corridor.cli import ledger_show
from corridor.ledger import prove
from corridor.ledger_proof import Proof
from corridor.selection_audit import repeat_draws
from live.run_folder import LEDGER, missing

EXIT_WHOLE: Final = 0
EXIT_BROKEN: Final = 1
EXIT_UNUSABLE: Final = 2
FINDINGS_TOLD_MAX: Final = 50
FILE_BYTES_MAX: Final = 2**30
SEED_FILE_BYTES_MAX: Final = 1_024

EXAMPLES: Final = """\
examples:
  convoy-corridor ledger verify runs/smoke-1
  convoy-corridor ledger verify runs/smoke-1 --keys 52f1c0
  convoy-corridor ledger verify runs/smoke-1 --seed runs/smoke-1/selection/office-kz.seed
  convoy-corridor ledger show KZ-00001 --from runs/smoke-1

Exit codes: 0 the ledger is whole, 1 it is broken, 2 there is no ledger to read.
docs/LEDGER.md says what a whole ledger proves, and what it does not.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `ledger` to the commands of convoy-corridor; the chosen one is in `args.run`."""
    ledgers = subparsers.add_parser("ledger", help="prove a day's ledger, show one crossing")
    commands = ledgers.add_subparsers(dest="ledger_command", required=True, metavar="COMMAND")
    verify = commands.add_parser(
        "verify",
        help="prove that nothing was changed, left out, put in or moved",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.add_argument("folder", metavar="DIR", help="a run folder, or a ledger folder")
    verify.add_argument("--keys", metavar="HEX", help="how the digest of the keys has to begin")
    verify.add_argument(
        "--seed",
        action="append",
        default=[],
        metavar="FILE",
        help="a seed of selection that an office shows: every draw under it is done once more",
    )
    verify.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    verify.set_defaults(run=run)
    ledger_show.add_parser(commands, EXAMPLES)


def read_files(folder: str) -> dict[str, bytes]:
    """The files of a ledger folder, given itself or the run folder around it. Raises ConfigError
    if there is no ledger.
    """
    try:
        place = Path(folder)
        if not (place / ROSTER_FILE).is_file() and (place / "ledger").is_dir():
            place = place / "ledger"
        if not place.is_dir():
            raise missing(place, ROSTER_FILE, LEDGER)
        paths = sorted(path for path in place.iterdir() if path.is_file())
        if not any(path.suffix == ".jsonl" or path.name == ROSTER_FILE for path in paths):
            raise missing(place, ROSTER_FILE, LEDGER)
        for path in paths:
            if path.stat().st_size > FILE_BYTES_MAX:
                raise ConfigError(f"{path}: longer than {FILE_BYTES_MAX} bytes")
        return {path.name: path.read_bytes() for path in paths}
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError(f"{folder!a} cannot be read: {said}") from None


def read_seed(path: str) -> bytes:
    """A seed of selection, as 64 hexadecimal digits. Raises ConfigError for a file without one."""
    try:
        with Path(path).open("rb") as file:
            text = file.read(SEED_FILE_BYTES_MAX).decode("ascii", "replace").strip()
    except OSError as error:
        raise ConfigError(f"--seed {path!a} cannot be read: {error.strerror}") from None
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise ConfigError(f"--seed {path!a}: expected {2 * SEED_BYTES} hexadecimal digits")
    return seed


def run(args: argparse.Namespace) -> int:
    """Prove one folder: 0 whole, 1 broken, 2 unusable."""
    try:
        seeds = [read_seed(path) for path in args.seed]
        proof = prove(read_files(args.folder))
    except ConfigError as fault:
        print(f"convoy-corridor ledger: {fault}", file=sys.stderr)
        return EXIT_UNUSABLE
    if args.keys is not None and not proof.digest.startswith(args.keys.lower()):
        proof.say(ROSTER_FILE, 0, f"keys with digest {proof.digest[:16]}", args.keys)
    repeat_draws(proof, seeds)
    if args.json:
        print(json.dumps(summary(proof)))
    else:
        _tell(proof)
    return EXIT_WHOLE if proof.whole else EXIT_BROKEN


def summary(proof: Proof) -> dict[str, Any]:
    """Counts and findings as one object."""
    return {
        "whole": proof.whole,
        "records": proof.records,
        "records_countersigned": proof.records_covered,
        "heads": len(proof.heads),
        "heads_countersigned": proof.heads_countersigned,
        "keys_sha256": proof.digest,
        "draws": {
            office: {"told": told, "repeated": proof.repeated.get(office, 0)}
            for office, told in sorted(proof.draws.items())
        },
        "nodes": {
            name: {"records": len(records), "countersigned": proof.covered.get(name, 0)}
            for name, records in sorted(proof.entries.items())
        },
        "findings": [
            {"file": f.file, "line": f.line, "found": f.found, "expected": f.expected}
            for f in proof.findings
        ],
    }


def _tell(proof: Proof) -> None:
    for finding in proof.findings[:FINDINGS_TOLD_MAX]:
        print(f"BROKEN  {finding}")
    if len(proof.findings) > FINDINGS_TOLD_MAX:
        print(f"BROKEN  and {len(proof.findings) - FINDINGS_TOLD_MAX} more")
    if proof.entries:
        print(f"{'ledger':<14}{'records':>9}{'under a countersigned head':>28}")
        for name, records in sorted(proof.entries.items()):
            upto = min(len(records), proof.covered.get(name, 0))
            print(f"{name:<14}{len(records):>9}{upto:>19} ({_share(upto, len(records))})")
    total, covered = proof.records, proof.records_covered
    print(
        f"records {total}, of which {covered} under a countersigned head, {total - covered} since"
    )
    heads, signed = len(proof.heads), proof.heads_countersigned
    print(f"heads   {heads}, countersigned {signed} ({_share(signed, heads)})")
    for office, drawn in sorted(proof.draws.items()):
        print(f"draws   {office} {drawn}, repeated by a seed shown {proof.repeated.get(office, 0)}")
    print(f"keys    {proof.digest or 'none'}")
    print("the ledger is whole" if proof.whole else f"BROKEN in {len(proof.findings)} places")


def _share(part: int, whole: int) -> str:
    return f"{100.0 * part / whole:.1f} %" if whole else "-"
