"""Models of the series of one index, which is computed from the bands of a cube or read from one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.feeds import Batch, Series
from eowidgets.contract.model import Model
from eowidgets.contract.params import param
from eowidgets.cube import schema
from eowidgets.cube.indices import bands_of, index
from eowidgets.errors import InputError

Array = npt.NDArray[Any]
#: Largest number of rows and columns of a cube that a survey reads.
SURVEY = 48


@dataclass(frozen=True, slots=True)
class IndexParams:
    """The index."""

    index: str = param("NDVI", label="Index", help="Spectral index, or the name of a band, whose series is analysed.")


@dataclass(frozen=True, slots=True)
class IndexSeries:
    """Series of one index, dates first.

    Attributes
    ----------
    values : array, shape (t, n), float64
        0 where not usable.
    usable : array, shape (t, n), bool
        Clear observations with a finite index.
    days : array, shape (t,), float64
        Days since 1970-01-01, increasing.
    """

    values: Array
    usable: Array
    days: Array


class IndexModel(Model):
    """Base of the models that analyse the series of one index, pixel by pixel."""

    Params = IndexParams
    #: Minimum number of dates of a series.
    fewest = 3

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.held: str | None = None
        self.adapt(())

    @property
    def name_of_index(self) -> str:
        """Index, or band, as the user wrote it."""
        return str(self.params.index)

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Read the band with the name of the index if there is one, otherwise the bands of the formula."""
        same = [b for b in bands if b == self.name_of_index] or [
            b for b in bands if b.lower() == self.name_of_index.lower()
        ]
        self.held = same[0] if same else None
        formula = bands_of(self.name_of_index, bands) if bands and self.held is None else None
        wanted = formula if self.held is None else (self.held,)
        # The bands depend on the index, so the feed belongs to the instance.
        vars(self)["feed"] = Series(bands=wanted, min_dates=self.fewest)

    def series(self, batch: Batch) -> IndexSeries:
        """Compute the index of a batch of series."""
        x = batch.x.detach().cpu().numpy()
        usable = batch.usable.detach().cpu().numpy().T
        found = self._index({b: x[:, :, i] for i, b in enumerate(batch.bands)}).T.astype("float64")
        usable = usable & np.isfinite(found)
        return IndexSeries(np.where(usable, found, 0.0), usable, batch.days.detach().cpu().double().numpy())

    def surveyed(self, cube: xr.Dataset) -> IndexSeries:
        """Compute the index of a cube that is thinned to at most :data:`SURVEY` rows and columns."""
        steps = {k: slice(None, None, -(-cube.sizes[k] // SURVEY)) for k in ("y", "x")}
        thin = cube.isel(steps)
        names = tuple(self.feed.bands or ())
        x = schema.stack(thin, names).values
        usable = schema.usable(thin).transpose(*schema.DIMS).values & np.isfinite(x).all(axis=1)
        t = len(x)
        flat = np.nan_to_num(x).reshape(t, len(names), -1)
        found = self._index({b: flat[:, i].T for i, b in enumerate(names)}).T.astype("float64")
        usable = usable.reshape(t, -1) & np.isfinite(found)
        days = cube["time"].values.astype("datetime64[s]").astype("float64") / 86_400
        return IndexSeries(np.where(usable, found, 0.0), usable, days)

    def check_seen(self, seen: IndexSeries) -> None:
        """Refuse a cube in which every surveyed pixel is cloudy or missing on all dates.

        Raises
        ------
        InputError
        """
        if not seen.usable.any():
            raise InputError(
                f"{self.name_of_index} has no clear value on any of the {len(seen.days)} dates: choose other dates or "
                "another cloud mask."
            )

    def _index(self, bands: dict[str, Array]) -> Array:
        """Return the index, (n, t), for bands (n, t); NaN where the formula divides by zero."""
        if self.held is not None:
            return bands[self.held]
        cube = xr.Dataset({name: (schema.DIMS, values.T[:, None]) for name, values in bands.items()})
        return np.asarray(index(cube, self.name_of_index).values[:, 0].T)


def tensors(found: dict[str, Array], batch: Batch) -> dict[str, Tensor]:
    """Convert arrays (n, ...) or (s, n) to the tensors, (n, ...), that a model returns."""
    n = len(batch.x)
    out = {}
    for name, values in found.items():
        rows = values if values.ndim == 1 else np.ascontiguousarray(values.T)
        if len(rows) != n:
            raise ValueError(f"{name} has {len(rows)} rows for {n} series")
        out[name] = torch.as_tensor(rows.astype("float32"), device=batch.x.device)
    return out
