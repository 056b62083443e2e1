"""Results on disk: the same values, provenance, and nothing that looks complete when it is not."""

from __future__ import annotations

import errno
import json
import resource
import signal

import numpy as np
import odc.geo.xr  # noqa: F401  (registers the accessor)
import pytest
import rasterio
import xarray as xr
from support.toys import Gate, Identity, Mean, Smooth, TwoClasses

import eowidgets as eow
from eowidgets.engine.job import Cancelled
from eowidgets.engine.writers.disk import open_result
from eowidgets.engine.writers.store import ZarrWriter
from eowidgets.errors import InputError, SourceError

FORMATS = ("zarr", "tif", "nc")
WAIT = 30


def left(folder):
    """Files in a folder, without the companions of a GeoTIFF."""
    companions = {"r.qml", "r.json", "r_quality.tif", "r_probability.tif"}
    return sorted(p.name for p in folder.iterdir() if p.name not in companions)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("model", [Smooth, TwoClasses, Mean])
def test_on_disk_is_what_would_be_in_memory(make_cube, tmp_path, suffix, model):
    cube = make_cube(dates=3, height=300, width=70)
    cube["red"].values[:, 40:60, 3:9] = np.nan
    memory = eow.run(model, cube, window=48)
    out = eow.run(model, cube, out=tmp_path / f"r.{suffix}", window=48)
    for name, expected in memory.data_vars.items():
        np.testing.assert_array_equal(out[name], expected)
        assert out[name].dtype == expected.dtype
        assert out[name].dims == expected.dims
        assert set(out[name].attrs) >= {"role"}
    assert list(out.data_vars) == list(memory.data_vars)
    assert out.odc.geobox == cube.odc.geobox
    assert out.rio.crs == cube.rio.crs
    assert json.loads(out.attrs["provenance"]) == json.loads(memory.attrs["provenance"])
    assert out.attrs["title"] == "made up"
    assert left(tmp_path) == [f"r.{suffix}"]


def test_a_geotiff_is_cloud_optimised_and_named(make_cube, tmp_path):
    eow.run(Identity, make_cube(height=700, width=600), out=tmp_path / "r.tif")
    with rasterio.open(tmp_path / "r.tif") as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert file.overviews(1) == [2]
        assert file.descriptions[:2] == ("red 2020-01-03", "nir 2020-01-03")
        assert np.isnan(file.nodata)
        assert json.loads(file.tags()["provenance"])["model"] == "toy-identity"


def test_a_class_map_stays_whole_numbers_next_to_its_probability(make_cube, tmp_path):
    class Only(TwoClasses):
        def outputs(self, bands):
            return super().outputs(bands)[:1]

    eow.run(Only, make_cube(), out=tmp_path / "r.tif")
    with rasterio.open(tmp_path / "r.tif") as file:
        assert (file.count, file.dtypes, file.descriptions) == (1, ("uint8",), ("cover",))
        assert set(np.unique(file.read(1))) <= {3, 7}
        assert file.colormap(1)[3][3] == 255
    with rasterio.open(tmp_path / "r_probability.tif") as file:
        assert file.descriptions == ("cover_probability",)
    assert (tmp_path / "r.qml").is_file()


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_was_cancelled_is_not_there_and_goes_on_later(make_cube, tmp_path, suffix):
    cube = make_cube(height=40, width=16)
    path = tmp_path / f"r.{suffix}"
    model = Gate()
    # A memory of next to nothing makes strips of 16 rows.
    job = eow.submit(model, cube, out=path, window=8, batch=2, memory="50kB")
    for _ in range(4):
        assert model.entered.acquire(timeout=WAIT)
        model.gate.release()
    assert model.entered.acquire(timeout=WAIT)
    job.cancel()
    model.gate.release()
    with pytest.raises(Cancelled):
        job.result(WAIT)
    assert not path.exists()
    assert (tmp_path / f"r.{suffix}.partial").is_dir()

    for _ in range(5):
        model.gate.release()
    again = eow.submit(model, cube, out=path, window=8, batch=2, memory="50kB")
    out = again.result(WAIT)
    assert any("Continuing" in line for line in again.log)
    np.testing.assert_array_equal(out["red"], cube["red"])
    assert left(tmp_path) == [path.name]


def test_another_run_of_the_same_name_starts_over(make_cube, tmp_path):
    cube = make_cube(height=40, width=16)
    model = Gate()
    job = eow.submit(model, cube, out=tmp_path / "r.zarr", window=8, batch=2, memory="50kB")
    for _ in range(4):
        assert model.entered.acquire(timeout=WAIT)
        model.gate.release()
    assert model.entered.acquire(timeout=WAIT)
    job.cancel()
    model.gate.release()
    with pytest.raises(Cancelled):
        job.result(WAIT)
    changed = cube.copy(deep=True)
    changed["red"].values[0, 0, 0] += 0.25
    for _ in range(10):
        model.gate.release()
    again = eow.submit(model, changed, out=tmp_path / "r.zarr", window=8, batch=2, memory="50kB")
    np.testing.assert_array_equal(again.result(WAIT)["red"], changed["red"])
    assert not any("Continuing" in line for line in again.log)


