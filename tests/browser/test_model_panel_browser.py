"""The model panel as a person uses it: choose, draw, run, watch, cancel, look, keep; while the kernel stays free."""

from __future__ import annotations

import json

import pytest
from support.pictures import until

SETUP = """
import threading, json, torch
import ipywidgets, traitlets
import eowidgets as eow

began, go = threading.Event(), threading.Semaphore(0)

@eow.register
class Steps(eow.Model):
    name, task, card = "steps", eow.Task.REGRESS, eow.Card(title="Goes on when it is told", licence="Apache-2.0")
    feed = eow.Windows(size=32)

    def outputs(self, bands):
        return (eow.Value("brightness", vmin=0, vmax=0.3),)

    def predict(self, batch):
        began.set()
        assert go.acquire(timeout=60)
        return {"brightness": batch.x.mean((1, 2))}

cube = eow.open("romania").isel(time=slice(60, 90))
m = eow.AreaMap(cube, height="420px")
panel = eow.ModelPanel(cube, "fill-linear", map=m)
traitlets.link((m, "area"), (panel, "area"))
ipywidgets.HBox([m, panel])
"""
START = """([source]) => {
  const app = window.jupyterapp, nb = window._eow_notebook;
  nb.content.model.sharedModel.addCell({cell_type: 'code', source});
  nb.content.activeCellIndex = nb.content.model.cells.length - 1;
  app.commands.execute('notebook:run-cell');
}"""
#: JupyterLab names a thread for each message of a widget. ipykernel 7.0 to 7.3 obey; 7.4 sends it to where the widget was
#: made, the main thread, which this undoes; ipykernel 6 and other front ends know the main thread only.
THREADS = """
from ipykernel.comm.comm import BaseComm
BaseComm._reply_subshell_for = lambda self, data, default: default
"""


def opened(open_lab, before=""):
    page = open_lab([before, SETUP])
    page.run_all()
    assert page.errors() == []
    page.page.locator(".eow-map-canvas[data-shown]").first.wait_for()
    return page


def choose(page, label, option):
    page.page.locator(".eow-model-panel .widget-dropdown", has_text=label).locator("select").select_option(option)


def button(page, name):
    return page.page.locator(".eow-model-panel button", has_text=name)


def test_choose_draw_run_look_keep(open_lab):
    page = opened(open_lab)
    p = page.page

    choose(page, "Task", "Reconstruct")
    choose(page, "Model", "Harmonic fit")
    p.locator(".eow-card", has_text="yearly harmonics").wait_for()
    waves = p.locator(".eow-params .widget-text", has_text="Waves per year").locator("input")
    waves.fill("1")
    waves.press("Enter")
    until(page, lambda: page.evaluate("panel.params") == "{'terms': 1}")

    p.locator(".leaflet-container").scroll_into_view_if_needed()
    box = p.locator(".leaflet-container").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    p.locator(".leaflet-draw-draw-rectangle").click()
    p.mouse.move(x - 60, y - 50)
    p.mouse.down()
    p.mouse.move(x + 50, y + 60, steps=5)
    p.mouse.up()
    p.wait_for_function("() => document.querySelectorAll(\"path[stroke='#d55e00']\").length === 1")
    area = p.locator(".eow-model-panel .widget-dropdown", has_text="Area").locator("select")
    p.wait_for_function("s => s.selectedOptions[0].textContent.includes('drawn')", arg=area.element_handle())

    button(page, "Cost?").click()
    p.locator(".eow-cost", has_text="dates: about").wait_for()
    button(page, "Run").click()
    p.locator(".eow-good", has_text="Done").wait_for()
    pictures = "() => document.querySelectorAll('.leaflet-image-layer').length === 1"
    p.wait_for_function(pictures)
    p.locator(".leaflet-control", has_text="residuals").first.wait_for()
    inside = "int(eow.Area.of(panel.area).mask(cube.odc.geobox).sum())"
    assert page.evaluate(f"int(panel.result.valid.any('time').sum()) == {inside}") == "True"

    button(page, "Show code").click()
    code = p.locator(".eow-code").text_content()
    assert "eow.run('harmonic'" in code
    assert "terms=1" in code
    assert "area=area" in code
    button(page, "Save").click()
    p.locator(".eow-good", has_text="Saved as").wait_for()
    assert json.loads(
        page.evaluate("json.dumps(sorted(x.name for x in __import__('pathlib').Path().glob('harmonic.*')))")
    ) == ["harmonic.json", "harmonic.qml", "harmonic.tif"]

    p.locator(".eow-model-panel").scroll_into_view_if_needed()
    # Nothing sticks out of the panel.
    assert (
        p.evaluate(
            """() => { const panel = document.querySelector('.eow-model-panel'), edge = panel.getBoundingClientRect().right;
          return [...panel.querySelectorAll('input, select, button, .widget-readout')]
            .filter(e => e.offsetParent && e.getBoundingClientRect().right > edge).map(e => e.outerHTML); }"""
        )
        == []
    )
    page.screenshot("model_panel")
    assert page.errors() == []
    assert not [line for line in page.console if "uncaught" in line]


@pytest.mark.parametrize("thread", ["main", "subshell"])
def test_the_kernel_stays_free_and_a_run_can_be_cancelled(open_lab, thread):
    page = opened(open_lab, THREADS if thread == "subshell" else "")
    p = page.page
    choose(page, "Task", "Regress")
    choose(page, "Model", "Goes on when it is told")
    p.locator(".eow-card", has_text="Goes on").wait_for()
    if thread == "subshell":  # the button is heard even while a cell keeps the kernel busy
        p.evaluate(START, ["heard = began.wait(60)"])
        button(page, "Run").click()
        page.wait_idle()
        assert page.evaluate("heard") == "True"
    else:
        button(page, "Run").click()
        until(page, lambda: page.evaluate("began.is_set()") == "True")

    # Cells run between windows, and what they let happen is shown.
    assert page.evaluate("panel.job.state") == "running"
    page.evaluate("go.release(2)")  # not more: the run must not end before the bar is seen
    until(page, lambda: float(page.evaluate("panel.job.progress")) > 0, seconds=60)
    p.locator(".eow-model-panel .progress-bar").wait_for()
    p.locator(".eow-good", has_text="% ").or_(p.locator(".eow-good", has_text="left")).first.wait_for()
    p.wait_for_function("() => document.querySelectorAll('.leaflet-image-layer').length === 1")

    button(page, "Cancel").click()
    until(page, lambda: page.evaluate("panel.job._stop") == "True")
    until(page, lambda: page.evaluate("(go.release(), panel.job.state)[1]") == "cancelled")
    p.locator(".eow-good", has_text="Cancelled").wait_for()
    # What was painted is gone, and the panel is ready for the next run.
    p.wait_for_function("() => document.querySelectorAll('.leaflet-image-layer').length === 0")
    assert button(page, "Run").is_enabled()
    assert page.evaluate("panel.results") == "{}"
    assert page.errors() == []
