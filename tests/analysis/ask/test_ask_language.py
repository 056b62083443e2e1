import pytest

from eowidgets.analysis.ask.language import KINDS, AreaOf, Compare, Scope, from_json, to_json
from eowidgets.errors import InputError


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_goes_to_json_and_back(kind):
    program = KINDS[kind](Scope(start="2019-01-01", months=(6, 7), place="north", area="drawn", layer="fields"))
    assert from_json(to_json(program)) == program


def test_a_comparison_keeps_its_other_scope():
    program = Compare(Scope(place="north"), "NDVI", other=Scope(place="south", end="2018-12-31"))
    assert from_json(to_json(program)) == program


def test_defaults_are_left_out():
    assert to_json(AreaOf(of="water")) == {"kind": "area", "of": "water"}


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "shell"},
        {"kind": "__class__"},
        {"of": "forest"},
        [],
        None,
        {"kind": "area", "scope": {}},
        {"kind": "area", "of": ["forest"]},
        {"kind": "area", "unit": "acres"},
        {"kind": "area", "place": "up"},
        {"kind": "area", "start": 2019},
        {"kind": "area", "months": [13]},
        {"kind": "count", "min_hectares": "1"},
        {"kind": "count", "min_hectares": float("inf")},
        {"kind": "compare", "of": "forest", "other": {"place": "north", "open": "/etc/passwd"}},
        {"kind": "compare", "of": "forest", "other": "north"},
    ],
)
def test_what_is_not_in_the_language_is_refused(values):
    with pytest.raises(InputError):
        from_json(values)
