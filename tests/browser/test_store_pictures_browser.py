"""Pictures of widgets are stored in a notebook, and shown where it is opened without being run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient

pytest.importorskip("hvplot")

CELLS = [
    "import eowidgets as eow\ncube = eow.open('romania')",
    "print('text')\neow.TimeViewer(cube, date='2019-07-06')",
    "cube.red.mean(('x', 'y')).hvplot.line(x='time', color='#ff00aa', line_width=3)",
    "1 + 1",
]


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "tools")
    import store_pictures

    return store_pictures


def test_stored_pictures_are_shown_before_a_notebook_is_run(lab, open_lab, tool, tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(notebook, timeout=120, store_widget_state=False).execute()
    path = tmp_path / "page.ipynb"
    nbformat.write(notebook, path)

    assert tool.store(lab, path) == 2
    assert tool.store(lab, path) == 0  # the second time nothing differs
    outputs = [o for c in nbformat.read(path, 4).cells for o in c.outputs]
    assert [sorted(o.get("data", {})) for o in outputs] == [
        [],
        ["image/png", "text/plain"],
        ["image/png", "text/plain"],
        ["text/plain"],
    ]
    viewer, chart = (np.asarray(tool.decoded(o.data["image/png"]).convert("RGB"), int) for o in outputs[1:3])
    assert len(np.unique(viewer.reshape(-1, 3), axis=0)) > 100  # a scene, not an empty frame
    assert (np.abs(chart - (255, 0, 170)).sum(-1) < 40).sum() > 300

    page = open_lab(path)
    images = page.page.locator(".jp-RenderedImage img")
    images.nth(1).wait_for()
    assert images.count() == 2
    assert images.first.evaluate("img => img.decode().then(() => img.naturalWidth)") == viewer.shape[1]
    assert page.page.get_by_text("Error displaying widget").count() == 0
    page.run_all()
    page.page.locator(".eow-viewer[data-drawn]").wait_for()
    page.page.locator(".eow-bokeh[data-drawn]").wait_for()
    assert images.count() == 0

    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    run = subprocess.run([*command, f"--rootdir={tmp_path}", path.name], cwd=tmp_path, capture_output=True, text=True)
    assert "4 passed" in run.stdout, run.stdout[-3000:]
