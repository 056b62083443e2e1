"""The shipped models through the engine: what a person gets from ``eow.run``."""

from __future__ import annotations

import numpy as np

import eowidgets as eow
from eowidgets.engine.windows import Axis
from eowidgets.models.units import UniTSClouds, UniTSForecast, UniTSReconstruct


def small(cube, dates=8, side=40):
    return cube.isel(time=slice(20, 20 + dates), y=slice(0, side), x=slice(0, side))


def test_gaps_are_filled_and_measurements_kept(romania):
    cube = small(romania)
    clear = eow.run(UniTSReconstruct, cube, precision="fp32")
    seen = (cube["valid"] & ~cube["clouds"]).to_numpy()
    for band in ("blue", "nir"):
        made = clear[band].to_numpy()
        assert np.isfinite(made).all()
        np.testing.assert_allclose(made[seen], cube[band].to_numpy()[seen], atol=1e-5)
    assert "provenance" in clear.attrs


def test_doubt_is_given_and_repeats_with_the_seed(romania):
    cube = small(romania, dates=6, side=32)
    one, again, other = (eow.run(UniTSReconstruct, cube, samples=3, steps=2, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one["spread"], again["spread"])
    assert not np.array_equal(one["spread"], other["spread"])


def test_clouds_go_without_a_mask(romania):
    cube = small(romania)
    clear = eow.run(UniTSClouds, cube)
    covered = cube["clouds"].to_numpy()
    assert clear["blue"].to_numpy()[covered].mean() < 0.5 * cube["blue"].to_numpy()[covered].mean()


def test_forecast_has_the_dates_asked_for(romania):
    cube = small(romania, dates=60, side=32)
    future = eow.run(UniTSForecast, cube, dates="2019-07-01, 2020-01-15")
    assert [str(t)[:10] for t in future["time"].to_numpy()] == ["2019-07-01", "2020-01-15"]
    summer, winter = (future["nir"].isel(time=i).mean() for i in (0, 1))
    assert float(summer) > float(winter)


def test_samples_do_not_depend_on_how_windows_form_batches(romania):
    cube = small(romania, dates=3, side=48)
    one, four = (eow.run(UniTSReconstruct, cube, samples=2, steps=2, batch=b, precision="fp32") for b in (1, 4))
    for name in ("blue", "spread"):
        np.testing.assert_allclose(one[name], four[name], atol=1e-5)


def test_no_seam_is_seen(romania):
    """Steps at the borders of windows against those elsewhere, beside the same of the measurements."""
    cube = romania.isel(time=slice(60, 66))
    made = eow.run(UniTSReconstruct, cube, precision="fp32")
    spec = UniTSReconstruct.feed
    at = [s - 1 + k for s in Axis(100, spec.size, spec.halo, spec.blend).seams[1:] for k in (-1, 0, 1)]

    def steps(values):
        lines = np.nanmean(np.abs(np.diff(values, axis=-1)).reshape(-1, values.shape[-1] - 1), axis=0)
        return lines[at].mean() / np.delete(lines, at).mean()

    for band in ("blue", "green", "red"):
        measured = cube[band].where(cube.valid & ~cube.clouds)
        for across in (("time", "y", "x"), ("time", "x", "y")):
            found, usual = (steps(v.transpose(*across).values) for v in (made[band], measured))
            assert found < 1.1 * usual, (band, across)
