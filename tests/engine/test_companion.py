"""Models of two sources: 10 m optical and 20 m radar, matched on the ground."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.errors import EowidgetsError, InputError, ModelError
from eowidgets.testing import check_model


class Fusion(eow.Model):
    """Gives red, and the last radar backscatter on every pixel of it."""

    name = "toy-fusion"
    task = eow.Task.REGRESS
    card = eow.Card(title="Two sources", summary="Red, and radar on its pixels.", licence="Apache-2.0")
    feed = eow.Windows(
        bands=("red",), resolution=10, halo=2, sources=(eow.Source(name="radar", bands=("vv",), resolution=20),)
    )

    def outputs(self, bands):
        return (eow.Value("red", needs="any"), eow.Value("radar", needs="any"), eow.Value("seen", needs="any"))

    def predict(self, batch):
        radar = batch.sources["radar"]
        assert radar.resolution == 20
        assert radar.bands == ("vv",)
        h, w = batch.x.shape[-2:]

        def spread(plane):
            return plane.repeat_interleave(2, -2).repeat_interleave(2, -1)[..., :h, :w]

        return {
            "red": batch.x[:, 0, 0],
            "radar": spread(radar.x[:, -1, 0]),
            "seen": spread(radar.usable[:, -1].float()),
        }


def cube(band, metres, height, width, *, dates=2, top=5_000_000.0, left=500_000.0, seed=0, crs="EPSG:32635"):
    values = np.random.default_rng(seed).random((dates, height, width), dtype="float32")
    made = xr.Dataset(
        {band: (("time", "y", "x"), values)},
        {
            "time": np.datetime64("2020-01-01", "ns") + np.arange(dates) * np.timedelta64(12, "D"),
            "y": top - metres * (np.arange(height) + 0.5),
            "x": left + metres * (np.arange(width) + 0.5),
        },
    )
    return made.rio.write_crs(crs)


@pytest.fixture(scope="module")
def optical():
    return cube("red", 10, 90, 70)


@pytest.fixture(scope="module")
def radar():
    return cube("vv", 20, 45, 35, dates=3, seed=1)


def spread(radar, height, width):
    return np.kron(radar.vv[-1].values, np.ones((2, 2), "float32"))[:height, :width]


def test_each_window_has_the_same_ground_of_both(optical, radar):
    result = eow.run(Fusion, {"optical": optical, "radar": radar})
    assert result.red.identical(result.red)
    np.testing.assert_array_equal(result.red.values, optical.red[0].values)
    np.testing.assert_array_equal(result.radar.values, spread(radar, 90, 70))
    assert (result.seen == 1).all()


@settings(max_examples=12, deadline=None)
@given(
    window=st.integers(4, 40).map(lambda n: 2 * n),
    height=st.integers(9, 90),
    width=st.integers(9, 70),
    batch=st.integers(1, 5),
)
def test_the_result_does_not_depend_on_the_windows(optical, radar, window, height, width, batch):
    part = optical.isel(y=slice(0, height), x=slice(0, width))
    result = eow.run(Fusion, {"optical": part, "radar": radar}, window=window, batch=batch)
    np.testing.assert_array_equal(result.radar.values, spread(radar, height, width))


def test_a_source_that_starts_elsewhere_is_found_by_its_coordinates(optical, radar):
    moved = optical.isel(y=slice(20, None), x=slice(10, None))
    result = eow.run(Fusion, {"optical": moved, "radar": radar}, window=16)
    np.testing.assert_array_equal(result.radar.values, spread(radar, 90, 70)[20:, 10:])


def test_ground_that_the_source_does_not_cover_is_not_seen(optical, radar):
    result = eow.run(Fusion, {"optical": optical, "radar": radar.isel(x=slice(0, 20))}, window=16)
    assert (result.seen.values[:, :40] == 1).all()
    assert (result.seen.values[:, 42:] == 0).all()
    assert (result.radar.values[:, 42:] == 0).all()


def test_clouds_of_a_source_are_not_averaged_in(optical, radar):
    clouds = xr.zeros_like(radar.vv, dtype=bool)
    clouds[-1, 10:20, 10:20] = True
    spoilt = radar.assign(vv=radar.vv.where(~clouds, 1e6), clouds=clouds)
    result = eow.run(Fusion, {"optical": optical, "radar": spoilt})
    assert float(result.radar.max()) < 1
    assert (result.seen.values[20:40, 20:40] == 0).all()


def test_a_finer_source_is_averaged(optical):
    fine = cube("vv", 5, 180, 140, seed=2)
    result = eow.run(Fusion, {"optical": optical, "radar": fine})
    mean = fine.vv[-1].values.reshape(45, 4, 35, 4).mean((1, 3))
    np.testing.assert_allclose(result.radar.values, np.kron(mean, np.ones((2, 2))), atol=1e-6)


def test_a_source_in_another_crs_is_reprojected(optical):
    lon = xr.DataArray(np.linspace(26.995, 27.02, 400), dims="x")
    lat = xr.DataArray(np.linspace(45.16, 45.14, 400), dims="y")
    values = (1000 * (lon - 27) + 0 * lat).transpose("y", "x").values.astype("float32")
    made = xr.Dataset(
        {"vv": (("time", "y", "x"), np.stack([values, values]))},
        {"time": np.array(["2020-01-01", "2020-02-01"], "datetime64[ns]"), "y": lat.values, "x": lon.values},
    ).rio.write_crs(4326)
    result = eow.run(Fusion, {"optical": optical, "radar": made}, window=32)
    from pyproj import Transformer

    # Centres of the 20 m cells.
    x, y = np.meshgrid(500_000 + 20 * (np.arange(35) + 0.5), 5_000_000 - 20 * (np.arange(45) + 0.5))
    wanted, _ = Transformer.from_crs(32635, 4326, always_xy=True).transform(x, y)
    there = result.seen.values[::2, ::2] == 1
    assert there.mean() > 0.9
    np.testing.assert_allclose(result.radar.values[::2, ::2][there], 1000 * (wanted - 27)[there], atol=2e-3)


@pytest.mark.parametrize("window", [None, 16])
def test_pixels_of_another_size_of_the_main_cube_are_resampled(radar, window):
    coarse = cube("red", 20, 45, 35)
    ramp = radar.assign(vv=radar.vv * 0 + (radar.x - 500_000) / 1000 + (5_000_000 - radar.y) / 1000)
    result = eow.run(Fusion, {"optical": coarse, "radar": ramp}, window=window)
    inner = (slice(2, -2), slice(2, -2))  # a smaller image is made from neighbours, which an edge lacks
    np.testing.assert_allclose(result.radar.values[inner], ramp.vv[-1].values[inner], atol=2e-3)


def test_the_result_notes_both_and_is_made_again(optical, radar, tmp_path):
    cubes = {"optical": optical, "radar": radar}
    kept = eow.run(Fusion, cubes, out=tmp_path / "fusion.zarr", window=32)
    assert '"radar"' in kept.attrs["provenance"]
    assert eow.rerun(kept, cube=cubes, model=Fusion).identical
    with pytest.raises(InputError, match="several cubes"):
        eow.rerun(kept, cube=optical, model=Fusion)


def test_another_source_is_another_run(optical, radar, tmp_path):
    out = tmp_path / "fusion.zarr"
    first = eow.run(Fusion, {"optical": optical, "radar": radar}, out=out).load()
    other = eow.run(Fusion, {"optical": optical, "radar": radar + 1}, out=out).load()
    np.testing.assert_allclose(other.radar.values, first.radar.values + 1, atol=1e-6)


def test_lazy_sources_are_read_as_needed(optical, radar):
    lazy = radar.chunk({"y": 10, "x": 10})
    result = eow.run(Fusion, {"optical": optical.chunk({"y": 16}), "radar": lazy}, window=16, memory="10MB")
    np.testing.assert_array_equal(result.radar.values, spread(radar, 90, 70))


def test_too_little_memory_is_no_reason_for_another_result(optical, radar, monkeypatch):
    class Greedy(Fusion):
        name = "toy-greedy-fusion"

        def predict(self, batch):
            if batch.x.shape[-1] > 16:
                raise MemoryError
            return super().predict(batch)

    result = eow.run(Greedy, {"optical": optical, "radar": radar}, window=64)
    np.testing.assert_array_equal(result.radar.values, spread(radar, 90, 70))


@pytest.mark.parametrize(
    ("cubes", "words"),
    [
        (lambda a, b: a, "give a dict"),
        (lambda a, b: {"optical": a}, "one main cube and radar"),
        (lambda a, b: {"optical": a, "other": a, "radar": b}, "one main cube and radar"),
        (lambda a, b: {"radar": b}, "one main cube and radar"),
        (lambda a, b: {"optical": a, "radar": a}, "the cube 'radar' has red"),
        (lambda a, b: {"optical": a, "radar": b.assign_coords(x=b.x + 1e5)}, "lies outside the main cube"),
        (lambda a, b: {"optical": a, "radar": 3}, "a mapping to an xarray Dataset"),
    ],
)
def test_wrong_cubes_are_refused_in_one_sentence(optical, radar, cubes, words):
    with pytest.raises(EowidgetsError, match=words):
        eow.run(Fusion, cubes(optical, radar))


def test_a_model_of_one_cube_takes_no_dict(optical):
    with pytest.raises(InputError, match="takes one cube"):
        eow.run("fill-linear", {"optical": optical})


def test_a_window_that_cuts_pixels_of_a_source_is_refused(optical, radar):
    class Odd(Fusion):
        name = "toy-odd-fusion"
        feed = eow.Windows(bands=("red",), size=15, sources=(eow.Source(name="radar", bands=("vv",), resolution=20),))

    with pytest.raises(ModelError, match="multiple of 2"):
        eow.run(Odd, {"optical": optical, "radar": radar})


def test_two_sources_of_one_name_are_refused():
    one = eow.Source(name="radar", bands=("vv",))
    with pytest.raises(InputError, match="name of its own"):
        eow.Windows(sources=(one, one))
    with pytest.raises(InputError, match="a name that is a word"):
        eow.Source(bands=("vv",))


def test_a_place_on_the_ground_is_as_torch_interpolates(optical):
    """A source of 15 m, in which cells of 20 m lie between pixels."""
    between = cube("vv", 15, 60, 50, seed=3)
    result = eow.run(Fusion, {"optical": optical, "radar": between}, window=32)
    values = torch.tensor(between.vv[-1].values)[None, None]
    rows = (20 * (np.arange(45) + 0.5)) / 15 - 0.5
    columns = (20 * (np.arange(35) + 0.5)) / 15 - 0.5
    grid = torch.tensor(
        np.stack(np.meshgrid(2 * (columns + 0.5) / 50 - 1, 2 * (rows + 0.5) / 60 - 1), -1)[None]
    ).float()
    wanted = torch.nn.functional.grid_sample(values, grid, align_corners=False)[0, 0].numpy()
    np.testing.assert_allclose(result.radar.values[::2, ::2], wanted, atol=1e-5)


def test_the_model_keeps_the_contract():
    check_model(Fusion)
