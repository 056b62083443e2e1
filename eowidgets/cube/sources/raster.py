"""GeoTIFFs: one file, or a folder of them with dates in their names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from eowidgets.cube.quality import quality_name
from eowidgets.cube.sensors import COMMON, baseline_in, before_offset
from eowidgets.cube.sources import Opened, own_geotiff
from eowidgets.errors import InputError, SourceError

ENDINGS = (".tif", ".tiff", ".jp2", ".vrt")
#: Date patterns tried in this order; the name in front is what the error message shows.
PATTERNS: tuple[tuple[str, str], ...] = (
    ("2020-06-30", r"(?<!\d)(\d{4})-(\d{2})-(\d{2})(?!\d)"),
    ("2020_06_30", r"(?<!\d)(\d{4})_(\d{2})_(\d{2})(?!\d)"),
    ("20200630", r"(?<!\d)((?:19|20)\d{2})(\d{2})(\d{2})(?:\d{4}|\d{6})?(?!\d)"),
    ("2020182 (year and day of year)", r"(?<!\d)((?:19|20)\d{2})(\d{3})(?!\d)"),
)
TAG = "EOWIDGETS"
#: What comes with the bands of a Landsat scene and is none: counts, distances, intermediate results.
COMPANION = re.compile(r"_(SR_QA_AEROSOL|SR_ATMOS_OPACITY|SR_CLOUD_QA|QA_RADSAT|ST_(?!B\d)[A-Z]+)$", re.IGNORECASE)
BAND = re.compile(r"(S[RT]_)?B\d{1,2}A?|" + "|".join(COMMON), re.IGNORECASE)


def date_in(text: str) -> np.datetime64 | None:
    """The first date in a text, or None.

    Examples
    --------
    >>> date_in("T34TFR_20200630T092031_B04.tif")
    np.datetime64('2020-06-30')
    """
    for _, pattern in PATTERNS:
        for match in re.finditer(pattern, text):
            parts = [int(p) for p in match.groups()]
            try:
                if len(parts) == 3:
                    return np.datetime64(f"{parts[0]:04d}-{parts[1]:02d}-{parts[2]:02d}")
                if 1 <= parts[1] <= 366:
                    return np.datetime64(f"{parts[0]:04d}-01-01") + (parts[1] - 1)
            except ValueError:
                continue  # 20209999 is a number, not a date
    return None


def open_raster(path: Path, names: Sequence[str] | None, dates: Sequence[Any] | None, chunks: Any) -> Opened:
    """One file: bands of one date, or a stack of dates and bands.

    What the file itself says comes first: names given for layers that have their own choose among them later.

    Parameters
    ----------
    names : sequence of str, optional
        What the bands are called, in file order (fastest), where the file does not say.
    dates : sequence, optional
        Dates of a stack, in file order (slowest), where neither the layers nor the file say.
    """
    if (own := own_geotiff.read(path, chunks)) is not None:
        return Opened(own)
    array = _read(path, chunks)
    labels = _layer_names(array)
    dated = labels is not None and any(date_in(n) is not None for n in labels)
    known = date_in(path.name) or _tag_date(array.attrs)
    stacked = dates is not None and not dated and (known is None or (names and _fits(array, names, dates)))
    keys: list[tuple[np.datetime64 | None, str]]
    if labels and dated:
        keys = [(date_in(n), _without_date(n)) for n in labels]
    elif stacked and dates is not None:
        days = [_day(d) for d in dates]
        keys = [(d, b) for d in days for b in _names_of_stack(path, array, labels, names, len(days))]
    elif known is not None:
        keys = [(known, n) for n in _names_of(path, array, names)]
    else:
        raise InputError(
            f"{path.name!r} has no date in its name, its layers' names or its tags: give it with  dates=['2020-06-30']"
            + (f"  and bands=[...] ({array.sizes['band']} layers)." if array.sizes["band"] > 1 and not labels else ".")
        )
    frames: dict[np.datetime64, dict[str, xr.DataArray]] = {}
    flat: dict[str, xr.DataArray] = {}
    for i, (date, name) in enumerate(keys):
        layer = _layer(array, i)
        if date is None:
            flat[name] = layer
        elif name in frames.setdefault(date, {}):
            raise InputError(
                f"{path.name!r} has two layers for {name} on {date}: give their names with bands= and dates=."
            )
        else:
            frames[date][name] = layer
    ds = _stack(frames, path.name)
    for name, layer in flat.items():
        ds[name] = layer.assign_attrs(role="layer")
    ds.attrs = _cube_attrs(array.attrs) | {"source_file": path.name} | _baseline(path)
    return Opened(ds, named=names is not None and labels is None, dated=bool(stacked))


def open_files(paths: Iterable[Path], where: str, names: Sequence[str] | None, chunks: Any) -> Opened:
    """A set of files, each one date (all bands) or one date and band.

    Raises
    ------
    InputError
        If a file has no date, two files are the same date and band, or CRS, grid or bands differ; the
        sentence names the file.
    """
    files = sorted(p for p in paths if not COMPANION.search(p.stem) and not own_geotiff.is_part(p))
    if not files:
        raise InputError(f"There is no GeoTIFF in {where!r}: expected names ending in {', '.join(ENDINGS)}.")
    if (own := own_geotiff.read_all(files, chunks)) is not None:
        return Opened(own)
    frames: dict[np.datetime64, dict[str, xr.DataArray]] = {}
    grid: tuple[str, Any] | None = None
    first: Path = files[0]
    named = False
    if len({before_offset(str(p)) for p in files} - {None}) > 1:
        raise InputError(
            f"{where!r} mixes Sentinel-2 scenes from before and after processing baseline 04.00, whose numbers differ by "
            "1000: open both parts with their own pattern and join them with xarray.concat(..., 'time')."
        )
    for path in files:
        array = _read(path, chunks)
        date = date_in(path.name) or _tag_date(array.attrs)
        if date is None:
            shown = ", ".join(example for example, _ in PATTERNS)
            raise InputError(
                f"The name of {path.name!r} has no date, nor has the file a date tag. Dates are looked for in the forms: {shown}."
            )
        here = (str(array.odc.crs), array.odc.geobox)
        if grid is None:
            grid = here
        _same_grid(here, grid, path, first)
        for i, name in enumerate(_names_of(path, array, names)):
            day = frames.setdefault(date, {})
            if name in day:
                raise InputError(
                    f"{path.name!r} is a second file for {name} on {date}: keep one, or move it elsewhere."
                )
            day[name] = _layer(array, i)
        named = named or (names is not None and array.sizes["band"] > 1 and _layer_names(array) is None)
    ds = _stack(frames, where)
    ds.attrs = {"source_file": first.name, "title": Path(where).name or where} | _baseline(first)
    return Opened(ds, named=named)


def _read(path: Path, chunks: Any) -> xr.DataArray:
    import odc.geo.xr  # noqa: F401  (registers the accessor)
    import rasterio.errors
    import rioxarray

    try:
        array = rioxarray.open_rasterio(path, chunks=chunks, masked=False, lock=None)
        if not isinstance(array, xr.DataArray):
            raise InputError(f"{path.name!r} holds several rasters: name one of them.")
        if chunks is None:
            array = array.load()
    except (rasterio.errors.RasterioError, OSError, ValueError) as error:
        raise SourceError(
            f"{path.name!r} cannot be read as a raster: it may be incomplete or another format."
        ) from error
    if array.rio.crs is None:
        raise InputError(
            f"{path.name!r} has no CRS: assign one, for instance with  gdal_edit.py -a_srs EPSG:... {path.name}"
        )
    return _physical(array)


def _physical(array: xr.DataArray) -> xr.DataArray:
    """Keep scale, offset and nodata of the file as attributes that ``normalise`` applies."""
    attrs, count = array.attrs, array.sizes["band"]
    scales = np.broadcast_to(attrs.pop("scales", attrs.pop("scale_factor", 1.0)), count)
    offsets = np.broadcast_to(attrs.pop("offsets", attrs.pop("add_offset", 0.0)), count)
    for key in ("scale_factor", "add_offset"):
        attrs.pop(key, None)
    if (scales != 1).any() or (offsets != 0).any():
        attrs["scales"], attrs["offsets"] = scales, offsets
    nodata = array.rio.nodata
    if nodata is not None:
        attrs["_FillValue"] = nodata
    return array


def _layer(array: xr.DataArray, i: int) -> xr.DataArray:
    """One layer of a file, with its own scale and offset: they may differ from layer to layer."""
    layer = array.isel(band=i, drop=True)
    scales, offsets = layer.attrs.pop("scales", None), layer.attrs.pop("offsets", None)
    if scales is not None and offsets is not None:
        layer.attrs["scale_factor"], layer.attrs["add_offset"] = float(scales[i]), float(offsets[i])
    return layer


def _layer_names(array: xr.DataArray) -> list[str] | None:
    """What the layers are called; None where they are not, or only numbered."""
    names = array.attrs.get("long_name")
    if names is None:
        return None
    found = [str(n or "") for n in ([names] if isinstance(names, str) else names)]
    numbered = all(re.fullmatch(r"(band|layer)?[ _-]?\d+", n, re.IGNORECASE) for n in found)
    return None if numbered or not all(found) or len(found) != array.sizes["band"] else found


def _fits(array: xr.DataArray, names: Sequence[str], dates: Sequence[Any]) -> bool:
    return len(dates) > 1 and len(dates) * len(names) == array.sizes["band"]


def _day(date: Any) -> np.datetime64:
    try:
        return np.datetime64(date, "D")
    except ValueError:
        raise InputError(f"dates= holds {str(date)[:40]!r}, which is no date: write it as '2020-06-30'.") from None


def _names_of_stack(
    path: Path, array: xr.DataArray, labels: list[str] | None, names: Sequence[str] | None, days: int
) -> list[str]:
    count = array.sizes["band"]
    if labels is None and names is not None:
        if days * len(names) != count:
            raise InputError(
                f"{path.name!r} has {count} layers, but {days} dates × {len(names)} bands were given: "
                "the product must match."
            )
        return list(names)
    if count % days:
        raise InputError(f"{path.name!r} has {count} layers, which {days} dates do not divide.")
    return labels[: count // days] if labels else _unnamed(count // days)


def _unnamed(count: int) -> list[str]:
    # Not "B1" or "band1": the first layer of a file is not the first band of its sensor.
    return [f"layer{i + 1}" for i in range(count)]


def _without_date(name: str) -> str:
    for _, pattern in PATTERNS:
        name = re.sub(pattern, "", name)
    return name.strip(" _-:") or "value"


def _names_of(path: Path, array: xr.DataArray, names: Sequence[str] | None) -> list[str]:
    """Names of a file's layers: its own, else those given, else the end of its name."""
    count = array.sizes["band"]
    labels = _layer_names(array)
    if labels:
        return labels
    if count == 1:
        # One band a file: what is left of the name after the date usually ends in the band (…_B04.tif, …_SR_B4.TIF).
        match = re.search(r"((?:S[RT]_)?B\d{1,2}A?|QA_PIXEL|SCL|Fmask|[A-Za-z]+\d*)(_\d+m)?$", path.stem, re.IGNORECASE)
        word = match.group(1) if match else "value"
        given = names is not None and len(names) == 1 and not (quality_name(word) or BAND.fullmatch(word))
        return list(names) if given and names else [word]
    if names is None:
        return _unnamed(count)
    if len(names) != count:
        raise InputError(
            f"{path.name!r} has {count} layers without names, but {len(names)} names were given in bands=: name them all."
        )
    return list(names)


