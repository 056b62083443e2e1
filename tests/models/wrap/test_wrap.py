import hashlib
import pickle
import zipfile

import numpy as np
import pytest
import torch
import xarray as xr
from support.onnx_file import convolution
from torch import nn

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.outputs import Classes, Value
from eowidgets.contract.registry import get_model, register
from eowidgets.contract.task import Task
from eowidgets.errors import InputError, ModelError, SourceError
from eowidgets.models.wrap import wrap

CLASSES = (ClassInfo(0, "water", "#0072b2"), ClassInfo(1, "land", "#d55e00"), ClassInfo(5, "snow", "#56b4e9"))
COVER = Classes("cover", dims="tyx", classes=CLASSES, needs="same")
MEAN, STD = (300.0, 2500.0), (100.0, 800.0)
WEIGHT = np.array([[1.0, -1.0], [0.2, 0.7], [-1.0, 0.5]], "float32")
BIAS = np.array([0.1, 0.0, -0.2], "float32")
OPTIONS = {"bands": ("red", "nir"), "outputs": COVER, "scale": 10_000, "mean": MEAN, "std": STD}


class Pointwise(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(2, 3, 1)
        with torch.no_grad():
            self.layer.weight.copy_(torch.as_tensor(WEIGHT)[:, :, None, None])
            self.layer.bias.copy_(torch.as_tensor(BIAS))

    def forward(self, x):
        return self.layer(x)


def script(path):
    torch.jit.script(Pointwise()).save(str(path))


def exported(path):
    dim = torch.export.Dim
    shapes = ({0: dim("b"), 2: dim("h"), 3: dim("w")},)
    torch.export.save(torch.export.export(Pointwise(), (torch.rand(2, 2, 8, 9),), dynamic_shapes=shapes), path)


def onnx(path, batch="b"):
    path.write_bytes(convolution(WEIGHT[:, :, None, None], BIAS, batch))


MAKERS = {"net.pt": script, "net.pt2": exported, "net.onnx": onnx}


def by_hand(cube):
    """Classes and probabilities, (t, y, x)."""
    x = np.stack([(cube[b].values * 1e4 - m) / s for b, m, s in zip(("red", "nir"), MEAN, STD, strict=True)])
    logits = np.einsum("kc,ctyx->ktyx", WEIGHT, x) + BIAS[:, None, None, None]
    chance = np.exp(logits - logits.max(0))
    chance /= chance.sum(0)
    return np.array([0, 1, 5])[chance.argmax(0)], chance.max(0)


def check(model, cube):
    out = eow.run(model, cube, window=4, precision="fp32")
    classes, chance = by_hand(cube)
    np.testing.assert_allclose(out.cover_probability, chance, atol=1e-5)
    assert (out.cover.values == classes).mean() > 0.999
    return out


def test_a_plain_module(make_cube):
    # The cube's bands are in another order, and one more is there.
    model = wrap(Pointwise(), **OPTIONS)
    assert (model.name, model.task, model.feed.bands) == ("pointwise", Task.SEGMENT, ("red", "nir"))
    check(model, make_cube(bands=("nir", "blue", "red"), clouds=0.3))


@pytest.mark.parametrize("name", MAKERS)
def test_files_of_programs_give_the_same(tmp_path, make_cube, name):
    path = tmp_path / name
    MAKERS[name](path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    model = wrap(path, trust=True, sha256=digest, **OPTIONS)
    assert model.card.sha256 == digest
    assert model.card.title == name
    out = check(model, make_cube(bands=("nir", "red")))
    assert digest in out.attrs["provenance"]


@pytest.mark.parametrize("name", MAKERS)
def test_programs_travel(tmp_path, name):
    path = tmp_path / name
    MAKERS[name](path)
    program = wrap(path, trust=True, **OPTIONS).module()
    twin = pickle.loads(pickle.dumps(program))
    x = torch.rand(2, 2, 5, 6)
    torch.testing.assert_close(twin(x), program(x))
    assert not program.train().training


def test_onnx_made_for_one_window_at_a_time(tmp_path, make_cube):
    onnx(tmp_path / "one.onnx", batch=1)
    check(wrap(tmp_path / "one.onnx", **OPTIONS), make_cube(bands=("red", "nir")))


@pytest.mark.parametrize("name", ["net.pt", "net.pt2"])
def test_what_can_run_code_needs_trust_and_is_not_opened_without(tmp_path, monkeypatch, name):
    MAKERS[name](tmp_path / name)

    def opened(*_, **__):
        raise AssertionError("opened")

    monkeypatch.setattr(torch.jit, "load", opened)
    monkeypatch.setattr(torch.export, "load", opened)
    with pytest.raises(InputError, match="give trust=True if you trust its source"):
        wrap(tmp_path / name, **OPTIONS)


def test_onnx_reads_no_other_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    WEIGHT.tofile("secret.bin")
    for where in ("secret.bin", str(tmp_path / "secret.bin"), "../secret.bin"):
        (tmp_path / "net.onnx").write_bytes(convolution(WEIGHT[:, :, None, None], BIAS, external=where))
        with pytest.raises(ModelError, match="could not be opened as ONNX"):
            wrap(tmp_path / "net.onnx", **OPTIONS)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("how", ["cut", "noise", "hash", "gone", "zip"])
def test_damaged_and_wrong_files(tmp_path, name, how):
    path, sha256 = tmp_path / name, None
    if how != "gone":
        MAKERS[name](path)
        whole = path.read_bytes()
        sha256 = "0" * 64 if how == "hash" else None
        path.write_bytes({"cut": whole[: len(whole) // 2], "noise": b"\x07nothing" * 9}.get(how, whole))
    if how == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("../../slipped.txt", "x")
    with pytest.raises(SourceError if how == "gone" else ModelError) as caught:
        wrap(path, trust=True, sha256=sha256, **OPTIONS)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.parent.glob("slipped*"))


class Height(nn.Module):
    """Takes (b, t, c, h, w) at 20 m, gives a dict, at a quarter of the size."""

    def forward(self, x):
        Height.seen = tuple(x.shape)
        flat = x.mean(dim=(1, 2), keepdim=True).squeeze(1)
        return {"height": nn.functional.avg_pool2d(flat, 4), "spread": flat * 0 + 0.5}


def test_a_series_network_at_another_resolution(make_cube):
    cube = make_cube(dates=3, height=32, width=40, clouds=0.0)
    for band in ("red", "nir"):
        cube[band][:] = 0.3
    two = (Value("height", unit="m"), Value("spread"))
    model = wrap(
        Height(), bands=("red", "nir"), outputs=two, task="regress", layout="btchw", resolution=20, window=None
    )
    out = eow.run(model, cube)
    assert Height.seen[-2:] == (16, 20)
    assert out.height.dims == ("y", "x")
    np.testing.assert_allclose(out.height, 0.3, atol=1e-5)
    np.testing.assert_allclose(out.spread, 0.5, atol=1e-5)
    with pytest.raises(ModelError, match="meant for pixels of 20 m, and this cube has 100 m"):
        eow.run(model, make_cube(resolution=100.0))


def test_axes_channels_first(make_cube):
    seen = []

    class Net(nn.Module):
        def forward(self, x):
            seen.append(x.shape[1:3])
            return x.mean(dim=(1, 2))

    model = wrap(Net(), bands=("red", "nir"), outputs=Value("m"), layout="bcthw", see="clear")
    cube = make_cube(dates=5, clouds=0.5)
    out = eow.run(model, cube)
    assert set(seen) == {(2, 5)}
    expected = xr.concat([cube[b].where(~cube.clouds, 0) for b in ("red", "nir")], "c").mean(("c", "time"))
    np.testing.assert_allclose(out.m.where(out.m.notnull(), expected), expected, atol=1e-6)


def test_one_logit_is_a_probability(make_cube):
    two = (ClassInfo(0, "no", "#dddddd"), ClassInfo(1, "yes", "#0072b2"))

    class Net(nn.Module):
        def forward(self, x):
            return x[:, :1] * 8 - 2

    output = Classes("yes", dims="tyx", classes=two, needs="same")
    cube = make_cube(clouds=0.0)
    out = eow.run(wrap(Net(), bands=("red",), outputs=output), cube)
    chance = 1 / (1 + np.exp(2 - 8 * cube.red))
    np.testing.assert_array_equal(out.yes, chance > 0.5)
    np.testing.assert_allclose(out.yes_probability, np.maximum(chance, 1 - chance), atol=1e-5)


def test_a_wrapped_network_can_be_registered(monkeypatch, make_cube):
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    model = wrap(Pointwise(), name="point-wise", **OPTIONS)
    register(type(model))
    assert get_model("point-wise").module() is model.module()
    assert "point-wise" in repr(eow.list_models())
    check("point-wise", make_cube())


def test_hostile_names_stay_text(tmp_path):
    path = tmp_path / "<img src=x onerror=alert(1)>.onnx"
    onnx(path)
    model = wrap(path, **OPTIONS)
    assert model.name == "img-src-x-onerror-alert-1"
    model = wrap(Pointwise(), name="../../etc/passwd", **OPTIONS)
    assert model.name == "../../etc/passwd"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"outputs": ()}, "must be one output"),
        ({"outputs": Value("height")}, "declare it with dims='tyx', or choose layout='btchw'"),
        ({"layout": "hwc"}, "give 'bchw', 'btchw' or 'bcthw'"),
        ({"task": "fly"}, "no task named 'fly'"),
        ({"mean": (1.0,)}, "mean has 1 numbers for 2 bands"),
        ({"std": (1.0, 0.0)}, "each of it a number above 0"),
        ({"scale": 0}, "scale of wrap is 0: give a number above 0"),
        ({"trust": "no"}, "trust of wrap is 'no': give True or False"),
    ],
)
def test_what_cannot_be(change, words):
    with pytest.raises(InputError, match=words):
        wrap(Pointwise(), **{**OPTIONS, **change})


def test_neither_module_nor_known_file(tmp_path):
    with pytest.raises(InputError, match="give a torch.nn.Module or the path of a file"):
        wrap(3, **OPTIONS)
    with pytest.raises(InputError, match="has an unknown ending"):
        wrap(tmp_path / "net.h5", **OPTIONS)


def test_answers_that_do_not_fit_are_said(make_cube):
    class Odd(nn.Module):
        def forward(self, x):
            return {"other": x}

    with pytest.raises(ModelError, match=r"returns \['other'\], but not 'cover'"):
        eow.run(wrap(Odd(), **OPTIONS), make_cube())

    class Few(nn.Module):
        def forward(self, x):
            return (x[:, :1],)

    two = (Value("a", dims="tyx"), Value("b", dims="tyx"))
    with pytest.raises(ModelError, match="returns 1 tensors, but 2 outputs were declared"):
        eow.run(wrap(Few(), bands=("red",), outputs=two), make_cube())
