"""``eow.choose``: test the methods of a task on one cube."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import xarray as xr

from eowidgets.analysis.choose.monitors import choose_monitor
from eowidgets.arguments import Seed, checked
from eowidgets.contract.choice import Choice
from eowidgets.models.filling.trial import choose_fill

_TESTS: dict[str, Callable[..., Choice]] = {"fill": choose_fill, "change": choose_monitor}


@checked
def choose(cube: xr.Dataset, task: Literal["fill", "change"] = "fill", *, seed: Seed = 0, **options: Any) -> Choice:
    """Test the methods of a task on a cube, and report their errors and the one that wins.

    All methods are scored on the same seeded draws of this cube, in seconds: large cubes are thinned.

    Parameters
    ----------
    cube : Dataset (time, y, x)
    task : {"fill", "change"}
        ``"fill"``: clear values are hidden under the cube's own cloud shapes, and on whole dates. ``"change"``: breaks of
        known date and size are added to stable pixels.
    seed : int
        Of the draws.
    **options
        Of the test: ``networks=False`` leaves networks out of ``"fill"``; ``index``, ``history`` and ``sizes`` belong to
        ``"change"``.

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
    return _TESTS[task](cube, seed=seed, **options)
