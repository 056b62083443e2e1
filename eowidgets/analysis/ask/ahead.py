"""Questions about the future of an index and about breaks: read by rules, answered by forecasters and monitors."""

from __future__ import annotations

import calendar
import datetime as dt
import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.analysis.ask import tools
from eowidgets.analysis.ask.dates import SEASONS
from eowidgets.analysis.ask.language import COVERS, IMAGES, SKIES, UNIONS, Outlook, Scope, When
from eowidgets.errors import InputError

if TYPE_CHECKING:
    from eowidgets.analysis.ask.slots import Slots

#: Maximum days ahead, and default days ahead of a question that names no time.
FARTHEST, USUAL = 400, 182
LEVEL = 0.8
#: Number of pixels on which breaks are searched.
PIXELS = 2500
_AHEAD = re.compile(
    r"\b(will|would|going to|forecast|predict|predicted|prediction|outlook|expect|expected|likely|shall)\b"
)
_BROKE = re.compile(r"\b(when|since when)\b.*\b(break|broke|broken|deviates?|deviated|depart|departed|leave|left)\b")
_MORE = re.compile(r"\b(greener|higher|wetter|moister|lusher|more|rise|increase|grow|improve|recover|healthier)\b")
_LESS = re.compile(r"\b(browner|lower|drier|dryer|less|fall|decrease|drop|decline|shrink)\b")
_NUMBERS = {
    "a": 1,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "eight": 8,
    "ten": 10,
    "half a": 0.5,
}
_MONTHS = {name.lower(): i for i, name in enumerate(calendar.month_name) if i}
_COMING = re.compile(
    r"\b(?:next|coming|following)\s+(week|month|year|spring|summer|autumn|fall|winter|" + "|".join(_MONTHS) + r")\b"
)
_COUNT = "|".join(_NUMBERS)
_WITHIN = re.compile(
    r"\b(?P<over>(?:in|over|for|during) the (?:next|coming) |within )?(?:in )?"
    rf"(?P<n>\d{{1,3}}|{_COUNT}) (?P<unit>day|week|month|year)s?\b"
)
_DAYS = {"day": 1.0, "week": 7.0, "month": 30.4, "year": 365.25}


def read(text: str, slots: Slots, last: str) -> Outlook | When | None:
    """Return the program of a question about the future of an index or about its break; None for any other question.

    Parameters
    ----------
    text : str
        The question, cleaned.
    slots : Slots
        Parts that the question names.
    last : str
        ISO day of the last image.
    """
    low = text.lower()
    broke = bool(_BROKE.search(low))
    if not (broke or _AHEAD.search(low)) or slots.unknown:
        return None
    named = [t.name for t in slots.topics]
    lands = [n for n in named if n in COVERS or n in SKIES or " " in n]
    values = [n for n in named if n not in lands and n not in IMAGES and n not in UNIONS]
    of = values[0] if values else "NDVI" if "vegetation" in named else ""
    if not of or lands:
        return None
    place = slots.places[0] if slots.places else "all"
    where: Any = {"place": place, "area": "drawn" if slots.drawn else "", "layer": slots.layer}
    if broke:
        scope = Scope(**where)
        return When(slots.dates[0].put(scope) if slots.dates else scope, of, "change")
    period = coming(low, last)
    if period is None:
        given = [(d.start, d.end) for d in slots.dates if d.end > last]
        if slots.dates and not given:
            return None  # the question is about the past
        period = given[0] if given else (after(last, 1), after(last, USUAL))
    ask = "more" if _MORE.search(low) else "less" if _LESS.search(low) else "value"
    scope = Scope(start=max(period[0], after(last, 1)), end=period[1], **where)
    return Outlook(scope, of, ask)  # type: ignore[arg-type]


def asks_when(text: str) -> bool:
    """Return whether a question asks for the date of a future event, which is not forecast."""
    return bool(re.search(r"\bwhen (will|shall)\b|\bwhen (is|are)\b.*\b(going|expected) to\b", text.lower()))


def after(day: str, days: float) -> str:
    """Return the ISO day a number of days after another.

    Examples
    --------
    >>> after("2020-12-31", 1)
    '2021-01-01'
    """
    return (dt.date.fromisoformat(day) + dt.timedelta(days=round(days))).isoformat()


def coming(text: str, last: str) -> tuple[str, str] | None:
    """Return the first and last day of the future period that a lower-case text names, relative to the last image.

    Examples
    --------
    >>> coming("will it be greener next summer", "2021-01-01")
    ('2021-06-01', '2021-08-31')
    >>> coming("what will ndvi be in three months", "2021-01-01")
    ('2021-03-23', '2021-04-12')
    """
    found = _COMING.search(text)
    day = dt.date.fromisoformat(last)
    if found:
        word = found.group(1)
        if word == "week":
            return after(last, 1), after(last, 7)
        if word == "year":
            return after(last, 1), after(last, 365)
        if word == "month":
            first = (day.replace(day=1) + dt.timedelta(days=32)).replace(day=1)
            return first.isoformat(), _month_end(first.year, first.month)
        a, b = SEASONS[word] if word in SEASONS else (_MONTHS[word], _MONTHS[word])
        year = day.year if (day.month, day.day) < (a, 1) else day.year + 1
        return f"{year}-{a:02d}-01", _month_end(year + (b < a), b)
    found = _WITHIN.search(text)
    if found and found.group("n"):
        number = found.group("n")
        days = float(_NUMBERS.get(number, 0) or number) * _DAYS[found.group("unit")]
        if found.group("over"):
            return after(last, 1), after(last, days)
        return after(last, max(days - 10, 1)), after(last, days + 10)
    return None


