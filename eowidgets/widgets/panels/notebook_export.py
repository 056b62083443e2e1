"""Write what was done in a panel as code cells and as a notebook that runs again and passes nbval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from eowidgets.contract.plain import plain
from eowidgets.cube.export.place import write_whole
from eowidgets.errors import InputError, shown

#: Cells of a notebook: pairs of Markdown and code.
Cells = Sequence[tuple[str, str]]
#: Shown where no code opens a cube again.
NOT_AGAIN = "A notebook could not open this cube again, because it is not as eow.open returns it: save it first."
#: The variable of a model that is not registered, in code cells.
MODEL_LINE = "model = ...  # the model given to this panel"


def write_notebook(path: str | Path, title: str, cells: Cells, *, replace: bool = True) -> Path:
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


def cell_head(opened: str | None, *imports: str) -> list[str]:
    """Return the first lines of a code cell: imports, and the cube.

    Parameters
    ----------
    opened : str or None
        The expression that opens the cube; None leaves that line to the reader.
    *imports : str
        Import lines besides that of the package.
    """
    return ["import eowidgets as eow", *imports, "", *([f"cube = {opened}"] if opened else [])]


def run_cell(
    opened: str | None,
    model: str | None,
    params: Mapping[str, Any],
    *,
    dates: tuple[str, str] | None = None,
    area: Any = None,
    device: str = "auto",
) -> str:
    """Return code that opens a cube and runs a model over it; arguments with their default values are left out.

    Parameters
    ----------
    opened : str or None
        The expression that opens the cube; None leaves that line to the reader.
    model : str or None
        Name of a registered model; None for another one, to which the code refers as ``model``.
    params : mapping
    dates : (str, str), optional
        First and last date.
    area : optional
        GeoJSON geometry.
    device : str
    """
    lines = cell_head(opened) + ([MODEL_LINE] if model is None else [])
    arguments = ["model" if model is None else repr(model)]
    arguments.append("cube" if dates is None else f"cube.sel(time=slice({dates[0]!r}, {dates[1]!r}))")
    if area is not None:
        lines.append(f"area = {area!r}")
        arguments.append("area=area")
    arguments += [f"device={device!r}"] if device != "auto" else []
    return "\n".join([*lines, f"result = eow.run({', '.join(arguments + keywords(params))})"])


def keywords(params: Mapping[str, Any]) -> list[str]:
    """Return parameters as keyword arguments of a call, in their plain form."""
    return [f"{name}={plain(value)!r}" for name, value in params.items()]


def session(opened: str, runs: Mapping[str, str]) -> Cells:
    """Return the cells of a session: open the cube, repeat every run, show the last result.

    Parameters
    ----------
    opened : str
        The expression that opens the cube.
    runs : mapping
        Name of the result -> the code that computes it alone.
    """
    cells = [("", "import eowidgets as eow"), ("The cube.", f"cube = {opened}")]
    if any(MODEL_LINE in code.splitlines() for code in runs.values()):
        cells.append(
            ("The model is not registered, so this notebook cannot create it: define it here first.", MODEL_LINE)
        )
    for name, code in runs.items():
        left_out = ("import ", "cube = ", MODEL_LINE)
        lines = [line for line in code.splitlines() if line and not line.startswith(left_out)]
        cells.append((f"Run `{name}`.", "\n".join(lines)))
    return [*cells, ("Look at it.", "eow.TimeViewer(result)")]


def _cell(make: Any, source: str, number: int) -> Any:
    cell = make(source)
    cell["id"] = f"cell-{number}"  # the same session gives the same file, byte for byte
    return cell


def _shows(code: str) -> bool:
    """Whether the last statement of a cell is an expression, which a notebook displays."""
    import ast

    body = ast.parse(code).body
    return bool(body) and isinstance(body[-1], ast.Expr)
