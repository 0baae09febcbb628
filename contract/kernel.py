"""Kernels: plain functions over arrays that numba compiles where it is installed.

A kernel is written as scalar loops over rows, takes every limit as an argument and touches row i
only. On a truck (n = 1) the same function runs as plain Python. Rules: docs/ARCHITECTURE.md,
"Kernels". Not here: where the compile cache lives (sim/, which knows the file system).
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])

try:
    from numba import config as _config
    from numba.core.registry import CPUDispatcher as _Dispatcher
except ImportError:  # the truck carries no compiler
    _config = _Dispatcher = None

COMPILED: Final = _Dispatcher is not None
_OPTIONS: Final = {
    "nopython": True,
    "error_model": "numpy",
    "fastmath": False,
    "forceinline": True,
    "no_cfunc_wrapper": True,
    "_nrt": False,
}
# A kernel as Python sees it is `outer`; as other kernels see it, it is its `part`.
_Outer: Final = COMPILED and type(
    "Kernel", (_Dispatcher,), {"_numba_type_": property(lambda self: self.part._numba_type_)}
)


def kernel(function: Function) -> Function:
    """Compile `function` if numba is installed, else return it unchanged.

    The plain function stays reachable as `function.py_func` where it was compiled; the lockstep
    test compares the two. No `parallel`, no `fastmath`: the same bits on every run.
    References to arrays are not counted (`_nrt`): a kernel borrows the arrays of its caller. One
    that makes an array, or hands one back, does not compile (tests/sim/test_kernels.py).

    It is compiled twice at most: for Python, and kept on disk; and to be built into other kernels,
    which needs neither a way in for Python nor a place on disk. Nine tenths of all kernels are only
    ever called by others, and their ways in took a third of the time to compile them all.
    """
    if not _Outer or _config.DISABLE_JIT:
        return function
    compiled = _Outer(py_func=function, targetoptions=_OPTIONS)
    compiled.enable_caching()
    compiled.part = _Dispatcher(
        py_func=function, targetoptions=_OPTIONS | {"no_cpython_wrapper": True}
    )
    result: Function = compiled
    return result


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The interpreted form of a kernel, for lockstep comparison."""
    return getattr(function, "py_func", function)
