"""``eow.open``: every kind of source becomes one kind of cube."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

import numpy as np
import xarray as xr
from annotated_types import Interval, doc

from eowidgets.arguments import DateLike, FilePath, Memory, Positive, checked
from eowidgets.cube.area import Area, AreaLike
from eowidgets.cube.area_source import CRSLike
from eowidgets.cube.catalogues.catalogue import Catalogue
from eowidgets.cube.catalogues.listed import names
from eowidgets.cube.catalogues.pixels import options_of, read, selection_of
from eowidgets.cube.catalogues.selection import Selection
from eowidgets.cube.grid import georeference
from eowidgets.cube.layout import is_static
from eowidgets.cube.legends import with_legends
from eowidgets.cube.normalise import Clouds, finish, lay_out, normalise
from eowidgets.cube.opened import note
from eowidgets.cube.reading import reading
from eowidgets.cube.reduce import between, coarsen
from eowidgets.cube.samples import open_sample, samples
from eowidgets.cube.sources import Opened
from eowidgets.cube.sources.request import Request
from eowidgets.cube.vectors import refuse_for_vectors
from eowidgets.errors import InputError, unknown, warn_user
from eowidgets.system import check_plain, parse_bytes

#: Cubes up to this size are read at once; larger ones are opened lazily and read where they are looked at.
EAGER = 256_000_000
CHUNKS = {"band": 1, "x": 1024, "y": 1024}


@runtime_checkable
class HasLinks(Protocol):
    """An item, a collection or a catalogue of pystac."""

    links: list[Any]


@runtime_checkable
class HasItems(Protocol):
    """A search of pystac-client."""

    def items(self) -> Any:
        """Return the items."""


CatalogueSource = Annotated[
    FilePath | Catalogue | Mapping[str, Any] | HasLinks | HasItems | Sequence[Any],
    doc("the name of a catalogue such as 'sentinel-2', the address of a STAC API, or STAC items"),
]
Source = Annotated[
    FilePath
    | Selection
    | Catalogue
    | xr.Dataset
    | xr.DataArray
    | Mapping[str, Any]
    | HasLinks
    | HasItems
    | Sequence[Any],
    doc("a sample's name, a catalogue's name, a path, an xarray object or STAC"),
]
Dates = Annotated[
    str | slice | Sequence[DateLike | None], doc("dates such as '2020-01/2020-06' or ('2020-01-01', '2020-06-30')")
]
Chunks = Annotated[
    int | Literal["auto"] | Mapping[str, Any] | Sequence[Any], doc("dask chunks such as 'auto' or {'x': 512, 'y': 512}")
]


@checked
def open(
    source: Source,
    *,
    area: AreaLike | None = None,
    dates: Dates | None = None,
    cloud: Annotated[float, Interval(ge=0, le=100), doc("the largest cloud cover in per cent, from 0 to 100")]
    | None = None,
    bbox: AreaLike | None = None,
    bands: str | Sequence[str] | None = None,
    resolution: Positive | None = None,
    crs: CRSLike | None = None,
    budget: Memory | None = "2GB",
    clouds: Clouds = "mask",
    sensor: str | None = None,
    signer: Callable[[str], str] | None = None,
    chunks: Chunks | None = None,
    timeout: Positive = 10.0,
    group: str | None = None,
    remote: bool = False,
) -> xr.Dataset:
    """Open a source as a cube.

    Parameters
    ----------
    source : str, Path, Dataset, DataArray, dict or pystac object
        A sample's name; the name of a catalogue (:func:`eowidgets.catalogues`), such as ``"sentinel-2"``;
        a raster file; a folder, glob or zip archive of raster files, for instance a Sentinel-2
        ``.SAFE`` product; embeddings of AlphaEarth or TESSERA, which give a cube of vectors (``docs/embeddings.md``); a
        NetCDF file, or a folder or glob of them; a Zarr store (v2, v3, zip); an xarray object;
        a STAC item, collection, catalogue or API (path, address or object). Sources of plug-ins are opened first.
    area : optional
        Only this part: (west, south, east, north) in degrees, or anything else that :meth:`eowidgets.Area.of` takes.
        Catalogues need it.
    dates : str or sequence, optional
        ``"2020-01/2020-06"``, a pair or a slice: only from the first to the last. A longer list: only these days.
        For raster files without dates, their dates in the order of the names. For catalogues, days are those of the sun
        at the middle of the area.
    cloud : float, optional
        For catalogues and STAC: largest cloud cover of a day in per cent, as the catalogue states it for whole images.
    bbox : optional
        Older name of ``area``.
    bands : str or sequence of str, optional
        Names to keep, as common names or as the source writes them. For rasters without band names, the names of
        the bands in file order.
    resolution : float, optional
        Pixel size in units of the CRS, coarser than the source: bands are averaged, quality is the most frequent.
        A product with several pixel sizes is opened with the bands that suit it.
    crs : optional
        CRS of the cube, where it is not that of the source: ``"EPSG:32634"`` or anything odc-geo's CRS takes.
    budget : str, float or None
        Memory that the cube should fit in. Larger cubes are opened lazily, with a warning that states their size and
        the resolution at which they would fit; where dask is missing they are refused. None: no warning.
    clouds : {"mask", "robust", "units", None}
        Masks from the quality band; with ``"robust"`` also what it missed, from the dates before and after
        (:func:`eowidgets.cube.clouds.robust_clouds`); with ``"units"`` what the network of ``units-clouds`` finds, which
        suits short series (:func:`eowidgets.models.units.cloud_mask`); or none.
    sensor : str, optional
        The product, where names or numbers do not identify it, for instance ``"sentinel2-l2a"`` or
        ``"sentinel2-l2a@04.00"``.
    signer : callable, optional
        Turns an asset's address into a signed one.
    chunks : optional
        Dask chunks; None reads cubes of up to 256 MB at once and larger ones lazily.
    timeout : float
        Seconds to wait for a server.
    group : str, optional
        Group of a NetCDF file or Zarr store.
    remote : bool
        Whether a local file (VRT, STAC) may name addresses and files outside its own folder.

    Returns
    -------
    Dataset
        A cube (see :mod:`eowidgets.cube.schema`); elevation, land cover and the like without a date are static layers
        over ``(y, x)``.

    Raises
    ------
    InputError, SourceError
        One sentence: what is wrong, where, and what to do.

    Notes
    -----
    The images of a catalogue are merged by solar day and product; of several processing baselines of one acquisition the
    highest is read (:func:`eowidgets.find` shows what there is before it is read).

    Examples
    --------
    >>> cube = open("romania")
    >>> cube.sizes["time"], cube.red.dtype
    (140, dtype('float32'))
    """
    area, named = _one_area(area, bbox)
    given: dict[str, Any] = {named: area, "dates": dates, "bands": bands, "resolution": resolution, "clouds": clouds}
    given |= {"sensor": sensor, "crs": crs, "group": group, "remote": remote}
    if isinstance(source, str) and source in samples():
        _no_cloud(source, cloud)
        cube = finish(open_sample(source), clouds, bands)
        return note(with_legends(georeference(_reduce(cube, area, dates, resolution, crs))), source, **given)
    request = _Request(area, dates, bands, resolution, crs, sensor, signer, chunks, timeout, group, remote, budget)
    selection = selection_of(source, request, cloud)
    if selection is not None:
        source, area = selection.query.catalogue.name or selection.query.catalogue.api, selection.query.area
        given |= {named: None} | options_of(selection)
        opened = Opened(read(selection, request), named=True, dated=True)
    else:
        _no_cloud(source, cloud)
        opened = _raw(source, request)
    where = f"{source}: " if isinstance(source, str | Path) and str(source) else ""
    bands, dates = None if opened.named else bands, None if opened.dated else dates
    try:
        raw = lay_out(opened.data)
        if is_static(raw):
            dates = bands = None
        if clouds in ("mask", None):  # the others compare with the dates before and after
            raw = between(raw, dates)
        raw = _fit(raw if area is None else _window(raw, area), budget, chunks, resolution)
        cube = _reduce(normalise(raw, sensor=sensor, clouds=clouds, bands=bands), area, dates, resolution, crs)
        cube = with_legends(georeference(cube))
    except InputError as error:
        raise InputError(f"{'' if str(source) in str(error) else where}{error}") from error
    return note(cube, source, **given) if where else cube


def _one_area(area: Any, bbox: Any) -> tuple[Any, str]:
    """Return the area, and the name under which it was given."""
    if area is not None and bbox is not None:
        raise InputError("area= and bbox= are two names for the same: give area=.")
    given, named = (area, "area") if bbox is None else (bbox, "bbox")
    # Numbers are noted as they are; anything else is read once, and noted without the path that it came from.
    plain = given is None or (isinstance(given, list | tuple) and len(given) == 4)
    return (given if plain else Area.of(given)), named


def _no_cloud(source: Any, cloud: float | None) -> None:
    if cloud is not None:
        what = f"{str(source)[-60:]!r}" if isinstance(source, str | Path) else "The source"
        raise InputError(
            f"cloud= selects the images of a catalogue, which {what} is not: leave it out, and mask clouds with clouds=."
        )


class _Request(Request):
    """The options of ``open``, as plug-ins and raster files take them."""

    def options(self) -> dict[str, Any]:
        """Return the options by name, for plug-ins."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "budget"}

    def files(self) -> Any:
        """Return what raster files need."""
        from eowidgets.cube.sources.raster import Request

        dates = self.dates if self.dates is not None and not isinstance(self.dates, str | slice) else None
        bands = [self.bands] if isinstance(self.bands, str) else self.bands
        eager = EAGER if self.chunks is None and self.bbox is None else 0
        eager = eager if self.budget is None else min(eager, parse_bytes(self.budget))
        return Request(bands, dates, self.sensor, self.resolution, self.crs, _lazily(self.chunks), eager, self.remote)

    def embeddings(self) -> Any:
        """Return what embeddings need."""
        from eowidgets.cube.sources.embeddings.reader import Wanted

        return Wanted(self.bbox, self.dates, _lazily(self.chunks, "auto"), EAGER, self.remote)


