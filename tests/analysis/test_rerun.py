"""Results of change and forecast are made again as the results of runs are."""

from __future__ import annotations

import json

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.analysis.change.detect import DEFAULTS, ChangeTask, methods
from eowidgets.analysis.forecast.alarm import alarms
from eowidgets.analysis.forecast.forecast import forecast, hindcast
from eowidgets.contract.registry import model_class
from eowidgets.engine.rerun import compare
from eowidgets.errors import InputError

PERIOD = ("2017-01-01", "2020-12-31")
BOX = {"y": slice(20, 36), "x": slice(40, 56)}


@pytest.fixture(scope="module")
def part():
    return eow.open("romania").isel(BOX)


@pytest.fixture(scope="module")
def found(part):
    return eow.change(part, "break-iqr", dates=PERIOD, consecutive=4)


def test_change_over_a_series(part, found):
    again = eow.rerun(found, part)
    assert again.identical, str(again)
    assert not again.changed


def test_change_from_a_larger_cube_and_without_one(part, found):
    assert eow.rerun(found, eow.open("romania")).identical
    assert eow.rerun(found).identical  # a sample: the provenance is enough
    with pytest.raises(InputError, match="does not cover the grid"):
        eow.rerun(found, part.isel(x=slice(1, None)))


def test_change_within_an_area_keeps_the_reference_of_the_whole_cube(part):
    left, bottom, right, top = part.odc.geobox[2:10, 3:9].extent.to_crs("EPSG:4326").boundingbox
    found = eow.change(part, "break-iqr", dates=PERIOD, area=(left, bottom, right, top))
    assert found.sizes["x"] < part.sizes["x"]
    assert eow.rerun(found, part).identical


def test_another_input_is_found_out(part, found):
    other = part.copy(deep=True)
    other["nir"] *= 0.5
    again = eow.rerun(found, other)
    assert not again.identical
    assert again.differences


def test_change_between_two_dates_and_two_rasters(part):
    one = eow.change(part, "change-otsu", dates=("2017-06-01/2017-08-31", "2019-06-01/2019-08-31"))
    assert eow.rerun(one, part).identical
    days = part.time.values
    before, after = (
        part.sel(time=(days > np.datetime64(a)) & (days < np.datetime64(b)))
        for a, b in (("2016-07-01", "2017-09-01"), ("2019-05-01", "2019-09-30"))
    )
    clear = {"after": after.eow.composite("median", "all"), "dates": None}
    two = eow.change(before.eow.composite("median", "all"), "change-otsu", **clear)
    with pytest.raises(InputError, match="give the second one"):
        eow.rerun(two, before.eow.composite("median", "all"))
    assert eow.rerun(two, before.eow.composite("median", "all"), after=clear["after"]).identical


@pytest.mark.parametrize("how", ["pixels", "point", "mean"])
def test_forecasts(part, how):
    place = {"pixels": {}, "point": {"area": (22.1515, 45.2029)}, "mean": {"mean": True}}[how]
    cube = (
        part.isel(x=slice(0, 4), y=slice(0, 4)) if how == "pixels" else eow.open("romania") if how == "point" else part
    )
    made = forecast(cube, days=60, every=30, terms=1, model="harmonic", levels=(0.8,), **place)
    again = eow.rerun(made, cube)
    assert again.identical, str(again)
    assert not again.changed
    assert list(again.dataset.data_vars) == list(made.data_vars)


def test_forecasts_of_bands_from_a_day(part):
    made = forecast(part, bands=("red", "nir"), mean=True, days=40, every=20, from_date="2019-07-06", calibrate=False)
    assert eow.rerun(made, part).identical
    assert eow.rerun(made).identical


def test_hindcasts_and_alarms(part):
    made = hindcast(part, "2019-07-06", mean=True, days=90)
    assert eow.rerun(made, part).identical
    with pytest.raises(InputError, match="'alarms' cannot be computed again by themselves"):
        eow.rerun(alarms(made), part)


def test_all_provenance_has_one_schema(part, found):
    run = json.loads(eow.run("fill-linear", part.isel(time=slice(3))).attrs["provenance"])
    change = json.loads(found.attrs["provenance"])
    ahead = json.loads(forecast(part, mean=True, days=30).attrs["provenance"])
    common = set(run) - {"engine"}
    assert common <= set(change)
    assert common <= set(ahead)
    assert set(run["input"]) <= set(ahead["input"])
    assert set(run["input"]) == set(change["whole"]["input"]) == set(ahead["whole"]["input"])
    assert [n["call"] for n in (run, change, ahead)] == ["run", "change", "forecast"]


def test_options_that_do_not_apply_and_damage_are_one_sentence(part, found):
    with pytest.raises(InputError, match="option 'window' does not apply"):
        eow.rerun(found, part, window=32)
    with pytest.raises(InputError, match="model of rerun is 'break-ccdc'"):
        eow.rerun(found, part, model="break-ccdc")
    notes = json.loads(found.attrs["provenance"])
    for name in ("arguments", "whole", "area"):
        damaged = {k: v for k, v in notes.items() if k != name}
        with pytest.raises(InputError, match="damaged"):
            eow.rerun(found.assign_attrs(provenance=json.dumps(damaged)), part)
    older = {k: v for k, v in notes.items() if k not in ("call", "arguments", "whole")}
    with pytest.raises(InputError, match="older release"):
        eow.rerun(found.assign_attrs(provenance=json.dumps(older)), part)


def test_dates_that_never_came_are_equal(found):
    assert found["date"].isnull().any()
    assert compare(found, found.copy(deep=True)) == {}
    other = found.copy(deep=True)
    other["date"] = other["date"] + np.timedelta64(2, "D")
    assert compare(found, other) == {"date": 2.0}


@pytest.mark.parametrize("method", sorted(m for m, kind in methods().items() if kind == "series"))
def test_a_usual_value_that_is_given_changes_nothing(part, method):
    usual = ChangeTask(part, method, dates=PERIOD).model.params
    for name in type(usual).__dataclass_fields__:
        if name == "history":  # the dates decide it
            continue
        given = ChangeTask(part, method, dates=PERIOD, params={name: getattr(usual, name)}).model.params
        assert given == usual, name
    assert set(DEFAULTS) <= set(methods())


def test_forecasts_by_a_network_with_its_own_seed(part):
    """Older results call ``ahead`` the horizon, ``windows`` the batch and ``training_seed`` the seed."""
    asked = {"days": 60, "every": 30, "mean": True, "seed": 5}
    model = model_class("forecast-itransformer")(step=15.0, lookback=12, ahead=4, updates=2, windows=8, training_seed=3)
    made = forecast(part, model=model, **asked)
    again = eow.rerun(made, part)
    assert again.identical and not again.changed
    notes = json.loads(made.attrs["provenance"])
    for older, name in {"horizon": "ahead", "batch": "windows", "seed": "training_seed"}.items():
        notes["parameters"][older] = notes["parameters"].pop(name)
    older = made.assign_attrs(provenance=json.dumps(notes))
    assert eow.rerun(older, part).identical
