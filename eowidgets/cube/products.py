"""Products of satellites: the names of their bands, how stored numbers become physical values, their quality bands.

Central wavelengths, scales and offsets are those of the product guides: Sentinel-2 Products Specification Document,
Landsat Collection 1 and 2 Level 1 and Level 2 Product Guides, HLS v2.0 User Guide, MOD09, MOD11 and MOD13 v6.1 User
Guides, Planet Imagery Product Specifications, Digital Earth Australia Analysis Ready Data (Collection 3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace


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
    quantity: str = "reflectance"


@dataclass(frozen=True, slots=True)
class Sensor:
    """A product of a satellite.

    Attributes
    ----------
    key, title : str
        Value of ``cube.attrs["sensor"]``, and a name for people.
    bands : tuple of Band
    quality : tuple of str
        Quality bands of the product, keys of ``quality.QUALITY``.
    nodata : float or None
        Stored number of pixels without data, where the file does not state one.
    baseline : float or None
        Processing baseline of Sentinel-2.
    family : str
        Products of one family can be merged into one cube (see :mod:`eowidgets.cube.mixing`).
    orders : tuple of tuple of str
        Common names of the layers of a file without layer names, one tuple for each number of layers.
    """

    key: str
    title: str
    bands: tuple[Band, ...]
    quality: tuple[str, ...] = ()
    nodata: float | None = 0
    baseline: float | None = None
    family: str = ""
    orders: tuple[tuple[str, ...], ...] = ()

    def band(self, name: str) -> Band | None:
        """Return the band with this name or alias (``"red"``, ``"B4"``, ``"B04"``, ``"SR_B4"``), or None."""
        token = band_token(name)
        return next((b for b in self.bands if token == b.name or token in b.aliases), None)


def band_token(name: str) -> str:
    """Reduce ``"B04_10m"``, ``"SR_B4"``, ``"Band 4"``, ``"sur_refl_b04_1"``, ``"nbart_red"`` to ``"b4"`` or ``"red"``."""
    text = str(name).strip().lower()
    text = re.sub(r"[-_ ]?(10|20|60|30|500)m$", "", text)
    text = re.sub(r"^sur_refl_b(\d+)(_\d+)?$", r"b\1", text)
    text = re.sub(r"[^a-z0-9]", "", text)
    text = re.sub(r"^nbart?(?=[a-z])", "", text)
    text = re.sub(r"^(sr|toa|nadirreflectance)?b(and)?0*(\d{1,2}a?)$", r"b\3", text)
    return re.sub(r"^(st|bt)b(and)?0*(\d{1,2})$", r"stb\3", text)


def _bands(rows: str, scale: float = 1e-4, offset: float = 0.0) -> tuple[Band, ...]:
    """Read a table of ``name aliases,... wavelength resolution`` rows."""
    cells = (row.split() for row in rows.splitlines() if row.strip())
    return tuple(Band(n, tuple(a.split(",")), float(w), float(r), scale, offset) for n, a, w, r in cells)


def _thermal(name: str, aliases: str, wavelength: float, scale: float = 0.00341802, offset: float = 149.0) -> Band:
    return Band(name, tuple(aliases.split(",")), wavelength, 100.0, scale, offset, "K", "temperature")


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
    coastal  b1,coastalaerosol  443  30
    blue     b2                 482  30
    green    b3                 561  30
    red      b4                 655  30
    nir      b5,nir08           865  30
    swir16   b6,swir1           1609 30
    swir22   b7,swir2           2201 30
"""
_OLI_EXTRA = """
    pan      b8                 590  15
    cirrus   b9                 1373 30
"""
_TM = """
    blue     b1        485  30
    green    b2        560  30
    red      b3        660  30
    nir      b4,nir08  830  30
    swir16   b5,swir1  1650 30
    swir22   b7,swir2  2215 30
"""
_TM_PAN = """
    pan      b8        710  15
"""
#: Collection 2 Level 2: surface reflectance.
_C2_L2 = {"scale": 2.75e-5, "offset": -0.2}
#: Level 1 of OLI: reflectance at the top of the atmosphere before division by the sine of the sun's elevation.
_L1 = {"scale": 2e-5, "offset": -0.1}

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
_RADAR = tuple(
    Band(p, (f"{p}db", f"sigma0{p}", f"gamma0{p}"), None, 10, 1.0, quantity="backscatter")
    for p in ("vv", "vh", "hh", "hv")
)
_PLANET = _bands("""
    coastal   coastalblue      443  3
    blue      b1               490  3
    green05   greeni           531  3
    green     b2               565  3
    yellow    yellow           610  3
    red       b3               665  3
    rededge1  rededge          705  3
    nir       b4               865  3
""")
_PLANET_4 = ("blue", "green", "red", "nir")
_PLANET_8 = ("coastal", "blue", "green05", "green", "yellow", "red", "rededge1", "nir")
_NAIP = tuple(
    Band(name, (name,), wavelength, 1.0, 1 / 255, quantity="brightness")
    for name, wavelength in (("red", 650.0), ("green", 555.0), ("blue", 465.0), ("nir", 845.0))
)
_DEA_S2 = _bands("""
    coastal   b1,coastalaerosol  443  60
    blue      b2                 492  10
    green     b3                 560  10
    red       b4                 665  10
    rededge1  b5,rededge1        704  20
    rededge2  b6,rededge2        741  20
    rededge3  b7,rededge3        783  20
    nir       b8,nir1            833  10
    nir08     b8a,nir2           865  20
    swir16    b11,swir2          1614 20
    swir22    b12,swir3          2202 20
""")


