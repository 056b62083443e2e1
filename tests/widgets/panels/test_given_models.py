"""Panels for models that are given as objects, and parameters of every kind from the control to a rerun."""

import nbformat
import numpy as np
import pytest
import torch
from support.parameters import Colour, Params

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.contract.card import Card
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Value
from eowidgets.contract.params import param
from eowidgets.contract.task import Task
from eowidgets.errors import InputError


class Scaled(Model):
    """Multiplies the first band by the weight of its network and by a parameter."""

    name, task, card = "scaled-for-test", Task.REGRESS, Card(title="Scaled band", licence="Apache-2.0")

    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Params:
        factor: float = param(1, help="Factor.", low=0, high=10)
        offset: float | None = param(None, help="Added; nothing is added if it is not set.")

    def __init__(self, network=None, **params):
        super().__init__(**params)
        self.network = network or torch.nn.Conv2d(1, 1, 1)

    def module(self):
        return self.network

    def outputs(self, bands):
        return (Value("scaled"),)

    def predict(self, batch):
        weight = self.network.weight.detach().reshape(())
        return {"scaled": batch.x[:, 0, 0] * weight * self.params.factor + (self.params.offset or 0.0)}


class Kinds(Model):
    """Returns the number of its months, for parameters of every kind."""

    name, task, card = "kinds-for-test", Task.REGRESS, Card(title="Every kind", licence="Apache-2.0")
    Params = Params

    def outputs(self, bands):
        return (Value("months"),)

    def predict(self, batch):
        count = len(self.params.months) + (self.params.colour is Colour.BLUE)
        return {"months": torch.full((batch.x.shape[0], *batch.x.shape[-2:]), float(count))}


@pytest.fixture(scope="module")
def small():
    return eow.open("romania").isel(time=slice(80, 84), y=slice(0, 16), x=slice(0, 16))


@pytest.fixture
def scaled():
    network = torch.nn.Conv2d(1, 1, 1)
    torch.nn.init.constant_(network.weight, 3.0)
    return Scaled(network, factor=2.0)


def test_an_instance_keeps_its_network_and_its_parameters(small, scaled):
    panel = eow.ModelPanel(small, scaled)
    assert (panel.model, panel.task, panel.params) == ("scaled-for-test", "regress", {})
    assert panel._controls["factor"].value == 2.0
    assert ("Scaled band", "scaled-for-test") in panel._model.options
    panel.set(offset=0.5)
    assert panel.params == {"offset": 0.5}
    job = panel.run()
    np.testing.assert_allclose(job.result(60).scaled, small[small.eow.bands[0]][0] * 6 + 0.5, rtol=1e-6)
    assert scaled.params.offset is None
    panel.set(offset=None)
    assert panel.params == {}


def test_the_code_refers_to_the_model_by_a_variable(small, scaled, tmp_path):
    panel = eow.ModelPanel(small, scaled)
    panel.set(factor=1.5)
    code = panel.code()
    assert "\nmodel = ...  # the model given to this panel\nresult = eow.run(model, cube, factor=1.5)" in code
    scope = {}
    exec(compile(code.replace("model = ...", "model = given"), "cell", "exec"), scope | {"given": scaled}, scope)
    np.testing.assert_allclose(scope["result"].scaled, small[small.eow.bands[0]][0] * 4.5, rtol=1e-6)
    book = nbformat.read(panel.to_notebook(tmp_path / "x.ipynb"), 4)
    place = next(i for i, c in enumerate(book.cells) if c.source.startswith("model = ..."))
    assert "define it here" in book.cells[place - 1].source
    assert sum("model = ..." in c.source for c in book.cells) == 1
    compile(eow.Explorer(small, scaled).code(), "cell", "exec")
    assert "eow.Explorer(cube, model, date=" in eow.Explorer(small, scaled).code()


