"""Result as arrays in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from eowidgets.engine.result import Frame
from eowidgets.engine.strips import Strip
from eowidgets.errors import InputError


class MemoryWriter:
    """Collects strips into one Dataset.

    Parameters
    ----------
    frame : Frame
    """

    def __init__(self, frame: Frame) -> None:
        self._frame = frame
        try:
            self._arrays = {v.name: np.empty(frame.shape(v), v.dtype) for v in frame.variables}
        except MemoryError as error:
            raise InputError(
                "The result does not fit into memory: give out='result.zarr' to write it strip by strip."
            ) from error

    def write(self, strip: Strip) -> None:
        """Store the rows of a strip."""
        for name, values in strip.values.items():
            self._arrays[name][..., strip.start : strip.stop, :] = values

    def finish(self, attrs: dict[str, Any]) -> xr.Dataset:
        """Return the whole result."""
        out = self._frame.template.copy()
        for v in self._frame.variables:
            out[v.name] = (v.dims, self._arrays[v.name], dict(v.attrs))
            if "spatial_ref" in out.coords:
                out[v.name].encoding["grid_mapping"] = "spatial_ref"
        return out.assign_attrs(attrs)
