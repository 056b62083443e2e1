"""Chips: cut-outs around places of a cube, or image files, with one result each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from eowidgets.contract.feeds import Chips
from eowidgets.contract.model import Model
from eowidgets.contract.prepare import interpolate, resample, resolution_of
from eowidgets.cube.reading import reading
from eowidgets.engine.items import Items, Share, items_of, refuse_table
from eowidgets.engine.places import Place, Places
from eowidgets.engine.predict import Piece, Site
from eowidgets.engine.provenance import about, fingerprint
from eowidgets.engine.reader import RasterBlock
from eowidgets.errors import InputError, ModelError, shown
from eowidgets.system import check_plain

#: Images that are opened from a folder.
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


class CubeChips(Places):
    """Chips around places of a cube; each is centred on the centroid of a geometry.

    Parameters
    ----------
    model : Model
    cube : Dataset
    places : GeoDataFrame
    """

    what = call = "chips"
    batch = 32

    def __init__(self, model: Model, cube: xr.Dataset, places: Any) -> None:
        super().__init__(model, cube, places)
        side = int(model.feed.size or 0)
        self.size = (side, side)
        has = resolution_of(self.cube) or 1.0
        wants = model.feed.resolution or has
        self._side = max(1, round(side * wants / has))
        self.site = Site(self.bands, self.site.days, self.site.out_days, self.site.geobox, wants)

    def read(self, place: Place) -> RasterBlock:
        """Read the chip around one place; pixels outside the cube count as not measured."""
        height, width = self.site.geobox.shape
        top, left = round(place.y - self._side / 2), round(place.x - self._side / 2)
        rows, columns = (
            slice(max(0, top), min(height, top + self._side)),
            slice(max(0, left), min(width, left + self._side)),
        )
        part = self.reader(rows, columns)
        into = (..., slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
        raw = np.zeros((*part.raw.shape[:2], self._side, self._side), "float32")
        measured, usable = (np.zeros((len(raw), self._side, self._side), bool) for _ in range(2))
        raw[into], measured[into], usable[into] = part.raw, part.measured, part.usable
        return _sized(raw, measured, usable, self.size[0])


class FileChips(Items):
    """Chips from image files; numbers as they are stored.

    Parameters
    ----------
    model : Model
        Its feed names the bands, in the order of the files' channels.
    folder : Path
        A folder with images, searched in depth, or one image.
    """

    what = "chips"
    batch = 32

    def __init__(self, model: Model, folder: Path) -> None:
        check_plain(folder)
        if not folder.exists():
            raise InputError(
                f"There is no folder {shown(str(folder))}: give a folder of images, or a cube with places."
            )
        files = [folder] if folder.is_file() else sorted(p for p in folder.rglob("*") if p.suffix.lower() in IMAGES)
        if not files:
            raise InputError(f"{shown(str(folder))} holds no images: give a folder with {', '.join(IMAGES)}.")
        if model.feed.bands is None:
            raise ModelError(f"Model {shown(model.name)} does not name its bands, which images from files need.")
        side = int(model.feed.size or 0)
        self.model, self._files, self._folder, self.size = model, files, folder, (side, side)
        self.bands = model.feed.bands
        self.site = Site(self.bands, np.zeros(1), np.zeros(1), None, model.feed.resolution or 1.0)

    def __len__(self) -> int:
        return len(self._files)

    @property
    def pixels(self) -> float:
        """Pixels of all images."""
        return float(len(self) * self.size[0] * self.size[1])

    def content(self) -> str:
        """Return a fingerprint of the images: names, sizes and times."""
        stats = [(p.relative_to(self._folder.parent).as_posix(), p.stat()) for p in self._files]
        return fingerprint({name: [s.st_size, s.st_mtime_ns] for name, s in stats})

    def shares(self, batch: int) -> Iterator[Share]:
        """Read some images at a time."""
        whole, dates = slice(0, self.size[0]), np.zeros(1, "datetime64[ns]")
        for start in range(0, len(self), batch):
            numbers = list(range(start, min(start + batch, len(self))))
            pieces = [Piece(self._block(i), whole, whole, slice(0, 1), (0.0, 0.0)) for i in numbers]
            yield Share(numbers, pieces, self.site, dates, self.model, len(numbers))

    def _block(self, i: int) -> RasterBlock:
        import warnings

        import rasterio

        file = self._files[i]
        with reading(f"The image {shown(file.name)}"), warnings.catch_warnings():
            warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
            with rasterio.open(file) as image:
                if image.count < len(self.bands):
                    raise InputError(
                        f"The image {shown(file.name)} has {image.count} channels and the model needs {len(self.bands)}: "
                        "give images with all bands."
                    )
                raw = image.read(list(range(1, len(self.bands) + 1))).astype("float32")[None]
        seen = np.isfinite(raw).all(axis=1)
        raw = np.where(seen[:, None], raw, 0).astype("float32")
        return _sized(raw, seen, seen, self.size[0])

    def table(self, numbers: list[int], columns: dict[str, list[Any]]) -> Any:
        """Return a table by the names of the files."""
        import pandas as pd

        root = self._folder if self._folder.is_dir() else self._folder.parent
        names = [self._files[i].relative_to(root).as_posix() for i in numbers]
        return pd.DataFrame(columns, index=pd.Index(names, name="file"))

    def notes(self, seed: int, engine: dict[str, Any]) -> dict[str, Any]:
        """Return the provenance, with the number of images but not their path."""
        return {**about(self.model), "call": "chips", "seed": seed, "engine": engine, "chips": len(self)}


def _sized(raw: Any, measured: Any, usable: Any, size: int) -> RasterBlock:
    """Return a block resampled to ``size`` pixels; pixels that were not measured are excluded from averages."""
    if raw.shape[-1] == raw.shape[-2] == size:
        return RasterBlock(raw, measured, usable, 0, 0)
    seen = torch.from_numpy(measured)[None]
    scaled = resample(torch.from_numpy(raw)[None], seen, (size, size))[0].numpy()
    masks = [interpolate(torch.from_numpy(m).float(), (size, size)).numpy() >= 0.5 for m in (measured, usable)]
    return RasterBlock(scaled * masks[0][:, None], masks[0], masks[1], 0, 0)


@items_of.register(Chips)
def chips_of(feed: Chips, model: Model, source: Any, places: Any) -> Items:
    """Return the chips around places of a cube, or those of a folder of images."""
    refuse_table(model, source)
    if not isinstance(source, xr.Dataset):
        return FileChips(model, Path(source))
    if places is None:
        raise InputError(
            f"Model {shown(model.name)} returns one result per place: give places=, a GeoDataFrame of points."
        )
    return CubeChips(model, source, places)
