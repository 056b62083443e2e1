import json
import threading

import numpy as np
import pytest
import rasterio
from support.stac_server import serve_answer, serve_api, serve_drip, serve_folder, write_catalogue

import eowidgets as eow
from eowidgets.errors import EowidgetsError, InputError, SourceError


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
    assert west <= box[0]
    assert south <= box[1]
    assert east >= box[2]
    assert north >= box[3]
    # The source's own pixels, not resampled ones.
    expected = small.red[1:4].sel(x=cube.x, y=cube.y, method="nearest", tolerance=1e-6)
    found = cube.red.values
    inside = np.isfinite(found)
    assert inside.mean() > 0.7  # the corners of a box in degrees are outside
    np.testing.assert_allclose(found[inside], expected.values[inside], atol=1e-6)


def test_coarser_resolution_averages(small, tmp_path):
    path = write_catalogue(tmp_path, small)
    cube = eow.open(path, resolution=50)
    assert cube.sizes["x"] == 20
    assert abs(float(cube.red.mean()) - float(small.red.mean())) < 0.002
    blocks = small.scl.values.reshape(5, 20, 5, 20, 5).swapaxes(2, 3).reshape(5, 20, 20, 25)
    pure = (blocks == blocks[..., :1]).all(-1)
    assert pure.any()
    np.testing.assert_array_equal(cube.scl.values[pure], blocks[..., 0][pure])
    assert set(np.unique(cube.scl)) <= set(np.unique(small.scl))  # classes are never averaged


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


def test_baselines_before_and_after_the_offset_in_one_series(small, tmp_path):
    path = write_catalogue(tmp_path, small)
    document = json.loads(path.read_text())
    for link in document["links"][2:]:
        item = tmp_path / link["href"]
        for file in item.parent.glob("B*.tif"):
            with rasterio.open(file, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as f:
                f.write(f.read() + 1000)
        item.write_text(item.read_text().replace('"02.14"', '"04.00"'))
    np.testing.assert_allclose(eow.open(path).red.compute(), small.red, atol=1e-6)


def test_an_offset_already_taken_off_is_not_taken_off_again(small, tmp_path):
    path = write_catalogue(tmp_path, small, baseline="05.09")
    for item in tmp_path.glob("*/item.json"):
        document = json.loads(item.read_text())
        document["properties"]["earthsearch:boa_offset_applied"] = True
        for asset in document["assets"].values():
            asset["raster:bands"] = [{"scale": 1e-4, "offset": -0.1, "nodata": 0, "data_type": "uint16"}]
        item.write_text(json.dumps(document))
    np.testing.assert_allclose(eow.open(path).red.compute(), small.red, atol=1e-6)


def test_neighbouring_tiles_become_one_picture(small, tmp_path):
    one = small.isel(time=[0])
    for name, part in (("left", slice(0, 60)), ("right", slice(50, 100))):
        (tmp_path / name).mkdir()
        write_catalogue(tmp_path / name, one.isel(x=part))
    links = [{"rel": "child", "href": f"./{n}/catalog.json"} for n in ("left", "right")]
    root = {"type": "Catalog", "stac_version": "1.0.0", "id": "both", "description": "Two tiles", "links": links}
    (tmp_path / "catalog.json").write_text(json.dumps(root))
    cube = eow.open(tmp_path / "catalog.json")
    assert cube.sizes == {"time": 1, "y": 100, "x": 100}
    np.testing.assert_allclose(cube.red.compute(), one.red, atol=1e-6)


def test_floats_stay_floats_where_metadata_do_not_tell(make_cube, tmp_path):
    cube = make_cube(dates=2, bands=("red",))
    (tmp_path / "catalogue").mkdir()
    path = write_catalogue(tmp_path / "catalogue", cube)
    for i, item in enumerate(sorted(path.parent.glob("*/item.json"))):
        cube["red"].isel(time=i, drop=True).rio.to_raster(item.parent / "vv.tif")
        document = json.loads(item.read_text())
        document["collection"] = "sentinel-1-rtc"
        document["assets"] = {"vv": {"href": "./vv.tif", "type": "image/tiff", "roles": ["data"]}}
        item.write_text(json.dumps(document))
    opened = eow.open(path)
    assert opened.attrs["sensor"] == "sentinel1"
    np.testing.assert_allclose(opened.vv.compute(), cube.red, rtol=1e-6)


def test_a_server_cannot_point_to_files_of_this_machine(small, tmp_path):
    path = write_catalogue(tmp_path, small.isel(time=[0]))
    item = next(tmp_path.glob("*/item.json"))
    for href in (str(item.parent / "B04.tif"), "file:///etc/hostname", "/vsizip/x.zip", "vrt:///etc/x.tif"):
        document = json.loads(item.read_text())
        document["assets"]["B04"]["href"] = href
        item.write_text(json.dumps(document))
        with serve_folder(tmp_path) as url, pytest.raises(SourceError, match="no server may point to"):
            eow.open(f"{url}/{path.name}")


def test_a_server_that_drips_is_left_in_time():
    with serve_drip() as url, pytest.raises(SourceError, match="did not answer within 0.2 s"):
        eow.open(f"{url}/catalog.json", timeout=0.2)


def test_an_api_is_searched(small, tmp_path):
    write_catalogue(tmp_path, small)
    west, south, east, north = small.eow.bounds
    with serve_api(tmp_path) as (url, asked):
        for address in (url, f"{url}/collections/sentinel-2-l2a"):
            cube = eow.open(address, bbox=(west, south, east, north), dates="2010/2030", bands=["red"])
            assert cube.sizes["time"] == 5
            assert asked[-1]["bbox"] == [west, south, east, north]
            assert asked[-1]["datetime"] == "2010-01-01T00:00:00Z/2030-12-31T23:59:59Z"
        assert asked[-1]["collections"] == ["sentinel-2-l2a"]
        loaded = cube.red.compute()
        seen = loaded.sel(x=small.x, y=small.y, method="nearest", tolerance=1e-6)
        np.testing.assert_allclose(seen, small.red, atol=1e-6)
        with pytest.raises(InputError, match="holds the whole world"):
            eow.open(url)


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (404, b"", "failed"),
        (500, b"{}", "failed"),
        (200, b"<html>hello</html>", "failed"),
        (200, b'{"type": "FeatureCollection", "features": [], "links": []}', "found no item"),
    ],
)
def test_a_search_that_fails_gets_one_sentence(tmp_path, status, body, words):
    with serve_api(tmp_path, (status, body)) as (url, _), pytest.raises(EowidgetsError, match=words) as caught:
        eow.open(url, bbox=(1, 2, 3, 4), dates="2020", timeout=5)
    assert "\n" not in str(caught.value)


def test_a_search_that_never_answers_is_left_in_time(tmp_path):
    released = threading.Event()
    with serve_api(tmp_path, released=released) as (url, _):
        with pytest.raises(SourceError, match="did not answer within 0.3 s"):
            eow.open(url, bbox=(1, 2, 3, 4), dates="2020", timeout=0.3)
        released.set()
