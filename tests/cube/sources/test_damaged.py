"""Damaged files are one sentence, and a cut file never gives numbers."""

from __future__ import annotations

import json
import random
import shutil
import zipfile

import numpy as np
import pytest
import xarray as xr

import eowidgets as eow
from eowidgets.cube import export
from eowidgets.cube.export.stores import WRITTEN
from eowidgets.cube.sources.checked import reading
from eowidgets.cube.sources.netcdf3 import check_length
from eowidgets.engine.writers.disk import open_result
from eowidgets.errors import EowidgetsError, SourceError


def holds(read, reference):
    """Whether a file gives its numbers, or is refused in one sentence; anything else fails the test."""
    try:
        found = read().load()
    except EowidgetsError as error:
        assert "\n" not in str(error)
        return False
    np.testing.assert_allclose(found["red"].values, reference["red"].values, atol=1e-4)
    return True


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A cube as Zarr, a result as Zarr, GeoTIFF and NetCDF."""
    folder = tmp_path_factory.mktemp("stores")
    rng = np.random.default_rng(3)
    shape = (3, 20, 24)
    cube = xr.Dataset(
        {b: (("time", "y", "x"), rng.uniform(0.02, 0.6, shape).astype("float32")) for b in ("red", "nir")},
        coords={
            "time": np.array(["2019-01-01", "2019-02-01", "2019-03-01"], "datetime64[ns]"),
            "y": 5e6 - 10 * np.arange(20.0),
            "x": 5e5 + 10 * np.arange(24.0),
        },
    ).rio.write_crs("EPSG:32635")
    export.to_zarr(cube, folder / "c.zarr")
    export.to_netcdf(cube, folder / "c.nc")
    for name in ("r.zarr", "r.tif", "r.nc"):
        eow.run("fill-linear", cube, out=folder / name)
    return folder, cube


@pytest.mark.parametrize("name", ["c.zarr", "r.zarr"])
@pytest.mark.parametrize("how", ["missing", "cut", "empty"])
def test_no_file_of_a_store_can_be_lost_unnoticed(stores, tmp_path, name, how):
    folder, cube = stores
    opener = open_result if name == "r.zarr" else lambda p: eow.open(str(p))
    for file in sorted(p.relative_to(folder / name) for p in (folder / name).rglob("*") if p.is_file()):
        copy = tmp_path / name
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder / name, copy)
        damaged = copy / file
        if how == "missing":
            damaged.unlink()
        else:
            whole = damaged.read_bytes()
            damaged.write_bytes(whole[: len(whole) // 2] if how == "cut" else b"")
        same = holds(lambda copy=copy: opener(copy), cube)
        if not file.name.startswith((".z", "zarr")):
            assert not same or "spatial_ref" in file.parts, file  # the CRS is in the attributes


@pytest.mark.parametrize("name", ["c.nc", "r.nc", "r.tif"])
def test_cut_and_flipped_files(stores, tmp_path, name):
    folder, cube = stores
    rng = random.Random(5)
    whole = (folder / name).read_bytes()
    opener = (lambda p: eow.open(str(p))) if name == "c.nc" else open_result
    for _ in range(6):
        (tmp_path / name).write_bytes(whole[: rng.randrange(len(whole))])
        holds(lambda: opener(tmp_path / name), cube)
    for _ in range(6):
        damaged = bytearray(whole)
        for _ in range(20):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        (tmp_path / name).write_bytes(damaged)
        try:
            opener(tmp_path / name).load()
        except EowidgetsError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("chunks", [None, {"time": 1}])
def test_damage_shows_where_a_lazy_cube_is_read(stores, tmp_path, chunks):
    folder, _ = stores
    shutil.copytree(folder / "c.zarr", tmp_path / "c.zarr")
    chunk = next(p for p in (tmp_path / "c.zarr" / "red").rglob("*") if p.is_file() and p.name != "zarr.json")
    chunk.write_bytes(chunk.read_bytes()[:-7])
    with pytest.raises(SourceError, match=r"of 'c.zarr' cannot be read .*copy or create it again"):
        eow.open(tmp_path / "c.zarr", chunks=chunks).load()


def test_a_zip_archive_that_was_cut_or_flipped(stores, tmp_path):
    folder, cube = stores
    path = tmp_path / "c.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (folder / "c.zarr").rglob("*"):
            if file.is_file():
                archive.write(file, str(file.relative_to(folder / "c.zarr")))
    assert holds(lambda: eow.open(path), cube)
    whole, rng = path.read_bytes(), random.Random(1)
    for _ in range(6):
        path.write_bytes(whole[: rng.randrange(len(whole))])
        assert not holds(lambda: eow.open(path), cube)
    for at in (len(whole) // 3, len(whole) // 2, len(whole) - 200):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :])
        holds(lambda: eow.open(path), cube)


def test_chunks_of_the_fill_value_may_be_missing_in_stores_of_others(make_cube, tmp_path):
    cube = make_cube(dates=3).assign(red=make_cube(dates=3).red * np.nan)
    cube.to_zarr(tmp_path / "o.zarr", write_empty_chunks=False, consolidated=False)
    assert not (tmp_path / "o.zarr" / "red" / "c").exists()
    assert eow.open(tmp_path / "o.zarr").red.isnull().all()
    # Empty chunks of an export are written, so that one that is lost is noticed.
    export.to_zarr(cube, tmp_path / "e.zarr")
    found = eow.open(tmp_path / "e.zarr")
    assert found.red.isnull().all()
    assert WRITTEN not in found.attrs


def test_the_axes_of_stores_of_others_are_checked_as_well(make_cube, tmp_path):
    make_cube(dates=3).to_zarr(tmp_path / "o.zarr", zarr_format=2)
    (tmp_path / "o.zarr" / "x" / "0").unlink()
    with pytest.raises(SourceError, match=r"'o.zarr' is incomplete: 1 of 1 chunks of 'x' are missing"):
        eow.open(tmp_path / "o.zarr")


def test_a_record_of_chunks_that_does_not_fit_the_store_is_not_used(make_cube, tmp_path):
    cube = make_cube(dates=3).assign(red=make_cube(dates=3).red * np.nan)
    cube.attrs[WRITTEN] = json.dumps({"red": [[9, 9, 9], [9, 9, 9]]})
    cube.to_zarr(tmp_path / "o.zarr", write_empty_chunks=False)
    assert eow.open(tmp_path / "o.zarr").red.isnull().all()


@pytest.mark.parametrize("kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET", "NETCDF3_64BIT_DATA"])
@pytest.mark.parametrize("moving", [(), ("red",), ("red", "flag", "time")])
def test_a_classic_netcdf_file_that_was_cut_is_noticed(tmp_path, kind, moving):
    import netCDF4

    path = tmp_path / "c.nc"
    with netCDF4.Dataset(path, "w", format=kind) as file:
        file.title = "words of odd length"
        for name, size in {"time": 3, "y": 5, "x": 7}.items():
            file.createDimension(name, size)
        file.createDimension("record", None)
        for name, dtype, dims in (
            ("time", "f8", ()),
            ("red", "f4", ("y", "x")),
            ("flag", "i1", ("y", "x")),
            ("y", "f8", ("y",)),
        ):
            lead = () if name == "y" else ("record",) if name in moving else ("time",)
            file.createVariable(name, dtype, (*lead, *dims)).units = "1"
            file[name][:] = np.ones((*(() if name == "y" else (3,)), *(len(file.dimensions[d]) for d in dims)))
    check_length(path)
    whole = path.read_bytes()
    for length in (len(whole) - 4, len(whole) // 2, len(whole) - 150):
        path.write_bytes(whole[:length])
        with pytest.raises((SourceError, EOFError), match="incomplete: it has .* bytes that its header states|cut"):
            check_length(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.99])
def test_a_cut_classic_netcdf_file_is_not_opened(make_cube, tmp_path, share):
    path = tmp_path / "c.nc"
    make_cube(dates=3, height=30, width=40).drop_vars("clouds").to_netcdf(path, format="NETCDF3_64BIT")
    assert holds(lambda: eow.open(path), make_cube(dates=3, height=30, width=40))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(SourceError, match="incomplete"):
        eow.open(path)


def test_whatever_a_library_raises_is_one_sentence():
    for error in (KeyError("a\nb"), MemoryError(), zipfile.BadZipFile("x" * 500), AttributeError()):
        with pytest.raises(SourceError, match=r"^The pixels of 'f.nc' cannot be read") as caught, reading(file="f.nc"):
            raise error
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 250
    with pytest.raises(SourceError, match="^as it was$"), reading("f.nc"):
        raise SourceError("as it was")
    with pytest.raises(KeyboardInterrupt), reading("f.nc"):
        raise KeyboardInterrupt
