"""``eow.doctor``: the diagnosis as a widget in a notebook, else as text."""

from __future__ import annotations

from typing import Any

from eowidgets.diagnosis import Report, examine


def doctor() -> Any:
    """Examine this machine; in a notebook the front end is examined as well.

    Returns
    -------
    Doctor or Report
        A widget in a notebook (it measures comm latency, message size and WebGL2 there), else a
        report that prints.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.doctor()  # doctest: +SKIP
    """
    if _in_notebook():
        from eowidgets.widgets.doctor import Doctor  # imports anywidget, whose absence the report states

        return Doctor(findings=examine())
    return Report(examine())


def _in_notebook() -> bool:
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    shell = get_ipython()
    return shell is not None and shell.__class__.__name__ == "ZMQInteractiveShell"
