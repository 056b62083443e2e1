"""A model that states its pixel size, on cubes of another."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from support.toys import CARD

import eowidgets as eow
from eowidgets.contract.feeds import Windows
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Bands, Classes
from eowidgets.contract.task import Task


class Ten(Model):
    """Gives its input back, and notes at which pixel size and how large it came."""

    name = "toy-ten"
    task = Task.RECONSTRUCT
    card = CARD
    feed = Windows(resolution=10.0, size=32, halo=4, multiple=8)
    seen: set

    def outputs(self, bands):
        return (Bands("same", "tyx"), Classes("half", classes=HALVES))

    def predict(self, batch):
        type(self).seen.add((batch.resolution, tuple(batch.x.shape[-2:])))
        left = torch.ones_like(batch.x[:, 0, 0])
        return {"same": batch.raw, "half": torch.stack([left, 1 - left], 1)}


HALVES = (ClassInfo(0, "left", "#000000"), ClassInfo(1, "right", "#ffffff"))


@pytest.fixture(autouse=True)
def fresh():
    Ten.seen = set()


def coarse(make_cube, step, **sizes):
    """A smooth cube of ``step`` metres, without clouds."""
    cube = make_cube(dates=2, **sizes).drop_vars("clouds")
    cube["valid"][:] = True
    cube = cube.assign_coords(y=-step * np.arange(cube.sizes["y"]), x=step * np.arange(cube.sizes["x"]))
    cube = cube.drop_vars("spatial_ref").rio.write_crs("EPSG:32635").rio.write_transform()
    ramp = (cube.y.values[:, None] * 0.3 + cube.x.values[None] * 0.5).astype("float32") / 1000 / step
    for band in ("red", "nir"):
        cube[band][:] = ramp
    return cube


@pytest.mark.parametrize("step", [5.0, 7.0, 20.0, 33.0])
def test_the_model_sees_its_own_pixel_size_and_the_cube_gets_its_own(make_cube, step):
    cube = coarse(make_cube, step, height=70, width=90)
    result = eow.run(Ten, cube)
    assert {shape for _, shape in Ten.seen} == {(32, 32)}
    assert all(resolution == pytest.approx(10, rel=1e-3) for resolution, _ in Ten.seen)
    assert dict(result.sizes) == dict(cube.sizes)
    # A ramp survives resampling there and back but near the border, where there is nothing to interpolate with.
    np.testing.assert_allclose(result.red[:, 8:-8, 8:-8], cube.red[:, 8:-8, 8:-8], atol=2e-4)
    assert (result.half == 0).all()


def test_what_was_not_seen_is_not_averaged_in(make_cube):
    cube = coarse(make_cube, 20.0, height=40, width=40)
    cube["red"][:, 10:20, 10:20] = np.nan
    result = eow.run(Ten, cube)
    assert result.red[:, 10:20, 10:20].isnull().all()
    around = result.red.where(cube.red.notnull())
    np.testing.assert_allclose(around[:, 9, 5:25], cube.red[:, 9, 5:25], atol=2e-3)
    assert not result.valid[:, 10:20, 10:20].any()


def test_the_same_pixel_size_is_left_alone(make_cube):
    cube = coarse(make_cube, 10.0, height=40, width=40)
    result = eow.run(Ten, cube)
    np.testing.assert_array_equal(result.red, cube.red)


def test_it_is_said_and_written_down(make_cube):
    job = eow.submit(Ten, coarse(make_cube, 20.0, height=20, width=20))
    result = job.result(60)
    assert any("20 m are resampled to the 10 m" in line for line in job.log)
    assert '"resampled_to": 10.0' in result.attrs["provenance"]
    assert "test_fitted.Ten" in result.attrs["provenance"]
