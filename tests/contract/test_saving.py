import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from support.onnx_file import convolution
from support.toys import Smooth
from torch import nn

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.contract.params import param
from eowidgets.contract.registry import get_model, register
from eowidgets.errors import InputError, ModelError, SourceError
from eowidgets.models.change import ChangeLENet, LENet, LENetConfig

COVER = eow.Classes(
    "cover",
    dims="tyx",
    needs="same",
    classes=(eow.ClassInfo(0, "water", "#0072b2"), eow.ClassInfo(7, "land", "#d55e00")),
)
BIOMASS = eow.Task("estimate-biomass", label="Estimate biomass")
WRAP = {"bands": ("red", "nir"), "outputs": COVER, "scale": 10_000, "mean": (300, 2500), "std": (100, 800)}


@dataclass(frozen=True)
class Widths:
    width: int = param(1, help="channels", low=1, high=8)
    months: tuple[int, ...] = param((5, 9), help="months")


@dataclass(frozen=True)
class Height(eow.Value):
    above: str = "ground"


class Net(Smooth):
    """Takes a setting of its own, and has a network and numbers that are fitted later."""

    name = "net-for-saving"
    Params = Widths

    def __init__(self, offset=0.0, **params):
        super().__init__(**params)
        self.offset = offset
        self.net = nn.Conv2d(1, self.params.width, 1)
        self.scorer = object()  # no data, and made by the constructor
        self._cache = object()

    def module(self):
        return self.net


@pytest.fixture(autouse=True)
def _registry(monkeypatch):
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    register(Net)


def same(one, two):
    a, b = one.state_dict(), two.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.parametrize("name", ["m", "m.safetensors"])
def test_a_registered_class_comes_back_with_all_that_was_set(tmp_path, name):
    model = Net(2.5, width=3, months=(6, 7))
    nn.init.constant_(model.net.weight, 7.0)
    model.centres = np.arange(6.0).reshape(2, 3)
    model.by_class = {1: torch.ones(2), 2: (None, "text", [True, 0.1])}
    model.card = eow.Card(title="Fitted", licence="MIT", scores={"F1": 0.5})
    model.feed = eow.Windows(bands=("red",), min_dates=2)
    assert model.save(tmp_path / name) == tmp_path / name
    again = eow.load(tmp_path / name)
    assert type(again) is Net and again.params == model.params and again.offset == 2.5
    assert same(again.net, model.net) and again.net.out_channels == 3
    assert np.array_equal(again.centres, model.centres) and again.centres.dtype == model.centres.dtype
    assert torch.equal(again.by_class[1], torch.ones(2)) and again.by_class[2] == (None, "text", [True, 0.1])
    assert again.card == model.card and again.feed == model.feed
    assert Net().card != model.card


@pytest.mark.parametrize("name", ["harmonic", "fill-linear", "break-iqr", "forecast-nlinear", "change-otsu"])
def test_models_without_weights_come_back(tmp_path, name):
    model = get_model(name)
    again = eow.load(model.save(tmp_path / "m"))
    assert type(again) is type(model) and again.params == model.params


@pytest.mark.parametrize("name", ["units-clouds", "change-mci"])
def test_models_with_weights_come_back(tmp_path, name):
    model = get_model(name)
    again = eow.load(model.save(tmp_path / "m.safetensors"))
    assert same(again.module(), model.module()) and again.card == model.card


def test_results_are_the_same(tmp_path, make_cube):
    cube = make_cube(dates=8, height=6, width=6)
    model = get_model("harmonic", terms=1, trend=True)
    again = eow.load(model.save(tmp_path / "m"))
    assert eow.run(again, cube).drop_attrs().identical(eow.run(model, cube).drop_attrs())


@pytest.mark.parametrize("name", ["m", "m.safetensors"])
def test_a_wrapped_network_needs_its_architecture(tmp_path, make_cube, name):
    model = eow.wrap(nn.Conv2d(2, 2, 1), name="mine", resolution=10, window=32, **WRAP)
    model.save(tmp_path / name)
    with pytest.raises(InputError, match=r"wraps a network, whose code is not saved: give it with .*network=Conv2d"):
        eow.load(tmp_path / name)
    again = eow.load(tmp_path / name, network=nn.Conv2d(2, 2, 1))
    assert (again.name, again.feed, again.prepare) == (
        "mine",
        model.feed,
        model.prepare,
    )
    assert again.outputs(()) == model.outputs(()) and again.card == model.card and same(again.module(), model.module())
    cube = make_cube(dates=2, height=8, width=8, resolution=10.0)
    for one, two in zip(eow.run(model, cube).values(), eow.run(again, cube).values(), strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ModelError, match=r"not those of the network of 'mine': they have in another shape"):
        eow.load(tmp_path / name, network=nn.Conv2d(2, 3, 1))


def test_a_network_from_a_file_stays_in_its_file(tmp_path):
    rng = np.random.default_rng(0)
    file = tmp_path / "n.onnx"
    file.write_bytes(convolution(rng.random((2, 2, 1, 1), "float32"), np.zeros(2, "float32")))
    eow.wrap(file, **WRAP).save(tmp_path / "m")
    with pytest.raises(InputError, match=r"network=file\)"):
        eow.load(tmp_path / "m")
    assert eow.load(tmp_path / "m", network=file).prepare.mean == (300, 2500)
    file.write_bytes(convolution(rng.random((2, 2, 1, 1), "float32"), np.zeros(2, "float32")))
    with pytest.raises(ModelError, match="not the one expected"):
        eow.load(tmp_path / "m", network=file)


