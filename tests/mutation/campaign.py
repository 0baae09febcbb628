"""The campaign: runs the tests of a module on each of its mutants, each in a process of its own.

The parent collects the tests once; a child is forked from it, gives the functions of the module the
mutant's code, and stops at the first test that fails. Kernels run as plain Python.
"""

import ast
import importlib
import multiprocessing
import multiprocessing.process
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.connection import Connection
from types import CodeType, FunctionType, ModuleType
from typing import Final

import hypothesis
import pytest

from contract.errors import require
from tests.mutation.mutants import Mutant

FORK: Final = multiprocessing.get_context("fork")
SECONDS_MAX: Final = 60.0  # a mutant that runs for ever is found by this
PYTEST: Final = (
    *("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile", "mutation"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # the libraries are loaded already
)


def _register() -> None:
    hypothesis.settings.register_profile(
        "mutation",
        deadline=None,
        derandomize=True,
        database=None,
        phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    )


def _functions(space: Mapping[str, object], module: str) -> Iterator[tuple[str, FunctionType]]:
    """Functions and methods written in a module, with their dotted names."""
    for name, found in space.items():
        if isinstance(found, type) and found.__module__ == module:
            yield from ((f"{name}.{each}", code) for each, code in _functions(vars(found), module))
        code = getattr(found, "fget", getattr(found, "__func__", found))
        if isinstance(code, FunctionType) and code.__module__ == module:
            yield name, code


def _exchange(name: str, code: CodeType) -> None:
    """Give the functions of a loaded module, by whatever name others know them, the mutant's."""
    fresh = ModuleType(name)
    exec(code, fresh.__dict__)  # noqa: S102 - our own source, with a fault in it
    written = dict(_functions(vars(sys.modules[name]), name))
    for each, mutant in _functions(vars(fresh), name):
        if mutant.__code__.co_filename == code.co_filename:  # not what a dataclass made
            written[each].__code__ = mutant.__code__


class _Campaign:
    """A pytest plugin: tests are collected once, then run in a fork for each mutant."""

    def __init__(
        self,
        module: str,
        planted: Sequence[Mutant],
        said: Callable[[int, Mutant, bool], None],
    ) -> None:
        self._module, self._planted, self._said = module, planted, said
        self._killers: list[str] = []  # tests that failed on other mutants, newest first
        self.alive: list[Mutant] | None = None  # None: the tests fail on the module as it is

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        require(bool(session.items) and not session.testsfailed, "the tests cannot be collected")
        if not self._passes(session, None):
            return True
        self.alive = []
        for number, mutant in enumerate(self._planted, start=1):
            survived = self._passes(session, mutant.tree)
            self._said(number, mutant, survived)
            if survived:
                self.alive.append(mutant)
        return True

    def _passes(self, session: pytest.Session, tree: ast.Module | None) -> bool:
        hear, tell = FORK.Pipe(duplex=False)
        passed = _in_time(FORK.Process(target=self._run, args=(session, tree, tell)))
        if hear.poll():
            found = hear.recv()
            self._killers = [found, *(test for test in self._killers if test != found)]
        return passed

    def _run(self, session: pytest.Session, tree: ast.Module | None, tell: Connection) -> None:
        """In the child: what has killed before comes first, and examples that are drawn last."""
        _be_silent()
        if tree is not None:
            _exchange(name_of(self._module), compile(tree, self._module, "exec"))
        rank = {test: k for k, test in enumerate(self._killers)}
        drawn = {item for item in session.items if hasattr(getattr(item, "obj", 0), "hypothesis")}
        items = sorted(
            session.items, key=lambda item: (item in drawn, rank.get(item.nodeid, len(rank)))
        )
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                tell.send(item.nodeid)
                os._exit(int(pytest.ExitCode.TESTS_FAILED))
        os._exit(int(pytest.ExitCode.OK))


def survivors(
    module: str,
    planted: Sequence[Mutant],
    tests: Sequence[str],
    said: Callable[[int, Mutant, bool], None],
) -> list[Mutant] | None:
    """The mutants that no test finds; None if the tests fail on the module as it is."""
    _register()
    hypothesis.settings.load_profile("mutation")
    run = _Campaign(module, planted, said)
    importlib.import_module(name_of(module))
    pytest.main([*PYTEST, "-s", *tests], plugins=[run])
    return run.alive


def _in_time(child: multiprocessing.process.BaseProcess) -> bool:
    """Whether the child ends well. No answer in time is a failure."""
    child.start()
    child.join(SECONDS_MAX)
    if child.is_alive():
        child.kill()
        child.join()
    return child.exitcode == pytest.ExitCode.OK


def _be_silent() -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)


def name_of(module: str) -> str:
    """vehicle/guard.py is vehicle.guard."""
    return module.removesuffix(".py").replace("/", ".")
