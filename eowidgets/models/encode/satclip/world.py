"""A world map of the similarity to given places."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor

from eowidgets.cube.samples import countries
from eowidgets.errors import InputError

#: Name of the variable.
SIMILARITY = "similarity"
FINEST = 0.05


def grid(resolution: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return longitudes and latitudes of the centres of pixels of ``resolution`` degrees over the whole world.

    Raises
    ------
    InputError
        If 180 degrees is not a multiple of the pixel size, or the grid has more than 26 million pixels.
    """
    rows = round(180 / resolution)
    if resolution < FINEST or abs(rows * resolution - 180) > 1e-6:
        raise InputError(
            f"A world grid of {resolution:g} degrees is not supported: give a resolution of at least {FINEST} that divides "
            "180, such as 0.5, 1 or 2."
        )
    lon: npt.NDArray[np.float64] = (-180 + resolution * (np.arange(2 * rows) + 0.5)).astype(np.float64)
    lat: npt.NDArray[np.float64] = (90 - resolution * (np.arange(rows) + 0.5)).astype(np.float64)
    return lon, lat


def land(resolution: float) -> npt.NDArray[np.bool_]:
    """Return where the centre of a pixel of the world grid lies on land (Natural Earth, 1:110 m), shape (y, x)."""
    from affine import Affine
    from rasterio.features import geometry_mask

    lon, lat = grid(resolution)
    shapes = [one["geometry"] for one in countries()["features"]]
    place = Affine(resolution, 0, -180, 0, -resolution, 90)
    inside: npt.NDArray[np.bool_] = geometry_mask(shapes, (len(lat), len(lon)), place, invert=True)
    return inside


def similarity(encode: Callable[[Tensor], Tensor], places: Tensor, resolution: float, *, on_land: bool) -> xr.Dataset:
    """Compare every pixel of the world grid to places: the largest cosine of its vector and theirs.

    Parameters
    ----------
    encode : callable
        Turns longitudes and latitudes (n, 2) into vectors (n, width).
    places : Tensor, shape (n, 2)
        Longitudes and latitudes in degrees.
    resolution : float
        Pixel size in degrees.
    on_land : bool
        Whether to set the sea to NaN.

    Returns
    -------
    Dataset
        ``similarity (y, x)``, -1 to 1, in EPSG:4326.
    """
    import rioxarray  # noqa: F401

    lon, lat = grid(resolution)
    x, y = np.meshgrid(lon, lat)
    kept = land(resolution) if on_land else np.ones(x.shape, bool)
    wanted = torch.nn.functional.normalize(encode(places), dim=1)
    points = torch.from_numpy(np.stack([x[kept], y[kept]], axis=1))
    found = torch.nn.functional.normalize(encode(points), dim=1) @ wanted.T
    out = np.full(x.shape, np.nan, "float32")
    out[kept] = found.amax(1).float().numpy()
    about = {"long_name": "Cosine similarity of locations", "units": "1"}
    result = xr.Dataset({SIMILARITY: (("y", "x"), out, about)}, coords={"y": lat, "x": lon})
    placed: xr.Dataset = result.rio.write_crs("EPSG:4326").rio.write_transform()
    return placed
