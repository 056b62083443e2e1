"""The tools behind answers: plain functions over a cube, each with a result that can be verified.

Masks are boolean arrays ``(y, x)`` on the grid of the cube. The code of an answer calls these functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.analysis.ask.landcover import UNSEEN, class_mask, classify, snow, water
from eowidgets.analysis.ask.language import COVERS
from eowidgets.cube import globe
from eowidgets.cube.antimeridian import split, straighten, wrap
from eowidgets.cube.area import Area
from eowidgets.cube.grid import geobox
from eowidgets.cube.schema import bands, usable, valid
from eowidgets.errors import InputError

Mask = npt.NDArray[np.bool_]
#: Minimum size of a patch in hectares: smaller ones are noise of single pixels.
SMALLEST = 0.05
#: Minimum share of the observed ground under snow or cloud for its presence.
THERE = 0.01
#: Minimum share of built-up land, in percent, of an urban place.
URBAN = 10.0
#: Maximum relative difference between pixel sizes on the grid and on the ellipsoid for which that on the grid is used.
PLANE = 0.01
#: Indices that grow without bound near a zero denominator, and their largest meaningful value.
UNBOUNDED = {"EVI": 2.0, "EVI2": 2.0}
#: Bands of radar.
RADAR = ("vv", "vh", "hh", "hv")
#: Constants of formulas by their authors, where the catalogue has others: L of SAVI after Huete (1988).
CONSTANTS = {"SAVI": {"L": 0.5}}
CELLS = ("north-west", "north", "north-east", "west", "centre", "east", "south-west", "south", "south-east")
_PER = {"ha": 1.0, "km2": 0.01, "m2": 1e4}

# --- when and where -----------------------------------------------------------------------------------------------


def between(cube: xr.Dataset, start: str = "", end: str = "", months: Sequence[int] = ()) -> xr.Dataset:
    """Return the dates from ``start`` to ``end`` (ISO days, inclusive), in some months only.

    Raises
    ------
    InputError
        If no date is left; the message states the dates of the series.
    """
    cut = cube.eow.between(start or None, end or None) if start or end else cube
    if months:
        cut = cut.isel(time=np.isin(cut["time"].dt.month.values, list(months)))
        if not cut.sizes["time"]:
            raise InputError("No date of the series lies in these months.")
    out: xr.Dataset = cut
    return out


def year_around(cube: xr.Dataset, start: str = "", end: str = "") -> xr.Dataset:
    """Return the dates for a land cover map: the requested ones, or the year (or years) that contain them.

    Without dates, the last year of the series.
    """
    first, last = (str(t)[:10] for t in cube["time"].values[[0, -1]])
    if not start and not end:
        return between(cube, str(np.datetime64(last) - 364), last)
    between(cube, start, end)  # a period without any date raises before it is widened
    start, end = max(start or first, first), min(end or last, last)
    if np.datetime64(end) - np.datetime64(start) < np.timedelta64(300, "D"):
        start, end = f"{start[:4]}-01-01", f"{end[:4]}-12-31"
    return between(cube, start, end)


def region(
    cube: xr.Dataset,
    place: str = "all",
    area: Any = None,
    layer: Mapping[str, Any] | None = None,
    point: tuple[float, ...] = (),
) -> Mask:
    """Return the mask of a place.

    Parameters
    ----------
    place : str
        ``"north"`` is the northern half, ``"north-west"`` that quarter, ``"centre"`` the middle of the scene (half its
        width and height).
    area : optional
        What ``Area.of`` takes.
    layer : mapping, optional
        A GeoJSON, whose features all count.
    point : (lon, lat), optional
        Only the pixel that contains it.
    """
    height, width = cube.sizes["y"], cube.sizes["x"]
    mask = np.ones((height, width), bool)
    rows, columns = np.arange(height)[:, None] + 0.5, np.arange(width)[None] + 0.5
    if place == "centre":
        mask &= (abs(rows - height / 2) <= height / 4) & (abs(columns - width / 2) <= width / 4)
    if "north" in place:
        mask &= rows < height / 2
    if "south" in place:
        mask &= rows >= height / 2
    if "west" in place:
        mask &= columns < width / 2
    if "east" in place:
        mask &= columns >= width / 2
    for shape, what in ((area, "area"), (layer, "layer")):
        if shape is not None:
            mask &= Area.of(shape).mask(geobox(cube))
            if not mask.any():
                raise InputError(f"The {what} does not touch that part of the cube.")
    if point:
        mask &= _pixel(cube, *point)
        if not mask.any():
            raise InputError(f"The point {point[1]:.5f}° N, {point[0]:.5f}° E lies outside of that part of the cube.")
    return mask


def _pixel(cube: xr.Dataset, lon: float, lat: float) -> Mask:
    from pyproj import Transformer

    box = geobox(cube)
    x, y = Transformer.from_crs("EPSG:4326", str(box.crs), always_xy=True).transform(lon, lat)
    column, row = (int(np.floor(v)) for v in ~box.affine * (x, y))
    mask = np.zeros(box.shape, bool)
    if 0 <= row < box.height and 0 <= column < box.width:
        mask[row, column] = True
    return mask


# --- what there is ------------------------------------------------------------------------------------------------


def land_cover(cube: xr.Dataset) -> xr.Dataset:
    """Map land cover from all dates of a cube; see :mod:`eowidgets.analysis.ask.landcover`."""
    return classify(cube)


def water_cover(cube: xr.Dataset) -> xr.Dataset:
    """Map water alone, from one date or more; see :func:`eowidgets.analysis.ask.landcover.water`."""
    return water(cube)


def kind_mask(land: xr.Dataset, name: str, where: Mask) -> Mask:
    """Return the pixels within ``where`` of a kind in a land cover map."""
    out: Mask = class_mask(land, name) & where
    return out


def seen(land: xr.Dataset, where: Mask) -> Mask:
    """Return the pixels within ``where`` whose land cover is known."""
    out: Mask = (land["cover"].values != UNSEEN) & where
    return out


def sky_share(cube: xr.Dataset, name: str, where: Mask) -> xr.DataArray:
    """Return the share (0..1) of ``where`` under cloud, or of its clear ground under snow, on every date."""
    inside = xr.DataArray(where, dims=("y", "x"))
    if name == "cloud":
        if "clouds" not in cube:
            raise InputError(
                "This cube has no cloud mask: open it with one, or compute one with cube.eow.robust_clouds()."
            )
        known, found = valid(cube), cube["clouds"]
    else:
        known, found = usable(cube), snow(cube)
    total = (known & inside).sum(("y", "x"))
    share = ((found & known & inside).sum(("y", "x")) / total.where(total > 0)).astype(float)
    # A handful of clear pixels does not represent the ground.
    out: xr.DataArray = share.where(total >= 0.1 * max(int(where.sum()), 1)).rename(name)
    return out


def sky_mask(cube: xr.Dataset, name: str, where: Mask) -> Mask:
    """Return the pixels under cloud, or under snow, on at least one date."""
    found = cube["clouds"] if name == "cloud" else snow(cube)
    out: Mask = found.any("time").values & where
    return out


def index_values(cube: xr.Dataset, name: str, where: Mask) -> xr.DataArray:
    """Return a spectral index or a band (time, y, x), NaN where the ground is not visible and outside ``where``."""
    inside = xr.DataArray(where, dims=("y", "x"))
    if not cube.indexes["time"].is_monotonic_increasing:  # pairs of dates are in the order of one of them
        cube = cube.sortby("time")
    values = cube[name] if name in bands(cube) else cube.eow.index(name, **CONSTANTS.get(name, {}))
    good = (valid(cube) if name in RADAR else usable(cube)) & inside  # clouds do not hide the ground from radar
    if name in UNBOUNDED:
        good &= abs(values) <= UNBOUNDED[name]
    out: xr.DataArray = values.where(good).rename(name)
    return out


def course(values: xr.DataArray, where: Mask) -> xr.DataArray:
    """Compute the mean on every date on which at least a fifth of ``where`` is clear."""
    count = values.notnull().sum(("y", "x"))
    out: xr.DataArray = values.mean(("y", "x")).where(count >= 0.2 * where.sum()).dropna("time")
    if not out.sizes["time"]:
        raise InputError("The place has no observation without cloud in that time.")
    return out


# --- how much -----------------------------------------------------------------------------------------------------


def pixel_hectares(cube: xr.Dataset) -> float:
    """Compute the size of a pixel in the middle of the cube, in hectares.

    On the ellipsoid if the projection distorts areas by more than one percent (Web Mercator), else on the grid.
    """
    box = geobox(cube)
    return _pixel_hectares(str(box.crs), tuple(box.affine)[:6], (box.height, box.width))


@lru_cache(maxsize=64)
def _pixel_hectares(crs: str, affine: tuple[float, ...], shape: tuple[int, int]) -> float:
    from affine import Affine
    from odc.geo.geobox import GeoBox

    box = GeoBox(shape, Affine(*affine), crs)
    middle = box[shape[0] // 2, shape[1] // 2] if min(shape) else box
    ground = float(Area.of(middle.extent.geom, crs=crs).hectares)
    if box.crs is not None and box.crs.projected:
        metres = float(box.crs.proj.axis_info[0].unit_conversion_factor)
        plane = abs(float(box.affine.determinant)) * metres**2 / 1e4
        return plane if abs(plane / ground - 1) <= PLANE else ground
    return ground


def area(mask: Mask, cube: xr.Dataset, unit: str = "ha") -> float:
    """Compute the size of the pixels of a mask, in ``"ha"``, ``"km2"`` or ``"m2"``."""
    return float(mask.sum() * pixel_hectares(cube) * _PER[unit])


def share(mask: Mask, where: Mask) -> float:
    """Compute the pixels of a mask in percent of ``where``."""
    return float(100 * (mask & where).sum() / where.sum()) if where.any() else 0.0


def mean_percent(shares: xr.DataArray) -> float:
    """Compute the mean of shares over their dates, in percent."""
    if not np.isfinite(shares.values).any():
        raise InputError("The place was not observed on any date in that time.")
    return float(100 * np.nanmean(shares.values))


def objects(mask: Mask, cube: xr.Dataset, min_hectares: float = 0.0) -> dict[str, Any]:
    """Find separate patches (touching at sides or corners), the largest first, without those that are too small.

    Returns
    -------
    dict
        ``count``, ``hectares`` (list), ``labels`` (y, x) with 1 for the largest, ``mask``.
    """
    from scipy import ndimage

    labels, count = ndimage.label(mask, np.ones((3, 3), int))
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:] * pixel_hectares(cube)
    order = np.argsort(-sizes, kind="stable")
    kept = [int(i) for i in order if sizes[i] >= max(min_hectares, SMALLEST) - 1e-9]
    table = np.zeros(count + 1, np.int32)
    for rank, i in enumerate(kept, 1):
        table[i + 1] = rank
    ranked = table[labels]
    return {"count": len(kept), "hectares": [float(sizes[i]) for i in kept], "labels": ranked, "mask": ranked > 0}


def polygons(mask: Mask, cube: xr.Dataset, name: str = "") -> dict[str, Any]:
    """Return the outlines of the patches of a mask as a GeoJSON FeatureCollection in degrees."""
    import shapely
    from pyproj import Transformer
    from rasterio.features import shapes
    from shapely.geometry import mapping, shape

    box = geobox(cube)
    turn = Transformer.from_crs(str(box.crs), "EPSG:4326", always_xy=True).transform
    outlines = [shape(o) for o, _ in shapes(mask.astype(np.uint8), mask=mask, connectivity=8, transform=box.affine)]
    placed = shapely.transform(outlines, turn, interleaved=False) if outlines else []
    parts = [split(straighten(one)) for one in placed]  # RFC 7946: nothing crosses the antimeridian
    features = [{"type": "Feature", "properties": {"name": name}, "geometry": mapping(one)} for one in parts]
    return {"type": "FeatureCollection", "features": features}


# --- where --------------------------------------------------------------------------------------------------------


def grid_shares(mask: Mask, where: Mask) -> dict[str, float]:
    """Compute the distribution of a mask over nine fields of the place, as shares of the mask (0..1)."""
    rows, columns = np.flatnonzero(where.any(1)), np.flatnonzero(where.any(0))
    if not len(rows) or not mask.any():
        return dict.fromkeys(CELLS, 0.0)
    inner = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    y = np.minimum(np.arange(inner.shape[0]) * 3 // inner.shape[0], 2)
    x = np.minimum(np.arange(inner.shape[1]) * 3 // inner.shape[1], 2)
    counts = np.bincount((y[:, None] * 3 + x[None])[inner], minlength=9)
    return dict(zip(CELLS, (counts / counts.sum()).tolist(), strict=True))


def main_cell(shares: Mapping[str, float]) -> str:
    """Return the field with the largest share."""
    return max(CELLS, key=lambda c: shares[c])


def nearest(mask: Mask, where: Mask, cube: xr.Dataset) -> dict[str, Any]:
    """Find the pixel of a mask nearest to the middle of the place: distance (m), direction and degrees."""
    if not mask.any():
        raise InputError("There is none in that place.")
    rows, columns = np.nonzero(where)
    middle = (float(rows.mean()), float(columns.mean()))
    y, x = np.nonzero(mask)
    size = geobox(cube).resolution
    metres = np.hypot((y - middle[0]) * abs(size.y), (x - middle[1]) * abs(size.x))
    i = int(metres.argmin())
    here, there = lonlat(cube, *middle), lonlat(cube, float(y[i]), float(x[i]))
    from pyproj import Geod

    azimuth, _, distance = Geod(ellps="WGS84").inv(*here, *there)
    inside = abs(y[i] - middle[0]) <= 0.5 and abs(x[i] - middle[1]) <= 0.5
    ring = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
    heading = "here" if inside else ring[round(azimuth % 360 / 45) % 8]
    return {"metres": 0.0 if inside else float(distance), "direction": heading, "lonlat": there}


def lonlat(cube: xr.Dataset, row: float, column: float) -> tuple[float, float]:
    """Return the degrees of a pixel's centre, rounded to about a decimetre."""
    lon, lat = globe.lonlat(geobox(cube), column + 0.5, row + 0.5)
    return round(wrap(float(lon)), 6), round(float(lat), 6)


