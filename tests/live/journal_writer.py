"""Writes numbered records for ever and says each one that is committed: to be killed by a test."""

import sys
from pathlib import Path

from contract.agent import Persist
from live.journal import JournalFile


def main() -> None:
    journal = JournalFile.open(Path(sys.argv[1]))
    journal.boot()
    number = int.from_bytes(journal.state.get("number", b""), "big")
    while True:
        number += 1
        value = number.to_bytes(8, "big")
        journal.commit([Persist("number", value), Persist(f"row/{number % 50}", value)])
        if number % 40 == 0:
            journal.compact()
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
