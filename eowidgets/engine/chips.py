"""Runs a model over chips: cut-outs around places of a cube, or images from files; one row of a table per chip."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr

from eowidgets.contract.feeds import Chips
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Gathered, Output, Record
from eowidgets.contract.prepare import check_inputs, interpolate, resample, resolution_of, wanted_bands
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import georeference
from eowidgets.cube.reading import reading
from eowidgets.engine import device as dev
from eowidgets.engine.blame import blame, read_rows
from eowidgets.engine.fitted import Fitted
from eowidgets.engine.job import Job
from eowidgets.engine.predict import Piece, Predictor, Site
from eowidgets.engine.provenance import about, describe
from eowidgets.engine.reader import Block, Reader
from eowidgets.engine.surroundings import kept
from eowidgets.errors import InputError, ModelError, shown, warn_user
from eowidgets.system import check_plain

#: Images that are opened from a folder.
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")


class Chipper(ABC):
    """Where chips come from."""

    bands: tuple[str, ...]
    site: Site

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of chips."""

    @abstractmethod
    def block(self, i: int) -> tuple[Block, tuple[float, float]] | None:
        """Read one chip and its longitude and latitude; None where there is nothing to read."""

    @abstractmethod
    def table(self, columns: dict[str, list[Any]]) -> Any:
        """Return the result: a row per chip."""

    @abstractmethod
    def notes(self, model: Model, seed: int, engine: dict[str, Any]) -> dict[str, Any]:
        """Return the provenance."""


class CubeChips(Chipper):
    """Chips around places of a cube.

    Parameters
    ----------
    model : Model
    cube : Dataset
    places : GeoDataFrame
        A chip is centred on the centroid of each geometry.
    """

    def __init__(self, model: Model, cube: xr.Dataset, places: Any) -> None:
        if not (hasattr(places, "to_crs") and hasattr(places, "geometry")) or places.crs is None:
            raise InputError("places must be a GeoDataFrame with a CRS: open the file with geopandas.read_file(...).")
        self._cube, self._places, self._size = georeference(admit(cube)), places, int(model.feed.size or 0)
        with blame(model, "when it was given this cube"), kept():
            check_inputs(model, self._cube)
            self.bands = wanted_bands(model, self._cube)
        self._has = resolution_of(self._cube) or 1.0
        wants = model.feed.resolution or self._has
        self._side = max(1, round(self._size * wants / self._has))
        days = self._cube["time"].values.astype("datetime64[ns]").astype("int64") / 86_400e9
        self.site = Site(self.bands, days, days, self._cube.odc.geobox, wants)
        self._reader = Reader(self._cube, self.bands)

    def __len__(self) -> int:
        return len(self._places)

    @cached_property
    def _pixels(self) -> npt.NDArray[np.float64]:
        points = self._places.geometry.to_crs(str(self.site.geobox.crs)).centroid
        inverse = ~self.site.geobox.affine
        return np.array(
            [inverse @ (p.x, p.y) if p is not None and not p.is_empty else (np.nan, np.nan) for p in points]
        )

    def block(self, i: int) -> tuple[Block, tuple[float, float]] | None:
        """Read the chip around one place; what lies beyond the cube is not measured."""
        x, y = self._pixels[i]
        height, width = self.site.geobox.shape
        if not (0 <= x < width and 0 <= y < height):
            return None
        top, left = round(y - self._side / 2), round(x - self._side / 2)
        rows, columns = (
            slice(max(0, top), min(height, top + self._side)),
            slice(max(0, left), min(width, left + self._side)),
        )
        part = self._reader(rows, columns)
        into = (..., slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left))
        raw = np.zeros((*part.raw.shape[:2], self._side, self._side), "float32")
        measured, usable = (np.zeros((len(raw), self._side, self._side), bool) for _ in range(2))
        raw[into], measured[into], usable[into] = part.raw, part.measured, part.usable
        return _sized(raw, measured, usable, self._size), self.site.lonlat(y, x)

    def table(self, columns: dict[str, list[Any]]) -> Any:
        """Return the places with the results as further columns."""
        taken = [name for name in columns if name in self._places.columns]
        if taken:
            raise InputError(f"The places have a column {shown(taken[0])} already: rename it, or drop it first.")
        outside = int(np.sum([not self._inside(*p) for p in self._pixels]))
        if outside:
            warn_user(f"{outside} of {len(self)} places lie outside the cube and have no result.")
        return self._places.assign(**columns)

    def _inside(self, x: float, y: float) -> bool:
        height, width = self.site.geobox.shape
        return bool(0 <= x < width and 0 <= y < height)

    def notes(self, model: Model, seed: int, engine: dict[str, Any]) -> dict[str, Any]:
        """Return the provenance of a run over the cube."""
        return {**describe(model, self._cube, self.bands, None, seed, engine), "call": "chips", "chips": len(self)}


