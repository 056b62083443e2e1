"""``eow.open``: one door for every kind of source, one kind of cube behind it."""

from __future__ import annotations

import glob
import re
import warnings
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import xarray as xr

from eowidgets.cube.normalise import Clouds, finish, lay_out, normalise
from eowidgets.cube.opened import note
from eowidgets.cube.reduce import between, coarsen
from eowidgets.cube.samples import open_sample, samples
from eowidgets.cube.sources import Opened
from eowidgets.errors import InputError, SourceError, unknown
from eowidgets.system import parse_bytes

#: Cubes up to this size are read at once; larger ones are opened lazily and read where they are looked at.
EAGER = 256_000_000
CHUNKS = {"band": 1, "x": 1024, "y": 1024}


def open(
    source: Any,
    *,
    bbox: tuple[float, float, float, float] | None = None,
    dates: str | Sequence[Any] | None = None,
    bands: Sequence[str] | None = None,
    resolution: float | None = None,
    budget: str | float | None = "2GB",
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
        ``"2020-01/2020-06"``, a pair or a slice: only from the first to the last. A longer list: only these days.
        For a GeoTIFF that does not tell its dates, the list of them.
    bands : sequence of str, optional
        Names to keep. For GeoTIFFs without band names, what the bands are called, in file order.
    resolution : float, optional
        Pixel size in units of the CRS, coarser than the source: bands are averaged, quality is the most frequent.
    budget : str, float or None
        Memory that the cube should fit in. Larger cubes are opened lazily, with a warning that tells their size and
        the resolution at which they would fit; where dask is missing they are refused. None: no warning.
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
    given = {"bbox": bbox, "dates": dates, "bands": bands, "resolution": resolution, "clouds": clouds, "sensor": sensor}
    if isinstance(source, str) and source in samples():
        cube = finish(open_sample(source), clouds, bands)
        return note(_reduce(cube, bbox, dates, resolution), source, **given)
    where = f"{source}: " if isinstance(source, str | Path) else ""
    opened = _raw(source, bbox, dates, bands, resolution, sensor, signer, chunks, timeout)
    bands, dates = None if opened.named else bands, None if opened.dated else dates
    try:
        raw = lay_out(opened.data)
        if clouds != "robust":  # which compares with the dates before and after
            raw = between(raw, dates)
        raw = _fit(raw if bbox is None else _window(raw, bbox), budget, chunks, resolution)
        cube = _reduce(normalise(raw, sensor=sensor, clouds=clouds, bands=bands), bbox, dates, resolution)
    except InputError as error:
        raise InputError(f"{'' if str(source) in str(error) else where}{error}") from error
    return note(cube, source, **given) if where else cube


def _reduce(cube: xr.Dataset, bbox: Any, dates: Any, resolution: float | None) -> xr.Dataset:
    """Only the dates, the part and the resolution that were asked for."""
    cube = between(cube, dates)
    if bbox is not None:
        cube = cube.eow.clip(bbox)
    return cube if resolution is None else coarsen(cube, resolution)


def _window(raw: xr.Dataset, bbox: Any) -> xr.Dataset:
    """Rows and columns that a bounding box touches, before anything is read; what is outside is refused later."""
    from eowidgets.cube.window import window

    found = window(raw, bbox, margin=1)
    return raw if found is None else found


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
) -> Opened:
    """What the source gives, and what of ``bands`` and ``dates`` has been used up on the way."""
    if isinstance(source, xr.Dataset | xr.DataArray):
        return Opened(source.copy())
    from eowidgets.cube.sources.stac import is_stac, open_stac

    catalogue = Path(source).expanduser() / "catalog.json" if isinstance(source, str | Path) else None
    if catalogue is not None and catalogue.is_file():
        source = str(catalogue)
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
        return Opened(found, named=True, dated=True)
    if not isinstance(source, str | Path):
        raise InputError(
            f"A {type(source).__name__} cannot be opened: give a sample's name, a path, an xarray object or STAC."
        )
    return _from_path(str(source), dates, [bands] if isinstance(bands, str) else bands, chunks)


def _from_path(text: str, dates: Any, bands: Any, chunks: Any) -> Opened:
    from eowidgets.cube.sources.raster import ENDINGS, open_files, open_raster
    from eowidgets.cube.sources.store import is_store, open_store

    if not text.strip():
        raise InputError("The source is empty: give a sample's name, a path, an xarray object or STAC.")
    stack_dates = dates if dates is not None and not isinstance(dates, str | slice) else None
    if any(c in text for c in "*?["):
        found = [Path(p) for p in glob.glob(text, recursive=True)]  # noqa: PTH207  (the pattern may be absolute)
        return open_files(found, text, bands, _lazily(chunks))
    path = Path(text).expanduser()
    if not path.exists():
        if re.fullmatch(r"[\w-]+", text):
            raise unknown("sample, file or folder", text, samples())
        raise InputError(f"There is no file or folder {text!r}.")
    if is_store(path):
        return Opened(open_store(path, _lazily(chunks, "auto")))
    if path.is_dir():
        files = [p for p in path.rglob("*") if p.suffix.lower() in ENDINGS]
        return open_files(files, str(path), bands, _lazily(chunks))
    return open_raster(path, bands, stack_dates, _lazily(chunks))


def _lazily(chunks: Any, default: Any = None) -> Any:
    if chunks is not None:
        return chunks
    return (default or CHUNKS) if find_spec("dask") else None


def _fit(raw: xr.Dataset, budget: str | float | None, chunks: Any, resolution: float | None) -> xr.Dataset:
    """Read what is small, keep lazy what is large, and say so where it would not fit."""
    remote = raw.attrs.pop("remote", False)
    lazy = any(v.chunks for v in raw.variables.values())
    size = 4 * sum(v.size for v in raw.data_vars.values() if v.ndim >= 2)  # as float32, which a cube is
    if lazy and chunks is None and size <= EAGER and not remote:
        return _load(raw)
    if budget is None or not len(raw["x"]):
        return raw
    allowed = parse_bytes(budget)
    pixel = abs(float(raw["x"][-1] - raw["x"][0])) / max(1, raw.sizes["x"] - 1)
    wanted = resolution if resolution and not remote else pixel
    final = size * (pixel / wanted) ** 2 if wanted else size
    if final > allowed:
        _tell(raw, final, allowed, wanted, lazy)
    return raw


def _load(raw: xr.Dataset) -> xr.Dataset:
    import rasterio.errors

    try:
        return raw.load()
    except (OSError, RuntimeError, rasterio.errors.RasterioError) as error:
        raise SourceError(f"The pixels cannot be read: the file may be incomplete ({str(error)[:100]}).") from error


def _tell(raw: xr.Dataset, size: float, allowed: float, pixel: float, lazy: bool) -> None:
    coarser = f"resolution={float(f'{pixel * (size / allowed) ** 0.5 * 1.05:.2g}'):g}"
    sizes = " × ".join(str(raw.sizes[d]) for d in raw.sizes)
    sentence = (
        f"This cube has {size / 1e9:.2g} GB ({sizes}), more than budget={allowed / 1e9:g} GB: {coarser} would fit"
    )
    if lazy:
        warnings.warn(f"{sentence}; it is opened lazily and read where you look.", stacklevel=4)
    else:
        raise InputError(f"{sentence}; or install dask, so that it can be opened lazily.")
