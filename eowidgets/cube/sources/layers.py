"""Layers of raster files, each described by the product of its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.products import SENSORS, Sensor
from eowidgets.cube.quality import quality_name
from eowidgets.cube.sensors import common_name, find_sensor, hinted_sensor, sensor_of_names
from eowidgets.cube.sources.metadata import landsat_metadata, sentinel2_baseline
from eowidgets.cube.sources.naming import layer_names
from eowidgets.cube.sources.rasterfile import RasterFile
from eowidgets.errors import InputError, shown

#: Names of the coordinates of a cube, which no band can have.
_AXES = ("time", "y", "x", "band", "spatial_ref")


@dataclass(frozen=True)
class Layer:
    """One layer of a raster file.

    Attributes
    ----------
    file : RasterFile
    index : int
        Position in the file, from 0.
    source_name : str
        Name in the file.
    name : str
        Common name, or the name in the file where there is none.
    sensor : Sensor or None
        Product of the file.
    moment : datetime64[s] or None
    masked : bool
        Whether the mask of the file (alpha or an internal mask) holds for this layer.
    """

    file: RasterFile
    index: int
    source_name: str
    name: str
    sensor: Sensor | None
    moment: np.datetime64 | None = None
    masked: bool = False

    @property
    def attrs(self) -> dict[str, Any]:
        """Attributes from which :mod:`eowidgets.cube.scale` derives values, as the file states them."""
        i, file = self.index, self.file
        attrs: dict[str, Any] = {"stored_dtype": file.dtypes[i].replace("complex_int16", "complex64")}
        if (file.scales[i], file.offsets[i]) != (1.0, 0.0):
            attrs |= {"scale_factor": file.scales[i], "add_offset": file.offsets[i]}
        elif (factors := _scene_factors(self)) is not None:
            attrs |= {"scale_factor": factors[0], "add_offset": factors[1], "quantity": "reflectance"}
        if file.nodata[i] is not None:
            attrs["_FillValue"] = file.nodata[i]
        if file.units[i]:
            attrs["units"] = file.units[i]
        if self.name != self.source_name:
            attrs["source_band"] = self.source_name
        if file.palette:
            attrs |= _legend(file)
        return attrs

    @property
    def storage(self) -> tuple[Any, ...]:
        """Key of the conversion of numbers to values; equal for layers that can be scaled together."""
        sensor = (self.sensor.key, self.sensor.baseline) if self.sensor else None
        return (sensor, *sorted((k, str(v)) for k, v in self.attrs.items() if k != "source_band"))


def product_of(file: RasterFile, root: Path) -> Sensor | None:
    """Return the product that a file's name, or else the folders below ``root``, point to, or None."""
    path = file.path
    inside = path.relative_to(root).parts if path.is_relative_to(root) else (path.name,)
    for part in (*reversed(inside), root.name):
        if (found := hinted_sensor(part)) is not None:
            return _with_baseline(found, path)
    baseline = sentinel2_baseline(path)
    return None if baseline is None else _with_baseline(SENSORS["sentinel2-l2a"], path)


def products(files: Sequence[RasterFile], root: Path, given: Any, names: Sequence[str] | None) -> list[Sensor | None]:
    """Return the product of each file.

    Parameters
    ----------
    files : sequence of RasterFile
    root : Path
        The folder that was opened.
    given : str or Sensor, optional
        The product that the user states; it holds for all files.
    names : sequence of str, optional
        Names of unnamed layers, as the user states them.

    Raises
    ------
    InputError
        If the numbered bands of files without any hint exist for several products.
    """
    if given is not None:
        stated = given if isinstance(given, Sensor) else find_sensor(given)
        return [_with_baseline(stated, f.path) if stated.baseline is None else stated for f in files]
    found = [product_of(f, root) for f in files]
    if all(found):
        return found
    unknown = [f for f, s in zip(files, found, strict=True) if s is None]
    raw = [n for f in unknown for n in layer_names(f, names if f.count == len(names or ()) else None, None)]
    by_names = sensor_of_names(dict.fromkeys(raw)) if raw else None
    return [
        s or (None if by_names is None else _with_baseline(by_names, f.path)) for f, s in zip(files, found, strict=True)
    ]


