"""Every branch of the vital modules is taken by their own tests (see docs/safety/mutation.md)."""

from pathlib import Path
from typing import Final

from tests.mutation.branches import missed
from tests.mutation.vital import ROOT, VITAL

LIMITS: Final = "vehicle/watch/limits.py"  # vital, but without a function to plant a fault in
PLANTED: Final = """
def judge(sure: bool, near: bool) -> str:
    if not sure:
        return "no"
    answer = "yes"
    if near:
        answer += ", slowly"
    return answer


def never() -> None:
    return None


def excused() -> None:  # pragma: no cover
    return None
"""


def test_every_branch_of_the_vital_modules_is_taken(tmp_path: Path) -> None:
    tests = dict.fromkeys(test for each in VITAL.values() for test in each)
    open_ends = missed((*VITAL, LIMITS), list(tests), tmp_path)
    assert set(open_ends) == {*VITAL, LIMITS}
    assert not any(open_ends.values()), open_ends


def test_every_module_of_the_watch_is_among_the_vital_ones() -> None:
    written = {str(path.relative_to(ROOT)) for path in (ROOT / "vehicle/watch").glob("*.py")}
    assert written - {"vehicle/watch/__init__.py", LIMITS} <= set(VITAL)


def test_branch_that_no_test_takes_is_found(tmp_path: Path) -> None:
    """A line, a branch without a line of its own, and one that is excused by a comment."""
    (tmp_path / "planted_branch.py").write_text(PLANTED)
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text())
    weak = tmp_path / "test_weak.py"
    weak.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "import planted_branch\n"
        "def test_judge():\n"
        "    assert planted_branch.judge(False, False) == 'no'\n"
        "    assert planted_branch.judge(True, True) == 'yes, slowly'\n"
    )
    module = str(tmp_path / "planted_branch.py")
    found = missed([module], [str(weak)], tmp_path)[module]
    assert found == ["line 12", "line 15 excused", "line 16 excused", "branch 6 to 8"]
