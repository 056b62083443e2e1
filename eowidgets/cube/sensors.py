"""Look-up of products and bands from the names in files, catalogues and calls."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from eowidgets.cube.products import SENSORS, Band, Sensor, band_token
from eowidgets.errors import InputError, unknown

__all__ = ["COMMON", "SENSORS", "Band", "Sensor", "common_name", "find_sensor", "hinted_sensor", "sensor_of_names"]

#: Patterns of file names, STAC collections and platforms; the first that matches decides. Landsat and Digital Earth
#: Australia come before these, because instrument and level are stated separately there.
_HINTS: tuple[tuple[str, str], ...] = (
    (r"hls[^a-z0-9]?v?2?[^a-z0-9]?s30|hlss30", "hls-s30"),
    (r"hls[^a-z0-9]?v?2?[^a-z0-9]?l30|hlsl30", "hls-l30"),
    (r"3b_analyticms(_8b)?(?!.*_sr)|planetscope-radiance", "planetscope-radiance"),
    (r"3b_analyticms|planetscope|psscene", "planetscope"),
    (r"msil1c|sentinel-?2-?(level-?)?l?1c|s2-?l1c", "sentinel2-l1c"),
    (r"msil2a|sentinel-?2|(?<![a-z0-9])s2[abcd]?(?![a-z0-9])|s2-?l2a", "sentinel2-l2a"),
    (r"(?<![a-z0-9])t\d{2}[a-z]{3}_\d{8}t\d{6}_[a-z0-9]+_[126]0m", "sentinel2-l2a"),
    (r"m[oy]d13|modis-13", "modis-vi"),
    (r"m[oy]d11|modis-11", "modis-lst"),
    (r"m[oy]d09|mcd43|modis", "modis"),
    (r"sentinel-?1|(?<![a-z0-9])s1[abcd]?(?![a-z0-9])", "sentinel1"),
    (r"(?<![a-z])naip(?![a-z])|^m_\d{7}_[ns][ew]_\d{2}_", "naip"),
)
_OLI = r"(?<![a-z0-9])l[co]0[89](?![0-9])|landsat[-_ ]?[89](?![0-9])|landsat-?oli|(?<![a-z])oli(?![a-z])|ls[89]c"
_TM = r"(?<![a-z0-9])l[te]0[4-7](?![0-9])|landsat[-_ ]?[4-7](?![0-9])|landsat-?tm|ls[57][tec]"
_LEVEL_1 = r"_l1(tp|gt|gs)|landsat-?c2-?l1|level-?1(?![0-9])|-l1(?![0-9])"
_COLLECTION_1 = r"_01_(t1|t2|rt)|_(sr|bt|toa)_band\d|landsat-?c1|-c1(?![0-9])"

#: From this baseline on (2022-01-25), Sentinel-2 integers carry an offset of 1000.
OFFSET_BASELINE = 4.0
OFFSET_DATE = "2022-01-25"


def find_sensor(name: str) -> Sensor:
    """Return the product with a key, or with a common way to write it.

    Sentinel-2 may carry a processing baseline after an at sign: ``"sentinel2-l2a@04.00"`` states that the
    integers hold the offset of 1000 that ESA adds since 2022-01-25, ``"sentinel2-l2a@02.14"`` that they do not.

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
            f"The processing baseline in sensor={str(name)[:80]!r} is not a number; write it as 'sentinel2-l2a@04.00'."
        ) from None


def hinted_sensor(text: str) -> Sensor | None:
    """Return the product that a file name, a STAC collection or a platform points to, or None.

    Several hints may be given in one text, separated by spaces: a Landsat collection states the level and the
    platform states the instrument.

    Examples
    --------
    >>> hinted_sensor("LC08_L1TP_028030_20200114_20200824_02_T1_B4").key
    'landsat-oli-l1'
    >>> hinted_sensor("landsat-c2-l2 landsat-7").key
    'landsat-tm'
    """
    text = text.lower()
    key = _landsat(text) or next((key for pattern, key in _HINTS if re.search(pattern, text)), None)
    return None if key is None else SENSORS[key]