def _reduce(cube: xr.Dataset, bbox: Any, dates: Any, resolution: float | None, crs: Any) -> xr.Dataset:
    """Return only the dates, the part, the CRS and the resolution that were asked for."""
    refuse_for_vectors(cube, resolution=resolution, crs=crs)
    cube = between(cube, dates)
    if bbox is not None:
        cube = cube.eow.clip(bbox)
    if crs is not None:
        from eowidgets.cube.reproject import reproject

        cube = reproject(cube, crs, resolution)
    return cube if resolution is None else coarsen(cube, resolution)


def _window(raw: xr.Dataset, bbox: Any) -> xr.Dataset:
    """Return rows and columns that a bounding box touches, before anything is read; later steps refuse what is outside."""
    from eowidgets.cube.window import window

    found = window(raw, bbox, margin=1)
    return raw if found is None else found


def _raw(source: Any, request: _Request) -> Opened:
    """Return the data of a source, and what of ``bands`` and ``dates`` was used up on the way."""
    if isinstance(source, xr.Dataset | xr.DataArray):
        return Opened(source.copy())
    from eowidgets.cube.sources.own_geotiff import raster_of
    from eowidgets.cube.sources.plugged import open_plugged
    from eowidgets.cube.sources.stac import is_stac, open_stac

    plugged = open_plugged(source, **request.options())
    if plugged is not None:
        return Opened(plugged)
    catalogue = Path(source).expanduser() / "catalog.json" if isinstance(source, str | Path) else None
    if catalogue is not None and catalogue.is_file():
        source = str(catalogue)
    if isinstance(source, str | Path):  # the item of an export: its GeoTIFF holds more
        source = raster_of(Path(source).expanduser()) or source
    if is_stac(source):
        found = open_stac(
            source,
            bbox=request.bbox,
            dates=request.dates,
            bands=request.bands,
            resolution=request.resolution,
            crs=request.crs,
            sensor=request.sensor,
            signer=request.signer,
            chunks=request.chunks,
            timeout=request.timeout,
            remote=request.remote,
        )
        return Opened(found, named=True, dated=True)
    if not isinstance(source, str | Path):
        raise InputError(
            f"A {type(source).__name__} cannot be opened: give a sample's name, a path, an xarray object or STAC."
        )
    return _from_path(str(source), request)


