"""Time series outside of rasters: the series of a table, and the means of places of a cube."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from eowidgets.contract.feeds import Series
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Gathered, Mosaic, Output
from eowidgets.contract.prepare import check_dates
from eowidgets.cube.schema import DIMS
from eowidgets.engine.blame import blame
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.items import ID, TIME, Items, PerItem, Share, items_of
from eowidgets.engine.long import Long, long_form
from eowidgets.engine.places import Place, Places
from eowidgets.engine.predict import Piece, Site
from eowidgets.engine.provenance import about
from eowidgets.engine.reader import RasterBlock
from eowidgets.engine.surroundings import kept
from eowidgets.engine.workload import days_of, for_one_run
from eowidgets.errors import InputError, ModelError, shown

#: Series times dates in one batch.
BATCH_DATES = 1 << 18
ONE = slice(0, 1)


class SeriesItems(Items):
    """Series with one result each."""

    batch = 4096

    def prepare(self, output: Output) -> Mosaic | Gathered:
        """Return an output in the form in which the model gives it: pixels as in a cube of one pixel, lists unchanged."""
        if output.name in (ID, TIME):
            raise ModelError(
                f"The model {shown(self.model.name)} has an output named {output.name!r}: give it another name."
            )
        if not isinstance(output, Mosaic):
            return PerItem(output.name, output, self.bands)
        problem = self.model.feed.problem((output,))
        if problem is not None:
            raise ModelError(f"The model {shown(self.model.name)} gives {problem}.")
        return output

    @classmethod
    def rows(cls, share: Share, output: Mosaic | Gathered, item: Any, piece: Piece) -> list[dict[str, Any]]:
        """Return the columns of one output of one series; empty without the observations that it needs."""
        model, dates = share.model, len(share.dates)
        usable, measured = piece.block.usable[:, 0, 0], piece.block.measured[:, 0, 0]
        if not isinstance(output, Mosaic):
            found = super().rows(share, output, item, piece)
            return found if usable.any() else [empty(row) for row in found]
        values = item[..., 0, 0]
        given = np.full(max(1, dates), (usable if output.needs == "any" else measured).any())
        if output.needs == "same":
            if not output.over_time or len(measured) != dates:
                raise ModelError(
                    f"Output {shown(output.name)} of model {shown(model.name)} needs the same dates as the input."
                )
            given = measured
        with blame(model, f"when its {shown(output.name)} was read"):
            try:
                found = [output.row(v, share.site.bands) for v in (values if output.over_time else values[None])]
            except ModelError as error:
                raise ModelError(f"The model {shown(model.name)} gave {error}.") from None
        return [row if ok else empty(row) for row, ok in zip(found, given[: len(found)], strict=True)]


def empty(row: dict[str, Any]) -> dict[str, Any]:
    """Return the same columns without values."""
    return {name: np.nan if isinstance(value, float) else None for name, value in row.items()}


class TableSeries(SeriesItems):
    """The series of a table.

    Parameters
    ----------
    model : Model
    table : Long
    """

    what = "a table"

    def __init__(self, model: Model, table: Long) -> None:
        self._series, self._surveys = table, _looks(model)
        self.model, self.bands = model, table.bands
        self._last: tuple[list[int], Model] | None = None
        with blame(model, "when it was given this table"), kept():
            for i in (int(table.lengths.argmin()), int(table.lengths.argmax())):
                check_dates(model.name, model.feed, int(table.lengths[i]), f"the series {shown(table.ids[i])}")

    def __len__(self) -> int:
        return len(self._series.ids)

    @property
    def pixels(self) -> float:
        """Rows of the table."""
        return float(len(self._series.dates))

    def shares(self, batch: int) -> Iterator[Share]:
        """Cut groups of the same dates into batches; series with other dates are not mixed in."""
        for numbers in self._series.groups():
            yield from self._cut(numbers, batch)

    def sample(self, count: int) -> Share | None:
        """Return a few of the longest series of the same dates."""
        return next(self._cut(max(self._series.groups(), key=lambda n: self._series.lengths[n[0]]), count))

    def _cut(self, numbers: list[int], batch: int) -> Iterator[Share]:
        """Cut a group of the same dates into batches."""
        table = self._series
        dates = table.dates[table.part(numbers[0])]
        model = self._surveyed(numbers, dates) if self._surveys else self.model
        with blame(model, "when it was asked for its dates"), kept():
            out = Fitted(model).out_dates(dates)
        site = Site(self.bands, days_of(dates), days_of(out), None, 1.0)
        most = max(1, min(batch, BATCH_DATES // len(dates)))
        for start in range(0, len(numbers), most):
            some = numbers[start : start + most]
            pieces = [Piece(table.block(i), ONE, ONE, slice(0, len(dates)), table.lonlat(i)) for i in some]
            yield Share(some, pieces, site, out, model, len(some))

    def _surveyed(self, numbers: list[int], dates: npt.NDArray[np.datetime64]) -> Model:
        """Return a copy of the model that has surveyed a group of series, as a cube with a row for each."""
        if self._last is not None and self._last[0] == numbers:  # of the sample: learning may take minutes
            return self._last[1]
        blocks = [self._series.block(i) for i in numbers]
        raw = np.concatenate([b.raw for b in blocks], axis=2)
        parts: dict[str, Any] = {band: (DIMS, raw[:, i]) for i, band in enumerate(self.bands)}
        measured, usable = (np.concatenate([getattr(b, n) for b in blocks], axis=1) for n in ("measured", "usable"))
        parts |= {"valid": (DIMS, measured), "clouds": (DIMS, measured & ~usable)}
        cube = xr.Dataset(parts, {"time": dates, "y": -np.arange(len(numbers)) - 0.5, "x": [0.5]})
        model = copy.copy(self.model)
        with blame(model, "when it was given this table"), kept():
            model.survey(cube)
            model.learn(cube)
        self._last = (numbers, model)
        return model

    def table(self, numbers: list[int], columns: dict[str, list[Any]]) -> Any:
        """Return a table by the names of the series; with outputs over time in long form."""
        names = pd.Index([self._series.ids[i] for i in numbers], name=ID)
        found = pd.DataFrame(columns, index=names)
        return found.reset_index() if TIME in columns else found

    def notes(self, seed: int, engine: dict[str, Any]) -> dict[str, Any]:
        """Return the provenance, with a hash of the numbers of the table."""
        return {
            **about(self.model),
            "call": "table",
            "seed": seed,
            "engine": engine,
            "series": len(self),
            "input": self._series.summary(),
        }


class PlaceSeries(SeriesItems, Places):
    """The mean of the clear pixels of each place and date: those whose centres a polygon holds, or the pixel under a point.

    If all measured pixels of a date are cloudy, the model receives their mean as a cloudy pixel. A polygon
    without a pixel's centre, or a line, has the pixel at its centroid. The part of a polygon outside the cube is left out, and a
    place whose centroid lies there has no result.
    """

    call = "series"
    batch = 256

    def read(self, place: Place) -> RasterBlock | None:
        """Read and average the pixels of one place."""
        from rasterio.features import geometry_mask

        height, width = self.site.geobox.shape
        box = self.site.geobox
        left, top, right, bottom = _span(place.geometry, ~box.affine, (height, width))
        inside = geometry_mask(
            [place.geometry], (bottom - top, right - left), box[top:bottom, left:right].affine, invert=True
        )
        if place.geometry.area == 0 or not inside.any():
            top, left = int(place.y), int(place.x)
            bottom, right, inside = top + 1, left + 1, np.ones((1, 1), bool)
        block = self.reader(slice(top, bottom), slice(left, right))
        raw, measured, usable = block.raw[..., inside], block.measured[:, inside], block.usable[:, inside]
        clear, seen = np.asarray(usable.any(axis=1)), np.asarray(measured.any(axis=1))
        weights = np.where(clear[:, None], usable, measured).astype("float64")
        mean = (raw * weights[:, None]).sum(axis=2) / np.maximum(weights.sum(axis=1), 1)[:, None]
        return RasterBlock(mean.astype("float32")[..., None, None], seen[:, None, None], clear[:, None, None], 0, 0)


def _span(shape: Any, inverse: Any, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the pixels that hold a geometry: left, top, right, bottom, at least one."""
    west, south, east, north = shape.bounds
    corners = [inverse @ (x, y) for x in (west, east) for y in (south, north)]
    (x0, x1), (y0, y1) = ((min(v), max(v)) for v in zip(*corners, strict=True))
    left, top = max(0, int(np.floor(x0))), max(0, int(np.floor(y0)))
    right, bottom = min(size[1], int(np.ceil(x1))), min(size[0], int(np.ceil(y1)))
    return left, top, max(right, left + 1), max(bottom, top + 1)


@items_of.register(Series)
def series_of(feed: Series, model: Model, source: Any, places: Any) -> Items | None:
    """Return the series of a table, or those of places of a cube; None for all pixels of a cube."""
    if isinstance(source, pd.DataFrame | pd.Series):
        if places is not None:
            raise InputError("places apply to a cube: leave them out, for a table has its series in it.")
        made = for_one_run(model)
        with blame(model, "when it was given this table"), kept():
            return TableSeries(made, long_form(made, source))
    if places is None:
        return None
    if not isinstance(source, xr.Dataset):
        raise InputError(f"places need a cube, and this is {shown(str(source))}: open it first with eow.open(...).")
    return PlaceSeries(model, source, places)


def _looks(model: Model) -> bool:
    """Return whether a model inspects its data, or learns from them, before it is run."""
    return type(model).survey is not Model.survey or type(model).learn is not Model.learn
