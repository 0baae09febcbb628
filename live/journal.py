"""The journal: what a program must not forget, in one SQLite file that proves its own order.

Decides: the bytes on disk. Every record is a row of a hash chain; a commit returns only when it is
synced. A snapshot is a cache with a place in the chain: the two newest are kept, the rows before
the older one are forgotten, and the chain stays verifiable from the kept base. A torn tail is the
database's business; a tail that vanished (a flipped bit in the write-ahead log) is noticed by the
head file beside it, which is written after each commit and so is never ahead of an honest database.
One connection a file, held exclusively: SQLite before 3.51.3 has a race between two.
Not here: what records mean (agents), when to write a snapshot (live/shell.py).
"""

import hashlib
import os
import secrets
import sqlite3
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from contract.agent import Boot, Journal, Persist, RecordKind
from contract.errors import require
from contract.journal import fold, snapshot
from live.errors import JournalError

FORMAT: Final = 1
SQLITE_VERSION_MIN: Final = (3, 37, 0)  # STRICT tables
SNAPSHOTS_KEPT: Final = 2
_MARK: Final = ""  # key of the row that records a snapshot's digest
_HEAD: Final = struct.Struct(">8sQQ32s16s")  # magic, boot count, seq, hash, digest
_MAGIC: Final = b"CONVOYJH"
_PRAGMAS: Final = {
    "journal_mode": "wal",
    "synchronous": 2,
    "locking_mode": "exclusive",
    "foreign_keys": 1,
    "trusted_schema": 0,
    "cell_size_check": 1,
}
_SCHEMA: Final = """
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), journal_id BLOB NOT NULL,
    boot_count INTEGER NOT NULL, base_seq INTEGER NOT NULL, base_hash BLOB NOT NULL,
    digest BLOB NOT NULL) STRICT;
CREATE TABLE log (seq INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB,
    prev_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE snapshot (seq INTEGER PRIMARY KEY, state BLOB NOT NULL) STRICT;
"""

Row = tuple[int, str, bytes | None, bytes, bytes]


def chain(seq: int, key: str, value: bytes | None, prev_hash: bytes) -> bytes:
    """Hash of one row: SHA-256(0x00, seq, previous hash, key, value), lengths included."""
    name = key.encode()
    head = struct.pack(">BQ32sI?", 0, seq, prev_hash, len(name), value is not None)
    return hashlib.sha256(head + name + (value or b"")).digest()


