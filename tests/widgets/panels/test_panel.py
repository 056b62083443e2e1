"""What all panels do in the same way."""

import threading

import nbformat
import numpy as np
import pytest

import eowidgets as eow
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import InputError
from eowidgets.widgets.panels.change_panel import ChangePanel
from eowidgets.widgets.panels.forecast_panel import ForecastPanel
from eowidgets.widgets.panels.model_panel import ModelPanel
from eowidgets.widgets.panels.panel import FormPanel, Panel
from eowidgets.widgets.panels.panel_view import date_labels

FORMS = (ModelPanel, ChangePanel, ForecastPanel)


@pytest.fixture(scope="module")
def small():
    return eow.open("romania").isel(y=slice(0, 12), x=slice(0, 12))


@pytest.fixture(params=FORMS, ids=lambda c: c.__name__)
def panel(request, small):
    made = request.param(small)
    yield made
    made.close()


def test_every_panel_has_the_one_base():
    assert issubclass(eow.AskPanel, Panel)
    assert all(issubclass(cls, FormPanel) for cls in FORMS)


def test_an_error_of_a_callback_is_one_sentence(panel):
    def broken():
        raise InputError("a < b is wrong.")

    panel._guard(broken)
    assert "a &lt; b is wrong." in panel.message
    assert "eow-bad" in panel.message
    with pytest.raises(ZeroDivisionError):  # an error of the program is not hidden
        panel._guard(lambda: 1 / 0)


def test_an_unexpected_error_keeps_its_traceback(panel):
    work = Work("broken", lambda _: 1 / 0, owner=panel)
    panel._follow(work)
    work.execute()
    assert f"The {panel._noun} failed: ZeroDivisionError: division by zero" in panel.message
    assert "Traceback" in panel.message
    assert panel._cancel.disabled
    assert not panel._run.disabled


def test_places_and_parameters_that_do_not_exist(panel):
    with pytest.raises(InputError, match="no place to run named 'al'"):
        panel.where = "al"
    with pytest.raises(InputError, match="no parameter named"):
        panel.set(no_such=1)
    panel.where = "area"
    assert panel.run() is None
    assert "No area is drawn" in panel.message


def test_code_is_shown_on_demand_and_written_as_a_notebook(panel, tmp_path):
    panel.where = "all"
    panel._shows_code.value = True
    assert "import eowidgets as eow" in panel._code.value
    panel._shows_code.value = False
    assert panel._code.value == ""
    book = nbformat.read(panel.to_notebook(tmp_path / "x.ipynb"), 4)
    code = "\n".join(c.source for c in book.cells if c.cell_type == "code")
    assert "cube = eow.open('romania')" in code
    compile(code, "notebook", "exec")
    panel.cube = panel.cube.assign(red=panel.cube.red / 2)
    with pytest.raises(InputError, match="save it first"):
        panel.to_notebook(tmp_path / "y.ipynb")


def test_nothing_is_saved_before_a_run(panel, tmp_path):
    with pytest.raises(InputError, match="to save yet"):
        panel.save(tmp_path / "x.nc")
    panel._save.click()
    assert "to save yet" in panel.message


def test_a_panel_that_is_closed_cancels_its_work(panel):
    inside, go = threading.Event(), threading.Event()
    first = HEAVY.submit("other", lambda _: (inside.set(), go.wait(60)))
    assert inside.wait(60)
    work, other = Work("run", lambda _: None), Work("estimate", lambda _: None, owner=panel)
    panel._follow(work)
    HEAVY.put(work)
    HEAVY.put(other)
    panel.close()
    assert work.state == other.state == "cancelled"
    go.set()
    first.wait(60)


def test_a_run_that_follows_at_once_loses_no_result(small, monkeypatch):
    """The next run may begin before the thread of the last one has shown its end."""
    panel, told = ModelPanel(small, "fill-linear"), threading.Event()
    watch = panel._watch
    monkeypatch.setattr(
        panel, "_watch", lambda work, dropped: (told.wait(60) if work.over else None, watch(work, dropped))
    )
    first = panel.run().result(60)
    second = panel.run()
    told.set()
    second.result(60)
    panel._settle()
    assert list(panel.results) == ["fill-linear", "fill-linear 2"]
    assert panel.results["fill-linear"] is first
    assert "Done" in panel.message


def test_a_comparison_can_be_paused(small, monkeypatch):
    from eowidgets.models.monitors.ccdc import BreakCCDC

    inside, go, paused = threading.Event(), threading.Event(), threading.Event()
    predict = BreakCCDC.predict

    def held(self, batch):
        inside.set()
        assert go.wait(60)
        return predict(self, batch)

    monkeypatch.setattr(BreakCCDC, "predict", held)
    panel = ChangePanel(small, method="break-ccdc")
    work = panel.run()
    assert inside.wait(60)
    panel.pause()
    job = panel._job()
    job.on_change(lambda j: paused.set() if j.state in ("paused", "done") else None)
    go.set()
    assert paused.wait(60)
    panel.resume()
    assert work.result(60) is panel.result


def test_dates_of_one_day_have_different_labels(small):
    times = small.time.values.copy()
    times[1] = times[0] + np.timedelta64(1, "h")
    assert len(set(date_labels(small.assign_coords(time=times)))) == small.sizes["time"]
    assert date_labels(small)[0] == str(small.time.values[0])[:10]