def _same_grid(here: tuple[str, Any], grid: tuple[str, Any], path: Path, first: Path) -> None:
    if here[0] != grid[0]:
        raise InputError(f"{path.name!r} is in another CRS than {first.name!r}: reproject one of them first.")
    if here[1] != grid[1]:
        raise InputError(
            f"{path.name!r} has another grid ({here[1].shape[0]} × {here[1].shape[1]} pixels) than {first.name!r} "
            f"({grid[1].shape[0]} × {grid[1].shape[1]}): bring both to one grid first, or open them one by one."
        )


def _stack(frames: dict[np.datetime64, dict[str, xr.DataArray]], where: str) -> xr.Dataset:
    if not frames:
        return xr.Dataset()
    dates = sorted(frames)
    names = list(frames[dates[0]])
    for date in dates:
        if set(frames[date]) != set(names):
            odd = ", ".join(sorted(set(frames[date]) ^ set(names)))
            raise InputError(
                f"The dates of {where!r} have different bands: {odd} is not there on {dates[0]} or on {date}."
            )
    time = xr.DataArray(np.array(dates, "datetime64[ns]"), dims="time", name="time")
    ds = xr.Dataset()
    for name in names:
        layers = [frames[d][name] for d in dates]
        joined = xr.concat(
            layers, dim=time, coords="minimal", compat="override", join="override", combine_attrs="override"
        )
        joined.attrs.pop("long_name", None)
        ds[name] = joined
    return ds


def _baseline(path: Path) -> dict[str, Any]:
    """Product and processing baseline, where a Sentinel-2 file lies in the folder of its product."""
    product = next((part for part in reversed(path.absolute().parts) if baseline_in(part) is not None), None)
    return {} if product is None else {"product_id": product, "processing_baseline": baseline_in(product)}


def _tag_date(attrs: dict[str, Any]) -> np.datetime64 | None:
    for key in ("TIFFTAG_DATETIME", "datetime", "DATE_ACQUIRED", "date", "ACQUISITION_DATE", "time"):
        if attrs.get(key):
            found = date_in(str(attrs[key]).replace(":", "-", 2))
            if found is not None:
                return found
    return None


def _cube_attrs(attrs: dict[str, Any]) -> dict[str, Any]:
    kept = {
        k: attrs[k] for k in ("title", "sensor", "source", "attribution", "provenance") if isinstance(attrs.get(k), str)
    }
    try:
        note = json.loads(attrs.get(TAG, "{}"))
    except (TypeError, json.JSONDecodeError):
        note = {}
    return kept if isinstance(note, dict) else {}
