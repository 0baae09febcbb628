"""Kernels: plain functions over arrays that numba compiles where it is installed.

A kernel is written as scalar loops over rows, takes every limit as an argument and touches row i
only. On a truck (n = 1) the same function runs as plain Python. Rules: docs/ARCHITECTURE.md,
"Kernels". Not here: where the compile cache lives (sim/, which knows the file system).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    from numba import njit as _njit
except ImportError:  # the truck carries no compiler
    _njit = None

COMPILED: Final = _njit is not None


def kernel(function: Function) -> Function:
    """Compile `function` if numba is installed, else return it unchanged.

    The plain function stays reachable as `function.py_func` where it was compiled; the lockstep
    test compares the two. No `parallel`, no `fastmath`: the same bits on every run.
    References to arrays are not counted (`_nrt`): a kernel borrows the arrays of its caller. One
    that makes an array, or hands one back, does not compile (tests/contract/test_kernel.py).
    """
    if _njit is None:
        return function
    compiled: Function = _njit(
        function,
        cache=True,
        error_model="numpy",
        fastmath=False,
        forceinline=True,
        _nrt=False,
    )
    return compiled


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The interpreted form of a kernel, for lockstep comparison."""
    return getattr(function, "py_func", function)
