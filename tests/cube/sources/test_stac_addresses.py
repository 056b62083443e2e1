"""Which files and servers a STAC document may name."""

import json

import numpy as np
import pytest
from support.stac_item import Maker
from support.stac_server import serve_folder, serve_paths, write_catalogue

import eowidgets as eow
from eowidgets.cube.sources.stac.addresses import Origin, short
from eowidgets.errors import EowidgetsError, InputError, SourceError


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GDAL_HTTP_MAX_RETRY", "0")


@pytest.fixture
def make(tmp_path):
    return Maker(tmp_path / "files")


def save(folder, document, name="item.json"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps(document))
    return folder / name


def with_href(make, href):
    return make.item("x", {"red": {"href": href, "type": "image/tiff", "roles": ["data"]}})


def test_files_in_the_folder_and_below(make):
    make.file("red.tif", 0.2, dtype="float32")
    make.file("below/red.tif", 0.2, dtype="float32")
    for href in ("red.tif", "./red.tif", "below/red.tif", "below/../red.tif", str(make.folder / "red.tif")):
        cube = eow.open(save(make.folder, with_href(make, href)))
        np.testing.assert_allclose(cube.red.values, 0.2)
    cube = eow.open(save(make.folder, with_href(make, (make.folder / "red.tif").as_uri())))
    np.testing.assert_allclose(cube.red.values, 0.2)


@pytest.mark.parametrize(
    "href", ["../red.tif", "{folder}/red.tif", "file://{folder}/red.tif", "linked.tif", "FILE://{folder}/red.tif"]
)
def test_files_elsewhere_need_trust(make, tmp_path, href):
    outside = Maker(tmp_path).file("red.tif", 0.2, dtype="float32")
    make.folder.mkdir()
    (make.folder / "linked.tif").symlink_to(outside)
    path = save(make.folder, with_href(make, href.format(folder=tmp_path)))
    with pytest.raises(SourceError, match="outside its folder.*remote=True") as caught:
        eow.open(path)
    assert str(tmp_path) not in str(caught.value)
    np.testing.assert_allclose(eow.open(path, remote=True).red.values, 0.2)


@pytest.mark.parametrize(
    "href",
    [
        "/vsicurl/{url}/x.tif", "/vsizip//etc/x.zip", "vrt://x.tif", "zip+file://x.zip!x.tif", "NETCDF:x.nc:red",
        "GTIFF_DIR:1:x.tif", "//server/share/x.tif", "\\\\server\\share\\x.tif", "<VRTDataset/>", "ftp://x/x.tif",
        "{url}/x.tif", "s3://bucket/x.tif", "HTTP://169.254.169.254/x.tif", "gs://bucket/x.tif",
    ],
)  # fmt: skip
def test_a_local_item_reaches_no_server(make, href):
    with serve_paths({}) as (url, asked):
        path = save(make.folder, with_href(make, href.replace("{url}", url)))
        with pytest.raises(SourceError, match="local source opens only files|not the path of a file") as caught:
            eow.open(path)
        assert not asked
    assert len(str(caught.value)) < 300


def test_a_local_catalogue_follows_no_link_out_of_its_folder(make, tmp_path):
    with serve_paths({}) as (url, asked):
        for rel, href in (("child", f"{url}/c.json"), ("item", "/etc/hostname"), ("item", "../item.json")):
            links = [{"rel": rel, "href": href}]
            catalogue = {"type": "Catalog", "stac_version": "1.0.0", "id": "c", "description": "", "links": links}
            with pytest.raises(SourceError, match="local source opens only files"):
                eow.open(save(make.folder, catalogue, "catalog.json"))
        assert not asked


def test_a_local_catalogue_may_spread_over_its_folders(romania, tmp_path):
    small = romania[["red", "scl", "valid", "clouds"]].isel(time=slice(84, 86))
    path = write_catalogue(tmp_path, small)
    for i, item in enumerate(tmp_path.glob("*/item.json")):
        folder = tmp_path / f"pixels{i}"
        item.parent.joinpath("B04.tif").rename(folder.with_suffix(".tif"))
        document = json.loads(item.read_text())
        document["assets"] = {"B04": document["assets"]["B04"] | {"href": f"../pixels{i}.tif"}}
        item.write_text(json.dumps(document))
    assert eow.open(path).sizes["time"] == 2


