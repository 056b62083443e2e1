"""Read from a notebook its code, the solutions of exercises, and the statements that a piece of code depends on."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

FOLDER = Path(__file__).parents[1] / "notebooks"
_SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```\s*```text\n(.*?)```\s*</details>", re.DOTALL)


@dataclass(frozen=True)
class Solution:
    """The hidden solution of an exercise: its code and what it prints."""

    code: str
    output: str


def read(path: Path) -> Any:
    """Return a notebook of nbformat 4."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook: Any) -> list[str]:
    """Return the sources of the code cells, in order."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def markdown_cells(notebook: Any) -> list[str]:
    """Return the sources of the markdown cells, in order."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def solutions(notebook: Any) -> list[Solution]:
    """Return the hidden solutions of a notebook, in order."""
    return [Solution(code, output) for text in markdown_cells(notebook) for code, output in _SOLUTION.findall(text)]


def without_solutions(text: str) -> str:
    """Return the text of a markdown cell without its hidden solutions."""
    return re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)


def output_text(cell: Any) -> str:
    """Return all output text of a code cell: printed text and the text of its results."""
    found = []
    for output in cell.get("outputs", []):
        found.append(output.get("text", ""))
        data = output.get("data", {})
        found += [data.get("text/plain", ""), data.get("text/html", "")]
    return "\n".join(found)


def needed(cells: Iterable[str], code: str) -> str:
    """Return the statements of ``cells`` that define the names in ``code``, directly or through others, in order.

    A statement counts if it binds a name that is needed, or assigns to an attribute or an item of one. Calls that change an
    object in place do not count.
    """
    statements = [s for cell in cells for s in ast.parse(cell).body]
    wanted = _loaded(ast.parse(code))
    kept: list[ast.stmt] = []
    for statement in reversed(statements):
        if _bound(statement) & wanted:
            kept.append(statement)
            wanted |= _loaded(statement)
    return "\n".join(ast.unparse(s) for s in reversed(kept))


def _loaded(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        return {statement.name}
    names = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store):
            names |= {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
    return names
