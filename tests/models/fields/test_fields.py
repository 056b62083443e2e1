"""U-Nets for field boundaries: sizes, stacks of dates, the shipped weights, and polygons."""

import numpy as np
import pytest
import torch
import xarray as xr
from support.labelled import CLASSES, labelled

import eowidgets as eow
from eowidgets.errors import InputError, ModelError
from eowidgets.models.fields.polygons import field_polygons
from eowidgets.models.fields.unet import PAPER, Fields, FieldsUNet, UNet
from eowidgets.models.fields.unet.card import BOUNDARY, FIELD, OTHER
from eowidgets.models.fields.unet.model import stack_of
from eowidgets.testing import check_model, tiny_cube


def test_the_paper_size_is_that_of_the_first_unet():
    with torch.device("meta"):
        # 31 031 685 for one channel and two classes (Ronneberger et al., 2015) without batch norm and with biases.
        assert sum(p.numel() for p in UNet(PAPER).parameters()) == 31_037_698


def test_a_stack_is_of_ndvi_where_the_bands_allow_it():
    batch = labelled((2, 3, 8, 8), ("red", "green", "nir")).batch
    x, bands = stack_of(batch)
    assert bands == ("ndvi",)
    red, nir = batch.x[:, :, 0], batch.x[:, :, 2]
    there = batch.usable
    torch.testing.assert_close(x[:, :, 0][there], ((nir - red) / (nir + red))[there].clamp(-1, 1))
    assert stack_of(labelled((2, 1, 8, 8), ("red", "green")).batch)[1] == ("red", "green")


@pytest.mark.parametrize(("bands", "dates"), [(("red", "nir"), 3), (("red", "green", "blue"), 1)])
def test_it_is_trained_on_stacks_and_runs(bands, dates, tmp_path):
    examples = labelled((16, dates, 32, 32), bands, noise=0.01)
    model = FieldsUNet(steps=40).fit(examples, CLASSES)
    found = model.predict(examples.batch)["kind"]
    there = examples.batch.usable.any(1)
    assert float((found.argmax(1) == examples.target)[there].float().mean()) > 0.7
    assert (model.feed.min_dates, model.feed.max_dates) == (dates, dates)
    assert "FAILED" not in str(check_model(model))
    copy = eow.load(model.save(tmp_path / "model.safetensors"))
    assert torch.equal(copy.predict(examples.batch)["kind"].nan_to_num(), found.nan_to_num())
    with pytest.raises(ModelError, match="at most"):
        eow.run(copy, tiny_cube(bands, dates=dates + 1, height=16, width=16))


def farm() -> xr.Dataset:
    """Four fields with dark hedges between them, at 2 m."""
    cube = tiny_cube(("red", "green", "blue"), dates=1, height=256, width=256, resolution=2.0)
    rng = np.random.default_rng(0)
    shade = np.full((256, 256), 0.12)
    for row in (0, 1):
        for column in (0, 1):
            top, left = 12 + row * 124, 12 + column * 124
            shade[top : top + 108, left : left + 108] = 0.25 + 0.06 * (2 * row + column)
    for band, gain in (("red", 1.0), ("green", 0.9), ("blue", 0.7)):
        cube[band][0] = (gain * shade + rng.normal(0, 0.01, shape := (256, 256))).astype("float32")
        assert cube[band].shape[1:] == shape
    cube["clouds"][:] = False
    cube["valid"][:] = True
    return cube


def test_the_shipped_weights_give_the_same_in_any_unit():
    cube = farm()
    found = eow.run("fields", cube)
    bright = cube.copy()
    for band in ("red", "green", "blue"):
        bright[band] = 3 * cube[band] + 0.1
    other = eow.run("fields", bright)
    assert float((found["field"] == other["field"]).mean()) > 0.995
    assert "FAILED" not in str(check_model(Fields()))


def test_polygons_of_a_map_of_four_fields():
    pytest.importorskip("skimage")
    pytest.importorskip("geopandas")
    cube = farm()
    classes = np.full((256, 256), BOUNDARY, "uint8")
    for top, left in ((12, 12), (12, 136), (136, 12), (136, 136)):
        classes[top : top + 108, left : left + 108] = FIELD
    classes[:4] = OTHER
    found = cube[["red"]].isel(time=0, drop=True).rename(red="field").copy(data={"field": classes})
    shapes = field_polygons(found)
    assert len(shapes) == 4
    assert shapes.crs == cube.rio.crs
    # They grow to meet in the middle of the boundary, and not into other land.
    assert shapes.union_all().area == pytest.approx(252 * 256 * 2.0**2)
    assert shapes["hectares"].sum() == pytest.approx(shapes.area.sum() / 10_000)
    assert len(field_polygons(found, least=7.0)) == 0
    degrees = found.rio.reproject("EPSG:4326", nodata=OTHER)
    np.testing.assert_allclose(field_polygons(degrees)["hectares"].sum(), shapes["hectares"].sum(), rtol=0.05)
    with pytest.raises(InputError, match="fields"):
        field_polygons(cube)
