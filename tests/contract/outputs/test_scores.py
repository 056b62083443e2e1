"""Every kind of output is compared with a truth by its own metrics."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

import eowidgets as eow
from eowidgets import metrics
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.task import TASKS
from eowidgets.errors import InputError

LAND = (ClassInfo(0, "land", "#a08c78"), ClassInfo(7, "water", "#3b78b5"))


def plane(values):
    return (("y", "x"), np.array(values, "float32"))


def test_a_value_by_its_errors_where_both_are_known():
    found = xr.Dataset({"height": plane([[1, 2], [3, np.nan]])})
    truth = xr.Dataset({"height": plane([[2, 2], [np.nan, 5]])})
    scores = eow.Value("height").score(found, truth)
    assert scores == {"rmse": pytest.approx(0.5**0.5), "mae": 0.5, "covered": pytest.approx(2 / 3)}
    assert eow.Value("height").score(found, truth.height) == scores


def test_classes_by_their_values_not_their_order():
    output = eow.Classes("cover", classes=LAND)
    found = xr.Dataset({"cover": (("y", "x"), np.array([[0, 7, 7], [0, 255, 7]], "uint8"))})
    truth = xr.Dataset({"cover": (("y", "x"), np.array([[0, 7, 0], [255, 7, 7]], "uint8"))})
    scores = output.score(found, truth)
    assert scores["accuracy"] == 0.75  # four pixels with both
    assert scores["f1"] == pytest.approx((2 / 3 + 0.8) / 2)
    assert scores["iou"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert scores["covered"] == 0.8
    assert tuple(scores) == output.metrics


def test_bands_by_noise_and_angle():
    found = xr.Dataset({"red": plane([[0.1, 0.2]]), "nir": plane([[0.3, np.nan]]), "valid": plane([[1, 0]])})
    truth = xr.Dataset({"red": plane([[0.2, 0.2]]), "nir": plane([[0.3, 0.5]]), "blue": plane([[0, 0]])})
    scores = eow.Bands(dims="yx").score(found, truth)
    assert scores["psnr"] == pytest.approx(-10 * np.log10(0.01 / 3), abs=1e-4)
    assert scores["covered"] == 0.75
    angle = np.arccos((0.1 * 0.2 + 0.09) / np.hypot(0.1, 0.3) / np.hypot(0.2, 0.3))
    assert scores["sam"] == pytest.approx(metrics.sam([[[0.1]], [[0.3]]], [[[0.2]], [[0.3]]]))
    assert scores["sam"] in (pytest.approx(angle, abs=1e-5), pytest.approx(np.degrees(angle), abs=1e-3))
    with pytest.raises(InputError, match="no band in common"):
        eow.Bands().score(found, truth[["blue"]])


def test_vectors_by_their_direction():
    found = xr.Dataset({"embedding": (("feature", "y", "x"), np.array([[[1, 0]], [[0, 2]]], "float32"))})
    truth = xr.Dataset({"embedding": (("feature", "y", "x"), np.array([[[3, 1]], [[0, 0]]], "float32"))})
    assert eow.Vector(size=2).score(found, truth)["cosine"] == pytest.approx(0.5)


def test_labels_row_by_row():
    output = eow.Label(classes=LAND)
    found = pd.DataFrame({"label": ["land", "water", None, "water"]})
    scores = output.score(found, ["land", "land", "water", "water"])
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["covered"] == 0.75
    with pytest.raises(InputError, match="one for each row"):
        output.score(found, ["land"])
    with pytest.raises(InputError, match="no column"):
        output.score(found.rename(columns={"label": "other"}), ["land"] * 4)


def test_texts_by_their_words():
    texts = ["a new house was built here", "nothing has changed at all"]
    assert eow.Text("text").score(texts, [[texts[0], "houses"], texts[1]])["bleu"] == 1.0
    assert eow.Text("text").score(texts, ["no word", "of these"])["bleu"] == 0.0


def test_objects_by_their_overlap():
    output = eow.Objects("things", classes=LAND)
    squares = [shapely.box(0, 0, 2, 2), shapely.box(5, 5, 7, 7), shapely.box(9, 9, 10, 10)]
    truth = geopandas.GeoDataFrame({"class": ["land", "water", "water"]}, geometry=squares)
    found = geopandas.GeoDataFrame({"class": ["land", "water"], "score": [0.9, 0.8]}, geometry=squares[:2])
    assert output.score(found, truth) == {"average_precision": 0.75}  # 1 for land, a half for water
    assert output.score(found, truth.drop(columns="class"))["average_precision"] == pytest.approx(2 / 3)
    with pytest.raises(InputError, match="have no overlap"):
        eow.Objects("p", classes=LAND, shape="point").score(found, truth)


def test_a_truth_that_does_not_match_is_refused():
    found = xr.Dataset({"height": plane([[1, 2]])})
    with pytest.raises(InputError, match="no 'height' to compare"):
        eow.Value("height").score(found, xr.Dataset({"width": plane([[1, 2]])}))
    with pytest.raises(InputError, match="bring the truth"):
        eow.Value("height").score(found, xr.Dataset({"height": plane([[1]])}))


@pytest.mark.parametrize("task", sorted(TASKS))
def test_the_metrics_of_a_task_exist(task):
    names = TASKS[task].metrics
    assert names
    missing = [name for name in names if not callable(getattr(metrics, name, None))]
    assert not missing
