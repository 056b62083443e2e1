"""Months, and what is common to the whole area."""

import json

import numpy as np
import pytest
from support.batches import batch_of

import eowidgets as eow
from eowidgets.contract.feeds import series
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError
from eowidgets.models.monitors.months import months_of


@pytest.fixture
def forest(romania):
    return romania.isel(y=slice(60, 100), x=slice(0, 30))[["red", "nir", "valid", "clouds"]]


@pytest.mark.parametrize(
    ("text", "months"), [("5-9", (5, 6, 7, 8, 9)), ("11-2", (11, 12, 1, 2)), ("7", (7,)), ("1-12", tuple(range(1, 13)))]
)
def test_months(text, months):
    assert months_of(text) == months


@pytest.mark.parametrize("text", ["", "summer", "0-5", "5-13", "5-9-11"])
def test_months_that_cannot_be(text):
    with pytest.raises(InputError, match="for example 5-9"):
        get_model("break-iqr", months=text)


def test_other_months_have_no_say(forest):
    summer = eow.run("break-iqr", forest, months="5-9", terms=0)
    other = forest.copy(deep=True)
    winter = ~forest.time.dt.month.isin(range(5, 10)).values
    other["red"][winter] = 0.5
    np.testing.assert_array_equal(summer.change, eow.run("break-iqr", other, months="5-9", terms=0).change)
    assert (summer.change == 1).any()
    months = summer.break_date.values[np.isfinite(summer.break_date.values)].astype("datetime64[D]")
    assert set(months.astype("datetime64[M]").astype(int) % 12 + 1) <= set(range(5, 10))


def test_what_happens_to_the_whole_area_is_no_change(forest):
    """From 2019 on the red band of every pixel is read wrongly: relative to the area nothing has happened."""
    plain = eow.run("break-ccdc", forest, reference="area")
    biased = forest.copy(deep=True)
    biased["red"][forest.time.dt.year.values >= 2019] += 0.08
    np.testing.assert_array_equal(plain.change, eow.run("break-ccdc", biased, reference="area").change)
    alone = eow.run("break-ccdc", biased)
    assert (alone.change == 1).mean() > (plain.change == 1).mean() + 0.2


def test_the_reference_does_not_depend_on_windows(forest):
    whole = eow.run("break-iqr", forest, reference="area", months="4-10")
    cut = eow.run("break-iqr", forest, reference="area", months="4-10", window=8)
    noted = [json.loads(r.attrs["provenance"])["settings"]["medians_sha256"] for r in (whole, cut)]
    assert noted[0] == noted[1]
    assert not json.loads(eow.run("break-iqr", forest, months="4-10").attrs["provenance"])["settings"]
    np.testing.assert_array_equal(whole.change, cut.change)
    np.testing.assert_allclose(whole.magnitude, cut.magnitude, atol=1e-5)


def test_months_and_history_that_leave_nothing(forest):
    with pytest.raises(InputError, match="choose another length of the history, other months"):
        eow.run("break-iqr", forest, months="1-1")


def test_strips_change_nothing(forest, monkeypatch):
    whole = eow.run("break-iqr", forest, reference="area")
    monkeypatch.setattr(series, "STRIP", 100)
    cut = eow.run("break-iqr", forest, reference="area")
    np.testing.assert_array_equal(whole.change, cut.change)
    np.testing.assert_allclose(whole.magnitude, cut.magnitude, atol=1e-6)


def test_a_monitor_that_surveyed_no_cube_takes_its_series_for_the_area(forest):
    x = np.stack([forest.red.values, forest.nir.values], axis=1).reshape(len(forest.time), 2, -1)
    days = forest.time.values.astype("datetime64[D]").astype(float)
    usable = (forest.valid & ~forest.clouds).values.reshape(len(days), -1)
    model = get_model("break-iqr", reference="area")
    found = model.predict(series.flattened(batch_of(x, days, usable, ("red", "nir"))))
    np.testing.assert_array_equal(
        eow.run("break-iqr", forest, reference="area").change.values.ravel() == 1, found["change"][:, 1] > 0.5
    )
    assert model.medians is None
