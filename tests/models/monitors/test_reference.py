"""Months, and what is common to the whole area."""

import json

import numpy as np
import pytest
import torch
from support.batches import batch_of

import eowidgets as eow
from eowidgets.contract.feeds import series
from eowidgets.contract.registry import get_model
from eowidgets.errors import InputError
from eowidgets.models.monitors.months import months_of
from eowidgets.models.monitors.reference import enough, find_reference


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


def area(share, years, *, seed=0, n=200, haze=True):
    """NDVI of an area of which a share loses 0.3 from the third year on: (n, t), days, which change."""
    rng = np.random.default_rng(seed)
    days = 17_000.0 + np.sort(rng.choice(6 * 365, 200, replace=False))
    wave = 0.1 * np.cos(2 * np.pi * days / 365.2425)
    v = rng.uniform(0.5, 0.8, n)[:, None] + wave + 0.03 * rng.standard_normal((n, len(days)))
    if haze:
        v -= np.where(rng.random(len(days)) < 0.2, 0.15, 0)
    changed = np.arange(n) < share * n
    since = np.clip((days - 18_100) / max(years * 365.25, 1), 0, 1)
    return v - 0.3 * changed[:, None] * since, days, changed


def found(v, days, **params):
    x = np.stack([(1 - v) / 4, (1 + v) / 4], axis=-1).transpose(1, 2, 0)
    model = get_model("break-bfast", reference="area", **params)
    return model.predict(series.flattened(batch_of(x, days, bands=("red", "nir"))))["change"][:, 1].numpy() > 0.5


@pytest.mark.parametrize("years", [0.0, 2.5])
@pytest.mark.parametrize("share", [0.05, 0.6, 0.9])
def test_what_changes_is_found_and_what_is_stable_is_not_however_much_changes(share, years):
    v, days, changed = area(share, years)
    said = found(v, days)
    assert said[changed].mean() >= 0.95
    assert said[~changed].mean() <= 0.03


def test_haze_is_taken_off_and_a_lasting_step_of_all_is_not():
    v, days, _ = area(0.0, 0.0)
    t = torch.as_tensor(v, dtype=torch.float32).unsqueeze(-1)
    usable, when = torch.ones(v.shape, dtype=torch.bool), torch.as_tensor(days)
    reference = find_reference(t, usable, when, 1)
    clean = find_reference(torch.as_tensor(area(0.0, 0.0, haze=False)[0]).unsqueeze(-1), usable, when, 1)
    assert reference.share > 0.97
    offset = reference.offsets[:, 0].numpy()
    assert (np.abs(offset) > 0.1).mean() == pytest.approx(0.2, abs=0.06)
    assert clean.offsets.abs().max() < 0.05
    step = t - 0.3 * (when >= 18_100)[None, :, None]
    assert find_reference(step, usable, when, 1).share < 0.1
    lasting = find_reference(step, usable, when, 1).offsets[when >= 18_100].mean()
    assert abs(float(lasting)) < 0.03


def test_few_stable_pixels_give_no_offset():
    v, days, _ = area(1.0, 0.0)
    reference = find_reference(
        torch.as_tensor(v).unsqueeze(-1), torch.ones(v.shape, dtype=torch.bool), torch.as_tensor(days), 1
    )
    assert not reference.enough
    assert float(reference.offsets.abs().max()) == 0
    assert enough(30, 500)
    assert not enough(29, 500)
    assert not enough(50, 5000)
    assert enough(4, 8)


def test_the_reference_does_not_depend_on_windows(forest):
    whole = eow.run("break-iqr", forest, reference="area", months="4-10")
    cut = eow.run("break-iqr", forest, reference="area", months="4-10", window=8)
    noted = [json.loads(r.attrs["provenance"])["settings"]["offsets_sha256"] for r in (whole, cut)]
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
    assert model.offsets is None
