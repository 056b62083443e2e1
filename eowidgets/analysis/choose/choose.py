"""``eow.choose``: test the methods of a task on one cube."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import xarray as xr

from eowidgets.analysis.choose.forecast import choose_forecast
from eowidgets.analysis.choose.monitors import choose_monitor, score_monitors
from eowidgets.arguments import FilePath, Seed, checked
from eowidgets.contract.choice import Choice
from eowidgets.errors import InputError, unknown
from eowidgets.models.filling.trial import choose_fill

if TYPE_CHECKING:
    import pandas as pd

_TESTS: dict[str, Callable[..., Choice]] = {"fill": choose_fill, "forecast": choose_forecast, "change": choose_monitor}


@checked
def choose(
    cube: xr.Dataset | pd.Series[Any] | pd.DataFrame | FilePath,
    task: Literal["fill", "forecast", "change"] = "fill",
    *,
    seed: Seed = 0,
    **options: Any,
) -> Choice:
    """Test the methods of a task on a cube, and report their errors and the one that wins.

    All methods are scored on the same seeded draws of this cube, in seconds: large cubes are thinned.

    Parameters
    ----------
    cube : Dataset (time, y, x)
        For ``"forecast"`` also a table, as ``eow.forecast`` takes it.
    task : {"fill", "forecast", "change"}
        ``"fill"``: clear values are hidden under the cube's own cloud shapes, and on whole dates. ``"forecast"``: dates
        that are known are forecast from earlier ones. ``"change"``: breaks of known date and size are added to stable
        pixels.
    seed : int
        Of the draws.
    **options
        Of the test: ``networks=False`` leaves networks out of ``"fill"``; ``index``, ``area``, ``days`` and
        others of ``eow.forecast`` belong to ``"forecast"``; ``index``, ``history`` and ``sizes`` to ``"change"``.

    Returns
    -------
    Choice
        Shown as a table. ``choice.model`` is the selected model, ``choice.reason(name)`` compares another with it.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("romania").isel(time=slice(0, 40), y=slice(0, 40), x=slice(0, 40))
    >>> choice = eow.choose(cube, "fill", networks=False)
    >>> choice.winner in [score.method for score in choice.scores]
    True
    """
    if task != "forecast" and not isinstance(cube, xr.Dataset):
        raise InputError(f"The task {task!r} is tested on a cube: give an xarray Dataset from eow.open(...).")
    known = inspect.signature(_TESTS[task]).parameters
    for name in options:
        if name not in known and not (task == "change" and name in inspect.signature(score_monitors).parameters):
            raise unknown("option", name, [k for k in known if k not in ("cube", "seed", "options")])
    return _TESTS[task](cube, seed=seed, **options)
