import threading

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.contract.card import Card
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Classes, Value
from eowidgets.contract.params import param
from eowidgets.contract.registry import model_class
from eowidgets.contract.task import Task
from eowidgets.errors import InputError
from eowidgets.widgets.panels.controls import controls_for


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


def test_code_of_a_cube_that_was_changed(romania):
    """What was opened is cut to the same dates; what cannot be made again by opening is left to the reader."""
    part = eow.ModelPanel(romania.isel(time=slice(80, 100)), "fill-linear")
    first, last = (str(d)[:10] for d in romania.time.values[[80, 99]])
    assert f"cube = eow.open('romania').sel(time=slice('{first}', '{last}'))" in part.code()
    assert "time=" not in eow.ModelPanel(romania, "fill-linear").code()
    darker = romania.assign(red=romania.red / 2)
    cloudier = romania.assign(clouds=romania.clouds | (romania.red > 0.1))
    for other in (romania.isel(time=slice(None, None, 2)), romania.isel(x=slice(None, None, 2)), darker, cloudier):
        panel = eow.ModelPanel(other, "fill-linear")
        assert "eow.open" not in panel.code()
        with pytest.raises(InputError, match="save it first"):
            panel.to_notebook()


def test_result_appears_in_the_viewer(romania):
    viewer = eow.TimeViewer(romania)
    panel = eow.ModelPanel(romania, "fill-linear", viewer=viewer)
    finish(panel, panel.run())
    assert viewer.compare_mode == "swipe"
    assert viewer.sources["compare"].cube.attrs["title"] == "fill-linear"


def test_controls_follow_the_parameters():
    class Odd(Model):
        from dataclasses import dataclass

        name, task, card = "odd", Task.REGRESS, Card(title="<b>odd</b>", licence="Apache-2.0")

        @dataclass(frozen=True)
        class Params:
            number: int = param(3, help="h", low=1, high=9, unit="px", label="Number")
            share: float = param(0.5, help="h")
            flag: bool = param(True, help="h")
            kind: str = param("a", help="h", choices=("a", "b"))

        def outputs(self, bands):
            return (Value("odd"),)

        def predict(self, batch):
            return {"odd": batch.x[:, 0, 0]}

    found = controls_for(Odd.Params())
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
        name, task, card = "broken-for-test", Task.REGRESS, Card(title="Broken <script>", licence="Apache-2.0")

        def outputs(self, bands):
            return (Value("found"),)

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
        name, task, card = "slow-for-test", Task.REGRESS, Card(title="Slow", licence="Apache-2.0")

        def outputs(self, bands):
            return (Value("found"),)

        def predict(self, batch):
            started.set()
            go.wait(20)
            return {"found": torch.zeros(batch.x.shape[0], *batch.x.shape[-2:])}

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
    panel._cost.observe(lambda change: told.set() if "about" in change["new"] else None, names="value")
    panel.tell_cost()
    assert told.wait(30)
    assert "Mpx × 20 dates: about" in panel.cost
    panel.set(max_gap=30.0)
    assert panel.cost == ""  # it was measured for something else


def test_unknown_names(romania):
    with pytest.raises(InputError, match="Did you mean 'fill-linear'"):
        eow.ModelPanel(romania, "fill-liner")
    panel = eow.ModelPanel(romania)
    with pytest.raises(InputError, match="no parameter named"):
        panel.set(gap=3)
    assert repr(panel) == "ModelPanel: fill-auto, 140 dates of 0.01 Mpx, no result yet"


def test_the_task_narrows_the_models(romania):
    panel = eow.ModelPanel(romania, "harmonic")
    assert panel.task == "reconstruct"
    panel.task = "composite"
    assert [name for _, name in panel._model.options] == [m["name"] for m in eow.list_models(task="composite")]
    assert panel.model == panel._model.options[0][1]
    assert panel._card.value  # of the model that is chosen now
    assert set(panel._controls) == set(model_class(panel.model).Params.__dataclass_fields__)
    panel.model = "harmonic"
    assert panel.task == "reconstruct"
    with pytest.raises(InputError, match="no task named"):
        panel.task = "compose"


def test_dates_and_places(romania):
    m = eow.AreaMap(romania)
    panel = eow.ModelPanel(romania, map=m)
    panel.dates = ("2018-01-01", "2018-12-31")
    assert panel.dates[0] >= "2018-01-01"
    assert panel.dates[1] <= "2018-12-31"
    inside = romania.sel(time="2018")
    assert panel.run_cube().sizes["time"] == inside.sizes["time"]
    finish(panel, panel.run())
    assert panel.result.sizes["time"] == inside.sizes["time"]
    scope = {}
    exec(compile(panel.code(), "cell", "exec"), scope)
    np.testing.assert_array_equal(scope["result"].red, panel.result.red)
    with pytest.raises(InputError, match="no date between 1990"):
        panel.dates = ("1990-01-01", "1991-01-01")
    panel.where = "area"
    assert panel.run() is None
    assert "No area is drawn" in panel.message
    panel.area = (22.146, 45.201, 22.150, 45.204)
    assert panel.where == "area"
    panel.area = None
    assert panel.where == "all"
    panel.where = "view"
    assert panel.run() is None
    assert "shows nothing" in panel.message
    m.set_trait("bounds", ((45.201, 22.146), (45.204, 22.150)))
    assert panel.run_area()["type"] == "Polygon"


