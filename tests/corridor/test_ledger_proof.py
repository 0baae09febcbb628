"""The proof of a day: whatever is done to the files of a ledger afterwards is named."""

import json
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.ledger import Entry, chain
from contract.ledger_lines import entry_line, head_line, ledger_files, read_entry, read_head
from contract.signing import seal_document
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    CustodyRecord,
)
from contract.v1.ledger_pb2 import LedgerHead
from corridor.ledger import prove
from corridor.ledger_proof import Proof
from corridor.ledger_story import of_crossing
from tests.corridor.ledgers import Day, a_day, as_file, chained_anew, said
from tests.factories import START_UTC_MS, a_roster, a_signer, signed

FILES: Final = a_day().files
LEDGERS: Final = sorted(name for name in FILES if name.endswith(".jsonl") and FILES[name])
LEDGERS_WITH_HEADS: Final = [name for name in LEDGERS if name != "heads.jsonl"]
LONG: Final = ["office-cn.jsonl", "office-kz.jsonl", "supervisor.jsonl"]


def proof_with(**changes: bytes) -> Proof:
    """The proof of the day with some files replaced; names without their end."""
    return prove(FILES | {f"{name.replace('_jsonl', '')}.jsonl": d for name, d in changes.items()})


def lines_of(file: str) -> list[bytes]:
    return FILES[file].splitlines(keepends=True)


def entries_of(file: str) -> list[Entry]:
    found = [read_entry(line) for line in FILES[file].splitlines()]
    return [each for each in found if isinstance(each, Entry)]


def test_day_as_it_was_kept_is_whole_and_says_what_is_countersigned() -> None:
    proof = prove(FILES)
    assert said(proof) == ""
    assert proof.records == 6 + 10 + 3 + 2 + 3 + 3
    assert (len(proof.heads), proof.heads_countersigned) == (7, 7)
    assert proof.covered == {
        "supervisor": 8,
        "kz_out": 2,
        "cn_in": 2,
        "office-kz": 2,
        "office-cn": 2,
        "agencies-kz": 2,
        "terminal-kz": 2,
    }
    assert proof.records_covered == 20


# --- anything at all ---


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_changed_byte_of_any_file_is_named_with_its_file(data: st.DataObject) -> None:
    """Also where no hash covers it: in words for people, in spaces, at the ends of lines."""
    name = data.draw(st.sampled_from(sorted(FILES)))
    if not FILES[name]:
        return
    at = data.draw(st.integers(0, len(FILES[name]) - 1))
    changed = bytearray(FILES[name])
    changed[at] ^= data.draw(st.integers(1, 255))
    proof = prove(FILES | {name: bytes(changed)})
    assert any(each.file == name and each.expected for each in proof.findings), said(proof)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_file_of_any_bytes_is_judged_without_an_error(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(FILES)))
    junk = data.draw(st.binary(max_size=200))
    spot = data.draw(st.integers(0, len(FILES[name])))
    assert prove(FILES | {name: FILES[name][:spot] + junk}) is not None


@pytest.mark.parametrize("value", [0, -1, 2**63, 2**64, 10**30])
def test_numbers_that_do_not_fit_are_named(value: int) -> None:
    line = lines_of("supervisor.jsonl")[0].replace(b'"number":1,', b'"number":%d,' % value)
    assert "supervisor.jsonl:1: " in said(proof_with(supervisor=line))
    at = b'"at_utc_ms":%d' % (START_UTC_MS + 1_000)
    line = lines_of("supervisor.jsonl")[0].replace(at, b'"at_utc_ms":%d' % value)
    assert "supervisor.jsonl:1: " in said(proof_with(supervisor=line))


# --- lines ---


@pytest.mark.parametrize("file", LONG)
def test_line_taken_out_is_named_once_where_it_is_missing(file: str) -> None:
    lines = lines_of(file)
    del lines[1]
    first, *rest = prove(FILES | {file: b"".join(lines)}).findings
    assert str(first).startswith(f"{file}:2: numbered 3, expected 2")
    assert not [each for each in rest if each.file == file and each.line > 2], rest


@pytest.mark.parametrize("file", LONG)
def test_lines_in_another_order_are_named(file: str) -> None:
    lines = lines_of(file)
    lines[0], lines[1] = lines[1], lines[0]
    assert f"{file}:1: numbered 2, expected 1" in said(prove(FILES | {file: b"".join(lines)}))


@pytest.mark.parametrize("file", LONG)
def test_repeated_line_is_named(file: str) -> None:
    data = FILES[file] + lines_of(file)[-1]
    count = len(lines_of(file))
    assert f"{file}:{count + 1}: numbered {count}, expected {count + 1}" in said(
        prove(FILES | {file: data})
    )


