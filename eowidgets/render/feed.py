"""Answers to requests of the browser: pixels of a window, series, each in messages of a few megabytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from eowidgets.errors import InputError
from eowidgets.render.classes import most_frequent
from eowidgets.render.formula import Formula, evaluate
from eowidgets.render.pack import MAX_CHUNK, dates_per_chunk
from eowidgets.render.source import MASK, FrameSource
from eowidgets.render.window import Frame, Window

Message = tuple[dict[str, Any], bytes | None]

#: Pixels of an area that are read on each date.
MOST_OF_AREA = 4_000_000
#: Pixels of a window in which the outline of an area is followed exactly.
EXACT = 100_000_000
#: Below this observed share of an area, its date is drawn hollow.
ENOUGH = 0.5


def pixels(
    source: FrameSource,
    bands: Iterable[str],
    window: Window,
    near: int = 0,
    dates: Sequence[int] | None = None,
    *,
    deflate: bool = False,
) -> Iterator[Message]:
    """Yield the pixels of some bands, dates nearest to ``near`` first, all bands of a date together.

    Nothing is read before the message is consumed, so that a long answer can be stopped.

    Parameters
    ----------
    source : FrameSource
    bands : iterable of str
        Bands, or ``"clouds"``; unknown ones are left out.
    window : Window
    near : int
        Place of the date that is in view.
    dates : sequence of int, optional
        Only these dates, one message each; all if not given.
    deflate : bool
        Compress the bytes for a remote browser; the message has the key ``zip``.
    """
    names = names_of(source, bands)
    if source.lazy:
        real = [b for b in names if b != MASK]
        for band in real:
            source.codec(band)
        known = (source.index_head(p) for p in source.programs.values())
        heads = {"bands": [source.band_head(b) for b in real], "indices": [i for i in known if i["q"]]}
        yield {"type": "bands", "source": source.key, **heads}, None
    for together in zip_longest(*(_band(source, name, window, near, dates) for name in names)):
        for message, data in (m for m in together if m is not None):
            if deflate and data is not None:
                yield message | {"zip": True}, zlib.compress(data, 1)
            else:
                yield message, data


def frame(source: FrameSource, wanted: Frame, *, deflate: bool = False) -> Iterator[Message]:
    """Return the pixels of one date in a window as a separate picture; the message has the key ``frame``.

    Parameters
    ----------
    source : FrameSource
    wanted : Frame
    deflate : bool
        As for `pixels`.
    """
    for message, data in pixels(source, wanted.bands, wanted.window, wanted.date, [wanted.date], deflate=deflate):
        if data is not None:  # the codecs were sent with the coarse picture
            yield message | {"frame": wanted.date, "dates": 1, "t": 0}, data


def names_of(source: FrameSource, bands: Iterable[str]) -> tuple[str, ...]:
    """Return the bands, and the mask, that exist in a source."""
    return tuple(b for b in bands if b in source.bands or (b == MASK and source.has_clouds))


def _band(
    source: FrameSource, band: str, window: Window, near: int, only: Sequence[int] | None = None
) -> Iterator[Message]:
    rows, columns = window.shape
    bits = 8 if band == MASK else source.codec(band).bits
    per_row = -(-columns // 8) if band == MASK else columns * bits // 8
    dates = source.dates if band == MASK or "time" in source.cube[band].dims else 1
    # A lazy cube is read date by date, since each read takes time; in memory as many dates as fit into a message.
    count = 1 if source.lazy or only is not None else dates_per_chunk(per_row * rows)
    common = {
        "type": "chunk",
        "source": source.key,
        "version": source.version,
        "band": band,
        "window": [window.x0, window.y0, window.x1, window.y1, window.stride],
        "shape": [rows, columns],
        "dates": dates,
        "bits": bits,
    }
    step = max(1, MAX_CHUNK // max(1, per_row)) if count == 1 else rows
    starts = range(0, dates, count) if only is None else [0] if dates == 1 else only
    for t in sorted(starts, key=lambda t: abs(t + count / 2 - near - 0.5)):
        data = source.read(band, slice(t, min(t + count, dates)), window)
        extra: dict[str, Any] = {}
        if source.lazy and source.has_clouds and window == source.coarse and dates == source.dates:
            cover = source.look(band, t, data)
            extra = {"cover": cover} if band == MASK else {}
        for row in range(0, rows, step):
            part = data[:, row : row + step]
            message = common | extra | {"t": t, "count": len(part), "row": row, "rows": part.shape[1]}
            yield message, np.ascontiguousarray(part).tobytes()


def series(source: FrameSource, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the series of a pixel (``request["pixel"]``: column, row) or an area (GeoJSON), at full resolution.

    Of an area it is the mean, with one standard deviation to both sides; of classes the most frequent one.

    Of an area of more than `MOST_OF_AREA` pixels every second, third, ... pixel is read; ``stride`` in the answer is the
    step. An area is read date by date, so that memory does not grow with the series.
    """
    program = Formula("", "", tuple(request["bands"]), tuple(request["rpn"]))
    answer: dict[str, Any] = {"type": "series", "id": request["id"]}
    if "pixel" in request:
        x, y = (int(v) for v in request["pixel"])
        window = Window(x, y, x + 1, y + 1)
        values = evaluate(program, {b: source.floats(b, slice(None), window) for b in program.bands})[:, 0, 0]
        values = np.broadcast_to(values, source.dates)
        hollow = source.clouds(slice(None), window)[:, 0, 0].astype(int).tolist()
        return answer | {"values": _numbers(values), "hollow": hollow}
    window, inside = _window_of(source, request["area"])
    classes = len(program.bands) == 1 and bool(source.classes(program.bands[0]))
    mean, std, part = (np.full(source.dates, np.nan) for _ in range(3))
    for t in range(source.dates):
        values = evaluate(program, {b: source.floats(b, [t], window)[0] for b in program.bands})
        seen = values[inside & np.isfinite(values) & ~source.clouds([t], window)[0]].astype(np.float64)
        part[t] = seen.size / inside.sum()
        if seen.size:
            # Class numbers have no mean.
            mean[t], std[t] = (most_frequent(seen), 0) if classes else (seen.mean(), seen.std())
    limits = {"low": _numbers(mean - std), "high": _numbers(mean + std)}
    hollow = (part < ENOUGH).astype(int).tolist()
    return answer | limits | {"values": _numbers(mean), "hollow": hollow, "stride": window.stride}


