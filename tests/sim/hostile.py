"""Hostile settings: every key that a scenario may have, with values that nobody should give it.

The keys are read off the sections themselves, so that a new one is tried without being listed here.
"""

import random
from collections.abc import Iterator
from typing import Annotated, Any, Final, Union, get_args, get_origin

import msgspec

from sim.scenario import Scenario

SEED: Final = 20260302
NAMED: Final = {
    "gate": "kz_out",
    "station": "kz_weigh_e",
    "office": "KZ",
    "agency": "KZ",
    "laboratory": "KZ",
    "hours": "CN",
}
FAULT: Final = {"at": "1s", "kind": "crash", "target": "truck-01"}
EXPECT: Final = {"metric": "safety.total", "equals": 0}

# As they are typed after `--set KEY=`.
VALUES: Final = (
    *("", "''", "' '", "x", '"\\u0000"', "'ключ'", "'../../evil'", "'🚚'", "true", "false"),
    *("0", "-1", "1", "3", "1.5", "-0.0", "1e-320", "1e12", "1e308", "1e400", "inf", "-inf", "nan"),
    *("9223372036854775807", "99999999999999999999", "0x" + "f" * 60, "9" * 5_000),
    *("'0s'", "'-1s'", "'1s'", "'1'", "'1e-320s'", "'1e400s'", "'nan s'", "'1y'", "'٣s'"),
    *("'constant:0s'", "'constant:1s,2s'", "'exponential:0s'", "'exponential:1e-320s'"),
    *("'lognormal:1s,99'", "'triangular:3s,2s,1s'", "'uniform:nan,1s'", "'gauss:1s'", "':'"),
    *("[]", "[[]]", "[1, 'a']", "[{}, 1]", "{}", "{x = 1}", "[{}]", "{a = {b = {c = 1}}}"),
    *("[" * 3_000, "{a=" * 3_000, "2026-03-02", "07:00:00", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59-14:00", "2026-03-02T07:00:00", "'" + "x" * 5_000 + "'", '"a\\nb"'),
    *("'a.json'", '"\\u0000.geojson"', "'" + "m" * 300 + ".geojson'", "\udcff\udcfe", "3\nw = 4"),
)


def keys() -> list[str]:
    """Every key of a scenario as `--set` takes it, sections and lists themselves included."""
    return list(_keys(Scenario, ""))


def _keys(kind: Any, place: str) -> Iterator[str]:
    if place:
        yield place
    struct = _inside(kind)
    if struct is None:
        return
    if get_origin(kind) is list:
        place += ".0"
    elif get_origin(kind) is dict:
        place += f".{NAMED[place]}"
        yield place
    for field in msgspec.structs.fields(struct):
        yield from _keys(field.type, f"{place}.{field.name}".lstrip("."))


def _inside(kind: Any) -> Any:
    """The section that a type is or holds; None for a plain value."""
    if get_origin(kind) in (Annotated, Union):
        return None
    if get_origin(kind) in (list, dict):
        kind = get_args(kind)[-1]
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


def every_setting() -> list[str]:
    """Each key with each value; but no day is asked for that would take a day."""
    long = ("'1e7s'",)
    return [
        f"{key}={value}"
        for key in keys()
        for value in VALUES
        if not (key == "time.duration" and value in long)
    ]


def some_settings(count: int) -> list[str]:
    """So many of them, drawn from the seed, every key at least once."""
    draws = random.Random(SEED)
    chosen = [f"{key}={draws.choice(VALUES)}" for key in keys()]
    rest = draws.sample(every_setting(), max(0, count - len(chosen)))
    return [*chosen, *rest][:count]
