"""The campaign: runs the tests of a module on each of its mutants, each in a process of its own.

The parent has the libraries loaded and none of ours; a child is forked from it, finds the mutant
where the module should be, and stops at the first test that fails. Kernels run as plain Python.
"""

import ast
import importlib.abc
import importlib.util
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from multiprocessing.connection import Connection
from types import CodeType, ModuleType
from typing import Final

import hypothesis
import pytest

from contract.errors import require
from tests.mutation.mutants import Mutant

FORK: Final = multiprocessing.get_context("fork")
LIBRARIES: Final = ("numpy", "numba", "scipy", "shapely", "google", "nacl", "msgspec")
SECONDS_MAX: Final = 60.0  # a mutant that runs for ever is found by this
PYTEST: Final = (
    *("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", "mutation"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # the libraries are loaded already
)


def preload() -> None:
    """Load libraries once, before the forks; NUMBA_DISABLE_JIT has to be set by now."""
    for name in LIBRARIES:
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name)


class _Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module: the mutant."""

    def __init__(self, name: str, code: CodeType, origin: str) -> None:
        self._name, self._code, self._origin = name, code, origin

    def find_spec(
        self, fullname: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=self._origin)

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = self._origin
        exec(self._code, module.__dict__)  # noqa: S102 - our own source, with a fault in it


class _Order:
    """A pytest plugin: what has killed before comes first, and examples that are drawn last.

    told   where to say which test has failed
    """

    def __init__(self, killers: Sequence[str], told: Connection) -> None:
        self._rank = {test: rank for rank, test in enumerate(killers)}
        self._told = told

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        drawn = {item for item in items if hasattr(getattr(item, "obj", None), "hypothesis")}
        last = len(self._rank)
        items.sort(key=lambda item: (item in drawn, self._rank.get(item.nodeid, last)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._told.send(report.nodeid)


def name_of(module: str) -> str:
    """vehicle/guard.py is vehicle.guard."""
    return module.removesuffix(".py").replace("/", ".")


def _run(module: str, tree: ast.Module, tests: Sequence[str], order: _Order) -> None:
    """In the child: the tests on the mutant. Leaves with pytest's exit code."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    name = name_of(module)
    require(name not in sys.modules, f"{module} is loaded already: the mutant would not be")
    sys.meta_path.insert(0, _Planted(name, compile(tree, module, "exec"), module))
    hypothesis.settings.register_profile(
        "mutation",
        deadline=None,
        derandomize=True,
        database=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )
    os._exit(int(pytest.main([*PYTEST, *tests], plugins=[order])))


def verdict(
    module: str, tree: ast.Module, tests: Sequence[str], killers: list[str] | None = None
) -> bool:
    """Whether the tests pass on this tree of the module. No answer in time is a failure.

    killers   tests that failed on other mutants, newest first: they run first, and it is kept up
    """
    killers = [] if killers is None else killers
    hear, tell = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_run, args=(module, tree, tests, _Order(killers, tell)))
    child.start()
    child.join(SECONDS_MAX)
    if child.is_alive():
        child.kill()
        child.join()
        return False
    if hear.poll():
        found = hear.recv()
        killers[:] = [found, *(test for test in killers if test != found)]
    require(child.exitcode != pytest.ExitCode.NO_TESTS_COLLECTED, f"no tests in {tests}")
    return child.exitcode == pytest.ExitCode.OK


def survivors(
    module: str,
    planted: Sequence[Mutant],
    tests: Sequence[str],
    said: Callable[[int, Mutant, bool], None],
) -> Iterator[Mutant]:
    """The mutants that no test finds."""
    killers: list[str] = []
    for number, mutant in enumerate(planted, start=1):
        survived = verdict(module, mutant.tree, tests, killers)
        said(number, mutant, survived)
        if survived:
            yield mutant
