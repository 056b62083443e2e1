"""Charts of hvPlot and Bokeh in real front ends, without a network."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image
from support.lab import free_port, wait_up
from support.pictures import until

SETUP = """
import eowidgets as eow
cube = eow.open("romania")
ndvi = cube.eow.index("NDVI").rename("ndvi")
mean = ndvi.mean(("x", "y"))
"""
LINE = "mean.hvplot.line(x='time', color='#ff00aa', line_width=3)"
IMAGE = "ndvi.hvplot.image(x='x', y='y')"
EVIL = "<img src=x onerror='window.hacked=1'>"
# The kernel is waited for; of the command only its effect is, because a promise has no timeout.
RUN_ALL = """
async () => {
  const { commands, shell } = window.jupyterapp;
  const { context } = shell.currentWidget;
  await context.ready;
  await context.sessionContext.ready;
  await context.sessionContext.session.kernel.info;
  commands.execute("notebook:run-all-cells");
}
"""


class Requests:
    """URLs that a page asks for outside its own server."""

    def __init__(self, page):
        self.foreign = []
        page.on("request", self._note)

    def _note(self, request):
        if not re.match(r"(https?|wss?)://127\.0\.0\.1[:/]|blob:|data:", request.url):
            self.foreign.append(request.url)


def drawn(page, count):
    page.wait_for_function(f"() => document.querySelectorAll('.eow-bokeh[data-drawn]').length === {count}")


def pixels(locator):
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB")).astype(int)


def pink(locator):
    """Number of pixels in the colour of the line."""
    return int((np.abs(pixels(locator) - (255, 0, 170)).sum(-1) < 40).sum())


def point_at_pink(page, locator):
    box = locator.bounding_box()
    places = np.argwhere(np.abs(pixels(locator) - (255, 0, 170)).sum(-1) < 40)
    y, x = places[len(places) // 2].tolist()
    page.mouse.move(box["x"] + x, box["y"] + y)


def count(messages, pattern):
    return sum(bool(re.search(pattern, m)) for m in messages)


def test_charts_are_drawn_without_a_network_and_bokehjs_comes_once(open_lab):
    page = open_lab([SETUP, LINE, f"c = eow.Chart({LINE})\ndisplay(c, eow.Chart({LINE}))", "c", "c"], size=(1280, 1900))
    p = page.page
    requests = Requests(p)
    page.run_all()
    assert page.errors() == []
    drawn(p, 5)
    for i in range(5):
        assert pink(p.locator(".eow-bokeh").nth(i)) > 300
    assert p.locator(".eow-bokeh-text:visible").count() == 0
    assert count(page.received, rb'"script": ?"bokeh"') == 1
    assert requests.foreign == []
    assert not [line for line in page.console if "uncaught" in line or "rror" in line]

    # What is stored: the text and the view, no script and no data.
    outputs = [o for cell in page.cells() for o in cell["outputs"]]
    assert {tuple(sorted(o["data"])) for o in outputs} == {("application/vnd.jupyter.widget-view+json", "text/plain")}
    assert len(json.dumps(outputs)) < 3000
    assert outputs[1]["data"]["text/plain"].endswith(
        "line, Normalized Difference Vegetation Index (1) by time, 140 points"
    )

    # Nothing of a view stays behind when its output goes.
    assert p.evaluate("() => Bokeh.documents.length") == 5
    p.evaluate("() => window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    p.wait_for_function("() => Bokeh.documents.length === 0")


def test_imports_of_hvplot_write_nothing(open_lab):
    page = open_lab(
        ["import eowidgets as eow\neow.charts()", "import hvplot.xarray", "import hvplot.pandas, hvplot.xarray"]
    )
    requests = Requests(page.page)
    page.run_all()
    assert page.errors() == []
    assert [cell["outputs"] for cell in page.cells()] == [[], [], []]
    assert page.evaluate("__import__('pandas').DataFrame({'a': [1, 2]}).hvplot.line().kdims") == "[Dimension('index')]"
    assert requests.foreign == []


def test_pan_zoom_and_hover(open_lab):
    page = open_lab([SETUP, "mean.hvplot.scatter(x='time', size=400, color='#ff00aa', title='')"])
    p = page.page
    page.run_all()
    drawn(p, 1)
    sent = page.count_sent()
    plot = p.locator(".eow-bokeh-plot")
    box = plot.bounding_box()
    start = "() => Bokeh.documents[0].roots()[0].x_range.start"
    before = p.evaluate(start)
    x, y = box["x"] + box["width"] / 4, box["y"] + box["height"] / 2
    p.mouse.move(x, y)
    p.mouse.down()
    p.mouse.move(x + 80, y, steps=4)
    p.mouse.up()
    p.wait_for_function(f"(old) => ({start})() < old", arg=before)
    before = p.evaluate(start)
    p.mouse.wheel(0, -300)
    p.wait_for_function(f"(old) => ({start})() !== old", arg=before)
    point_at_pink(p, plot)
    p.locator(".bk-Tooltip").get_by_text("Normalized Difference").first.wait_for()
    assert page.count_sent() == sent


def test_a_slider_draws_other_dates(open_lab):
    page = open_lab([SETUP, f"c = eow.Chart({IMAGE})\nc"])
    p = page.page
    page.run_all()
    drawn(p, 1)
    root = p.locator(".eow-bokeh")
    before = pixels(p.locator(".eow-bokeh-plot"))
    slider = root.locator("input[type=range]")
    slider.focus()
    for _ in range(7):
        p.keyboard.press("ArrowRight")
    assert root.locator("output").text_content() == "2016-05-27 00:00:00"
    p.wait_for_function("() => document.querySelector('.eow-bokeh').dataset.drawn.includes('2016-05-27')")
    assert (
        page.evaluate("(c.positions, c)")
        == "([7], Chart: 'time: 2016-05-27 00:00:00', image, y by x, 100 × 100 pixels)"
    )
    assert (pixels(p.locator(".eow-bokeh-plot")) != before).mean() > 0.1
    assert p.evaluate("() => Bokeh.documents.length") == 1
    page.run("c.positions = [0]")
    p.wait_for_function("() => document.querySelector('.eow-bokeh').dataset.drawn.includes('2015-08-01')")
    assert slider.input_value() == "0"


def test_names_from_data_do_not_become_html(open_lab):
    code = f"""
