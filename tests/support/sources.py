"""The project's own source files, parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One file: *module* as it is imported, its text and its syntax tree."""

    path: Path
    module: str
    text: str
    tree: ast.Module

    @property
    def lines_count(self) -> int:
        return self.text.count("\n")

    def imports(self) -> Iterator[tuple[str, bool]]:
        """Each absolute module imported, and whether only for the type checker."""
        for node, typing_only in _with_typing(self.tree, False):
            if isinstance(node, ast.Import):
                yield from ((alias.name, typing_only) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}: relative imports are not used"
                yield from ((f"{node.module}.{alias.name}", typing_only) for alias in node.names)

    def functions(self) -> Iterator[tuple[str, Function]]:
        """Every function with its dotted name."""
        return _functions(self.tree, self.module)


def _with_typing(node: ast.AST, typing_only: bool) -> Iterator[tuple[ast.AST, bool]]:
    yield node, typing_only
    inside = typing_only or (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING")
    for child in ast.iter_child_nodes(node):
        yield from _with_typing(child, inside)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        name = f"{prefix}.{child.name}" if isinstance(child, Function | ast.ClassDef) else prefix
        if isinstance(child, Function):
            yield name, child
        yield from _functions(child, name)


@cache
def sources(folder: str = "hsm") -> tuple[Source, ...]:
    """All files below *folder* of the repository, in order."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        parts = path.relative_to(ROOT).with_suffix("").parts
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Source(path, module, text, ast.parse(text)))
    return tuple(found)
