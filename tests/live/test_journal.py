"""The journal on a real disk: nothing acknowledged is lost, and damage is never silent."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Final

import pytest

from contract.agent import Persist
from contract.errors import InvariantBroken
from contract.journal import fold
from live.errors import JournalError
from live.journal import JournalFile, verify_pragmas

RECORDS: Final = [Persist(f"zone/{number}", bytes([number]) * 20) for number in range(30)]


def write(path: Path, *commits: list[Persist]) -> dict[str, bytes]:
    """A closed journal with these commits; its state."""
    journal = JournalFile.open(path)
    journal.boot()
    for records in commits:
        journal.commit(records)
    state = journal.state
    journal.close()
    return state


def reopened(path: Path) -> dict[str, bytes]:
    journal = JournalFile.open(path)
    try:
        assert fold(journal.load()) == journal.state
        return journal.state
    finally:
        journal.close()


def copy(path: Path, to: Path) -> Path:
    """The journal's files as they are on the disk now."""
    to.mkdir()
    for name in (path.name, path.name + "-wal", path.name + ".head"):
        if path.with_name(name).exists():
            shutil.copy(path.with_name(name), to / name)
    return to / path.name


def test_restart_finds_newest_values_and_forgets_what_was_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "gate.journal"
    write(path, RECORDS[:3], [Persist("zone/1", None), Persist("zone/2", b"new")])
    assert reopened(path) == {"zone/0": bytes(20), "zone/2": b"new"}


def test_every_start_is_counted_and_named(tmp_path: Path) -> None:
    boots = []
    for _ in range(3):
        journal = JournalFile.open(tmp_path / "j")
        boots.append(journal.boot())
        journal.close()
    assert [boot.boot_count for boot in boots] == [1, 2, 3]
    assert len({boot.journal_id for boot in boots}) == 1
    assert len({boot.boot_id for boot in boots} | {boot.nonce_seed for boot in boots}) == 6


def test_durability_settings_are_read_back(tmp_path: Path) -> None:
    journal = JournalFile.open(tmp_path / "j")
    assert verify_pragmas(journal.pragmas()) == []
    assert verify_pragmas(journal.pragmas() | {"synchronous": 1})
    journal.close()
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


