"""Interactive Jupyter environment for satellite time series.

>>> import eowidgets as eow
>>> cube = eow.open("romania")
>>> eow.Explorer(cube)  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import lazy_loader

import eowidgets.cube.accessor
import eowidgets.cube.clouds
import eowidgets.cube.lazy_accessors
import eowidgets.moved

if TYPE_CHECKING:
    import xarray as xr

eowidgets.moved.install()

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def _units_clouds(cube: xr.Dataset) -> xr.DataArray:
    """Find clouds with ``units-clouds``; loaded when ``open(..., clouds="units")`` asks for it."""
    mask: xr.DataArray = import_module("eowidgets.models.units.clouds").cloud_mask(cube, __getattr__("run"))
    return mask


eowidgets.cube.clouds.add_cloud_method("units", _units_clouds)
# The package eowidgets.cube imports no widget library, so its accessor for charts is registered here.
eowidgets.cube.lazy_accessors.register({"hvplot": "eowidgets.widgets.charts.accessor"})