def layers_of(file: RasterFile, sensor: Sensor | None, given: Sequence[str] | None) -> list[Layer]:
    """Return the layers of a file under their common names; a layer of transparency is its mask."""
    found = []
    names = layer_names(file, given, sensor)
    # A fourth layer that GDAL treats as alpha is a band if the names state so.
    masked = file.masked and ("alpha" in names or "alpha" not in file.colors)
    for i, raw in enumerate(names):
        if raw != "alpha":
            found.append(Layer(file, i, raw, cube_name(raw, sensor), sensor, masked=masked))
    if len({layer.name for layer in found}) == len(found):
        return found
    # Two layers of one name (two dates, or B8 and B08): the caller distinguishes them by the names in the file.
    return [replace(layer, name=layer.source_name) if _twice(layer, found) else layer for layer in found]


def cube_name(name: str, sensor: Sensor | None) -> str:
    """Return the name that a layer has in a cube.

    Examples
    --------
    >>> cube_name("B04", SENSORS["sentinel2-l2a"]), cube_name("slope", None), cube_name("x", None)
    ('red', 'slope', 'value')
    """
    found = quality_name(name, sensor.quality if sensor else ()) or common_name(name, sensor) or name
    return "value" if found in _AXES else found


def refuse_uncertain_baselines(files: Sequence[RasterFile], where: str) -> None:
    """Refuse loose Sentinel-2 files whose product names state baselines from before and after the offset.

    Complete products are certain: their structure or metadata accompany the files, so that every file is read with
    the offset of its product.

    Raises
    ------
    InputError
    """
    noted = [b for f in files if (b := sentinel2_baseline(f.path)) is not None]
    if len({b.value >= 4.0 for b in noted}) > 1 and not all(b.certain for b in noted):
        raise InputError(
            f"{shown(where)} mixes Sentinel-2 files from before and after processing baseline 04.00, whose numbers differ by "
            "1000, and their products are not complete: keep the .SAFE folders whole, or pass sensor='sentinel2-l2a' "
            "to take the baseline from the names."
        )


def _twice(layer: Layer, layers: list[Layer]) -> bool:
    return sum(other.name == layer.name for other in layers) > 1


def _with_baseline(sensor: Sensor, path: Path) -> Sensor:
    if not sensor.key.startswith("sentinel2"):
        return sensor
    baseline = sentinel2_baseline(path)
    return sensor if baseline is None else replace(sensor, baseline=baseline.value)


def _scene_factors(layer: Layer) -> tuple[float, float] | None:
    sensor = layer.sensor
    if sensor is None or sensor.family != "landsat-l1":
        return None
    band = sensor.band(layer.name)
    number = next((a[1:] for a in band.aliases if a[:1] == "b" and a[1:].isdigit()), None) if band else None
    metadata = landsat_metadata(layer.file.path)
    return metadata.factors(number) if metadata and number else None


def _legend(file: RasterFile) -> dict[str, Any]:
    """Return the classes of a file with a palette: those with a distinct colour."""
    used = {
        v: c for v, c in file.palette.items() if v != file.nodata[0] and (c[3] > 0) and (v == 0 or c[:3] != (0, 0, 0))
    }
    values = sorted(used)
    return {
        "role": "classes",
        "flag_values": np.array(values, file.dtypes[0]),
        "flag_meanings": " ".join(f"class_{v}" for v in values),
        "colors": " ".join("#{:02x}{:02x}{:02x}".format(*used[v][:3]) for v in values),
    }


def as_array(values: Any, layer: Layer, dims: tuple[str, ...] = ("y", "x")) -> xr.DataArray:
    """Return numbers of a layer with the attributes of its file."""
    return xr.DataArray(values, dims=dims, name=layer.name, attrs=layer.attrs)
