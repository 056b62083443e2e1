"""The one grid that STAC items are put on, and what their pixels are, from metadata or else from the file's header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from eowidgets.cube.quality import QUALITY, quality_name
from eowidgets.errors import InputError, SourceError

Signer = Callable[[str], str] | None


def rasterio_env(timeout: float) -> Any:
    """Options for reading remote files: no listing of folders, no waiting for ever."""
    import rasterio

    seconds = str(max(1, round(timeout)))
    return rasterio.Env(
        GDAL_DISABLE_READDIR_ON_OPEN="EMPTY_DIR",
        GDAL_HTTP_CONNECTTIMEOUT=seconds,
        GDAL_HTTP_LOW_SPEED_TIME=seconds,
        GDAL_HTTP_LOW_SPEED_LIMIT="100",
    )


def common_grid(
    items: list[dict[str, Any]], assets: dict[str, str], bbox: Any, resolution: float | None, signer: Signer
) -> Any:
    """A GeoBox that holds all items, or the bounding box, in the CRS that most items have.

    Pixels are those of the finest band, on its own raster, so that nothing is resampled that needs not be.

    Raises
    ------
    InputError
        Without any CRS.
    SourceError
        If metadata leave the grid out and the file's header cannot be read.
    """
    from odc.geo.geobox import GeoBox
    from odc.geo.geom import box as rectangle
    from odc.geo.geom import unary_union

    bands = [k for n, k in assets.items() if not quality_name(n)] or list(assets.values())
    first = [_native(items[0], key, signer) for key in bands]
    finest = bands[min(range(len(first)), key=lambda i: abs(float(first[i].resolution.x)))]
    # Items of one tile tell the same: a header is read once for each place, not once for each date.
    native: dict[str, Any] = {}
    for item in items:
        native.setdefault(_place(item, finest), None)
        if native[_place(item, finest)] is None:
            native[_place(item, finest)] = _native(item, finest, signer)
    grids = [native[_place(i, finest)] for i in items]
    crs = Counter(str(g.crs) for g in grids).most_common(1)[0][0]
    base = next(g for g in grids if str(g.crs) == crs)
    if bbox is not None:
        west, south, east, north = bbox
        grid: Any = base.enclosing(rectangle(west, south, east, north, "EPSG:4326"))
    elif all(g == base for g in grids):
        grid = base
    else:
        # A hair less than the extents: rounding must not add a row of nothing.
        hair = 0.01 * abs(float(base.resolution.x))
        whole: Any = unary_union(g.extent.to_crs(crs) for g in grids)
        grid = base.enclosing(whole.buffer(-hair))
    if resolution is not None and abs(resolution - abs(float(grid.resolution.x))) > 1e-9:
        grid = grid.zoom_to(resolution=resolution)
    return GeoBox(grid.shape, grid.affine, grid.crs)


def _place(item: dict[str, Any], key: str) -> str:
    asset, properties = item["assets"].get(key, {}), item.get("properties", {})
    noted = [asset.get(n, properties.get(n)) for n in ("proj:code", "proj:epsg", "proj:shape", "proj:transform")]
    return repr(noted if noted[2] and noted[3] else item.get("bbox"))


def _native(item: dict[str, Any], key: str, signer: Signer) -> Any:
    from affine import Affine
    from odc.geo.geobox import GeoBox

    if key not in item["assets"]:
        raise InputError(f"The STAC item {str(item.get('id'))[:60]!r} has no asset {key!r}, which others have.")
    asset, properties = item["assets"][key], item.get("properties", {})
    code = next((s[n] for s in (asset, properties) for n in ("proj:code", "proj:epsg") if s.get(n)), None)
    shape = asset.get("proj:shape") or properties.get("proj:shape")
    transform = asset.get("proj:transform") or properties.get("proj:transform")
    if code and shape and transform:
        return GeoBox(tuple(shape), Affine(*transform[:6]), code if isinstance(code, str) else f"EPSG:{code}")
    header = _header(asset["href"], signer)
    if header["crs"] is None:
        raise InputError(f"The asset {key!r} of {str(item.get('id'))[:60]!r} has no CRS, in its metadata or its file.")
    return GeoBox(header["shape"], header["transform"], header["crs"].to_wkt())


def pixel_kinds(item: dict[str, Any], keys: list[str], signer: Signer) -> dict[str, dict[str, Any]]:
    """Type and nodata of assets, as odc-stac wants them: it would take floats for integers where nobody says."""
    kinds: dict[str, dict[str, Any]] = {}
    for key in keys:
        asset = item["assets"][key]
        note = dict((asset.get("raster:bands") or asset.get("bands") or [{}])[0])
        kind = {"data_type": note.get("data_type", asset.get("data_type")), "nodata": note.get("nodata")}
        if kind["data_type"] is None:
            header = _header(asset["href"], signer)
            kind = {"data_type": header["dtype"], "nodata": header["nodata"]}
        if (name := quality_name(key)) and kind["nodata"] is None:
            kind["nodata"] = QUALITY[name].fill
        kinds[key] = {k: v for k, v in kind.items() if v is not None}
    return kinds


def _header(href: str, signer: Signer) -> dict[str, Any]:
    import rasterio
    import rasterio.errors

    try:
        with rasterio.open(signer(href) if signer else href) as file:
            return {
                "crs": file.crs,
                "shape": (file.height, file.width),
                "transform": file.transform,
                "dtype": file.dtypes[0],
                "nodata": file.nodata,
            }
    except rasterio.errors.RasterioError as error:
        why = " ".join(str(error).split())[:120]
        raise SourceError(
            f"The asset {href[:120]!r} cannot be read ({why}): check the catalogue, or try later."
        ) from error
