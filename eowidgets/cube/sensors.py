"""Satellites by name: what their bands are called, how their integers become physical values, where clouds are noted.

Central wavelengths, scales and offsets are those of the product guides: Sentinel-2 Products Specification Document,
Landsat Collection 2 Level 2 Science Product Guide, HLS v2.0 User Guide, MOD09 v6.1 User Guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from eowidgets.errors import InputError, unknown


@dataclass(frozen=True, slots=True)
class Band:
    """One band: ``value = number * scale + offset``, in ``units``; ``wavelength`` in nm, ``resolution`` in m."""

    name: str
    aliases: tuple[str, ...]
    wavelength: float | None
    resolution: float
    scale: float = 1e-4
    offset: float = 0.0
    units: str = "1"


@dataclass(frozen=True, slots=True)
class Sensor:
    """A product of a satellite: its bands, its quality bands (keys of ``quality.QUALITY``), its number for no data."""

    key: str
    title: str
    bands: tuple[Band, ...]
    quality: tuple[str, ...] = ()
    nodata: float | None = 0
    baseline: float | None = None

    def band(self, name: str) -> Band | None:
        """Find a band by any of its names (``"red"``, ``"B4"``, ``"B04"``, ``"SR_B4"``)."""
        token = _token(name)
        return next((b for b in self.bands if token == b.name or token in b.aliases), None)


def _bands(rows: str, scale: float = 1e-4, offset: float = 0.0) -> tuple[Band, ...]:
    """Read a table of ``name aliases,... wavelength resolution`` rows."""
    cells = (row.split() for row in rows.strip().splitlines())
    return tuple(Band(n, tuple(a.split(",")), float(w), float(r), scale, offset) for n, a, w, r in cells)


_S2 = _bands("""
    coastal   b1   443  60
    blue      b2   492  10
    green     b3   560  10
    red       b4   665  10
    rededge1  b5   704  20
    rededge2  b6   741  20
    rededge3  b7   783  20
    nir       b8   833  10
    nir08     b8a  865  20
    nir09     b9   945  60
    swir16    b11  1614 20
    swir22    b12  2202 20
""")
_CIRRUS = Band("cirrus", ("b10",), 1373, 60)

_OLI = """
    coastal  b1        443  30
    blue     b2        482  30
    green    b3        561  30
    red      b4        655  30
    nir      b5,nir08  865  30
    swir16   b6        1609 30
    swir22   b7        2201 30
"""
_TM = """
    blue     b1        485  30
    green    b2        560  30
    red      b3        660  30
    nir      b4,nir08  830  30
    swir16   b5        1650 30
    swir22   b7        2215 30
"""
_LANDSAT = {"scale": 2.75e-5, "offset": -0.2}
_KELVIN = {"resolution": 100.0, "scale": 0.00341802, "offset": 149.0, "units": "K"}

_MODIS = _bands("""
    red     b1  645  500
    nir     b2  859  500
    blue    b3  469  500
    green   b4  555  500
    swir12  b5  1240 500
    swir16  b6  1640 500
    swir22  b7  2130 500
