import geopandas
import numpy as np
import pytest
import rasterio
import torch
from support.toys import CARD

import eowidgets as eow

KINDS = (eow.ClassInfo(0, "dark", "#000000"), eow.ClassInfo(1, "bright", "#ffffff"))


class Brightness(eow.Model):
    """Tells dark from bright chips by their mean."""

    name = "brightness"
    task = eow.Task.CLASSIFY
    card = CARD
    feed = eow.Chips(bands=("red",), size=8)

    def outputs(self, bands):
        return (eow.Label("kind", classes=KINDS), eow.Value("mean"), eow.Vector("pair", size=2))

    def predict(self, batch):
        mean = batch.x.mean(dim=(1, 2, 3, 4))
        bright = (mean > 0.5).float()
        return {"kind": torch.stack([1 - bright, bright], 1), "mean": mean, "pair": torch.stack([mean, -mean], 1)}


@pytest.fixture
def cube(make_cube):
    cube = make_cube(dates=1, height=40, width=40, clouds=0)[["red"]]
    cube["red"][:] = 0.2
    cube["red"][:, :, 20:] = 0.8
    return cube


def places(cube, *pixels):
    at = [cube.odc.geobox.affine @ (x, y) for y, x in pixels]
    points = geopandas.points_from_xy([x for x, _ in at], [y for _, y in at])
    return geopandas.GeoDataFrame({"id": range(len(pixels))}, geometry=points, crs=str(cube.odc.geobox.crs))


def test_every_place_gets_its_label_value_and_vector(cube):
    where = places(cube, (20, 10), (20, 30)).to_crs(4326)
    found = eow.run(Brightness, cube, places=where)
    assert list(found["kind"]) == ["dark", "bright"]
    np.testing.assert_allclose(found["mean"], [0.2, 0.8], atol=1e-6)
    np.testing.assert_allclose(found[["pair_0", "pair_1"]], [[0.2, -0.2], [0.8, -0.8]], atol=1e-6)
    assert list(found["id"]) == [0, 1]
    assert found.crs == where.crs
    assert "provenance" in found.attrs


def test_the_batch_does_not_change_the_result(cube):
    where = places(cube, *((y, x) for y in range(6, 36, 7) for x in range(6, 36, 7)))
    one, many = (eow.run(Brightness, cube, places=where, batch=b) for b in (1, 16))
    np.testing.assert_array_equal(one["mean"], many["mean"])


def test_a_place_at_the_edge_counts_what_is_there_and_one_outside_has_none(cube):
    with pytest.warns(UserWarning, match="1 of 2 places lie outside the cube"):
        found = eow.run(Brightness, cube, places=places(cube, (0, 0), (100, 0)))
    assert found["mean"][0] == pytest.approx(0.05)  # a quarter of the chip; the rest is 0
    assert np.isnan(found["mean"][1])
    assert found["kind"].isna().tolist() == [False, True]


def test_chips_have_the_pixel_size_of_the_model(cube):
    fine = type("Coarse", (Brightness,), {"feed": eow.Chips(bands=("red",), size=8, resolution=20.0)})
    found = eow.run(fine, cube, places=places(cube, (20, 20)))
    assert found["mean"][0] == pytest.approx(0.5)


def test_a_folder_of_images(tmp_path):
    for name, value in (("a/one.tif", 0.1), ("b/two.tif", 0.9)):
        (tmp_path / name).parent.mkdir()
        with rasterio.open(tmp_path / name, "w", driver="GTiff", width=16, height=16, count=1, dtype="float32") as file:
            file.write(np.full((1, 16, 16), value, "float32"))
    found = eow.run(Brightness, tmp_path)
    assert list(found.index) == ["a/one.tif", "b/two.tif"]
    assert list(found["kind"]) == ["dark", "bright"]
    np.testing.assert_allclose(found["mean"], [0.1, 0.9], atol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda cube, at: eow.run(Brightness, cube), "one result per place: give places="),
        (lambda cube, at: eow.run("fill-linear", cube, places=at), "maps whole cubes"),
        (lambda cube, at: eow.run(Brightness, "nowhere"), "There is no folder 'nowhere'"),
        (lambda cube, at: eow.run("fill-linear", "nowhere"), "is a path: open it first"),
        (lambda cube, at: eow.run(Brightness, cube, places=at.set_crs(None, allow_override=True)), "with a CRS"),
        (lambda cube, at: eow.run(Brightness, cube, places=at.assign(kind=1)), "a column 'kind' already"),
        (lambda cube, at: eow.run(Brightness, cube, places=at, out="x.tif"), "in .gpkg, .parquet"),
        (lambda cube, at: eow.Chips(bands=("red",)), "Chips need a size"),
    ],
)
def test_what_does_not_fit_is_one_sentence(cube, call, words):
    with pytest.raises(eow.EowidgetsError, match=words):
        call(cube, places(cube, (20, 20)))


def test_an_image_that_is_damaged_or_lacks_a_band_is_named(tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no image")
    with pytest.raises(eow.EowidgetsError, match=r"bad\.png"):
        eow.run(Brightness, tmp_path)
