"""The vital modules, and the tests that answer for each: the quickest and nearest first."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_TURN: Final = (
    "tests/vehicle/test_watch_turn.py",
    "tests/vehicle/test_watch_gap.py",
    "tests/vehicle/test_watch_latch.py",
)

VITAL: Final[Mapping[str, tuple[str, ...]]] = {
    "contract/release.py": ("tests/contract/test_release.py",),
    "contract/readmission.py": ("tests/contract/test_readmission.py",),
    "vehicle/guard.py": (
        "tests/vehicle/test_guard_authority.py",
        "tests/vehicle/test_guard_revocation.py",
    ),
    "vehicle/watch/curves.py": (
        "tests/vehicle/test_watch_curves.py",
        *_TURN,
    ),
    "vehicle/watch/odometer.py": ("tests/vehicle/test_watch_odometer.py", *_TURN),
    "vehicle/watch/envelope.py": ("tests/vehicle/test_watch_envelope.py", *_TURN),
    "vehicle/watch/turn.py": _TURN,
    "gate/interlock.py": ("tests/gate/test_interlock.py",),
    "corridor/interlocking.py": (
        "tests/corridor/test_interlocking.py",
        "tests/corridor/test_interlocking_limits.py",
        "tests/corridor/test_zone_rules.py",
        "tests/corridor/test_zone_axles.py",
        "tests/corridor/test_interlocking_machine.py",
        "tests/corridor/test_zone_order.py",
    ),
}
