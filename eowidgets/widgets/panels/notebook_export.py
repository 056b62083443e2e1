"""The steps of a panel as code cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eowidgets.analysis.notebook import Cells
from eowidgets.contract.call import Call, Code, Given

#: Message if no code can open a cube again.
NOT_AGAIN = "A notebook could not open this cube again, because it is not as eow.open returns it: save it first."
#: A model that is not registered, in code cells.
MODEL = Given("model", "the model given to this panel")
MODEL_LINE = MODEL.line


def run_call(
    model: str | None,
    params: Mapping[str, Any],
    *,
    dates: tuple[str, str] | None = None,
    area: Any = None,
    device: str = "auto",
) -> Call:
    """Return the call that runs a model over a cube; arguments with their default values are left out.

    Parameters
    ----------
    model : str or None
        Name of a registered model; None for another one.
    params : mapping
    dates : (str, str), optional
        First and last date.
    area : optional
        GeoJSON geometry.
    device : str
    """
    arguments: dict[str, Any] = {"model": MODEL if model is None else model}
    if dates is not None:
        arguments["cube"] = Code(f"cube.sel(time=slice({dates[0]!r}, {dates[1]!r}))")
    if area is not None:
        arguments["area"] = area
    if device != "auto":
        arguments["device"] = device
    return Call("run", {**arguments, **params})


def run_cell(opened: str | None, model: str | None, params: Mapping[str, Any], **more: Any) -> str:
    """Return code that opens a cube and runs a model over it.

    Parameters
    ----------
    opened : str or None
        The expression that opens the cube; None leaves that line to the reader.
    model, params, **more
        As in :func:`run_call`.
    """
    return run_call(model, params, **more).code(opened)


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
    return [*cells, ("Show the result.", "eow.TimeViewer(result)")]
