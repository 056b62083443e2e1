"""Physical quantities that a band may hold, with the range that their values normally lie in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import xarray as xr


@dataclass(frozen=True, slots=True)
class Quantity:
    """A physical quantity.

    Attributes
    ----------
    key : str
        Value of ``attrs["quantity"]`` of a band.
    title : str
        Text for axes and legends, for instance ``"Surface reflectance"``.
    unit : str or None
        Unit of the values; ``"1"`` for ratios, None where the quantity has no fixed unit.
    low, high : float
        Limits between which the median of a band normally lies.
    """

    key: str
    title: str
    unit: str | None = None
    low: float = float("-inf")
    high: float = float("inf")


QUANTITIES: dict[str, Quantity] = {
    q.key: q
    for q in (
        Quantity("reflectance", "Reflectance", "1", -0.02, 2.0),
        Quantity("brightness", "Brightness of an 8-bit picture", "1", 0.0, 1.0),
        Quantity("radiance", "Radiance", None, 0.0),
        Quantity("temperature", "Temperature", "K", 150.0, 400.0),
        Quantity("celsius", "Temperature", "degC", -120.0, 130.0),
        Quantity("elevation", "Elevation", "m", -12_000.0, 9_000.0),
        Quantity("backscatter", "Radar backscatter", "1", 0.0, 100.0),
        Quantity("backscatter_db", "Radar backscatter", "dB", -60.0, 30.0),
        Quantity("amplitude", "Radar amplitude", None, 0.0),
        Quantity("index", "Index", "1", -1.5, 1.5),
        Quantity("embedding", "Embedding", "1"),
        Quantity("classes", "Class"),
        Quantity("quality", "Quality"),
        Quantity("unknown", "Value"),
    )
}

#: Spectral bands in the optical domain: their values are reflectances unless attributes state otherwise.
OPTICAL = frozenset(
    {"coastal", "blue", "green05", "green", "yellow", "red", "rededge1", "rededge2", "rededge3", "nir", "nir_broad"}
    | {"nir08", "nir09", "swir12", "swir16", "swir22", "pan", "cirrus"}
)
RADAR = ("vv", "vh", "hh", "hv")
_THERMAL = ("lwir", "lwir11", "lwir12")
_UNITS = {
    "k": "temperature",
    "kelvin": "temperature",
    "degc": "celsius",
    "°c": "celsius",
    "celsius": "celsius",
    "degree_celsius": "celsius",
    "degrees_celsius": "celsius",
    "db": "backscatter_db",
    "decibel": "backscatter_db",
}
_NAMES = (
    (r"^(elevation|dem|dsm|dtm|altitude|height|srtm.*|topo.*|.*_dem)$", "elevation"),
    (r"^(lst|sst|t2m|tas|.*temperature.*|lst_(day|night).*)$", "temperature"),
    (r"^(.*land_?cover.*|lulc|.*classification|class|classes|worldcover.*|corine.*|cdl)$", "classes"),
    (r"^embedding(_\d+)?$", "embedding"),
    (r"^(ndvi|evi2?|nbr2?|ndwi|mndwi|savi|msavi|ndmi|ndsi|gndvi|ndre|kndvi|lai|fapar)$", "index"),
)


def quantity(band: xr.DataArray) -> Quantity:
    """Return the quantity that a band holds.

    Parameters
    ----------
    band : DataArray
        ``attrs["quantity"]`` decides where it names one of `QUANTITIES`; else the role, ``units``, CF
        ``standard_name`` and the name of the band.

    Returns
    -------
    Quantity
        ``QUANTITIES["unknown"]`` where nothing identifies the quantity.

    Examples
    --------
    >>> quantity(xr.DataArray([280.0], name="t2m", attrs={"units": "K"})).key
    'temperature'
    >>> quantity(xr.DataArray([0.1], name="red")).key
    'reflectance'
    """
    attrs = band.attrs
    stated = QUANTITIES.get(str(attrs.get("quantity")))
    if stated is not None:
        return stated
    return QUANTITIES[_from_attributes(attrs) or _from_name(str(band.name or ""), attrs) or "unknown"]


def is_radar(band: xr.DataArray) -> bool:
    """Return whether a band is radar backscatter or amplitude.

    Examples
    --------
    >>> is_radar(xr.DataArray([0.1], name="vv")), is_radar(xr.DataArray([0.1], name="red"))
    (True, False)
    """
    return quantity(band).key in ("backscatter", "backscatter_db", "amplitude")


def quantity_of_name(name: str) -> str | None:
    """Return the key of the quantity that a name states, other than those of spectral bands, or None.

    Examples
    --------
    >>> quantity_of_name("NDVI"), quantity_of_name("dem"), quantity_of_name("red")
    ('index', 'elevation', None)
    """
    return next((key for pattern, key in _NAMES if re.match(pattern, name.lower())), None)


def _from_attributes(attrs: dict[Any, Any]) -> str | None:
    if attrs.get("role") in ("quality", "index"):
        return str(attrs["role"])
    if "flag_values" in attrs:
        return "classes"
    units = str(attrs.get("units", "")).strip().lower()
    if units in _UNITS:
        return _UNITS[units]
    standard = str(attrs.get("standard_name", "")).lower()
    if "temperature" in standard:
        return "temperature"
    if units in ("m", "metre", "meter", "metres", "meters") and re.search("altitude|height|elevation|depth", standard):
        return "elevation"
    if "reflectance" in standard:
        return "reflectance"
    return None


def _from_name(name: str, attrs: dict[Any, Any]) -> str | None:
    name = name.lower()
    no_unit = attrs.get("units") in (None, "", "1")
    if name in OPTICAL:
        return "reflectance" if no_unit else None
    if name in RADAR:
        return "backscatter" if no_unit else None
    if name in _THERMAL:
        return "temperature"
    return quantity_of_name(name)
