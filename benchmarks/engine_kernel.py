"""Responsiveness of the kernel while a model runs: response times of a widget message and of a cell, in JupyterLab.

Started by ``python benchmarks/engine.py kernel``. A panel runs a U-Net over a raster and paints it on a map; at the same time the
page sends messages of a widget and runs cells. The same is measured before, with the kernel idle.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.lab import lab_session

SETUP = """
import sys; sys.path.insert(0, {folder!r})
import anywidget, ipywidgets, torch, traitlets
import engine as bench, eowidgets as eow

class Echo(anywidget.AnyWidget):
    _esm = '''export default {{ render({{model, el}}) {{
        el.className = "echo";
        window.ping = () => new Promise((done) => {{
            const began = performance.now();
            const heard = () => {{ model.off("msg:custom", heard); done(performance.now() - began); }};
            model.on("msg:custom", heard); model.send({{}}); }});
    }} }}'''
    def __init__(self):
        super().__init__()
        self.on_msg(lambda *_: self.send({{}}))

eow.register(bench.Segment)
cube = bench.cube({side}, {side})
m = eow.AreaMap(cube, height="300px")
panel = eow.ModelPanel(cube, "bench-segment", map=m)
echo = Echo()
ipywidgets.VBox([echo, ipywidgets.HBox([m, panel])])
"""
#: ipykernel 7.0 to 7.3 handle a message of a widget in the thread that JupyterLab names; 7.4 and 6, like other front ends,
#: in the main thread. This makes 7.4 do as 7.0 did.
THREADS = """
from ipykernel.comm.comm import BaseComm
BaseComm._reply_subshell_for = lambda self, data, default: default
"""
#: Response times in ms of messages and of cells, alternating, ``count`` of each.
MEASURE = """async ([count]) => {
  const kernel = window._eow_notebook.context.sessionContext.session.kernel, comms = [], cells = [];
  const rest = () => new Promise((done) => setTimeout(done, 50));
  for (let i = 0; i < count; i++) {
    comms.push(await window.ping()); await rest();
    const began = performance.now();
    await kernel.requestExecute({code: '1 + 1', silent: true}).done;
    cells.push(performance.now() - began); await rest();
  }
  return [comms, cells];
}"""


def measure(side: int = 3072, count: int = 20) -> None:
    """Print the table."""
    print("\nAnswers of the kernel in JupyterLab, ms: idle, and while a U-Net runs in the panel (target 100 ms)")
    print(f"{'messages':>16} {'what':>8} {'kernel':>8} {'median':>7} {'p95':>7} {'worst':>7}")
    with lab_session() as lab:
        for thread in ("main thread", "subshell"):
            before = THREADS if thread == "subshell" else ""
            page = lab.open([before, SETUP.format(folder=str(Path(__file__).parent), side=side)])
            page.run_all()
            if page.errors():
                raise SystemExit("; ".join(page.errors()))
            page.page.wait_for_function("() => window.ping !== undefined")
            page.page.evaluate(MEASURE, [3])
            found = {"idle": page.page.evaluate(MEASURE, [count])}
            page.page.locator(".eow-model-panel button", has_text="Run").click()
            page.page.locator(".eow-good", has_text="left").wait_for()
            found["running"] = page.page.evaluate(MEASURE, [count])
            state = page.evaluate("panel.job.state")
            if state != "running":
                raise SystemExit(f"The run was {state} before the measurement ended: give a larger raster.")
            page.run("panel.cancel()")
            page.close()
            for kernel, times in found.items():
                for what, ms in zip(("message", "cell"), times, strict=True):
                    words = f"{np.median(ms):>7.0f} {np.percentile(ms, 95):>7.0f} {max(ms):>7.0f}"
                    print(f"{thread:>16} {what:>8} {kernel:>8} {words}")
