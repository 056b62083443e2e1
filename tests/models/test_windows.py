"""Every registered model gives one result, however the cube is cut, or refuses another window."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.contract.registry import get_model, model_class, model_classes
from eowidgets.engine.run import make_job
from eowidgets.errors import InputError
from eowidgets.models.cluster.confident import training

BANDS = ("blue", "green", "red", "nir")
#: Differences that are allowed, as a share of the range of a variable's values.
TOLERANCE = 2e-5
#: Encoders take weights that do not come with the package; tests/models/encode runs them with others.
#: Fracast takes a tenth of a second for each series, and Chronos fetches its weights. The last three take chips, pixels of half
#: a metre, and vegetation indices: `check_model` runs them on cubes that suit (tests/testing/test_check.py).
LEFT_OUT = {"forecast-fracast", "forecast-chronos", "eurosat", "flightscope", "tempcnn"}
#: It takes pixels of 2 m: tests/models/fields.
LEFT_OUT |= {"fields"}
#: They need more years: tests/models/monitors/landtrendr, tests/analysis/measure.
LEFT_OUT |= {"break-landtrendr", "trend-theil-sen", "trend-step-or-line", "trend-recovery"}
HERE = [m for m in model_classes() if m.task is not eow.Task.EMBED and m.name not in LEFT_OUT]
FREE = sorted(m.name for m in HERE if m.feed.size is None)
FIXED = sorted(m.name for m in HERE if m.feed.size is not None)
#: Forecasters that learn from the cube that they are run on, and how they learn quickly.
TRAINED = {m.name for m in HERE if getattr(m, "trained", False)}
QUICK = {"step": 40.0, "lookback": 9, "updates": 3, "windows": 16}
#: Models that take a threshold, or what they learn, from the area that they are run on.
FROM_THE_AREA = {"change-otsu", "change-irmad", "change-logratio", "cluster-kmeans", "cluster-confident", *TRAINED}


def season_cube(dates: int = 36, height: int = 37, width: int = 61, seed: int = 3) -> xr.Dataset:
    """Four years of vegetation with noise, clouds, gaps, clearings and one pixel that was never seen."""
    rng = np.random.default_rng(seed)
    time = pd.date_range("2017-01-05", periods=dates, freq=f"{1440 // dates}D").astype("datetime64[ns]")
    year = np.asarray((time.day_of_year - 105) / 365.25 * 2 * np.pi)[:, None, None]
    shape = (dates, height, width)
    green = 0.5 + 0.4 * np.sin(year) * rng.uniform(0.3, 1, shape[1:])
    cleared = np.zeros(shape, bool)
    cleared[dates * 2 // 3 :, 10:30, 20:50] = True
    green = np.where(cleared, 0.1, green)
    values = {"blue": 0.06 - 0.02 * green, "green": 0.08, "red": 0.12 - 0.08 * green, "nir": 0.15 + 0.3 * green}
    noise = {b: rng.normal(0, 0.01, shape) for b in BANDS}
    cube = xr.Dataset(
        {b: (("time", "y", "x"), (v + noise[b]).clip(0.001).astype("float32")) for b, v in values.items()},
        coords={
            "time": time,
            "y": 5_000_000 - 10.0 * (np.arange(height) + 0.5),
            "x": 500_000 + 10.0 * (np.arange(width) + 0.5),
        },
    )
    clouds = rng.random(shape) < 0.25
    clouds[:, 5, 7] = True
    clouds[5] = True
    cube["clouds"] = (("time", "y", "x"), clouds)
    cube["valid"] = (("time", "y", "x"), rng.random(shape) > 0.05)
    return cube.rio.write_crs("EPSG:32635").rio.write_transform()


@pytest.fixture(scope="module", autouse=True)
def _few_steps():
    """Shorten the training of cluster-confident: how windows join does not depend on it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "STEPS", 4)
        yield


@pytest.fixture(scope="module")
def season() -> xr.Dataset:
    return season_cube()


@functools.cache
def whole_run(name: str) -> xr.Dataset:
    """Return the run on all of the cube, which several tests compare with."""
    return run(name, season_cube())


