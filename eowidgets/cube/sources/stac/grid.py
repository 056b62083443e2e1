"""The common pixel grid of STAC items, from metadata or else from the header of a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from eowidgets.cube.quality import quality_name
from eowidgets.cube.reproject import check_crs
from eowidgets.cube.sources.stac.assets import AssetBand
from eowidgets.cube.sources.stac.header import Headers
from eowidgets.cube.sources.stac.scenes import Scene
from eowidgets.errors import InputError, shown


def native_grids(scenes: Sequence[Scene], bands: Sequence[dict[str, AssetBand]], headers: Headers) -> list[Any]:
    """Return the grid of the finest band of each scene.

    Raises
    ------
    InputError
        Without any CRS.
    SourceError
        If metadata leave the grid out and the header of the file cannot be read.
    """
    finest: dict[Any, str] = {}
    found: dict[Any, Any] = {}
    grids = []
    for scene, own in zip(scenes, bands, strict=True):
        layout = (scene.product, tuple(own))
        if layout not in finest:
            finest[layout] = _finest(scene, own, headers)
        band = own[finest[layout]]
        # Items of one tile have the same grid: a header is read once for each place, not once for each date.
        place = (layout, place_of(scene, band))
        if place not in found:
            found[place] = _native(scene, band, headers)
        grids.append(found[place])
    return grids


def common_grid(grids: Sequence[Any], bbox: Any, resolution: float | None, crs: Any = None) -> Any:
    """Return a GeoBox that holds all grids, or the bounding box.

    Parameters
    ----------
    grids : sequence of GeoBox
    bbox : tuple, optional
        West, south, east, north in degrees; east exceeds 180 across the antimeridian.
    resolution : float, optional
        In units of the CRS; by default that of the finest grid, on its own pixels, so that nothing is resampled
        without need.
    crs : optional
        CRS of the result; by default the one that most grids have.
    """
    from odc.geo.geobox import GeoBox
    from odc.geo.geom import box as rectangle
    from odc.geo.geom import unary_union

    most = Counter(str(g.crs) for g in grids).most_common(1)[0][0]
    base = min((g for g in grids if str(g.crs) == most), key=lambda g: abs(float(g.resolution.x)))
    if crs is not None and check_crs(crs) != base.crs:
        base = base.to_crs(check_crs(crs), **({} if resolution is None else {"resolution": resolution}))
    if bbox is not None:
        west, south, east, north = bbox
        grid: Any = base.enclosing(rectangle(west, south, east, north, "EPSG:4326"))
    elif all(g == base for g in grids):
        grid = base
    else:
        # Slightly less than the extents: rounding must not add a row without data.
        margin = 0.01 * abs(float(base.resolution.x))
        whole: Any = unary_union(g.extent.to_crs(base.crs) for g in grids)
        grid = base.enclosing(whole.buffer(-margin))
    if resolution is not None and abs(resolution - abs(float(grid.resolution.x))) > 1e-9:
        grid = grid.zoom_to(resolution=resolution)
    return GeoBox(grid.shape, grid.affine, grid.crs)


def _finest(scene: Scene, bands: dict[str, AssetBand], headers: Headers) -> str:
    names = [n for n in bands if not quality_name(n)] or list(bands)
    known = {n: b.resolution for n in names if scene.sensor and (b := scene.sensor.band(bands[n].key))}
    if len(known) == len(names):
        return min(names, key=lambda n: known[n])
    return min(names, key=lambda n: abs(float(_native(scene, bands[n], headers).resolution.x)))


def _fields(scene: Scene, band: AssetBand) -> dict[str, Any]:
    """Return the projection fields of an asset; those of the asset before those of the item."""
    sources = (scene.document["assets"][band.key], scene.document["properties"])
    names = ("code", "epsg", "wkt2", "projjson", "shape", "transform", "bbox")
    found = {n: next((s[f"proj:{n}"] for s in sources if s.get(f"proj:{n}")), None) for n in names}
    found["epsg"] = found["epsg"] or scene.document["properties"].get("eo:epsg")  # STAC before 0.9
    return found


def place_of(scene: Scene, band: AssetBand) -> str:
    """Return a text that is the same for all items of one tile, whose files have one grid."""
    noted = _fields(scene, band)
    if noted["shape"] and (noted["transform"] or noted["bbox"]):
        return repr(noted)
    return repr(scene.document.get("bbox") or scene.document.get("geometry") or (scene.name, band.href))


def noted_grid(scene: Scene, band: AssetBand) -> Any:
    """Return the grid of a band as metadata state it, or None."""
    from odc.geo.geobox import GeoBox

    noted = _fields(scene, band)
    crs = _crs(noted)
    pixels = _pixels(noted)
    return GeoBox(*pixels, crs) if crs is not None and pixels is not None else None


def _native(scene: Scene, band: AssetBand, headers: Headers) -> Any:
    from odc.geo.geobox import GeoBox

    found = noted_grid(scene, band)
    if found is not None:
        return found
    header = headers.read(scene.origin.resolve(band.href), scene.origin)
    if header.crs is None:
        raise InputError(
            f"The file of the asset {shown(band.key)} of {shown(scene.name)} has no CRS, so it cannot be put on a grid: "
            "write one into it, for instance with rioxarray."
        )
    return GeoBox(header.shape, header.transform, header.crs)


def _crs(noted: dict[str, Any]) -> Any:
    """Return the first CRS of the projection extension that exists, or None."""
    epsg = noted["epsg"]
    code = f"EPSG:{epsg}" if epsg and str(epsg).strip().isdigit() else epsg
    texts = [noted["code"], code, noted["wkt2"], noted["projjson"]]
    parsed = (_parse_text(t) if isinstance(t, str) else _parse(t) for t in texts if t)
    return next((crs for crs in parsed if crs is not None), None)


@lru_cache(maxsize=512)
def _parse_text(value: str) -> Any:
    return _parse(value)


def _parse(value: Any) -> Any:
    import pyproj
    from odc.geo import CRS

    try:
        return CRS(value if isinstance(value, str) else pyproj.CRS.from_user_input(value))
    except (pyproj.exceptions.ProjError, ValueError, TypeError, KeyError):
        return None


def _pixels(noted: dict[str, Any]) -> tuple[tuple[int, int], Any] | None:
    """Return shape and transform, the latter from ``proj:bbox`` if need be; None where they cannot be right."""
    from affine import Affine

    try:
        rows, columns = (int(v) for v in noted["shape"])
        if noted["transform"]:
            affine = Affine(*(float(v) for v in noted["transform"][:6]))
        else:
            west, south, east, north = (float(v) for v in noted["bbox"])
            affine = Affine((east - west) / columns, 0, west, 0, (south - north) / rows, north)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return ((rows, columns), affine) if rows > 0 and columns > 0 and affine.determinant else None
