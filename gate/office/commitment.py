"""What an office has committed to before it draws, and under which number.

Pure. At each start the office compares what it would draw by with what it has last committed to; if
anything differs - the seed, a share, a rule - a new numbered commitment goes into its ledger,
signed by its release key, before anything is drawn. Not here: the draw (contract/selection.py).
Requirements: OFF-005 in docs/SAFETY.md.
"""

from typing import Final

from contract.agent import Now, Persist
from contract.v1.customs_pb2 import SelectionCommitment
from gate.office.docket import Docket
from gate.office.rules import commitment_of

COMMITMENT_KEY: Final = "selection"


def commit(docket: Docket, now: Now, known: bytes | None) -> None:
    """Commit to what this office will draw by, unless it already has. `known`: its journal row."""
    last = SelectionCommitment.FromString(known or b"")
    terms = commitment_of(docket.config.rules)
    terms.number, terms.at_utc_ms = last.number, last.at_utc_ms
    docket.selection = last.number
    if terms == last:
        return
    terms.number, terms.at_utc_ms = last.number + 1, now.utc_ms
    docket.selection = terms.number
    docket.out.append(Persist(COMMITMENT_KEY, terms.SerializeToString(deterministic=True)))
    docket.record(terms)
