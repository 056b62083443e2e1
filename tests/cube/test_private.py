"""Nothing private in what leaves the machine."""

import json

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.cube.opened import note
from eowidgets.cube.opening import opening
from eowidgets.cube.private import public, scrub
from eowidgets.errors import InputError


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("/home/jane.doe/data/scene.tif", "scene.tif"),
        ("~/data/scene.tif", "scene.tif"),
        ("../data/scene.tif", "scene.tif"),
        (r"C:\Users\jane\scene.tif", "scene.tif"),
        ("file:///home/jane/a%20b.tif", "a b.tif"),
        (
            "https://account.blob.core.windows.net/c/x.tif?sv=1&sig=abc%3D",
            "https://account.blob.core.windows.net/c/x.tif",
        ),
        ("https://jane:secret@host.org:8080/x.tif#part", "https://host.org:8080/x.tif"),
        ("/vsicurl/https://host.org/x.tif?X-Amz-Signature=1", "https://host.org/x.tif"),
        ("s3://bucket/key.zarr", "s3://bucket/key.zarr"),
        ("romania", "romania"),
        ("m/s", "m/s"),
    ],
)
def test_public_form(source, expected):
    assert public(source) == expected


def test_below_the_working_directory_it_is_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert public(str(tmp_path / "data" / "a.tif")) == "data/a.tif"


def test_scrub_goes_into_longer_text_and_structures():
    text = "ncks -O /home/jane/in.nc out.nc; from https://h.org/x?token=1"
    assert scrub({"a": [text, 3]}) == {"a": ["ncks -O in.nc out.nc; from https://h.org/x", 3]}
    assert scrub("counts /m/sr") == "counts /m/sr"


@pytest.fixture
def secret(make_cube, tmp_path):
    folder = tmp_path / "jane.doe"
    folder.mkdir()
    cube = make_cube()
    cube.attrs |= {"source": "https://h.org/a.tif?sig=SECRET", "history": "gdalwarp /home/jane.doe/a.tif b.tif"}
    cube.eow.to_netcdf(folder / f"{tmp_path.name}.nc")
    return folder / f"{tmp_path.name}.nc"


@pytest.mark.parametrize("ending", ["tif", "nc", "zarr"])
def test_exports_and_results_hold_nothing_private(secret, tmp_path, ending):
    cube = eow.open(secret)
    writer = {"tif": "to_geotiff", "nc": "to_netcdf", "zarr": "to_zarr"}[ending]
    out = tmp_path / "out"
    out.mkdir()
    getattr(cube.eow, writer)(out / f"a.{ending}")
    result = eow.run("fill-linear", cube, out=out / f"r.{ending}")
    written = b"".join(p.read_bytes() for p in out.rglob("*") if p.is_file())
    for word in (b"jane.doe", b"SECRET", str(tmp_path).encode()):
        assert word not in written
    assert json.loads(result.attrs["provenance"])["input"]["opened"] == secret.name
    assert eow.rerun(out / f"r.{ending}").identical


def test_code_of_the_same_session_names_the_file_only(secret):
    cube = eow.open(secret)
    assert opening(cube) == f"eow.open({secret.name!r})"
    assert opening(cube.isel(x=slice(2, 5))) == f"eow.open({secret.name!r}).isel(x=slice(2, 5))"


def test_a_signed_address_is_noted_without_its_query(make_cube):
    cube = note(make_cube(), "https://u:p@h.org/stac?sig=1", clouds="mask")
    assert cube.attrs["opened"] == "https://h.org/stac"
    assert "sig" not in opening(cube)


def test_two_files_of_one_name_are_not_confused(make_cube, tmp_path):
    for i, name in enumerate(("one", "two")):
        (tmp_path / name).mkdir()
        make_cube(seed=i).eow.to_netcdf(tmp_path / name / "twins.nc")
    cubes = [eow.open(tmp_path / name / "twins.nc") for name in ("one", "two")]
    result = eow.run("fill-linear", cubes[0])
    with pytest.raises(InputError, match="More than one source"):
        eow.rerun(result)
    assert eow.rerun(result, cubes[0]).identical
    assert np.any(cubes[0].red.values != cubes[1].red.values)