import pandas as pd, holoviews as hv
from bokeh.plotting import figure
evil = {EVIL!r}
frame = pd.DataFrame({{evil: [1, 2, 3], "y": [1, 3, 2], "kind": [evil, evil, "b"]}})
plots = frame.hvplot.scatter(evil, "y", by="kind", hover_cols="all", title=evil, size=4000, color="#ff00aa")
layout = (plots + frame.hvplot.bar("kind", "y")).relabel(evil).opts(title=evil)
maps = hv.HoloMap({{(evil,): plots, ("b",): plots}}, kdims=[evil])
formula = figure(width=300, height=200, title="$$x^2$$ " + evil)
_ = formula.scatter([1], [1], legend_label=evil)
display(plots, layout, maps, formula)
"""
    page = open_lab(["import eowidgets as eow\neow.charts()", code], size=(1280, 2400))
    p = page.page
    requests = Requests(p)
    page.run_all()
    assert page.errors() == []
    drawn(p, 4)
    assert p.get_by_text(EVIL).count() > 1  # the title of the layout and the name of the slider, as text
    plot = p.locator(".eow-bokeh-plot").first
    point_at_pink(p, plot)
    p.locator(".bk-Tooltip").get_by_text(EVIL).first.wait_for()
    assert p.locator(".eow-bokeh img[src=x]").count() == 0
    assert p.evaluate("() => window.hacked") is None
    assert requests.foreign == []


def test_light_and_dark(open_lab):
    page = open_lab([SETUP, LINE, "mean.to_dataframe().hvplot.table()"])
    p = page.page
    theme = "(theme) => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    page.run_all()
    drawn(p, 2)
    light = pixels(p.locator(".eow-bokeh-plot").first).mean(-1)
    assert np.median(light) > 240
    assert (light < 100).sum() > 200  # letters and axes
    try:
        p.evaluate(theme, "JupyterLab Dark")
        plot = p.locator(".eow-bokeh-plot").first
        until(page, lambda: np.median(pixels(plot)) < 40)
        assert (pixels(plot).min(-1) > 160).sum() > 200
        assert pink(plot) > 300
        page.screenshot("chart-dark")
        table = pixels(p.locator(".slick-viewport:visible").last).mean(-1)
        assert np.median(table) > 200
        assert (table < 100).sum() > 200
    finally:
        p.evaluate(theme, "JupyterLab Light")
    until(page, lambda: np.median(pixels(p.locator(".eow-bokeh-plot").first)) > 240)


def test_a_chart_outlives_its_kernel_and_another_kernel_draws_its_own(open_lab):
    page = open_lab([SETUP, LINE])
    p = page.page
    page.run_all()
    drawn(p, 1)
    p.evaluate("() => window._eow_notebook.context.sessionContext.session.kernel.restart()")
    p.evaluate("() => window._eow_notebook.context.sessionContext.session.kernel.info")
    assert pink(p.locator(".eow-bokeh")) > 300
    page.run_all()
    assert page.errors() == []
    drawn(p, 1)
    assert count(page.received, rb'"script": ?"bokeh"') == 1


def test_without_bokehjs_the_text_stands_in(open_lab):
    page = open_lab([SETUP + f"c = eow.Chart({LINE})\nc._msg_callbacks.callbacks.clear()\nc"])
    p = page.page
    page.run_all()
    assert page.errors() == []
    p.locator(".eow-bokeh-text", has_text="Normalized Difference Vegetation Index (1) by time, 140 points").wait_for()
    assert p.locator(".eow-error:visible").count() == 0
    # A second chart asks, too, and serves both.
    page.run(f"eow.Chart({LINE})")
    drawn(p, 2)


def test_a_stored_state_without_a_kernel_shows_the_text(open_lab, tmp_path):
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in (SETUP, LINE, IMAGE)])
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    NotebookClient(nb, timeout=120, store_widget_state=True).execute()
    nbformat.write(nb, tmp_path / "page.ipynb")
    page = open_lab(tmp_path / "page.ipynb")
    p = page.page
    texts = ["Chart: line", "Chart: 'time: 2015-08-01 00:00:00'"]
    shown = p.locator(".jp-OutputArea-output pre")  # JupyterLab runs no widget of a notebook that is not trusted
    shown.nth(1).wait_for()
    assert [t.split(",")[0] for t in shown.all_text_contents()] == texts
    p.evaluate("() => { for (const cell of window._eow_notebook.content.model.cells) cell.trusted = true; }")
    shown = p.locator(".eow-bokeh-text:visible")
    shown.nth(1).wait_for()
    assert [t.split(",")[0] for t in shown.all_text_contents()] == texts
    p.locator(".eow-bokeh input[type=range]").focus()
    p.keyboard.press("ArrowRight")
    assert p.locator(".eow-error:visible").count() == 0
    assert not [line for line in page.console if "uncaught" in line]
    # Run, it draws.
    page.run_all()
    drawn(p, 2)


@contextmanager
def server(tmp_path, command, path, env=None):
    port, log = free_port(), tmp_path / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *command, f"--port={port}", "--no-browser"],
            cwd=tmp_path,
            stdout=out,
            stderr=out,
            env=os.environ | {"EOWIDGETS_OFFLINE": "1"} | (env or {}),
        )
        try:
            wait_up(f"http://127.0.0.1:{port}{path}", process, log, any_answer=True)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
def notebook(tmp_path):
    cells = [nbformat.v4.new_code_cell(c) for c in (SETUP, LINE, LINE, IMAGE)]
    nb = nbformat.v4.new_notebook(cells=cells)
    nb.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nb, tmp_path / "page.ipynb")
    return tmp_path


def test_voila(lab, notebook):
    with server(notebook, ["voila", "page.ipynb", "--Voila.ip=127.0.0.1"], "/voila/static/main.js") as url:
        page = lab.browser.new_page(viewport={"width": 1280, "height": 1400})
        requests = Requests(page)
        page.goto(url, timeout=120_000)
        drawn(page, 3)
        assert pink(page.locator(".eow-bokeh").first) > 300
        page.locator(".eow-bokeh input[type=range]").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => document.querySelectorAll('.eow-bokeh')[2].dataset.drawn.includes('2015-08-11')")
        page.close()
        # Voila's own template asks for two style sheets of Font Awesome.
        assert [url for url in requests.foreign if "/@fortawesome/" not in url] == []


def test_notebook_7(lab, notebook):
    pytest.importorskip("notebook")
    command = ["notebook", "--allow-root", "--ip=127.0.0.1", "--IdentityProvider.token=t"]
    command += ["--JupyterNotebookApp.expose_app_in_browser=True"]
    folders = {f"JUPYTER_{n}_DIR": str(notebook / n.lower()) for n in ("CONFIG", "RUNTIME")}
    with server(notebook, command, "/api/status?token=t", folders) as url:
        page = lab.browser.new_page(viewport={"width": 1280, "height": 1400})
        page.goto(f"{url}/notebooks/page.ipynb?token=t", timeout=120_000)
        page.wait_for_function("() => window.jupyterapp?.shell?.currentWidget?.context")
        requests = Requests(page)
        page.evaluate(RUN_ALL)
        drawn(page, 3)
        assert pink(page.locator(".eow-bokeh").first) > 300
        page.close()
        assert requests.foreign == []
