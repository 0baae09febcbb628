"""The mutation campaign plants the faults it says it plants, and believes no test that cannot fail.

The campaign itself is no part of the suite: `make mutation`.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutation.mutants import mutants
from tests.mutation.report import (
    EXPLAINED,
    PAGE,
    UNEXPLAINED,
    Result,
    explanations,
    load,
    matches,
    page,
    reason,
    save,
)
from tests.mutation.vital import ROOT, VITAL

STOPS = '''
class Truck:
    """A number in a docstring: 1 + 1."""

    def stops(self, v: float = 2.0) -> bool:
        """Whether it does: 3 < 4."""
        if not v:
            return True
        self.seen += 1
        return abs(v) <= min(self.most, -0.5 * v) and v != 7.0
'''


def keys(body: str) -> set[str]:
    """What is planted in a function `f` with this body, without its name."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return {mutant.key.removeprefix("f: ") for mutant in mutants(f"def f(a, b):\n{lines}\n")}


@pytest.mark.parametrize(
    ("body", "planted"),
    [
        ("return a < b", {"a < b -> a <= b", "a < b -> a >= b", "return a < b -> return None"}),
        ("g(a == b)", {"a == b -> a != b", "g(a == b) -> pass"}),
        ("g(a in b)", {"a in b -> a not in b", "g(a in b) -> pass"}),
        ("x = a + b", {"a + b -> a - b"}),
        ("x = a * -b", {"a * -b -> a / -b", "-b -> b"}),
        ("x = a ** 2", {"a ** 2 -> a * 2", "2 -> 3 in a ** 2"}),
        ("x = not a", {"not a -> a"}),
        ("x = a and b", {"a and b -> a or b", "a and b -> a", "a and b -> b"}),
        ("x = True", {"True -> False in x = True"}),
        ("x = a if b else 'c'", {"a if b else 'c' -> a", "a if b else 'c' -> 'c'"}),
        ("x = min(a, b)", {"min(a, b) -> max(a, b)", "min(a, b) -> a", "min(a, b) -> b"}),
        ("x = math.sin(a)", {"math.sin(a) -> math.cos(a)"}),
        ("x = abs(a)", {"abs(a) -> a"}),
        ("a[b] = a", {"a[b] = a -> pass"}),
        ("a.b += 'c'", {"a.b += 'c' -> a.b -= 'c'", "a.b += 'c' -> pass"}),
        ("raise a", {"raise a -> pass"}),
        ("while a:\n    break", {"while a: -> while False:", "break -> pass"}),
        ("x: int = a - b", {"a - b -> a + b"}),
        ("x: int", set()),
        ("x = f'{a + 1} is wrong'", set()),
        ("'''Only words.'''\nreturn None", set()),
    ],
)
def test_fault_of_each_kind_is_planted(body: str, planted: set[str]) -> None:
    assert keys(body) == planted


def test_condition_is_held_true_and_false() -> None:
    assert {"if a: -> if True:", "if a: -> if False:"} <= keys("if a:\n    return b")


def test_faults_are_planted_in_bodies_only_and_named_by_their_function() -> None:
    planted = mutants(STOPS)
    assert {mutant.key.split(":")[0] for mutant in planted} == {"Truck.stops"}
    assert not any("1 + 1" in mutant.key or "2.0" in mutant.key for mutant in planted)
    assert [mutant.line for mutant in planted] == sorted(mutant.line for mutant in planted)


def test_each_mutant_is_the_module_with_one_difference() -> None:
    before = ast.unparse(ast.parse(STOPS)).splitlines()
    texts = [ast.unparse(mutant.tree).splitlines() for mutant in mutants(STOPS)]
    for text in texts:
        assert sum(a != b for a, b in zip(before, text, strict=True)) == 1
    assert len({"\n".join(text) for text in texts}) == len(texts)


def test_same_fault_twice_in_a_function_has_two_names() -> None:
    names = [mutant.key for mutant in mutants("def f(a):\n    g(a + 1)\n    h(a + 1)\n")]
    assert len(set(names)) == len(names)
    assert "f: a + 1 -> a - 1 #2" in names


@pytest.mark.parametrize("module", VITAL)
def test_every_vital_module_and_its_tests_exist(module: str) -> None:
    assert (ROOT / module).is_file()
    assert all((ROOT / test).is_file() for test in VITAL[module])


