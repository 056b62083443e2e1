"""Detect change over a series or between two images: where, when, from which class to which, how much, how probable."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from eowidgets.analysis.change.kind import kind_of, kinds
from eowidgets.analysis.change.methods import AUTO, DEFAULTS, methods, usual_method
from eowidgets.analysis.change.pair import pair_of, season_note
from eowidgets.analysis.change.registration import Shift, misregistration
from eowidgets.analysis.change.report import LITTLE
from eowidgets.analysis.choose.monitors import choose_monitor
from eowidgets.arguments import Dates, Memory, checked, first_and_last
from eowidgets.contract.choice import Choice
from eowidgets.contract.model import Model
from eowidgets.contract.registry import get_model
from eowidgets.cube.admission import admit
from eowidgets.cube.area import AreaLike
from eowidgets.cube.indices import present
from eowidgets.cube.quantity import is_radar
from eowidgets.cube.schema import bands
from eowidgets.engine.job import Job
from eowidgets.engine.provenance import whole, with_call
from eowidgets.engine.run import run, submit
from eowidgets.errors import InputError, shown, unknown, warn_user
from eowidgets.models.change.base import PairModel
from eowidgets.models.classical.radar import ChangeLogRatio
from eowidgets.models.classical.series import DAYS_PER_YEAR
from eowidgets.models.monitors.base import Monitor

if TYPE_CHECKING:
    from distributed import Client

#: A history shorter than this (years) does not cover every season.
SHORTEST = 0.5
#: The method for two radar images.
RADAR_METHOD = ChangeLogRatio.name


@checked
def change(
    cube: xr.Dataset,
    method: str = "break-ccdc",
    *,
    after: xr.Dataset | None = None,
    dates: Dates | None = None,
    area: AreaLike | None = None,
    device: str = "auto",
    memory: Memory = "2GB",
    client: Client | None = None,
    **params: Any,
) -> xr.Dataset:
    """Find change.

    Parameters
    ----------
    cube : Dataset (time, y, x)
    method : str
        One of :func:`~eowidgets.analysis.change.methods.methods`. ``break-...``: over the whole series. Others: between two
        images. ``"auto"``: of a series, the monitor that does best on breaks added to stable pixels of this cube
        (``eow.choose(cube, "change")``); where that cannot be tested, and of two images, the usual method.
    after : Dataset, optional
        A second raster, for a method of two images; it is brought onto the grid of ``cube``.
    dates : (str, str) or str, optional
        Two, or ``"first/last"``. For a series, the first and last day on which change is looked for: all before the first
        is the stable
        history. None takes the first two years (the parameter ``history``) as history. For two images, their dates;
        each may be a period ``"2018-06-01/2018-08-31"``, whose clear pixels become a median composite.
    area : optional
        Where: whatever ``eow.Area.of`` takes.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
    memory : str or float
        Main memory that a run may take, such as ``"2GB"``, or bytes.
    client : dask.distributed.Client, optional
        Compute on a cluster, as ``eow.run`` does; dates, offsets and the kinds of change are found here.
    **params
        Of the model; those that are not given are taken from :data:`DEFAULTS`, else from the model.

    Returns
    -------
    Dataset (y, x)
        ``change`` (uint8: 0 no change, 1 change, 255 no result); ``probability`` that it changed, 0..1, 0.5 at the
        threshold, ranked rather than calibrated; ``date`` on which the change is first observed and ``confirmed`` (both
        datetime64, NaT where nothing changed); ``kind`` (uint8, see :func:`~eowidgets.analysis.change.kind.kinds`),
        where red and near infrared are there; ``magnitude`` in the units of what is watched.
        ``attrs``: ``provenance``, ``change_dates``, ``stable_share`` (of a series: the share of the cube without lasting
        change; of two images: the share that is not marked); of two images also ``change_images`` (the day or period of
        each), ``season_days`` (days of the year between them) and ``misregistration_pixels``.

    Raises
    ------
    InputError, ModelError
        In one sentence: what is wrong, where, and what to do.

    Examples
    --------
    >>> import eowidgets as eow
    >>> from eowidgets.analysis.change.detect import change
    >>> found = change(eow.open("romania", clouds="robust"), dates=("2017-01-01", "2020-12-31"))  # doctest: +SKIP
    """
    task = ChangeTask(cube, method, after=after, dates=dates, params=params)
    for note in task.notes:
        warn_user(note)
    return task.finish(run(task.model, task.cube, area=area, device=device, memory=memory, client=client))


@checked
class ChangeTask:
    """A validated change request, ready to run: :func:`change` in steps, for panels.

    Attributes
    ----------
    model : Model
    choice : Choice or None
        The test that selected the method.
    cube : Dataset
        The input of the model: the series up to the last requested day, or two frames.
    shift : Shift or None
        Misregistration of two images.
    stable : float or None
        Share of the sufficiently observed pixels of the cube without lasting change over the whole series; None for two
        images, NaN if no pixel was observed often enough.
    notes : list of str
        Corrections and warnings: swapped dates, another grid, misregistered images.
    """

    def __init__(
        self,
        cube: xr.Dataset,
        method: str = "break-ccdc",
        *,
        after: xr.Dataset | None = None,
        dates: Dates | None = None,
        params: dict[str, Any] | None = None,
    ) -> None:
        cube = admit(cube)
        after = None if after is None else admit(after, name="The second raster")
        self.notes: list[str] = []
        self.choice: Choice | None = None
        self._named = method
        if method == AUTO:
            method = self._select(cube, after, dates, params)
        known = methods()
        if method not in known:
            raise unknown("method", method, known)
        self.method, self.series = method, known[method] == "series"
        self.shift: Shift | None = None
        self.stable: float | None = None
        self.params = {**self._usual(cube), **(params or {})}
        self._asked = (cube, after, dates, dict(params or {}))
        if self.series:
            if after is not None:
                raise InputError(
                    f"{shown(method)} works on one series: leave `after` out, or choose a method of two images."
                )
            self.cube, self.model = self._series(cube, dates)
        else:
            self.cube = pair_of(cube, after, dates, self.notes)
            self.model = get_model(method, **self.params)
            self._look_at_the_pair()
            self.dates = tuple(str(t)[:10] for t in self.cube.time.values)

    def _look_at_the_pair(self) -> None:
        """Add notes on what makes a comparison of two images doubtful."""
        radar = [b for b in bands(self.cube) if is_radar(self.cube[b])]
        if not radar:  # the speckle of two radar images is uncorrelated
            self.shift = misregistration(self.cube.isel(time=[0]), self.cube.isel(time=[1]))
        if self.shift is not None and self.shift.too_far:
            self.notes.append(str(self.shift))
        # The networks are exempt: they were trained on pairs of different seasons.
        if not isinstance(self.model, PairModel) and (note := season_note(self.cube)):
            self.notes.append(note)
        if radar and self.method != RADAR_METHOD:
            self.notes.append(
                f"{', '.join(radar)} {'is' if len(radar) == 1 else 'are'} radar, whose speckle {self.method} reports as change: "
                f'use the method "{RADAR_METHOD}".'
            )

    def _select(
        self, cube: xr.Dataset, after: xr.Dataset | None, dates: Dates | None, params: dict[str, Any] | None
    ) -> str:
        """Return the monitor with the smallest error on the cube, or the usual method where that cannot be tested."""
        if params:
            raise InputError(
                f"The parameter {shown(next(iter(params)))} belongs to a method: name a method, or leave it out."
            )
        usual = usual_method(cube)
        if after is not None or not usual.startswith("break-"):
            if usual.startswith("break-"):  # one image of a series is compared with the second raster
                return RADAR_METHOD if all(is_radar(cube[b]) for b in bands(cube)) else "change-otsu"
            return usual
        history: dict[str, Any] = {}
        if dates is not None:
            first = cube.time.values.astype("datetime64[D]").min()
            history["history"] = max(SHORTEST, float((min(_days(dates)) - first).astype(float)) / DAYS_PER_YEAR)
        try:
            self.choice = choose_monitor(cube, **history)
        except InputError as problem:
            self.notes.append(f"The methods were not tested on this cube, and {usual} is used: {problem}")
            return usual
        return self.choice.winner

    def _usual(self, cube: xr.Dataset) -> dict[str, Any]:
        usual = dict(DEFAULTS.get(self.method, {}))
        if "watch" in usual and not {"red", "nir"} <= set(bands(cube)) and present(cube, usual["watch"]) is None:
            usual["watch"] = "all bands"
        return usual

    def _series(self, cube: xr.Dataset, dates: Dates | None) -> tuple[xr.Dataset, Model]:
        params = dict(self.params)
        if cube.sizes.get("time", 0) < 2:
            raise InputError("A monitor needs a series, and this cube has one date: compare two images instead.")
        days = cube.time.values.astype("datetime64[D]")
        first, last = days.min(), days.max()
        if dates is not None:
            start, end = _days(dates)
            if start > end:
                self.notes.append(f"The days were swapped: change is looked for from {end} to {start}.")
                start, end = end, start
            years = float((start - first).astype(float)) / DAYS_PER_YEAR
            if start > last or end <= first:
                raise InputError(f"The period {start} to {end} lies outside the series, which has {first} to {last}.")
            if years < SHORTEST:
                raise InputError(
                    f"Change is looked for from {start}, but the series begins on {first}: leave at least half a year, "
                    "better two, as history before it."
                )
            params["history"], last = years, min(end, last)
            cube = cube.sel(time=cube.time.values.astype("datetime64[D]") <= last)
        model = get_model(self.method, **params)
        if isinstance(model, Monitor):
            # The reference is the whole cube, also when only a part of it is run.
            model.remember(cube)
            reference = model.reference or model.judged(cube)
            self.stable = reference.share
            if model.params.reference == "area" and not reference.enough:
                self.notes.append(
                    f"{_percent(self.stable)} of the area was stable, too little to separate haze from change: no common offset "
                    "was removed. Choose a larger area, or verify the result."
                )
            elif self.stable < LITTLE:
                self.notes.append(
                    f"{_percent(self.stable)} of the area was stable: with less than {LITTLE:.0%} the offsets of haze are "
                    "uncertain. Choose a larger area, or verify the result."
                )
        begin = first + np.timedelta64(int(model.params.history * DAYS_PER_YEAR), "D")
        self.dates = (str(begin), str(last))
        return cube, model

    def submit(self, area: AreaLike | None = None, **options: Any) -> Job:
        """Start the run in the background; pass the result of the job to :meth:`finish`."""
        return submit(self.model, self.cube, area=area, **options)

    def finish(self, raw: xr.Dataset) -> xr.Dataset:
        """Convert the output of the model to the layers that :func:`change` documents."""
        if "change" not in raw:
            raise InputError(f"{self.method!r} returns no change mask: choose another method.")
        out = xr.Dataset(coords=raw.coords, attrs=dict(raw.attrs))
        if "provenance" in raw.attrs:
            cube, after, dates, params = self._asked
            arguments = {
                "method": self._named,
                "after": whole(after) if after is not None else None,
                "dates": dates if dates is None or isinstance(dates, str) else [str(d) for d in dates],
                "params": params,
            }
            chosen = None if self.choice is None else json.loads(self.choice.to_json())
            out.attrs["provenance"] = with_call(raw.attrs["provenance"], "change", arguments, cube, chosen)
        mask = raw["change"].values
        if (mask == 255).all():
            # A result without any observed pixel would look like a result without change.
            raise InputError(
                "No pixel was observed often enough to detect change: choose a longer period, a longer history or "
                "another cloud mask."
            )
        out["change"] = raw["change"]
        winner = raw["change_probability"].values
        sure = np.where(mask == 1, winner, 1 - winner).astype("float32")
        attrs = {"long_name": "Probability of change", "units": "1", "role": "result", "vmin": 0.0, "vmax": 1.0}
        out["probability"] = (("y", "x"), np.where(mask == 255, np.nan, sure), attrs)
        first = self._when(raw, "break_date", mask)
        words = {"date": "Date on which the change is first observed", "confirmed": "Date on which it is confirmed"}
        for name, when in (("date", first), ("confirmed", self._when(raw, "confirmed_date", mask, first))):
            out[name] = (("y", "x"), _stamps(when), {"long_name": words[name], "role": "layer"})
        # The classes of the network where it has any, or else classes of the ground from the bands before and after.
        kind = _said(raw["kind"], mask == 1) if "kind" in raw else self._kind(out, mask == 1, first)
        if kind is not None:
            out["kind"] = kind
        if "magnitude" in raw:
            out["magnitude"] = raw["magnitude"].where(mask == 1).assign_attrs(raw["magnitude"].attrs)
        out.attrs |= {"change_method": self.method, "change_dates": list(self.dates)}
        out.attrs["title"] = f"Change {self.dates[0]} to {self.dates[1]}"
        if self.stable is not None:
            out.attrs["stable_share"] = round(self.stable, 4)
        else:
            # For two images: the share that is not marked.
            out.attrs["stable_share"] = round(float((mask == 0).sum() / (mask != 255).sum()), 4)
        if not self.series:
            out.attrs |= {k: self.cube.attrs[k] for k in ("change_images", "season_days")}
        if self.shift is not None:
            out.attrs["misregistration_pixels"] = round(self.shift.pixels, 3)
        return out

    def _when(self, raw: xr.Dataset, name: str, mask: Any, default: Any = None) -> Any:
        if name in raw:
            return self._acquired(np.where(mask == 1, raw[name].values, np.nan).astype("float64"))
        if default is not None:
            return default
        # Between two images, change is dated to the second.
        day = self.cube.time.values[-1].astype("datetime64[D]").astype(float)
        return np.where(mask == 1, day, np.nan)

    def _acquired(self, days: Any) -> Any:
        """Return, for days since 1970, the calendar days of the nearest acquisitions.

        Models return days in single precision: a minute before midnight may be rounded to the next day.
        """
        exact = np.sort(self.cube.time.values.astype("datetime64[s]").astype("float64") / 86_400)
        between = (exact[:-1] + exact[1:]) / 2
        nearest = exact[np.searchsorted(between, np.nan_to_num(days))]
        return np.where(np.abs(nearest - days) < 0.5, np.floor(nearest), np.floor(days))

    def _kind(self, out: xr.Dataset, changed: Any, first: Any) -> xr.DataArray | None:
        cube = self.cube.sel(y=out.y, x=out.x)
        values = kind_of(cube, changed, first)
        if values is None:
            return None
        there = set(np.unique(values).tolist()) - {255}
        listed = [k for k in kinds() if k.value in there] or list(kinds()[:1])
        attrs = {
            "long_name": "Kind of change",
            "flag_values": [k.value for k in listed],
            "flag_meanings": " ".join(k.name.replace(" ", "_") for k in listed),
            "colors": " ".join(k.color for k in listed),
            "role": "result",
            "_FillValue": 255,
        }
        return xr.DataArray(values, dims=("y", "x"), coords={"y": out.y, "x": out.x}, attrs=attrs)


def _said(kind: xr.DataArray, changed: Any) -> xr.DataArray:
    """Return the classes of the network where the mask marks change; 255 where the network gives no class."""
    return kind.where(changed & (kind != 0), 255).astype("uint8").assign_attrs(kind.attrs)


def _percent(share: float) -> str:
    return f"{share:.1%}" if np.isfinite(share) else "No known part"


def _days(dates: Any) -> tuple[np.datetime64, np.datetime64]:
    """Return the first and the last day; a last date without a day or a month stands for the whole of it."""
    first, last = (np.datetime64(part[:10]) for part in first_and_last(dates))
    return first.astype("datetime64[D]"), (last + 1).astype("datetime64[D]") - 1


def _stamps(days: Any) -> Any:
    """Convert days since 1970 to datetime64[ns], NaT for NaN."""
    known = np.isfinite(days)
    return np.where(known, np.where(known, np.floor(days), 0).astype("datetime64[D]"), np.datetime64("NaT")).astype(
        "datetime64[ns]"
    )
