"""What was clicked together, as a notebook that runs again and passes nbval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from eowidgets.cube.export.place import write_whole
from eowidgets.errors import InputError, shown

#: Said where a cube has no code that gives it again.
NOT_AGAIN = "A notebook could not make this cube again, it is not as eow.open gives it: save it first."


def write_notebook(path: str | Path, title: str, cells: Sequence[tuple[str, str]], *, replace: bool = True) -> Path:
    """Write a notebook of words and code.

    Parameters
    ----------
    path : str or Path
        Ends in ``.ipynb``.
    title : str
    cells : sequence of (words, code)
        Each pair becomes a Markdown cell (left out where empty) and a code cell. A cell whose last line shows
        something is tagged so that nbval runs it without comparing what it shows.
    replace : bool
        Whether a file of that name may be replaced.

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


def run_cell(
    opened: str | None,
    model: str,
    params: Mapping[str, Any],
    *,
    dates: tuple[str, str] | None = None,
    area: Any = None,
    device: str = "auto",
) -> str:
    """Code that opens a cube and runs a model over it; what is as it would be anyway is left out.

    Parameters
    ----------
    opened : str or None
        The expression that gives the cube; None leaves that line to whoever has the cube.
    model : str
    params : mapping
    dates : (str, str), optional
        First and last date.
    area : optional
        GeoJSON geometry.
    device : str
    """
    lines = ["import eowidgets as eow", ""]
    lines += [f"cube = {opened}"] if opened else []
    words = [repr(model), "cube" if dates is None else f"cube.sel(time=slice({dates[0]!r}, {dates[1]!r}))"]
    if area is not None:
        lines.append(f"area = {area!r}")
        words.append("area=area")
    words += [f"device={device!r}"] if device != "auto" else []
    words += [f"{name}={value!r}" for name, value in params.items()]
    return "\n".join([*lines, f"result = eow.run({', '.join(words)})"])


def session(opened: str, runs: Mapping[str, str]) -> list[tuple[str, str]]:
    """Cells of a session: open the cube, make every run, look at the last result.

    Parameters
    ----------
    opened : str
        The expression that gives the cube.
    runs : mapping
        Name of the result -> the code that makes it alone.
    """
    cells = [("", "import eowidgets as eow"), ("The cube.", f"cube = {opened}")]
    for name, code in runs.items():
        lines = [line for line in code.splitlines() if line and not line.startswith(("import ", "cube = "))]
        cells.append((f"Run `{name}`.", "\n".join(lines)))
    return [*cells, ("Look at it.", "eow.TimeViewer(result)")]


def _cell(make: Any, source: str, number: int) -> Any:
    cell = make(source)
    cell["id"] = f"cell-{number}"  # the same session gives the same file
    return cell


def _shows(code: str) -> bool:
    """Whether the last statement of a cell is an expression, which a notebook displays."""
    import ast

    body = ast.parse(code).body
    return bool(body) and isinstance(body[-1], ast.Expr)