def test_trust_lets_a_local_item_name_a_server(make):
    make.file("red.tif", 0.2, dtype="float32")
    with serve_folder(make.folder) as url:
        path = save(make.folder, with_href(make, f"{url}/red.tif"))
        with pytest.raises(SourceError, match="remote=True"):
            eow.open(path)
        np.testing.assert_allclose(eow.open(path, remote=True).red.values, 0.2)


def test_an_object_in_memory_names_what_its_owner_wants(make):
    make.file("red.tif", 0.2, dtype="float32")
    with serve_folder(make.folder) as url:
        for href in (str(make.folder / "red.tif"), f"{url}/red.tif", (make.folder / "red.tif").as_uri()):
            np.testing.assert_allclose(eow.open(with_href(make, href)).red.values, 0.2)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"],
)  # fmt: skip
def test_a_server_names_no_other_service_of_this_machine(make, host):
    documents = {}
    with serve_paths({}) as (inner, seen), serve_paths(documents) as (url, _):
        target = f"http://{host}:{inner.rsplit(':', 1)[1]}/x.tif"
        documents["/i.json"] = with_href(make, target)
        documents["/c.json"] = {
            "type": "Catalog", "stac_version": "1.0.0", "id": "c", "description": "", "links": [{"rel": "item", "href": target}],
        }  # fmt: skip
        for name in ("i.json", "c.json"):
            with pytest.raises(SourceError, match="inside this machine or a private network"):
                eow.open(f"{url}/{name}")
        assert not seen


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "[fe80::1]", "[fd00::1]", "100.64.0.1"]
)
def test_a_server_names_no_private_address(host):
    origin = Origin.of("https://93.184.216.34/catalog.json")
    with pytest.raises(SourceError, match="private network"):
        origin.resolve(f"http://{host}/x.tif")
    assert origin.resolve("https://93.184.216.35/x.tif") == "https://93.184.216.35/x.tif"
    assert origin.resolve("x.tif") == "https://93.184.216.34/x.tif"
    trusted = Origin.of("https://93.184.216.34/catalog.json", trusted=True)
    if host.startswith(("169.254", "[fe80")):
        with pytest.raises(SourceError, match="private network"):
            trusted.resolve(f"http://{host}/x.tif")
    else:
        assert trusted.resolve(f"http://{host}/x.tif")


@pytest.mark.parametrize(
    "href",
    [
        "http://u:p@93.184.216.34/x.tif",
        "http://a\\@b/x.tif",
        "http://a b/x.tif",
        "ftp://a/x.tif",
        "C:\\x.tif",
        "/etc/x",
    ],
)
def test_a_server_names_no_odd_address(href):
    with pytest.raises(SourceError, match="no server may point to"):
        Origin.of("https://93.184.216.34/catalog.json").resolve(href)


def test_redirects_of_documents(make):
    documents = {"/away.json": "file:///etc/hostname", "/loop.json": "/loop.json"}
    with serve_paths({}) as (inner, seen), serve_paths(documents) as (url, _):
        documents["/other.json"] = f"{inner}/x.json"
        documents["/same.json"] = "/empty.json"
        documents["/empty.json"] = {"type": "FeatureCollection", "features": []}
        with pytest.raises(SourceError, match="redirects to another host"):
            eow.open(f"{url}/other.json")
        with pytest.raises(SourceError, match="not followed"):
            eow.open(f"{url}/away.json")
        with pytest.raises(SourceError, match="not followed"):
            eow.open(f"{url}/loop.json")
        with pytest.raises(InputError, match="found no item"):
            eow.open(f"{url}/same.json")
        assert not seen


@pytest.mark.parametrize("complete", [False, True])
def test_redirects_of_pixels_into_this_machine(make, complete):
    documents = {}
    with serve_paths({}) as (inner, seen), serve_paths(documents) as (url, _):
        item = with_href(make, "x.tif")
        if complete:  # no header is read on opening
            item["properties"] |= {
                "proj:epsg": 32633,
                "proj:shape": [8, 8],
                "proj:transform": [10, 0, 5e5, 0, -10, 5e6],
            }
            item["assets"]["red"]["raster:bands"] = [{"data_type": "float32"}]
        documents |= {"/i.json": item, "/x.tif": f"{inner}/secret"}
        with pytest.raises(SourceError, match="private network"):
            eow.open(f"{url}/i.json").red.compute()
        assert not seen


