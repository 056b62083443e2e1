"""Whatever a model raises or gives, the person gets one sentence with its name."""

from __future__ import annotations

import asyncio

import pytest
import torch
from support.toys import Identity, TwoClasses

import eowidgets as eow
from eowidgets.contract.outputs import Classes, Value
from eowidgets.errors import InputError, ModelError


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
        (lambda b: {"other": b.raw}, "declares 'same' and returned other"),
        (lambda b: {}, "declares 'same' and returned nothing"),
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


def test_an_output_without_a_tuple_is_told_by_its_kind(make_cube):
    class Comma(TwoClasses):
        def outputs(self, bands):
            return eow.Value("cover")

    with pytest.raises(ModelError, match=r"are one Value, not a tuple: return \(eow.Value\(...\),\) with a comma"):
        eow.run(Comma, make_cube())


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
            return ["same", Value("x")]

    with pytest.raises(ModelError, match="must return outputs such as"):
        eow.run(Odd, make_cube())


class NoWords(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoWords(), "NoWords$"),
        (asyncio.CancelledError(), "CancelledError$"),
        (ValueError("a\x00b"), "ValueError: a b$"),
    ],
)
def test_an_error_without_usable_words_is_named_by_its_class(make_cube, error, words):
    with pytest.raises(ModelError, match=words):
        eow.run(giving(raising(error)), make_cube())


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("name", 3),
        ("name", None),
        ("feed", ("red",)),
        ("feed", 64),
        ("card", "A card"),
        ("task", "segment"),
        ("Params", dict),
    ],
)
def test_the_attributes_of_a_model_class_are_checked(make_cube, attribute, value):
    odd = type("Odd", (Identity,), {attribute: value})
    if (attribute, value) == ("Params", dict):  # a class, but no dataclass of parameters
        with pytest.raises(ModelError, match="failed when it was created"):
            eow.run(odd, make_cube())
        return
    for call in (eow.run, eow.estimate, eow.submit):
        with pytest.raises(InputError, match=f"^{attribute} of the model class Odd is "):
            call(odd, make_cube())


def test_a_constructor_that_fails_or_is_missing_parts_is_one_sentence(make_cube):
    class Broken(Identity):
        def __init__(self, **params):
            raise ValueError("two\nlines")

    for cls in (Broken, eow.Model):
        with pytest.raises((ModelError, InputError)) as caught:
            eow.run(cls, make_cube())
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("dates", [lambda d: None, lambda d: d[0], lambda d: [d, d], lambda d: [None]])
def test_output_dates_are_an_array_of_dates(make_cube, dates):
    odd = type("Odd", (Identity,), {"out_dates": lambda self, d: dates(d)})
    with pytest.raises(ModelError, match="must return an array of dates"):
        eow.run(odd, make_cube())


@pytest.mark.parametrize("name", ["time", "x", "spatial_ref"])
def test_an_output_cannot_have_the_name_of_a_coordinate(make_cube, name):
    odd = type("Odd", (Identity,), {"outputs": lambda self, bands: (Value(name, dims="tyx"),)})
    with pytest.raises(ModelError, match=f"'{name}'"):
        eow.run(odd, make_cube())


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Value("a/b"), "without '/'"),
        (lambda: Value("a\nb"), "a name for a variable"),
        (lambda: Classes("o"), "two or more"),
        (lambda: Classes("o", classes=(eow.ClassInfo(1, "a", "#000000"),) * 2), "different values"),
        (lambda: eow.ClassInfo(255, "a", "#000000"), "from 0 to 254"),
        (lambda: eow.ClassInfo(0, "a", "red"), "#0072b2"),
    ],
)
def test_declarations_that_no_result_can_have(make, words):
    with pytest.raises(InputError, match=words):
        make()
