"""Base of image encoders: the series of a window is reduced to one or a few clear images on the scale of the training."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
import xarray as xr
from torch import Tensor, nn
from torch.nn import functional

from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.params import param
from eowidgets.contract.prepare import interpolate
from eowidgets.errors import InputError, ModelError, short
from eowidgets.models.encode.base import Encoder, EncoderParams

#: Minimum share of observed pixels of a patch.
OBSERVED = 0.5


@dataclass(frozen=True, slots=True)
class ImageParams(EncoderParams):
    """Weights, image size, and reduction of a series to images."""

    zoom: int = param(
        1,
        low=1,
        high=16,
        step=1,
        help=(
            "Pixels of the network per pixel of the cube: 4 gives vectors on a grid four times finer, and takes 16 "
            "times as long."
        ),
    )
    side: int = param(
        0, unit="pixels", low=0, high=2048, step=8, help="Side of the network's images; 0 uses that of the training."
    )
    dates: Literal["composite", "each"] = param(
        "composite",
        label="Dates",
        help="Encode medians of the clear dates, or every date alone and average the vectors.",
    )


@dataclass(frozen=True, slots=True)
class Imagery:
    """Describe the images that a network was trained on.

    Parameters
    ----------
    bands : tuple of str
        Common names in the order of the network's channels.
    scale : float
        Factor from the values of a cube (reflectance 0 to 1) to those of the training data.
    mean, std : tuple of float
        One number per band, on the scale of the training data; ``(x * scale - mean) / std``. Empty: no shift, no division.
    side, patch : int
        Pixels along one side of an image and of a patch.
    resolution : float
        Pixel size of the training data in metres.
    frames : int
        Dates of an image; 1 for networks without a time axis.
    optional : tuple of str
        Bands that a cube may lack.

    Raises
    ------
    InputError
        If mean or std do not have one number per band.

    Examples
    --------
    >>> Imagery(("red", "nir"), scale=10_000, mean=(900.0, 2500.0), std=(600.0, 1000.0), side=224, patch=16).frames
    1
    """

    bands: tuple[str, ...]
    scale: float = 1.0
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    side: int = 224
    patch: int = 16
    resolution: float = 10.0
    frames: int = 1
    optional: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values and len(values) != len(self.bands):
                raise InputError(
                    f"{name} has {len(values)} numbers, but there are {len(self.bands)} bands: give one number per band."
                )

    @property
    def needed(self) -> tuple[str, ...]:
        """Bands that a cube must have."""
        return tuple(b for b in self.bands if b not in self.optional)

    def normalise(self, values: Tensor, bands: tuple[str, ...]) -> Tensor:
        """Scale values of the named bands, shape (..., c, h, w), as in the training."""
        at = [self.bands.index(b) for b in bands]
        x = values * self.scale
        if self.mean:
            x = x - x.new_tensor(self.mean)[at, None, None]
        if self.std:
            x = x / x.new_tensor(self.std)[at, None, None]
        return x


@dataclass(frozen=True, slots=True)
class Images:
    """Images with the scale and grid of the network.

    Attributes
    ----------
    values : Tensor, shape (n, t, c, h, w)
        Exactly 0, the mean of the training data, where nothing was observed.
    seen : Tensor, shape (n, t, h, w), bool
        Where the ground was observed.
    days : Tensor, shape (t,), float64
        Days since 1970-01-01: the middle of the dates of each image.
    bands : tuple of str
        Common names along ``c``.
    lonlat : Tensor, shape (n, 2)
        Centres in degrees.
    resolution : float
        Pixel size of the network in metres.
    """

    values: Tensor
    seen: Tensor
    days: Tensor
    bands: tuple[str, ...]
    lonlat: Tensor
    resolution: float


def composites(x: Tensor, seen: Tensor, days: Tensor, frames: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return medians of the observed values, one for each of ``frames`` parts of the series with equal numbers of dates.

    Parameters
    ----------
    x : Tensor, shape (b, t, c, h, w)
    seen : Tensor, shape (b, t, h, w), bool
    days : Tensor, shape (t,)
    frames : int
        Number of parts; fewer if the series has fewer dates.

    Returns
    -------
    (Tensor, Tensor, Tensor)
        Medians (b, frames, c, h, w), 0 where nothing was observed; a mask of observed pixels (b, frames, h, w); days (frames,).
    """
    parts = torch.arange(x.shape[1]).tensor_split(min(frames, x.shape[1]))
    medians, known = [], []
    for part in parts:
        here = seen[:, part]
        medians.append(_median(x[:, part], here))
        known.append(here.any(dim=1))
    middle = torch.stack([days[part].double().mean() for part in parts])
    return torch.stack(medians, 1), torch.stack(known, 1), middle