@pytest.mark.parametrize("file", LEDGERS)
def test_last_line_that_is_cut_short_by_its_end_alone_is_named(file: str) -> None:
    count = len(lines_of(file))
    text = said(prove(FILES | {file: FILES[file][:-1]}))
    assert f"{file}:{count}: a line without its end; expected a whole line" in text


@pytest.mark.parametrize("file", LEDGERS)
def test_file_that_is_gone_is_named(file: str) -> None:
    files = {name: data for name, data in FILES.items() if name != file}
    assert f"{file}: missing" in said(prove(files))


def test_file_of_nobody_is_named() -> None:
    assert "stranger.jsonl: nobody's ledger" in said(proof_with(stranger=b""))
    assert "truck-01.jsonl: nobody's ledger" in said(prove(FILES | {"truck-01.jsonl": b""}))


def test_folder_without_keys_is_broken() -> None:
    files = {name: data for name, data in FILES.items() if name != "roster.json"}
    assert said(prove(files)).startswith("roster.json: missing")


# --- tails, forks, rewriting ---


@pytest.mark.parametrize("file", LEDGERS_WITH_HEADS)
def test_tail_that_a_countersigned_head_knows_of_is_missed(file: str) -> None:
    node = file.removesuffix(".jsonl")
    number = prove(FILES).covered[node]
    data = b"".join(lines_of(file)[: number - 1])
    text = said(prove(FILES | {file: data}))
    assert f"{file}:{number - 1}: its tail is missing: it ends with entry {number - 1}" in text
    assert f"expected {number} entries, by heads.jsonl" in text
    assert "office-kz" in text if node == "office-cn" else "office-cn" in text


def test_tail_that_nobody_else_has_seen_is_not_missed() -> None:
    """What docs/LEDGER.md says it does not prove: the last minute."""
    data = b"".join(lines_of("supervisor.jsonl")[:-1])
    assert said(proof_with(supervisor=data)) == ""


def test_chain_rewritten_from_within_is_held_against_its_heads() -> None:
    """All hashes fit, all signatures verify; only the heads remember."""
    records = [entry.record for entry in entries_of("supervisor.jsonl")]
    records[0], records[4] = records[4], records[0]
    text = said(proof_with(supervisor=as_file(chained_anew(records))))
    assert "supervisor.jsonl:8: rewritten: entry 8 has hash" in text


def test_two_heads_for_one_number_are_a_fork() -> None:
    at = next(n for n, line in enumerate(lines_of("heads.jsonl")) if b'"kz_out"' in line)
    genuine = read_head(lines_of("heads.jsonl")[at])
    assert not isinstance(genuine, str)
    head = LedgerHead.FromString(genuine.payload)
    head.hash = bytes(reversed(head.hash))
    other = seal_document(a_signer("kz_out"), head)
    both = sorted([genuine, other], key=lambda each: each.payload)
    lines = lines_of("heads.jsonl")
    lines[at : at + 1] = [head_line(each) + b"\n" for each in both]
    text = said(prove(FILES | {"heads.jsonl": b"".join(lines)}))
    assert f"heads.jsonl:{at + 2}: a fork: kz_out number 2" in text


def test_forked_head_that_an_office_kept_is_in_the_folder_and_named() -> None:
    """A gate that was put back to an older disk tells another story for a number it has told."""
    day = Day()
    day.cross("KZ-1")
    old = dict(day.disks["kz_out"])
    day.cross("KZ-2")
    day.wait()
    day.disks["kz_out"] = old
    day.restart("kz_out")
    day.step("KZ-9", CUSTODY_STEP_EXITED, "kz_out", "kz_out")
    day.wait()
    assert set(day.forks) == {("kz_out", 2)}
    assert "a fork: kz_out number 2" in said(prove(day.files))


# --- signatures ---


def test_record_signed_by_somebody_else_is_named() -> None:
    record = CustodyRecord(crossing_id="KZ-7", step=CUSTODY_STEP_EXITED, place_id="kz_out")
    for by in ("truck-01", "supervisor", "cn_in"):
        document = signed(record, by).SerializeToString(deterministic=True)
        text = said(proof_with(kz_in=as_file(chained_anew([document]))))
        assert "kz_in.jsonl:1: custody at kz_out; expected custody at kz_in" in text
        entries = entries_of("kz_out.jsonl")
        last = chain(len(entries) + 1, entries[-1].hash, document, START_UTC_MS)
        text = said(proof_with(kz_out=as_file([*entries, last])))
        line = len(entries) + 1
        assert f"kz_out.jsonl:{line}: a foreign signature, BAD_SIGNATURE" in text


def test_release_of_the_other_office_has_no_place_in_a_ledger() -> None:
    foreign = entries_of("office-cn.jsonl")[0].record
    text = said(prove(FILES | {"office-kz.jsonl": as_file(chained_anew([foreign]))}))
    assert "office-kz.jsonl:1: a decision of CN; expected one of office KZ" in text
    text = said(proof_with(kz_in=as_file(chained_anew([foreign]))))
    assert "kz_in.jsonl:1: a decision of CN" in text


