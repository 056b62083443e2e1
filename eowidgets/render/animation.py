"""A series as a film: frames with a date stamp and a legend, written as GIF or MP4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from eowidgets.cube.export.place import write_whole
from eowidgets.errors import InputError, MissingExtraError, shown
from eowidgets.render.colormaps import colormap
from eowidgets.render.picture import draw, subject
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style
from eowidgets.render.window import Window

_INK, _PAPER = (240, 240, 240), (24, 24, 24)
_BAR = 36


def frames(source: FrameSource, style: Style, dates: Iterable[int], size: int = 640) -> Iterator[np.ndarray]:
    """Return the frames, each with a strip below that has the date, the layer's name and its range.

    Parameters
    ----------
    source : FrameSource
    style : Style
    dates : iterable of int
        Positions in the series.
    size : int
        Longer side of the picture, pixels of the film.

    Yields
    ------
    numpy.ndarray
        uint8 ``(height, width, 3)``, both even as video wants them.
    """
    from PIL import Image

    longest = max(source.width, source.height)
    window = Window(0, 0, source.width, source.height, max(1, -(-longest // size)))
    # Whole multiples keep pixels square and sharp.
    zoom = max(1, size // max(window.shape))
    legend: Any = None
    for date in dates:
        rgba = draw(source, style, date, window)
        alpha = rgba[..., 3:].astype(np.float32) / 255
        picture = np.rint(rgba[..., :3] * alpha + np.array(_PAPER, np.float32) * (1 - alpha)).astype(np.uint8)
        picture = picture.repeat(zoom, 0).repeat(zoom, 1)
        width = max(picture.shape[1], 320)
        canvas = np.full((picture.shape[0] + _BAR, width, 3), _PAPER, np.uint8)
        left = (width - picture.shape[1]) // 2
        canvas[: picture.shape[0], left : left + picture.shape[1]] = picture
        legend = _legend(source, style, width) if legend is None else legend
        strip = legend.copy()
        _write(strip, (8, 9), source.labels[date][:10] if source.labels else "")
        canvas[picture.shape[0] :] = np.asarray(strip)
        image = Image.fromarray(canvas)
        yield np.asarray(image)[: canvas.shape[0] // 2 * 2, : width // 2 * 2]


def _legend(source: FrameSource, style: Style, width: int) -> Any:
    from PIL import Image

    strip = Image.new("RGB", (width, _BAR), _PAPER)
    what = subject(source, style)
    if what.kind != "value":
        _write(strip, (110, 9), what.title[:40])
        return strip
    low, high = style.limits(what.quantiles[0])
    ramp = colormap(style.cmap)[np.linspace(0, 255, 80).astype(int)][None].repeat(10, 0)
    strip.paste(Image.fromarray(ramp), (width - 140, 13))
    _write(strip, (110, 9), what.title[: max(4, (width - 300) // 9)])
    _write(strip, (width - 186, 9), f"{low:.2g}")
    _write(strip, (width - 54, 9), f"{high:.2g}")
    return strip


def _write(image: Any, at: tuple[int, int], text: str) -> None:
    from PIL import ImageDraw, ImageFont

    ImageDraw.Draw(image).text(at, text, fill=_INK, font=ImageFont.load_default(14))


def save(path: str | Path, pictures: Iterable[np.ndarray], fps: float) -> Path:
    """Write a film; nothing is left at ``path`` if that fails.

    Parameters
    ----------
    path : path
        Ends with ``.gif`` or ``.mp4``.
    pictures : iterable of ndarray
        As returned by `frames`.
    fps : float
        Frames per second.

    Raises
    ------
    InputError, MissingExtraError, SourceError
    """
    target = Path(path)
    if target.suffix.lower() not in (".gif", ".mp4"):
        raise InputError(
            f"A film ends with .gif or .mp4, not with {shown(target.suffix or 'nothing')}: change the name."
        )
    if not 0 < fps <= 60:
        raise InputError(f"A film has between 0 and 60 frames per second, not {fps}.")
    try:
        import imageio.v3 as iio

        if target.suffix.lower() == ".mp4":
            import_module("imageio_ffmpeg")
    except ImportError:
        raise MissingExtraError("Writing a film", "video") from None

    def write(name: Path) -> None:
        if target.suffix.lower() == ".gif":
            iio.imwrite(name, list(pictures), extension=".gif", duration=1000 / fps, loop=0)
        else:
            # Every player and browser supports yuv420p.
            settings: Any = {"codec": "libx264", "pixelformat": "yuv420p", "macro_block_size": 2}
            iio.imwrite(name, np.stack(list(pictures)), plugin="FFMPEG", fps=fps, **settings)

    return write_whole(target, write)