def suited(cube: xr.Dataset, name: str) -> xr.Dataset:
    """Cut a cube to what shows the behaviour of one model: trained forecasters and networks are slow."""
    if name in TRAINED:
        return cube[["nir", "clouds", "valid"]].isel(y=slice(0, 16), x=slice(0, 28))
    if name == "change-logratio":
        return cube[["red", "nir", "clouds", "valid"]].rename(red="vv", nir="vh")
    if name.startswith("change-") and name in FIXED:
        return cube.isel(time=[2, 3, 30, 31])
    return cube.isel(time=slice(0, 5)) if name in FIXED else cube


def run(name: str, cube: xr.Dataset, **options: object) -> xr.Dataset:
    ahead = {"horizon": 60, "every": 60} if name.startswith("forecast") else {}
    model = get_model(name, **ahead, **(QUICK if name in TRAINED else {}))
    return eow.run(model, suited(cube, name), precision="fp32", **options)


def same(a: xr.Dataset, b: xr.Dataset) -> None:
    """Compare all variables: NaN at the same pixels, and values within the tolerance."""
    for name in a.data_vars:
        x, y = a[name].values, b[name].values
        if x.dtype.kind != "f":
            np.testing.assert_array_equal(x, y, err_msg=str(name))
            continue
        known = np.isfinite(x)
        span = np.ptp(x[known]) if known.any() else 0.0
        np.testing.assert_allclose(x, y, rtol=0, atol=TOLERANCE * span, err_msg=str(name))


@pytest.mark.parametrize("name", FREE)
def test_any_window_gives_the_same(season, name):
    whole = whole_run(name)
    assert np.isfinite(next(v for v in whole.data_vars.values() if v.dtype.kind == "f")).any()
    least = 2 * model_class(name).feed.halo + 1
    for window, batch, memory in ((max(13, least), 3, "2GB"), (max(32, least), 1, "500kB"), (500, None, "2GB")):
        same(whole, run(name, season, window=window, batch=batch, memory=memory))


@pytest.mark.parametrize("name", FIXED)
def test_a_model_of_one_window_refuses_another_and_does_not_depend_on_batches(season, name):
    size = model_class(name).feed.size
    for start in (eow.run, eow.submit):
        with pytest.raises(InputError, match=f"{name}.* windows of {size} pixels") as refused:
            start(name, suited(season, name), window=2 * size)
        assert "\n" not in str(refused.value)
    same(run(name, season, window=size, batch=4), run(name, season, batch=1, memory="500kB"))


@pytest.mark.parametrize("name", sorted(set(FREE + FIXED) - TRAINED))
def test_a_lazy_cube_gives_the_same_as_a_loaded_one(season, name):
    part = season.isel(y=slice(0, 21), x=slice(0, 34))
    same(run(name, part), run(name, part.chunk({"time": 7, "y": 13, "x": 20})))


@pytest.mark.parametrize("name", sorted(set(FREE) - FROM_THE_AREA))
def test_an_area_gives_what_the_whole_cube_has_there(season, name):
    rows, columns = slice(12, 31), slice(9, 26)
    x, y = season.x.values[columns], season.y.values[rows]
    area = eow.Area.of((x[0] - 4, y[-1] - 4, x[-1] + 4, y[0] + 4), crs="EPSG:32635")
    inside = run(name, season, area=area).sel(x=x, y=y)
    same(whole_run(name).isel(y=rows, x=columns), inside)


@pytest.mark.parametrize(("name", "params"), [("change-otsu", {}), ("break-ensemble", {"reference": "area"})])
def test_two_runs_of_one_instance_keep_what_each_has_surveyed(season, name, params):
    other = season.assign({b: season[b] * (0.7 + 0.1 * i) for i, b in enumerate(BANDS)})
    shared = get_model(name, **params)
    jobs = [make_job(shared, cube, precision="fp32") for cube in (season, other)]
    for job, cube in zip(jobs, (season, other), strict=True):
        job.execute()
        alone = eow.run(name, cube, precision="fp32", **params)
        same(alone, job.result())
        assert alone.attrs["provenance"] == job.result().attrs["provenance"]