def test_page_says_what_lives_and_why() -> None:
    results = {"a.py": Result(8, {"f: a -> b": 3, "f: c -> d": 4}), "b.py": Result(5, {}, "5 of 9")}
    text = page(results, {"a.py": {"f: a -> b": "The same to the last bit."}})
    assert "| `a.py` | 8 | 6 | 75.0 % | 1 |" in text
    assert "| `b.py` | 5 | 5 | 100.0 % | 0 |" in text
    assert "- `f: a -> b` - The same to the last bit." in text
    assert f"- `f: c -> d` - {UNEXPLAINED}" in text
    assert "5 of 9" in text


def test_results_are_kept_in_the_order_of_the_table(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    assert load(path) == {}
    modules = list(VITAL)[:3]
    save({module: Result(3, {"k": 1}) for module in reversed(modules)}, path)
    assert list(load(path)) == modules
    assert load(path)[modules[0]] == Result(3, {"k": 1})


def test_every_explanation_is_of_a_survivor() -> None:
    """An explanation of what is killed by now has to go."""
    results = load()
    for module, why in explanations(EXPLAINED).items():
        alive = results[module].survivors
        stale = [each for each in why if not any(matches(each, key) for key in alive)]
        assert not stale, f"{module}: {stale}"


def test_every_survivor_is_explained_and_nine_in_ten_are_killed() -> None:
    """The campaign has been through every vital module, whole, as the page says."""
    results, why = load(), explanations()
    assert list(results) == list(VITAL)
    for module, result in results.items():
        assert not result.sample, module
        assert len(result.survivors) <= 0.1 * result.mutants, module
        known = {mutant.key for mutant in mutants((ROOT / module).read_text(encoding="utf-8"))}
        assert set(result.survivors) <= known, f"{module} has changed: run its campaign again"
        bare = [key for key in result.survivors if reason(key, why.get(module, {})) is None]
        assert not bare, f"{module}: {bare}"
    assert PAGE.read_text(encoding="utf-8") == page(results, why)


def test_pattern_explains_what_it_covers_and_no_more() -> None:
    why = {"f: ... + ... -> ... - ...": "a sign", "f: a + b -> a - b": "itself"}
    assert reason("f: a[i, 1] * 2 + b -> a[i, 1] * 2 - b", why) == "a sign"
    assert reason("f: a + b -> a - b", why) == "itself"
    assert reason("g: f: a + b -> a - b", why) is None
    assert reason("f: a * b -> a / b", why) is None


PLANT = """
import os, sys
os.environ["NUMBA_DISABLE_JIT"] = "1"
from pathlib import Path
from tests.mutation import campaign
from tests.mutation.mutants import mutants
campaign.SECONDS_MAX = 1.0
test = Path(sys.argv[1])
sys.path.insert(0, str(test.parent))
planted = mutants((test.parent / "planted_fault.py").read_text())
alive = campaign.survivors("planted_fault.py", planted, [str(test)], lambda *_: None)
print("alive:", *([mutant.key for mutant in alive] if alive is not None else ["nobody"]), sep="\\n")
"""
FAULTLESS = """
def least(a, b):
    return min(a, b)

class Counter:
    def down(self, n):
        while n > 0:
            n -= 1
        return n
"""
WEAK = """
from planted_fault import Counter, least
def test_least():
    assert least(1, 2) == 1
def test_down():
    assert Counter().down(3) == 0
"""


@pytest.mark.parametrize(
    ("test", "alive"),
    [
        (WEAK, ["least: min(a, b) -> a"]),
        (WEAK + "    assert least(2, 1) == 1\n", []),
        (WEAK + "    assert least(2, 1) == 2\n", ["nobody"]),
    ],
)
def test_mutant_lives_if_and_only_if_every_test_passes_on_it(
    test: str, alive: list[str], tmp_path: Path
) -> None:
    """One pair looked at; a loop that a mutant never leaves; a test that is wrong."""
    (tmp_path / "planted_fault.py").write_text(FAULTLESS)
    (tmp_path / "test_weak.py").write_text(test)
    done = subprocess.run(
        [sys.executable, "-c", PLANT, str(tmp_path / "test_weak.py")],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    said = done.stdout.splitlines()
    assert [line for line in said[said.index("alive:") + 1 :] if line] == alive, done.stderr
