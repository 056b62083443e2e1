"""``cube.hvplot`` and cells that end with a figure."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytest.importorskip("hvplot")

VIEW = "application/vnd.jupyter.widget-view+json"


def printed(code):
    run = [sys.executable, "-W", "error::UserWarning", "-c", code]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()


def test_the_accessor_is_there_and_loads_nothing_before_its_use():
    code = """
import sys, eowidgets as eow
cube = eow.open("romania")
libraries = ("hvplot", "holoviews", "bokeh", "panel")
print([name in sys.modules for name in libraries], end=" ")
print(type(cube.mean(("x", "y")).hvplot.line(x="time", y="red")).__name__, type(cube.red[0].hvplot.image()).__name__)
"""
    assert printed(code) == "[False, False, False, False] Curve Image"


def test_without_hvplot_the_error_names_the_extra():
    code = """
import sys, eowidgets as eow
sys.modules["hvplot"] = None
for use in (eow.charts, lambda: eow.open("romania").hvplot):
    try:
        use()
    except eow.EowidgetsError as error:
        print(type(error).__name__, error)
"""
    line = "MissingExtraError hvPlot needs an optional package: run  pip install 'eowidgets[charts]'"
    assert printed(code) == f"{line}\n{line}"


def test_the_grid_mapping_is_not_in_titles(romania):
    from bokeh.models import Plot

    import eowidgets as eow

    assert "spatial_ref" in romania.coords
    figure = eow.Chart(romania.red.isel(time=3).hvplot.image(x="x", y="y"))._frames.at([])
    assert [p.title.text for p in figure.select({"type": Plot})] == ["time = 2016-03-18"]


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    cells = [
        "import eowidgets as eow\ncube = eow.open('romania')\nmean = cube[['red', 'nir']].mean(('x', 'y'))",
        "mean.hvplot.line(x='time', y='red')",
        "import hvplot.xarray, hvplot.pandas",
        "from bokeh.plotting import figure\nplot = figure(title='t')\n_ = plot.line([1, 2], [1, 2])\nplot",
        "import holoviews as hv\nhv.Dataset(([1, 2], [3, 4]), 'x', 'y')",
    ]
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    NotebookClient(made, timeout=120, store_widget_state=False).execute()
    path = tmp_path_factory.mktemp("charts") / "charts.ipynb"
    nbformat.write(made, path)
    return path


def test_cells_that_end_with_a_figure_show_a_chart(notebook):
    outputs = [c.outputs for c in nbformat.read(notebook, 4).cells]
    assert [len(o) for o in outputs] == [0, 1, 0, 1, 1]
    assert outputs[1][0].data["text/plain"] == "Chart: line, Red (1) by time, 140 points"
    assert outputs[3][0].data["text/plain"] == "Chart: 't', line, 2 points"
    assert set(outputs[1][0].data) == set(outputs[3][0].data) == {VIEW, "text/plain"}
    assert VIEW not in outputs[4][0].data  # nothing to draw: its own repr
    assert notebook.stat().st_size < 6000


def test_nbval_compares_the_text(notebook):
    wrong = notebook.with_name("wrong.ipynb")
    wrong.write_text(notebook.read_text().replace("140 points", "139 points"))
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "-c", "/dev/null"]
    command += [f"--rootdir={notebook.parent}", notebook.name, wrong.name]
    run = subprocess.run(command, cwd=notebook.parent, capture_output=True, text=True)
    assert "1 failed, 9 passed" in run.stdout, run.stdout[-3000:]
    assert "wrong.ipynb::Cell 1" in run.stdout


def test_the_page_of_the_docs_runs():
    text = (Path(__file__).parents[3] / "docs" / "charts.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    assert printed(f"{code}\nprint(chart)") == "Chart: scatter, near infrared by red, 10000 points"
