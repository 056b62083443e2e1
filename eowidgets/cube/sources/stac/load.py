"""Load STAC items as one lazy Dataset of physical values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.area import Area
from eowidgets.cube.quality import read_quality
from eowidgets.cube.reproject import check_crs
from eowidgets.cube.schema import DIMS
from eowidgets.cube.sensors import OFFSET_BASELINE, OFFSET_DATE
from eowidgets.cube.sources.stac.access import Access, access_of
from eowidgets.cube.sources.stac.days import daily
from eowidgets.cube.sources.stac.find import Bbox, Found, find_items
from eowidgets.cube.sources.stac.grid import common_grid, native_grids
from eowidgets.cube.sources.stac.header import Headers, rasterio_env
from eowidgets.cube.sources.stac.layers import Layer, baseline_of, layers_of
from eowidgets.cube.sources.stac.scenes import Scene, chosen, passes, scenes_of
from eowidgets.errors import InputError, MissingExtraError, SourceError, warn_user

_CHUNKS: Any = {"x": 1024, "y": 1024}


def open_stac(
    source: Any,
    *,
    bbox: Bbox | None = None,
    dates: str | Sequence[Any] | None = None,
    bands: Sequence[str] | str | None = None,
    resolution: float | None = None,
    crs: Any = None,
    sensor: str | None = None,
    signer: Callable[[str], str] | None = None,
    chunks: Any = None,
    timeout: float = 10.0,
    remote: bool = False,
) -> xr.Dataset:
    """Find the items, then load them lazily on one grid, each file scaled by its own metadata.

    Parameters are those of :func:`eowidgets.open`.

    Returns
    -------
    Dataset
        Over time, y and x. Scenes of one pass are one date, at the time of the first. A band that no scene of a date
        has is NaN there, and ``valid`` does not count it.

    Raises
    ------
    InputError, SourceError
        One sentence each.
    """
    need_stac()
    area = None if bbox is None else Area.of(bbox)
    if crs is not None:
        crs = check_crs(crs)
    if isinstance(source, str | Path) and "://" not in str(source):
        source = Path(source).expanduser()
    items = find_items(source, None if area is None else area.bbox, dates, timeout, remote)
    if not items:
        narrowed = area is not None or dates is not None
        raise InputError(
            f"The search found no item: {'widen the dates or the bounding box' if narrowed else 'the source holds none'}."
        )
    return open_items(
        items,
        area=area,
        bands=bands,
        resolution=resolution,
        crs=crs,
        sensor=sensor,
        access=access_of(signer),
        chunks=chunks,
        timeout=timeout,
    )


def open_items(
    items: Found,
    *,
    area: Area | None = None,
    bands: Sequence[str] | str | None = None,
    resolution: float | None = None,
    crs: Any = None,
    sensor: str | None = None,
    access: Access | None = None,
    chunks: Any = None,
    timeout: float = 10.0,
    solar: float | None = None,
) -> xr.Dataset:
    """Load items lazily on one grid, each file scaled by its own metadata.

    Parameters are those of :func:`eowidgets.open`, and:

    Parameters
    ----------
    items : list of (dict, Origin)
    access : Access
        Access to the files.
    solar : float, optional
        Longitude by which solar days are counted: the scenes of one solar day are one date, instead of those of one pass.
    """
    access = access or Access()
    headers = Headers(access, timeout)
    scenes = scenes_of(items, sensor, headers)
    picked = chosen(scenes, bands)
    scenes, picked = _with_bands(scenes, picked)
    grids = native_grids(scenes, picked, headers)
    box = common_grid(grids, None if area is None else area.bounds, resolution, crs)
    layers = layers_of(scenes, picked, headers)
    _warn_of_baseline(scenes, layers)
    _warn_of_quantity(scenes, layers)
    numbers = passes(scenes, grids) if solar is None else daily(scenes, solar)
    raw = _load(scenes, layers, numbers, grids, box, resolution, access, chunks, timeout)
    return _described(raw, scenes, layers, numbers)


def need_stac() -> None:
    """Raise an error that names the extra, where the libraries for STAC are missing."""
    try:
        import odc.stac  # noqa: F401
        import pystac  # noqa: F401
        import pystac_client  # noqa: F401
    except ImportError:
        raise MissingExtraError("Opening STAC", "stac") from None


def _with_bands(scenes: list[Scene], picked: list[Any]) -> tuple[list[Scene], list[Any]]:
    """Leave out scenes that have none of the bands."""
    kept = [(s, p) for s, p in zip(scenes, picked, strict=True) if p]
    if len(kept) < len(scenes):
        left = [s.name for s, p in zip(scenes, picked, strict=True) if not p]
        warn_user(f"{_some(left)} left out: they have none of the bands.")
    return [s for s, _ in kept], [p for _, p in kept]


def _some(names: Sequence[str]) -> str:
    listed = ", ".join(repr(n[:40]) for n in names[:3])
    return f"{len(names)} items ({listed}{', ...' if len(names) > 3 else ''}) were"


def _load(
    scenes: Sequence[Scene],
    layers: Sequence[dict[str, Layer]],
    numbers: Sequence[int],
    grids: Sequence[Any],
    box: Any,
    resolution: float | None,
    access: Access,
    chunks: Any,
    timeout: float,
) -> xr.Dataset:
    import odc.stac

    from eowidgets.cube.sources.stac.reader import LayerDriver

    first = {n: layer for own in reversed(layers) for n, layer in own.items()}
    names = list({n: None for own in layers for n in own})
    ids = [f"{i:06d}" for i in range(len(scenes))]
    groups = dict(zip(ids, numbers, strict=True))
    parsed = [_item(*args) for args in zip(ids, scenes, layers, grids, strict=True)]
    driver = LayerDriver(
        dict(zip(ids, layers, strict=True)),
        {n: (first[n].result, first[n].fill) for n in names},
        {i: s.origin for i, s in zip(ids, scenes, strict=True)},
        timeout,
        access,
    )
    # Classes and bits have no average.
    classes = {n: "mode" if resolution is not None else "nearest" for n in names if first[n].kept}
    try:
        # The options for reading are noted here and apply wherever the pixels are read.
        with rasterio_env(timeout):
            raw: xr.Dataset = odc.stac.load(
                parsed,
                bands=names,
                geobox=box,
                chunks=chunks or _CHUNKS,
                groupby=lambda item, _parsed, _index: groups[item.id],
                resampling={"*": "average" if resolution is not None else "nearest"} | classes,
                driver=driver,
            )
    except (ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"The STAC items cannot be put on one grid ({type(error).__name__}): pass resolution= and bbox=."
        ) from error
    # odc-stac calls the axes of a geographic CRS latitude and longitude.
    raw = raw.rename({d: n for d, n in (("latitude", "y"), ("longitude", "x")) if d in raw.dims})
    return raw.drop_attrs(deep=False)


def _item(name: str, scene: Scene, layers: dict[str, Layer], grid: Any) -> Any:
    """Return the item as odc-stac reads it: one asset for each band, with the grid of the item as its footprint."""
    import pystac

    epsg = grid.crs.epsg
    code = {"proj:code": f"EPSG:{epsg}"} if epsg else {"proj:wkt2": grid.crs.wkt}
    shape = {"proj:shape": list(grid.shape), "proj:transform": list(grid.affine)[:6]}
    item = pystac.Item(
        name,
        None,
        None,
        scene.time,
        {},
        stac_extensions=["https://stac-extensions.github.io/projection/v2.0.0/schema.json"],
        collection="scenes",
    )
    for band, layer in layers.items():
        item.add_asset(band, pystac.Asset(layer.href, extra_fields=code | shape))
    return item


def _described(
    raw: xr.Dataset, scenes: Sequence[Scene], layers: Sequence[dict[str, Layer]], numbers: Sequence[int]
) -> xr.Dataset:
    for name in [str(n) for n in raw.data_vars]:
        raw[name] = raw[name].transpose(*DIMS)
        scene, layer = next((s, own[name]) for s, own in zip(scenes, layers, strict=True) if name in own)
        key = (scene.bands.get(name) or scene.others[name]).key
        noted = {"source_band": key, "units": layer.units, "quantity": layer.quantity}
        raw[name].attrs = {k: v for k, v in noted.items() if v}
        if layer.wavelength is not None:
            raw[name].attrs["center_wavelength"] = layer.wavelength
        if layer.quantity == "classes":
            raw[name].attrs["nodata"] = layer.fill
        if layer.classes:
            values, titles = zip(*layer.classes, strict=True)
            raw[name].attrs |= {
                "flag_values": np.array(values, layer.dtype),
                "flag_meanings": " ".join(titles),
            }
    raw = _with_masks(raw, scenes, layers, numbers)
    raw.attrs["remote"] = True
    raw.attrs["scaled"] = all(layer.scaled for own in layers for layer in own.values())
    sensors = sorted({s.sensor.key for s in scenes if s.sensor})
    if sensors:
        raw.attrs["sensor"] = sensors[0]
    raw.attrs["title"] = str(scenes[0].document.get("collection") or "STAC items")[:200]
    return raw


def _with_masks(
    raw: xr.Dataset, scenes: Sequence[Scene], layers: Sequence[dict[str, Layer]], numbers: Sequence[int]
) -> xr.Dataset:
    """Add ``valid`` and ``clouds`` where dates lack bands, which must not count there."""
    has: dict[str, set[int]] = {str(n): set() for n in raw.data_vars}
    for number, own in zip(numbers, layers, strict=True):
        for name in own:
            has[name].add(number)
    dates = sorted(set(numbers))
    lacking = {n: [d not in found for d in dates] for n, found in has.items() if len(found) < len(dates)}
    poor = [s.name for s, own in zip(scenes, layers, strict=True) if set(own) < set(has)]
    if not poor:
        return raw
    listed = ", ".join(repr(n) for n in has if any(n not in own for own in layers))
    warn_user(f"{_some(poor)} opened without {listed[:200]}, which they lack: NaN there.")
    if not lacking:
        return raw
    quality = {n: layer.quality for own in layers for n, layer in own.items() if layer.quality}
    valid: Any = None
    clouds: Any = None
    for name in has:
        absent = xr.DataArray(lacking.get(name, [False] * len(dates)), dims="time", coords={"time": raw["time"]})
        if name in quality:
            cloudy, seen = read_quality(raw[name].rename(quality[name]))
            clouds = cloudy & ~absent if clouds is None else clouds | (cloudy & ~absent)
        else:
            seen = raw[name].notnull()
        valid = seen | absent if valid is None else valid & (seen | absent)
    raw["valid"] = valid
    if clouds is not None:
        raw["clouds"] = clouds & valid
    return raw


def _warn_of_baseline(scenes: Sequence[Scene], layers: Sequence[dict[str, Layer]]) -> None:
    """Warn where Sentinel-2 integers may hold an offset that nothing states."""
    first = np.datetime64(OFFSET_DATE)
    silent = [
        s.name
        for s, own in zip(scenes, layers, strict=True)
        if s.sensor is not None
        and s.sensor.key.startswith("sentinel2")
        and s.sensor.baseline is None
        and np.datetime64(s.time.replace(tzinfo=None)) >= first
        and baseline_of(s.document) is None
        and not any(str(k).endswith("boa_offset_applied") for k in s.document["properties"])
        and all(layer.offset == 0 for layer in own.values() if not layer.quality and np.dtype(layer.dtype).kind in "iu")
        and any(layer.offset == 0 and np.dtype(layer.dtype).kind in "iu" for layer in own.values() if not layer.quality)
    ]
    if silent:
        sensor = next(s.sensor.key for s in scenes if s.sensor is not None)
        warn_user(
            f"{_some(silent)} acquired since {OFFSET_DATE} and state no processing baseline: if their numbers hold the "
            f"offset of 1000, open with sensor='{sensor}@{OFFSET_BASELINE:05.2f}'."
        )


def _warn_of_quantity(scenes: Sequence[Scene], layers: Sequence[dict[str, Layer]]) -> None:
    """Warn where bands hold another quantity than the name of their product suggests."""
    eight = {
        s.product for s, own in zip(scenes, layers, strict=True) for x in own.values() if x.quantity == "brightness"
    }
    if eight - {"naip"}:
        warn_user(
            f"The bands of {', '.join(sorted(eight))[:80]} hold 8-bit numbers: they are opened as brightness from 0 to 1."
        )
    if any(s.product == "landsat-oli-l1" for s in scenes):
        warn_user(
            "These are Level-1 numbers: top-of-atmosphere reflectance, not divided by the sine of the sun's elevation."
        )