def _median(x: Tensor, seen: Tensor) -> Tensor:
    """Return the median over the dates, 0 where nothing was observed; torch's median takes the lower of two middle values."""
    if x.shape[1] == 1:
        return torch.where(seen.unsqueeze(2), x, 0.0)[:, 0]
    ranked = torch.where(seen.unsqueeze(2), x, float("inf")).sort(dim=1).values
    count = seen.sum(dim=1, keepdim=True).unsqueeze(2).expand_as(ranked[:, :1])
    low, high = (ranked.gather(1, at.clamp_min(0)) for at in ((count - 1) // 2, count // 2))
    return torch.where(count > 0, (low + high) / 2, 0.0)[:, 0]


class ImageEncoder(Encoder):
    """Base of image encoders; a subclass defines ``folder``, ``width``, ``imagery``, ``build`` and ``encode``.

    Parameters
    ----------
    network : Module, optional
        A network to use instead of the published one.
    **params
        See ``Params``.
    """

    Params = ImageParams

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(network, **params)
        if self.imagery.patch % self.params.zoom:
            raise InputError(
                f"zoom={self.params.zoom} does not divide the patch of {self.imagery.patch} pixels of {self.name!r}: give "
                f"one of {short(', '.join(str(z) for z in range(1, 17) if self.imagery.patch % z == 0))}."
            )
        # Windows depend on the parameters, so the feed belongs to the instance.
        self._set_window(self.side // self.params.zoom)

    def _set_window(self, size: int) -> None:
        bands = self.imagery
        vars(self)["feed"] = Windows(bands=bands.needed, optional_bands=bands.optional, size=size, multiple=self.stride)

    @property
    @abstractmethod
    def imagery(self) -> Imagery:
        """Description of the images that the selected checkpoint was trained on."""

    @abstractmethod
    def encode(self, images: Images) -> Tensor:
        """Return the vectors of the patches, shape (n, width, h / patch, w / patch)."""

    @property
    def side(self) -> int:
        """Return the side of the network's images in pixels, a multiple of the patch."""
        wanted, patch = self.params.side or self.imagery.side, self.imagery.patch
        return max(patch, wanted // patch * patch)

    @property
    def stride(self) -> int:
        """Side of a patch in pixels of the cube."""
        return int(self.imagery.patch // self.params.zoom)

    def survey(self, cube: xr.Dataset) -> None:
        """Reduce the image size for a cube that is smaller than an image, to limit the padding."""
        larger = max(cube.sizes["y"], cube.sizes["x"])
        fitting = -(-larger // self.stride) * self.stride
        self._set_window(min(self.side // self.params.zoom, fitting))

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Encode the windows of the batch; patches with less than half of their pixels observed have no vector."""
        images = self.images(batch)
        alone = self.params.dates == "each" and self.imagery.frames == 1
        t = images.values.shape[1]
        if alone and t > 1:
            found = torch.stack([self.encode(_at(images, i)) for i in range(t)], 1)
        else:
            found = self.encode(images).unsqueeze(1)
        seen = images.seen if found.shape[1] > 1 else images.seen.any(dim=1, keepdim=True)
        share = functional.avg_pool2d(seen.float(), self.imagery.patch)
        # n t h w -> n t 1 h w
        kept = (share >= OBSERVED).unsqueeze(2)
        total = torch.where(kept, found.float(), 0.0).sum(1)
        return {"embedding": total / torch.where(kept.any(1), kept.sum(1), float("nan"))}

    def images(self, batch: Batch) -> Images:
        """Convert a batch to images: bands by name, composites, resampling and scaling.

        Raises
        ------
        ModelError
            If bands are missing.
        """
        imagery = self.imagery
        missing = [b for b in imagery.needed if b not in batch.bands]
        if missing:
            raise ModelError(
                f"Model {self.name!r} needs {short(', '.join(missing))}, but got {short(', '.join(batch.bands))}."
            )
        bands = tuple(b for b in imagery.bands if b in batch.bands)
        x, seen, days = batch.x[:, :, [batch.bands.index(b) for b in bands]], batch.usable, batch.days
        if self.params.dates == "composite" or imagery.frames > 1:
            x, seen, days = composites(x, seen, days, imagery.frames)
        zoom = self.params.zoom
        # Padded at the far edges, like the windows of the engine.
        rows, columns = (-n * zoom % imagery.patch for n in x.shape[-2:])
        if zoom > 1:
            x = interpolate(x, (x.shape[-2] * zoom, x.shape[-1] * zoom))
            seen = seen.repeat_interleave(zoom, dim=-2).repeat_interleave(zoom, dim=-1)
        x = torch.where(seen.unsqueeze(2), imagery.normalise(x, bands), 0.0)
        x, seen = (functional.pad(part, (0, columns, 0, rows)) for part in (x, seen))
        return Images(x, seen, days, bands, batch.lonlat, batch.resolution / zoom)


def _at(images: Images, i: int) -> Images:
    """Return the images of one date."""
    return replace(
        images, values=images.values[:, i : i + 1], seen=images.seen[:, i : i + 1], days=images.days[i : i + 1]
    )
