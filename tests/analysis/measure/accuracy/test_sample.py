"""Draw a sample, write it, read it back: the design is never lost."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from support.assessed import class_map, labelled

import eowidgets as eow
from eowidgets.analysis.measure.accuracy.class_map import ClassMap
from eowidgets.cube.area import Area
from eowidgets.cube.pixel_area import pixel_hectares
from eowidgets.errors import InputError


@pytest.fixture(scope="module")
def raster():
    rng = np.random.default_rng(0)
    return class_map(rng.choice(3, (60, 80), p=[0.9, 0.08, 0.02]), names="forest open_land water")


def pixels_of(raster, points):
    rows, columns, inside = ClassMap.of(raster).at(points.table["lon"].to_numpy(), points.table["lat"].to_numpy())
    assert inside.all()
    return rows, columns


def test_points_are_pixel_centres_of_their_stratum_without_repetition(raster):
    points = eow.sample(raster, 300, minimum=40)
    rows, columns = pixels_of(raster, points)
    names = np.array(["forest", "open land", "water"])[raster.values[rows, columns]]
    assert (points.table["stratum"].to_numpy() == names).all()
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == 300
    counts = points.table["stratum"].value_counts()
    assert counts["water"] >= 40 and counts["open land"] >= 40
    assert {s.name: s.pixels for s in points.strata} == {
        n: int((raster.values == i).sum()) for i, n in enumerate(["forest", "open land", "water"])
    }
    assert sum(s.weight for s in points.strata) == pytest.approx(1)
    assert json.loads(points.provenance)["arguments"]["seed"] == 0


def test_the_order_is_random_and_seeds_differ(raster):
    points = eow.sample(raster, 100)
    strata = points.table["stratum"].tolist()
    assert strata != sorted(strata)
    assert eow.sample(raster, 100).table.equals(points.table)
    assert not eow.sample(raster, 100, seed=1).table.equals(points.table)


def test_every_pixel_of_a_stratum_has_the_same_chance():
    raster = class_map(np.repeat([[0, 1]], 4, axis=0).repeat(5, axis=1))
    hits = np.zeros(raster.shape)
    for seed in range(600):
        rows, columns = pixels_of(raster, eow.sample(raster, 10, allocation="equal", seed=seed))
        hits[rows, columns] += 1
    # 150 expected, standard deviation 10.6.
    assert np.abs(hits - 150).max() < 50


@pytest.mark.parametrize("ending", ["csv", "gpkg", "geojson"])
@pytest.mark.parametrize("blind", [False, True])
def test_files_keep_the_design(raster, tmp_path, ending, blind):
    points = labelled(raster, eow.sample(raster, 120), raster.values)
    table = points.table.assign(my_note="seen")
    points = eow.Sample(table, points.strata, points.map_sha256, points.nested)
    path = points.to_file(tmp_path / f"a.{ending}", blind=blind)
    again = eow.Sample.of(path)
    assert len(again) == 120 and set(again.table["my_note"]) == {"seen"}
    assert sorted(round(s.weight, 9) for s in again.strata) == sorted(round(s.weight, 9) for s in points.strata)
    text = path.read_bytes()
    assert blind == (b"open land" not in text.replace(b"label", b""))
    one, two = eow.accuracy(raster, points), eow.accuracy(raster, again)
    assert one.table().round(6).equals(two.table().round(6))


def test_a_table_that_went_through_a_spreadsheet(raster, tmp_path):
    path = eow.sample(raster, 60).to_file(tmp_path / "a.csv")
    table = pd.read_csv(path).drop(columns=["confidence", "by"]).sample(frac=1, random_state=0)
    table["label"], table["who"] = "forest", "Ana"
    table.to_csv(path, index=False, sep=";")
    assert eow.accuracy(raster, path).n == 60


def test_lost_rows_are_reported(raster, tmp_path):
    path = eow.sample(raster, 60).to_file(tmp_path / "a.csv")
    table = pd.read_csv(path)
    table[table["stratum"] != "forest"].to_csv(path, index=False)
    with pytest.raises(InputError, match="add up to 0.*, not to 1"):
        eow.Sample.of(path)
    table.loc[0, "stratum_weight"] = 0.5
    table.to_csv(path, index=False)
    with pytest.raises(InputError, match="different weights"):
        eow.Sample.of(path)


def test_strata_of_another_raster_and_a_buffer(raster):
    tiles = raster.copy(data=(np.arange(60)[:, None] // 30 + 0 * raster.values).astype("uint8"))
    tiles.attrs = {}
    points = eow.sample(raster, 40, strata=tiles, allocation="equal")
    assert [s.name for s in points.strata] == ["0", "1"] and not points.nested
    near = eow.sample(raster, 200, buffer=1, around="water", minimum=20)
    assert {s.name for s in near.strata} >= {"forest, near water", "water"}
    assert sum(s.pixels for s in near.strata) == raster.size
    assert near.nested


def test_an_area(raster):
    box = ClassMap.of(raster).box
    half = Area.of(box[:, :40].extent.geom, crs="EPSG:32635")
    points = eow.sample(raster, 50, area=half)
    assert pixels_of(raster, points)[1].max() < 40
    done = labelled(raster, points, raster.values)
    assert eow.accuracy(raster, done, area=half).mapped_areas.sum() == pytest.approx(60 * 40 * 0.09)


def test_sizes_of_pixels_in_degrees():
    raster = class_map(np.repeat([[0, 1]], 60, axis=0), "EPSG:4326", size=1.0)
    box = ClassMap.of(raster).box
    rows = pixel_hectares(box)
    assert rows[-1, 0] > 1.9 * rows[0, 0]  # the equator against 60 degrees
    assert rows.sum() * 2 == pytest.approx(Area.of((20, 0, 22, 60)).hectares, rel=1e-6)
    # The larger pixels in the south are drawn more often.
    rows, _ = pixels_of(raster, eow.sample(raster, 60, allocation="equal"))
    assert eow.sample(raster, 60).strata[0].weight == pytest.approx(0.5)
    assert np.mean(rows) > 29


def test_web_mercator_is_measured_on_the_ground():
    raster = class_map(np.zeros((10, 10)), "EPSG:3857", size=1000.0)
    box = ClassMap.of(raster).box
    ground = Area.of(box.extent.geom, crs="EPSG:3857").hectares
    assert np.broadcast_to(pixel_hectares(box), (10, 10)).sum() == pytest.approx(ground, rel=1e-3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"n": 3}, "too few for 3 strata"),
        ({"n": 20, "target_se": 0.1}, "both given"),
        ({"n": 20, "user_accuracy": {"forst": 0.9}}, "Did you mean 'forest'"),
        ({"n": 20, "around": "water"}, "without a buffer"),
        ({"n": 20, "buffer": 2}, "no class of the map to put a buffer around named 'change'"),
        ({"n": 20, "allocation": "optimal"}, "allocation of sample"),
        ({"n": 20, "area": (0, 0, 1, 1)}, "no pixel with a class in the area"),
    ],
)
def test_refused(raster, options, words):
    with pytest.raises(InputError, match=words):
        eow.sample(raster, **options)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda r: r.astype("float32") + 0.5, "between whole numbers"),
        (lambda r: r.expand_dims(time=2), "steps along 'time'"),
        (lambda r: r.drop_vars("spatial_ref"), "no CRS"),
        (lambda r: r.where(r > 9).fillna(255).astype("uint8"), "no pixel with a class"),
        (lambda r: eow.open("romania"), "no layer of classes"),
        (lambda r: r.copy(data=np.arange(r.size).reshape(r.shape)), "too many for classes"),
    ],
)
def test_maps_that_are_none(raster, make, words):
    with pytest.raises(InputError, match=words):
        eow.sample(make(raster), 20)
