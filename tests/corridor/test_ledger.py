"""The ledger: whatever is done to a chain afterwards is named."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.ledger import GENESIS, Entry, chain, fault, judge_step
from contract.v1.customs_pb2 import (
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_HANDED_OVER,
    CUSTODY_STEP_SEALED,
    CustodyRecord,
    CustodyStep,
)
from tests.factories import reason_of

ORDER = (
    0,
    CUSTODY_STEP_SEALED,
    CUSTODY_STEP_EXITED,
    CUSTODY_STEP_ENTERED,
    CUSTODY_STEP_HANDED_OVER,
)


def a_chain(*records: bytes) -> list[Entry]:
    entries: list[Entry] = []
    previous = GENESIS
    for number, record in enumerate(records, 1):
        entries.append(chain(number, previous, record))
        previous = entries[-1].hash
    return entries


records = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=6)


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_chain_as_it_was_written_is_whole(written: list[bytes]) -> None:
    assert fault(a_chain(*written)) == ""


@given(records, st.data())
def test_any_flipped_bit_is_named_with_its_entry(written: list[bytes], data: st.DataObject) -> None:
    """I14, I15: in the record, in the hash before, or in its own."""
    entries = a_chain(*written)
    place = data.draw(st.integers(0, len(entries) - 1))
    name = data.draw(st.sampled_from(["previous", "record", "hash"]))
    value = bytearray(getattr(entries[place], name))
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    value[bit // 8] ^= 1 << (bit % 8)
    setattr(entries[place], name, bytes(value))
    said = fault(entries)
    assert said.startswith(f"entry {place + 1}:")


@given(records, st.data())
def test_missing_entry_is_named(written: list[bytes], data: st.DataObject) -> None:
    """All but the last: a lost tail is seen by whoever holds the newer head."""
    entries = a_chain(*written, b"the last")
    place = data.draw(st.integers(0, len(entries) - 2))
    del entries[place]
    assert fault(entries).startswith(f"entry {place + 1}: numbered {place + 2}")


@given(records, st.data())
def test_entries_in_another_order_are_named(written: list[bytes], data: st.DataObject) -> None:
    entries = a_chain(*written, b"one more")
    place = data.draw(st.integers(0, len(entries) - 2))
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    assert fault(entries).startswith(f"entry {place + 1}:")


@given(records, st.data())
def test_entry_forged_with_a_hash_of_its_own_breaks_the_next(
    written: list[bytes], data: st.DataObject
) -> None:
    entries = a_chain(*written, b"the last")
    place = data.draw(st.integers(0, len(entries) - 2))
    entries[place] = chain(place + 1, entries[place].previous, b"forged")
    assert fault(entries).startswith(f"entry {place + 2}: does not follow")


def test_repeated_entry_is_named() -> None:
    entries = a_chain(b"one", b"two")
    assert fault([*entries, entries[-1]]) == "entry 3: numbered 2, expected 3"


def test_same_record_at_another_place_has_another_hash() -> None:
    first, second = a_chain(b"same", b"same")
    assert first.hash != second.hash


@pytest.mark.parametrize(("before", "step"), list(product(ORDER, CustodyStep.values())))
def test_custody_passes_in_the_one_order_there_is(before: int, step: int) -> None:
    """I11: no gap, no fork, each step exactly once."""
    follows = ORDER.index(step) == ORDER.index(before) + 1 if step in ORDER else False
    refused = judge_step(before, CustodyRecord(step=CustodyStep.Name(step)))
    assert (refused is None) == follows
    assert follows or reason_of(refused) == "OUT_OF_WINDOW"
