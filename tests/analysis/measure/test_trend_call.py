"""``eow.trend`` and the functions next to it: from cubes and tables, repeated, reported, and refused."""

from __future__ import annotations

import numpy as np
import pymannkendall as mk
import pytest
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr

import eowidgets as eow
from eowidgets.analysis.measure.one_series import detail_of
from eowidgets.errors import EowidgetsError

YEARS = 14


@pytest.fixture(scope="module")
def cube() -> xr.Dataset:
    """Rows: a level, a rise, a fall, a step, a loss that recovers, and nothing seen."""
    rng = np.random.default_rng(3)
    t = np.arange(YEARS)
    rows = np.stack([
        np.full(YEARS, 0.5), 0.3 + 0.03 * t, 0.8 - 0.03 * t, np.where(t < 8, 0.8, 0.4),
        np.where(t < 5, 0.8, np.minimum(0.8, 0.3 + 0.1 * (t - 5))), np.full(YEARS, np.nan),
    ])  # fmt: skip
    y = rows.T[:, :, None] + rng.normal(0, 0.01, (YEARS, 6, 7))
    times = np.array([f"{2001 + k}-07-01" for k in t], "datetime64[ns]")
    made = xr.Dataset(
        {"ndvi": (("time", "y", "x"), y.astype("float32"), {"role": "band"})},
        {"time": times, "y": 5_000_000 - 10.0 * np.arange(6), "x": 500_000 + 10.0 * np.arange(7)},
    )
    return made.rio.write_crs("EPSG:32635").rio.write_transform()


def names(values: xr.DataArray) -> list[str]:
    words = dict(
        zip(np.atleast_1d(values.attrs["flag_values"]).tolist(), values.attrs["flag_meanings"].split(), strict=True)
    )
    return [words.get(int(np.median(row)), "nothing") for row in values.values]


@pytest.mark.parametrize("how", [None, "hamed-rao", "yue-wang", "prewhiten", "trend-free-prewhiten"])
def test_trend_of_every_pixel(cube, how):
    found = eow.trend(cube, autocorrelation=how)
    peers = {
        None: mk.original_test, "hamed-rao": mk.hamed_rao_modification_test, "yue-wang": mk.yue_wang_modification_test,
        "prewhiten": mk.pre_whitening_modification_test, "trend-free-prewhiten": mk.trend_free_pre_whitening_modification_test,
    }  # fmt: skip
    one = peers[how](cube.ndvi.values[:, 1, 2].astype("float64"))
    for name, other in (
        ("slope", one.slope),
        ("p", one.p),
        ("z", one.z),
        ("tau", one.Tau),
        ("intercept", one.intercept),
    ):
        assert float(found[name][1, 2]) == pytest.approx(other, rel=1e-6, abs=1e-12)
    assert names(found.significance)[1:3] == ["increase", "decrease"]
    assert (found.significance[5] == 255).all()
    assert (found.slope_low <= found.slope_high)[:5].all()
    assert eow.rerun(found, cube).identical


def test_step_or_line_and_recovery(cube):
    shape = eow.step_or_line(cube)
    assert names(shape["shape"])[:4] == ["neither", "line", "line", "step"]
    assert (shape.step_year[3] == 2009).all()
    assert np.abs(shape.step_size[3] + 0.4).max() < 0.03
    back = eow.recovery(cube)
    assert names(back.state) == ["no_break", "no_break", "no_break", "not_yet_recovered", "recovered", "nothing"]
    assert np.abs(back.recovery_years[4] - 5).max() < 0.3
    assert (back.years_observed[3] == 6).all()
    turned = eow.recovery(cube.assign(ndvi=(1 - cube.ndvi).assign_attrs(role="band")), direction="gain")
    np.testing.assert_allclose(turned.recovery_years, back.recovery_years, atol=1e-4)
    assert eow.rerun(shape, cube).identical and eow.rerun(back, cube).identical


def test_anomalies(cube):
    found = eow.anomalies(cube, by="year", reference="2001-2005")
    assert found.sizes["time"] == YEARS
    np.testing.assert_allclose(found.anomaly[:5, :5].mean("time"), 0, atol=1e-6)
    assert found.anomaly.attrs["vmin"] == -found.anomaly.attrs["vmax"]
    assert "reference='2001-2005'" in eow.Record.of(found).code()
    with pytest.raises(EowidgetsError, match="include 2 years"):
        eow.anomalies(cube, reference="2001-2002")


def test_any_window_gives_the_same(cube):
    for name in ("trend-theil-sen", "trend-step-or-line", "trend-recovery"):
        whole, parts = eow.run(name, cube), eow.run(name, cube, window=3)
        for variable in whole.data_vars:
            np.testing.assert_array_equal(whole[variable], parts[variable], err_msg=f"{name} {variable}")


def test_tables(cube):
    table = (
        cube.ndvi.isel(x=0, y=slice(0, 5))
        .to_dataframe()
        .reset_index()[["y", "time", "ndvi"]]
        .rename(columns={"y": "id"})
    )
    found = eow.trend(table)
    assert found.significance.tolist().count("increase") >= 1
    first = table[table.id == table.id.iloc[1]]
    assert len(first) == YEARS
    assert eow.rerun(found, table).identical
    assert eow.recovery(table).state.tolist()[4] == "recovered"


def test_seasonal_trend_of_the_sample(romania):
    part = romania.isel(y=slice(0, 12), x=slice(0, 12))
    found = eow.trend(part, by="month", months="4-10")
    assert (found["count"] > 20).all()
    corrected = eow.trend(part, by="season", autocorrelation="hirsch-slack", min_values=5)
    assert np.isfinite(corrected.slope).any()


@pytest.mark.parametrize("call", ["trend", "anomalies", "step_or_line", "recovery"])
def test_a_pixel_in_detail_and_a_report(cube, call):
    found = getattr(eow, call)(cube)
    x, y = float(cube.x[2]), float(cube.y[4])
    from pyproj import Transformer

    place = Transformer.from_crs(32635, 4326, always_xy=True).transform(x, y)
    one = detail_of(found, cube, place)
    assert len(one.observed) == YEARS
    assert one.words.endswith(".")
    page = eow.report(found, cube=cube)
    assert page.answer and page.figures and page.definitions
    assert f"eow.{call}(" in page.code or page.code == ""


def test_a_report_of_seasons(romania):
    found = eow.phenology(romania.isel(y=slice(0, 12), x=slice(0, 12)), dates="2017/2019")
    page = eow.report(found, cube=romania)
    assert "median season of NDVI lasts from day" in page.answer
    assert len(page.tables[0].rows) == 3


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda c: eow.trend(c.isel(time=slice(4))), "lie in 4 years, but 'trend-theil-sen' needs 5"),
        (lambda c: eow.step_or_line(c.isel(time=slice(8))), "needs 9"),
        (lambda c: eow.trend(c, by="month", autocorrelation="hamed-rao"), "does not apply to one value per month"),
        (lambda c: eow.trend(c, months="13-14"), "months"),
        (lambda c: eow.trend(c, months="1-2"), "No date lies in the months 1-2"),
        (lambda c: eow.trend(c, by="week"), "by"),
        (lambda c: eow.trend(c.assign(ndvi=c.ndvi * np.nan)), "no clear value"),
    ],
)
def test_what_does_not_work_is_said_in_one_sentence(cube, call, words):
    with pytest.raises(EowidgetsError, match=words) as refused:
        call(cube)
    assert "\n" not in str(refused.value)
