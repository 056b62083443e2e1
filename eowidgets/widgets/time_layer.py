"""A series on a map: the viewer's frames on any ipyleaflet or leafmap map, scrubbed without asking the kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
import traitlets
import xarray as xr

from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError
from eowidgets.render.source import MASK, FrameSource
from eowidgets.widgets.base import css, esm
from eowidgets.widgets.time_viewer import TimeViewer

MERCATOR = "EPSG:3857"
#: What follows a viewer that is linked.
_LINKED = ("date", "bands", "index", "vmin", "vmax", "stretch", "gamma", "cmap", "clouds")


class TimeLayer(TimeViewer):
    """Frames of a cube on a map that exists already.

    The frames are brought into the map's projection once and travel to the browser once. Shown as a widget, the layer
    is a time axis; the map has the picture whether that is shown or not.

    Parameters
    ----------
    cube : Dataset
        With a CRS.
    map : ipyleaflet.Map
        Any map of ipyleaflet, leafmap among them; shown once or several times.
    viewer : TimeViewer, optional
        Date and style follow it, and it follows the layer.
    longest : int
        Longer side of the frames on the map, in pixels; larger cubes are thinned.
    **traits
        As for :class:`TimeViewer`.

    Raises
    ------
    InputError
        Without a CRS, or if ``map`` is not a map.

    Examples
    --------
    >>> import ipyleaflet
    >>> import eowidgets as eow
    >>> from eowidgets.widgets.time_layer import TimeLayer
    >>> TimeLayer(eow.open("romania"), ipyleaflet.Map(), index="NDVI", date="2019-07-06")
    TimeLayer: Forest in Romania, Sentinel-2, 2015-08 to 2021-01, 140 dates, NDVI (viridis), 2019-07-06
    """

    _esm = esm("time_layer")
    _css = css("time_viewer")
    map_id: Any = traitlets.Unicode().tag(sync=True)

    def __init__(
        self, cube: xr.Dataset, map: Any, *, viewer: TimeViewer | None = None, longest: int = 1024, **traits: Any
    ) -> None:
        if not hasattr(map, "model_id") or not hasattr(map, "layers"):
            raise InputError(f"A layer needs a map of ipyleaflet or leafmap, not {type(map).__name__}.")
        if viewer is not None:
            if not viewer.group:
                viewer.group = viewer.store_id
            traits = {n: getattr(viewer, n) for n in _LINKED} | {"group": viewer.group} | traits
        super().__init__(to_mercator(FrameSource(cube).cube, longest), map_id=map.model_id, **traits)
        if viewer is not None:
            for name in _LINKED:
                traitlets.link((viewer, name), (self, name))

    def __repr__(self) -> str:
        """What is shown, the same every time."""
        title, dates, _, date, what = super().__repr__().split(": ", 1)[1].rsplit(", ", 4)
        return f"TimeLayer: {title}, {dates}, {what}, {date}"


def to_mercator(cube: xr.Dataset, longest: int = 1024) -> xr.Dataset:
    """Bring bands and clouds of a cube into the projection of web maps, at most ``longest`` pixels on a side.

    Each pixel of the result takes the nearest pixel of the cube. Which one that is is worked out once for all dates
    and bands.
    """
    import rioxarray  # noqa: F401  (gives .rio)
    from pyproj import Transformer

    box = geobox(cube).to_crs(MERCATOR)
    if max(box.shape) > longest:
        box = box.zoom_to(longest)
    x, y = (box.coordinates[axis].values for axis in ("x", "y"))
    east, north = np.meshgrid(x, y)
    place = FrameSource(cube).place
    at_x, at_y = Transformer.from_crs(MERCATOR, place.crs, always_xy=True).transform(east, north)
    column, row = (at_x - place.x0) / place.dx, (place.y0 - at_y) / place.dy
    inside = (column >= 0) & (column < place.width) & (row >= 0) & (row < place.height)
    names = [n for n in FrameSource(cube).bands if cube[n].dtype.kind in "fiu"]
    picked = cube[[*names, *([MASK] if MASK in cube else [])]].isel(
        y=xr.DataArray(np.floor(row).clip(0, place.height - 1).astype(int), dims=("y", "x")),
        x=xr.DataArray(np.floor(column).clip(0, place.width - 1).astype(int), dims=("y", "x")),
    )
    out = picked.drop_vars(["y", "x", "spatial_ref"], errors="ignore").assign_coords(y=y, x=x)
    covered = xr.DataArray(inside, dims=("y", "x"))
    for name in names:
        attrs = {k: v for k, v in cube[name].attrs.items() if k != "grid_mapping"}
        out[name] = out[name].astype("float32").where(covered).assign_attrs(attrs)
        out[name].encoding = {}
    if MASK in out:
        out[MASK] = out[MASK] & covered
    out.attrs = dict(cube.attrs)
    result: xr.Dataset = out.rio.write_crs(MERCATOR)
    return result