def _index(name: str, *aliases: str) -> Band:
    return Band(name, (name, *aliases), None, 250, 1e-4, quantity="index")


#: Products by key. ``cube.attrs["sensor"]`` is one of these keys.
SENSORS: dict[str, Sensor] = {
    s.key: s
    for s in (
        Sensor("sentinel2-l2a", "Sentinel-2 L2A, surface reflectance", _S2, ("scl", "qa60")),
        Sensor("sentinel2-l1c", "Sentinel-2 L1C, top-of-atmosphere reflectance", (*_S2, _CIRRUS), ("qa60",)),
        Sensor(
            "landsat-oli",
            "Landsat 8-9 Collection 2 Level 2",
            (*_bands(_OLI, **_C2_L2), _thermal("lwir11", "b10,stb10,lwir", 10895)),
            ("qa_pixel",),
            family="landsat-c2-l2",
        ),
        Sensor(
            "landsat-tm",
            "Landsat 4-7 Collection 2 Level 2",
            (*_bands(_TM, **_C2_L2), _thermal("lwir", "b6,stb6", 11450)),
            ("qa_pixel",),
            family="landsat-c2-l2",
        ),
        Sensor(
            "landsat-oli-l1",
            "Landsat 8-9 Level 1, top-of-atmosphere reflectance",
            _bands(_OLI + _OLI_EXTRA, **_L1),
            ("qa_pixel", "bqa"),
            family="landsat-l1",
        ),
        Sensor(
            "landsat-tm-l1",
            "Landsat 4-7 Level 1, top-of-atmosphere reflectance",
            _bands(_TM + _TM_PAN, 1.0),
            ("qa_pixel", "bqa"),
            family="landsat-l1",
        ),
        Sensor(
            "landsat-oli-c1",
            "Landsat 8 Collection 1 surface reflectance",
            (*_bands(_OLI), _thermal("lwir11", "b10,stb10", 10895, 0.1, 0.0)),
            ("pixel_qa",),
            -9999,
            family="landsat-c1-sr",
        ),
        Sensor(
            "landsat-tm-c1",
            "Landsat 4-7 Collection 1 surface reflectance",
            (*_bands(_TM), _thermal("lwir", "b6,stb6", 11450, 0.1, 0.0)),
            ("pixel_qa",),
            -9999,
            family="landsat-c1-sr",
        ),
        Sensor(
            "dea-oli",
            "Digital Earth Australia, Landsat 8-9 surface reflectance",
            _bands(_OLI),
            ("oa_fmask",),
            -999,
            family="dea-landsat",
        ),
        Sensor(
            "dea-tm",
            "Digital Earth Australia, Landsat 5-7 surface reflectance",
            _bands(_TM),
            ("oa_fmask",),
            -999,
            family="dea-landsat",
        ),
        Sensor(
            "dea-s2",
            "Digital Earth Australia, Sentinel-2 surface reflectance",
            _DEA_S2,
            ("oa_fmask", "s2cloudless"),
            -999,
        ),
        Sensor(
            "hls-s30",
            "Harmonized Landsat Sentinel-2, S30",
            (*_HLS_S30, _CIRRUS),
            ("fmask",),
            -9999,
            family="hls",
        ),
        Sensor("hls-l30", "Harmonized Landsat Sentinel-2, L30", _bands(_OLI), ("fmask",), -9999, family="hls"),
        Sensor("modis", "MODIS surface reflectance (MOD09, MYD09)", _MODIS, ("modis_state",), -28672),
        Sensor(
            "modis-vi",
            "MODIS vegetation indices (MOD13, MYD13)",
            (_index("ndvi", "250m16daysndvi", "500m16daysndvi"), _index("evi", "250m16daysevi", "500m16daysevi")),
            ("vi_reliability",),
            -3000,
        ),
        Sensor(
            "modis-lst",
            "MODIS land surface temperature (MOD11, MYD11)",
            (
                _thermal("lst_day", "lstday1km,lstday", 11030, 0.02, 0.0),
                _thermal("lst_night", "lstnight1km,lstnight", 11030, 0.02, 0.0),
            ),
        ),
        Sensor("sentinel1", "Sentinel-1 backscatter", _RADAR),
        Sensor(
            "planetscope",
            "PlanetScope surface reflectance",
            _PLANET,
            ("clear_mask",),
            family="planetscope",
            orders=(_PLANET_4, _PLANET_8),
        ),
        Sensor(
            "planetscope-radiance",
            "PlanetScope radiance",
            tuple(replace(b, scale=0.01, units="W m-2 sr-1 um-1", quantity="radiance") for b in _PLANET),
            ("clear_mask",),
            orders=(_PLANET_4, _PLANET_8),
        ),
        Sensor(
            "naip",
            "NAIP aerial photographs",
            _NAIP,
            nodata=None,
            orders=(("red", "green", "blue"), ("red", "green", "blue", "nir")),
        ),
    )
}