def _from_path(text: str, request: _Request) -> Opened:
    from eowidgets.cube.sources.embeddings.reader import ENDINGS as EMBEDDINGS
    from eowidgets.cube.sources.embeddings.reader import open_embeddings
    from eowidgets.cube.sources.hdf4 import ENDINGS as HDF4
    from eowidgets.cube.sources.hdf4 import open_hdf4
    from eowidgets.cube.sources.listing import ENDINGS, in_archive, in_folder
    from eowidgets.cube.sources.raster import open_files, open_raster
    from eowidgets.cube.sources.store import NETCDF, is_store, open_store

    if not text.strip():
        raise InputError("The source is empty: give a sample's name, a path, an xarray object or STAC.")
    if any(c in text for c in "*?["):
        paths = [Path(p) for p in glob.glob(text, recursive=True)]  # noqa: PTH207  (the pattern may be absolute)
        root = Path(re.split(r"[*?\[]", text)[0]).expanduser()
        root = root if root.is_dir() else root.parent
        some = [p for p in paths if p.suffix.lower() in EMBEDDINGS]
        return open_embeddings(some, root, request.embeddings()) or _many(paths, text, root, request)
    path = Path(text).expanduser()
    if not path.exists():
        if re.fullmatch(r"[\w-]+", text):
            raise unknown("sample, catalogue, file or folder", text, [*samples(), *names()])
        raise InputError(f"There is no file or folder {text[-80:]!r}.")
    check_plain(path)
    if path.suffix.lower() == ".zip" and (found := in_archive(path)):
        return open_files(found, str(path), path, request.files())
    if is_store(path):
        return Opened(open_store(path, _lazily(request.chunks, "auto"), request.group))
    if path.is_dir():
        if (vectors := open_embeddings(in_folder(path, EMBEDDINGS), path, request.embeddings())) is not None:
            return vectors
        return _many(in_folder(path, (*ENDINGS, *NETCDF, *HDF4, ".zip")), str(path), path, request)
    if path.suffix.lower() in HDF4:
        return Opened(open_hdf4(path))
    if (vectors := open_embeddings([path], path.parent, request.embeddings())) is not None:
        return vectors
    return open_raster(path, request.files())


