"""Personnel locks: a person at a truck holds its lock, and until it is given back no wheel turns.

Pure; truck and supervisor each keep such a table of their own. A lock counts by the keys of persons
alone, whoever carries the document: it is taken and given back by the taker's key, or given back by
the keys of two other persons if the taker's is lost. Numbers of one person on one truck only rise,
so that neither an old taking nor an old giving back has an effect twice. Rows are written down
before anything is told. Not here: standing still (vehicle/agent.py), grants (corridor/locks.py).
Requirements: VEH-022, SUP-029 in docs/SAFETY.md.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from contract.agent import Persist, Refused, Role
from contract.reasons import Reason
from contract.roster import Roster
from contract.signing import type_name, verify
from contract.v1.document_pb2 import Document
from contract.v1.people_pb2 import (
    LOCK_ACT_GIVE_BACK,
    LOCK_ACT_GIVE_BACK_LOST,
    LOCK_ACT_TAKE,
    PersonnelLock,
)
from contract.wire import parse

PERSONS_IF_LOST: Final = 2
_KEY: Final = "lock/"


class Lock(msgspec.Struct, frozen=True):
    """The newest lock of one person on one truck: its number, and whether it is held."""

    vehicle: str
    person: str
    number: int
    held: bool


class Locks:
    """All locks that one node has heard of."""

    def __init__(self, roster: Roster) -> None:
        """Persons are the operators of the roster, each with a key of its own."""
        self._people = {node.name: node.public_key for node in roster.of_role(Role.OPERATOR)}
        self._names = {node.key_id: node.name for node in roster.of_role(Role.OPERATOR)}
        self._rows: dict[tuple[str, str], Lock] = {}

    def restore(self, journal: Mapping[str, bytes]) -> None:
        """Locks of earlier lives; a person that the roster does not name any more still holds."""
        for key, value in sorted(journal.items()):
            if key.startswith(_KEY):
                row = msgspec.msgpack.decode(value, type=Lock)
                self._rows[row.vehicle, row.person] = row

    def held(self, vehicle: str) -> list[Lock]:
        """Locks that are held on a truck, by person."""
        if not self._rows:
            return []  # asked at every turn, and nearly always so
        rows = [row for row in self._rows.values() if row.vehicle == vehicle and row.held]
        return sorted(rows, key=lambda row: row.person)

    def all_held(self) -> list[Lock]:
        """Every lock that is held, by truck and person."""
        held = [row for row in self._rows.values() if row.held]
        return sorted(held, key=lambda row: (row.vehicle, row.person))

    def judge(self, document: Document) -> Lock | Refused:
        """The row that this document leads to, or why it has no effect. Changes nothing."""
        act = self._open(document)
        if isinstance(act, Refused):
            return act
        before = self._rows.get((act.vehicle_id, act.person_id))
        number, held = (before.number, before.held) if before is not None else (0, False)
        takes = act.act == LOCK_ACT_TAKE
        if takes and act.number > number:
            return Lock(act.vehicle_id, act.person_id, act.number, held=True)
        if not takes and held and act.number == number:
            return Lock(act.vehicle_id, act.person_id, number, held=False)
        detail = f"{act.number}, newest {number}, {'held' if held else 'not held'}"
        return Refused(Reason.LOCK_STALE, detail)

    def keep(self, row: Lock) -> Persist:
        """From now on this row counts; to be written down."""
        self._rows[row.vehicle, row.person] = row
        return Persist(f"{_KEY}{row.vehicle}/{row.person}", msgspec.msgpack.encode(row))

    def _open(self, document: Document) -> PersonnelLock | Refused:
        """The act that is signed by whom it takes."""
        if document.payload_type != type_name(PersonnelLock):
            return Refused(Reason.WRONG_PAYLOAD, document.payload_type or "nothing")
        signers = self._signers(document)
        if not signers:
            return Refused(Reason.BAD_SIGNATURE, "not signed by persons of the roster")
        act = parse(PersonnelLock, document.payload)
        if isinstance(act, Refused):
            return act
        if not (act.vehicle_id and act.person_id):
            return Refused(Reason.MALFORMED, "no vehicle or no person")
        if act.act in (LOCK_ACT_TAKE, LOCK_ACT_GIVE_BACK):
            enough = signers == {act.person_id}
        else:
            others = len(signers) == PERSONS_IF_LOST and act.person_id not in signers
            enough = act.act == LOCK_ACT_GIVE_BACK_LOST and others
        return act if enough else Refused(Reason.BAD_SIGNATURE, f"by {', '.join(sorted(signers))}")

    def _signers(self, document: Document) -> set[str]:
        """Names of all who have signed; nobody if one signature is not good or comes twice."""
        found: set[str] = set()
        for each in document.signatures:
            name = self._names.get(each.key_id, "")
            key = self._people.get(name)
            good = key is not None and verify(
                key, document.payload_type, document.payload, each.signature
            )
            if not good or name in found:
                return set()
            found.add(name)
        return found
