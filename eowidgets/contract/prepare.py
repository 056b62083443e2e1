"""Check that a cube suits a model, and prepare batches for networks: bands by name, scale, resolution.

Networks fail silently on another pixel size or scale than they were trained on; this module converts such input or
refuses it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import xarray as xr
from torch import Tensor
from torch.nn import functional

from eowidgets.contract.feeds import Batch, Feed
from eowidgets.contract.model import Model
from eowidgets.cube.schema import bands as cube_bands
from eowidgets.errors import InputError, ModelError, short

#: Largest ratio between the pixel sizes of cube and model that resampling bridges, finer or coarser.
MAX_RESAMPLING = 4.0
METRES_PER_DEGREE = 111_320.0


def resolution_of(cube: xr.Dataset) -> float | None:
    """Return the pixel size of a cube in metres (degrees are converted at its centre); None without a CRS."""
    import odc.geo.xr  # noqa: F401  (registers the accessor)

    accessor: Any = cube.odc
    box = accessor.geobox
    if box is None or box.crs is None:
        return None
    dx, dy = abs(float(box.resolution.x)), abs(float(box.resolution.y))
    if box.crs.geographic:
        latitude = float(np.mean(box.extent.boundingbox.range_y))
        dx, dy = dx * METRES_PER_DEGREE * math.cos(math.radians(latitude)), dy * METRES_PER_DEGREE
    return math.sqrt(dx * dy)


def wanted_bands(model: Model, cube: xr.Dataset) -> tuple[str, ...]:
    """Return the bands to pass to a model; see :func:`feed_bands`."""
    return feed_bands(model.feed, cube)


def feed_bands(feed: Feed, cube: xr.Dataset) -> tuple[str, ...]:
    """Return the bands of a feed in its order: the required ones, then the optional ones that exist."""
    there = cube_bands(cube)
    if feed.bands is None:
        return there
    return (*feed.bands, *(b for b in feed.optional_bands if b in there))


def check_inputs(model: Model, cube: xr.Dataset) -> None:
    """Refuse a cube that a model cannot use, before any work is done; then let the model survey it.

    Raises
    ------
    ModelError
        When bands are missing, the number of dates does not suit, or pixels are so much finer or coarser than
        those of the model that resampling does not help. The message states what to do.
    """
    check_bands(model, cube_bands(cube))
    check_dates(model.name, model.feed, cube.sizes["time"])
    wanted = model.feed.resolution
    if wanted is not None:
        _check_resolution(model.name, wanted, cube)
    model.survey(cube)


def check_bands(model: Model, there: tuple[str, ...], what: str = "this cube") -> None:
    """Adapt a model to bands, and refuse those that it cannot use; ``what`` has them.

    Raises
    ------
    ModelError
    """
    if there:
        model.adapt(there)
    has_bands(model.name, model.feed, there, what)


def has_bands(model: str, feed: Feed, there: tuple[str, ...], what: str = "this cube") -> None:
    """Refuse bands that a feed cannot use.

    Raises
    ------
    ModelError
    """
    table = "table" in what
    if not there:
        wants = (
            "one column of numbers per band"
            if table
            else "a Dataset with one variable (time, y, x) per band, of which results and layers count as bands only "
            "after .drop_attrs(deep=False)"
        )
        raise ModelError(f"Model {model!r} finds no bands in {what}: give {wants}.")
    missing = [b for b in feed.bands or () if b not in there]
    if missing:
        advice = "add these columns" if table else "open it with these bands"
        raise ModelError(
            f"Model {model!r} needs {_plural('band', missing)}, and {what} has {short(', '.join(there))}: "
            f"{advice}, or choose a model that does without."
        )


def check_dates(model: str, feed: Feed, dates: int, what: str = "this cube") -> None:
    """Refuse a number of dates that does not suit a feed; ``what`` has them.

    Raises
    ------
    ModelError
    """
    cube, low, high = "cube" in what, feed.min_dates, feed.max_dates
    if dates < low:
        advice = "open a longer period" if cube else "leave it out, or give more dates"
        raise ModelError(f"Model {model!r} needs at least {low} dates, and {what} has {dates}: {advice}.")
    if high is not None and feed.dates is None and dates > high:
        advice = f"for example cube.isel(time=slice(-{high}, None))" if cube else "for example the latest"
        raise ModelError(f"Model {model!r} takes at most {high} dates, and {what} has {dates}: select fewer, {advice}.")


def _check_resolution(model: str, wanted: float, cube: xr.Dataset) -> None:
    found = resolution_of(cube)
    if found is None:
        raise ModelError(
            f"Model {model!r} is meant for pixels of {wanted:g} m, and this cube has no CRS, so its pixel size is unknown: "
            "set one with cube.rio.write_crs(...)."
        )
    if not wanted / MAX_RESAMPLING <= found <= wanted * MAX_RESAMPLING:
        raise ModelError(
            f"Model {model!r} is meant for pixels of {wanted:g} m, and this cube has {found:.3g} m: "
            f"open it with resolution={wanted:g}, or choose a model for that pixel size."
        )


def _plural(noun: str, names: list[str]) -> str:
    return f"the {noun}{'s' if len(names) > 1 else ''} {short(', '.join(names))}"


@dataclass(frozen=True, slots=True)
class Preparation:
    """Conversion of batches to the input of a network, and of its output to the pixels of the cube.

    Parameters
    ----------
    bands : tuple of str
        In the network's order; picked from the batch by name.
    scale : float
        Factor from reflectance to the numbers of the training data (10 000 for integers as they are shipped).
    mean, std : tuple of float, optional
        One per band, in scaled numbers: ``(x · scale - mean) / std``.
    resolution : float, optional
        Pixel size in metres that the network was trained on.
    multiple : int
        Rows and columns must be multiples of this.
    see : {"clear", "measured"}
        Whether the input has clear pixels only, or cloudy ones as well.

    Examples
    --------
    >>> prepare = Preparation(("red", "nir"), scale=10_000, mean=(900, 2500), std=(600, 1000), resolution=10)
    """

    bands: tuple[str, ...]
    scale: float = 1.0
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    resolution: float | None = None
    multiple: int = 1
    see: Literal["clear", "measured"] = "measured"

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values is not None and len(values) != len(self.bands):
                raise InputError(f"{name} has {len(values)} numbers for {len(self.bands)} bands: give one per band.")
        if self.std is not None and not all(s > 0 for s in self.std):
            raise InputError(f"std is {self.std}: every number must be above 0.")
        if not self.scale > 0 or (self.resolution is not None and not self.resolution > 0):
            raise InputError("scale and resolution must be above 0.")

    def __call__(self, batch: Batch) -> Tensor:
        """Return the network's input.

        Returns
        -------
        Tensor, shape (b, t, c, rows, columns), float32
            Exactly 0, which is the mean, where the ground was not observed.
        """
        missing = [b for b in self.bands if b not in batch.bands]
        if missing:
            raise ModelError(
                f"The network needs {_plural('band', missing)}, and was given {short(', '.join(batch.bands))}."
            )
        x, seen = (batch.x, batch.usable) if self.see == "clear" else (batch.raw, batch.measured)
        x = x[:, :, [batch.bands.index(b) for b in self.bands]] * self.scale
        if self.mean is not None:
            x = x - x.new_tensor(self.mean).view(-1, 1, 1)
        if self.std is not None:
            x = x / x.new_tensor(self.std).view(-1, 1, 1)
        size = self.size(batch)
        x = resample(x, seen, size)
        rows, columns = (-n % self.multiple for n in size)
        if rows or columns:
            # Replicated, not zero: networks respond to the hard edge of a zero border.
            padded = functional.pad(x.flatten(0, 1), (0, columns, 0, rows), mode="replicate")
            x = padded.reshape(*x.shape[:2], *padded.shape[1:])
        return x

    def size(self, batch: Batch) -> tuple[int, int]:
        """Return the rows and columns of the batch at the network's resolution, before rounding up to ``multiple``."""
        h, w = batch.x.shape[-2:]
        ratio = 1.0 if self.resolution is None else batch.resolution / self.resolution
        # Within one percent it is the same grid: 9.99 m is 10 m.
        return (h, w) if abs(ratio - 1) < 0.01 else (max(1, round(h * ratio)), max(1, round(w * ratio)))

    def restore(self, y: Tensor, batch: Batch) -> Tensor:
        """Resample an output (..., rows, columns) to the batch's pixels, (..., h, w).

        An output on a coarser grid than the input (a patch network's, say) is spread over the pixels as well.
        """
        rows, columns = self.size(batch)
        full = tuple(n + -n % self.multiple for n in (rows, columns))
        y = interpolate(y, full)[..., :rows, :columns]
        return interpolate(y, (batch.x.shape[-2], batch.x.shape[-1]))


def resample(x: Tensor, seen: Tensor, size: tuple[int, int]) -> Tensor:
    """Resample observed values (b, t, c, h, w); others are excluded from averages, and pixels without any are 0."""
    mask = seen.unsqueeze(2).to(x.dtype)
    if tuple(x.shape[-2:]) == size:
        return x * mask
    share = interpolate(mask, size)
    return (interpolate(x * mask, size) / share.clamp_min(1e-6)) * (share >= 0.5)


def interpolate(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Resize (..., h, w): bilinear, and averaged when it becomes smaller."""
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    planes = x.reshape(1, -1, *x.shape[-2:])
    # Antialiased: plain bilinear skips pixels when it makes an image smaller.
    smaller = size[0] < x.shape[-2] or size[1] < x.shape[-1]
    out = functional.interpolate(planes, list(size), mode="bilinear", align_corners=False, antialias=smaller)
    return out.reshape(*x.shape[:-2], *size)
