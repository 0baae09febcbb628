"""Mutants of a source: each the same module with one small fault planted in a function.

Pure: text in, mutants out, in the order of the source. Docstrings, annotations, decorators and what
stands outside functions are left alone: limits are pinned by the tests that use them, or are not.
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_COMPARE: Final[dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NAMES: Final = {
    "min": "max", "max": "min", "sin": "cos", "cos": "sin", "any": "all", "all": "any",
    "floor": "ceil", "ceil": "floor",
}  # fmt: skip
_SIMPLE: Final = (ast.Expr, ast.AugAssign, ast.Raise, ast.Continue, ast.Break)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault: `key` names it the same in every run as long as its function stays as it is."""

    key: str
    line: int
    whole: ast.Module
    node: ast.AST
    after: ast.AST

    @property
    def tree(self) -> ast.Module:
        """A copy of the whole module with `after` where `node` stands."""
        after = copy.deepcopy(self.after)
        planted = copy.deepcopy(self.whole, {id(self.node): after})
        return ast.fix_missing_locations(planted)


def mutants(text: str) -> list[Mutant]:
    """Every mutant of a module."""
    tree = ast.parse(text)
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    for name, function in _functions(tree, ""):
        for node, around in _inside(function):
            for after in _changes(node):
                key = f"{name}: {_line(node)} -> {_line(after)}"
                if isinstance(node, ast.Constant):
                    key += f" in {_line(around)}"
                seen[key] = seen.get(key, 0) + 1
                if seen[key] > 1:
                    key += f" #{seen[key]}"
                line = getattr(node, "lineno", function.lineno)
                found.append(Mutant(key, line, tree, node, after))
    return found


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods with their dotted names; one inside another belongs to the outer."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield f"{prefix}{child.name}", child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")


def _inside(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Nodes of the body in the order of the source, without docstring and annotations; each with
    the node around it.
    """
    has_docstring = ast.get_docstring(function, clean=False) is not None
    for statement in function.body[1 if has_docstring else 0 :]:
        yield from _below(statement, function)


def _below(node: ast.AST, around: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    yield node, around
    if isinstance(node, ast.AnnAssign):
        if node.value is not None:
            yield from _below(node.value, node)
    elif not isinstance(node, ast.JoinedStr):  # wording is no decision
        for child in ast.iter_child_nodes(node):
            yield from _below(child, node)


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand there instead."""
    if isinstance(node, ast.expr):
        yield from _expressions(node)
    elif isinstance(node, ast.AugAssign):
        other = _ARITHMETIC.get(type(node.op))
        if other is not None:
            yield ast.AugAssign(node.target, other(), node.value)
    elif isinstance(node, ast.If | ast.While):
        if not isinstance(node, ast.While):
            yield type(node)(ast.Constant(True), node.body, node.orelse)
        yield type(node)(ast.Constant(False), node.body, node.orelse)
    elif isinstance(node, ast.Return) and not isinstance(node.value, ast.Constant | None):
        yield ast.Return(ast.Constant(None))
    to_store = isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)
    if isinstance(node, _SIMPLE) or to_store:
        yield ast.Pass()


def _expressions(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Compare):
        yield from _comparisons(node)
    elif isinstance(node, ast.BinOp):
        arithmetic = _ARITHMETIC.get(type(node.op))
        if arithmetic is not None:
            yield ast.BinOp(node.left, arithmetic(), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        for k in range(len(node.values)):
            rest = [*node.values[:k], *node.values[k + 1 :]]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, ast.Constant):
        yield from _constants(node)
    elif isinstance(node, ast.Call):
        yield from _calls(node)


def _comparisons(node: ast.Compare) -> Iterator[ast.expr]:
    for k, op in enumerate(node.ops):
        for other in _COMPARE[type(op)]:
            yield ast.Compare(node.left, [*node.ops[:k], other(), *node.ops[k + 1 :]],
                              node.comparators)  # fmt: skip


def _constants(node: ast.Constant) -> Iterator[ast.expr]:
    if isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)


def _calls(node: ast.Call) -> Iterator[ast.expr]:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if name in _NAMES:
        func = copy.copy(node.func)
        setattr(func, "id" if isinstance(func, ast.Name) else "attr", _NAMES[name])
        yield ast.Call(func, node.args, node.keywords)
    if name in ("min", "max"):
        yield from node.args
    if name == "abs":
        yield node.args[0]


def _line(node: ast.AST) -> str:
    """A node as one line of source; of a compound statement only its head."""
    return ast.unparse(ast.fix_missing_locations(_head(node))).split("\n", maxsplit=1)[0]


def _head(node: ast.AST) -> ast.AST:
    """A copy of a node; of a compound statement without its body."""
    if isinstance(node, ast.If | ast.While):
        return type(node)(copy.deepcopy(node.test), [ast.Pass()], [])
    return copy.deepcopy(node)
