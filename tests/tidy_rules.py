"""Rules of the house that neither the linter nor the import floors can express.

A rule takes one source file and returns its faults, each as "line: sentence"; an empty list means
clean. test_tidy.py runs every rule over the tree, and over a planted fault it must find.
Not here: who may import whom (pyproject.toml, test_floors.py); style (ruff).
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

FILE_LINES_MAX: Final = 400
FUNCTION_LINES_MAX: Final = 60
POSITIONAL_MAX: Final = 4
SHELL_LINES_MAX: Final = 150

PRODUCT: Final = frozenset({"contract", "corridor", "gate", "live", "sim", "vehicle"})
PURE: Final = frozenset({"contract", "corridor", "gate", "vehicle"})
COMPOSITION: Final = frozenset({"__main__", "cli"})

NAMES_THAT_SAY_NOTHING: Final = re.compile(r"(^|_)(common|helpers?|managers?|misc|utils?)(_|$)")

# Reach the outside, or differ between two processes (`hash`, `id`).
IMPURE_BUILTINS: Final = frozenset(
    {"__import__", "breakpoint", "compile", "eval", "exec", "hash", "id", "input", "open", "print"}
)
# Impure corners of modules that are pure otherwise; whole modules are banned by the import floors.
IMPURE_NAMES: Final = (
    "datetime.date.today",
    "datetime.datetime.now",
    "datetime.datetime.today",
    "datetime.datetime.utcnow",
    "nacl.public.PrivateKey.generate",
    "nacl.secret",
    "nacl.signing.SigningKey.generate",
    "nacl.utils",
    "numpy.fromfile",
    "numpy.genfromtxt",
    "numpy.load",
    "numpy.loadtxt",
    "numpy.memmap",
    "numpy.random",
    "numpy.save",
    "numpy.savetxt",
    "numpy.savez",
)
# File access through an object that somebody handed in.
IMPURE_METHODS: Final = frozenset({"read_bytes", "read_text", "write_bytes", "write_text"})

BROAD: Final = frozenset({"BaseException", "Exception"})
BROAD_WITH_REASON: Final = re.compile(r"# noqa: BLE001 - \S")
TODO: Final = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\((#\d+|[a-z][\w .-]*)\))")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the repository, and its text."""

    path: PurePosixPath
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def is_product(self) -> bool:
        return self.path.parts[0] in PRODUCT

    @property
    def is_pure(self) -> bool:
        names = (*self.path.parts[1:-1], self.path.stem)
        return self.path.parts[0] in PURE and not COMPOSITION.intersection(names)

    @property
    def is_test(self) -> bool:
        return self.path.parts[0] == "tests"


def file_length(source: Source) -> list[str]:
    """A file has at most 400 lines, tests included."""
    lines = len(source.text.splitlines())
    return [f"1: {lines} lines, at most {FILE_LINES_MAX}"] if lines > FILE_LINES_MAX else []


def function_length(source: Source) -> list[str]:
    """A function has at most 60 lines with its docstring; tests tell a story and are exempt."""
    if source.is_test:
        return []
    limit = FUNCTION_LINES_MAX
    faults = []
    for function in _functions(source):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > limit:
            name = function.name
            faults.append(f"{function.lineno}: {name} has {lines} lines, at most {limit}")
    return faults


def positional_arguments(source: Source) -> list[str]:
    """At most 4 positional arguments, self aside. Kernels are exempt: limits enter as arguments."""
    if source.is_test:
        return []
    faults = []
    for function in _functions(source):
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        is_kernel = "kernel" in map(_called_name, function.decorator_list)
        if count > POSITIONAL_MAX and not is_kernel:
            faults.append(
                f"{function.lineno}: {function.name} takes {count} positional arguments,"
                f" at most {POSITIONAL_MAX}; put `*` before the rest"
            )
    return faults


def module_name(source: Source) -> list[str]:
    """No file or folder is called utils, helpers, common, manager or misc."""
    names = (*source.path.parts[:-1], source.path.stem)
    return [f"1: the name {n!r} says nothing" for n in names if NAMES_THAT_SAY_NOTHING.search(n)]


def module_docstring(source: Source) -> list[str]:
    """A module opens with what it decides and what it is not; an empty file has nothing to say."""
    if not source.text.strip() or ast.get_docstring(source.tree):
        return []
    return ["1: no module docstring"]


