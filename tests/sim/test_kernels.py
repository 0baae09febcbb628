"""Kernels borrow their caller's arrays: none makes one, none hands one back.

References to arrays are not counted in them (contract/kernel.py), which is right for that reason
only: an array made in a kernel would never be freed, one handed back could be freed too early.
"""

import ast
import importlib
import inspect
import textwrap
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from contract.kernel import COMPILED, kernel
from vehicle.pilot.columns import Array

TOP: Final = Path(__file__).parents[2]
PACKAGES: Final = ("contract", "sim", "vehicle", "bench")
NUMBERS: Final = (float, int, bool, type(None))

pytestmark = pytest.mark.skipif(not COMPILED, reason="numba is not installed")


def all_kernels() -> list[Callable[..., Any]]:
    """Every kernel of the product and of the benches, as plain functions."""
    found: list[Callable[..., Any]] = []
    for package in PACKAGES:
        for file in sorted((TOP / package).rglob("*.py")):
            if "\n@kernel\n" not in file.read_text(encoding="utf-8"):
                continue
            module = importlib.import_module(".".join(file.relative_to(TOP).with_suffix("").parts))
            functions = [getattr(member, "py_func", None) for member in vars(module).values()]
            found += [f for f in functions if f is not None and f.__module__ == module.__name__]
    return found


def is_number(kind: Any) -> bool:
    """Whether a return annotation is a number, nothing, or a tuple of such."""
    parts = typing.get_args(kind)
    return all(is_number(part) for part in parts) if parts else kind in NUMBERS


@pytest.mark.parametrize("function", all_kernels(), ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_kernel_hands_back_numbers_and_holds_no_text(function: Callable[..., Any]) -> None:
    """Text is the one thing that numba would make without counting and without a word."""
    assert is_number(typing.get_type_hints(function)["return"])
    body = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(body, ast.FunctionDef)
    texts = [n for n in ast.walk(body) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert len(texts) == (1 if ast.get_docstring(body) else 0)


def test_every_kernel_is_looked_at() -> None:
    assert len(all_kernels()) > 140


def _new(of: Array) -> float:
    return float(np.zeros_like(of)[0])


def _copied(of: Array) -> float:
    return float(of.copy()[0])


def _added(of: Array) -> float:
    return float((of + 1.0)[0])


def _listed(of: Array) -> float:
    return float([of[0], 1.0][0])


def _cut(of: Array) -> Array:
    return of[1:]


@pytest.mark.parametrize("function", [_new, _copied, _added, _listed, _cut])
def test_kernel_that_makes_an_array_does_not_compile(function: Callable[..., Any]) -> None:
    with pytest.raises(Exception, match=r"NRT required|No implementation|Only accept returning"):
        kernel(function)(np.arange(4.0))
