import numpy as np
import pandas as pd
import pytest
from support.fields import fields
from support.parcels import grid_of_parcels

import eowidgets as eow
from eowidgets.analysis.measure.parcels.outliers import outliers
from eowidgets.errors import InputError

TIMES = np.arange("2019-01-01", "2020-01-01", 10, dtype="datetime64[D]").astype("datetime64[ns]")


def crops(count, seed=0, shift=None):
    """Return bell-shaped seasons with sowing dates that differ by a week, a third of the dates cloudy."""
    rng = np.random.default_rng(seed)
    start = 170 + rng.normal(0, 7, count) + (0 if shift is None else shift)
    day = np.arange(len(TIMES)) * 10
    curve = 0.2 + 0.6 * np.exp(-(((day[None] - start[:, None]) / 40) ** 2)) + rng.normal(0, 0.03, (count, len(day)))
    curve[rng.random(curve.shape) < 0.35] = np.nan
    return curve


def judge(values, classes=None, **options):
    names = pd.DataFrame({"parcel": [f"p{i}" for i in range(len(values))], "name": ""})
    given = {"threshold": 3.5, "least": 8, **options}
    return outliers(names, values, TIMES[: values.shape[1]], classes, **given)


def test_late_fields_are_found_and_false_alarms_are_rare():
    shift = np.zeros(100)
    shift[:3] = 60
    found = judge(crops(100, shift=shift)).set_index("parcel")
    assert found.loc[["p0", "p1", "p2"], "outlier"].all()
    assert found["outlier"].sum() <= 5
    assert found.index[:3].tolist() == sorted(found.index[:3], key=lambda p: -found.loc[p, "score"])
    alarms = np.mean([judge(crops(100, seed))["outlier"].mean() for seed in range(20)])
    assert alarms < 0.01


def test_a_class_is_judged_by_itself():
    values = np.concatenate([crops(20, 1), crops(20, 2) * 0.2])
    together, apart = judge(values), judge(values, pd.Series(["wheat"] * 20 + ["fallow"] * 20))
    assert set(apart["class"]) == {"wheat", "fallow"}
    assert apart["distance"].max() < together["distance"].max()


def test_small_classes_and_parcels_without_dates_are_listed():
    values = crops(24)
    values[3] = np.nan
    found = judge(values, pd.Series(["wheat"] * 20 + ["rye"] * 3 + [None]))
    assert found.attrs["left_out"] == ["p3", "p20", "p21", "p22", "p23"]
    assert "p3" not in set(found["parcel"])
    with pytest.raises(InputError, match="No class has 8 parcels"):
        judge(values[:5])


def test_equal_parcels_are_no_outliers():
    found = judge(np.full((10, 12), 0.5))
    assert not found["outlier"].any()
    assert (found["distance"] == 0).all()


def test_the_method_of_a_result_and_its_column():
    cube = fields(dates=24)
    found = eow.parcels(cube, grid_of_parcels(cube, 6, 6))
    ranked = found.outliers("crop")
    assert set(ranked["class"]) == {"wheat", "maize"}
    assert ranked["score"].is_monotonic_decreasing
    with pytest.raises(InputError, match="Did you mean 'crop'"):
        found.outliers("crops")
