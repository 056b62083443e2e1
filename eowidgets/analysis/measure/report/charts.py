"""Charts of a report as matplotlib SVG, which print sharply and need no script."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.analysis.measure.report.content import Figure
from eowidgets.errors import MissingExtraError

#: Blue, vermilion, green, purple, orange: distinguishable for colour-blind readers (Okabe and Ito 2008).
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")


def blank(height: float = 3.2) -> tuple[Any, Any]:
    """Return an empty matplotlib figure, 8 inches wide, and its axes; no global state is changed.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure as Canvas
    except ImportError:
        raise MissingExtraError("Charts of a report", "lab") from None
    canvas = Canvas(figsize=(8, height), layout="constrained")
    axes = canvas.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.set_axisbelow(True)
    return canvas, axes


def chart(canvas: Any, caption: str) -> Figure:
    """Convert a matplotlib figure to the figure of a report; equal figures give equal bytes."""
    from matplotlib import rc_context

    text = StringIO()
    with rc_context({"svg.hashsalt": "eowidgets", "svg.fonttype": "path"}):
        canvas.savefig(text, format="svg", metadata={"Date": None})
    return Figure(caption, svg=text.getvalue())


def bars(dates: Sequence[str], values: Sequence[float], label: str, caption: str) -> Figure:
    """Draw a bar for each date.

    Parameters
    ----------
    dates : sequence of str
        ISO days.
    values : sequence of float
    label : str
        Label of the axis, with the unit.
    caption : str
    """
    canvas, axes = blank()
    days = np.array(dates, "datetime64[D]")
    span = int((days.max() - days.min()).astype(int)) if len(days) else 1
    axes.bar(days, values, width=max(span / 120, 1.0), color=COLORS[0])
    axes.set_ylabel(label)
    return chart(canvas, caption)


def fan(
    past: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    future: tuple[npt.NDArray[Any], npt.NDArray[Any]],
    intervals: Sequence[tuple[float, npt.NDArray[Any], npt.NDArray[Any]]],
    label: str,
    caption: str,
) -> Figure:
    """Draw observations and a forecast with its intervals.

    Parameters
    ----------
    past, future : (dates, values)
    intervals : sequence of (level, low, high)
        From the widest to the narrowest.
    label : str
        Label of the axis, with the unit.
    caption : str
    """
    canvas, axes = blank()
    for level, low, high in intervals:
        axes.fill_between(future[0], low, high, color=COLORS[1], alpha=0.18, linewidth=0, label=f"{level:.0%} interval")
    axes.plot(*past, "o", color=COLORS[0], markersize=3, label="observed")
    axes.plot(*future, color=COLORS[1], label="forecast")
    axes.set_ylabel(label)
    axes.legend(frameon=False, ncols=4, loc="upper left", fontsize=9)
    return chart(canvas, caption)