def test_another_model_is_run_by_its_name_and_the_given_one_can_be_chosen_again(small, scaled, tmp_path):
    panel = eow.ModelPanel(small, scaled)
    panel.model = "fill-linear"
    assert "eow.run('fill-linear', cube)" in panel.code()
    assert "model = ..." not in "".join(
        c.source for c in nbformat.read(panel.to_notebook(tmp_path / "x.ipynb"), 4).cells
    )
    panel.task = "regress"
    panel.model = "scaled-for-test"
    assert panel.run().result(60).scaled.shape == (16, 16)


def test_a_wrapped_network_and_a_class(small):
    network = torch.nn.Conv2d(1, 1, 1, bias=False)
    torch.nn.init.constant_(network.weight, 2.0)
    wrapped = eow.wrap(network, bands="red", outputs=Value("twice", dims="tyx"), name="twice")
    explorer = eow.Explorer(small, wrapped)
    assert explorer.panel.model == "twice"
    np.testing.assert_allclose(explorer.panel.run().result(60).twice, small.red * 2, rtol=5e-3)  # bf16 where it is fast
    panel = eow.ModelPanel(small, Scaled)
    assert "eow.run(model, cube)" in panel.code()
    assert panel.run().result(60).scaled.shape == (16, 16)


def test_an_instance_of_a_registered_class_takes_the_place_of_its_entry(small):
    model = registry.get_model("fill-linear", max_gap=30.0)
    panel = eow.ModelPanel(small, model)
    assert panel._controls["max_gap"].value == 30.0
    names = [name for _, name in panel._model.options]
    assert names.count("fill-linear") == 1
    assert panel.run().result(60).equals(eow.run("fill-linear", small, max_gap=30.0))
    assert "eow.run('fill-linear', cube)" in eow.ModelPanel(small, registry.model_class("fill-linear")).code()


@pytest.mark.parametrize("bad", [torch.nn.Conv2d(1, 1, 1), torch.nn.Sequential(), torch.nn.Conv2d, 3, None, int])
def test_what_is_no_model_is_refused(small, bad):
    for widget in (eow.ModelPanel, eow.Explorer):
        with pytest.raises(InputError, match=r"wrap a torch module with eow\.wrap"):
            widget(small, bad)


def test_a_class_that_is_not_complete_is_refused(small):
    class Nameless(Model):
        def outputs(self, bands):
            return (Value("x"),)

        def predict(self, batch):
            return {}

    with pytest.raises(InputError, match="has no name"):
        eow.ModelPanel(small, Nameless)


def test_parameters_of_every_kind_reach_the_model_the_code_the_provenance_and_a_rerun(small, monkeypatch):
    monkeypatch.setitem(registry._registered, Kinds.name, Kinds)
    panel = eow.ModelPanel(small, Kinds.name)
    chosen = {
        "colour": Colour.BLUE,
        "limit": 1.5,
        "months": (5, 6, 7),
        "extent": (1.0, 2.5),
        "title": "",
        "boxes": ((1, 2), (3, 4)),
        "stamp": np.datetime64("2019-07-06"),
        "literal": None,
    }
    panel.set(**chosen)
    assert panel.params == chosen
    result = panel.run().result(60)
    assert float(result.months[0, 0]) == 4
    scope = {}
    exec(compile(panel.code(), "cell", "exec"), scope)
    assert scope["result"].attrs["provenance"] == result.attrs["provenance"]
    assert eow.rerun(result, small).identical


def test_an_invalid_entry_is_one_sentence_under_the_widget(small, monkeypatch):
    monkeypatch.setitem(registry._registered, Kinds.name, Kinds)
    panel = eow.ModelPanel(small, Kinds.name)
    panel._shows_code.value = True
    panel._controls["months"]._text.value = "5, x"
    assert "eow-bad" in panel._code.value
    assert panel.run() is None
    assert "The parameter &#x27;months&#x27; is &#x27;5, x&#x27;" in panel.message
