import sys

import pytest

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.contract.card import Card
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Output
from eowidgets.contract.registry import get_model, model_class, register
from eowidgets.contract.task import Task
from eowidgets.errors import InputError


class Hostile(Model):
    name, task = "hostile-for-test", Task.REGRESS
    card = Card(title="<img src=x onerror=alert(1)>", licence="../../etc", scores={"<b>": 1.0})

    def outputs(self, bands):
        return (Output("x"),)

    def predict(self, batch):
        return {}


def test_the_package_can_be_called_and_still_be_imported():
    assert sys.modules["eowidgets.models"] is eow.models
    assert "fill-linear" in repr(eow.models())
    assert {r["task"] for r in eow.models(task="composite")} == {"composite"}
    assert eow.models().to_dataframe().loc["harmonic", "task"] == "reconstruct"


def test_hostile_cards_stay_text(monkeypatch):
    monkeypatch.setitem(registry._registered, Hostile.name, Hostile)
    html = eow.models()._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html


def test_unknown_task_and_model():
    with pytest.raises(InputError, match="no task named 'fly'"):
        eow.models(task="fly")
    with pytest.raises(InputError, match="Did you mean 'harmonic'"):
        model_class("harmonics")


def test_registering(monkeypatch):
    registry.model_classes()  # all families are loaded, so that only what follows is undone
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    register(Hostile)
    register(Hostile)  # a cell that is run again
    assert get_model("hostile-for-test").name == "hostile-for-test"

    other = type("Other", (Hostile,), {})
    with pytest.raises(InputError, match="exists already"):
        register(other)
    assert register(other, replace=True) is other

    class Nameless(Model):
        task, card = Task.REGRESS, Card(title="t", licence="Apache-2.0")

        def outputs(self, bands):
            return ()

        def predict(self, batch):
            return {}

    with pytest.raises(InputError, match="has no name"):
        register(Nameless)
    with pytest.raises(InputError, match="is not a model"):
        get_model(42)
