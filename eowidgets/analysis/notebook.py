"""Write a notebook of text and code cells that runs again and passes nbval."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from eowidgets.cube.export.place import write_whole
from eowidgets.errors import InputError, shown
from eowidgets.system import parsing

#: Cells of a notebook: pairs of Markdown text and code.
Cells = Sequence[tuple[str, str]]


def write_notebook(path: str | Path, title: str, cells: Cells, *, replace: bool = True) -> Path:
    """Write a notebook of text and code cells.

    Parameters
    ----------
    path : str or Path
        Ends in ``.ipynb``.
    title : str
    cells : sequence of (words, code)
        Each pair becomes a Markdown cell (omitted if empty) and a code cell. A cell whose last line displays a value is
        tagged so that nbval runs it without comparing the output.
    replace : bool
        Whether an existing file may be replaced.

    Raises
    ------
    InputError, SourceError
        For another ending, an existing file, or a folder that cannot be written.
    """
    import nbformat

    nb: Any = nbformat  # has no types
    target = Path(path).expanduser()
    if target.suffix != ".ipynb":
        raise InputError(f"The name {shown(target.name)} must end in .ipynb.")
    if target.exists() and not replace:
        raise InputError(f"There is a file {shown(str(target))} already: choose another name.")
    book = nb.v4.new_notebook()
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book.cells.append(_cell(nb.v4.new_markdown_cell, f"# {title}", 0))
    for words, code in cells:
        if words:
            book.cells.append(_cell(nb.v4.new_markdown_cell, words, len(book.cells)))
        cell = _cell(nb.v4.new_code_cell, code, len(book.cells))
        if _shows(code):
            cell.metadata["tags"] = ["nbval-ignore-output"]
        book.cells.append(cell)
    nb.validate(book)
    return write_whole(target, partial(nb.write, book))


def _cell(make: Any, source: str, number: int) -> Any:
    cell = make(source)
    cell["id"] = f"cell-{number}"  # reproducible: the same session gives the same file
    return cell


def _shows(code: str) -> bool:
    """Return whether the last statement of a cell is an expression, which a notebook displays."""
    import ast

    body = parsing(lambda: ast.parse(code)).body
    return bool(body) and isinstance(body[-1], ast.Expr)
