"""Convert the map of a field-boundary model to polygons."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from eowidgets.arguments import NotNegative, checked
from eowidgets.cube.area_file import need_geopandas
from eowidgets.errors import InputError, MissingExtraError
from eowidgets.models.fields.unet.card import BOUNDARY, FIELD

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

SQUARE_METRES = 10_000


@checked
def field_polygons(found: xr.Dataset, least: NotNegative = 0.1) -> GeoDataFrame:
    """Return the fields of a map as polygons.

    Every connected area of the class "field" becomes a polygon. A watershed extends them into the boundaries between
    them, so that neighbours touch.

    Parameters
    ----------
    found : Dataset
        Result of the model ``fields``.
    least : float
        Smallest field in hectares.

    Returns
    -------
    GeoDataFrame
        In the CRS of the map, with the columns ``hectares`` and ``geometry``, the largest field first.

    Raises
    ------
    InputError
        If the dataset has no map of fields.
    MissingExtraError
        Without scikit-image or geopandas.

    Examples
    --------
    >>> import eowidgets as eow
    >>> shapes = field_polygons(eow.run("fields", cube))  # doctest: +SKIP
    """
    if "field" not in found or found["field"].dims != ("y", "x"):
        raise InputError('The dataset has no map of fields: give the result of eow.run("fields", cube).')
    geopandas = need_geopandas("Polygons of fields")
    try:
        measure, segmentation = (import_module(f"skimage.{name}") for name in ("measure", "segmentation"))
    except ImportError:
        raise MissingExtraError("Polygons of fields", "lab") from None
    from rasterio.features import shapes
    from shapely.geometry import shape

    classes = np.asarray(found["field"].values)
    inside = measure.label(classes == FIELD, connectivity=1)
    border = classes == BOUNDARY
    grown = segmentation.watershed(border.astype("float32"), inside, mask=border | (inside > 0)).astype("int32")
    rings = shapes(grown, mask=grown > 0, connectivity=4, transform=found.rio.transform())
    whole = geopandas.GeoDataFrame(geometry=[shape(ring) for ring, _ in rings], crs=found.rio.crs)
    metric = whole.to_crs(whole.estimate_utm_crs()) if len(whole) and whole.crs.is_geographic else whole
    whole["hectares"] = metric.area / SQUARE_METRES
    large = whole[whole["hectares"] >= least]
    return large.sort_values("hectares", ascending=False, ignore_index=True)[["hectares", "geometry"]]
