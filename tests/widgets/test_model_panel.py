import threading

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.models import registry
from eowidgets.models.base import Card, Model, param
from eowidgets.tasks import Output, Task
from eowidgets.widgets.controls import controls_for


@pytest.fixture
def panel(romania):
    return eow.ModelPanel(romania.isel(time=slice(80, 100)), "fill-linear")


def finish(panel, job):
    """Wait until the panel has shown the end of a run: its buttons are swapped back and it says how it went."""
    done = threading.Event()

    def look(_=None):
        if job.state in ("done", "failed", "cancelled") and not panel._run.disabled and "%" not in panel.message:
            done.set()

    panel._note.observe(look, names="value")
    look()
    assert done.wait(60)


def test_run_gives_what_code_gives(panel, romania):
    panel.set(max_gap=30.0)
    finish(panel, panel.run())
    expected = eow.run("fill-linear", panel.cube, max_gap=30.0)
    np.testing.assert_array_equal(panel.result.red, expected.red)
    assert "Done" in panel.message
    assert list(panel.results) == ["fill-linear"]
    finish(panel, panel.run())
    assert list(panel.results) == ["fill-linear", "fill-linear 2"]


def test_code_is_the_cell_that_does_the_same(panel):
    panel.area = (22.146, 45.201, 22.150, 45.204)
    panel.set(max_gap=30.0)
    scope = {}
    code = panel.code()
    assert "eow.open('romania')" in code
    exec(compile(code, "cell", "exec"), scope)
    assert scope["result"].sizes["x"] < 100
    assert "max_gap=30.0" in code


def test_result_appears_in_the_viewer(romania):
    viewer = eow.TimeViewer(romania)
    panel = eow.ModelPanel(romania, "fill-linear", viewer=viewer)
    finish(panel, panel.run())
    assert viewer.compare_mode == "swipe"
    assert viewer.sources["compare"].cube.attrs["title"] == "fill-linear"


def test_controls_follow_the_parameters():
    class Odd(Model):
        from dataclasses import dataclass

        name, task, card = "odd", Task.REGRESS, Card(title="<b>odd</b>")

        @dataclass(frozen=True)
        class Params:
            number: int = param(3, help="h", low=1, high=9, unit="px", label="Number")
            share: float = param(0.5, help="h")
            flag: bool = param(True, help="h")
            kind: str = param("a", help="h", choices=("a", "b"))

        def outputs(self, bands):
            return (Output("odd"),)

        def predict(self, batch):
            return {"odd": batch.x[:, 0, 0]}

    found = controls_for(Odd)
    assert [type(c).__name__ for c in found.values()] == ["BoundedIntText", "FloatText", "Checkbox", "Dropdown"]
    assert found["number"].description == "Number (px)"
    assert (found["number"].min, found["number"].max) == (1, 9)


def test_errors_are_one_sentence_in_the_panel(romania, monkeypatch):
    panel = eow.ModelPanel(romania, "fill-linear")
    panel.area = (0, 0, 1, 1)
    job = panel.run()
    if job is not None:
        finish(panel, job)
    assert "eow-bad" in panel.message
    assert "does not" in panel.message or "outside" in panel.message


def test_a_model_that_breaks_is_reported_and_the_panel_lives_on(romania, monkeypatch):
    class Broken(Model):
        name, task, card = "broken-for-test", Task.REGRESS, Card(title="Broken <script>")

        def outputs(self, bands):
            return (Output("x"),)

        def predict(self, batch):
            raise RuntimeError("kaput <script>")

    monkeypatch.setitem(registry._registered, Broken.name, Broken)
    panel = eow.ModelPanel(romania, "broken-for-test")
    assert "<script>" not in panel._card.value
    job = panel.run()
    finish(panel, job)
    assert "kaput" in panel.message
    assert "<script>" not in panel.message
    panel.model = "fill-last"
    finish(panel, panel.run())
    assert "Done" in panel.message


def test_cancel(romania, monkeypatch):
    started, go = threading.Event(), threading.Event()

    class Slow(Model):
        name, task, card = "slow-for-test", Task.REGRESS, Card(title="Slow")

        def outputs(self, bands):
            return (Output("x"),)

        def predict(self, batch):
            started.set()
            go.wait(20)
            return {"x": torch.zeros(batch.x.shape[0], *batch.x.shape[-2:])}

    monkeypatch.setitem(registry._registered, Slow.name, Slow)
    panel = eow.ModelPanel(romania, "slow-for-test")
    job = panel.run()
    assert started.wait(20)
    assert panel.run() is None  # one at a time
    panel.cancel()
    go.set()
    ended = threading.Event()
    job.on_change(lambda j: ended.set() if j.state == "cancelled" else None)
    assert job.state == "cancelled" or ended.wait(20)


def test_save(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    finish(panel, panel.run())
    for ending in (".tif", ".nc", ".zarr"):
        panel._format.value = ending
        panel._save.click()
        assert f"fill-linear{ending}" in panel.message
    back = eow.open(tmp_path / "fill-linear.nc")
    np.testing.assert_allclose(back.red, panel.result.red, atol=5.1e-5)


def test_cost_is_told(panel):
    told = threading.Event()
    panel._note.observe(lambda change: told.set() if "about" in change["new"] else None, names="value")
    panel.tell_cost()
    assert told.wait(30)
    assert "Mpx" in panel.message


def test_unknown_names(romania):
    with pytest.raises(InputError, match="Did you mean 'fill-linear'"):
        eow.ModelPanel(romania, "fill-liner")
    panel = eow.ModelPanel(romania)
    with pytest.raises(InputError, match="no parameter named"):
        panel.set(gap=3)
    assert repr(panel) == "ModelPanel: fill-linear, 140 dates of 0.01 Mpx, no result yet"
