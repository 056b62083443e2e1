import subprocess
import sys

import pytest

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.contract.card import Card
from eowidgets.contract.catalogue import OWN, read_index
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Value
from eowidgets.contract.registry import get_model, model_class, register
from eowidgets.contract.task import Task
from eowidgets.errors import InputError
from eowidgets.models.listed import listed


class Hostile(Model):
    name, task = "hostile-for-test", Task.REGRESS
    card = Card(title="<img src=x onerror=alert(1)>", licence="../../etc", scores={"<b>": 1.0})

    def outputs(self, bands):
        return (Value("x"),)

    def predict(self, batch):
        return {}


def test_models_are_listed_by_pattern_task_and_weights():
    assert "fill-linear" in repr(eow.list_models())
    assert {r["task"] for r in eow.list_models(task="composite")} == {"composite"}
    assert {r["task"] for r in eow.list_models(task=Task.FORECAST)} == {"forecast"}
    assert eow.list_models().to_pandas().loc["harmonic", "task"] == "reconstruct"
    assert [r["name"] for r in eow.list_models("units-*", task="forecast")] == ["units-forecast"]
    assert [r["name"] for r in eow.list_models("fill-l???")] == ["fill-last"]
    trained, plain = eow.list_models(pretrained=True), eow.list_models(pretrained=False)
    assert len(trained) + len(plain) == len(eow.list_models())
    assert {"units-clouds", "change-mci", "vqa-rsvqa", "forecast-chronos"} <= {r["name"] for r in trained}
    assert eow.list_models("units-clouds")[0]["pretrained"] == "romania"
    assert repr(eow.list_models("no-such-*")) == "No model." and eow.list_models("fill-*", task=Task.DETECT) == []
    assert [r["name"] for r in eow.list_models(task=Task.DETECT)] == ["flightscope"]


def test_the_order_is_that_of_tasks_and_names():
    rows = [(r["task"], r["name"]) for r in eow.list_models()]
    assert rows == sorted(rows)


def test_every_model_states_its_licence_and_its_use():
    for row in eow.list_models():
        assert row["licence"].strip() and row["title"] and row["use"], row["name"]


def test_the_list_is_that_of_the_classes():
    assert listed() == sorted(read_index(OWN).values(), key=lambda one: one.name), (
        "run: python -m eowidgets.models.listed"
    )


def test_listing_does_not_import_torch():
    calls = "[eow.list_models(), eow.list_models('change-*'), eow.list_models(task='forecast')]"
    code = f"import sys, eowidgets as eow; print(*map(len, {calls}), 'torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *counts, torch = done.stdout.split()
    assert all(int(count) >= 5 for count in counts) and torch == "False"


def test_the_old_name_works_with_one_warning():
    assert sys.modules["eowidgets.models"] is eow.models
    with pytest.warns(DeprecationWarning, match=r"use eow\.list_models\(\)") as caught:
        old = eow.models(task="composite")
    assert old == eow.list_models(task="composite")
    assert len(caught) == 1 and caught[0].filename == __file__


@pytest.mark.parametrize("name", ["vqa-rsvqa", "vqa-deltavlm", "caption-mci"])
def test_what_a_run_cannot_do_is_said_in_one_sentence(name, make_cube):
    with pytest.raises(InputError, match=f"'{name}' cannot be run over a cube: use (eow|eowidgets)\\.") as caught:
        eow.run(name, make_cube(dates=2, height=4, width=4))
    assert "\n" not in str(caught.value)


def test_hostile_cards_stay_text(monkeypatch):
    monkeypatch.setitem(registry._registered, Hostile.name, Hostile)
    html = eow.list_models()._repr_html_()
    assert "<img" not in html
    assert "&lt;img" in html


def test_unknown_task_and_model():
    with pytest.raises(InputError, match="no task named 'fly'"):
        eow.list_models(task="fly")
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