def test_a_network_given_to_a_class_is_given_again(tmp_path):
    small = LENetConfig(widths=(8, 8, 8, 8), width=8, heads=2)
    model = ChangeLENet(LENet(small), threshold=0.3)
    model.save(tmp_path / "m")
    with pytest.raises(ModelError, match="not those of the network of 'change-lenet'"):
        eow.load(tmp_path / "m")
    again = eow.load(tmp_path / "m", network=LENet(small))
    assert same(again.module(), model.module()) and again.params.threshold == 0.3


def test_what_is_no_data_is_refused_and_nothing_is_left(tmp_path):
    model = Net()
    model.reader = open
    with pytest.raises(
        InputError, match="has 'reader', an object of the type builtin_function_or_method, which cannot"
    ):
        model.save(tmp_path / "m")
    with pytest.raises(InputError, match="was created with '0', an object of the type object"):
        Net(object()).save(tmp_path / "m")
    model = Net()
    model.preparation = np.datetime64("2020-01-01")
    with pytest.raises(InputError, match="has 'preparation', an object of the type datetime64"):
        model.save(tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


def test_a_kind_of_output_that_is_derived_comes_back(tmp_path):
    height = Height("height", dims="tyx", above="sea")
    model = eow.wrap(nn.Conv2d(2, 1, 1), **{**WRAP, "outputs": height, "task": BIOMASS})
    again = eow.load(model.save(tmp_path / "m"), network=nn.Conv2d(2, 1, 1))
    assert again.outputs(()) == (height,) and again.task == BIOMASS


def test_only_a_saved_model_is_replaced(tmp_path):
    path = get_model("harmonic").save(tmp_path / "m")
    get_model("whittaker").save(path)
    assert eow.load(path).name == "whittaker"
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "cube.nc").write_text("x")
    with pytest.raises(InputError, match="'data' exists and is not a saved model"):
        get_model("harmonic").save(tmp_path / "data")
    for name in ("m.pt", "none/m", "none/m.safetensors"):
        with pytest.raises(InputError, match=r"must end in \.safetensors|There is no folder"):
            get_model("harmonic").save(tmp_path / name)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "m"]


def test_a_class_that_is_not_registered_is_asked_for(tmp_path):
    path = Net().save(tmp_path / "m")
    registry._registered.pop("net-for-saving")
    with pytest.raises(InputError, match=r"of the class '.*test_saving\.Net', which is not registered: run the code"):
        eow.load(path)


def test_a_changed_class_is_noticed(tmp_path, monkeypatch):
    path = Net().save(tmp_path / "m")
    monkeypatch.setattr(Net, "feed", eow.Windows(bands=("nir",)))
    with pytest.warns(UserWarning, match="'net-for-saving' declares another input than when it was saved"):
        eow.load(path)


def test_files_that_are_no_saved_model(tmp_path):
    save_file({"a": torch.ones(1)}, tmp_path / "plain.safetensors")
    with pytest.raises(ModelError, match="does not hold a saved model: model.save"):
        eow.load(tmp_path / "plain.safetensors")
    with pytest.raises(InputError, match=r"'m\.pt' is not a saved model: give a folder or a file"):
        eow.load(tmp_path / "m.pt")
    with pytest.raises(SourceError, match="could not be read"):
        eow.load(tmp_path / "none.safetensors")
    with pytest.raises(SourceError, match="could not be read"):
        eow.load(tmp_path)


def edited(tmp_path, **changes):
    path = Net().save(tmp_path / "m")
    document = json.loads((path / "model.json").read_text())
    (path / "model.json").write_text(json.dumps(document | changes))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 99}, "saved by another version"),
        ({"model": 3}, "does not hold a saved model"),
        ({"params": {"width": 99}}, "width"),
        ({"params": {"depth": 1}}, "no parameter named 'depth'"),
        ({"networks": ["other"]}, "no longer has a network 'other'"),
        ({"attributes": {"predict": 3}}, "impossible attribute 'predict'"),
        ({"attributes": {"a b": 3}}, "impossible attribute"),
        ({"attributes": {"x": {"__class__": "Popen", "fields": {}}}}, "no class of values named 'Popen'"),
        ({"attributes": {"x": {"__tensor__": "gone"}}}, "could not be recreated"),
        ({"arguments": 3}, "could not be recreated"),
    ],
)
def test_a_document_that_was_changed_is_one_sentence(tmp_path, changes, message):
    with pytest.raises((InputError, ModelError), match=message) as caught:
        eow.load(edited(tmp_path, **changes))
    assert "\n" not in str(caught.value)


def test_a_saved_model_holds_no_path_and_nothing_that_can_run(tmp_path):
    path = Net(1.5, width=2).save(tmp_path / "m")
    assert sorted(p.name for p in path.iterdir()) == ["model.json", "weights.safetensors"]
    assert (
        str(Path.home()) not in (path / "model.json").read_text()
        and str(tmp_path) not in (path / "model.json").read_text()
    )
