"""HDF4 files with HDF-EOS grids, the format of MODIS products up to collection 6.1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.sensors import hinted_sensor
from eowidgets.cube.sources.dates import moment_in
from eowidgets.errors import InputError, MissingExtraError, SourceError, shown

ENDINGS = (".hdf", ".hdf4")
_MAGIC = b"\x0e\x03\x13\x01"


@dataclass(frozen=True)
class Grid:
    """A grid of an HDF-EOS file: its size, corners, CRS, and the fields on it."""

    height: int
    width: int
    left: float
    top: float
    right: float
    bottom: float
    crs: str
    fields: tuple[str, ...]

    @property
    def axes(self) -> dict[str, Any]:
        """Coordinates of the pixel centres."""
        dx, dy = (self.right - self.left) / self.width, (self.top - self.bottom) / self.height
        return {
            "y": self.top - dy * (np.arange(self.height) + 0.5),
            "x": self.left + dx * (np.arange(self.width) + 0.5),
        }


def open_hdf4(path: Path) -> xr.Dataset:
    """Open the grids of an HDF4 file as one raw Dataset on the finest of them.

    Fields on a grid that is coarser by a whole number are repeated. Requires pyhdf (extra ``hdf4``).

    Raises
    ------
    SourceError
        If the file is not HDF4.
    InputError
        If it holds no grid, or a grid in a projection other than sinusoidal or geographic.
    MissingExtraError
        Without pyhdf.
    """
    with path.open("rb") as file:
        if file.read(4) != _MAGIC:
            raise SourceError(f"{shown(path.name)} is not an HDF4 file: it may be incomplete or another format.")
    try:
        from pyhdf.error import HDF4Error
        from pyhdf.SD import SD, SDC
    except ImportError:
        raise MissingExtraError(f"Opening the HDF4 file {shown(path.name)}", "hdf4") from None
    try:
        source = SD(str(path), SDC.READ)
        try:
            grids = read_grids(str(source.attributes().get("StructMetadata.0", "")), path.name)
            return _dataset(source, grids, path)
        finally:
            source.end()
    except HDF4Error as error:
        raise SourceError(f"{shown(path.name)} cannot be read as HDF4: it may be incomplete.") from error


def read_grids(text: str, name: str) -> list[Grid]:
    """Return the grids in the structural metadata of an HDF-EOS file.

    Parameters
    ----------
    text : str
        The attribute ``StructMetadata.0``.
    name : str
        Name of the file, for messages.
    """
    blocks = re.findall(r"GROUP=GRID_\d+\s(.*?)END_GROUP=GRID_\d+\s", text, re.DOTALL)
    if not blocks:
        raise InputError(
            f"{shown(name)} holds no HDF-EOS grid (it may be a swath): convert it to a GeoTIFF on a regular grid first."
        )
    return [_grid(block, name) for block in blocks]


def _grid(block: str, name: str) -> Grid:
    def pair(key: str) -> tuple[float, float]:
        found = re.search(rf"{key}=\(([-+\d.eE]+),([-+\d.eE]+)\)", block)
        if found is None:
            raise InputError(f"A grid of {shown(name)} has no {key}: convert the file to a GeoTIFF first.")
        return float(found[1]), float(found[2])

    projection = re.search(r"Projection=(\w+)", block)
    kind = projection[1] if projection else "unknown"
    (left, top), (right, bottom) = pair("UpperLeftPointMtrs"), pair("LowerRightMtrs")
    if kind == "GCTP_SNSOID":
        radius = re.search(r"ProjParams=\(([\d.]+)", block)
        crs = f"+proj=sinu +lon_0=0 +x_0=0 +y_0=0 +R={radius[1] if radius else '6371007.181'} +units=m +no_defs"
    elif kind == "GCTP_GEO":
        crs = "EPSG:4326"
        left, top, right, bottom = (_degrees(v) for v in (left, top, right, bottom))
    else:
        raise InputError(f"{shown(name)} has a grid in the projection {kind[:40]}: convert it to a GeoTIFF first.")
    height, width = (re.search(rf"\b{k}=(\d+)", block) for k in ("YDim", "XDim"))
    if height is None or width is None:
        raise InputError(f"A grid of {shown(name)} has no size: convert the file to a GeoTIFF first.")
    fields = tuple(re.findall(r'DataFieldName="([^"]+)"', block))
    return Grid(int(height[1]), int(width[1]), left, top, right, bottom, crs, fields)


def _degrees(packed: float) -> float:
    """Return degrees from DDDMMMSSS.SS, the packed form of geographic corners."""
    sign, value = (-1 if packed < 0 else 1), abs(packed)
    degrees, minutes, seconds = value // 1e6, value // 1e3 % 1e3, value % 1e3
    return float(sign * (degrees + minutes / 60 + seconds / 3600))


def _dataset(source: Any, grids: list[Grid], path: Path) -> xr.Dataset:
    import rioxarray  # noqa: F401  (registers the accessor)

    finest = max(grids, key=lambda g: g.height * g.width)
    sensor = hinted_sensor(path.name)
    known = source.datasets()
    ds = xr.Dataset(coords=finest.axes)
    for grid in grids:
        down, across = finest.height // grid.height, finest.width // grid.width
        if (grid.height * down, grid.width * across) != (finest.height, finest.width):
            continue
        for field in (f for f in grid.fields if f in known and len(known[f][1]) == 2):
            data = source.select(field)
            values = data.get()
            if values.shape != (grid.height, grid.width):
                continue
            if (down, across) != (1, 1):
                values = values.repeat(down, 0).repeat(across, 1)
            has_band = sensor is not None and sensor.band(field) is not None
            ds[field] = xr.DataArray(values, dims=("y", "x"), attrs=_attributes(data.attributes(), has_band))
    moment = moment_in(path.name)
    if moment is not None:
        ds = ds.assign_coords(time=moment.astype("datetime64[ns]"))
    ds.attrs = {"title": path.stem, "source_file": path.name}
    placed: xr.Dataset = ds.rio.write_crs(finest.crs)
    return placed


def _attributes(attrs: dict[str, Any], has_band: bool) -> dict[str, Any]:
    kept: dict[str, Any] = {"long_name": str(attrs.get("long_name", "")), "_FillValue": attrs.get("_FillValue")}
    factor = attrs.get("scale_factor")
    # The factors of MOD09 and MOD13 divide, those of MOD11 multiply: products in the table state it themselves.
    if not has_band and factor not in (None, 0, 1):
        kept |= {"scale_factor": 1 / factor if factor > 1 else factor, "add_offset": attrs.get("add_offset", 0.0)}
    return {k: v for k, v in kept.items() if v not in (None, "")}
