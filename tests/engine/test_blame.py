"""Whatever a model raises or gives, the person gets one sentence with its name."""

from __future__ import annotations

import pytest
import torch
from support.toys import Identity, TwoClasses

import eowidgets as eow
from eowidgets.errors import ModelError
from eowidgets.tasks import Output


def giving(value):
    class Odd(Identity):
        name = "toy-odd"

        def predict(self, batch):
            found = value(batch)
            return {"same": found} if isinstance(found, torch.Tensor) else found

    return Odd


def raising(error):
    def value(_):
        raise error

    return value


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("bad"), "ValueError: bad"),
        (KeyError("z"), "KeyError: 'z'"),
        (IndexError(), "IndexError"),
        (AssertionError("shape\nand more"), "AssertionError: shape"),
        (StopIteration(), "StopIteration"),
        (SystemExit(3), "SystemExit: 3"),
        (FileNotFoundError(2, "No such file", "w.pt"), "FileNotFoundError"),
        (RuntimeError("x" * 500), "x" * 77 + r"\.\.\."),
    ],
)
def test_what_it_raises_names_model_and_rows(make_cube, error, words):
    with pytest.raises(
        ModelError, match=rf"^The model 'toy-odd' failed on rows 0 to 7, columns 0 to 8: {words}"
    ) as caught:
        eow.run(giving(raising(error)), make_cube())
    assert len(str(caught.value)) < 180
    assert "\n" not in str(caught.value)


def test_an_interrupt_passes(make_cube):
    with pytest.raises(KeyboardInterrupt):
        eow.run(giving(raising(KeyboardInterrupt())), make_cube())


def test_a_file_that_a_model_misses_is_no_matter_of_the_disk(make_cube, tmp_path):
    with pytest.raises(ModelError, match="FileNotFoundError"):
        eow.run(giving(raising(FileNotFoundError(2, "gone"))), make_cube(), out=tmp_path / "r.zarr")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (lambda b: None, "gave a NoneType: predict must return a dict"),
        (lambda b: [b.raw], "gave a list"),
        (lambda b: {"other": b.raw}, "promised 'same' and gave other"),
        (lambda b: {}, "promised 'same' and gave nothing"),
        (lambda b: {"same": b.raw.numpy()}, "as ndarray: give a torch.Tensor"),
        (lambda b: {"same": 1.0}, "as float"),
        (lambda b: b.raw[:, 0], r"must be \(1, 4, 2, 8, 9\)"),
        (lambda b: b.raw + 1j, "complex numbers"),
        (lambda b: b.raw.to("meta"), "without plain values"),
        (lambda b: b.raw.to_sparse(), "without plain values"),
        (lambda b: b.raw / 0, "infinite values"),
        (lambda b: -b.raw / 0, "infinite values"),
    ],
)
def test_what_it_gives_is_checked(make_cube, value, words):
    with pytest.raises(ModelError, match=words):
        eow.run(giving(value), make_cube(clouds=0))


@pytest.mark.parametrize("value", [-0.5, 1.5, float("inf"), 30.0])
def test_probabilities_lie_between_0_and_1(make_cube, value):
    class Unsure(TwoClasses):
        def predict(self, batch):
            found = super().predict(batch)
            found["cover"][:, 0, 2, 3] = value
            return found

    with pytest.raises(ModelError, match="give probabilities from 0 to 1"):
        eow.run(Unsure, make_cube())


def test_what_was_not_seen_may_be_anything(make_cube):
    cube = make_cube(dates=1, clouds=0)
    cube["red"].values[0, 2, 3] = float("nan")

    class Ratio(Identity):
        def predict(self, batch):
            return {"same": batch.raw / batch.measured[:, :, None]}  # 0 / 0

    class Infinite(Identity):
        def predict(self, batch):
            return {"same": (1 + batch.raw) / batch.measured[:, :, None]}  # 1 / 0

    for model in (Ratio, Infinite):
        assert int(eow.run(model, cube)["red"].isnull().sum()) == 1


@pytest.mark.parametrize("method", ["outputs", "out_dates", "survey", "module", "to"])
def test_its_other_methods_are_wrapped_as_well(make_cube, method):
    class Odd(Identity):
        name = "toy-odd"

    def broken(*_):
        raise TypeError("of no use")

    setattr(Odd, method, broken)
    with pytest.raises(ModelError, match="^The model 'toy-odd' failed .*TypeError: of no use"):
        eow.run(Odd, make_cube())


def test_outputs_that_are_none(make_cube):
    class Odd(Identity):
        name = "toy-odd"

        def outputs(self, bands):
            return ["same", Output("x")]

    with pytest.raises(ModelError, match="must give eow.Output objects"):
        eow.run(Odd, make_cube())
