"""Pictures on a map: a raster of any CRS becomes one image in the projection that web maps use."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np

from eowidgets.render.result import LONGEST, Legend, Rgba, frame_picture, result_picture, thin

#: All but ``place`` and ``png_url`` moved to :mod:`eowidgets.render.result`, and are found here for one release.
__all__ = ["LONGEST", "Legend", "Rgba", "frame_picture", "place", "png_url", "result_picture", "thin"]


def place(rgba: Rgba, box: Any) -> tuple[str, tuple[tuple[float, float], tuple[float, float]]]:
    """Reproject a picture to Web Mercator, each pixel from the nearest one.

    Parameters
    ----------
    rgba : array (y, x, 4), uint8
    box : GeoBox
        Its grid.

    Returns
    -------
    str, ((south, west), (north, east))
        A data URL, and bounds in degrees between which a web map stretches it without error; east may be above 180.
    """
    from eowidgets.render.mercator import MercatorGrid

    grid = MercatorGrid.over(box, LONGEST)
    out = rgba[grid.row, grid.column]
    out[~grid.inside] = 0
    return png_url(out), grid.corners


def png_url(rgba: Rgba) -> str:
    """Encode a picture as a ``data:`` URL, which needs no port and no file."""
    import warnings

    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.io import MemoryFile

    height, width, count = rgba.shape
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(driver="PNG", width=width, height=height, count=count, dtype="uint8", ZLEVEL=1) as file:
            file.write(np.ascontiguousarray(rgba.transpose(2, 0, 1)))
        return "data:image/png;base64," + base64.b64encode(memory.read()).decode()