def test_release_signed_by_the_other_release_key_is_named() -> None:
    genuine = prove(FILES).entries["office-kz"][0]
    document = seal_document(a_signer("release/CN"), genuine.message)  # type: ignore[arg-type]
    record = document.SerializeToString(deterministic=True)
    text = said(prove(FILES | {"office-kz.jsonl": as_file(chained_anew([record]))}))
    assert "office-kz.jsonl:1: a foreign signature, BAD_SIGNATURE" in text


def _without_first(line: bytes) -> bytes:
    document = read_head(line)
    assert not isinstance(document, str)
    del document.signatures[0]
    return head_line(document)


def _by_a_truck(line: bytes) -> bytes:
    document = read_head(line)
    assert not isinstance(document, str)
    document.signatures.append(a_signer("truck-01").sign(document.payload_type, document.payload))
    return head_line(document)


@pytest.mark.parametrize("spoil", [_without_first, _by_a_truck])
def test_head_with_signatures_that_do_not_belong_is_named(spoil: Callable[[bytes], bytes]) -> None:
    lines = lines_of("heads.jsonl")
    lines[0] = spoil(lines[0].rstrip()) + b"\n"
    assert "heads.jsonl:1: " in said(prove(FILES | {"heads.jsonl": b"".join(lines)}))


def test_heads_in_another_order_or_repeated_are_named() -> None:
    first, second, *rest = lines_of("heads.jsonl")
    for lines in ([second, first, *rest], [first, first, second, *rest]):
        text = said(prove(FILES | {"heads.jsonl": b"".join(lines)}))
        assert "heads.jsonl:2: " in text
        assert "expected heads in order of node and number, each once" in text


def test_head_that_nobody_countersigned_is_counted_and_covers_nothing() -> None:
    day = Day()
    day.deaf = {"office-cn"}
    day.cross("KZ-1")
    day.wait()
    proof = prove(day.files)
    assert said(proof) == ""
    assert "supervisor" not in proof.covered
    assert "office-kz" not in proof.covered
    assert proof.heads_countersigned == 1  # office-cn's own, by office-kz
    day.deaf = set()
    day.wait()
    assert prove(day.files).records_covered == prove(day.files).records


# --- what the records say ---


def test_gap_in_custody_is_named() -> None:
    """I11: ENTERED without EXITED, and twice the same."""
    day = Day()
    day.cross("KZ-1", steps=1)
    day.step("KZ-1", CUSTODY_STEP_ENTERED, "cn_in", "cn_in")
    day.step("KZ-2", CUSTODY_STEP_HANDED_OVER, "cn_a01", "supervisor")
    text = said(prove(day.files))
    assert "supervisor.jsonl:2: a gap in the custody of KZ-1: CUSTODY_STEP_ENTERED" in text
    assert "expected CUSTODY_STEP_EXITED" in text
    assert "supervisor.jsonl:3: a gap in the custody of KZ-2" in text


def test_gate_that_says_nothing_of_a_step_the_supervisor_holds_is_named() -> None:
    entries = entries_of("kz_out.jsonl")
    text = said(proof_with(kz_out=as_file(chained_anew([e.record for e in entries[:2]]))))
    assert "kz_out.jsonl: says nothing of KZ-3 at kz_out" in text
    assert "supervisor.jsonl:10" in text


def test_truck_that_left_without_a_release_of_each_office_is_named() -> None:
    day = Day()
    day.release("KZ-1", "office-kz")
    day.step("KZ-1", CUSTODY_STEP_SEALED, "kz_d01", "supervisor")
    day.step("KZ-1", CUSTODY_STEP_EXITED, "kz_out", "kz_out")
    text = said(prove(day.files))
    assert text == (
        "kz_out.jsonl:1: KZ-1 left without a release of office-cn;"
        " expected a release in office-cn.jsonl"
    )


def test_crossing_is_told_in_order_of_time_each_record_once() -> None:
    records = of_crossing(prove(FILES), "KZ-1")
    told = [(each.file, json.loads(entry_line(each.entry)).get("step", "")) for each in records]
    assert told == [
        ("agencies-kz.jsonl", ""),
        ("office-cn.jsonl", ""),
        ("office-kz.jsonl", ""),
        ("terminal-kz.jsonl", ""),
        ("supervisor.jsonl", "SEALED"),
        ("kz_out.jsonl", "EXITED"),
        ("cn_in.jsonl", "ENTERED"),
        ("supervisor.jsonl", "HANDED_OVER"),
    ]


def test_files_of_equal_journals_are_equal_and_name_every_keeper() -> None:
    assert a_day().files == FILES
    assert set(ledger_files(a_roster(), {})) == {"roster.json", "heads.jsonl"}
