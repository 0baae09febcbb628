"""The tree obeys the rules of tidy_rules.py, and each rule finds the fault planted for it."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Final

import pytest

from tests import tidy_rules
from tests.tidy_rules import Source

ROOT: Final = Path(__file__).resolve().parents[1]
FOLDERS: Final = (*sorted(tidy_rules.PRODUCT), "bench", "tests")

Rule = Callable[[Source], list[str]]


@cache
def tree() -> list[Source]:
    """Every Python file of ours that a person wrote."""
    files = [ROOT / "hatch_build.py"]
    for folder in FOLDERS:
        files += sorted((ROOT / folder).rglob("*.py"))
    return [
        Source(PurePosixPath(file.relative_to(ROOT)), file.read_text(encoding="utf-8"))
        for file in files
        if not file.name.endswith("_pb2.py")
    ]


def message_names() -> frozenset[str]:
    """Messages and enums of the contract, nested ones too."""
    protos = sorted((ROOT / "contract/v1").glob("*.proto"))
    texts = [proto.read_text(encoding="utf-8") for proto in protos]
    return frozenset(re.findall(r"^\s*(?:message|enum)\s+(\w+)", "\n".join(texts), re.MULTILINE))


@pytest.mark.parametrize("rule", tidy_rules.RULES, ids=lambda rule: rule.__name__)
def test_tree_is_tidy(rule: Rule) -> None:
    faults = [f"{source.path}:{fault}" for source in tree() for fault in rule(source)]
    assert not faults, "\n".join(["", *faults])


def test_live_shell_is_thin() -> None:
    names = message_names()
    assert names, "no message found: the pattern or the folder is wrong"
    shell = [source for source in tree() if source.path == PurePosixPath("live/shell.py")]
    faults = [fault for source in shell for fault in tidy_rules.thin_shell(source, names)]
    assert not faults, "\n".join(["", *faults])


LONG_FILE: Final = '"""Long."""\n' + "X = 1\n" * 400
LONG_FUNCTION: Final = '"""Long."""\ndef f():\n' + "    x = 1\n" * 60
LONGEST_FUNCTION: Final = '"""Long."""\ndef f():\n' + "    x = 1\n" * 59

PLANTED: Final = [
    (tidy_rules.file_length, "sim/world.py", LONG_FILE),
    (tidy_rules.file_length, "tests/sim/test_world.py", LONG_FILE),
    (tidy_rules.function_length, "sim/world.py", LONG_FUNCTION),
    (tidy_rules.positional_arguments, "gate/passage.py", "def f(a, b, c, d, e): ..."),
    (tidy_rules.positional_arguments, "gate/passage.py", "def f(a, /, b, c, d, e): ..."),
    (tidy_rules.positional_arguments, "gate/a.py", "class A:\n def f(self, a, b, c, d, e): ..."),
    (tidy_rules.module_name, "live/utils.py", ""),
    (tidy_rules.module_name, "live/link_helper.py", ""),
    (tidy_rules.module_name, "sim/common/world.py", ""),
    (tidy_rules.module_docstring, "sim/world.py", "X = 1\n"),
    (tidy_rules.pure_calls, "gate/passage.py", "print('hello')"),
    (tidy_rules.pure_calls, "gate/passage.py", "text = open('map').read()"),
    (tidy_rules.pure_calls, "gate/passage.py", "first = sorted(trucks, key=hash)"),
    (tidy_rules.pure_calls, "gate/passage.py", "answer = input()"),
    (tidy_rules.pure_calls, "gate/passage.py", "import datetime\nx = datetime.datetime.now()"),
    (tidy_rules.pure_calls, "gate/passage.py", "import datetime as d\nx = d.date.today()"),
    (tidy_rules.pure_calls, "gate/a.py", "from datetime import datetime as D\nx = D.now(None)"),
    (tidy_rules.pure_calls, "vehicle/pilot/pose.py", "import numpy as np\nx = np.random.rand()"),
    (tidy_rules.pure_calls, "vehicle/pilot/pose.py", "from numpy.random import default_rng"),
    (tidy_rules.pure_calls, "vehicle/pilot/pose.py", "from numpy import random"),
    (tidy_rules.pure_calls, "contract/map.py", "import numpy\nx = numpy.load(f)"),
    (tidy_rules.pure_calls, "contract/map.py", "def read(path):\n    return path.read_text()"),
    (tidy_rules.pure_calls, "contract/signing.py", "import nacl.utils"),
    (
        tidy_rules.pure_calls,
        "contract/signing.py",
        "from nacl.signing import SigningKey\nkey = SigningKey.generate()",
    ),
    (tidy_rules.broad_except, "live/link.py", "try:\n    f()\nexcept:\n    pass"),
    (tidy_rules.broad_except, "live/link.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (tidy_rules.broad_except, "live/a.py", "try:\n    f()\nexcept (OSError, Exception):\n    pass"),
    (tidy_rules.broad_except, "live/a.py", "try:\n    f()\nexcept BaseException as e:\n    g(e)"),
    (tidy_rules.broad_except, "sim/a.py", "try:\n f()\nexcept Exception:  # noqa: BLE001\n pass"),
    (tidy_rules.broad_except, "live/link.py", "with contextlib.suppress(Exception):\n    f()"),
    (tidy_rules.todo_owner, "live/link.py", "X = 1  # TO" + "DO: better"),
    (tidy_rules.todo_owner, "live/link.py", "# FIX" + "ME later"),
]

SOUND: Final = [
    (tidy_rules.file_length, "sim/world.py", '"""Long."""\n' + "X = 1\n" * 399),
    (tidy_rules.function_length, "sim/world.py", LONGEST_FUNCTION),
    (tidy_rules.function_length, "tests/sim/test_world.py", LONG_FUNCTION),
    (tidy_rules.positional_arguments, "gate/a.py", "class A:\n def f(self, a, b, c, d): ..."),
    (tidy_rules.positional_arguments, "gate/passage.py", "def f(a, *, b, c, d, e): ..."),
    (tidy_rules.positional_arguments, "sim/plant.py", "@kernel\ndef f(a, b, c, d, e): ..."),
    (tidy_rules.module_name, "gate/office/rules.py", ""),
    (tidy_rules.module_docstring, "gate/__init__.py", ""),
    (tidy_rules.module_docstring, "gate/passage.py", '"""Passage."""\nX = 1\n'),
    (tidy_rules.pure_calls, "gate/cli/desk.py", "print('hello')"),
    (tidy_rules.pure_calls, "vehicle/cli.py", "print('hello')"),
    (tidy_rules.pure_calls, "gate/office/__main__.py", "text = open('rules').read()"),
    (tidy_rules.pure_calls, "live/clock.py", "import datetime\nx = datetime.datetime.now()"),
    (tidy_rules.pure_calls, "gate/a.py", "from datetime import datetime\nx = datetime(2026, 1, 1)"),
    (tidy_rules.pure_calls, "gate/a.py", "class Bay:\n    id: str"),
    (tidy_rules.pure_calls, "gate/a.py", "def late(now):\n    return now.utc_ns > 5"),
    (tidy_rules.broad_except, "live/link.py", "try:\n    f()\nexcept OSError:\n    pass"),
    (
        tidy_rules.broad_except,
        "live/shell.py",
        "try:\n f()\nexcept Exception:  # noqa: BLE001 - the process dies with it\n die()",
    ),
    (tidy_rules.broad_except, "live/a.py", "try:\n f()\nexcept BaseException:\n undo()\n raise"),
    (tidy_rules.broad_except, "tests/test_a.py", "try:\n    f()\nexcept Exception:\n    pass"),
    (tidy_rules.todo_owner, "live/link.py", "X = 'TO" + "DO'  # TO" + "DO(#12): better"),
]


@pytest.mark.parametrize(("rule", "path", "text"), PLANTED)
def test_rule_finds_planted_fault(rule: Rule, path: str, text: str) -> None:
    assert rule(Source(PurePosixPath(path), text))


@pytest.mark.parametrize(("rule", "path", "text"), SOUND)
def test_rule_passes_sound_code(rule: Rule, path: str, text: str) -> None:
    assert rule(Source(PurePosixPath(path), text)) == []


def test_every_rule_has_a_planted_fault() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(tidy_rules.RULES)


@pytest.mark.parametrize(
    "text",
    [
        "X = 1\n" * 151,
        "from contract.v1 import gate_pb2",
        "import contract.v1.gate_pb2",
        "if kind == 'Permit': ...",
        "if isinstance(message, messages.Permit): ...",
        "from gate.passage import Permit",
    ],
)
def test_shell_that_knows_messages_is_found(text: str) -> None:
    source = Source(PurePosixPath("live/shell.py"), text)
    assert tidy_rules.thin_shell(source, frozenset({"Permit", "Report"}))


def test_shell_may_name_effects() -> None:
    text = "from contract.agent import Report\nif isinstance(effect, Report): ...\n"
    source = Source(PurePosixPath("live/shell.py"), text)
    assert tidy_rules.thin_shell(source, frozenset({"Permit", "Report"})) == []