""")
_HLS_S30 = tuple(replace(b, resolution=30.0) for b in _S2)
_RADAR = tuple(Band(p, (f"{p}db", f"sigma0{p}", f"gamma0{p}"), None, 10, 1.0) for p in ("vv", "vh", "hh", "hv"))

#: Sensors by key. ``cube.attrs["sensor"]`` is one of these keys.
SENSORS: dict[str, Sensor] = {
    s.key: s
    for s in (
        Sensor("sentinel2-l2a", "Sentinel-2 L2A, surface reflectance", _S2, ("scl", "qa60")),
        Sensor("sentinel2-l1c", "Sentinel-2 L1C, top-of-atmosphere reflectance", (*_S2, _CIRRUS), ("qa60",)),
        Sensor(
            "landsat-oli",
            "Landsat 8-9 Collection 2 Level 2",
            (*_bands(_OLI, **_LANDSAT), Band("lwir11", ("b10", "stb10", "lwir"), 10895, **_KELVIN)),  # type: ignore[arg-type]
            ("qa_pixel",),
        ),
        Sensor(
            "landsat-tm",
            "Landsat 4-7 Collection 2 Level 2",
            (*_bands(_TM, **_LANDSAT), Band("lwir", ("b6", "stb6"), 11450, **_KELVIN)),  # type: ignore[arg-type]
            ("qa_pixel",),
        ),
        Sensor("hls-s30", "Harmonized Landsat Sentinel-2, S30", (*_HLS_S30, _CIRRUS), ("fmask",), -9999),
        Sensor("hls-l30", "Harmonized Landsat Sentinel-2, L30", _bands(_OLI), ("fmask",), -9999),
        Sensor("modis", "MODIS surface reflectance (MOD09, MYD09)", _MODIS, ("modis_state",), -28672),
        Sensor("sentinel1", "Sentinel-1 backscatter", _RADAR),
    )
}

#: Names under which files, STAC collections and people know the sensors; the first pattern that fits wins.
_HINTS: tuple[tuple[str, str], ...] = (
    (r"hls[^a-z0-9]?v?2?[^a-z0-9]?s30|hlss30", "hls-s30"),
    (r"hls[^a-z0-9]?v?2?[^a-z0-9]?l30|hlsl30", "hls-l30"),
    (r"msil1c|sentinel-?2-?(level-?)?l?1c|s2-?l1c", "sentinel2-l1c"),
    (r"msil2a|sentinel-?2|(?<![a-z0-9])s2[abc]?(?![a-z0-9])|s2-?l2a", "sentinel2-l2a"),
    (r"(?<![a-z0-9])l[co]0[89](?![0-9])|landsat[-_ ]?[89](?![0-9])|landsat-?oli|(?<![a-z])oli(?![a-z])", "landsat-oli"),
    (r"(?<![a-z0-9])l[te]0[457](?![0-9])|landsat[-_ ]?[457](?![0-9])|landsat-?tm", "landsat-tm"),
    (r"m[oy]d09|modis", "modis"),
    (r"sentinel-?1|(?<![a-z0-9])s1[abc]?(?![a-z0-9])", "sentinel1"),
)

#: From this baseline on (2022-01-25), Sentinel-2 integers carry an offset of 1000.
OFFSET_BASELINE = 4.0
OFFSET_DATE = "2022-01-25"


def find_sensor(name: str) -> Sensor:
    """Find a sensor by key or by a common way to write it.

    Sentinel-2 may carry a processing baseline after an at sign: ``"sentinel2-l2a@04.00"`` says that the
    integers hold the offset of 1000 that ESA adds since 2022-01-25, ``"sentinel2-l2a@02.14"`` that they don't.

    Raises
    ------
    InputError
        No sensor has that name, or the baseline is not a number.
    """
    key, _, baseline = str(name).strip().lower().partition("@")
    sensor = SENSORS.get(key) or hinted_sensor(key)
    if sensor is None:
        raise unknown("sensor", name, SENSORS)
    if not baseline:
        return sensor
    try:
        return replace(sensor, baseline=float(baseline))
    except ValueError:
        raise InputError(
            f"The processing baseline in sensor={name!r} is not a number; write it as 'sentinel2-l2a@04.00'."
        ) from None


def hinted_sensor(text: str) -> Sensor | None:
    """Guess the sensor from a file name, a STAC collection or a platform, or None."""
    text = text.lower()
    return next((SENSORS[key] for pattern, key in _HINTS if re.search(pattern, text)), None)


def baseline_in(text: str) -> float | None:
    """Processing baseline in the name of a Sentinel-2 product (``..._N0400_...``), or None."""
    match = re.search(r"S2[ABC]_MSIL[12][AC]_\d{8}T\d{6}_N(\d{2})(\d{2})_", text)
    return float(f"{match[1]}.{match[2]}") if match else None


def before_offset(text: str) -> bool | None:
    """Whether a Sentinel-2 product is older than the offset of 1000; None where its name does not tell."""
    baseline = baseline_in(text)
    return None if baseline is None else baseline < OFFSET_BASELINE


def sensor_of_names(names: Iterable[str]) -> Sensor | None:
    """Guess the sensor from the names of its bands, or None where several fit.

    Raises
    ------
    InputError
        The bands are numbered in a way that several sensors use.
    """
    raw = [str(n) for n in names]
    tokens = {_token(n) for n in raw}
    if any(n.lower().startswith("sur_refl") for n in raw):
        return SENSORS["modis"]
    if tokens & {"vv", "vh", "hh", "hv", "vvdb", "vhdb"}:
        return SENSORS["sentinel1"]
    if "fmask" in tokens and tokens & {"b5", "b8a"}:
        return SENSORS["hls-s30" if tokens & {"b8", "b8a", "b11", "b12"} else "hls-l30"]
    if "scl" in tokens or "b8a" in tokens or {"b8", "b11"} <= tokens or {"b2", "b3", "b4", "b8"} <= tokens:
        return SENSORS["sentinel2-l1c" if "b10" in tokens else "sentinel2-l2a"]
    if any(n.lower().startswith(("sr_b", "st_b")) for n in raw):
        if tokens & {"b6", "stb10"}:
            return SENSORS["landsat-oli"]
        if "stb6" in tokens or {"b1", "b5", "b7"} <= tokens:
            return SENSORS["landsat-tm"]
    numbered = [n for n in raw if re.fullmatch(r"(sr_?)?b0?\d{1,2}a?(_.*)?", n.lower())]
    if numbered:
        listed = ", ".join(repr(n) for n in numbered[:4])
        raise InputError(
            f"Bands named {listed} exist for several sensors; say which one with sensor=, "
            "for example sensor='sentinel2-l2a' or sensor='landsat-oli'."
        )
    return None


#: Ways to write a band without its number, whatever the sensor.
_WORDS = {
    "coastalaerosol": "coastal", "nir1": "nir", "nearinfrared": "nir", "nirnarrow": "nir08",
    "nirbroad": "nir", "narrownir": "nir08", "watervapor": "nir09", "watervapour": "nir09", "rededge": "rededge1",
    "re1": "rededge1", "re2": "rededge2", "re3": "rededge3", "swir1": "swir16", "swir2": "swir22",
}  # fmt: skip
COMMON = frozenset(
    {b.name for s in SENSORS.values() for b in s.bands} | {"lwir12", "yellow", "green05", "pan", "cirrus"}
)


def common_name(name: str, sensor: Sensor | None) -> str | None:
    """Turn any way to write a band into its common name, or None where it is not a band of the sensor."""
    token = _token(name)
    if sensor is not None and (band := sensor.band(name)):
        return band.name
    token = _WORDS.get(token, token)
    return token if token in COMMON else None


def _token(name: str) -> str:
    """Reduce ``"B04_10m"``, ``"SR_B4"``, ``"Band 4"``, ``"sur_refl_b04_1"`` to ``"b4"``."""
    text = str(name).strip().lower()
    text = re.sub(r"[-_ ]?(10|20|60|30|500)m$", "", text)
    text = re.sub(r"^sur_refl_b(\d+)(_\d+)?$", r"b\1", text)
    text = re.sub(r"[^a-z0-9]", "", text)
    text = re.sub(r"^(sr|nadirreflectance)?b(and)?0*(\d{1,2}a?)$", r"b\3", text)
    return re.sub(r"^stb(and)?0*(\d{1,2})$", r"stb\2", text)
