"""Where cubes come from: one file per kind of source, each gives a raw Dataset to ``normalise``."""

from __future__ import annotations

from dataclasses import dataclass

import xarray as xr


@dataclass(frozen=True, slots=True)
class Opened:
    """A raw Dataset, and whether ``bands=`` and ``dates=`` were used up to find or name what is in it."""

    data: xr.Dataset | xr.DataArray
    named: bool = False
    dated: bool = False
