"""Sources of cubes: one file per kind of source, each returns a raw Dataset for ``normalise``."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr


@dataclass(frozen=True, slots=True)
class Opened:
    """A raw Dataset, and the parts of the request that are already applied.

    Attributes
    ----------
    data : Dataset or DataArray
    named, dated : bool
        Whether ``bands=`` named layers and ``dates=`` dated files, so that they are not applied again.
    static : bool
        Whether the data have no time axis and are a layer.
    """

    data: xr.Dataset | xr.DataArray
    named: bool = False
    dated: bool = False
    static: bool = False
