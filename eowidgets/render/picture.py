"""The viewer's picture in numpy: equal to the browser's picture within one grey level."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from eowidgets.render.colormaps import colormap, rgba
from eowidgets.render.formula import evaluate
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style, stretch
from eowidgets.render.window import Window

Rgba = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Subject:
    """Content of a picture: the bands, their conversion to one value or three, and their range."""

    kind: str
    bands: tuple[str, ...]
    quantiles: tuple[tuple[float, float, float, float], ...]
    title: str


def subject(source: FrameSource, style: Style) -> Subject:
    """Resolve a style for a source, as the browser does."""
    if style.index:
        program = source.program(style.index)
        return Subject("value", program.bands, (source.quantiles(program),), program.name)
    shown = tuple(b for b in style.bands if b in source.bands)
    if len(shown) != len(style.bands) or not shown:
        shown = source.bands[:1]
    if len(shown) == 3:
        return Subject("rgb", shown, tuple(source.quantiles(b) for b in shown), ", ".join(shown))
    return Subject("class" if style.classes else "value", shown[:1], (source.quantiles(shown[0]),), shown[0])


def draw(source: FrameSource, style: Style, date: int, window: Window | None = None) -> Rgba:
    """Draw one date.

    Parameters
    ----------
    source : FrameSource
    style : Style
    date : int
        Its position in the series.
    window : Window, optional
        The whole raster if not given.

    Returns
    -------
    numpy.ndarray
        uint8 ``(y, x, 4)``, transparent where nothing was measured (or, if the style hides clouds, observed).
    """
    window = window or source.whole
    what = subject(source, style)
    values = {b: source.floats(b, [date] if _has_time(source, b) else slice(None), window)[0] for b in what.bands}
    bad = np.zeros(window.shape, bool)
    for layer in values.values():
        bad |= ~np.isfinite(layer)
    if what.kind == "rgb":
        pairs = zip(what.bands, what.quantiles, strict=True)
        channels = [stretch(values[b], *style.limits(q), style.gamma) for b, q in pairs]
        colour = np.stack(channels, -1)
    else:
        value = evaluate(source.program(style.index), values) if style.index else values[what.bands[0]]
        bad |= ~np.isfinite(value)
        if what.kind == "class":
            colour, unknown = _classes(value, style)
            bad |= unknown
        else:
            unit = np.nan_to_num(stretch(value, *style.limits(what.quantiles[0]), style.gamma))
            colour = colormap(style.cmap)[np.floor(unit * 255 + 0.5).astype(int)] / np.float32(255)
    if style.clouds == "hide":
        bad |= source.clouds([date], window)[0]
    out = np.zeros((*window.shape, 4), np.uint8)
    out[..., :3] = np.floor(np.nan_to_num(colour) * 255 + 0.5)
    out[..., 3] = round(255 * style.opacity)
    out[bad] = 0
    return out


def _has_time(source: FrameSource, band: str) -> bool:
    return "time" in source.cube[band].dims


def _classes(value: npt.NDArray[Any], style: Style) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    table = np.zeros((256, 3), np.float32)
    known = np.zeros(256, bool)
    for number, color in (style.classes or {}).items():
        *channels, alpha = rgba(color)
        # A class without colour is not drawn, as a value without a class.
        table[number], known[number] = np.array(channels) / 255, alpha > 0
    codes = np.clip(np.nan_to_num(np.floor(value + 0.5)), 0, 255).astype(int)
    return table[codes], ~known[codes]


def png(picture: Rgba) -> bytes:
    """Encode as PNG."""
    from PIL import Image

    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()
