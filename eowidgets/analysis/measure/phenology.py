"""``eow.phenology``: start, peak, end and size of every growing season, per pixel or parcel and year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import xarray as xr
from annotated_types import Interval, doc

from eowidgets.analysis.measure.series_run import MeasureTask, SeriesInput, asked
from eowidgets.arguments import Dates, Memory, checked
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.prepare import check_inputs
from eowidgets.contract.registry import get_model
from eowidgets.cube.area import AreaLike
from eowidgets.models.phenology.metrics import QUALITY

if TYPE_CHECKING:
    import pandas as pd

#: Curves by name.
METHODS = ("whittaker", "harmonic", "double-logistic")
Method = Literal["whittaker", "harmonic", "double-logistic"]
Month = Annotated[int, Interval(ge=1, le=12), doc("a month from 1 to 12")]
Share = Annotated[float, Interval(ge=0.05, le=0.95), doc("a share from 0.05 to 0.95")]
AUTO = "auto"
#: Value of pixels without an observation.
NO_CLASS = 255
#: Metrics that are days of the season year.
DAYS = ("start", "peak", "end")


@checked
def phenology(
    cube: xr.Dataset | xr.DataArray | pd.DataFrame | pd.Series[Any],
    index: str | None = None,
    *,
    method: Method = "whittaker",
    seasons: Literal[1, 2] = 1,
    year_start: Literal["auto"] | Month = "auto",
    threshold: Share = 0.5,
    area: AreaLike | None = None,
    dates: Dates | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    **params: Any,
) -> Any:
    """Measure the growing seasons of every pixel of a cube, or of every series of a table.

    A season reaches from the lowest value of the curve before its peak to the lowest one after it. It starts on the day on
    which the curve first reaches ``threshold`` of the rise, and ends on the day on which it last falls below that share of
    the fall (TIMESAT: Jönsson and Eklundh, 2004, doi:10.1016/j.cageo.2004.05.006).

    Parameters
    ----------
    cube : Dataset, DataFrame, Series or DataArray
        A cube with irregular dates and clouds; or a table with the columns ``id``, ``time`` (or ``date``) and one of
        numbers, or an array of series (id, time).
    index : str, optional
        Spectral index, or the name of a band or column. By default NDVI, or the only band or column of numbers.
    method : {"whittaker", "harmonic", "double-logistic"}
        Curve through the clear dates: Whittaker's smoother (Eilers, 2003), yearly waves (Menenti et al., 1993), or the
        double logistic of Beck et al. (2006).
    seasons : {1, 2}
        Seasons that are looked for in a year. The second one has the suffix ``_2``.
    year_start : {"auto"} or int
        First month of the season year. ``"auto"`` takes a month in which little of the area grows: January in most of the
        north, July to October in most of the south and for winter crops.
    threshold : float
        Share of the amplitude at which a season starts and ends.
    area : optional
        Measure this part only: what ``eow.Area.of`` takes.
    dates : (str, str) or str, optional
        First and last date, ``("2016-01-01", "2020-12-31")`` or ``"2016/2020"``.
    device, memory : str
        As for ``eow.run``.
    **params
        Further parameters of the model: ``min_amplitude``, ``min_dates``, ``max_gap``, ``robust``, ``length`` (days) or
        ``terms``.

    Returns
    -------
    Dataset (time, y, x), or DataFrame with one row per series and season year
        ``time`` is the first day of each season year, and ``year`` its calendar year. ``start``, ``peak``, ``end`` are days
        that count from 1 for the first of January of ``year`` (400 lies in the next year); ``length`` (days);
        ``amplitude``, ``base``, ``peak_value`` (units of the index); ``integral`` (index times days, above the base);
        ``greenup_rate``, ``senescence_rate`` (per day); ``start_sd``, ``end_sd`` (standard deviations, days); and
        ``quality``: a season, a gap at its start or end, a season that the series cuts, no season, or not enough dates
        (uint8 with ``flag_meanings``, 255 where nothing was observed; words in a table). A table has the dates
        ``start_date``, ``peak_date`` and ``end_date`` as well. ``attrs["provenance"]`` repeats the call.

    Raises
    ------
    InputError, ModelError
        For an unknown index, too few dates, or dates that are all cloudy.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("romania").isel(y=slice(0, 20), x=slice(0, 20))
    >>> found = eow.phenology(cube, dates="2017/2019")
    >>> found.year.values.tolist(), found.start.dims
    ([2017, 2018, 2019], ('time', 'y', 'x'))
    """
    own = {"seasons": seasons, "year_start": year_start, "threshold": threshold, **params}
    return phenology_task(cube, index, method, dates, own).run(area, device=device, memory=memory)


def phenology_task(
    cube: Any, index: str | None, method: str, dates: Dates | None, params: Mapping[str, Any]
) -> MeasureTask:
    """Check the arguments of :func:`phenology`, without area and options; ``params`` are those of the model."""
    given = SeriesInput.of(cube, index, dates)
    own = dict(params)
    if given.is_table and own.get("year_start", AUTO) == AUTO:
        own["year_start"] = start_of_table(given)
    model = get_model(f"phenology-{method}", index=given.index, **own)
    if dates is not None and own.get("year_start", AUTO) == AUTO:
        # The season years are those of the whole cube, whichever of its dates are measured.
        check_inputs(model, given.whole)
        month = model.settings()["year_start"]
        model = get_model(f"phenology-{method}", index=given.index, **{**own, "year_start": month})
    arguments = {"index": index, "method": method, "dates": asked(dates), **params}
    return MeasureTask("phenology", model, given, arguments, _completed)


def _completed(found: Any, given: SeriesInput) -> Any:
    return _table(found) if given.is_table else _raster(found, given.index)


def start_of_table(given: SeriesInput) -> int:
    """Return the common first month of the season year of all series of a table."""
    from eowidgets.models.phenology.years import quiet_month

    table = given.used
    seen = table[given.index].notna()
    if "clouds" in table:
        seen &= ~table["clouds"].astype(bool)
    if not seen.any():
        return 1
    clear = table[seen]
    wide = clear.pivot_table(index="time", columns="id", values=given.index, aggfunc="mean")
    values = wide.to_numpy("float64")
    days = wide.index.to_numpy().astype("datetime64[s]").astype("float64") / 86_400
    return quiet_month(np.nan_to_num(values), np.isfinite(values), days)


def classes_of(values: xr.DataArray, classes: tuple[ClassInfo, ...], words: str) -> xr.DataArray:
    """Convert class values in float32 to a class map: uint8 with names and colours, 255 without a class."""
    attrs = {
        "role": "result",
        "long_name": words,
        "units": "1",
        "flag_values": np.array([c.value for c in classes], "uint8"),
        "flag_meanings": " ".join("_".join(c.name.split()) for c in classes),
        "colors": " ".join(c.color for c in classes),
        "nodata": NO_CLASS,
    }
    codes = values.where(values.notnull(), NO_CLASS).astype("uint8")
    return codes.assign_attrs(attrs)


def _raster(found: xr.Dataset, index: str) -> xr.Dataset:
    for name in [str(n) for n in found.data_vars if str(n).startswith("quality")]:
        found[name] = classes_of(found[name], QUALITY, str(found[name].attrs["long_name"]))
    years = found["time"].values.astype("datetime64[Y]").astype(int) + 1970
    found = found.assign_coords(year=("time", years, {"long_name": "Year in which the season year begins"}))
    return found.assign_attrs(title=f"Seasons of {index} {years[0]} to {years[-1]}", index=index)


def _table(found: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    attrs = dict(found.attrs)
    names = {float(c.value): c.name for c in QUALITY}
    found = found.copy()
    found.insert(2, "year", found["time"].dt.year)
    january = pd.to_datetime(found["year"].astype(str) + "-01-01")
    for name in [c for c in found.columns if c.removesuffix("_2") in DAYS]:
        found[f"{name}_date"] = (january + pd.to_timedelta(found[name] - 1, unit="D")).dt.floor("D")
    for name in [c for c in found.columns if c.startswith("quality")]:
        found[name] = found[name].map(names).fillna("not observed")
    found.attrs.update(attrs)
    return found
