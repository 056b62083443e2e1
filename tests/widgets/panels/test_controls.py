from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.parameters import VALUES, Colour, Params

from eowidgets.errors import InputError
from eowidgets.widgets.panels.controls import changed_values, controls_for
from eowidgets.widgets.panels.fields import format_value


@pytest.fixture(scope="module")
def controls():
    return controls_for(Params())


def test_nothing_is_changed_at_first(controls):
    assert changed_values(Params(), controls_for(Params())) == {}
    assert set(controls) == set(VALUES)


@settings(max_examples=25, deadline=None)
@given(values=st.fixed_dictionaries(VALUES))
def test_values_come_back_from_the_controls(controls, values):
    own = Params()
    for name, value in values.items():
        controls[name].value = value
    found = changed_values(own, controls)
    assert dataclasses.replace(own, **found) == Params(**values)
    assert all(type(found[name]) is type(values[name]) for name in found)


def test_each_kind_has_its_widget():
    kinds = {name: type(c).__name__ for name, c in controls_for(Params()).items()}
    assert kinds["share"] == "BoundedFloatText"  # by its annotation: the default is a whole number
    assert kinds["flag"] == "Checkbox"
    assert kinds["words"] == "Text"
    assert {kinds[n] for n in ("listed", "colour", "level", "mix", "pair")} == {"Dropdown"}
    assert {kinds[n] for n in ("limit", "near", "title", "literal", "mode")} == {"OptionalField"}
    assert {kinds[n] for n in ("day", "until")} == {"DatePicker"}
    assert {kinds[n] for n in ("months", "bands", "boxes", "stamp")} == {"ParsedText"}


def test_a_field_that_may_be_none_has_a_check_box():
    found = controls_for(Params(limit=None, title="x"))
    assert found["limit"].value is None
    assert found["limit"]._field.disabled
    assert "None" not in str(found["limit"]._field.value)
    found["limit"]._is_set.value = True
    assert found["limit"].value == 0.0
    found["limit"]._field.value = 2.5
    found["title"]._is_set.value = False
    assert changed_values(Params(limit=None, title="x"), found) == {"limit": 2.5, "title": None}


def test_text_that_is_not_valid_is_refused_in_one_sentence():
    found = controls_for(Params())
    for name, text, words in (
        ("months", "6, x", "The parameter 'months' is '6, x'"),
        ("months", "6, 13", "from 1 to 12"),
        ("mixed", "1", "2 values"),
        ("stamp", "soon", "a date"),
    ):
        found[name]._text.value = text
        with pytest.raises(InputError, match=words):
            changed_values(Params(), found)
        found[name].value = getattr(Params(), name)
    assert changed_values(Params(), found) == {}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("months", "5,6", (5, 6)),
        ("months", " 5 , 6 ", (5, 6)),
        ("months", "", ()),
        ("bands", "red, 1", ("red", "1")),
        ("bands", '"a, b", c', ("a, b", "c")),
        ("mixed", "2019, 3", ("2019", 3)),
        ("boxes", "(1, 2), (3, 4)", ((1, 2), (3, 4))),
        ("boxes", "((1, 2), (3, 4))", ((1, 2), (3, 4))),
        ("colours", "blue, red", (Colour.BLUE, Colour.RED)),
        ("extent", "1, 2.5", (1, 2.5)),
        ("stamp", "2019-07-06", np.datetime64("2019-07-06")),
        ("number_or_text", "3", 3),
        ("number_or_text", "3 px", "3 px"),
    ],
)
def test_what_is_typed(name, text, value):
    control = controls_for(Params())[name]
    field = control if hasattr(control, "_text") else control._field
    if field is not control:
        control._is_set.value = True
    field._text.value = text
    assert control.value == value
    assert changed_values(Params(), {name: control}) == {name: value}


def test_a_default_of_none_is_never_the_text_none():
    from eowidgets.contract.params import param

    loose = dataclasses.make_dataclass(
        "Loose", [("a", str, param(None, help="h")), ("b", float, param(None, help="h")), ("c", int | None, None)]
    )
    found = controls_for(loose())
    assert [c.value for c in found.values()] == [None, None, None]
    assert changed_values(loose(), found) == {}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((1, 2.5), "1, 2.5"),
        (("a, b", 'c"', " d", ""), '"a, b", "c""", " d", ""'),
        (((1, 2),), "((1, 2),)"),
        ((), ""),
        (None, ""),
        (Colour.RED, "red"),
    ],
)
def test_how_a_value_is_shown(value, text):
    assert format_value(value) == text
