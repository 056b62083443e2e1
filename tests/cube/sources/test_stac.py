import threading

import numpy as np
import pytest
from support.stac_server import serve_answer, serve_folder, write_catalogue

import eowidgets as eow
from eowidgets.errors import InputError, SourceError


@pytest.fixture
def small(romania):
    return romania[["blue", "green", "red", "nir", "scl", "clouds", "valid"]].isel(time=slice(84, 89))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")


def test_static_catalogue_over_http_end_to_end(small, tmp_path):
    write_catalogue(tmp_path, small)
    with serve_folder(tmp_path) as url:
        cube = eow.open(f"{url}/catalog.json")
        assert cube.eow.bands == ("blue", "green", "red", "nir")
        assert cube.red.chunks  # nothing but headers was read
        assert cube.odc.geobox.shape == small.odc.geobox.shape
        np.testing.assert_array_equal(cube.time.values, small.time.values)
        loaded = cube.compute()
    np.testing.assert_allclose(loaded.red, small.red, atol=1e-6)
    np.testing.assert_array_equal(loaded.clouds, small.clouds)
    assert loaded.attrs["sensor"] == "sentinel2-l2a"


def test_bbox_dates_and_bands_are_respected(small, tmp_path):
    path = write_catalogue(tmp_path, small)
    dates = [str(t)[:10] for t in small.time.values]
    box = (22.147, 45.202, 22.152, 45.206)
    cube = eow.open(path, bbox=box, dates=f"{dates[1]}/{dates[3]}", bands=["red", "nir"])
    assert cube.sizes["time"] == 3
    assert cube.eow.bands == ("red", "nir")
    assert cube.sizes["x"] < small.sizes["x"]
    west, south, east, north = cube.eow.bounds
    assert west < box[0] + 3e-3
    assert east > box[2] - 3e-3
    values = cube.red.compute()
    assert np.nanmean(np.abs(values - small.red[1:4].interp(x=cube.x, y=cube.y, method="nearest"))) < 0.02


def test_coarser_resolution_averages(small, tmp_path):
    path = write_catalogue(tmp_path, small)
    cube = eow.open(path, resolution=50)
    assert cube.sizes["x"] == 20
    assert abs(float(cube.red.mean()) - float(small.red.mean())) < 0.002


def test_offset_of_newer_baselines_is_taken_off(small, tmp_path):
    path = write_catalogue(tmp_path, small, baseline="05.09", offset=1000)
    np.testing.assert_allclose(eow.open(path).red.compute(), small.red, atol=1e-6)


def test_signer_sees_every_asset(small, tmp_path):
    path = write_catalogue(tmp_path, small.isel(time=slice(0, 2)))
    signed = []

    def sign(href):
        signed.append(href)
        return href

    eow.open(path, signer=sign, bands=["red"]).red.compute()
    assert {h.rsplit("/", 1)[1] for h in signed} >= {"B04.tif"}


def test_pystac_objects_and_dicts(small, tmp_path):
    pystac = pytest.importorskip("pystac")
    path = write_catalogue(tmp_path, small.isel(time=slice(0, 2)))
    catalogue = pystac.Catalog.from_file(str(path))
    assert eow.open(catalogue).sizes["time"] == 2
    assert eow.open(list(catalogue.get_items())[0]).sizes["time"] == 1
    assert eow.open(pystac.ItemCollection(catalogue.get_items())).sizes["time"] == 2


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b"", "answered 404 .*check the address"),
        (500, b"", "answered 500 .*try again later"),
        (403, b"", "wants a login"),
        (200, b"<!doctype html><html></html>", "an HTML page, not STAC"),
        (200, b"", "is empty"),
        (200, b"nonsense", "something else, not STAC"),
        (200, b"{}", "it has no 'type'"),
        (200, b'{"type": "Topology"}', "its type is 'Topology'"),
        (200, b'{"type": "FeatureCollection", "features": []}', "found no item"),
    ],
)
def test_servers_that_misbehave_get_one_sentence(status, body, words):
    with serve_answer(status, body) as url, pytest.raises((SourceError, InputError), match=words) as caught:
        eow.open(f"{url}/catalog.json")
    assert "\n" not in str(caught.value)


def test_a_server_that_never_answers_is_left_in_time():
    released = threading.Event()
    with serve_answer(200, b"{}", released) as url:
        with pytest.raises(SourceError, match="did not answer within 0.3 s"):
            eow.open(f"{url}/catalog.json", timeout=0.3)
        released.set()


def test_nobody_listens():
    with serve_answer(200, b"{}") as url:
        pass  # stopped again: the port is closed
    with pytest.raises(SourceError, match="cannot be reached|cannot be read"):
        eow.open(f"{url}/catalog.json", timeout=2)


def test_missing_asset_is_said_when_its_header_is_read(small, tmp_path):
    path = write_catalogue(tmp_path, small.isel(time=[0]))
    for file in tmp_path.rglob("*.tif"):
        file.unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        eow.open(path)


def test_unknown_band_and_bad_dates(small, tmp_path):
    path = write_catalogue(tmp_path, small.isel(time=[0]))
    with pytest.raises(InputError, match="no band named 'rd'.*'red'"):
        eow.open(path, bands=["rd"])
    with pytest.raises(InputError, match="is not understood"):
        eow.open(path, dates="last summer")
    with pytest.raises(InputError, match="end before they begin"):
        eow.open(path, dates="2020/2019")
