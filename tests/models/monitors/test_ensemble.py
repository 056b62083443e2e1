"""Two monitors asked together."""

import geopandas
import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.analysis.change.detect import change, methods
from eowidgets.contract.registry import get_model
from eowidgets.models.monitors.ensemble import joined

NAN = float("nan")


@pytest.fixture
def forest(romania):
    return romania.isel(y=slice(60, 90), x=slice(0, 30))


def said(probability, first, confirmed, magnitude):
    """An answer for a row of pixels."""
    p = torch.tensor([[probability]])
    layers = {"break_date": first, "confirmed_date": confirmed, "magnitude": magnitude}
    return {"change": torch.stack([1 - p, p], dim=1)} | {k: torch.tensor([[v]]) for k, v in layers.items()}


def test_the_surer_one_decides_and_an_unknown_one_is_silent():
    one = said([0.9, 0.6, 0.2, 0.8, NAN], [10.0, 20, NAN, 40, NAN], [12.0, 22, NAN, 42, NAN], [0.3, 0.2, NAN, 0.5, NAN])
    two = said(
        [0.7, 0.1, 0.9, NAN, NAN], [8.0, NAN, 30, NAN, NAN], [9.0, NAN, 33, NAN, NAN], [-0.1, NAN, -0.4, NAN, NAN]
    )
    out = {k: v[0, ..., 0, :].numpy() for k, v in joined([one, two]).items()}
    np.testing.assert_allclose(out["change"][1], [0.8, 0.35, 0.55, 0.8, np.nan], atol=1e-6)
    np.testing.assert_allclose(out["break_date"], [8, np.nan, 30, 40, np.nan])
    np.testing.assert_allclose(out["confirmed_date"], [12, np.nan, 33, 42, np.nan])
    np.testing.assert_allclose(out["magnitude"], [0.3, np.nan, 0.4, 0.5, np.nan])


def test_it_is_the_mean_of_its_members(forest):
    """Each member gets its own parameters, by hand here."""
    cut = {"history": 2.0, "reference": "area"}
    both = eow.run("break-ensemble", forest, **cut, consecutive=4, fence_sensitivity=3.0, fence_months="5-9")
    ccdc = eow.run("break-ccdc", forest, **cut, watch="NDVI", consecutive=4)
    iqr = eow.run(
        "break-iqr", forest, **cut, months="5-9", terms=0, consecutive=5, sensitivity=3.0, smallest=0.02
    )  # fmt: skip

    def share(out):
        return np.where(out.change == 1, out.change_probability, 1 - out.change_probability)

    expected = (share(ccdc) + share(iqr)) / 2
    known = (ccdc.change != 255).values & (iqr.change != 255).values
    assert known.mean() > 0.9
    np.testing.assert_allclose(share(both)[known], expected[known], atol=2e-3)
    clear = known & (np.abs(expected - 0.5) > 0.01)
    np.testing.assert_array_equal(both.change.values[clear] == 1, expected[clear] > 0.5)
    first = np.fmin(ccdc.break_date, iqr.break_date).values
    broken = clear & (both.change == 1).values
    assert broken.any()
    np.testing.assert_allclose(both.break_date.values[broken], first[broken])


def test_it_finds_the_logging_that_people_saw():
    """On all points; tuned on one half of the area and scored on the other: benchmarks/change_apart.py."""
    table = geopandas.read_file("benchmarks/labels/romania.gpkg")
    found = change(eow.open("romania", clouds="robust"), "break-ensemble", dates=("2017-01-01", "2020-12-31"))
    truth = table["changed"].to_numpy() == 1
    at = found.isel(y=("p", table["row"].to_numpy()), x=("p", table["column"].to_numpy()))
    made = at.change.values == 1
    assert 2 * (made & truth).sum() / (made.sum() + truth.sum()) > 0.88
    hit = made & truth
    late = at.date.values[hit] - np.array(table["first_seen"][hit], dtype="datetime64[ns]")
    assert np.median(np.abs(late)) <= np.timedelta64(60, "D")


def test_it_reads_the_bands_that_its_members_read():
    assert methods()["break-ensemble"] == "series"
    assert get_model("break-ensemble").feed.bands == ("nir", "red")
    assert get_model("break-ensemble", fence_index="NBR").feed.bands == ("nir", "red", "swir22")
    assert get_model("break-ensemble", watch="all bands").feed.bands is None


def test_the_reference_is_the_whole_cube_for_both_members(forest):
    whole = eow.run("break-ensemble", forest, reference="area")
    cut = eow.run("break-ensemble", forest, reference="area", window=8)
    np.testing.assert_array_equal(whole.change, cut.change)