class FileChips(Chipper):
    """Chips from image files; numbers as they are stored.

    Parameters
    ----------
    model : Model
        Its feed names the bands, in the order of the files' channels.
    folder : Path
        A folder with images, searched in depth, or one image.
    """

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
        self._files, self._folder, self._size = files, folder, int(model.feed.size or 0)
        self.bands = model.feed.bands
        self.site = Site(self.bands, np.zeros(1), np.zeros(1), None, model.feed.resolution or 1.0)

    def __len__(self) -> int:
        return len(self._files)

    def block(self, i: int) -> tuple[Block, tuple[float, float]] | None:
        """Read one image."""
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
        return _sized(raw, seen, seen, self._size), (0.0, 0.0)

    def table(self, columns: dict[str, list[Any]]) -> Any:
        """Return a table by the names of the files."""
        import pandas as pd

        root = self._folder if self._folder.is_dir() else self._folder.parent
        return pd.DataFrame(columns, index=pd.Index([p.relative_to(root).as_posix() for p in self._files], name="file"))

    def notes(self, model: Model, seed: int, engine: dict[str, Any]) -> dict[str, Any]:
        """Return the provenance, with the number of images but not where they are."""
        return {**about(model), "call": "chips", "seed": seed, "engine": engine, "chips": len(self)}


def _sized(raw: Any, measured: Any, usable: Any, size: int) -> Block:
    """Return a block of ``size`` pixels; what was not measured is never averaged in."""
    if raw.shape[-1] == raw.shape[-2] == size:
        return Block(raw, measured, usable, 0, 0)
    seen = torch.from_numpy(measured)[None]
    scaled = resample(torch.from_numpy(raw)[None], seen, (size, size))[0].numpy()
    masks = [interpolate(torch.from_numpy(m).float(), (size, size)).numpy() >= 0.5 for m in (measured, usable)]
    return Block(scaled * masks[0][:, None], masks[0], masks[1], 0, 0)


@dataclass(frozen=True)
class PerChip(Gathered):
    """An output of which each chip has one."""

    output: Output | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of the output, which are known with its first row only."""
        return ()

    def records(self, item: Any, size: tuple[int, int], dates: int) -> list[Record]:
        """Return one record without a place."""
        return [Record(None, self.output.row(item))] if self.output is not None else []


@dataclass(frozen=True)
class ChipRun:
    """The work of a job over chips."""

    model: Model
    chips: Chipper
    device: str
    batch: int
    seed: int

    def __call__(self, job: Job) -> Any:
        """Run and return the table."""
        job.device = dev.pick_device(self.device)
        size = int(self.model.feed.size or 0)
        with blame(self.model, "when it was asked for its outputs"), kept():
            outputs = tuple(PerChip(o.name, o) for o in self.model.outputs(self.chips.bands))
        job.expect(len(self.chips), 0, float(len(self.chips) * size * size))
        predictor = Predictor(
            Fitted(self.model),
            self.chips.site,
            outputs,
            device=job.device,
            size=(size, size),
            batch=self.batch,
            seed=self.seed,
            log=job.say,
            checkpoint=job.checkpoint,
        )
        rows: dict[int, dict[str, Any]] = {}
        with predictor.ready():
            for numbers, pieces in self._groups():
                found = predictor(pieces) if pieces else iter(())
                for i, (_, items) in zip(numbers, found, strict=True):
                    rows[i] = {}
                    for o in outputs:
                        rows[i] |= read_rows(self.model, o, items[o.name], (size, size), 1)[0].values
                job.advance(len(numbers))
        names = list(dict.fromkeys(name for row in rows.values() for name in row))
        columns = {name: [rows.get(i, {}).get(name) for i in range(len(self.chips))] for name in names}
        table = self.chips.table(columns)
        engine = {"device": job.device.type, "batch": self.batch}
        with blame(self.model, "when it was asked for its weights"), kept():
            table.attrs["provenance"] = json.dumps(self.chips.notes(self.model, self.seed, engine), default=str)
        return table

    def _groups(self) -> Iterator[tuple[list[int], list[Piece]]]:
        whole = slice(0, int(self.model.feed.size or 0))
        dates = slice(0, len(self.chips.site.days))
        for start in range(0, len(self.chips), self.batch):
            read = [(i, self.chips.block(i)) for i in range(start, min(start + self.batch, len(self.chips)))]
            held = [(i, chip) for i, chip in read if chip is not None]
            yield [i for i, _ in held], [Piece(block, whole, whole, dates, lonlat) for _, (block, lonlat) in held]


def chip_run(model: Model, source: Any, places: Any, *, device: str, batch: int | None, seed: int) -> ChipRun:
    """Check a model against a source of chips and put them together.

    Raises
    ------
    InputError, ModelError
    """
    if not isinstance(model.feed, Chips):
        raise InputError(f"Model {shown(model.name)} maps whole cubes: give a cube, without places.")
    dev.pick_device(device)
    chips: Chipper
    if isinstance(source, xr.Dataset):
        if places is None:
            raise InputError(
                f"Model {shown(model.name)} gives one result per place: name them with places=, a GeoDataFrame of points."
            )
        chips = CubeChips(model, source, places)
    else:
        chips = FileChips(model, Path(source))
    return ChipRun(model, chips, device, batch or 32, int(seed))
