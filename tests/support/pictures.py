"""What the browser has drawn, read back and compared with what numpy draws."""

from __future__ import annotations

import base64
import time

import numpy as np

from eowidgets.render.picture import draw

READ = """() => {
  const c = document.querySelector('.eow-canvas');
  const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
  let s = ''; for (let i = 0; i < d.length; i += 8192) s += String.fromCharCode(...d.subarray(i, i + 8192));
  return [c.width, c.height, btoa(s)];
}"""


def shown(page, date):
    page.page.wait_for_function(
        "d => document.querySelector('.eow-picture').dataset.shown === d"
        " && document.querySelector('.eow-date').textContent === d",
        arg=date,
    )


def choose(page, name):
    """Draw a band, a mix or an index, by its name, as a person does; ``page`` is Playwright's."""
    field = page.get_by_role("combobox", name="Bands or index")
    field.fill(name)
    page.locator(".eow-combo-active", has=page.get_by_text(name, exact=True)).wait_for()
    field.press("Enter")


def until(page, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        page.page.evaluate("() => new Promise(requestAnimationFrame)")


def read(page):
    page.page.wait_for_function("() => !document.querySelector('.eow-picture')?.hasAttribute('data-rough')")
    width, height, text = page.page.evaluate(READ)
    return np.frombuffer(base64.b64decode(text), np.uint8).reshape(height, width, 4)


def expected(source, style, date, shape):
    """What numpy draws, seen through the view that fits the whole raster; and which pixels are safely inside a cell."""
    return fitted(draw(source, style, date), source, shape)


def fitted(picture, source, shape):
    """A picture ``(y, x, 4)`` of the whole raster, seen through the view that fits it."""
    height, width = shape[:2]
    step = max(source.width / width, source.height / height)
    px = (source.width - width * step) / 2 + (np.arange(width) + 0.5) * step
    py = (source.height - height * step) / 2 + (np.arange(height) + 0.5) * step
    inside = (py >= 0)[:, None] & (py < source.height)[:, None] & (px >= 0)[None] & (px < source.width)[None]
    row, column = np.floor(py).astype(int), np.floor(px).astype(int)
    out = picture[row.clip(0, source.height - 1)[:, None], column.clip(0, source.width - 1)[None]].copy()
    out[~inside] = 0
    clear = lambda p: np.abs(p - np.rint(p)) > 1e-3  # noqa: E731
    return out, clear(py)[:, None] & clear(px)[None]


def compare(page, source, style, date):
    got = read(page)
    want, safe = expected(source, style, source.labels.index(date), got.shape)
    difference = np.abs(got.astype(int) - want.astype(int))[safe]
    assert (want[..., 3] > 0).mean() > 0.05, "nothing was drawn: the test would say nothing"
    assert difference.max() <= 1
    return got
