"""Notebooks of a kit: paths set to its store, outputs removed, prepared for work without a network."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eowidgets.analysis.kit.contents import WEIGHTS
from eowidgets.contract.checkpoint import FOLDER
from eowidgets.cube.samples import samples
from eowidgets.errors import InputError, shown, warn_user
from eowidgets.system import parsing

#: Largest notebook that is read.
LARGEST = 100_000_000
#: Functions of the package that open or fetch a cube, and the position of their argument with its path.
_TAKES = {"open": 0, "fetch": 1}
_FIRST = f"""import os

# Work without a network: fetch nothing, and take weights from this folder.
os.environ.setdefault("EOWIDGETS_OFFLINE", "1")
os.environ.setdefault("{FOLDER}", "{WEIGHTS}")"""


@dataclass(frozen=True)
class Sources:
    """Names under which notebooks refer to the cube of a store.

    Attributes
    ----------
    store : Path
    opened : str or None
        The source that the cube of the store was opened from.
    """

    store: Path
    opened: str | None

    def mean(self, text: str, folder: Path) -> bool:
        """Return whether a text in a notebook of a folder refers to the cube."""
        if text in (self.store.name, self.opened):
            return True
        near = [Path(text).expanduser(), folder / text]
        return any(p.exists() and p.resolve() == self.store.resolve() for p in near)


def kit_notebook(path: Path, sources: Sources) -> str:
    """Return a notebook prepared for a kit.

    In code cells, the source of ``eow.open(...)`` and the path of ``eow.fetch(...)`` are replaced by the name of the
    store where they refer to its cube. Outputs are removed, and a first cell configures work without a network. A
    source that is not in the kit is reported by a warning.

    Parameters
    ----------
    path : Path
    sources : Sources

    Raises
    ------
    InputError
        If the file is not a notebook.
    """
    import nbformat

    nb: Any = nbformat  # has no types
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("too large")
        book = nb.read(path, as_version=4)
        nb.validate(book)
    except Exception as error:  # nbformat raises many kinds of errors for damaged files
        raise InputError(f"{shown(path.name)} cannot be read as a notebook: give an .ipynb file.") from error
    others: list[str] = []
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            cell.source, left = with_store(cell.source, sources, path.parent)
            others += left
    book.metadata.pop("widgets", None)
    first = nb.v4.new_code_cell(_FIRST)
    first["id"] = "without-network"
    book.cells.insert(1 if book.cells and book.cells[0].cell_type == "markdown" else 0, first)
    if others:
        warn_user(f"{shown(path.name)} opens {', '.join(map(shown, others))[:80]}, which the kit does not hold.")
    return str(nb.writes(book))


def with_store(code: str, sources: Sources, folder: Path) -> tuple[str, list[str]]:
    r"""Replace references to the cube in code by the name of the store; return the code and other sources it opens.

    Examples
    --------
    >>> with_store('cube = eow.open("romania", dates="2019")', Sources(Path("a.zarr"), "romania"), Path())
    ("cube = eow.open('a.zarr', dates=\\"2019\\")", [])
    """
    try:
        tree = parsing(lambda: ast.parse(code))
    except SyntaxError:  # magics of IPython
        return code, []
    found, others = [], []
    for node in ast.walk(tree):
        text = _path_in(node)
        if text is None:
            continue
        if sources.mean(text.value, folder):
            found.append(text)
        elif text.value not in samples():
            others.append(text.value)
    return _replaced(code, found, repr(sources.store.name)), others


def _path_in(node: ast.AST) -> Any:
    """Return the literal path in a call of the package if the node is such a call, else None."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr not in _TAKES:
        return None
    if not isinstance(node.func.value, ast.Name) or node.func.value.id not in ("eow", "eowidgets"):
        return None
    given = [k.value for k in node.keywords if k.arg in ("source", "path")] + node.args[_TAKES[node.func.attr] :][:1]
    return next((a for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str)), None)


def _replaced(code: str, places: Sequence[Any], text: str) -> str:
    """Replace literals at their positions, whose columns count bytes."""
    lines = [line.encode() for line in code.splitlines(keepends=True)]
    for node in sorted(places, key=lambda n: (n.lineno, n.col_offset), reverse=True):
        first, last = node.lineno - 1, node.end_lineno - 1
        merged = lines[first][: node.col_offset] + text.encode() + lines[last][node.end_col_offset :]
        lines[first : last + 1] = [merged]
    return b"".join(lines).decode()
