"""``eow.open``: one door for every kind of source, one kind of cube behind it."""

from __future__ import annotations

import glob
import re
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.normalise import Clouds, finish, normalise
from eowidgets.cube.samples import open_sample, samples
from eowidgets.cube.schema import bands as band_names
from eowidgets.errors import InputError, unknown
from eowidgets.system import bytes_of

#: Cubes up to this size are read at once; larger ones are opened lazily and read where they are looked at.
EAGER = 256_000_000
CHUNKS = {"x": 1024, "y": 1024}


def open(
    source: Any,
    *,
    bbox: tuple[float, float, float, float] | None = None,
    dates: str | Sequence[Any] | None = None,
    bands: Sequence[str] | None = None,
    resolution: float | None = None,
    budget: str | float = "2GB",
    clouds: Clouds = "mask",
    sensor: str | None = None,
    signer: Callable[[str], str] | None = None,
    chunks: Any = None,
    timeout: float = 10.0,
) -> xr.Dataset:
    """Open anything as a cube.

    Parameters
    ----------
    source : str, Path, Dataset, DataArray, dict or pystac object
        A sample's name; a GeoTIFF; a folder or glob of GeoTIFFs; a NetCDF file; a Zarr store (v2, v3, zip); an
        xarray object; a STAC item, collection, catalogue or API (path, address or object).
    bbox : tuple, optional
        West, south, east, north in degrees: only this part.
    dates : str or sequence, optional
        ``"2020-01/2020-06"``: only these dates. For a GeoTIFF stack whose layers carry no dates, the list of them.
    bands : sequence of str, optional
        Common names to keep. For GeoTIFFs without band names, what the bands are called, in file order.
    resolution : float, optional
        Pixel size in units of the CRS, coarser than the source: bands are averaged, quality is the most frequent.
    budget : str or float
        Memory that the cube should fit in. Larger cubes are opened lazily, with a warning that tells their size and
        the resolution at which they would fit; where dask is missing they are refused.
    clouds : {"mask", "robust", None}
        Masks from the quality band; with ``"robust"`` also what it missed
        (:func:`eowidgets.cube.clouds.robust_clouds`); or none.
    sensor : str, optional
        Where names or scale cannot tell, for instance ``"sentinel2-l2a"`` or ``"sentinel2-l2a@04.00"``.
    signer : callable, optional
        Turns an asset's address into a signed one.
    chunks : optional
        Dask chunks; None reads cubes of up to 256 MB at once and larger ones lazily.
    timeout : float
        Seconds to wait for a server.

    Returns
    -------
    Dataset
        A cube (see :mod:`eowidgets.cube.schema`).

    Raises
    ------
    InputError, SourceError
        One sentence: what is wrong, where, and what to do.

    Examples
    --------
    >>> cube = open("romania")
    >>> cube.sizes["time"], cube.red.dtype
    (140, dtype('float32'))
    """
    if isinstance(source, str) and source in samples():
        cube = finish(open_sample(source), clouds, bands)
        return _reduce(cube, bbox, dates, resolution).assign_attrs(opened=source)
    raw, selected = _raw(source, bbox, dates, bands, resolution, sensor, signer, chunks, timeout)
    try:
        raw = _fit(raw, budget, chunks, resolution)
        cube = normalise(raw, sensor=sensor, clouds=clouds, bands=None if selected else bands)
    except InputError as error:
        where = f"{source}: " if isinstance(source, str | Path) and str(source) not in str(error) else ""
        raise InputError(f"{where}{error}") from error
    cube = _reduce(cube, bbox, dates, resolution)
    if isinstance(source, str | Path):
        cube.attrs["opened"] = str(source)
    return cube


def _reduce(cube: xr.Dataset, bbox: Any, dates: Any, resolution: float | None) -> xr.Dataset:
    """Only the dates, the part and the resolution that were asked for."""
    if isinstance(dates, str):
        start, _, end = dates.partition("/")
        cube = cube.eow.between(start, end or start)
    if bbox is not None:
        cube = cube.eow.clip(bbox)
    return cube if resolution is None else _coarsen(cube, resolution)


def _raw(
    source: Any,
    bbox: Any,
    dates: Any,
    bands: Any,
    resolution: Any,
    sensor: Any,
    signer: Any,
    chunks: Any,
    timeout: float,
) -> tuple[Any, bool]:
    """What the source gives, and whether ``bands`` has been used up on the way."""
    if isinstance(source, xr.Dataset | xr.DataArray):
        return source.copy(), False
    from eowidgets.cube.sources.stac import is_stac, open_stac

    if is_stac(source):
        found = open_stac(
            source,
            bbox=bbox,
            dates=dates,
            bands=bands,
            resolution=resolution,
            sensor=sensor,
            signer=signer,
            chunks=chunks,
            timeout=timeout,
        )
        return found, True
    if not isinstance(source, str | Path):
        raise InputError(
            f"A {type(source).__name__} cannot be opened: give a sample's name, a path, an xarray object or STAC."
        )
    return _from_path(str(source), dates, bands, chunks)


