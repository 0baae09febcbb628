"""`convoy-corridor ledger show CROSSING --from DIR`: custody of one crossing, with evidence.

What each office decided, what each station found, who held the cargo when and under which seals,
who signed that, and which heads both offices have put their name to since. Broken records are shown
with a warning: what they say proves nothing. Exit codes: 0, 1 no such crossing or a broken ledger,
2 there is no ledger to read.
"""

import argparse
import json
import sys
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any, Final

from contract.errors import ConfigError
from contract.ledger_lines import describe
from contract.roster import Roster
from corridor.cli import ledger
from corridor.ledger import prove
from corridor.ledger_proof import Proof, Record
from corridor.ledger_story import crossings_of, of_crossing, time_of

EXIT_OK: Final = 0
EXIT_NOT_SO: Final = 1
EXIT_UNUSABLE: Final = 2
STEPS: Final = {
    "SEALED": "sealed and handed to the corridor",
    "EXITED": "left the country",
    "ENTERED": "entered the other country",
    "HANDED_OVER": "handed over",
}
DECISIONS: Final = {
    "Release": "released",
    "Hold": "held",
    "Refusal": "refused",
    "Revocation": "release taken back",
}
DIGEST_LETTERS: Final = 16


def add_parser(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", examples: str
) -> None:
    """Add `show` to the commands of `ledger`."""
    show = commands.add_parser(
        "show",
        help="custody of one crossing with its evidence",
        description=__doc__,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    show.add_argument("crossing", metavar="CROSSING", help="for instance KZ-00001")
    show.add_argument(
        "--from", dest="folder", metavar="DIR", required=True, help="a run folder, or a ledger's"
    )
    show.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    show.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show one crossing."""
    try:
        proof = prove(ledger.read_files(args.folder))
    except ConfigError as fault:
        print(f"convoy-corridor ledger: {fault}", file=sys.stderr)
        return EXIT_UNUSABLE
    records = of_crossing(proof, args.crossing)
    if not records:
        near = get_close_matches(args.crossing, crossings_of(proof), n=1, cutoff=0.0)
        hint = f"; the nearest is {near[0]}" if near else ""
        said = f"no ledger in {args.folder!a} names crossing {args.crossing!a}{hint}"
        print(said, file=sys.stderr)
        return EXIT_NOT_SO
    rows = [row_of(proof, record) for record in records]
    if args.json:
        told = {"crossing": args.crossing, "whole": proof.whole, "records": rows}
        print(json.dumps(told))
    else:
        _tell(args.crossing, proof, rows)
    return EXIT_OK if proof.whole else EXIT_NOT_SO


def row_of(proof: Proof, record: Record) -> dict[str, Any]:
    """One record with its evidence, as values."""
    node = record.file.removesuffix(".jsonl")
    keys = [each.key_id for each in record.document.signatures]
    heads = [
        names
        for head, names in proof.heads
        if head.node == node and head.number >= record.entry.number
    ]
    broken = [f for f in proof.findings if (f.file, f.line) == (record.file, record.line)]
    return {
        "at_utc_ms": time_of(record),
        **describe(record.document),
        "signed_by": [_signer(proof.roster, key) for key in keys],
        "countersigned_by": sorted({name for names in heads for name in names}),
        "file": record.file,
        "line": record.line,
        "hash": record.entry.hash.hex(),
        "broken": [str(finding) for finding in broken],
    }


def _signer(roster: Roster, key_id: bytes) -> str:
    for node in roster.nodes.values():
        if node.key_id == key_id:
            return node.name
    for country, keys in roster.release_keys.items():
        if key_id in keys:
            return f"release key of {country}"
    return f"unknown key {key_id.hex()}"


def _tell(crossing: str, proof: Proof, rows: list[dict[str, Any]]) -> None:
    print(f"crossing {crossing}, {len(rows)} records, times in UTC")
    for row in rows:
        at = datetime.fromtimestamp(row["at_utc_ms"] / 1000.0, UTC)
        print(f"\n{at:%Y-%m-%d %H:%M:%S}  {_headline(row)}")
        for name, said in _facts(row):
            print(f"    {name:<12} {said}")
        for broken in row["broken"]:
            print(f"    BROKEN       {broken}")
    steps = [row["step"] for row in rows if "step" in row]
    print(f"\ncustody: {' -> '.join(steps) if steps else 'not yet begun'}")
    if not proof.whole:
        count = len(proof.findings)
        print(f"WARNING: this ledger is broken in {count} places: see `ledger verify`")


def _headline(row: dict[str, Any]) -> str:
    kind, node = row["kind"], row["file"].removesuffix(".jsonl")
    if kind == "CustodyRecord":
        return f"{STEPS.get(row['step'], row['step'])} at {row['place']}, {row['vehicle']}"
    if kind == "ScanRecord":
        return f"inspected at {row['station']}: {row['verdict']}, {row['vehicle']}"
    if kind in DECISIONS:
        return f"{DECISIONS[kind]} by {node}"
    if kind == "Declaration":
        return f"declared by {node}: {row['declaration_id']}, version {row['version']}"
    if kind == "Endorsement":
        said = "endorsed" if row["endorsed"] else "not endorsed"
        return f"{said} by {node}, {row['agency']}"
    return f"{kind}"


def _facts(row: dict[str, Any]) -> list[tuple[str, str]]:
    """Lines beneath a headline: only what there is."""
    custody = row["kind"] == "CustodyRecord"
    evidence = "permit" if row.get("step") in ("EXITED", "ENTERED") else "declaration"
    facts = [
        ("reason", row.get("reason", "")),
        ("seals", ", ".join(row["seals"]) if row.get("seals") else ""),
        ("mass", f"{row['mass_kg']} kg" if row.get("mass_kg") else ""),
        ("channel", row.get("channel", "")),
        ("rules", "; ".join(row.get("rules", []))),
        ("release", row.get("release", "")),
        ("declaration", row.get("declaration", "")[:DIGEST_LETTERS]),
        (evidence, row.get("evidence", "")[:DIGEST_LETTERS] if custody else ""),
        ("signed by", ", ".join(row["signed_by"])),
        ("countersigned", ", ".join(row["countersigned_by"]) or "not yet"),
        ("recorded", f"{row['file']}:{row['line']}"),
    ]
    return [(name, said) for name, said in facts if said]
