from __future__ import annotations

import json

import numpy as np
import odc.geo.xr  # noqa: F401  (registers the accessor)
import pytest
from support.toys import Noise, Smooth, TwoClasses

import eowidgets as eow
from eowidgets.cube import schema
from eowidgets.engine.identity import state_hash
from eowidgets.engine.provenance import read
from eowidgets.engine.rerun import compare
from eowidgets.errors import InputError


@pytest.fixture(autouse=True)
def _known():
    for model in (Noise, Smooth, TwoClasses):
        eow.register(model, replace=True)


@pytest.mark.parametrize("suffix", ["zarr", "tif", "nc"])
@pytest.mark.parametrize("model", ["toy-noise", "toy-smooth", "toy-classes"])
def test_a_result_can_be_made_again_and_is_identical(make_cube, tmp_path, suffix, model):
    cube = make_cube(height=70, width=66)
    path = tmp_path / f"r.{suffix}"
    eow.run(model, cube, out=path, window=40, seed=7)
    again = eow.rerun(path, cube)
    assert again.identical, str(again)
    assert str(again) == "Made again: identical."


def test_a_rerun_uses_the_recorded_dates_area_and_parameters(romania, tmp_path):
    cube = romania.drop_vars(["blue", "scl"]).isel(time=slice(0, 9))
    box = cube.odc.geobox[20:60, 30:50].extent.to_crs("EPSG:4326").boundingbox
    out = eow.run("toy-noise", cube, area=tuple(box), scale=2.5)
    again = eow.rerun(out, romania)
    assert again.identical, str(again)
    notes = read(again.dataset)
    assert notes["parameters"] == {"scale": 2.5}
    assert notes["area"]["type"] == "Polygon"
    assert len(notes["dates"]) == 9


def test_a_result_of_a_sample_needs_nothing_but_itself(tmp_path):
    cube = eow.open("bouconne")
    names = list(schema.bands(cube))[:2]
    part = cube[[*names, "valid", "clouds"]].isel(time=slice(3, 8), x=slice(10, 60))
    eow.run("toy-smooth", part, out=tmp_path / "r.tif")
    assert eow.rerun(tmp_path / "r.tif").identical


@pytest.mark.parametrize(
    "opened", ["https://example.org/x.nc", "s3://bucket/x", "/no/such/file.nc", {"source": "romania"}]
)
def test_an_address_in_a_result_is_not_visited(make_cube, opened, monkeypatch):
    out = eow.run("toy-smooth", make_cube())
    notes = read(out)
    notes["input"]["opened"] = opened
    out.attrs["provenance"] = json.dumps(notes)
    with pytest.raises(InputError, match="which sample or file"):
        eow.rerun(out)


@pytest.mark.parametrize("part", ["engine", "dates", "input", "seed", "parameters"])
def test_damaged_provenance_is_one_sentence(make_cube, part):
    cube = make_cube()
    out = eow.run("toy-smooth", cube)
    notes = read(out)
    del notes[part]
    out.attrs["provenance"] = json.dumps(notes)
    with pytest.raises(InputError, match="is damaged"):
        eow.rerun(out, cube)


def test_other_pixels_are_found_out(make_cube, tmp_path):
    cube = make_cube(height=30, width=30, clouds=0)
    eow.run("toy-smooth", cube, out=tmp_path / "r.zarr")
    cube["red"].values[0, 3, 3] += 0.5
    again = eow.rerun(tmp_path / "r.zarr", cube)
    assert not again.identical
    assert set(again.differences) == {"red"}
    assert again.differences["red"] == pytest.approx(0.5 / 25, rel=0.05)
    assert "red by 0.02" in str(again)


def test_what_cannot_be_made_again_is_said(make_cube, tmp_path):
    cube = make_cube()
    out = eow.run("toy-smooth", cube)
    with pytest.raises(InputError, match="does not record which sample or file"):
        eow.rerun(out)
    with pytest.raises(InputError, match="has no 2020-01-03"):
        eow.rerun(out, cube.isel(time=slice(1, None)))
    with pytest.raises(InputError, match="does not cover the grid"):
        eow.rerun(out, cube.isel(x=slice(1, None)))
    with pytest.raises(InputError, match="no provenance"):
        eow.rerun(cube)
    with pytest.raises(InputError, match="There is no result"):
        eow.rerun(tmp_path / "none.zarr")


def test_weights_are_told_apart():
    one, two = Smooth(), Smooth()
    assert state_hash(one) == state_hash(two)
    two.net.weight.data[0, 0, 0, 0] += 1e-6
    assert state_hash(one) != state_hash(two)


def test_compare_takes_nan_for_equal(make_cube):
    cube = make_cube()
    cube["red"].values[0, 0, 0] = np.nan
    assert compare(cube, cube.copy(deep=True)) == {}
    assert compare(cube, cube.drop_vars("nir")) == {"nir": "missing"}