def test_snapshot_and_records_restore_the_same_state(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = JournalFile.open(path)
    plain: dict[str, bytes] = {}
    chance = Random(7)
    for turn in range(300):
        key = f"k{chance.randrange(40)}"
        value = None if chance.random() < 0.2 else chance.randbytes(chance.randrange(50))
        journal.commit([Persist(key, value)])
        if value is None:
            plain.pop(key, None)
        else:
            plain[key] = value
        if turn % 70 == 69:
            journal.compact()
    assert journal.state == plain
    assert journal.records_since_snapshot == 20
    journal.close()
    assert reopened(path) == plain
    rows = sqlite3.connect(path)
    assert rows.execute("SELECT count(*) FROM snapshot").fetchone() == (2,)
    assert rows.execute("SELECT count(*) FROM log").fetchone()[0] < 100
    rows.close()


def test_damaged_newest_snapshot_falls_back_to_the_older_one(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = JournalFile.open(path)
    for records in (RECORDS[:10], RECORDS[10:20], RECORDS[20:]):
        journal.commit(records)
        journal.compact()
    state = journal.state
    journal.close()
    rows = sqlite3.connect(path)
    rows.execute("UPDATE snapshot SET state = x'80' WHERE seq = (SELECT max(seq) FROM snapshot)")
    rows.commit()
    rows.close()
    again = JournalFile.open(path)
    assert again.state == state
    assert again.fell_back_to is not None
    again.close()
    rows = sqlite3.connect(path)
    rows.execute("UPDATE snapshot SET state = x'80'")
    rows.commit()
    rows.close()
    with pytest.raises(JournalError, match="no snapshot is intact"):
        JournalFile.open(path)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log SET value = x'00' WHERE seq = 7",
        "UPDATE log SET key = 'zone/99' WHERE seq = 7",
        "DELETE FROM log WHERE seq = 7",
        "DELETE FROM log WHERE seq > 25",
        "UPDATE log SET hash = zeroblob(32) WHERE seq = 30",
        "UPDATE meta SET journal_id = zeroblob(16)",
        "UPDATE meta SET boot_count = 0",
        "DELETE FROM meta",
    ],
)
def test_altered_row_is_refused(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "j"
    write(path, RECORDS)
    rows = sqlite3.connect(path)
    rows.execute(statement)
    rows.commit()
    rows.close()
    with pytest.raises(JournalError, match=r"journal .*j: .* It was not changed"):
        JournalFile.open(path)


def test_any_flipped_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    """F8: the tail that SQLite drops after a flip in its log is missed by the head file."""
    path = tmp_path / "a" / "j"
    path.parent.mkdir()
    journal = JournalFile.open(path)
    journal.boot()
    for record in RECORDS:
        journal.commit([record])
    state = journal.state
    files = [path, path.with_name("j-wal")]
    chance = Random(3)
    noticed = 0
    places = [(file, chance.randrange(file.stat().st_size)) for file in files for _ in range(60)]
    # The newest commits, which nothing behind them vouches for.
    tail = files[1].stat().st_size
    places += [(files[1], tail - 1 - 97 * step) for step in range(60)]
    for number, (file, offset) in enumerate(places):
        damaged = copy(path, tmp_path / str(number))
        target = damaged.with_name(file.name)
        content = bytearray(target.read_bytes())
        content[offset] ^= 1 << chance.randrange(8)
        target.write_bytes(content)
        try:
            assert reopened(damaged) == state
        except JournalError:
            noticed += 1
    journal.close()
    assert noticed > len(places) // 4


def test_lost_tail_and_restored_backup_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write(path, RECORDS[:10])
    backup = path.read_bytes()
    write(path, RECORDS[10:])
    path.write_bytes(backup)
    with pytest.raises(JournalError, match="its tail is lost: it ends at record 10 of boot 1"):
        JournalFile.open(path)


def test_torn_tail_of_the_log_loses_nothing_older(tmp_path: Path) -> None:
    path = tmp_path / "a" / "j"
    path.parent.mkdir()
    journal = JournalFile.open(path)
    journal.commit(RECORDS[:10])
    torn = copy(path, tmp_path / "b")  # the head file is written after the commit
    head = torn.with_name("j.head").read_bytes()
    journal.commit(RECORDS[10:])
    wal = path.with_name("j-wal").read_bytes()
    journal.close()
    torn.with_name("j-wal").write_bytes(wal[: len(wal) - 100])
    torn.with_name("j.head").write_bytes(head)
    assert reopened(torn) == {record.key: record.value for record in RECORDS[:10]}


def test_killed_writer_loses_nothing_it_has_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "j"
    chance = Random(11)
    reached = 0
    for round_ in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.live.journal_writer", str(path)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(chance.randrange(1, 120))]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.read().splitlines(keepends=True)
        writer.stdout.close()
        writer.wait()
        said = max(int(line) for line in lines if line.endswith(b"\n"))
        number = int.from_bytes(reopened(path)["number"], "big")
        assert said <= number <= said + 1
        assert number > reached
        reached = number
        journal = JournalFile.open(path)
        assert journal.boot_count == round_ + 1
        journal.close()


def test_full_disk_ends_in_an_error_that_says_so(tmp_path: Path) -> None:
    path = tmp_path / "j"
    journal = JournalFile.open(path)
    journal._db.execute("PRAGMA max_page_count = 8")

    def fill() -> None:
        for number in range(1_000):
            journal.commit([Persist(f"row/{number}", bytes(1_000))])

    with pytest.raises(JournalError, match="the disk is full"):
        fill()
    journal.close()
    kept = reopened(path)
    assert all(kept[f"row/{number}"] == bytes(1_000) for number in range(len(kept)))


def test_second_process_on_the_same_journal_is_refused(tmp_path: Path) -> None:
    first = JournalFile.open(tmp_path / "j")
    with pytest.raises(JournalError, match="another process holds it"):
        JournalFile.open(tmp_path / "j")
    first.close()


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not a database\n" * 100)
    with pytest.raises(JournalError, match="text"):
        JournalFile.open(tmp_path / "text")
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE log (x)")
    other.close()
    with pytest.raises(JournalError, match="format 0"):
        JournalFile.open(tmp_path / "other")
    with pytest.raises(JournalError, match="No such file"):
        JournalFile.open(tmp_path / "nowhere" / "j")


def test_record_without_key_is_a_bug_of_ours(tmp_path: Path) -> None:
    journal = JournalFile.open(tmp_path / "j")
    with pytest.raises(InvariantBroken):
        journal.commit([Persist("", b"x")])
    journal.close()


def test_emptied_database_beside_its_head_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write(path, RECORDS)
    os.truncate(path, 0)
    with pytest.raises(JournalError, match="head file says that it was not"):
        JournalFile.open(path)
