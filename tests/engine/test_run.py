from __future__ import annotations

import json

import numpy as np
import odc.geo.xr  # noqa: F401  (registers the accessor)
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.toys import Greedy, Identity, InTime, Mean, Noise, Patches, Smooth, TwoClasses

import eowidgets as eow
from eowidgets.contract.feeds import Windows
from eowidgets.errors import InputError, ModelError

few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@few
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 6), st.integers(1, 20), st.integers(1, 7))
def test_identity_comes_back_bit_for_bit(make_cube, height, width, halo, extra, batch):
    cube = make_cube(dates=2, height=height, width=width)
    cube["red"].values[0, : height // 2, width // 2 :] = np.nan

    class AnyHalo(Identity):
        feed = Windows(halo=halo)

    out = eow.run(AnyHalo(), cube, window=2 * halo + extra, batch=batch)
    hidden = ~np.isfinite(cube["red"].values)
    for band in ("red", "nir"):
        expected = np.where(hidden, np.float32("nan"), cube[band].values)
        assert out[band].values.tobytes() == expected.tobytes()
    np.testing.assert_array_equal(out["valid"], ~hidden)
    assert not out["clouds"].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (65, 129)])
def test_identity_with_windows_chosen_by_the_engine(make_cube, shape):
    cube = make_cube(height=shape[0], width=shape[1])
    out = eow.run(Identity, cube)
    np.testing.assert_array_equal(out["red"], cube["red"])
    assert out.odc.geobox == cube.odc.geobox


@pytest.mark.parametrize("window", [17, 24, 50, None])
def test_a_constant_field_stays_constant(make_cube, window):
    cube = make_cube(height=61, width=83, clouds=0)
    for band in ("red", "nir"):
        cube[band][:] = 0.3
    out = eow.run(Smooth, cube, window=window)
    np.testing.assert_allclose(out["red"], 0.3, atol=1e-6)
    np.testing.assert_allclose(out["nir"], 0.3, atol=1e-6)


@pytest.mark.parametrize("window", [18, 31])
def test_windows_leave_no_seams_where_the_halo_covers_the_reach_of_the_model(make_cube, window):
    cube = make_cube(height=70, width=75, clouds=0)
    whole = eow.run(Smooth, cube, window=128, precision="fp32")
    cut = eow.run(Smooth, cube, window=window, precision="fp32")
    np.testing.assert_allclose(cut["red"], whole["red"], atol=1e-6)


@few
@given(st.integers(1, 23), st.integers(1, 30))
def test_windows_in_time_are_joined_exactly(make_cube, dates, size):
    cube = make_cube(dates=dates, height=size, width=9)
    out = eow.run(InTime, cube, window=9)
    np.testing.assert_array_equal(out["nir"], cube["nir"])


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (16, 16), (37, 50)])
def test_a_model_of_one_window_size_always_gets_it(make_cube, shape):
    cube = make_cube(height=shape[0], width=shape[1])
    np.testing.assert_array_equal(eow.run(Patches, cube)["red"], cube["red"])


def test_means_are_those_of_numpy_and_unseen_pixels_stay_empty(make_cube):
    cube = make_cube(dates=5, height=20, width=21, clouds=0.5)
    out = eow.run(Mean, cube, window=8)
    seen = ~cube["clouds"].values
    with np.errstate(invalid="ignore"):
        expected = (cube["red"].values * seen).sum(0) / seen.sum(0)
    np.testing.assert_allclose(out["red"], expected, rtol=1e-6)
    assert np.isnan(out["red"].values[~seen.any(0)]).all()
    np.testing.assert_array_equal(out["valid"], seen.any(0))
    assert out["red"].dims == ("y", "x")
    assert "time" not in out.coords


def test_blocks_of_nan_do_not_bleed(make_cube):
    cube = make_cube(height=40, width=40, clouds=0)
    cube["red"][:] = 0.5
    cube["nir"][:] = 0.5
    cube["red"].values[:, 10:22, 15:30] = np.nan
    out = eow.run(Mean, cube, window=13)
    hole = np.zeros((40, 40), bool)
    hole[10:22, 15:30] = True
    assert np.isnan(out["red"].values[hole]).all()
    np.testing.assert_allclose(out["red"].values[~hole], 0.5, atol=1e-7)


def test_class_maps_blend_probabilities(make_cube):
    cube = make_cube(dates=1, height=30, width=31, clouds=0)
    cube["red"].values[0, 3, 4] = np.nan
    cube["valid"].values[0, 3, 4] = False
    out = eow.run(TwoClasses, cube, window=12)
    red = cube["red"].values[0]
    expected = np.where(np.isnan(red), 255, np.where(red >= 0.5, 3, 7))
    np.testing.assert_array_equal(out["cover"], expected)
    assert out["cover"].dtype == np.uint8
    np.testing.assert_allclose(out["cover_probability"], np.maximum(red, 1 - red), atol=1e-6)
    assert out["cover"].attrs["flag_meanings"] == "open_water forest"
    assert list(out["cover"].attrs["flag_values"]) == [3, 7]
    assert out["cover"].attrs["colors"] == "#0000ff #00aa00"


