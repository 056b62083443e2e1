"""Names of the layers of a raster file."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eowidgets.cube.products import Sensor
from eowidgets.cube.quality import is_flag_name, quality_name
from eowidgets.cube.quantity import quantity_of_name
from eowidgets.cube.sensors import COMMON, common_name
from eowidgets.cube.sources.dates import date_in, without_date
from eowidgets.cube.sources.rasterfile import RasterFile
from eowidgets.errors import InputError, shown

#: Layer names of this kind state a number only.
_NUMBERED = re.compile(r"(band|layer|gray|grey)?[ _-]?(index)?[ _-]?\d*", re.IGNORECASE)
#: Ends of file names that name a band, of one product or of all.
_BAND_AT_END = re.compile(
    r"(?:^|[^a-z0-9])("
    r"(?:s[rt]_)?b\d{1,2}a?|(?:sr|bt|toa)_band\d{1,2}|band_?\d{1,2}a?|sur_refl_(?:b\d{2}|state_\w+)|"
    r"(?:nbart?|oa)_[a-z]+(?:_edge)?(?:_\d)?|qa_pixel|pixel_qa|qa60|bqa|msk_[a-z]+|"
    r"lst_(?:day|night)_1km|\d+m_16_days_(?:ndvi|evi|pixel_reliability)"
    r")(?:[-_]\d+m)?$",
    re.IGNORECASE,
)
_WORD_AT_END = re.compile(r"([a-z]+\d*)(?:[-_]\d+m)?$", re.IGNORECASE)
_COLORS = {"coastal", "red", "green", "blue", "nir", "rededge", "pan", "yellow"}


def layer_names(file: RasterFile, given: Sequence[str] | None, sensor: Sensor | None) -> list[str]:
    """Return the names of a file's layers.

    In this order: its own names; the names given; the order of the product's bands; its colour interpretation; the
    end of its file name.

    Parameters
    ----------
    file : RasterFile
    given : sequence of str, optional
        Names in file order, as the user states them.
    sensor : Sensor, optional

    Returns
    -------
    list of str
        One for each layer; ``"alpha"`` for a layer of transparency.

    Raises
    ------
    InputError
        If the number of names given is not the number of layers.
    """
    own = own_names(file)
    if own:
        return own
    if file.count == 1:
        return [_single(file, given, sensor)]
    if given is not None:
        if len(given) != file.count:
            raise InputError(
                f"{shown(file.name)} has {file.count} layers without names, but {len(given)} names were given in bands=: "
                "name them all."
            )
        return list(given)
    order = next((o for o in (sensor.orders if sensor else ()) if len(o) == file.count), None)
    return list(order) if order else _by_color(file)


def own_names(file: RasterFile) -> list[str] | None:
    """Return the names that the file itself gives its layers, or None where they are missing or only numbered."""
    found = [str(n or "").strip() for n in file.descriptions]
    if not all(found) or all(_NUMBERED.fullmatch(n) for n in found):
        return None
    return found


def is_named(file: RasterFile) -> bool:
    """Return whether the names of the layers come from the file and not from the user."""
    return own_names(file) is not None or file.count == 1


def unnamed(count: int) -> list[str]:
    """Return names for layers without any: ``layer1``, ``layer2``, ..."""
    # Not "B1" or "band1": the first layer of a file is not the first band of its sensor.
    return [f"layer{i + 1}" for i in range(count)]


def is_known(name: str, sensor: Sensor | None) -> bool:
    """Return whether a name is that of a band, a quality band or a quantity."""
    return bool(
        quality_name(name, sensor.quality if sensor else ())
        or common_name(name, sensor)
        or quantity_of_name(name)
        or is_flag_name(name)
        or re.fullmatch(r"(S[RT]_)?B\d{1,2}A?", name, re.IGNORECASE)
    )


def _by_color(file: RasterFile) -> list[str]:
    names = unnamed(file.count)
    visible = [i for i, c in enumerate(file.colors) if c in _COLORS]
    if {"red", "green", "blue"} <= set(file.colors) and file.count <= 4:
        for i in visible:
            names[i] = file.colors[i]
    return ["alpha" if c == "alpha" else n for n, c in zip(names, file.colors, strict=True)]


def _single(file: RasterFile, given: Sequence[str] | None, sensor: Sensor | None) -> str:
    """Return the name of the only layer: the end of the file's name usually holds it (``..._B04.tif``)."""
    stem = re.sub(r"_doy\d{7}.*$", "", file.path.stem, flags=re.IGNORECASE)
    found = _BAND_AT_END.search(stem)
    word = found.group(1) if found else None
    if word is None and (match := _WORD_AT_END.search(stem)) and date_in(match.group(1)) is None:
        word = match.group(1)
    if word is None or not is_known(word, sensor):
        words = re.split(r"[^A-Za-z0-9]+", without_date(stem))
        word = next((w for w in words if w.lower() in COMMON or quantity_of_name(w)), word)
    if given is not None and len(given) == 1 and (word is None or not is_known(word, sensor)):
        return str(given[0])
    return word or "value"
