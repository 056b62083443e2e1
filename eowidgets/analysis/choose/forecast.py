"""Choose a forecaster by its errors on hold-out windows of a cube or a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import xarray as xr

from eowidgets.analysis.forecast.automatic import AUTO
from eowidgets.analysis.forecast.forecast import Span
from eowidgets.analysis.forecast.forecaster import ForecastRequest, PreparedForecast
from eowidgets.analysis.history import Clouds
from eowidgets.arguments import DateLike, FilePath, Latitude, Longitude, Positive, Seed, checked
from eowidgets.contract.choice import Choice
from eowidgets.cube.area import AreaLike
from eowidgets.errors import EowidgetsError

if TYPE_CHECKING:
    import pandas as pd


@checked
def choose_forecast(
    cube: xr.Dataset | pd.Series[Any] | pd.DataFrame | FilePath,
    index: str | None = None,
    *,
    bands: Sequence[str] | None = None,
    area: AreaLike | tuple[Longitude, Latitude] | None = None,
    mean: bool = False,
    days: Span | None = None,
    from_date: DateLike | None = None,
    clouds: Clouds = "mask",
    seed: Seed = 0,
    season: str | Positive = AUTO,
) -> Choice:
    """Score simple forecasters and their weighted average on hold-out windows of a record, and select the best.

    Persistence, climatology, harmonic regression, exponential smoothing, the theta method and an average of them
    forecast from the same earlier days, each time with the dates up to that day. The weights of the average are not
    negative and sum to one; they are fitted on other windows than the one that is scored, and pulled towards equal
    weights. The average is selected unless a single method has a smaller error; of single methods within one per cent
    the simplest is. ``eow.forecast(cube, model="auto")`` makes the same choice and uses it.

    Parameters
    ----------
    cube, index, bands, area, mean, days, from_date, clouds, seed, season
        As in :func:`~eowidgets.analysis.forecast.forecast.forecast`. The horizon matters: at long horizons other
        methods are better than for the next date.

    Returns
    -------
    Choice
        ``choice.sentence`` states the errors in one line, ``choice.table()`` as a table. With several bands or columns,
        errors are relative to those of climatology in each.

    Raises
    ------
    InputError
        As :func:`~eowidgets.analysis.forecast.forecast.forecast`.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.analysis.choose.forecast import choose_forecast
    >>> choice = choose_forecast(eow.open("romania"), area=(22.1515, 45.2029), days=90)
    >>> sorted(score.method for score in choice.scores)[:3]
    ['forecast-average', 'forecast-climatology', 'forecast-harmonic']
    """
    request = ForecastRequest(
        index,
        bands,
        area,
        mean,
        days,
        from_date=from_date,
        clouds=clouds,
        seed=seed,
        season=season,
    )
    decision = PreparedForecast(cube, request).decision
    if decision is None:
        raise EowidgetsError("A forecast with model='auto' selected no model: report this as a bug of eowidgets.")
    return decision.choice
