"""The monitors against the nrt package (Joint Research Centre) on the Romanian cube, where the definition is the same.

Two things of nrt 0.2.0 are put right for that. Its harmonics count the days of a calendar year, ours the mean year: both
get our columns. And it keeps the residuals of the history as fit - observation but goes on with observation - fit, so
that its quartiles are mirrored and its sums start upside down: the history's sign is turned.
"""

import warnings

import numpy as np
import pytest
import torch
import xarray as xr
from support.batches import asked, batch_of

import eowidgets as eow
from eowidgets.contract.registry import get_model
from eowidgets.models.classical.harmonic import design

nrt = pytest.importorskip("nrt.monitor")

CASES = {
    "break-ccdc": ("ccdc", "CCDC", {"watch": "NDVI", "consecutive": 3, "probability": 0.9973002}),
    "break-iqr": ("iqr", "IQR", {"smallest": 0.0, "sensitivity": 1.5, "consecutive": 3}),
    "break-cusum": ("cusum", "CuSum", {"smallest": 0.0, "alpha": 0.05}),
    "break-bfast": ("mosum", "MoSum", {"smallest": 0.0, "alpha": 0.05}),
    "break-ewma": ("ewma", "EWMA", {"smallest": 0.0, "weight": 0.3, "limit": 2.0}),
}


@pytest.fixture(scope="module")
def cube():
    return eow.open("romania").isel(y=slice(0, None, 2), x=slice(0, None, 2))[["red", "nir", "valid", "clouds"]]


def theirs(cube, module, name, monkeypatch):
    pandas = pytest.importorskip("pandas")
    cls = getattr(pytest.importorskip(f"nrt.monitor.{module}"), name)
    fit = nrt.BaseNrt._fit

    def columns(dates, trend, harmonic_order):
        days = torch.as_tensor((dates - pandas.Timestamp(1970)).days.values, dtype=torch.float64)
        return design(days, harmonic_order, trend, 0.0).numpy()

    def turned(self, *args, **kwargs):
        beta, residuals = fit(self, *args, **kwargs)
        return beta, -residuals

    monkeypatch.setattr(nrt, "build_regressors", columns)
    monkeypatch.setattr(nrt.BaseNrt, "_fit", turned)
    usable = (cube.valid & ~cube.clouds).values
    with np.errstate(all="ignore"):
        ndvi = ((cube.nir - cube.red) / (cube.nir + cube.red)).clip(-1, 1).values
    series = xr.DataArray(np.where(usable, ndvi, np.nan), coords=cube.red.coords, dims=cube.red.dims)
    past = cube.time.values < cube.time.values[0] + np.timedelta64(int(2 * 365.2425 * 86400), "s")
    monitor = cls(mask=np.ones(series.shape[1:], np.uint8), trend=False, harmonic_order=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # CCDC screens by bands that are not given here; the others by their own default.
        screen = {"screen_outliers": None} if name == "CCDC" else {}
        monitor.fit(series[past], method="OLS", **screen)
        for frame in series[~past]:
            monitor.monitor(frame.values, pandas.Timestamp(frame.time.values).to_pydatetime())
    return np.isin(monitor.mask, (1, 3)), np.where(monitor.mask == 3, monitor.detection_date, 0)


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_nrt_on_99_percent_of_pixels(name, cube, monkeypatch):
    module, cls, params = CASES[name]
    x = np.stack([cube.red.values, cube.nir.values], axis=1).reshape(cube.sizes["time"], 2, -1)
    days = cube.time.values.astype("datetime64[D]").astype(float)
    usable = (cube.valid & ~cube.clouds).values.reshape(len(days), -1)
    out = asked(get_model(name, robust=False, **params), batch_of(x, days, usable, ("red", "nir")))
    changed, when = out["change"][0, 1, 0].numpy(), out["confirmed_date"][0, 0].numpy()
    watched, dates = (a.ravel() for a in theirs(cube, module, cls, monkeypatch))
    both = watched & np.isfinite(changed)
    assert both.mean() > 0.9
    ours = np.where(changed > 0.5, np.nan_to_num(when), 0)
    assert ((ours > 0) == (dates > 0))[both].mean() >= 0.99
    assert (ours == dates)[both].mean() >= 0.99