def test_two_runs_do_not_write_one_result(make_cube, tmp_path):
    model = Gate()
    job = eow.submit(model, make_cube(), out=tmp_path / "r.zarr", window=16, batch=1)
    assert model.entered.acquire(timeout=WAIT)
    with pytest.raises(InputError, match="Another run is writing"):
        eow.run(Identity, make_cube(), out=tmp_path / "r.zarr")
    model.gate.release()
    job.result(WAIT)


def test_our_own_result_is_replaced_and_nobody_elses(make_cube, tmp_path):
    cube = make_cube()
    for suffix in FORMATS:
        path = tmp_path / f"r.{suffix}"
        eow.run(Identity, cube, out=path)
        eow.run(Identity, cube.isel(time=slice(0, 2)), out=path)
        assert open_result(path).sizes["time"] == 2
    (tmp_path / "mine.tif").write_bytes(b"precious")
    with pytest.raises(InputError, match="was not written by this package"):
        eow.run(Identity, cube, out=tmp_path / "mine.tif")
    assert (tmp_path / "mine.tif").read_bytes() == b"precious"
    (tmp_path / "folder.zarr").mkdir()
    with pytest.raises(InputError, match="was not written by this package"):
        eow.run(Identity, cube, out=tmp_path / "folder.zarr")


def test_a_full_disk_is_one_sentence_and_the_run_goes_on_when_there_is_room(make_cube, tmp_path, monkeypatch):
    cube = make_cube(height=64, width=16)
    real, calls = ZarrWriter.write, []

    def full(self, strip):
        calls.append(strip.start)
        if strip.start >= 32:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(self, strip)

    monkeypatch.setattr(ZarrWriter, "write", full)
    with pytest.raises(SourceError, match=r"the disk is full.*kept in 'r.zarr.partial'") as caught:
        eow.run(Identity, cube, out=tmp_path / "r.zarr", window=8, memory="50kB")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "r.zarr").exists()
    monkeypatch.setattr(ZarrWriter, "write", lambda self, strip: (calls.append(strip.start), real(self, strip)))
    calls.clear()
    out = eow.run(Identity, cube, out=tmp_path / "r.zarr", window=8, memory="50kB")
    assert calls == [32, 48]
    np.testing.assert_array_equal(out["red"], cube["red"])


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_limit_on_file_size_leaves_nothing_that_looks_complete(make_cube, tmp_path, suffix):
    cube = make_cube(height=256, width=256, clouds=0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, hard))
    try:
        with pytest.raises(SourceError):
            eow.run(Identity, cube, out=tmp_path / f"r.{suffix}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, old)
    assert not (tmp_path / f"r.{suffix}").exists()
    out = eow.run(Identity, cube, out=tmp_path / f"r.{suffix}")
    np.testing.assert_array_equal(out["nir"], cube["nir"])


def test_hostile_words_in_a_card_are_only_words(make_cube, tmp_path):
    from eowidgets.contract.card import Card

    class Rude(Identity):
        name = "rude"
        card = Card(title='"; rm -rf / <script>alert(1)</script>\n\0 {{x}}', licence="../../../etc/passwd")

    for suffix in FORMATS:
        out = eow.run(Rude, make_cube(), out=tmp_path / f"r.{suffix}")
        assert json.loads(out.attrs["provenance"])["card"]["title"] == Rude.card.title


def test_plain_xarray_opens_the_results_too(make_cube, tmp_path):
    cube = make_cube()
    eow.run(Identity, cube, out=tmp_path / "r.nc")
    eow.run(Identity, cube, out=tmp_path / "r.zarr")
    for opened in (xr.open_dataset(tmp_path / "r.nc"), xr.open_zarr(tmp_path / "r.zarr")):
        np.testing.assert_array_equal(opened["red"], cube["red"])
        assert opened["valid"].dtype == bool


@pytest.mark.parametrize("source", ["in.zarr", "in.nc", "in_2020-01-03.tif", "result.zarr", "result.nc", "result.tif"])
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("lazy", [False, True])
def test_our_own_files_are_inputs_for_every_format(make_cube, tmp_path, source, suffix, lazy):
    cube, path = make_cube(height=40, width=30), tmp_path / source
    if source.startswith("result"):
        eow.run(Identity, cube, out=path)
    else:
        getattr(cube.eow, {".zarr": "to_zarr", ".nc": "to_netcdf", ".tif": "to_geotiff"}[path.suffix])(path)
    opened = eow.open(path, **({"chunks": {}} if lazy else {}))
    for _ in range(2):  # the second one replaces the first
        out = eow.run(Identity, opened, out=tmp_path / f"r.{suffix}")
        np.testing.assert_array_equal(out["red"], opened["red"].where(opened["valid"]))