def _many(paths: list[Path], where: str, root: Path, request: _Request) -> Opened:
    """Open the files of a folder or a glob: rasters and archives of them, else NetCDF."""
    from eowidgets.cube.sources.hdf4 import ENDINGS as HDF4
    from eowidgets.cube.sources.listing import band_files, in_archive
    from eowidgets.cube.sources.netcdf_files import open_netcdf_files
    from eowidgets.cube.sources.raster import open_files
    from eowidgets.cube.sources.store import NETCDF

    netcdf = [p for p in paths if p.suffix.lower() in (*NETCDF, *HDF4)]
    archives = sorted(p for p in paths if p.suffix.lower() == ".zip")
    found = [*band_files(paths), *(f for a in archives for f in in_archive(a))]
    if netcdf and not found:
        return Opened(open_netcdf_files(netcdf, where, _lazily(request.chunks, "auto")))
    return open_files(found, where, root, request.files())


def _lazily(chunks: Any, default: Any = None) -> Any:
    if chunks is not None:
        return chunks
    return (default or CHUNKS) if find_spec("dask") else None


def _fit(raw: xr.Dataset, budget: str | float | None, chunks: Any, resolution: float | None) -> xr.Dataset:
    """Read what is small, keep lazy what is large, and warn where the cube would exceed the budget."""
    remote = raw.attrs.pop("remote", False)
    if not len(raw["x"]) or all(isinstance(v.variable._data, np.ndarray) for v in raw.data_vars.values()):
        return raw  # in memory already
    size = 4 * sum(v.size for v in raw.data_vars.values() if v.ndim >= 2)  # as float32, which a cube is
    pixel = abs(float(raw["x"][-1] - raw["x"][0])) / max(1, raw.sizes["x"] - 1)
    wanted = resolution if resolution and not remote else pixel
    final = size * (pixel / wanted) ** 2 if wanted else size
    allowed = None if budget is None else parse_bytes(budget)
    fits = allowed is None or final <= allowed
    lazy = any(v.chunks for v in raw.variables.values())
    if not lazy and not fits and find_spec("dask"):  # a file opened by xarray without chunks
        raw, lazy = raw.chunk({"y": CHUNKS["y"], "x": CHUNKS["x"]}), True
    if lazy and chunks is None and size <= EAGER and fits and not remote:
        return _load(raw)
    if allowed is not None and not fits:
        _tell(raw, final, allowed, wanted, lazy)
    return raw


def _load(raw: xr.Dataset) -> xr.Dataset:
    with reading("The pixels", str(raw.encoding.get("source", ""))):
        return raw.load()


def _tell(raw: xr.Dataset, size: float, allowed: float, pixel: float, lazy: bool) -> None:
    coarser = f"resolution={float(f'{pixel * (size / allowed) ** 0.5 * 1.05:.2g}'):g}"
    sizes = " × ".join(str(raw.sizes[d]) for d in raw.sizes)
    sentence = (
        f"This cube has {size / 1e9:.2g} GB ({sizes}), more than budget={allowed / 1e9:g} GB: {coarser} would fit"
    )
    if lazy:
        warn_user(f"{sentence}; it is opened lazily and read where you look.")
    else:
        raise InputError(f"{sentence}; or install dask, so that it can be opened lazily.")