def _numbers(values: Any) -> list[float | None]:
    return [None if not np.isfinite(v) else float(v) for v in values]


def _window_of(source: FrameSource, area: Any) -> tuple[Window, np.ndarray]:
    from affine import Affine
    from odc.geo.geobox import GeoBox

    from eowidgets.cube.area import Area
    from eowidgets.cube.grid import geobox
    from eowidgets.cube.window import pixels_around

    box, place = geobox(source.cube), Area.of(area)
    around = pixels_around(place, box)
    if around is None:
        raise InputError("The area does not touch the picture: draw it there.")
    x0, y0, x1, y1 = around
    if (x1 - x0) * (y1 - y0) <= EXACT:
        inside = place.mask(box[y0:y1, x0:x1])
        if not inside.any():
            raise InputError("The area does not touch the picture: draw it there.")
        rows_in, columns_in = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        x0, x1 = x0 + int(columns_in[0]), x0 + int(columns_in[-1]) + 1
        y0, y1 = y0 + int(rows_in[0]), y0 + int(rows_in[-1]) + 1
    stride = max(1, int(np.ceil(((x1 - x0) * (y1 - y0) / MOST_OF_AREA) ** 0.5)))
    while True:
        window = Window(x0, y0, x1, y1, stride)
        rows, columns = window.slices()
        # Pixels as large as the stride, each around its sample.
        first = Affine.translation(columns.start + 0.5 - stride / 2, rows.start + 0.5 - stride / 2)
        grid = GeoBox(window.shape, box.affine @ first @ Affine.scale(stride), box.crs)
        inside = place.mask(grid, all_touched=None if stride == 1 else False)
        if inside.any():
            return window, inside
        if stride == 1:
            raise InputError("The area does not touch the picture: draw it there.")
        stride //= 2  # so thin that no sample falls on it