@pytest.mark.parametrize("where", ["search", "next", "root", "redirect"])
def test_an_api_stays_on_its_host(where):
    documents = {}
    with serve_paths({}) as (inner, seen), serve_paths(documents) as (url, _):
        elsewhere = {w: f"{inner if w == where else '{root}'}" for w in ("search", "next", "root")}
        common = {
            "stac_version": "1.0.0",
            "description": "",
            "conformsTo": ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search"],
        }
        links = [
            {"rel": "self", "href": "{root}"},
            {"rel": "root", "href": elsewhere["root"]},
            {
                "rel": "search",
                "href": f"{elsewhere['search']}/search",
                "type": "application/geo+json",
                "method": "POST",
            },
        ]
        documents["/"] = {"type": "Catalog", "id": "api", "links": links} | common
        extent = {"spatial": {"bbox": [[-180, -90, 180, 90]]}, "temporal": {"interval": [[None, None]]}}
        documents["/c"] = common | {
            "type": "Collection", "id": "c", "license": "other", "extent": extent,
            "links": [{"rel": "root", "href": elsewhere["root"] + "/"}, {"rel": "items", "href": "{root}/c/items"}],
        }  # fmt: skip
        following = {"rel": "next", "href": f"{elsewhere['next']}/search", "method": "GET"}
        features = [{"type": "Feature", "stac_version": "1.0.0", "id": "x", "assets": {}, "links": [], "geometry": None,
                     "properties": {"datetime": "2020-01-01T00:00:00Z"}}]  # fmt: skip
        documents["/search"] = {
            "type": "FeatureCollection",
            "features": features,
            "links": [following] if where == "next" else [],
        }
        if where == "redirect":
            documents["/search"] = f"{inner}/search"
        with pytest.raises(EowidgetsError, match="another host|private network"):
            eow.open(f"{url}/c" if where == "root" else f"{url}/", bbox=(1, 2, 3, 4), dates="2020", timeout=3)
        assert not seen


@pytest.mark.parametrize("complete", [False, True])
def test_a_vrt_under_another_name_opens_nothing(make, complete):
    with serve_paths({}) as (url, seen):
        source = f"<SimpleSource><SourceFilename>/vsicurl/{url}/x.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource>"
        make.folder.mkdir()
        (make.folder / "x.tif").write_text(
            '<VRTDataset rasterXSize="8" rasterYSize="8"><SRS>EPSG:32633</SRS><GeoTransform>500000,10,0,5000000,0,-10'
            f'</GeoTransform><VRTRasterBand dataType="Byte" band="1">{source}</VRTRasterBand></VRTDataset>'
        )
        item = with_href(make, "x.tif")
        if complete:
            item["properties"] |= {
                "proj:epsg": 32633,
                "proj:shape": [8, 8],
                "proj:transform": [10, 0, 5e5, 0, -10, 5e6],
            }
            item["assets"]["red"]["raster:bands"] = [{"data_type": "float32"}]
        with pytest.raises(SourceError, match="neither a GeoTIFF nor JPEG 2000"):
            eow.open(save(make.folder, item)).red.compute()
        assert not seen


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"type": "Feature", "ass', "incomplete or damaged JSON"),
        ('<?xml version="1.0"?><metadata/>', "an XML document"),
        ("<html></html>", "an HTML page"),
        ("B04,B08\n1,2", "something else, not STAC"),
        ("[1, 2]", "a JSON list"),
        ("3", "not an object"),
        ('{"type": "FeatureCollection", "features": [' + "[" * 100_000 + "]" * 100_000 + "]}", "nested too deeply"),
        ('{"type": "Feature", "geometry": null, "properties": {}}', "GeoJSON but not STAC"),
        ('{"type": "FeatureCollection", "features": [3]}', "not STAC"),
        ('{"type": "FeatureCollection", "features": []}', "found no item: the source holds none"),
        ('{"type": "Feature", "id": "x", "assets": {}, "properties": null}', "no properties"),
        (
            '{"type": "Feature", "id": "x", "assets": {}, "properties": {"datetime": "2020-01-01T00:00:00Z"}}',
            "no raster asset",
        ),
        ('{"type": "Topology"}', "its type is 'Topology'"),
    ],
)
def test_a_document_that_is_no_stac(tmp_path, text, words):
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(EowidgetsError, match=words) as caught:
        eow.open(tmp_path / "x.json")
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_messages_hide_folders_users_and_signatures():
    assert short("https://user:secret@host/a/b.tif?sig=secret") == "'https://host/a/b.tif'"
    assert short("/home/user/b.tif") == "'b.tif'"
    assert short("C:\\Users\\user\\b.tif") == "'b.tif'"
    assert len(short("https://host/" + "a" * 500)) <= 82
