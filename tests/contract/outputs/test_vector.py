import numpy as np
import pytest
import torch
import xarray as xr
from support.toys import CARD

import eowidgets as eow


class PatchMeans(eow.Model):
    """Mean of each band over patches of 4 pixels, on windows that the patches divide."""

    name = "patch-means"
    task = eow.Task.EMBED
    card = CARD
    feed = eow.Windows(halo=4, multiple=4)
    stride = 4

    def outputs(self, bands):
        return (eow.Vector(size=len(bands), stride=self.stride),)

    def predict(self, batch):
        x = batch.x.mean(dim=1)
        return {"embedding": torch.nn.functional.avg_pool2d(x, self.stride)}


def means(cube, stride=4):
    bands = [cube[b].values.mean(axis=0) for b in ("red", "nir")]
    h, w = (n // stride * stride for n in bands[0].shape)
    return np.stack([b[:h, :w].reshape(h // stride, stride, w // stride, stride).mean(axis=(1, 3)) for b in bands])


@pytest.mark.parametrize("window", [None, 16, 24])
def test_vectors_lie_on_the_grid_of_the_patches_whatever_the_window(make_cube, window):
    cube = make_cube(height=48, width=40, clouds=0)[["red", "nir"]]
    found = eow.run(PatchMeans, cube, window=window)
    assert found["embedding"].dims == ("feature", "y", "x")
    assert found.sizes == {"feature": 2, "y": 12, "x": 10}
    np.testing.assert_allclose(found["embedding"], means(cube), atol=1e-6)
    assert found.odc.geobox.boundingbox == cube.odc.geobox.boundingbox
    assert found["valid"].all()


def test_a_raster_that_the_patches_do_not_divide_has_a_last_patch_beyond_its_edge(make_cube):
    cube = make_cube(height=50, width=41, clouds=0)[["red", "nir"]]
    for window in (None, 16):
        found = eow.run(PatchMeans, cube, window=window)
        assert found.sizes == {"feature": 2, "y": 13, "x": 11}
        np.testing.assert_allclose(found["embedding"][:, :12, :10], means(cube), atol=1e-6)
        assert np.isfinite(found["embedding"]).all()


@pytest.mark.parametrize("suffix", ["zarr", "nc", "tif"])
def test_a_vector_comes_back_from_disk(make_cube, tmp_path, suffix):
    cube = make_cube(height=48, width=40, clouds=0)[["red", "nir"]]
    here = eow.run(PatchMeans, cube, window=16)
    there = eow.run(PatchMeans, cube, out=tmp_path / f"r.{suffix}", window=16)
    xr.testing.assert_equal(here["embedding"].drop_attrs(), there["embedding"].load().drop_attrs())
    again = eow.rerun(tmp_path / f"r.{suffix}", cube, model=PatchMeans)
    assert again.identical


def test_where_a_patch_was_never_observed_there_is_no_vector(make_cube):
    cube = make_cube(height=16, width=16, clouds=0)[["red", "nir"]]
    cube["red"][:, :4, :8] = np.nan
    found = eow.run(PatchMeans, cube)
    assert np.isnan(found["embedding"][:, 0, :2]).all()
    assert int(found["valid"].sum()) == 14


def test_the_area_cuts_patches(make_cube):
    cube = make_cube(height=48, width=40, clouds=0)[["red", "nir"]]
    box = cube.odc.geobox[8:24, 8:24].geographic_extent.boundingbox
    found = eow.run(PatchMeans, cube, area=tuple(box))
    assert found.sizes["y"] < 12
    assert np.isfinite(found["embedding"]).any()


@pytest.mark.parametrize(("feed", "words"), [({"halo": 2}, "halo of 2"), ({"halo": 4, "multiple": 2}, "multiple of 2")])
def test_windows_that_the_patches_do_not_divide_are_refused(make_cube, feed, words):
    odd = type("Odd", (PatchMeans,), {"feed": eow.Windows(**{"multiple": 4, **feed})})
    with pytest.raises(eow.EowidgetsError, match=words):
        eow.run(odd, make_cube())
