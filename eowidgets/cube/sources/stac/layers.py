"""Conversion of the stored numbers of one band of one item to values of the cube."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eowidgets.cube.products import Band, Sensor
from eowidgets.cube.quality import QUALITY, quality_name
from eowidgets.cube.quantity import OPTICAL, quantity_of_name
from eowidgets.cube.sensors import OFFSET_BASELINE, baseline_in
from eowidgets.cube.sources.stac.assets import AssetBand, stem
from eowidgets.cube.sources.stac.documents import Document
from eowidgets.cube.sources.stac.header import Headers
from eowidgets.cube.sources.stac.scenes import Scene
from eowidgets.errors import InputError, shown

#: Number that Sentinel-2 adds to its integers since processing baseline 04.00.
_ADDED = 1000


@dataclass(frozen=True, slots=True)
class Layer:
    """One band of one item, ready to be read: ``value = number * scale + offset``, NaN where number is ``nodata``.

    ``quality`` is the key of a quality band, whose numbers are kept; so are those of ``classes``. ``scaled`` is False
    where nothing states the scale of integers that ought to be reflectance.
    """

    href: str
    index: int
    scale: float = 1.0
    offset: float = 0.0
    nodata: float | None = None
    quality: str = ""
    dtype: str = "float32"
    units: str = ""
    quantity: str = ""
    wavelength: float | None = None
    scaled: bool = True
    classes: tuple[tuple[int, str], ...] = ()

    @property
    def kept(self) -> bool:
        """Whether the numbers stay unchanged: flags or classes."""
        return bool(self.quality) or self.quantity == "classes"

    @property
    def fill(self) -> float:
        """Number of the cube where there is no data."""
        if self.quality:
            return QUALITY[self.quality].fill
        if not self.kept:
            return float("nan")
        if self.nodata is not None and np.isfinite(self.nodata):
            return self.nodata
        return 0 if 0 not in dict(self.classes) else np.iinfo(self.dtype).max

    @property
    def result(self) -> str:
        """Type of the numbers in the cube."""
        return self.dtype if self.kept else "float32"


def layers_of(
    scenes: Sequence[Scene], bands: Sequence[dict[str, AssetBand]], headers: Headers
) -> list[dict[str, Layer]]:
    """Return the layers of each scene, by their name in the cube.

    A header is read where metadata leave out the type of the numbers, once for all items that describe a band alike.

    Raises
    ------
    InputError
        If two collections of unknown products store a band differently.
    """
    samples: dict[Any, tuple[str, Any]] = {}
    for scene, own in zip(scenes, bands, strict=True):
        for name, band in own.items():
            if band.dtype is None and not quality_name(name):
                samples.setdefault(_alike(scene, band), (scene.origin.resolve(band.href), scene.origin))
    headers.fetch(samples.values())
    found = []
    for scene, own in zip(scenes, bands, strict=True):
        layers = {}
        for name, band in own.items():
            header = headers.read(*samples[key]) if (key := _alike(scene, band)) in samples else None
            layers[name] = _layer(scene, name, band, header)
        found.append(layers)
    _refuse_unlike(scenes, found)
    return found


def _alike(scene: Scene, band: AssetBand) -> Any:
    return scene.product, band.key, band.index, band.dtype, band.nodata, band.scale, band.offset


def _layer(scene: Scene, name: str, band: AssetBand, header: Any) -> Layer:
    href = scene.origin.resolve(band.href)
    quality = quality_name(name, scene.sensor.quality if scene.sensor else ())
    if quality:
        return Layer(href, band.index, nodata=band.nodata, quality=quality, dtype=QUALITY[quality].dtype)
    dtype = band.dtype or _of(header.dtypes, band, "float32")
    scale, offset = band.scale, band.offset
    if header is not None and scale is None:
        tags = _of(header.scales, band, 1.0), _of(header.offsets, band, 0.0)
        scale, offset = tags if tags != (1.0, 0.0) else (None, offset)
    own = _own_band(scene.sensor, band, name)
    nodata = band.nodata
    if np.dtype(dtype).kind in "iu" and scale is None and (band.classes or quantity_of_name(name) == "classes"):
        nodata = _of(header.nodata, band, None) if nodata is None and header is not None else nodata
        return Layer(href, band.index, nodata=nodata, dtype=dtype, quantity="classes", classes=band.classes)
    if nodata is None and scene.sensor and np.dtype(dtype).kind in "iu" and dtype != "uint8":
        nodata = scene.sensor.nodata
    scale, offset, kind = _numbers(scene, name, dtype, scale, offset, own)
    return Layer(
        href,
        band.index,
        1.0 if scale is None else scale,
        offset or 0.0,
        nodata,
        dtype=dtype,
        units=kind["units"] or band.unit or "",
        quantity=kind["quantity"],
        wavelength=own.wavelength if own else None,
        scaled=scale is not None or np.dtype(dtype).kind not in "iu" or name not in OPTICAL,
    )


def _of(values: Sequence[Any], band: AssetBand, default: Any) -> Any:
    return values[band.index - 1] if band.index <= len(values) else default


def _own_band(sensor: Sensor | None, band: AssetBand, name: str) -> Band | None:
    """Return the band as its product describes it; the name in a merged cube may be that of another band there."""
    if sensor is None:
        return None
    texts = (stem(band.key), *band.names, name) if band.count <= 1 else (*band.names, name)
    return next((b for t in texts if (b := sensor.band(t))), None)


def _numbers(
    scene: Scene, name: str, dtype: str, scale: float | None, offset: float | None, own: Band | None
) -> tuple[float | None, float | None, dict[str, str]]:
    """Return scale, offset, units and quantity of a band: from its metadata, else from its product and type."""
    integers = np.dtype(dtype).kind in "iu"
    kind = {"units": own.units if own else "", "quantity": own.quantity if own else ""}
    # Some catalogues write scale 1 for an unknown scale: integers are not reflectance.
    stated = scale is not None and not (integers and (scale, offset or 0.0) == (1.0, 0.0) and own is not None)
    level_1 = scene.sensor is not None and scene.sensor.key == "landsat-tm-l1"
    if level_1 and integers and not stated and name in OPTICAL:
        raise InputError(
            f"The STAC item {shown(scene.name)} holds Level-1 numbers of Landsat 4-7 without their scale: use the Level-2 "
            "product, or add raster:scale and raster:offset from the MTL file of the scene."
        )
    picture = own is None or own.quantity == "reflectance"
    if not stated and dtype == "uint8" and name in OPTICAL and picture:
        return 1 / 255, 0.0, {"units": "1", "quantity": "brightness"}
    if not stated and integers and own is not None:
        scale, offset = own.scale, own.offset if offset in (None, 0.0) else offset
    if scene.sensor is not None and scene.sensor.key.startswith("sentinel2") and own is not None and integers:
        offset = _sentinel2_offset(scene, scale or own.scale, offset if stated or offset else None)
    return scale, offset, kind


def _sentinel2_offset(scene: Scene, scale: float, noted: float | None) -> float:
    properties = scene.document["properties"]
    given = scene.sensor.baseline if scene.sensor else None
    if given is None:
        if True in (properties.get(f"{who}:boa_offset_applied") for who in ("earthsearch", "sentinel")):
            return 0.0  # the offset was subtracted, though the metadata may still state it
        if noted is not None:
            return noted
        given = baseline_of(scene.document)
    return -_ADDED * scale if given is not None and given >= OFFSET_BASELINE else 0.0


def baseline_of(item: Document) -> float | None:
    """Return the processing baseline of a Sentinel-2 item, from its properties or the name of its product, or None."""
    properties = item["properties"]
    for field in ("s2:processing_baseline", "sentinel:processing_baseline", "processing:version"):
        if match := re.fullmatch(r"N?(\d{1,2})\.?(\d{2})", str(properties.get(field) or "").strip()):
            return float(f"{match[1]}.{match[2]}")
    names = [item.get("id"), *(properties.get(f) for f in ("s2:product_uri", "sentinel:product_id", "title"))]
    names += [asset.get("href") for asset in item["assets"].values() if isinstance(asset, dict)]
    return next((found for n in names if n and (found := baseline_in(str(n))) is not None), None)


def _refuse_unlike(scenes: Sequence[Scene], layers: Sequence[dict[str, Layer]]) -> None:
    """Refuse to put numbers of unknown products into one band, where they are stored differently."""
    first: dict[str, tuple[Scene, Layer]] = {}
    for scene, own in zip(scenes, layers, strict=True):
        for name, layer in own.items():
            other, before = first.setdefault(name, (scene, layer))
            unknown = scene.sensor is None or other.sensor is None
            if unknown and scene.product != other.product and _form(layer) != _form(before):
                raise InputError(
                    f"The band {shown(name)} is stored differently in {_title(other)} and in {_title(scene)}: open each product "
                    "separately."
                )


def _form(layer: Layer) -> tuple[Any, ...]:
    return layer.scale, layer.offset, np.dtype(layer.dtype).kind == "f", layer.units


def _title(scene: Scene) -> str:
    return repr(scene.sensor.title if scene.sensor else str(scene.document.get("collection") or scene.name)[:60])
