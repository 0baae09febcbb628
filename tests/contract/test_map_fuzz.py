"""No input makes the map check raise anything but MapError."""

import copy
import json
from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from contract.map import MapError, MapFault, compile_map
from tests.contract.map_edits import SMOKE, faults

NOTHING: Final = MapFault("none", "none", "none", "none")
JUNK: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["KZ", "CN", "lane", "boundary", "kz_d01_a", "border", "E", "berth", 1e308]),
    st.lists(st.floats(-200.0, 200.0), max_size=3),
    st.lists(st.lists(st.floats(-200.0, 200.0), min_size=2, max_size=2), max_size=3),
    st.dictionaries(st.sampled_from(["type", "id", "kind", "x"]), st.integers(), max_size=2),
)


def mutate(node: Any, data: st.DataObject) -> None:
    """Walk down at random, and replace, drop, double or swap what is there."""
    while isinstance(node, (dict, list)) and node:
        keys = sorted(node) if isinstance(node, dict) else range(len(node))
        key = data.draw(st.sampled_from(list(keys)))
        child = node[key]
        if isinstance(child, (dict, list)) and child and data.draw(st.integers(0, 5)):
            node = child
            continue
        act = data.draw(st.sampled_from(["put", "drop", "double", "swap", "nudge"]))
        if act == "drop":
            del node[key]
        elif act == "double" and isinstance(node, list):
            node.insert(key, copy.deepcopy(child))
        elif act == "swap" and isinstance(node, list):
            node.reverse()
        elif act == "nudge" and isinstance(child, float):
            node[key] = child * data.draw(st.floats(0.999999, 1.000001))
        else:
            node[key] = data.draw(JUNK)
        return


@given(st.data())
def test_any_mutation_compiles_or_is_refused(data: st.DataObject) -> None:
    """No input makes the check raise anything but MapError."""
    document = copy.deepcopy(SMOKE)
    for _ in range(data.draw(st.integers(1, 6))):
        mutate(document, data)
    found: tuple[MapFault, ...] = (NOTHING,)
    try:
        compile_map(json.dumps(document).encode())
    except MapError as error:
        found = error.faults
    assert found
    assert all(str(each).isascii() for each in found)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(text: bytes) -> None:
    assert faults(text)
