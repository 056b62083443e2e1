"""Checks of the values of a band by its quantity."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import xarray as xr

from eowidgets.cube.findings import Finding
from eowidgets.cube.quantity import Quantity, quantity

#: Numbers that mark missing data and are not measurements of any quantity.
FILLS = (-9999.0, -99999.0, -32768.0, -28672.0, -32767.0)
#: Least share of a band that one extreme value must have to count as undeclared nodata.
REPEATED = 0.005
#: Median from which an index was probably stored as integers.
LARGE_INDEX = 20.0
#: A band is reported if more than this share of it is out of range.
MOST = 0.5
#: Names that libraries give to bands without a name.
_UNNAMED = re.compile(
    r"^(layer|band|channel|variable|var|value|values|unnamed|__xarray_dataarray_variable__|b)?[_ ]?\d*$"
)

Values = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Sample:
    """Finite values of one band.

    Attributes
    ----------
    name : str
    quantity : Quantity
    values : ndarray, shape (n,)
    raw : bool
        Whether they are integers without an applied scale.
    comparable : bool
        Whether their unit is that of the quantity's usual range, or not stated.
    """

    name: str
    quantity: Quantity
    values: Values
    raw: bool
    comparable: bool = True


def judge(band: xr.DataArray) -> Iterator[Finding]:
    """Yield findings on the values of one band in memory."""
    name, values = str(band.name), band.values
    if values.dtype.kind not in "fiub":
        yield Finding("warning", f"The band {name} does not hold numbers ({values.dtype}).", "Drop it.")
        return
    if values.dtype.kind == "f" and np.isinf(values).any():
        yield Finding("warning", f"The band {name} holds infinite values.", "Replace them by NaN.")
    finite = values[np.isfinite(values)]
    if not finite.size:
        yield Finding("warning", f"The band {name} holds no value.", "Drop it, or check its nodata value.")
        return
    fill = undeclared_fill(finite)
    if fill is not None:
        share = float((finite == fill).mean())
        yield Finding(
            "warning",
            f"{100 * share:.3g} % of the band {name} is exactly {fill:.6g}, far from all other values: it marks missing "
            "data that the file does not declare.",
            f"Use cube.where(cube[{name!r}] != {fill:.6g}).",
        )
        finite = finite[finite != fill]
    kind, unit = quantity(band), str(band.attrs.get("units", ""))
    same = unit in ("", "1") or unit.lower() in str(kind.unit).lower() or kind.key in ("temperature", "celsius")
    # Leaf area and other indices are larger than a normalised difference.
    large = kind.key == "index" and abs(float(np.median(finite))) <= LARGE_INDEX if finite.size else False
    yield from _of_quantity(Sample(name, kind, finite, values.dtype.kind in "iu", same and not large))


def unnamed(names: tuple[str, ...]) -> list[str]:
    """Return the names that identify no band, such as ``layer1``."""
    return [n for n in names if _UNNAMED.match(n.lower())]


def undeclared_fill(values: Values) -> float | None:
    """Return the value at one end of the range that can only mark missing data; None without one.

    It is a usual fill value, or further from the nearest other value than all others from each other; and it occurs
    many times.
    """
    low, high = float(values.min()), float(values.max())
    if low == high:
        return low if low in FILLS else None
    for end in (low, high):
        repeated = values == end
        count = int(repeated.sum())
        if count < max(2, REPEATED * values.size):
            continue
        others = values[~repeated]
        near, far = (others.min(), others.max()) if end == low else (others.max(), others.min())
        gap, width = abs(float(near) - end), abs(float(far) - float(near))
        if end in FILLS or (width > 0 and gap > width and count < values.size - 1 and others.size > 20):
            return end
    return None


def _of_quantity(found: Sample) -> Iterator[Finding]:
    name, kind, values = found.name, found.quantity, found.values
    if kind.key in ("classes", "quality") or not values.size:
        return
    if _is_mask(values):
        yield Finding(
            "warning",
            f"The band {name} holds nothing but 0 and 1: it looks like a mask.",
            "Drop it, or use it as a mask.",
        )
        return
    if found.raw and kind.key in ("reflectance", "brightness", "index"):
        yield Finding(
            "error" if kind.key == "reflectance" else "warning",
            f"The band {name} holds unscaled integers from {values.min():.6g} to {values.max():.6g}.",
            "Open the source with eow.open(...), which scales them, or divide by their scale.",
        )
        return
    middle = float(np.median(values))
    if kind.key == "reflectance":
        yield from _reflectance(name, kind, values, middle)
    elif kind.key == "unknown":
        yield from _unknown(found)
    elif found.comparable and not kind.low <= middle <= kind.high:
        unit = f" {kind.unit}" if kind.unit not in (None, "1") else ""
        yield Finding(
            "warning",
            f"Half of the band {name} is {'above' if middle > kind.high else 'below'} {middle:.4g}{unit}, but its quantity "
            f"({kind.title.lower()}) normally lies between {kind.low:g} and {kind.high:g}{unit}.",
            _advice(kind, middle),
        )


def _reflectance(name: str, kind: Quantity, values: Values, middle: float) -> Iterator[Finding]:
    if middle > kind.high:
        what = f"Half of the band {name} is above {middle:.4g}, but reflectance lies between 0 and 1."
        yield Finding("error", what, "Divide by 10 000, or open the source with sensor=...")
        return
    below = float((values < 0).mean())
    if below > MOST:
        yield Finding(
            "error" if middle < kind.low else "warning",
            f"{100 * below:.0f} % of the band {name} is below 0 (median {middle:.4g}), but reflectance lies between 0 and 1.",
            "Probably an offset was subtracted twice: check the scale and offset of the source.",
        )


def _unknown(found: Sample) -> Iterator[Finding]:
    whole = found.raw or (float(np.abs(found.values).max()) > 1 and not (found.values % 1).any())
    if whole and float(np.abs(found.values).max()) > 255:
        yield Finding(
            "warning",
            f"The band {found.name} holds whole numbers from {found.values.min():.6g} to {found.values.max():.6g} without "
            "a unit: they may be raw numbers that need a scale.",
            "Open the source with sensor=..., or set attrs['units'].",
        )


def _is_mask(values: Values) -> bool:
    return bool(((values == 0) | (values == 1)).all()) and bool((values == 1).any()) and bool((values == 0).any())


def _advice(kind: Quantity, middle: float) -> str:
    if kind.key == "index":
        return "It may be stored times 10 000: divide by that."
    if kind.key == "temperature" and -120 < middle < 130:
        return "It may be in degrees Celsius: set attrs['units'] = 'degC'."
    if kind.key == "celsius" and 150 < middle < 400:
        return "It may be in kelvin: set attrs['units'] = 'K'."
    return "Check its unit and its scale."
