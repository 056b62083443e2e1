"""Pictures of widgets in notebooks: what is written, and what stays as it is."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image, ImageDraw

TOOLS = Path(__file__).parents[2] / "tools"
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    import store_pictures

    return store_pictures


@pytest.fixture
def picture():
    made = Image.new("RGB", (400, 200), "white")
    ImageDraw.Draw(made).ellipse((20, 20, 180, 180), fill=(0, 114, 178))
    return made


@pytest.fixture
def output():
    return {
        "data": {VIEW: {"model_id": "ab", "version_major": 2, "version_minor": 0}, "text/plain": ["Chart: line"]},
        "execution_count": 1,
        "metadata": {},
        "output_type": "execute_result",
    }


def test_a_picture_takes_the_place_of_the_view(tool, picture, output):
    assert tool.put(output, picture)
    assert list(output["data"]) == ["image/png", "text/plain"]
    assert output["data"]["text/plain"] == ["Chart: line"]
    assert output["metadata"] == {}
    stored = tool.decoded(output["data"]["image/png"])
    assert (stored.size, stored.mode) == ((400, 200), "P")
    assert np.abs(np.asarray(stored.convert("RGB"), int) - np.asarray(picture, int)).max() < 16


def test_what_looks_the_same_stays_and_what_differs_does_not(tool, picture, output):
    tool.put(output, picture)
    stored = copy.deepcopy(output)
    noise = np.random.default_rng(0).integers(0, 3, (200, 400, 3))
    assert not tool.put(
        output, Image.fromarray((np.asarray(picture) - noise.clip(max=np.asarray(picture))).astype("uint8"))
    )
    assert output == stored
    ImageDraw.Draw(picture).text((250, 80), "another date", fill="black")
    assert tool.put(output, picture)
    assert output != stored
    again = copy.deepcopy(output)
    assert tool.put(output, picture.resize((300, 200)))
    assert output != again


def test_the_same_picture_gives_the_same_bytes(tool, picture):
    assert tool.packed(picture) == tool.packed(picture.copy())


def test_large_pictures_lose_colours_then_size(tool, output, monkeypatch):
    monkeypatch.setattr(tool, "MOST_BYTES", 2_000)
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (60, 75, 3), dtype="uint8"))
    png, width = tool.packed(noise)
    assert len(png) <= 2_000
    assert width < 75
    assert Image.open(io.BytesIO(png)).width == width
    tool.put(output, noise)
    assert output["metadata"] == {"image/png": {"width": 75}}  # shown as large as it was
    assert not tool.put(output, noise)


def test_the_rest_of_a_notebook_stays_byte_by_byte(tool, picture, output, tmp_path, monkeypatch):
    cells = [nbformat.v4.new_markdown_cell("# É\n"), nbformat.v4.new_code_cell("chart", execution_count=1)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.cells[1].outputs = [nbformat.from_dict(output)]
    path = tmp_path / "page.ipynb"
    nbformat.write(notebook, path)
    before = path.read_text()
    monkeypatch.setattr(tool, "taken", lambda lab, path: [(0, 0, picture)])
    assert tool.store(None, path) == 1
    after = path.read_text()
    first, last = before.index(f'"{VIEW}"'), before.index('"text/plain"')
    assert after.startswith(before[:first])
    assert after.endswith(before[last:])
    nbformat.validate(nbformat.read(path, 4))
    written = path.stat().st_mtime_ns
    assert tool.store(None, path) == 0
    assert path.stat().st_mtime_ns == written
    nbformat.write(nbformat.read(path, 4), path)
    assert path.read_text() == after


def test_a_notebook_that_was_not_stored_before_is_refused(tool, picture, tmp_path, monkeypatch):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("chart")])
    path = tmp_path / "page.ipynb"
    nbformat.write(notebook, path)
    monkeypatch.setattr(tool, "taken", lambda lab, path: [(0, 0, picture)])
    before = path.read_text()
    with pytest.raises(SystemExit, match="outdated stored outputs"):
        tool.store(None, path)
    path.write_text(json.dumps(json.loads(before)))
    with pytest.raises(SystemExit, match="not formatted"):
        tool.store(None, path)


def test_running_a_notebook_again_keeps_pictures_of_widgets_that_did_not_change(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    from run_notebooks import keep_pictures

    def shown(text, **data):
        return {"data": {"text/plain": text, **data}, "metadata": {}}

    view = {VIEW: {"model_id": "new"}}
    stored = [shown("Chart: a", **{"image/png": "A"}), shown("Chart: b", **{"image/png": "B"}), shown("<Figure>")]
    after = [
        shown("Chart: a", **view),
        shown("Chart: c", **view),
        shown("<Figure>", **{"image/png": "F"}),
        {"text": "x"},
    ]
    keep_pictures(stored, after)
    assert after[0]["data"] == {"text/plain": "Chart: a", "image/png": "A"}
    assert after[1]["data"] == {"text/plain": "Chart: c", **view}
    assert after[2]["data"] == {"text/plain": "<Figure>", "image/png": "F"}