def _landsat(text: str) -> str | None:
    if re.search(r"(?<![a-z])hls", text):
        return None
    if re.search(r"ga_s2[abc]m|s2[abc]m_ard", text):
        return "dea-s2"
    if found := re.search(r"ga_ls([5789])", text):
        return "dea-oli" if found[1] in "89" else "dea-tm"
    instrument = "oli" if re.search(_OLI, text) else "tm" if re.search(_TM, text) else None
    if instrument is None:
        return None
    if re.search(r"dea-(oli|tm)|nbart", text):
        return f"dea-{instrument}"
    surface = re.search(r"_(sr|bt|toa)_band|_(pixel|radsat)_qa|landsat-?c1|-c1(?![0-9])|_l2s[pr]_", text)
    if re.search(_COLLECTION_1, text) and surface:
        return f"landsat-{instrument}-c1"
    return f"landsat-{instrument}-l1" if re.search(_LEVEL_1, text) else f"landsat-{instrument}"


def baseline_in(text: str) -> float | None:
    """Return the processing baseline in the name of a Sentinel-2 product (``..._N0400_...``), or None."""
    match = re.search(r"S2[ABCD]_MSIL[12][AC]_\d{8}T\d{6}_N(\d{2})(\d{2})_", text)
    return float(f"{match[1]}.{match[2]}") if match else None


def sensor_of_names(names: Iterable[str]) -> Sensor | None:
    """Return the product whose bands have these names, or None where several products fit.

    Raises
    ------
    InputError
        The bands are numbered in a way that several sensors use.
    """
    raw = [str(n) for n in names]
    tokens = {band_token(n) for n in raw}
    if any(n.lower().startswith("sur_refl") for n in raw):
        return SENSORS["modis"]
    if tokens & {"vv", "vh", "hh", "hv", "vvdb", "vhdb"}:
        return SENSORS["sentinel1"]
    if tokens & {"greeni", "coastalblue"}:
        return SENSORS["planetscope"]
    if any(n.lower().startswith("nbart_") for n in raw):
        return SENSORS["dea-s2" if any(re.search(r"nir_\d|swir_3", n.lower()) for n in raw) else "dea-oli"]
    if "fmask" in tokens and tokens & {"b5", "b8a"}:
        return SENSORS["hls-s30" if tokens & {"b8", "b8a", "b11", "b12"} else "hls-l30"]
    if "scl" in tokens or "b8a" in tokens or {"b8", "b11"} <= tokens or {"b2", "b3", "b4", "b8"} <= tokens:
        return SENSORS["sentinel2-l1c" if "b10" in tokens else "sentinel2-l2a"]
    if any(re.match(r"sr_band\d|bt_band\d", n.lower()) for n in raw):
        return SENSORS[
            "landsat-tm-c1" if tokens & {"stb6"} or {"b1", "b5", "b7"} <= tokens - {"b6"} else "landsat-oli-c1"
        ]
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
    "coastalaerosol": "coastal", "coastalblue": "coastal", "nir1": "nir", "nearinfrared": "nir", "nirnarrow": "nir08",
    "nirbroad": "nir", "narrownir": "nir08", "watervapor": "nir09", "watervapour": "nir09", "rededge": "rededge1",
    "re1": "rededge1", "re2": "rededge2", "re3": "rededge3", "swir1": "swir16", "swir2": "swir22", "greeni": "green05",
    "nearir": "nir", "nir2": "nir08", "gray": "pan", "grey": "pan", "panchromatic": "pan",
}  # fmt: skip
COMMON = frozenset(
    {b.name for s in SENSORS.values() for b in s.bands if b.quantity != "index" and not b.name.startswith("lst_")}
    | {"lwir12", "yellow", "green05", "pan", "cirrus"}
)


def common_name(name: str, sensor: Sensor | None) -> str | None:
    """Return the common name of a band, or None where the name is not that of a band of the sensor.

    Examples
    --------
    >>> common_name("SR_B4", SENSORS["landsat-tm"]), common_name("NIR1", None), common_name("slope", None)
    ('nir', 'nir', None)
    """
    if sensor is not None and (band := sensor.band(name)):
        return band.name
    if str(name).lower() == "nir_broad":
        return "nir_broad"
    token = band_token(name)
    token = _WORDS.get(token, token)
    return token if token in COMMON else None
