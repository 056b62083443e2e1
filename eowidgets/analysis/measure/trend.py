"""``eow.trend``, ``eow.anomalies``, ``eow.step_or_line`` and ``eow.recovery``: yearly values of an index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import xarray as xr
from annotated_types import Interval, doc

from eowidgets.analysis.measure.phenology import classes_of
from eowidgets.analysis.measure.series_run import MeasureTask, SeriesInput, asked
from eowidgets.arguments import Dates, Memory, checked
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.registry import get_model
from eowidgets.cube.area import AreaLike

if TYPE_CHECKING:
    import pandas as pd

By = Literal["year", "season", "month"]
How = Literal["median", "mean", "max", "min"]
Correction = Literal["prewhiten", "trend-free-prewhiten", "hamed-rao", "yue-wang", "hirsch-slack"]
Alpha = Annotated[float, Interval(ge=0.0001, le=0.5), doc("a level from 0.0001 to 0.5")]
Share = Annotated[float, Interval(ge=0.05, le=1), doc("a share from 0.05 to 1")]


@checked
def trend(
    cube: xr.Dataset | xr.DataArray | pd.DataFrame | pd.Series[Any],
    index: str | None = None,
    *,
    by: By = "year",
    how: How = "median",
    months: str = "1-12",
    autocorrelation: Correction | None = None,
    alpha: Alpha = 0.05,
    area: AreaLike | None = None,
    dates: Dates | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    **params: Any,
) -> Any:
    """Estimate the trend of every pixel or series: Theil–Sen slope, its interval, and the Mann–Kendall test.

    The clear dates of each period become one value. Slope and interval equal ``scipy.stats.theilslopes``, the tests those of
    pymannkendall; :mod:`eowidgets.models.trends.kendall` has the references.

    Parameters
    ----------
    cube : Dataset, DataFrame, Series or DataArray
        A cube, a table with the columns ``id``, ``time`` and one of numbers, or an array of series (id, time).
    index : str, optional
        Spectral index, band or column; by default NDVI, or the only one.
    by : {"year", "season", "month"}
        With seasons or months, the test is the seasonal one of Hirsch et al. (1982), which compares each season with itself.
    how : {"median", "mean", "max", "min"}
        How the clear dates of a period become one value.
    months : str
        First and last month of the dates that are used: ``"6-9"``. A year begins with the first of them.
    autocorrelation : str, optional
        Allow for values that resemble those before: ``"hamed-rao"`` (1998) and ``"yue-wang"`` (2004) enlarge the variance,
        ``"prewhiten"`` and ``"trend-free-prewhiten"`` (2002) take the autocorrelation out; for seasons and months
        ``"hirsch-slack"`` (1984).
    alpha : float
        Trends with p below it are called significant. Of pixels without a trend, this share is as well.
    area : optional
        What ``eow.Area.of`` takes.
    dates : (str, str) or str, optional
        First and last date.
    device, memory : str
        As for ``eow.run``.
    **params
        ``min_values``: fewest periods with a value (5).

    Returns
    -------
    Dataset (y, x), or DataFrame by ``id``
        ``slope`` per year with its 95 % interval ``slope_low`` and ``slope_high``; ``intercept``, the line in the first
        period; ``tau``, ``z``, ``p``; ``count`` of periods with a value; ``significance``: no significant trend, increase,
        decrease, or not enough values.

    Raises
    ------
    InputError, ModelError
        For fewer than three years, an unknown index, or a correction that does not suit the period.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("romania").isel(y=slice(0, 20), x=slice(0, 20))
    >>> found = eow.trend(cube, months="6-9")
    >>> found.slope.attrs["units"], found.significance.dtype.name
    ('1/year', 'uint8')
    """
    own = {"by": by, "how": how, "months": months, "autocorrelation": autocorrelation, "alpha": alpha, **params}
    return trend_task("trend", cube, index, dates, own).run(area, device=device, memory=memory)


@checked
def anomalies(
    cube: xr.Dataset | xr.DataArray | pd.DataFrame | pd.Series[Any],
    index: str | None = None,
    *,
    by: By = "month",
    how: How = "median",
    months: str = "1-12",
    reference: str | None = None,
    area: AreaLike | None = None,
    dates: Dates | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
) -> Any:
    """Compute anomalies: each month, season or year less the mean of the same period of the reference years.

    Parameters
    ----------
    cube : Dataset, DataFrame, Series or DataArray
        A cube, a table with the columns ``id``, ``time`` and one of numbers, or an array of series (id, time).
    index : str, optional
        Spectral index, band or column; by default NDVI, or the only one.
    by : {"month", "season", "year"}
        Period that is compared with the same period of the reference years.
    how : {"median", "mean", "max", "min"}
        How the clear dates of a period become one value.
    months : str
        First and last month of the dates that are used: ``"6-9"``. A year begins with the first of them.
    reference : str, optional
        Reference years, ``"2016-2019"``; by default all.
    area : optional
        Where to compute: what ``eow.Area.of`` takes.
    dates : (str, str) or str, optional
        First and last date, or ``"first/last"``.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    memory : str or float
        Main memory that the run may take, such as ``"2GB"``, or bytes.

    Returns
    -------
    Dataset (time, y, x), or DataFrame by ``id`` and ``time``
        ``anomaly`` in units of the index and ``standardised`` in standard deviations of the period; NaN for a period that
        fewer than three reference years have. ``time`` is the first day of the period.

    Raises
    ------
    InputError, ModelError
        As :func:`trend`; for reference years that the series lacks.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("romania").isel(y=slice(0, 20), x=slice(0, 20))
    >>> found = eow.anomalies(cube, by="year", months="6-9")
    >>> found.anomaly.dims
    ('time', 'y', 'x')
    """
    own = {"by": by, "how": how, "months": months, "reference": reference}
    return trend_task("anomalies", cube, index, dates, own).run(area, device=device, memory=memory)


@checked
def step_or_line(
    cube: xr.Dataset | xr.DataArray | pd.DataFrame | pd.Series[Any],
    index: str | None = None,
    *,
    how: How = "median",
    months: str = "1-12",
    criterion: Literal["bic", "aicc"] = "bic",
    area: AreaLike | None = None,
    dates: Dates | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    **params: Any,
) -> Any:
    """Decide whether yearly values keep their level, follow a line, or jump once.

    Parameters
    ----------
    cube : Dataset, DataFrame, Series or DataArray
        A cube, a table with the columns ``id``, ``time`` and one of numbers, or an array of series (id, time).
    index : str, optional
        Spectral index, band or column; by default NDVI, or the only one.
    how : {"median", "mean", "max", "min"}
        How the clear dates of a period become one value.
    months : str
        First and last month of the dates that are used: ``"6-9"``. A year begins with the first of them.
    criterion : {"bic", "aicc"}
        Information criterion that decides; AICc demands more of a step.
    area : optional
        Where to compute: what ``eow.Area.of`` takes.
    dates : (str, str) or str, optional
        First and last date, or ``"first/last"``.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    memory : str or float
        Main memory that the run may take, such as ``"2GB"``, or bytes.
    **params : object
        ``least``: fewest years before and after a step (3).

    Returns
    -------
    Dataset (y, x), or DataFrame by ``id``
        ``shape``: neither, line, step, or not enough values (fewer than nine years); ``step_year``, the first year after the
        step, and ``step_size``; ``line_slope`` per year; ``support``, the criterion of the second best shape less that of the
        best (above 2 is positive, above 6 strong: Kass and Raftery, 1995).

    Raises
    ------
    InputError, ModelError

    Examples
    --------
    >>> import numpy as np, pandas as pd, eowidgets as eow
    >>> years = pd.date_range("2001-07-01", periods=20, freq="365D")
    >>> level = np.where(np.arange(20) < 12, 0.8, 0.5) + np.random.default_rng(0).normal(0, 0.03, 20)
    >>> found = eow.step_or_line(pd.Series(level, years, name="NDVI"))
    >>> found["shape"].iloc[0], int(found["step_year"].iloc[0])
    ('step', 2013)
    """
    own = {"how": how, "months": months, "criterion": criterion, **params}
    return trend_task("step_or_line", cube, index, dates, own).run(area, device=device, memory=memory)


@checked
def recovery(
    cube: xr.Dataset | xr.DataArray | pd.DataFrame | pd.Series[Any],
    index: str | None = None,
    *,
    share: Share = 0.8,
    how: How = "median",
    months: str = "1-12",
    direction: Literal["loss", "gain"] = "loss",
    area: AreaLike | None = None,
    dates: Dates | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    **params: Any,
) -> Any:
    """Measure the recovery after the greatest loss: the years until 80 % of it is regained.

    Parameters
    ----------
    cube : Dataset, DataFrame, Series or DataArray
        A cube, a table with the columns ``id``, ``time`` and one of numbers, or an array of series (id, time).
    index : str, optional
        Spectral index, band or column; by default NDVI, or the only one.
    share : float
        Share of the loss that counts as recovery, 0 to 1.
    how : {"median", "mean", "max", "min"}
        How the clear dates of a period become one value.
    months : str
        First and last month of the dates that are used: ``"6-9"``. A year begins with the first of them.
    direction : {"loss", "gain"}
        Whether a disturbance lowers or raises the index.
    area : optional
        Where to compute: what ``eow.Area.of`` takes.
    dates : (str, str) or str, optional
        First and last date, or ``"first/last"``.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    memory : str or float
        Main memory that the run may take, such as ``"2GB"``, or bytes.
    **params : object
        ``smallest``: smaller losses are no break (0.1).

    Returns
    -------
    Dataset (y, x), or DataFrame by ``id``
        ``state``: no break, recovered, not yet recovered, or not enough values; ``break_year``; ``loss``;
        ``recovery_years`` from the last year before the break, NaN if it has not recovered; ``years_observed`` since then,
        which such a recovery exceeds; ``regained``, the greatest share of the loss regained.

    Raises
    ------
    InputError, ModelError

    Examples
    --------
    >>> import pandas as pd, eowidgets as eow
    >>> values = [0.8, 0.82, 0.8, 0.3, 0.4, 0.5, 0.6, 0.72, 0.75]
    >>> years = pd.date_range("2001-07-01", periods=9, freq="365D")
    >>> found = eow.recovery(pd.Series(values, years, name="NDVI"))
    >>> found["state"].iloc[0], round(float(found["recovery_years"].iloc[0]), 1)
    ('recovered', 4.8)
    """
    own = {"share": share, "how": how, "months": months, "direction": direction, **params}
    return trend_task("recovery", cube, index, dates, own).run(area, device=device, memory=memory)


#: Model and title of each function.
MODELS = {
    "trend": ("trend-theil-sen", "Trend"),
    "anomalies": ("trend-anomalies", "Anomalies"),
    "step_or_line": ("trend-step-or-line", "Step or line"),
    "recovery": ("trend-recovery", "Recovery"),
}
#: Layers with positive and negative values.
SIGNED = ("slope", "anomaly", "standardised", "step_size", "line_slope")


def trend_task(call: str, cube: Any, index: str | None, dates: Dates | None, params: Mapping[str, Any]) -> MeasureTask:
    """Check the arguments of a function of :data:`MODELS`, without area and options; ``params`` are those of the model."""
    given = SeriesInput.of(cube, index, dates)
    own = {k: v for k, v in params.items() if v is not None}
    model = get_model(MODELS[call][0], index=given.index, **own)
    arguments = {"index": index, "dates": asked(dates), **params}
    return MeasureTask(call, model, given, arguments, lambda found, given: _named(found, call, given))


def class_maps() -> Mapping[str, tuple[ClassInfo, ...]]:
    """Return the classes of the variables that are class maps."""
    from eowidgets.models.trends.model import SIGNIFICANCE
    from eowidgets.models.trends.recovery import STATES
    from eowidgets.models.trends.step import SHAPES

    return {"significance": SIGNIFICANCE, "shape": SHAPES, "state": STATES}


def _named(found: Any, call: str, given: SeriesInput) -> Any:
    """Add class names and a title to a result."""
    for name, classes in class_maps().items():
        if name not in found:
            continue
        if given.is_table:
            words = {float(c.value): c.name for c in classes}
            found[name] = found[name].map(words).fillna("not observed")
        else:
            found[name] = classes_of(found[name], classes, str(found[name].attrs["long_name"]))
    if not given.is_table:
        times = given.used["time"].values.astype("datetime64[D]")
        found.attrs |= {
            "title": f"{MODELS[call][1]} of {given.index}, {times.min()} to {times.max()}",
            "index": given.index,
        }
        for name in set(SIGNED) & set(found.data_vars):
            found[name].attrs |= _both_signs(found[name])
    return found


def _both_signs(values: xr.DataArray) -> dict[str, Any]:
    """Return a display range that is symmetric around 0; brown is negative, green positive."""
    if "vmin" in values.attrs or not isinstance(values.variable._data, np.ndarray):
        return {"cmap": "BrBG"}
    size = np.abs(values.values[np.isfinite(values.values)])
    most = float(np.quantile(size, 0.98)) if len(size) else 1.0
    return {"cmap": "BrBG", "vmin": -max(most, 1e-9), "vmax": max(most, 1e-9)}
