"""Values of parcels as a layer over a cube, computed lazily per date."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.contract.labels.pixels import cover
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import geobox, georeference

#: Name of the variable of a layer.
VARIABLE = "parcels"
#: Value of pixels that belong to no parcel.
NONE = -1


def numbers(shapes: npt.NDArray[np.object_], box: Any) -> npt.NDArray[np.int32]:
    """Return the parcel index of each pixel, -1 for none; where parcels overlap, the smallest wins."""
    found = cover(shapes, box)
    size = np.bincount(found.label, minlength=len(shapes))
    order = np.argsort(-size[found.label], kind="stable")
    image = np.full((box.height, box.width), NONE, np.int32)
    image[found.row[order], found.column[order]] = found.label[order]
    return image


def limits(values: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the colour range for all dates: the 2nd and 98th percentile."""
    seen = values[np.isfinite(values)]
    if not len(seen):
        return 0.0, 1.0
    low, high = (float(v) for v in np.quantile(seen, (0.02, 0.98)))
    return (low, high) if high > low else (low, low + 1e-6)


def choropleth(
    shapes: npt.NDArray[np.object_],
    values: npt.NDArray[Any],
    times: npt.NDArray[np.datetime64],
    cube: xr.Dataset,
    words: str,
) -> xr.Dataset:
    """Return a lazy layer of values (parcels, dates); see `Parcels.choropleth`."""
    import dask.array as da

    cube = admit(cube)
    image = numbers(shapes, geobox(cube))
    table = np.append(values.astype("float32"), np.full((1, values.shape[1]), np.nan, "float32"), axis=0)
    whole = da.from_array(image, chunks=512)  # type: ignore[no-untyped-call]
    frames = [whole.map_blocks(_painted, row, dtype="float32") for row in np.ascontiguousarray(table.T)]
    stacked = da.stack(frames)  # type: ignore[no-untyped-call]
    low, high = limits(values)
    attrs = {"long_name": words, "role": "layer", "vmin": low, "vmax": high, "cmap": "viridis"}
    place = cube.drop_vars([*cube.data_vars], errors="ignore").drop_dims("time")
    layer = place.assign_coords(time=times).assign({VARIABLE: (("time", "y", "x"), stacked, attrs)})
    return georeference(layer)


def _painted(image: npt.NDArray[np.int32], values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    painted: npt.NDArray[np.float32] = values[image]  # index -1 is the last value, which is NaN
    return painted
