"""Folding a journal: newest snapshot plus the records since, as one value per key.

Pure. A snapshot is the msgpack of the whole folded mapping, so restoring is one fold whoever wrote
it. Not here: files, fsync, hash chains (live/journal.py).
"""

import msgspec

from contract.agent import Journal, Persist, RecordKind

_PAIRS = msgspec.msgpack.Decoder(dict[str, bytes])


def fold(journal: Journal) -> dict[str, bytes]:
    """The newest value of every key that was not forgotten.

    Raises msgspec.DecodeError if the snapshot is not one of ours.
    """
    state: dict[str, bytes] = {}
    if journal.snapshot is not None:
        state.update(_PAIRS.decode(journal.snapshot))
    for key, value in journal.records:
        if value is None:
            state.pop(key, None)
        else:
            state[key] = value
    return state


def snapshot(state: dict[str, bytes]) -> Persist:
    """A snapshot record of `state`, in key order so that equal states give equal bytes."""
    return Persist("", msgspec.msgpack.encode(dict(sorted(state.items()))), RecordKind.SNAPSHOT)
