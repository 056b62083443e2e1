import geopandas
import numpy as np
import pytest
import shapely
import torch
from support.toys import CARD

import eowidgets as eow
from eowidgets.contract.outputs import Objects, Row
from eowidgets.errors import MissingExtraError

SPOT = (eow.ClassInfo(0, "dark", "#000000"), eow.ClassInfo(1, "bright", "#ffffff"))


class Squares(eow.Model):
    """Finds squares of 4 pixels brighter than 0.8, one dict per window."""

    name = "squares"
    task = eow.Task.DETECT
    card = CARD
    feed = eow.Windows(halo=8)

    def outputs(self, bands):
        return (Objects("squares", classes=SPOT),)

    def predict(self, batch):
        return {"squares": [self.one(x[0, 0]) for x in batch.x]}

    def one(self, image):
        full = torch.nn.functional.avg_pool2d((image[None, None] > 0.8).float(), 4, 1)[0, 0] == 1
        y, x = torch.nonzero(full, as_tuple=True)
        boxes = torch.stack([x, y, x + 4, y + 4], dim=1).float()
        return {"boxes": boxes, "scores": torch.full((len(x),), 0.9), "labels": torch.ones(len(x))}


def scene(make_cube, places, height=60, width=70):
    cube = make_cube(dates=1, height=height, width=width, clouds=0)[["red"]]
    cube["red"][:] = 0.1
    for y, x in places:
        cube["red"][:, y : y + 4, x : x + 4] = 0.9
    return cube


PLACES = [(0, 0), (14, 14), (15, 40), (29, 30), (30, 62), (44, 2), (56, 66)]


def corners(table, cube):
    """Row and column of the upper left pixel of every box."""
    left, top = cube.odc.geobox.boundingbox.left, cube.odc.geobox.boundingbox.top
    return sorted(((top - b[3]) / 10, (b[0] - left) / 10) for b in table.geometry.bounds.values)


@pytest.mark.parametrize("window", [None, 24, 32, 40])
def test_every_object_is_found_once_whatever_the_window(make_cube, window):
    cube = scene(make_cube, PLACES)
    found = eow.run(Squares, cube, window=window)
    assert isinstance(found, geopandas.GeoDataFrame)
    assert found.crs == cube.rio.crs
    np.testing.assert_allclose(corners(found, cube), PLACES, atol=1e-6)
    assert set(found["class"]) == {"bright"}
    assert "provenance" in found.attrs


@pytest.mark.parametrize("window", [None, 24])
def test_objects_of_a_model_of_other_pixels_lie_where_they_are_in_the_cube(make_cube, window):
    class Fine(Squares):
        """Sees pixels of 5 m, in which a square of the cube has 8."""

        name = "fine-squares"
        feed = eow.Windows(resolution=5.0, halo=16)

        def one(self, image):
            full = torch.nn.functional.max_pool2d(image[None, None], 3, 1, 1)[0, 0] > 0.8
            left = full & ~torch.nn.functional.pad(full, (1, 0, 1, 0))[:-1, :-1]
            y, x = torch.nonzero(left & ~full.roll(1, 0) & ~full.roll(1, 1), as_tuple=True)
            boxes = torch.stack([x, y, x + 8, y + 8], dim=1).float()
            return {"boxes": boxes, "scores": torch.full((len(x),), 0.9), "labels": torch.ones(len(x))}

    places = [(14, 14), (15, 40), (29, 30), (44, 10)]
    cube = scene(make_cube, places)
    found = eow.run(Fine, cube, window=window)
    np.testing.assert_allclose(corners(found, cube), places, atol=0.6)
    np.testing.assert_allclose(found.area, (4 * 10) ** 2)


def test_no_objects_are_an_empty_table(make_cube):
    found = eow.run(Squares, scene(make_cube, []))
    assert len(found) == 0
    assert {"class", "score", "geometry"} <= set(found.columns)


READERS = {".gpkg": geopandas.read_file, ".parquet": geopandas.read_parquet}


@pytest.mark.parametrize("suffix", READERS)
@pytest.mark.parametrize("places", [PLACES, []])
def test_objects_come_back_from_a_file_and_a_rerun_is_identical(make_cube, tmp_path, suffix, places):
    cube, out = scene(make_cube, places), tmp_path / f"found{suffix}"
    here, there = eow.run(Squares, cube, window=24), eow.run(Squares, cube, out=out, window=24)
    assert corners(there, cube) == corners(here, cube)
    assert not list(tmp_path.glob("*.partial"))
    assert READERS[suffix](out).crs == cube.rio.crs
    assert eow.rerun(out, cube, model=Squares).identical


