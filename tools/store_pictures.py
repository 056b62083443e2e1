"""Store a picture of every widget in notebooks: ``python tools/store_pictures.py NOTEBOOK...``.

A notebook that has not been run shows no widget: it stores the id of a model in a kernel that no longer exists. This runs the
notebook in JupyterLab, takes a picture of each output with a widget, and stores it in place of that id, next to the text.
GitHub, nbviewer, nbconvert and JupyterLab then show the picture until the cell is run. (In a trusted
notebook JupyterLab prefers the id to a picture and reports a missing model, so both cannot be kept.) Everything else in
the file is unchanged, byte by byte, and so is a picture that looks like the stored one.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

if TYPE_CHECKING:
    from playwright.sync_api import Locator
    from support.lab import Lab, LabPage

VIEW = "application/vnd.jupyter.widget-view+json"
PNG = "image/png"
MOST_BYTES = 150_000
SIZE = (1180, 1600)
#: Widgets that have not drawn their data yet.
WAITING = (
    ".eow-viewer:not([data-drawn]):not(.eow-pixel-chart):not(.eow-change), "
    ".eow-bokeh:not([data-drawn]), .eow-map-canvas:not([data-shown])"
)
STILL = "* { animation: none !important; transition: none !important; caret-color: transparent !important; }"
#: Two pictures count as equal if at most this many pixels differ by more than this in any colour (0..255): less than a
#: short word. Two runs on one machine give pictures that differ by less than 2 in single pixels.
SAME_PIXELS, SAME_COLOR = 100, 32


def main(paths: list[Path]) -> None:
    """Store the pictures of each notebook."""
    from support.lab import lab_session

    with lab_session() as lab:
        for path in paths:
            count = store(lab, path)
            print(f"{path.name}: {count} new picture{'s' * (count != 1)}, {path.stat().st_size / 1e3:.0f} kB")


def store(lab: Lab, path: Path) -> int:
    """Store the pictures of one notebook; return the number of those that changed."""
    text = path.read_text(encoding="utf-8")
    notebook = json.loads(text)
    if dumped(notebook) != text:
        raise SystemExit(f"{path} is not formatted as by Jupyter: run  python tools/run_notebooks.py {path}")
    changed = 0
    for cell, number, picture in taken(lab, path):
        outputs = [c for c in notebook["cells"] if c["cell_type"] == "code"][cell]["outputs"]
        if number >= len(outputs) or "data" not in outputs[number]:
            raise SystemExit(f"{path} has outdated stored outputs: run  python tools/run_notebooks.py {path}")
        changed += put(outputs[number], picture)
    if changed:
        path.write_text(dumped(notebook), encoding="utf-8")
    return changed


def dumped(notebook: dict[str, Any]) -> str:
    """Return the text of a notebook as nbformat writes it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def put(output: dict[str, Any], picture: Image.Image) -> bool:
    """Put a picture into an output in place of its widget; return whether anything changed."""
    data = output["data"]
    stored = data.get(PNG)
    if stored and VIEW not in data and alike(decoded(stored), picture):
        return False
    png, width = packed(picture)
    kept = {k: v for k, v in data.items() if k not in (VIEW, PNG)}
    # In the order in which nbformat writes keys.
    output["data"] = dict(sorted({**kept, PNG: base64.b64encode(png).decode()}.items()))
    output["metadata"] = {k: v for k, v in output.get("metadata", {}).items() if k != PNG}
    if width != picture.width:
        output["metadata"][PNG] = {"width": picture.width}  # it was reduced, but is shown at its original size
    return True


def decoded(stored: str | list[str]) -> Image.Image:
    """Return a picture that a notebook stores."""
    text = stored if isinstance(stored, str) else "".join(stored)
    return Image.open(io.BytesIO(base64.b64decode(text)))


def alike(stored: Image.Image, picture: Image.Image) -> bool:
    """Return whether a picture looks like the stored one after the same reduction of colours."""
    new = Image.open(io.BytesIO(packed(picture)[0]))
    if new.size != stored.size:
        return False
    a, b = (np.asarray(p.convert("RGB"), int) for p in (stored, new))
    return int((np.abs(a - b).max(-1) > SAME_COLOR).sum()) <= SAME_PIXELS


def packed(picture: Image.Image) -> tuple[bytes, int]:
    """Return a PNG of at most 150 kB with a palette, and its width in pixels.

    First with fewer colours, then smaller. The same picture gives the same bytes. The palette covers rare colours, such as
    the dots of a legend, rather than shades of the most frequent ones.
    """
    for scale in (1.0, 0.75, 0.5, 0.35, 0.25):
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS) if scale < 1 else picture.convert("RGB")
        for colors in (256, 128, 64):
            file = io.BytesIO()
            palette = small.quantize(colors, Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
            palette.save(file, "PNG", optimize=True)
            if file.tell() <= MOST_BYTES:
                return file.getvalue(), size[0]
    raise SystemExit(f"A picture of {picture.width} × {picture.height} pixels does not fit into {MOST_BYTES} bytes.")


def taken(lab: Lab, path: Path) -> list[tuple[int, int, Image.Image]]:
    """Run a notebook; return code cell, output number and picture of every output with a widget."""
    page = lab.open(path, size=SIZE)
    try:
        page.run_all(timeout=900)
        if page.errors():
            raise SystemExit(f"{path}: {'; '.join(page.errors())}")
        page.page.add_style_tag(content=STILL)
        found = []
        for cell, content in enumerate(page.cells()):
            area = page.page.locator(".jp-CodeCell").nth(cell)
            for number, output in enumerate(content["outputs"]):
                if VIEW in output.get("data", {}):
                    part = area.locator(".jp-OutputArea-child > .jp-OutputArea-output").nth(number)
                    found.append((cell, number, settled(page, part)))
        return found
    finally:
        page.close()


def settled(page: LabPage, part: Locator, seconds: float = 60) -> Image.Image:
    """Take a picture once everything is drawn and nothing moves any more."""
    part.scroll_into_view_if_needed()
    page.page.mouse.move(0, 0)
    end, last, same = time.monotonic() + seconds, b"", 0
    while time.monotonic() < end:
        picture = part.screenshot()
        waits = part.locator(WAITING).locator("visible=true").count()
        same = same + 1 if picture == last and not waits else 0
        if same == 3:
            return Image.open(io.BytesIO(picture))
        last = picture
        page.page.wait_for_timeout(400)
    raise SystemExit(f"A widget still changes or waits after {seconds:.0f} s.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    main(parser.parse_args().notebooks)
