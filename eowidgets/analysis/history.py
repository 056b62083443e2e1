"""From a cube to series: observations of an index or of bands up to a day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor

from eowidgets.cube.admission import admit
from eowidgets.cube.area import Area
from eowidgets.cube.clouds import robust_clouds
from eowidgets.cube.grid import geobox, pixel
from eowidgets.cube.indices import index as spectral_index
from eowidgets.cube.indices import present
from eowidgets.cube.quantity import quantity
from eowidgets.cube.schema import DIMS, MASKS, bands, usable
from eowidgets.cube.series import clip
from eowidgets.cube.window import cut_pixels
from eowidgets.errors import InputError, shown, unknown

Mask = npt.NDArray[np.bool_]
Clouds = Literal["mask", "robust"]

#: Formula of a normalised difference, whose values stay within ±1.
_RATIO = re.compile(r"\((\w+) ?- ?(\w+)\) ?/ ?\(\1 ?\+ ?\2\)")
#: Quantities that are never negative.
POSITIVE = ("reflectance", "brightness", "backscatter", "amplitude", "radiance")
#: The mean over an area counts on dates on which at least this share of the area was observed.
LEAST_SEEN = 0.3
#: Pixels on each side of a point that models of images receive.
ABOUT = 16
#: Numbers read at once (64 MiB as float32), so that memory is bounded for rasters of any height.
AT_ONCE = 1 << 24


@dataclass(frozen=True)
class SeriesBlock:
    """Several series with their observation masks.

    Attributes
    ----------
    values : Tensor, shape (n, t, c), float32
        NaN where nothing was observed.
    seen : Tensor, shape (n, t, c), bool
    where : Tensor, shape (n,), int64
        Position of each series in the cube, pixels counted row by row; 0 for the one series of a point or a mean.
    """

    values: Tensor
    seen: Tensor
    where: Tensor

    def some(self, which: slice | Tensor) -> SeriesBlock:
        """Return a part of the series."""
        return SeriesBlock(self.values[which], self.seen[which], self.where[which])

    def on(self, dates: Tensor) -> SeriesBlock:
        """Return the same series on some dates, given as a mask (t,)."""
        return SeriesBlock(self.values[:, dates], self.seen[:, dates], self.where)


class History:
    """The series of a cube up to a day.

    Parameters
    ----------
    cube : Dataset
    index : str or None
        A spectral index; used unless ``bands`` are given. Without both: NDVI, or the only band of a cube without NDVI.
    names : sequence of str or None
        Bands.
    area : optional
        None, ``(lon, lat)`` in degrees, or what ``Area.of`` takes.
    mean : bool
        One series, the mean over the area, in place of one per pixel.
    until : datetime64 or None
        The last day that is used.
    clouds : {"mask", "robust"}
        ``"robust"`` also detects clouds that the mask of the cube missed, from the dates up to ``until`` only.

    Attributes
    ----------
    cube : Dataset
        The part up to ``until``, cut to the area, dates in order.
    names : tuple of str
        Names of the channels.
    around : Dataset
        The same; for a point, with the pixels around it, for models of images.
    place : {"point", "area", "pixels"}
    days : Tensor, shape (t,), float64
        Since 1970-01-01.
    """

    def __init__(
        self,
        cube: xr.Dataset,
        index: str | None,
        names: Sequence[str] | None,
        area: Any,
        *,
        mean: bool = False,
        until: np.datetime64 | None = None,
        clouds: Clouds = "mask",
    ) -> None:
        if clouds not in ("mask", "robust"):
            raise unknown("way to mask clouds", clouds, ("mask", "robust"))
        cube = admitted(cube)
        if until is not None:
            # Later dates are removed before anything is computed from the cube.
            cube = cube.isel(time=cube["time"].values < until + np.timedelta64(1, "D"))
        if not cube.sizes["time"]:
            raise InputError(f"The cube has no date up to {until}: forecast from a later day.")
        if not names and index is None:
            index, names = _usual(cube)
        self.index = None if names else index
        self.names = self._channels(cube, names)
        if clouds == "robust":
            cube = cube.assign(clouds=robust_clouds(cube))
        self.area: Area | None = None
        self.point: tuple[float, float] | None = None
        if _is_point(area):
            self.place: Literal["point", "area", "pixels"] = "point"
            self.point = (float(area[0]), float(area[1]))
            row, column = pixel(cube, *self.point)
            self.cube = cut_pixels(cube, geobox(cube), slice(row, row + 1), slice(column, column + 1))
            self.around = cube.isel(y=_about(row, cube.sizes["y"]), x=_about(column, cube.sizes["x"]))
        else:
            self.place = "area" if mean else "pixels"
            self.area = None if area is None else Area.of(area)
            self.cube = self.around = cube if self.area is None else clip(cube, self.area)
        self.days = torch.as_tensor(days_of(self.cube["time"].values))

    def _channels(self, cube: xr.Dataset, names: Sequence[str] | None) -> tuple[str, ...]:
        if names:
            for name in names:
                if name not in bands(cube):
                    raise unknown("band", name, bands(cube))
            return tuple(dict.fromkeys(names))
        if not self.index:
            raise InputError("There is nothing to forecast: name an index, such as 'ndvi', or bands.")
        return (str(spectral_index(cube.isel(time=[0], y=[0], x=[0]), self.index).name),)

    def attrs(self, name: str) -> dict[str, Any]:
        """Return the attributes of a channel."""
        if self.index is None:
            return dict(self.cube[name].attrs)
        return dict(spectral_index(self.cube.isel(time=[0], y=[0], x=[0]), self.index).attrs)

    def limits(self, name: str) -> tuple[float, float]:
        """Return the least and greatest value that a channel can have; infinite where unknown."""
        attrs = self.attrs(name)
        if self.index is not None:
            return (-1.0, 1.0) if _RATIO.fullmatch(str(attrs.get("formula", ""))) else (-np.inf, np.inf)
        return (0.0, np.inf) if quantity(self.cube[name]).key in POSITIVE else (-np.inf, np.inf)

    def as_it_is(self, name: str) -> bool:
        """Return whether a channel needs no scaling for the models: an index, or reflectance."""
        return self.index is not None or quantity(self.cube[name]).key in ("index", "reflectance")

    @property
    def inside(self) -> Mask:
        """Mask of the pixels that belong to the area, (y, x)."""
        box = geobox(self.cube)
        return np.ones(tuple(box.shape), bool) if self.area is None else self.area.mask(box)

    # --- reading ------------------------------------------------------------------------------------------------

    def _read(self, part: xr.Dataset) -> tuple[npt.NDArray[np.float32], Mask]:
        """Read values and observation mask, both (t, c, y, x)."""
        wanted = list(self.names) if self.index is None else [*bands(part)]
        held = None if self.index is None else present(part, self.index)
        if held is not None and held not in wanted:
            wanted.append(held)
        part = part[[*wanted, *(m for m in MASKS if m in part)]].transpose(*DIMS).load()
        if self.index is None:
            values = np.stack([part[name].values for name in self.names], axis=1).astype("float32")
        else:
            values = spectral_index(part, self.index).values[:, None]
        seen = usable(part).transpose(*DIMS).values[:, None] & np.isfinite(values)
        return np.where(seen, values, np.float32(np.nan)), seen

    def series(self) -> SeriesBlock:
        """Return the one series of a point or of the mean over an area."""
        values, seen = self._read(self.cube) if self.place == "point" else self._mean()
        return _block(values, seen, np.zeros(1, "int64"))

    def _mean(self) -> tuple[npt.NDArray[np.float32], Mask]:
        inside = self.inside
        total = np.zeros((self.cube.sizes["time"], len(self.names)))
        count = np.zeros_like(total)
        for rows in self.rows:
            values, seen = self._read(self.cube.isel(y=rows))
            seen = seen & inside[rows]
            total += np.where(seen, values, 0).sum((2, 3), dtype="float64")
            count += seen.sum((2, 3))
        enough = count >= max(1, LEAST_SEEN * int(inside.sum()))
        mean = np.where(enough, total / np.maximum(count, 1), np.nan)
        return mean[..., None, None].astype("float32"), enough[..., None, None]

    @property
    def rows(self) -> Iterator[slice]:
        """The rows of each strip."""
        row = self.cube.sizes["time"] * self.cube.sizes["x"] * len(bands(self.cube))
        height, step = self.cube.sizes["y"], max(1, AT_ONCE // max(row, 1))
        for start in range(0, height, step):
            yield slice(start, min(start + step, height))

    def strips(self) -> Iterator[tuple[slice, SeriesBlock]]:
        """Yield every pixel, a number of rows at a time."""
        for rows in self.rows:
            yield rows, self.strip(rows)

    def strip(self, rows: slice) -> SeriesBlock:
        """Return every pixel of some rows."""
        values, seen = self._read(self.cube.isel(y=rows))
        return _block(values, seen & self.inside[rows], self._positions[rows].ravel())

    def sample(self, most: int) -> SeriesBlock:
        """Return at most about ``most`` pixels of the area, spaced evenly, without those never observed."""
        share = max(1.0, float(self.inside.sum()) / most)
        step = max(1, int(np.ceil(np.sqrt(share))))
        picked = {"y": slice(step // 2, None, step), "x": slice(step // 2, None, step)}
        if min(self.cube.sizes["y"], self.cube.sizes["x"]) <= step // 2:
            picked = {"y": slice(None), "x": slice(None)}
        values, seen = self._read(self.cube.isel(picked))
        there = self._positions[picked["y"], picked["x"]].ravel()
        block = _block(values, seen & self.inside[picked["y"], picked["x"]], there)
        return block.some(block.seen.any(dim=1).any(dim=1))

    @property
    def _positions(self) -> npt.NDArray[np.int64]:
        shape = (self.cube.sizes["y"], self.cube.sizes["x"])
        return np.arange(shape[0] * shape[1]).reshape(shape)

    def middle(self, side: int) -> History:
        """Return the central square of ``side`` pixels; the whole history if the area has no pixel there."""
        cut = {d: slice((n - side) // 2, (n + side) // 2) for d in "yx" if (n := self.cube.sizes[d]) > side}
        part = copy(self)
        part.cube = part.around = self.cube.isel(cut)
        return part if part.inside.any() else self


def _usual(cube: xr.Dataset) -> tuple[str | None, tuple[str, ...] | None]:
    """Return the default target of a forecast: the index NDVI, or the only band."""
    known = bands(cube)
    if present(cube, "ndvi") is not None or {"red", "nir"} <= set(known):
        return "ndvi", None
    if len(known) == 1:
        return None, known
    raise InputError(
        f"This cube has no NDVI, but {len(known)} bands ({shown(', '.join(known))}): name one of them, as bands=('{known[0]}',)."
    )


def _about(index: int, size: int) -> slice:
    first = max(0, min(index - ABOUT, size - 2 * ABOUT))
    return slice(first, first + 2 * ABOUT)


def _block(values: npt.NDArray[np.float32], seen: Mask, where: npt.NDArray[np.int64]) -> SeriesBlock:
    t, c = values.shape[:2]
    v = torch.from_numpy(np.ascontiguousarray(values.reshape(t, c, -1).transpose(2, 0, 1)))
    s = torch.from_numpy(np.broadcast_to(seen, values.shape).reshape(t, c, -1).transpose(2, 0, 1).copy())
    return SeriesBlock(torch.where(s, v, torch.nan), s, torch.from_numpy(where))


def days_of(times: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    """Convert times to days since 1970-01-01, with fractions."""
    epoch = np.datetime64("1970-01-01", "ns")
    return np.asarray((times.astype("datetime64[ns]") - epoch) / np.timedelta64(1, "D"), dtype="float64")


def admitted(cube: xr.Dataset) -> xr.Dataset:
    """Return a valid cube with at least one band.

    Raises
    ------
    InputError
    """
    cube = admit(cube)
    if not bands(cube):
        raise InputError("This cube has no band over (time, y, x): there is nothing to forecast.")
    return cube


def _is_point(area: Any) -> bool:
    if not isinstance(area, tuple | list | np.ndarray) or np.shape(area) != (2,):
        return False
    try:
        return bool(np.isfinite([float(v) for v in area]).all())
    except (TypeError, ValueError):
        return False
