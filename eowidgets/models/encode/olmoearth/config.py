"""The sizes and versions of OlmoEarth."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Common names of the bands of Sentinel-2 in the order of the authors.
OPTICAL = (
    *("blue", "green", "red", "nir"),
    *("rededge1", "rededge2", "rededge3", "nir08", "swir16", "swir22"),
    *("coastal", "nir09"),
)
RADAR = ("vv", "vh")
#: The authors' names of the two sensors that are used here.
S2, S1 = "sentinel2_l2a", "sentinel1"
#: Channels that share a token, by sensor.
Groups = dict[str, tuple[tuple[int, ...], ...]]

#: For version 1, and for later versions.
SEPARATE: Groups = {S2: ((0, 1, 2, 3), (4, 5, 6, 7, 8, 9), (10, 11)), S1: ((0, 1),)}
TOGETHER: Groups = {S2: (tuple(range(12)),), S1: ((0, 1),)}


@dataclass(frozen=True, slots=True)
class Size:
    """Size and version of an encoder.

    Attributes
    ----------
    width, depth, heads : int
        Of the transformer.
    pixel : int
        Width of the per-pixel layer before the patches; 0 for none (version 1).
    rotary : bool
        Whether places and dates rotate queries and keys (version 1.2); otherwise they are added to the tokens.
    """

    width: int
    depth: int
    heads: int
    pixel: int = 0
    rotary: bool = False

    @property
    def groups(self) -> Groups:
        """Channels that share a token, by sensor."""
        return TOGETHER if self.pixel else SEPARATE


_V1 = {"nano": Size(128, 4, 8), "tiny": Size(192, 12, 3), "base": Size(768, 12, 12), "large": Size(1024, 24, 16)}
_V1_1 = {name: replace(_V1[name], pixel=12 if name == "nano" else 64) for name in ("nano", "tiny", "base")}
_V1_2 = {name: replace(size, rotary=True) for name, size in {**_V1_1, "small": Size(384, 12, 6, pixel=64)}.items()}
#: By tag of the published checkpoint.
SIZES = {
    f"{v}-{name}": size for v, sizes in (("v1", _V1), ("v1.1", _V1_1), ("v1.2", _V1_2)) for name, size in sizes.items()
}
