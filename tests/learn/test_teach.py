"""From labels to a tested model: whole user paths on small simulated cubes and tables."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.learn.teach import choice_of, evaluation_of
from eowidgets.testing import check_model

pytest.importorskip("sklearn")


def landscape(side: int = 40, dates: int = 24, seed: int = 0) -> xr.Dataset:
    """Fields in a checkerboard of 5 pixels: half of them green in summer, half in spring."""
    rng = np.random.default_rng(seed)
    times = pd.date_range("2020-01-08", periods=dates, freq=f"{730 // dates}D")
    y, x = np.mgrid[:side, :side] // 5
    kind = (y + x) % 2
    season = np.array([np.cos(2 * np.pi * (times.day_of_year - peak) / 365) for peak in (120, 210)])
    green = 0.5 + 0.3 * season[kind].transpose(2, 0, 1)
    red = 0.3 - 0.2 * (green - 0.5)
    noise = rng.normal(0, 0.02, (2, *green.shape))
    clouds = rng.random(green.shape) < 0.2
    cube = xr.Dataset(
        {
            "red": (("time", "y", "x"), (red + noise[0]).astype("float32")),
            "nir": (("time", "y", "x"), (green + noise[1]).astype("float32")),
            "clouds": (("time", "y", "x"), clouds),
        },
        {"time": times, "y": 5_000_000 - 10.0 * (np.arange(side) + 0.5), "x": 500_000 + 10.0 * (np.arange(side) + 0.5)},
    )
    return cube.rio.write_crs(32633).assign_attrs(title="Checkerboard")


def truth(side: int = 40) -> np.ndarray:
    y, x = np.mgrid[:side, :side] // 5
    return (y + x) % 2


def points(cube: xr.Dataset, count: int, seed: int = 0, **columns) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows, cols = np.divmod(rng.permutation(cube.sizes["y"] * cube.sizes["x"])[:count], cube.sizes["x"])
    from pyproj import Transformer

    lon, lat = Transformer.from_crs(32633, 4326, always_xy=True).transform(cube.x.values[cols], cube.y.values[rows])
    names = np.array(["spring", "summer"])[truth(cube.sizes["y"])[rows, cols]]
    return pd.DataFrame({"lon": lon, "lat": lat, "class": names, **columns})


@pytest.fixture(scope="module")
def cube() -> xr.Dataset:
    return landscape()


@pytest.fixture(scope="module")
def taught(cube):
    return eow.teach(cube, points(cube, 60), ["statistics", "months"], "linear")


def test_the_test_agrees_with_the_truth_and_says_what_was_compared(cube, taught):
    done, choice = taught.report, taught.compared
    assert (str(done), choice) == (str(evaluation_of(taught)), choice_of(taught))
    assert taught.features == "months", "five percentiles do not see when a field is green"
    assert done.main.value > 0.95 and done.folds == 5 and done.block_metres > 0
    assert choice.winner == "months linear" and choice.has("statistics linear")
    assert choice["statistics linear"].error > choice.scores[0].error
    assert "held-out blocks" in " ".join(taught.card.scores)
    assert done.table().to_numpy().sum() == done.examples <= 60


def test_a_taught_model_is_an_ordinary_model(cube, taught, tmp_path):
    found = eow.run(taught, cube)
    names = [c.name for c in taught.target.classes]
    want = np.array([names.index("spring"), names.index("summer")])[truth()]
    assert (found["class"].values == want).mean() > 0.97
    assert float(found["class_unlike"].median()) < 1
    notes = json.loads(found.attrs["provenance"])
    assert notes["settings"]["taught"]["labels"] == 60
    again = eow.load(taught.save(tmp_path / "fields.safetensors"))
    xr.testing.assert_equal(eow.run(again, cube).drop_attrs(), found.drop_attrs())
    assert str(evaluation_of(again)) == str(evaluation_of(taught))
    assert choice_of(again).winner == "months linear"


def test_a_taught_model_keeps_the_contract(cube, taught):
    check_model(taught, cube.isel(y=slice(0, 20), x=slice(0, 20)))


def test_somewhere_else_is_unlike_what_was_taught(cube, taught):
    water = cube.copy()
    water["red"], water["nir"] = cube["red"] * 0 + 0.05, cube["nir"] * 0 + 0.02
    assert float(eow.run(taught, water)["class_unlike"].min()) > 1


def test_clicks_give_a_map_without_a_test_where_there_is_none(cube):
    few = points(cube, 40).drop_duplicates("class")
    model = eow.teach(cube, few, "months", "linear")
    assert evaluation_of(model) is None
    assert "second place" in " ".join(model.evaluation["notes"])
    names = [c.name for c in model.target.classes]
    want = np.array([names.index("spring"), names.index("summer")])[truth()]
    assert (eow.run(model, cube)["class"].values == want).mean() > 0.95


def test_numbers_have_intervals(cube):
    places = points(cube, 80)
    places["height"] = np.where(places.pop("class") == "summer", 20.0, 5.0) + np.random.default_rng(0).normal(0, 1, 80)
    model = eow.teach(cube, places, ["statistics", "months"], value="height")
    assert evaluation_of(model).scores["r2"].value > 0.8
    found = eow.run(model, cube)
    true = np.where(truth() == 1, 20.0, 5.0)
    inside = (found["height_low"] <= true) & (true <= found["height_high"])
    assert float(inside.mean()) > 0.85
    assert model.task is eow.Task.REGRESS


def test_labels_of_a_year_are_learnt_from_that_year_and_each_year_is_mapped():
    cube = landscape()
    second = cube.time.dt.year == 2021
    swapped = cube.isel(y=slice(None, None, -1))  # the checkerboard turned over
    cube["red"], cube["nir"] = (cube[b].where(~second, swapped[b].values) for b in ("red", "nir"))
    places = points(cube, 60, date="2020-07-01")
    model = eow.teach(cube, places, "months", "linear")
    assert model.yearly
    found = eow.run(model, cube)
    names = [c.name for c in model.target.classes]
    want = np.array([names.index("spring"), names.index("summer")])[truth()]
    assert found.time.dt.year.values.tolist() == [2020, 2021]
    assert (found["class"].values[0] == want).mean() > 0.95
    assert (found["class"].values[1] == want[::-1]).mean() > 0.95


def test_a_table_of_series(cube):
    rng = np.random.default_rng(0)
    rows, cols = rng.integers(0, 40, 80), rng.integers(0, 40, 80)
    series = cube.drop_vars("clouds").isel(y=xr.DataArray(rows, dims="id"), x=xr.DataArray(cols, dims="id"))
    table = series[["red", "nir"]].drop_vars(["spatial_ref", "x", "y"]).to_dataframe().reset_index()
    crop = pd.Series(np.array(["spring", "summer"])[truth()[rows, cols]], name="crop")
    table["crop"] = table["id"].map(crop)
    model = eow.teach(table, "crop", "months")
    found = eow.run(model, table.drop(columns="crop"))
    assert (found["crop"] == crop).mean() > 0.97
    by_name = eow.teach(table.drop(columns="crop"), crop, "months", "linear", groups=pd.Series(rows // 5))
    assert by_name.evaluation["blocks"] == len(np.unique(rows // 5))


def test_the_same_seed_gives_the_same_model(cube):
    one, two = (eow.teach(cube, points(cube, 40), "months", "forest", seed=3) for _ in range(2))
    for a, b in zip(one.network.state_dict().values(), two.network.state_dict().values(), strict=True):
        assert bool((a == b).all())
    assert one.evaluation == two.evaluation


def test_texture_sees_what_single_pixels_do_not():
    rng = np.random.default_rng(0)
    rough = np.kron(rng.random((6, 6)) < 0.5, np.ones((20, 20))).astype(bool)
    image = 0.5 + np.where(rough, rng.normal(0, 0.1, rough.shape), rng.normal(0, 0.01, rough.shape))
    cube = landscape(120, 1)
    cube = cube.drop_vars("clouds").assign(
        {b: cube[b].copy(data=image[None].astype("float32")) for b in ("red", "nir")}
    )
    labels = xr.DataArray(rough.astype("uint8"), {"y": cube.y, "x": cube.x}, ("y", "x"), "cover").rio.write_crs(32633)
    model = eow.teach(cube, labels, model="linear")
    assert model.features == "texture"
    assert (eow.run(model, cube)["cover"].values == rough).mean() > 0.85


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda p: p[p["class"] == "summer"], "one class, 'summer'"),
        (lambda p: p.assign(lon=p.lon + 5), "No label lies in the cube"),
        (lambda p: p.assign(date="2010-05-01"), "dates"),
        (lambda p: p.drop(columns="class"), "class"),
    ],
)
def test_labels_that_cannot_be_used(cube, change, sentence):
    with pytest.raises(InputError, match=sentence):
        eow.teach(cube, change(points(cube, 30)))


def test_other_mistakes_in_one_sentence(cube):
    places = points(cube, 30)
    for arguments, sentence in (
        ({"features": "month"}, "month"),
        ({"features": "months+montsh"}, "join names"),
        ({"model": "foorest"}, "foorest"),
        ({"model": "fill-linear"}, "cannot be trained"),
        ({"groups": [1, 2]}, "tables"),
        ({"value": "class"}, "class"),
    ):
        with pytest.raises(InputError, match=sentence):
            eow.teach(cube, places, **arguments)
    with pytest.raises(InputError, match="no column 'crop'"):
        eow.teach(pd.DataFrame({"id": [1], "time": pd.to_datetime(["2020-01-01"]), "red": [0.1]}), "crop")


def test_an_untaught_model_names_the_way():
    with pytest.raises(eow.EowidgetsError, match="eow.teach"):
        eow.run("taught", landscape())


def test_the_record_of_a_map_names_the_labels_and_is_run_again_with_the_model(cube, taught):
    found = eow.run(taught, cube)
    record = eow.Record.of(found)
    assert "model = ...  # the model 'taught', taught with 60 labels" in record.code()
    assert record.choice.winner == "months linear"
    assert eow.rerun(found, cube, model=taught).identical


def test_a_model_without_vectors_gives_no_features(cube):
    with pytest.raises(InputError, match="returns no vectors"):
        eow.teach(cube, points(cube, 20), "fill-linear")
    with pytest.raises(InputError, match="features is empty"):
        eow.teach(cube, points(cube, 20), [])


def test_what_was_left_out_is_named_where_one_class_remains(cube):
    places = points(cube, 30)
    places.loc[places["class"] == "summer", "lon"] += 5
    with pytest.raises(InputError, match=r"one class, 'spring' \(\d+ labels lie outside the cube\)"):
        eow.teach(cube, places)


def test_the_vectors_of_another_model_are_features(cube):
    model = eow.teach(cube, points(cube, 60), "series-features", "linear")
    found = eow.run(model, cube)
    names = [c.name for c in model.target.classes]
    want = np.array([names.index("spring"), names.index("summer")])[truth()]
    assert (found["class"].values == want).mean() > 0.95
    assert evaluation_of(model).main.value > 0.9


def test_the_share_of_a_rare_class_in_the_examples_is_not_that_of_the_map():
    rng = np.random.default_rng(0)
    rare = rng.random((200, 200)) < 0.02
    cube = landscape(200, 1).drop_vars("clouds")
    value = 0.3 + 0.1 * rare + rng.normal(0, 0.05, rare.shape)
    cube = cube.assign({b: cube[b].copy(data=value[None].astype("float32")) for b in ("red", "nir")})
    labels = xr.DataArray(rare.astype("uint8"), {"y": cube.y, "x": cube.x}, ("y", "x"), "cover").rio.write_crs(32633)
    model = eow.teach(cube, labels, "mean", "linear")
    found = eow.run(model, cube)["cover"].values
    assert (found == rare).mean() > 0.975, "better than the most frequent class"
    assert evaluation_of(model).scores["accuracy"].value == pytest.approx((found == rare).mean(), abs=0.01)
    assert evaluation_of(model).majority == pytest.approx(0.98, abs=0.005)
    assert "with a larger share of rare classes" in " ".join(model.evaluation["notes"])
