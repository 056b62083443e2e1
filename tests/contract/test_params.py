from __future__ import annotations

import ast
import dataclasses
import inspect
import json
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.parameters import VALUES, Colour, Level, Mix, Mode, Params

import eowidgets as eow
from eowidgets.contract.params import make_params
from eowidgets.contract.plain import plain
from eowidgets.contract.registry import RESERVED, check_declared, get_model
from eowidgets.errors import InputError


def test_every_field_has_values():
    assert set(VALUES) == {f.name for f in dataclasses.fields(Params)}


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries(VALUES))
def test_values_come_back_from_json_and_from_code_as_they_were(values):
    params = make_params(Params, values)
    assert params == Params(**values)
    stored = {f.name: plain(getattr(params, f.name)) for f in dataclasses.fields(params)}
    for back in (json.loads(json.dumps(stored)), ast.literal_eval(repr(stored))):
        again = make_params(Params, back)
        assert again == params
        for name in values:
            assert type(getattr(again, name)) is type(getattr(params, name)), name


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("colour", "blue", Colour.BLUE),
        ("colour", "BLUE", Colour.BLUE),
        ("level", 2, Level.HIGH),
        ("mode", "slow", Mode.SLOW),
        ("mix", "FALSE", Mix.FALSE),
        ("mix", ["nir", "red", "green"], None),
        ("pair", [3, 4], (3, 4)),
        ("months", [np.int64(5)], (5,)),
        ("extent", [1, 2.5], (1, 2.5)),
        ("day", datetime(2019, 7, 6, 12), date(2019, 7, 6)),
        ("day", np.datetime64("2019-07-06T12:00"), date(2019, 7, 6)),
        ("moment", "2019-07-06T12:30:00", datetime(2019, 7, 6, 12, 30)),
        ("stamp", date(2019, 7, 6), np.datetime64("2019-07-06")),
        ("weights", "a.pt", Path("a.pt")),
    ],
)
def test_other_forms_of_a_value(name, given, expected):
    if expected is None:
        with pytest.raises(InputError, match=f"parameter '{name}'"):
            make_params(Params, {name: given})
    else:
        assert getattr(make_params(Params, {name: given}), name) == expected


@pytest.mark.parametrize(
    ("name", "bad", "words"),
    [
        ("colour", "green", "give 'red' or 'blue'"),
        ("level", True, "give 1 or 2"),
        ("mode", 3, "'fast' or 'slow' or None"),
        ("literal", 3, "'a', 2 or None"),
        ("pair", [1, 3], "(1, 2) or (3, 4)"),
        ("limit", 101, "a number from 0 to 100 or None"),
        ("limit", "None", "a number from 0 to 100 or None"),
        ("near", 6, "from 2 to 5"),
        ("count", 10, "a whole number from 1 to 9 px"),
        ("months", [13], "each of it a whole number from 1 to 12"),
        ("months", "6", "a sequence"),
        ("extent", [1.0], "2 values"),
        ("boxes", [[1, 2, 3]], "2 values"),
        ("day", "July", "a date"),
        ("day", None, "a date"),
        ("day", np.datetime64("NaT"), "a date"),
        ("stamp", np.datetime64("NaT"), "a date"),
        ("stamp", 3, "a date"),
        ("weights", 3, "a path"),
        ("title", 3, "a text or None"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(name, bad, words):
    with pytest.raises(InputError) as caught:
        make_params(Params, {name: bad})
    message = str(caught.value)
    assert message.startswith(f"The parameter {name!r} is ")
    assert words in message
    assert "\n" not in message


def test_a_long_enum_is_not_listed_whole():
    from enum import Enum

    many = Enum("many", {f"name_{i}": i for i in range(100)})
    cls = dataclasses.make_dataclass("Many", [("one", many, many.name_0)])
    with pytest.raises(InputError, match=r"one of 0, 1, .* 11, \.\.\.") as caught:
        make_params(cls, {"one": -1})
    assert len(str(caught.value)) < 200


def test_no_parameter_is_named_like_an_argument_of_a_run():
    """Those names are refused, and the list of them is that of the functions."""
    arguments = {*inspect.signature(eow.run).parameters, *inspect.signature(eow.submit).parameters}
    assert arguments - {"params"} == RESERVED

    @dataclasses.dataclass(frozen=True, slots=True)
    class Params:
        seed: int = eow.param(0, help="Of what?")

    known = type(get_model("fill-linear"))
    with pytest.raises(InputError, match="parameter 'seed', which is an argument of eow.run: rename it"):
        check_declared(type("Own", (known,), {"Params": Params}))