def dominant(land: xr.Dataset, where: Mask) -> dict[str, float]:
    """Compute the percentage of every kind of land in the observed part of a place, the largest first."""
    known = seen(land, where)
    found = {name: share(kind_mask(land, name, known), known) for name in COVERS}
    return dict(sorted(found.items(), key=lambda kv: -kv[1]))


def zonal(values: xr.DataArray | Mask, layer: Mapping[str, Any], cube: xr.Dataset) -> dict[str, float]:
    """Compute the mean of values in every feature of a GeoJSON (of a mask: the share in percent), by name."""
    box = geobox(cube)
    over = (
        values.median("time").values
        if isinstance(values, xr.DataArray) and "time" in values.dims
        else np.asarray(values)
    )
    out: dict[str, float] = {}
    for number, feature in enumerate(features(layer), 1):
        inside = Area.of(feature).mask(box)
        chosen = over[inside]
        if chosen.size and (over.dtype == bool or np.isfinite(chosen).any()):
            name = feature_name(feature, number)
            key = name if name not in out else f"{name} ({number})"
            out[key] = float(100 * chosen.mean() if over.dtype == bool else np.nanmean(chosen))
    if not out:
        raise InputError("No feature of the layer touches the observed part of the cube.")
    return out


def features(layer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the features of a GeoJSON of any type."""
    kind = layer.get("type")
    if kind == "FeatureCollection":
        return list(layer.get("features", []))
    return [layer if kind == "Feature" else {"type": "Feature", "properties": {}, "geometry": dict(layer)}]


def feature_name(feature: Mapping[str, Any], number: int) -> str:
    """Return the name of a feature, or its number: untrusted text, to be displayed only."""
    properties = feature.get("properties") or {}
    for key in ("name", "Name", "NAME", "id", "label"):
        if isinstance(properties.get(key), str | int) and str(properties[key]).strip():
            return str(properties[key])[:60]
    return str(feature.get("id", number))[:60]


def best(table: Mapping[str, float], which: str) -> str:
    """Return the name with the ``"highest"`` or ``"lowest"`` value."""
    return (max if which == "highest" else min)(table, key=lambda k: table[k])
