"""A viewer as one HTML file: no kernel, no network, the same code, and the pixels inside."""

from __future__ import annotations

import base64
import json
import zlib
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eowidgets.cube.export.place import write_whole
from eowidgets.cube.reading import reading
from eowidgets.errors import InputError
from eowidgets.render import feed
from eowidgets.render.source import MASK, FrameSource
from eowidgets.render.window import Window
from eowidgets.widgets.base import css, esm

if TYPE_CHECKING:
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src \
'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
body {{ margin: 16px auto; padding: 0 16px; max-width: 1200px; font: 14px system-ui, sans-serif; }}
@media (prefers-color-scheme: dark) {{ body {{ background: #111; color: #eee; --jp-ui-font-color1: #eee;
  --jp-ui-font-color2: #bbb; --jp-layout-color1: #111; --jp-layout-color2: #222; --jp-border-color1: #555;
  --jp-border-color2: #444; }} }}
{css}
</style>
<h1>{title}</h1>
{note}<div id="viewer"></div>
<p><small>{credit}</small></p>
<script type="application/json" id="viewer-data">{data}</script>
<script type="module">
{code}
tell(view, "viewer");
</script>
</html>
"""


def write(viewer: TimeViewer, path: str | Path, *, title: str = "", max_mb: float = 60) -> Path:
    """Write the page; see `TimeViewer.to_html`."""
    target = Path(path)
    if not max_mb > 0:
        raise InputError(f"A page takes more than 0 MB of pixels, not {max_mb}: give max_mb a larger number.")
    strides = {key: _stride(s, max_mb / len(viewer.sources)) for key, s in viewer.sources.items()}
    sources = {key: _thinned(s, strides[key]) for key, s in viewer.sources.items()}
    chunks = [chunk for source in sources.values() for chunk in _chunks(source)]
    size = sum(len(text) for _, text in chunks)
    if size > 1.4e6 * max_mb:
        raise InputError(
            f"The page would have {size / 1e6:.0f} MB. Take fewer bands or dates, or allow more with max_mb=..."
        )
    text = _PAGE.format(
        title=escape(title or str(viewer.cube.attrs.get("title", "")) or "Satellite series"),
        note=_note(viewer.sources["cube"], strides["cube"]),
        credit=escape(str(viewer.cube.attrs.get("attribution", ""))),
        css=css("viewer/time_viewer"),
        data=json.dumps({"traits": _traits(viewer, sources, strides["cube"]), "chunks": chunks}).replace(
            "<", "\\u003c"
        ),
        code=esm("viewer/story").replace("</", "<\\/"),
    )
    return write_whole(target, partial(_put, text))


def _stride(source: FrameSource, max_mb: float) -> int:
    """Use every second, third, ... pixel until the source fits; the page then contains all of these pixels."""
    per_pixel = source.dates * (len(source.bands) * source.bits / 8 + 1 / 8)
    stride = 1
    while source.width * source.height * per_pixel / stride**2 > max_mb * 1e6 and stride < max(
        source.width, source.height
    ):
        stride += 1
    return stride


def _thinned(source: FrameSource, stride: int) -> FrameSource:
    cube = source.cube[[*source.bands, *([MASK] if source.has_clouds else [])]]
    for dim, count in (("y", source.height), ("x", source.width)):
        if dim not in cube.coords:  # in pixels of the page, so that sources thinned differently still align
            numbers = np.arange(count) + 0.5
            cube = cube.assign_coords({dim: numbers if dim == "x" else numbers[::-1]})
    rows, columns = Window(0, 0, source.width, source.height, stride).slices()
    with reading("The pixels of the cube"):
        thinned = cube.isel(y=rows, x=columns).load()
    thin = FrameSource(thinned, bits=source.bits, key=source.key)
    thin.version = 1  # counts changes within a process: constant in a page, so that the same page has the same bytes
    return thin


def _note(source: FrameSource, stride: int) -> str:
    """Return the note that a thinned page shows about itself."""
    if stride == 1:
        return ""
    size = ""
    if (exact := source.place.metres) is not None:
        metres = float(f"{exact:.2g}")
        size = f": {_metres(stride * metres)} of ground, where the data has {_metres(metres)}"
    nth = "second" if stride == 2 else "third" if stride == 3 else f"{stride}th"
    sentence = f"Thinned to fit a page: of each row and column every {nth} pixel is shown{size}."
    return f'<p class="eow-thinned" role="note">{escape(sentence)}</p>\n'


def _metres(length: float) -> str:
    return f"{length:.3g} m" if length < 1000 else f"{length / 1000:.3g} km"


def _chunks(source: FrameSource) -> list[tuple[dict[str, Any], str]]:
    bands = [*source.bands, MASK]
    windows = {source.whole, source.coarse}
    return [
        (head, base64.b64encode(zlib.compress(data, 6)).decode())
        for window in windows
        for head, data in feed.pixels(source, bands, window)
        if data is not None
    ]


def _traits(viewer: TimeViewer, sources: dict[str, FrameSource], stride: int) -> dict[str, Any]:
    names = [n for n in viewer.trait_names(sync=True) if not n.startswith("_") and n not in ("layout", "tabbable")]
    traits = {n: getattr(viewer, n) for n in names if n != "tooltip"}
    traits["head"] = {**viewer.head, "sources": [viewer._source_head(s) for s in sources.values()]}
    # Without a CRS, pins are numbers of pixels, of which there are fewer now.
    traits["pins"] = [{**p, **{k: p[k] / stride for k in ("x", "y") if k in p}} for p in viewer.pins]
    # The page is in memory anyway: windows have no benefit.
    return traits | {
        "store_id": "page",
        "first": [],
        "budget": 10**12,
        "playing": False,
        "error": {"message": "", "details": ""},
    }


def _put(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8")
