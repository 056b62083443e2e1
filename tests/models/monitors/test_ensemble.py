"""Several monitors and the mean of their probabilities."""

import numpy as np
import pytest
import torch

import eowidgets as eow
from eowidgets.analysis.change.detect import methods
from eowidgets.contract.registry import get_model
from eowidgets.models.monitors.breaks import Breaks
from eowidgets.models.monitors.ensemble import CALIBRATED, calibrated

NAN = float("nan")


@pytest.fixture
def forest(romania):
    return romania.isel(y=slice(60, 90), x=slice(0, 30))


def said(score, first, magnitude):
    score, first = torch.tensor(score), torch.tensor(first, dtype=torch.float64)
    return Breaks(score, first, first + 5, torch.tensor(magnitude).unsqueeze(1))


def test_the_most_probable_member_dates_and_an_unknown_one_is_left_out():
    """Pixels: all sure; one sure and three far from it; nothing crossed; one knows; none knows."""
    members = [
        said([9.0, 9.0, 0.9, 4.0, NAN], [10.0, 20, NAN, 40, NAN], [0.3, 0.2, NAN, 0.5, NAN]),
        *(said([3.0, 0.2, 0.9, NAN, NAN], [8.0, NAN, NAN, NAN, NAN], [-0.1, NAN, NAN, NAN, NAN]) for _ in range(3)),
    ]
    found, chance = get_model("break-ensemble").joined(members)
    expected = torch.stack([calibrated(m.score, *ab) for m, ab in zip(members, CALIBRATED.values(), strict=True)])
    torch.testing.assert_close(chance[:2], expected.nanmean(dim=0)[:2])
    assert chance[0] > 0.9
    assert chance[1] < 0.5
    assert chance[2] <= 0.5
    assert chance[3] > 0.9
    assert chance[4].isnan()
    best = int(expected[:, 0].argmax())
    assert found.first[0] == members[best].first[0]
    assert found.first[3] == 40
    assert found.magnitude[3, 0] == 0.5
    assert found.first[[1, 2, 4]].isnan().all()


def test_it_is_the_mean_of_its_members(forest):
    def share(out):
        return np.where(out.change == 1, out.change_probability, 1 - out.change_probability)

    both = eow.run("break-ensemble", forest, reference="area")
    rows = []
    for cls, ab in CALIBRATED.items():
        params = {"watch": "NDVI"} if cls.name == "break-ccdc" else {}
        out = eow.run(cls.name, forest, reference="area", **params)
        p = share(out)
        score = torch.as_tensor(np.where(out.change == 255, np.nan, p / np.maximum(1 - p, 1e-9)))
        rows.append(calibrated(score, *ab).numpy())
    mean = np.nanmean(rows, axis=0)
    clear = (both.change != 255).values & (np.abs(mean - 0.5) > 0.02)
    assert clear.mean() > 0.8
    np.testing.assert_array_equal(both.change.values[clear] == 1, mean[clear] > 0.5)


def test_it_reads_the_bands_of_its_index():
    assert methods()["break-ensemble"] == "series"
    assert get_model("break-ensemble").feed.bands == ("nir", "red")
    assert get_model("break-ensemble", index="NBR").feed.bands == ("nir", "swir22")


def test_the_reference_is_the_whole_cube(forest):
    whole = eow.run("break-ensemble", forest, reference="area")
    cut = eow.run("break-ensemble", forest, reference="area", window=8)
    np.testing.assert_array_equal(whole.change, cut.change)
