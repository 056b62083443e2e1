"""What panels show while they wait: for the run before, and for a model that does not come back."""

from __future__ import annotations

import threading
from importlib import import_module

import pytest
from support.toys import Gate

from eowidgets.analysis.ask.answer import Answer
from eowidgets.analysis.ask.asking import ask
from eowidgets.contract import registry
from eowidgets.engine import work
from eowidgets.engine.scheduler import HEAVY, LIGHT
from eowidgets.engine.work import Cancelled
from eowidgets.widgets.panels.ask_panel import AskPanel
from eowidgets.widgets.panels.change_panel import ChangePanel
from eowidgets.widgets.panels.forecast_panel import ForecastPanel
from eowidgets.widgets.panels.model_panel import ModelPanel

WAIT = 60


@pytest.fixture
def small(romania):
    return romania.isel(y=slice(0, 20, 4), x=slice(0, 20, 4))


@pytest.fixture
def busy():
    """The heavy slot is taken until the test calls this."""
    inside, go = threading.Event(), threading.Event()
    HEAVY.submit("units-clouds", lambda _: (inside.set(), go.wait(WAIT)))
    assert inside.wait(WAIT)
    yield go.set
    go.set()


def shown(panel, words, widget="_note"):
    """Wait until a panel shows some words."""
    there, note = threading.Event(), getattr(panel, widget)

    def look(_=None):
        if words in note.value:
            there.set()

    note.observe(look, names="value")
    look()
    assert there.wait(WAIT), note.value


def stuck(monkeypatch, target, name):
    """Replace a function by one that does not return before the event that this gives is set."""
    inside, go = threading.Event(), threading.Event()
    real = getattr(target, name)

    def held(*args, **kwargs):
        inside.set()
        assert go.wait(WAIT)
        return real(*args, **kwargs)

    monkeypatch.setattr(target, name, held)
    monkeypatch.setattr(work, "PATIENCE", 0.02)
    return inside, go


def test_panels_say_what_they_wait_for(small, busy):
    model, change = ModelPanel(small, "fill-linear"), ChangePanel(small)
    forecast = ForecastPanel(small)
    forecast.where, forecast.area = "mean", None
    jobs = [model.run(), change.run()]
    shown(model, "Waiting for &#x27;units-clouds&#x27;")
    shown(change, "Waiting for &#x27;units-clouds&#x27;")
    model.tell_cost()
    shown(model, "Waiting for &#x27;units-clouds&#x27;", "_cost")
    change.cancel()
    shown(change, "Cancelled.")
    busy()
    assert jobs[0].result(WAIT).sizes["time"] == small.sizes["time"]
    with pytest.raises(Cancelled):
        jobs[1].result(WAIT)
    shown(model, "of memory", "_cost")
    forecast.close()


def test_a_model_panel_goes_on_without_a_model_that_hangs(small, monkeypatch):
    gate = Gate()
    registry.register(type(gate))
    monkeypatch.setattr(work, "PATIENCE", 0.02)
    runs = import_module("eowidgets.engine.run")  # the package has a function of this name
    real = runs.get_model
    monkeypatch.setattr(runs, "get_model", lambda name, **given: gate if name == "toy-gate" else real(name, **given))
    panel = ModelPanel(small, "toy-gate")
    first = panel.run()
    assert gate.entered.acquire(timeout=WAIT)
    panel.cancel()
    shown(panel, "waiting for the model to return")
    assert not panel._run.disabled
    panel.model = "fill-linear"
    second = panel.run()
    assert second.result(WAIT).sizes["time"] == small.sizes["time"]
    gate.gate.release(100)
    with pytest.raises(Cancelled):
        first.result(WAIT)
    assert "Cancelled" not in panel.message


def test_a_change_panel_reports_a_method_that_hangs(small, monkeypatch):
    from eowidgets.models.monitors.ccdc import BreakCCDC

    inside, go = stuck(monkeypatch, BreakCCDC, "predict")
    panel = ChangePanel(small)
    job = panel.run()
    assert inside.wait(WAIT)
    panel.cancel()
    shown(panel, "waiting for the model to return")
    assert not panel._run.disabled
    go.set()
    with pytest.raises(Cancelled):
        job.result(WAIT)
    shown(panel, "Cancelled.")


def test_a_forecast_can_be_cancelled(small, monkeypatch):
    from eowidgets.widgets.panels import forecast_panel

    inside, go = stuck(monkeypatch, forecast_panel, "forecast")
    panel = ForecastPanel(small)
    panel.pins = [{"lon": 22.148, "lat": 45.209}]
    job = panel.job or panel.run()
    assert inside.wait(WAIT)
    assert not panel._cancel.disabled
    panel.cancel()
    shown(panel, "waiting for the model to return")
    assert panel._cancel.disabled
    go.set()
    with pytest.raises(Cancelled):
        job.result(WAIT)
    shown(panel, "Cancelled.")
    assert panel.result is None
    panel.close()


def test_questions_can_be_cancelled_and_the_others_keep_their_numbers(small):
    inside, go = threading.Event(), threading.Event()

    def brain(cube, question, **_):
        if question == "first":
            inside.set()
            assert go.wait(WAIT)
        return Answer(question, question.upper())

    panel = AskPanel(small, brain=brain)
    first, second = panel.ask("first"), panel.ask("second")
    assert inside.wait(WAIT)
    panel._hear(None, {"type": "cancel"}, [])
    go.set()
    for job in (first, second):
        with pytest.raises(Cancelled):
            job.wait(WAIT) or job.result(0)
    third = panel.ask("third")
    assert third.result(WAIT).text == "THIRD"
    assert [t["state"] for t in panel.turns] == ["refused", "refused", "done"]
    assert [a.question for a in panel.answers] == ["first", "second", "third"]
    panel.close()


def test_a_question_shows_what_it_waits_for_and_needs_no_slot_of_its_own(small, busy):
    from support.toys import Identity

    import eowidgets as eow

    panel = AskPanel(small, brain=lambda cube, q, **_: Answer(q, str(eow.run(Identity, cube).sizes["time"])))
    there = threading.Event()
    panel.observe(lambda c: there.set() if "Waiting for 'units-clouds'" in str(c["new"]) else None, names="turns")
    slow = panel.ask("with a run")
    assert there.wait(WAIT)
    other = AskPanel(small, brain=ask)
    assert other.ask("How many images are there?").result(WAIT).value == small.sizes["time"]
    busy()
    assert slow.result(WAIT).text == str(small.sizes["time"])
    panel.close()
    other.close()


def test_a_viewer_that_is_closed_reads_nothing_more(small, monkeypatch):
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

    viewer, seen = TimeViewer(small), []
    monkeypatch.setattr(TimeViewer, "_answer", lambda self, content: seen.append(content))
    viewer._hear(None, {"type": "want"}, [])
    viewer.close()
    viewer._hear(None, {"type": "late"}, [])
    LIGHT.submit("after", lambda _: None, owner=viewer).result(WAIT)
    assert {"type": "late"} not in seen
