"""A new kind of output is one class: nothing else in the package has to change."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
import xarray as xr
from shapely.geometry import Point
from support.toys import CARD

import eowidgets as eow
from eowidgets.contract.outputs import Gathered, Mosaic, Row, Variable


@dataclass(frozen=True)
class Angle(Mosaic):
    """A direction per pixel: sine and cosine are blended, degrees are stored."""

    def axes(self, dates, bands):
        return (2,)

    def variables(self, source):
        return (Variable(self.name, ("y", "x"), "float32", {**self.describe(), "units": "degree"}),)

    def finish(self, values, given, source):
        degrees = np.degrees(np.arctan2(values[0], values[1])) % 360
        return {self.name: np.where(given, degrees, np.nan).astype("float32")}


@dataclass(frozen=True)
class Peak(Gathered):
    """The brightest pixel of each window."""

    @property
    def columns(self):
        return ("value",)

    def records(self, item, size, dates):
        y, x, value = item
        return [Row(Point(x + 0.5, y + 0.5), {"value": value})]


class Slope(eow.Model):
    """Direction in which red increases."""

    name = "slope"
    task = eow.Task.REGRESS
    card = CARD
    feed = eow.Windows(bands=("red",), halo=4)

    def outputs(self, bands):
        return (Angle("aspect"),)

    def predict(self, batch):
        x = batch.x[:, 0, 0]
        across, down = (torch.gradient(x, dim=d)[0] for d in (2, 1))
        length = torch.hypot(across, down).clamp_min(1e-6)
        return {"aspect": torch.stack([down / length, across / length], dim=1)}


class Peaks(Slope):
    name = "peaks"
    feed = eow.Windows(bands=("red",))

    def outputs(self, bands):
        return (Peak("peak"),)

    def predict(self, batch):
        found = []
        for image in batch.x[:, 0, 0]:
            i = int(image.argmax())
            found.append((i // image.shape[1], i % image.shape[1], round(float(image.max()), 4)))
        return {"peak": found}


@pytest.fixture
def ramp(make_cube):
    cube = make_cube(dates=1, height=40, width=40, clouds=0)[["red"]]
    column = np.arange(40, dtype="float32")
    cube["red"][:] = 0.01 * column[None, :] + 0.005 * column[:, None]
    return cube


def test_a_new_raster_kind_is_blended_written_and_opened(ramp, tmp_path):
    here = eow.run(Slope, ramp, window=16)
    np.testing.assert_allclose(here["aspect"][1:-1, 1:-1], np.degrees(np.arctan2(0.5, 1)), atol=1e-3)
    for suffix in ("zarr", "nc", "tif"):
        there = eow.run(Slope, ramp, window=16, out=tmp_path / f"r.{suffix}")
        np.testing.assert_array_equal(there["aspect"], here["aspect"])
        assert eow.rerun(tmp_path / f"r.{suffix}", ramp, model=Slope).identical
    xr.testing.assert_allclose(here["aspect"], eow.run(Slope, ramp, window=24)["aspect"], atol=1e-3)


def test_a_new_kind_of_rows_is_gathered_and_written(ramp, tmp_path):
    found = eow.run(Peaks, ramp, window=20)
    assert len(found) == 4
    assert found["value"].max() == pytest.approx(0.585, abs=1e-4)
    there = eow.run(Peaks, ramp, window=20, out=tmp_path / "peaks.gpkg")
    assert sorted(there["value"]) == sorted(found["value"])