def _month_end(year: int, month: int) -> str:
    return f"{year}-{month:02d}-{calendar.monthrange(year, month)[1]:02d}"


# --- tools --------------------------------------------------------------------------------------------------------


def forecast_mean(cube: xr.Dataset, of: str, start: str, end: str, area: Any = None) -> dict[str, Any]:
    """Forecast the mean of an index over the cube, or an area, for a future period.

    Returns
    -------
    dict
        ``mean``, ``low`` and ``high`` (ends of the 80 % interval, averaged over the period), ``held`` (share of
        held-out values inside such intervals, NaN where the record is too short), ``series`` (time,), ``notes``.

    Raises
    ------
    InputError
        If the period is not in the future, or too far ahead.
    """
    from eowidgets.analysis.forecast.forecast import forecast

    if not (start and end):
        raise InputError("A forecast needs its first and last day: ask for instance about next summer.")
    last = str(cube["time"].values[-1])[:10]
    days = int((np.datetime64(end) - np.datetime64(last)) / np.timedelta64(1, "D"))
    if start <= last:
        raise InputError(f"A forecast begins after the last image, of {last}.")
    if days > FARTHEST:
        raise InputError(f"The series ends on {last}: forecasts reach {FARTHEST} days from there, not until {end}.")
    every = max(1, min(10, days // 6))
    ahead = forecast(cube, of.lower(), area=area, mean=True, days=days, every=every, levels=(LEVEL,))
    name = str(next(iter(ahead.data_vars)))
    inside = (
        ahead.sel(time=slice(start, end)) if ahead["time"].values[-1] >= np.datetime64(start) else ahead.isel(time=[-1])
    )
    if not inside.sizes["time"]:
        inside = ahead.isel(time=[-1])
    tag = f"{100 * LEVEL:.0f}"
    mean, low, high = (float(inside[n].mean()) for n in (name, f"{name}_lo{tag}", f"{name}_hi{tag}"))
    held = float(ahead[f"{name}_coverage"][0]) if f"{name}_coverage" in ahead else float("nan")
    series = ahead[name].drop_vars([c for c in ahead[name].coords if c != "time"])
    return {"mean": mean, "low": low, "high": high, "held": held, "series": series, "notes": str(ahead.attrs["notes"])}


def year_before(cube: xr.Dataset, of: str, start: str, end: str, where: tools.Mask) -> float:
    """Return the mean of an index in the same days of the last year with a clear image.

    Raises
    ------
    InputError
        If those days have no clear image.
    """
    a, b = (np.datetime64(d) for d in (start, end))
    for years in range(1, 6):
        shift = np.timedelta64(round(365.25 * years), "D")
        first, last = str(a - shift), str(b - shift)
        try:
            cut = tools.between(cube, first, last)
            values = tools.course(tools.index_values(cut, of, where), where)
        except InputError:
            continue  # no image, or no clear one, in those days
        return float(values.mean())
    raise InputError("The same days of earlier years have no clear image, so there is nothing to compare with.")


def chance_above(outlook: dict[str, Any], level: float) -> float:
    """Return the probability that a forecast is above a level, assuming a normal distribution."""
    deviation = max((outlook["high"] - outlook["low"]) / 2 / 1.2816, 1e-6)
    return 0.5 * (1 + math.erf((outlook["mean"] - level) / deviation / math.sqrt(2)))


def likelier(chance: float, ask: str) -> bool:
    """Return whether an increase (or decrease) is more probable than not."""
    return chance > 0.5 if ask == "more" else chance < 0.5


def _enlarged(values: Any, step: int, shape: tuple[int, ...]) -> Any:
    """Repeat values of a thinned grid on the whole grid: each for the pixels around it."""
    return np.repeat(np.repeat(values, step, axis=0), step, axis=1)[: shape[0], : shape[1]]


def broken(cube: xr.Dataset, of: str, where: tools.Mask) -> dict[str, Any]:
    """Date the break of an index from its first two years with the monitor ``break-bfast``, per pixel.

    Returns
    -------
    dict
        ``date``, ``early``, ``late`` (ISO days: median and quartiles over the pixels that broke), ``mask`` (y, x), bool.
    """
    from eowidgets.engine.run import run
    from eowidgets.models.monitors.sums import BreakBFAST

    # One date is reported, so a thinned grid is enough; each of its pixels represents its neighbours.
    step = max(1, math.ceil(math.sqrt(where.size / PIXELS)))
    thin = run(BreakBFAST(index=of), cube.isel(y=slice(None, None, step), x=slice(None, None, step)))
    found = {n: _enlarged(thin[n].values, step, where.shape) for n in ("change", "break_date")}
    mask = (found["change"] == 1) & where
    if not mask.any():
        raise InputError(f"{of} shows no break in that place.")
    days = found["break_date"][mask]
    days = days[np.isfinite(days)]
    early, middle, late = (
        str(np.datetime64(int(q), "D")) for q in np.quantile(days, (0.25, 0.5, 0.75), method="nearest")
    )
    return {"date": middle, "early": early, "late": late, "mask": mask}