def test_geoparquet_without_its_library_is_refused_before_the_run(make_cube, tmp_path, monkeypatch):
    monkeypatch.setattr("eowidgets.engine.writers.disk.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="parquet"):
        eow.run(Squares, scene(make_cube, []), out=tmp_path / "found.parquet")


def test_a_killed_run_goes_on_with_the_strips_that_are_missing(make_cube, tmp_path, monkeypatch):
    from eowidgets.engine.journal import Journal

    cube, out, real = (
        scene(make_cube, [(y, 8) for y in range(4, 290, 13)], 300, 24),
        tmp_path / "found.gpkg",
        Journal.finished,
    )

    class Killed(BaseException):
        pass

    def finished(self, start, stop):
        real(self, start, stop)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Journal, "finished", finished)
        eow.run(Squares, cube, out=out, window=24)
    job = eow.submit(Squares, cube, out=out, window=24)
    found = job.result(60)
    assert any("Continuing" in line for line in job.log)
    assert corners(found, cube) == corners(eow.run(Squares, cube), cube)


def test_dates_and_an_area(make_cube):
    class Dated(Squares):
        name = "dated"

        def outputs(self, bands):
            return (Objects("squares", classes=SPOT, dims="tyx"),)

        def predict(self, batch):
            return {"squares": [[self.one(image[0]) for image in x] for x in batch.x]}

    cube = make_cube(dates=3, height=40, width=40, clouds=0)[["red"]]
    cube["red"][:] = 0.1
    cube["red"][1, 4:8, 4:8] = 0.9
    cube["red"][2, 30:34, 30:34] = 0.9
    found = eow.run(Dated, cube)
    assert list(found.sort_values("date")["date"]) == list(cube["time"].values[1:])
    near = tuple(cube.odc.geobox[:20, :20].geographic_extent.boundingbox)
    assert list(eow.run(Dated, cube, area=near)["date"]) == [cube["time"].values[1]]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (None, "without 'boxes'"),
        ({"boxes": [], "scores": []}, "without 'labels'"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [1, 1], "labels": [0]}, "1 boxes, 2 scores and 1 labels"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [1], "labels": [7]}, "the label 7: labels are 0 to 1"),
        ({"boxes": [[0, 0, 1, 1]], "scores": [float("nan")], "labels": [1]}, "not a number"),
        ({"boxes": [[0, 0, 1]], "scores": [1], "labels": [1]}, "boxes of 3 numbers: 'box' takes 4 each"),
        ({"boxes": np.zeros((0, 5)), "scores": [], "labels": []}, "boxes of 5 numbers: 'box' takes 4 each"),
        ({"boxes": [0, 0, 1], "scores": [1], "labels": [1]}, "failed when its"),
    ],
)
def test_what_is_no_list_of_objects_is_one_sentence(make_cube, item, words):
    odd = type("Odd", (Squares,), {"one": lambda self, image: item})
    with pytest.raises(eow.EowidgetsError, match=words) as caught:
        eow.run(odd, scene(make_cube, []))
    assert str(caught.value).startswith("The model 'squares' ")


def record(geometry, window, score=0.5, name="bright"):
    return Row(geometry, {"class": name, "score": score}, None, window)


def test_of_two_boxes_of_one_object_the_better_one_stays_and_neighbours_of_one_window_both():
    kind = Objects(classes=SPOT)
    whole, half, other = shapely.box(0, 0, 10, 10), shapely.box(0, 0, 10, 5), shapely.box(1, 1, 11, 11)
    assert kind.join([record(half, 0, 0.4), record(whole, 1, 0.8)]) == [record(whole, 1, 0.8)]
    assert len(kind.join([record(whole, 0), record(other, 0)])) == 2
    assert len(kind.join([record(whole, 0), record(other, 1, name="dark")])) == 2


def test_parts_of_a_polygon_are_united_over_three_windows():
    kind = Objects(classes=SPOT, shape="polygon", overlap=0.1)
    parts = [record(shapely.box(x, 0, x + 10, 5), i, 0.9 - i / 10) for i, x in enumerate((0, 8, 16))]
    (found,) = kind.join(parts)
    assert found.geometry.equals(shapely.box(0, 0, 26, 5))


@pytest.mark.parametrize(
    ("shape", "key", "value"),
    [
        ("point", "points", [[3.0, 4.0]]),
        ("line", "lines", [[[0, 0], [5, 5]]]),
        ("polygon", "polygons", [[[0, 0], [5, 0], [5, 5]]]),
        ("rotated", "boxes", [[5.0, 5.0, 4.0, 2.0, np.pi / 2]]),
    ],
)
def test_every_shape_becomes_a_geometry(shape, key, value):
    kind = Objects(classes=SPOT, shape=shape)
    (found,) = kind.records({key: value, "scores": [0.5], "labels": [0]}, (10, 10), 1)
    assert found.values == {"class": "dark", "score": 0.5}
    if shape == "rotated":
        np.testing.assert_allclose(found.geometry.bounds, (4, 3, 6, 7), atol=1e-9)


def test_objects_do_not_go_into_a_raster_nor_a_raster_into_a_table(make_cube, tmp_path):
    with pytest.raises(eow.EowidgetsError, match="The result is a table"):
        eow.run(Squares, scene(make_cube, []), out=tmp_path / "x.tif")
    with pytest.raises(eow.EowidgetsError, match="The result is a raster"):
        eow.run("fill-linear", make_cube(), out=tmp_path / "x.gpkg")
