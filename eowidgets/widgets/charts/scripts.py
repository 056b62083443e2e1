"""BokehJS of the installed bokeh package, compressed for the transfer to the browser."""

from __future__ import annotations

import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bokeh.model import Model

#: How BokehJS marks formulas in texts, as written in JSON. Without its own script it would fetch MathJax from a server.
_FORMULAS = ("$$", r"\\(", r"\\[")


@lru_cache
def compressed(name: str) -> bytes:
    """Return a script of BokehJS, deflated.

    Parameters
    ----------
    name : str
        ``bokeh``, ``bokeh-widgets``, ``bokeh-tables``, ``bokeh-gl`` or ``bokeh-mathjax``.
    """
    import bokeh

    return zlib.compress((Path(bokeh.__file__).parent / f"server/static/js/{name}.min.js").read_bytes(), 9)


def needed(root: Model, text: str) -> tuple[str, ...]:
    """Return the names of the scripts that draw a figure, in the order in which they have to run.

    Parameters
    ----------
    root : Model
        Figure or layout.
    text : str
        The same as JSON.
    """
    from bokeh.models.plots import Plot
    from bokeh.models.widgets.tables import TableWidget
    from bokeh.models.widgets.widget import Widget

    models = root.references()
    found = ["bokeh"]
    tables = any(isinstance(m, TableWidget) for m in models)
    if tables or any(isinstance(m, Widget) for m in models):
        found.append("bokeh-widgets")
    if tables:
        found.append("bokeh-tables")
    if any(isinstance(m, Plot) and m.output_backend == "webgl" for m in models):
        found.append("bokeh-gl")
    if any(mark in text for mark in _FORMULAS):
        found.append("bokeh-mathjax")
    return tuple(found)