class JournalFile:
    """One open journal. After any JournalError it must not be used again: the process ends."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection
        self._head_file = os.open(_head_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.journal_id = b""
        self.boot_count = 0
        self.seq = 0
        self.hash = b""
        self.fell_back_to: int | None = None
        self._snapshot_seq = 0
        self._state: dict[str, bytes] = {}
        self._loaded = Journal()

    # --- opening ---

    @classmethod
    def open(cls, path: Path) -> "JournalFile":
        """Open or create the journal and verify all of it. Raises JournalError."""
        if sqlite3.sqlite_version_info < SQLITE_VERSION_MIN:
            raise JournalError(f"SQLite {sqlite3.sqlite_version} is too old; 3.37 is needed")
        with _errors(path):
            try:
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            except OSError as fault:
                text = f"journal {path}: {fault.strerror}; its folder must exist and be ours"
                raise JournalError(text) from None
            db = sqlite3.connect(path, isolation_level=None, timeout=0.5)
            try:
                _configure(db, path)
                self = cls(path, db)
            except BaseException:
                db.close()
                raise
            try:
                self._create_or_check()
            except (TypeError, struct.error, msgspec.DecodeError):
                self.close()
                self._refuse("a column holds a value of another type")
            except BaseException:
                self.close()
                raise
        return self

    def _create_or_check(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if version == 0 and tables == 0:
            if os.fstat(self._head_file).st_size:
                self._refuse("it is empty, yet its head file says that it was not")
            self._create()
        elif version != FORMAT:
            self._refuse(f"format {version}, this program writes {FORMAT}")
        fault = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if fault != "ok":
            self._refuse(f"SQLite finds it damaged: {fault}")
        self._verify()

    def _create(self) -> None:
        with self._transaction():
            for statement in _SCHEMA.split(";")[:-1]:
                self._db.execute(statement)
            self._write_meta(secrets.token_bytes(16), 0, 0, bytes(32))
            self._db.execute(f"PRAGMA user_version = {FORMAT}")

    def _verify(self) -> None:
        """Follow the chain from its base to its head; find the newest snapshot that fits it."""
        base_seq, base_hash = self._read_meta()
        hashes, marks, records = {base_seq: base_hash}, {}, []
        seq, hash_ = base_seq, base_hash
        for row in self._rows():
            if row[0] != seq + 1 or row[3] != hash_ or chain(*row[:3], hash_) != row[4]:
                self._refuse(f"the hash chain breaks at record {seq + 1}")
            seq, hash_ = row[0], row[4]
            hashes[seq] = hash_
            if row[1] == _MARK:
                marks[seq] = row[2] or b""
            else:
                records.append((seq, row[1], row[2]))
        self.seq, self.hash = seq, hash_
        self._check_head(hashes)
        self._restore(base_seq, marks, records)

    def _restore(
        self, base_seq: int, marks: dict[int, bytes], records: list[tuple[int, str, bytes | None]]
    ) -> None:
        states = self._db.execute("SELECT seq, state FROM snapshot ORDER BY seq DESC").fetchall()
        good: dict[int, bytes] = {
            seq: state for seq, state in states if hashlib.sha256(state).digest() == marks.get(seq)
        }
        start = max(good, default=0)
        if not good and base_seq > 0:
            self._refuse("no snapshot is intact and the records before it are gone")
        newest = max(marks, default=0)
        since = [(key, value) for seq, key, value in records if seq > start]
        self._loaded = Journal(good.get(start), tuple(since))
        self._state = fold(self._loaded)
        self._snapshot_seq = start
        if start == newest:
            return
        upto = [(key, value) for seq, key, value in records if start < seq <= newest]
        rebuilt = snapshot(fold(Journal(good.get(start), tuple(upto)))).value or b""
        if hashlib.sha256(rebuilt).digest() != marks[newest]:
            self._refuse(f"snapshot {newest} is damaged and the records do not give it back")
        self.fell_back_to = start

    def _check_head(self, hashes: dict[int, bytes]) -> None:
        data = os.pread(self._head_file, _HEAD.size, 0)
        if len(data) != _HEAD.size:
            return  # never written, or cut off by a power failure: no witness
        magic, boot_count, seq, hash_, digest = _HEAD.unpack(data)
        if magic != _MAGIC or hashlib.sha256(data[:-16]).digest()[:16] != digest:
            return
        if seq > self.seq or boot_count > self.boot_count:
            self._refuse(
                f"its tail is lost: it ends at record {self.seq} of boot {self.boot_count},"
                f" but record {seq} of boot {boot_count} was written"
            )
        if seq in hashes and hashes[seq] != hash_:
            self._refuse(f"record {seq} is not the one that was written")

    def _refuse(self, what: str) -> NoReturn:
        raise JournalError(
            f"journal {self.path}: {what}. It was not changed. Keep it for the inquiry; put a"
            " sound copy in its place, or move it away with its -wal and .head files and let"
            " two persons confirm the fresh start"
        )

    # --- use ---

    def boot(self) -> Boot:
        """Count this start, durably, and name it."""
        with _errors(self.path), self._transaction():
            base_seq, base_hash = self._read_meta()
            self._write_meta(self.journal_id, self.boot_count + 1, base_seq, base_hash)
        self.boot_count += 1
        self._write_head()
        return Boot(
            boot_id=secrets.token_bytes(16),
            boot_count=self.boot_count,
            nonce_seed=secrets.token_bytes(32),
            journal_id=self.journal_id,
        )

    def load(self) -> Journal:
        """What was found at opening: the newest intact snapshot and the records since."""
        return self._loaded

    @property
    def state(self) -> dict[str, bytes]:
        """A copy of the newest value of every key, as committed."""
        return dict(self._state)

    @property
    def records_since_snapshot(self) -> int:
        """How many rows a restart would have to read beside the newest snapshot."""
        return self.seq - self._snapshot_seq

    def commit(self, records: Iterable[Persist]) -> None:
        """Write the records in one transaction; returns when they are on the disk."""
        seq, hash_ = self.seq, self.hash
        with _errors(self.path), self._transaction():
            for record in records:
                value = record.value
                if record.kind is RecordKind.SNAPSHOT:
                    value = hashlib.sha256(record.value or b"").digest()
                else:
                    require(record.key != _MARK, "a record needs a key")
                row: Row = (seq + 1, record.key, value, hash_, b"")
                hash_ = chain(*row[:3], hash_)
                seq += 1
                self._db.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?)", (*row[:4], hash_))
                if record.kind is RecordKind.SNAPSHOT:
                    self._keep_snapshot(seq, record.value or b"")
                self._apply(record)
        self.seq, self.hash = seq, hash_
        self._write_head()

    def compact(self) -> None:
        """Write a snapshot of the whole state and forget the rows that two snapshots cover."""
        self.commit([snapshot(self._state)])

    def _apply(self, record: Persist) -> None:
        if record.kind is RecordKind.SNAPSHOT:
            self._state = fold(Journal(record.value))
        elif record.value is None:
            self._state.pop(record.key, None)
        else:
            self._state[record.key] = record.value

    def _keep_snapshot(self, seq: int, state: bytes) -> None:
        self._db.execute("INSERT INTO snapshot VALUES (?, ?)", (seq, state))
        self._snapshot_seq = seq
        kept = self._db.execute(
            "SELECT seq FROM snapshot ORDER BY seq DESC LIMIT ?", (SNAPSHOTS_KEPT,)
        ).fetchall()
        if len(kept) < SNAPSHOTS_KEPT:
            return
        # The older mark stays in the chain: it is what the older snapshot is held against.
        oldest = kept[-1][0]
        base = self._db.execute("SELECT prev_hash FROM log WHERE seq = ?", (oldest,)).fetchone()
        self._db.execute("DELETE FROM log WHERE seq < ?", (oldest,))
        self._db.execute("DELETE FROM snapshot WHERE seq < ?", (oldest,))
        self._write_meta(self.journal_id, self.boot_count, oldest - 1, base[0])

    def pragmas(self) -> dict[str, Any]:
        """The settings that durability relies on, read back from SQLite."""
        return {name: self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS}

    def close(self) -> None:
        """Give file and lock back."""
        self._db.close()
        os.close(self._head_file)

    # --- rows ---

    def _rows(self) -> Iterator[Row]:
        cursor = self._db.execute("SELECT seq, key, value, prev_hash, hash FROM log ORDER BY seq")
        yield from cursor

    def _read_meta(self) -> tuple[int, bytes]:
        row = self._db.execute(
            "SELECT journal_id, boot_count, base_seq, base_hash, digest FROM meta"
        ).fetchone()
        if row is None or _meta_digest(*row[:4]) != row[4]:
            self._refuse("its first page is damaged")
        self.journal_id, self.boot_count = row[0], row[1]
        return row[2], row[3]

    def _write_meta(self, journal_id: bytes, boot_count: int, seq: int, hash_: bytes) -> None:
        digest = _meta_digest(journal_id, boot_count, seq, hash_)
        row = (journal_id, boot_count, seq, hash_, digest)
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (1, ?, ?, ?, ?, ?)", row)

    def _write_head(self) -> None:
        """Witness of the newest commit. Not synced: it may be behind, never ahead."""
        fields = struct.pack(">8sQQ32s", _MAGIC, self.boot_count, self.seq, self.hash)
        try:
            os.pwrite(self._head_file, fields + hashlib.sha256(fields).digest()[:16], 0)
        except OSError as fault:
            raise JournalError(f"journal {self.path}: head file: {fault.strerror}") from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise


def verify_pragmas(found: dict[str, Any]) -> list[str]:
    """Names and values of the settings that are not as durability needs them."""
    return [
        f"{name} is {found.get(name)!r} instead of {wanted!r}"
        for name, wanted in _PRAGMAS.items()
        if found.get(name) != wanted
    ]


def _configure(db: sqlite3.Connection, path: Path) -> None:
    for name, value in sorted(_PRAGMAS.items(), key=lambda item: item[0] != "locking_mode"):
        db.execute(f"PRAGMA {name} = {value}")
    found = {name: db.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS}
    faults = verify_pragmas(found)
    if faults:
        raise JournalError(f"journal {path}: {', '.join(faults)}; it needs a local disk")


def _meta_digest(journal_id: bytes, boot_count: int, seq: int, hash_: bytes) -> bytes:
    fields = struct.pack(">16sQQ32s", journal_id, boot_count, seq, hash_)
    return hashlib.sha256(fields).digest()


def _head_path(path: Path) -> Path:
    return path.with_name(path.name + ".head")


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Every failure of SQLite in words of ours."""
    try:
        yield
    except sqlite3.Error as fault:
        name = getattr(fault, "sqlite_errorname", "") or type(fault).__name__
        if name == "SQLITE_FULL":
            what = "the disk is full; free space, then restart"
        elif name.startswith("SQLITE_BUSY"):
            what = "another process holds it; a journal belongs to one program"
        elif name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            what = f"damaged ({fault}); keep it for the inquiry and put a sound copy there"
        else:
            what = f"{name}: {fault}"
        raise JournalError(f"journal {path}: {what}") from None
