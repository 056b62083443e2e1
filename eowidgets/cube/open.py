"""``eow.open``: one door for every kind of source."""

from __future__ import annotations

from typing import Any

import xarray as xr

from eowidgets.cube.samples import open_sample, scl_clouds
from eowidgets.cube.schema import valid


def open(source: Any) -> xr.Dataset:  # noqa: A001  (the verb that people expect)
    """Open a source as a cube (first form: samples)."""
    cube = open_sample(source)
    cube["valid"] = valid(cube)
    cube["clouds"] = scl_clouds(cube["scl"]) if "scl" in cube else ~cube["valid"]
    return cube
