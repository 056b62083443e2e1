"""The style of a picture of a cube, as one value for numpy and the browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

#: Well-known band mixes: name -> red, green and blue channel.
COMPOSITES: dict[str, tuple[str, str, str]] = {
    "true colour": ("red", "green", "blue"),
    "false colour (vegetation)": ("nir", "red", "green"),
    "short-wave infrared": ("swir16", "nir", "red"),
    "agriculture": ("swir16", "nir", "blue"),
    "urban": ("swir22", "swir16", "red"),
    "radar": ("vv", "vh", "vv"),
    "embedding": ("component_1", "component_2", "component_3"),
}

Stretch = Literal["percentile", "minmax"]


@dataclass(frozen=True, slots=True)
class Style:
    """Style of the picture of a date.

    Parameters
    ----------
    bands : tuple of str
        One band (grey or colour map) or three (red, green, blue). Ignored if ``index`` is given.
    index : str, optional
        A spectral index or a formula.
    vmin, vmax : float, optional
        Values drawn darkest and brightest; where None, the ``stretch`` decides.
    stretch : {"percentile", "minmax"}
        2nd to 98th percentile of clear pixels over all dates, or their whole range.
    gamma : float
        Brightens the middle above 1.
    cmap : str
        Colour map for one value per pixel.
    opacity : float
        0..1.
    clouds : {"show", "hide"}
        Whether cloudy pixels are drawn.
    classes : mapping, optional
        Value -> colour ``#rrggbb``: draws a class map.
    """

    bands: tuple[str, ...] = ()
    index: str | None = None
    vmin: float | None = None
    vmax: float | None = None
    stretch: Stretch = "percentile"
    gamma: float = 1.0
    cmap: str = "viridis"
    opacity: float = 1.0
    clouds: Literal["show", "hide"] = "show"
    classes: Mapping[int, str] | None = None

    def limits(self, quantiles: tuple[float, float, float, float]) -> tuple[float, float]:
        """Return the darkest and the brightest value, given (min, 2 %, 98 %, max) of the data."""
        low, p2, p98, high = quantiles
        auto = (low, high) if self.stretch == "minmax" else (p2, p98)
        lo = auto[0] if self.vmin is None else self.vmin
        hi = auto[1] if self.vmax is None else self.vmax
        return lo, hi if hi > lo else lo + 1e-6


def default_bands(bands: tuple[str, ...]) -> tuple[str, ...]:
    """Pick the first well-known mix that these bands allow, else the first band alone."""
    for mix in COMPOSITES.values():
        if all(b in bands for b in mix):
            return mix
    return bands[:1]


def mix_name(bands: tuple[str, ...]) -> str:
    """Return ``"true colour"`` and similar names, or the names of the bands."""
    for name, mix in COMPOSITES.items():
        if bands == mix:
            return name
    return ", ".join(bands)


def stretch(values: np.ndarray, low: float, high: float, gamma: float = 1.0) -> np.ndarray:
    """Map values to 0..1 float32: linear from ``low`` to ``high``, then to the power 1 / gamma; NaN stays NaN."""
    span = np.float32(high) - np.float32(low)
    unit = np.clip((values.astype(np.float32) - np.float32(low)) / span, 0, 1)
    bright: np.ndarray = unit if gamma == 1 else unit ** np.float32(1.0 / gamma)
    return bright


def quantiles(values: np.ndarray) -> tuple[float, float, float, float]:
    """Return (min, 2 %, 98 %, max) of the finite values; (0, 0, 1, 1) if there are none."""
    seen = values[np.isfinite(values)]
    if not seen.size:
        return (0.0, 0.0, 1.0, 1.0)
    low, p2, p98, high = np.quantile(seen.astype(np.float64), [0.0, 0.02, 0.98, 1.0])
    return (float(low), float(p2), float(p98), float(high))


def as_json(values: tuple[float, ...], digits: int = 7) -> list[float]:
    """Return rounded JSON values, so that the browser and Python use the same limits."""
    return [float(np.float32(v)) if digits == 7 else round(v, digits) for v in values]


def describe(style: Style) -> str:
    """Return one line that describes what is drawn."""
    if style.index:
        return f"{style.index} ({style.cmap})"
    if len(style.bands) == 1:
        return f"{style.bands[0]} ({style.cmap})"
    return mix_name(style.bands)


def style_from(value: Style | Mapping[str, Any] | None) -> Style:
    """Accept a Style, a mapping of its parameters or None."""
    if isinstance(value, Style):
        return value
    from eowidgets.errors import unknown

    given = dict(value or {})
    for key in given:
        if key not in Style.__dataclass_fields__:
            raise unknown("style parameter", key, Style.__dataclass_fields__)
    if "bands" in given:
        given["bands"] = tuple(given["bands"])
    return Style(**given)
