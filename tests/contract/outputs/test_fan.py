"""A forecast with intervals as an output of a model."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr
from support.toys import CARD

import eowidgets as eow
from eowidgets.errors import InputError, ModelError


class Ahead(eow.Model):
    """The last red value on two later dates, with an interval that grows with the lead."""

    name = "toy-ahead"
    task = eow.Task.FORECAST
    card = CARD
    feed = eow.Windows(bands=("red",))
    fan = eow.Fan("red_ahead", levels=(0.5, 0.8))

    def outputs(self, bands):
        return (self.fan,)

    def out_dates(self, dates):
        return dates[-1] + np.array([10, 20]) * np.timedelta64(1, "D")

    def predict(self, batch):
        last = batch.x[:, -1:, 0]  # b 1 h w
        lead = (batch.out_days - batch.days[-1]).float().view(1, -1, 1, 1, 1)
        width = torch.tensor([-2.0, -1, 0, 1, 2]).view(1, 1, -1, 1, 1) / 1000
        return {"red_ahead": last[:, :, None] + lead * width}


@pytest.fixture
def cube(make_cube):
    return make_cube(dates=3, height=40, width=30, clouds=0)[["red", "nir"]]


@pytest.mark.parametrize("suffix", [None, ".zarr", ".nc", ".tif"])
def test_a_fan_has_a_median_and_intervals_on_the_later_dates(cube, tmp_path, suffix):
    found = eow.run(Ahead, cube, out=tmp_path / f"ahead{suffix}" if suffix else None, window=16)
    last = cube.red.values[-1]
    names = ("red_ahead_lo80", "red_ahead_lo50", "red_ahead", "red_ahead_hi50", "red_ahead_hi80")
    for name, width in zip(names, (-2, -1, 0, 1, 2), strict=True):
        wanted = np.stack([last + width * lead / 1000 for lead in (10, 20)])
        np.testing.assert_allclose(found[name].values, wanted, atol=1e-6)
    assert [str(t)[:10] for t in found.time.values] == [str(t)[:10] for t in Ahead().out_dates(cube.time.values)]


def test_quantiles_that_decrease_are_refused(cube):
    class Wrong(Ahead):
        name = "toy-wrong-fan"

        def predict(self, batch):
            return {"red_ahead": super().predict(batch)["red_ahead"].flip(2)}

    with pytest.raises(ModelError, match="quantiles that decrease.*sort them"):
        eow.run(Wrong, cube)


@pytest.mark.parametrize("levels", [(0.8, 0.5), (0.5, 0.5), (), (0.0,), (1.0,), (1.5,)])
def test_levels_make_sense(levels):
    with pytest.raises(InputError, match="levels"):
        eow.Fan("a", levels=levels)


def test_a_fan_is_scored_by_what_came(cube):
    found = eow.run(Ahead, cube)
    came = found.red_ahead + 0.015  # within the wide interval at 20 days, outside everything at 10
    scores = Ahead.fan.score(found, came)
    assert scores["mae"] == pytest.approx(0.015, abs=1e-6)
    assert scores["coverage50"] == pytest.approx(0.5)
    assert scores["coverage80"] == pytest.approx(1.0)
    by_hand = []
    for q, w in zip(Ahead.fan.quantiles, (-2, -1, 0, 1, 2), strict=True):
        for lead in (10, 20):
            error = 0.015 - w * lead / 1000
            by_hand.append(max(q * error, (q - 1) * error))
    assert scores["pinball"] == pytest.approx(np.mean(by_hand), abs=1e-6)
    assert set(Ahead.fan.metrics) <= {*scores, "coverage"}
    with pytest.raises(InputError, match="bring the truth to the grid"):
        Ahead.fan.score(found, xr.Dataset({"red_ahead": came.isel(time=[0])}))
