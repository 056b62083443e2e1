"""Results that are no pictures by themselves: rows of objects, and vectors."""

import numpy as np
import pytest
import torch
from support.toys import CARD

import eowidgets as eow
from eowidgets.render.embedding import principal_colors
from eowidgets.widgets.panels.table_layer import TableLayer

SPOT = (eow.ClassInfo(0, "bright", "#ffffff"),)


class Bright(eow.Model):
    name = "bright-pixels"
    task = eow.Task.DETECT
    card = CARD

    def outputs(self, bands):
        return (eow.Objects("bright", classes=SPOT),)

    def predict(self, batch):
        found = []
        for image in batch.x[:, 0, 0]:
            y, x = torch.nonzero(image > 0.8, as_tuple=True)
            boxes = torch.stack([x, y, x + 1, y + 1], 1).float()
            found.append({"boxes": boxes, "scores": image[y, x], "labels": torch.zeros(len(x))})
        return {"bright": found}


class Halves(eow.Model):
    name = "halves"
    task = eow.Task.EMBED
    card = CARD
    feed = eow.Windows(multiple=2)

    def outputs(self, bands):
        return (eow.Vector(size=len(bands), stride=2),)

    def predict(self, batch):
        return {"embedding": torch.nn.functional.avg_pool2d(batch.x.mean(dim=1), 2)}


@pytest.fixture
def cube(make_cube):
    cube = make_cube(dates=1, height=16, width=16, clouds=0)
    cube["red"][:, 3, 4] = 0.9
    return cube


def test_objects_are_on_the_map_and_a_click_reads_them(cube, tmp_path):
    map = eow.AreaMap(cube)
    panel = eow.ModelPanel(cube, Bright, map=map)
    panel.run().result(60)
    assert "1 in all, 1 bright" in panel.message
    (layer,) = [one for one in map.layers if one.name == "bright-pixels"]
    (feature,) = layer.data["features"]
    layer._click_callbacks(event="click", **{"properties": feature["properties"]})
    assert "class bright, score 0.9" in panel.message
    assert eow.rerun(panel.save(tmp_path / "found.gpkg"), cube, model=Bright).identical


def test_a_click_lists_all_that_lie_over_one_another():
    import geopandas
    import shapely

    shapes = [*(shapely.box(i * 0.1, 0, 3 + i * 0.1, 2) for i in range(6)), shapely.box(8, 8, 9, 9)]
    table = geopandas.GeoDataFrame({"class": "ship", "score": np.linspace(0.9, 0.3, 7)}, geometry=shapes, crs=4326)
    said, map = [], eow.AreaMap()
    TableLayer(map, "ships", said.append).show(table)
    (layer,) = [one for one in map.layers if one.name == "ships"]
    layer._click_callbacks(event="click", feature=layer.data["features"][2])
    layer._click_callbacks(event="click", feature=layer.data["features"][6])
    scores = [0.7, 0.9, 0.8, 0.6, 0.5]
    assert said == ["; ".join(f"class ship, score {v}" for v in scores) + "; 1 more", "class ship, score 0.3"]


def test_vectors_are_a_layer_of_colours(cube):
    viewer, map = eow.TimeViewer(cube), eow.AreaMap(cube)
    panel = eow.ModelPanel(cube, Halves, viewer=viewer, map=map)
    panel.run().result(60)
    assert "embedding" in panel.message
    assert [k["key"] for k in viewer.layers] == ["halves"]


def test_equal_vectors_have_equal_colours_and_missing_ones_none():
    vectors = np.zeros((4, 2, 3), "float32")
    vectors[:, 0] = 1
    vectors[:, 1, 2] = np.nan
    import xarray as xr

    found = principal_colors(xr.DataArray(vectors, dims=("feature", "y", "x")).to_dataset(name="embedding"))
    assert len(set(found["component_1"].values[0])) == 1
    assert found["component_1"].values[0, 0] != found["component_1"].values[1, 0]
    assert np.isnan(found["component_1"].values[1, 2])