def test_class_maps_follow_the_mean_of_two_windows_not_their_labels(make_cube):
    class Side(TwoClasses):
        """Sure of class one in the first window, unsure of class two in the second."""

        def predict(self, batch):
            first = torch.as_tensor([0.9, 0.4])[torch.arange(batch.x.shape[0]) % 2]
            p = first[:, None, None].expand(batch.x.shape[0], *batch.x.shape[-2:])
            return {"cover": torch.stack([p, 1 - p], dim=1), "red_mean": p}

    cube = make_cube(dates=1, height=20, width=32, clouds=0)
    out = eow.run(Side, cube, window=20, batch=2)  # one row of two windows
    p = out["red_mean"].values
    np.testing.assert_array_equal(out["cover"], np.where(p >= 0.5, 3, 7))
    assert 0.4 < p[0, 15] < 0.9


def test_out_of_memory_halves_the_batch_then_the_window_and_says_so(make_cube):
    cube = make_cube(height=150, width=250, clouds=0)
    expected = eow.run(Smooth, cube, window=64, batch=4, precision="fp32")
    job = eow.submit(Greedy, cube, window=64, batch=4, precision="fp32")
    out = job.result(60)
    np.testing.assert_allclose(out["red"], expected["red"], atol=1e-6)
    said = [line for line in job.log if "Out of memory" in line]
    assert [s.split("Out of memory: ")[1] for s in said] == [
        "the batch is now 2.",
        "the batch is now 1.",
        "windows are now computed in parts of 32 pixels.",
    ]


def test_memory_that_is_never_enough_is_said_in_one_sentence(make_cube):
    class Hopeless(Greedy):
        limit = 0

    with pytest.raises(ModelError, match="runs out of memory"):
        eow.run(Hopeless, make_cube(height=50, width=50), window=32)


def test_any_other_failure_of_a_model_names_the_place(make_cube):
    class Broken(Identity):
        def predict(self, batch):
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied\nmore\nlines")

    with pytest.raises(ModelError, match=r"rows 0 to 7, columns 0 to 8: mat1 and mat2 shapes cannot be multiplied$"):
        eow.run(Broken, make_cube())


def test_wrong_shapes_are_refused(make_cube):
    class Flat(Identity):
        def predict(self, batch):
            return {"same": batch.raw[:, 0]}

    with pytest.raises(ModelError, match="must be"):
        eow.run(Flat, make_cube())


def test_seeds_make_random_models_repeatable_and_leave_the_users_generator_alone(make_cube):
    cube = make_cube(height=30, width=30, clouds=0)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    a = eow.run(Noise, cube, window=16, seed=1)
    assert torch.rand(1) == expected
    b, c = eow.run(Noise, cube, window=16, seed=1), eow.run(Noise, cube, window=16, seed=2)
    np.testing.assert_array_equal(a["noise"], b["noise"])
    assert not np.array_equal(a["noise"], c["noise"])
    assert len(np.unique(a["noise"])) > 800  # no window repeats another


def test_lazy_cubes_give_the_same_as_loaded_ones(make_cube):
    cube = make_cube(height=70, width=60)
    lazy = cube.chunk({"y": 32, "x": 25, "time": 2})
    np.testing.assert_array_equal(eow.run(Smooth, lazy, window=24)["red"], eow.run(Smooth, cube, window=24)["red"])


def test_results_carry_their_provenance(make_cube):
    out = eow.run(Noise, make_cube(), seed=3, scale=0.5)
    notes = json.loads(out.attrs["provenance"])
    assert notes["model"] == "toy-noise"
    assert notes["parameters"] == {"scale": 0.5}
    assert notes["seed"] == 3
    assert notes["dates"][0].startswith("2020-01-03")
    assert notes["input"]["bands"] == ["red", "nir"]
    # The wheel of PyPI has its CUDA version in `__version__` only, that of PyTorch's own index in the metadata as well.
    assert notes["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert notes["engine"]["device"] == "cpu"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"window": 0}, "window of run is 0: give a whole number of pixels"),
        ({"batch": "many"}, "batch of run is 'many': give a whole number"),
        ({"memory": "lots"}, "Memory is 'lots'"),
        ({"precision": "fp8"}, "precision of run is 'fp8': give 'auto', 'fp32' or 'bf16'"),
        ({"device": "tpu9"}, "device 'tpu9'"),
        ({"seed": 1.5}, "seed of run is 1.5: give a whole number"),
        ({"wibble": 1}, "no parameter named 'wibble'"),
        ({"out": "result.xyz"}, "end the name in"),
        ({"out": "/nowhere/at/all.zarr"}, "does not exist"),
    ],
)
def test_bad_options_are_refused_in_one_sentence(make_cube, options, words):
    with pytest.raises(InputError, match=words) as caught:
        eow.run(Identity, make_cube(), **options)
    assert "\n" not in str(caught.value)


def test_cubes_that_do_not_fit_are_refused(make_cube):
    class Picky(Identity):
        feed = Windows(bands=("red", "swir16"), min_dates=2)

    class Patient(Identity):
        feed = Windows(min_dates=12)

    with pytest.raises(ModelError, match="swir16"):
        eow.run(Picky, make_cube())
    with pytest.raises(ModelError, match="at least 12 dates"):
        eow.run(Patient, make_cube())
    with pytest.raises(InputError, match="give an xarray Dataset"):
        eow.run(Identity, np.zeros((2, 3, 4)))
    with pytest.raises(InputError, match="no CRS"):
        eow.run(Identity, make_cube().drop_vars("spatial_ref"))
    with pytest.raises(InputError, match="is empty"):
        eow.run(Identity, make_cube().isel(x=slice(0, 0)))