def pure_calls(source: Source) -> list[str]:
    """Pure floors use no impure builtin, no impure corner of a library and no file method."""
    if not source.is_pure:
        return []
    bound = _imported_names(source)
    faults = [
        f"{line}: {dotted} on a pure floor"
        for line, dotted in _dotted_names(source, bound)
        if any(dotted == banned or dotted.startswith(banned + ".") for banned in IMPURE_NAMES)
    ]
    for node in ast.walk(source.tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) if name in IMPURE_BUILTINS - bound.keys():
                faults.append(f"{node.lineno}: {name} on a pure floor")
            case ast.Attribute(attr=name) if name in IMPURE_METHODS:
                faults.append(f"{node.lineno}: .{name} on a pure floor")
    return faults


def broad_except(source: Source) -> list[str]:
    """Product code catches what it names, raises again, or says on the line why it catches all."""
    if not source.is_product:
        return []
    lines = source.text.splitlines()
    faults = []
    for node in ast.walk(source.tree):
        match node:
            case ast.ExceptHandler(type=None):
                faults.append(f"{node.lineno}: bare except")
            case ast.ExceptHandler(type=ast.expr() as caught, body=[*_, last]):
                has_reason = BROAD_WITH_REASON.search(lines[node.lineno - 1])
                if _is_broad(caught) and not isinstance(last, ast.Raise) and not has_reason:
                    faults.append(f"{node.lineno}: broad except without `# noqa: BLE001 - reason`")
            case ast.Call(args=args) if _called_name(node) == "suppress":
                if any(map(_is_broad, args)):
                    faults.append(f"{node.lineno}: suppresses whatever happens")
    return faults


def todo_owner(source: Source) -> list[str]:
    """A TODO names a person or an issue, `TODO(#12)`, or it does not exist."""
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    return [
        f"{token.start[0]}: {found[1]} without a name or an issue"
        for token in tokens
        if token.type == tokenize.COMMENT and (found := TODO.search(token.string))
    ]


def thin_shell(source: Source, message_names: frozenset[str]) -> list[str]:
    """live/shell.py is at most 150 lines and knows no message: what it decided, no run would test.

    The effects it carries out come from contract.agent and may share a name with a message.
    """
    if source.path != PurePosixPath("live/shell.py"):
        return []
    faults = []
    lines = len(source.text.splitlines())
    if lines > SHELL_LINES_MAX:
        faults.append(f"1: {lines} lines, at most {SHELL_LINES_MAX}")
    bound = _imported_names(source)
    effects = {name for name, dotted in bound.items() if dotted.startswith("contract.agent.")}
    for node in ast.walk(source.tree):
        faults += [
            f"{getattr(node, 'lineno', 1)}: the shell names the message {name}"
            for name in _words(node)
            if name in message_names - effects or name.startswith("contract.v1")
        ]
    return faults


RULES: Final = (
    file_length,
    function_length,
    positional_arguments,
    module_name,
    module_docstring,
    pure_calls,
    broad_except,
    todo_owner,
)


def _functions(source: Source) -> Iterator[Function]:
    return (node for node in ast.walk(source.tree) if isinstance(node, Function))


def _is_broad(caught: ast.expr) -> bool:
    names = caught.elts if isinstance(caught, ast.Tuple) else [caught]
    return any(_called_name(name) in BROAD for name in names)


def _called_name(node: ast.expr) -> str:
    """`suppress` for suppress, contextlib.suppress, suppress(...); empty for anything else."""
    if isinstance(node, ast.Call):
        return _called_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _imported_names(source: Source) -> dict[str, str]:
    """Each name an import binds, with what it stands for: {"np": "numpy"}."""
    bound = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                root = alias.name.partition(".")[0]
                bound[alias.asname or root] = alias.name if alias.asname else root
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return bound


def _dotted_names(source: Source, bound: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Every (line, full name) that is imported or reached from an imported name."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute):
            path = ast.unparse(node)
            root, dot, rest = path.partition(".")
            if root in bound:
                yield node.lineno, bound[root] + dot + rest


def _words(node: ast.AST) -> list[str]:
    """The names a node spells out: variables, attributes, imports and whole strings."""
    match node:
        case ast.Name():
            return [node.id]
        case ast.Attribute():
            return [node.attr]
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            names = [alias.name for alias in node.names]
            return [*names, f"{node.module}.{names[0]}"]
        case ast.Constant(value=str(text)):
            return [text]
    return []