def clicks(panel, mode):
    """Press Run as a message of the front end does: in the main thread, or in the thread of a subshell."""
    message = {"event": "click"}
    if mode == "main":
        panel._run._handle_button_msg(panel._run, message, [])
    else:
        thread = threading.Thread(target=panel._run._handle_button_msg, args=(panel._run, message, []))
        thread.start()
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.parametrize("mode", ["main", "subshell"])
def test_a_click_runs_in_both_comm_modes(panel, mode):
    clicks(panel, mode)
    finish(panel, panel.job)
    assert panel.job.state == "done"
    assert list(panel.results) == ["fill-linear"]


@pytest.fixture
def two_classes(monkeypatch):
    """A model whose classes are the two halves of the scene, and whose windows are small."""
    from eowidgets.contract.feeds import Windows
    from eowidgets.contract.labels import ClassInfo

    class Halves(Model):
        name, task, card = (
            "halves-for-test",
            Task.SEGMENT,
            Card(title="Halves", scores={"IoU": 0.5}, licence="Apache-2.0"),
        )
        feed = Windows(size=32)

        def outputs(self, bands):
            classes = (ClassInfo(1, "bright soil", "#e69f00"), ClassInfo(2, "dark", "#0072b2"))
            return (Classes("cover", classes=classes, long_name="Cover"),)

        def predict(self, batch):
            bright = (batch.x[:, :, 0].mean(1) > 0.05).float()
            return {"cover": torch.stack([0.2 + 0.6 * bright, 0.8 - 0.6 * bright], 1)}

    monkeypatch.setitem(registry._registered, Halves.name, Halves)
    return Halves.name


def test_windows_are_painted_as_they_come_and_the_end_is_the_result(romania, two_classes):
    viewer, m = eow.TimeViewer(romania), eow.AreaMap(romania)
    painted = []
    viewer.update_region = lambda name, t, y, x, values, band=None: painted.append((name, y, x, values.copy()))
    panel = eow.ModelPanel(romania, two_classes, viewer=viewer, map=m)
    finish(panel, panel.run())
    assert len(painted) > 4
    together = np.full((100, 100), 255, np.uint8)
    for name, y, x, values in painted:
        assert name == two_classes
        together[y : y + values.shape[0], x : x + values.shape[1]] = values
    np.testing.assert_array_equal(together, panel.result.cover)
    assert [k["key"] for k in viewer.layers] == [two_classes]
    assert "bright soil" in m._legend.value
    assert m.image(two_classes).url.startswith("data:image/png")


def test_doubt_fades_on_the_map(romania, two_classes):
    m = eow.AreaMap(romania)
    panel = eow.ModelPanel(romania, two_classes, map=m)
    finish(panel, panel.run())
    before = m.image(two_classes).url
    panel._fade.value = True
    assert m.image(two_classes).url != before


def test_several_results_are_kept_with_their_origin(panel):
    finish(panel, panel.run())
    panel.model = "composite-median"
    finish(panel, panel.run())
    assert list(panel.results) == ["fill-linear", "composite-median"]
    assert panel.result is panel.results["composite-median"]
    assert "composite-median" in panel._origin.value
    panel.show("fill-linear")
    assert panel.result is panel.results["fill-linear"]
    with pytest.raises(InputError, match="no result named"):
        panel.show("fill")


def test_pause_holds_and_a_cancelled_run_leaves_nothing(romania, monkeypatch):
    began, go = threading.Event(), threading.Semaphore(0)
    from eowidgets.contract.feeds import Windows

    class Steps(Model):
        name, task, card = "steps-for-test", Task.REGRESS, Card(title="Steps", licence="Apache-2.0")
        feed = Windows(size=32)

        def outputs(self, bands):
            return (Value("found"),)

        def predict(self, batch):
            began.set()
            assert go.acquire(timeout=20)
            return {"found": batch.x[:, 0, 0]}

    monkeypatch.setitem(registry._registered, Steps.name, Steps)
    m = eow.AreaMap(romania)
    panel = eow.ModelPanel(romania, "steps-for-test", map=m)
    job = panel.run()
    assert began.wait(20)
    panel.pause()
    paused, ended = threading.Event(), threading.Event()
    job.on_change(lambda j: paused.set() if j.state == "paused" else None)
    job.on_change(lambda j: ended.set() if j.state == "cancelled" else None)
    for _ in range(100):
        go.release()
    assert paused.wait(20)
    assert 0 <= job.progress < 1
    panel.resume()
    panel.cancel()
    assert ended.wait(20) or job.state == "done"
    if job.state == "cancelled":
        assert m.image("steps-for-test") is None
        assert panel.results == {}