def _from_path(text: str, dates: Any, bands: Any, chunks: Any) -> tuple[Any, bool]:
    from eowidgets.cube.sources.raster import ENDINGS, open_files, open_raster
    from eowidgets.cube.sources.store import is_store, open_store

    stack_dates = dates if dates is not None and not isinstance(dates, str) else None
    if any(c in text for c in "*?["):
        found = [Path(p) for p in glob.glob(text, recursive=True)]  # noqa: PTH207  (the pattern may be absolute)
        return open_files(found, text, bands, _lazily(chunks)), bands is not None
    path = Path(text).expanduser()
    if not path.exists():
        if re.fullmatch(r"[\w-]+", text):
            raise unknown("sample, file or folder", text, samples())
        raise InputError(f"There is no file or folder {text!r}.")
    if is_store(path):
        return open_store(path, _lazily(chunks)), False
    if path.is_dir():
        catalogue = path / "catalog.json"
        if catalogue.exists():
            return _raw(str(catalogue), None, dates, bands, None, None, None, chunks, 10.0)
        files = [p for p in path.rglob("*") if p.suffix.lower() in ENDINGS]
        return open_files(files, str(path), bands, _lazily(chunks)), bands is not None
    return open_raster(path, bands, stack_dates, _lazily(chunks)), bands is not None


def _lazily(chunks: Any) -> Any:
    if chunks is not None:
        return chunks
    return CHUNKS if find_spec("dask") else None


def _fit(raw: Any, budget: str | float, chunks: Any, resolution: float | None) -> Any:
    """Read what is small, keep lazy what is large, and say so where it would not fit."""
    if isinstance(raw, xr.DataArray):
        raw = raw.to_dataset("band") if "band" in raw.dims else raw.to_dataset(name=str(raw.name or "value"))
    lazy = any(v.chunks for v in raw.variables.values())
    size = 4 * sum(v.size for v in raw.data_vars.values() if v.ndim >= 2)  # as float32, which a cube is
    if lazy and chunks is None and size <= EAGER and not _is_remote(raw):
        return raw.load()
    allowed = bytes_of(budget)
    if size > allowed and resolution is None:
        _tell(raw, size, allowed, lazy)
    return raw


def _is_remote(raw: xr.Dataset) -> bool:
    # What odc-stac made stays lazy however small: its pixels are behind a network.
    return any("source_band" in v.attrs and v.chunks for v in raw.data_vars.values())


def _tell(raw: xr.Dataset, size: float, allowed: float, lazy: bool) -> None:
    step = (size / allowed) ** 0.5
    try:
        pixel = abs(float(raw["x"][1] - raw["x"][0]))
        coarser = f"resolution={float(f'{pixel * step:.2g}'):g}"
    except (KeyError, IndexError):
        coarser = "a coarser resolution="
    sizes = " × ".join(str(raw.sizes[d]) for d in raw.sizes)
    sentence = (
        f"This cube has {size / 1e9:.1f} GB ({sizes}), more than budget={allowed / 1e9:g} GB: {coarser} would fit"
    )
    if lazy:
        warnings.warn(f"{sentence}; it is opened lazily and read where you look.", stacklevel=4)
    else:
        raise InputError(f"{sentence}; or install dask, so that it can be opened lazily.")


def _coarsen(cube: xr.Dataset, resolution: float) -> xr.Dataset:
    """Average bands, take the most frequent quality; a finer resolution than the source has is refused."""
    from eowidgets.cube.grid import geobox

    grid = geobox(cube)
    now = abs(float(grid.resolution.x))
    if resolution <= 0 or resolution < now * 0.999:
        raise InputError(f"resolution={resolution:g} is finer than the source's {now:g}: give a coarser one.")
    if abs(resolution - now) <= now * 1e-3:
        return cube
    target = grid.zoom_to(resolution=resolution)
    names = [*band_names(cube)]
    out: xr.Dataset = cube[names].odc.reproject(target, resampling="average", dst_nodata=np.nan)
    for name, variable in cube.data_vars.items():
        if name in names or not {"y", "x"} <= set(variable.dims):
            continue
        whole = variable.astype("uint8") if variable.dtype == bool else variable
        coarse = whole.odc.reproject(target, resampling="average" if whole.dtype.kind == "f" else "mode")
        out[name] = coarse.astype(variable.dtype)
    for name in cube.data_vars:
        if name in out:
            out[name].attrs = cube[name].attrs
    out.attrs = cube.attrs
    return out
