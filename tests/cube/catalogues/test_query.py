"""What cannot be searched is refused in one sentence, before any request."""

import socket

import pytest

import eowidgets as eow
from eowidgets.errors import InputError

AREA = (22.1, 45.2, 22.2, 45.3)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a request was made")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.delenv("EARTHDATA_TOKEN", raising=False)


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("sentinal-2", {}, "no catalogue named 'sentinal-2'. Did you mean 'sentinel-2'"),
        ("sentinel-2", {"area": None}, "'sentinel-2' holds the whole archive: pass area="),
        ("sentinel-2", {"dates": "2020-06/2019-06"}, "end before they begin"),
        ("sentinel-2", {"dates": ("2020-06-01", "2020-05-01")}, "end before they begin"),
        ("sentinel-2", {"dates": "last summer"}, "is not understood"),
        ("sentinel-2", {"dates": "0100/0101"}, "not between 1900 and 2200"),
        ("sentinel-2", {"cloud": 130}, "cloud of find is 130: give the largest cloud cover"),
        ("sentinel-2", {"collections": []}, "collections= is empty"),
        ("sentinel-2", {"area": (22, 95, 23, 96)}, "latitude|degrees"),
        ("romania", {}, "is a sample of the package"),
        ("scene.tif", {}, "is not a STAC catalogue"),
        (3, {}, "catalogue of find is 3"),
    ],
)
def test_find_refuses(source, options, words):
    with pytest.raises(InputError, match=words) as caught:
        eow.find(source, **({"area": AREA, "dates": "2020"} | options))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        ("sentinal-2", {}, "no sample, catalogue, file or folder named 'sentinal-2'. Did you mean 'sentinel-2'"),
        ("sentinel-2", {"area": None}, "pass area="),
        ("sentinel-2", {"bbox": AREA}, "area= and bbox= are two names for the same"),
        ("sentinel-2", {"dates": "2020/2019"}, "end before they begin"),
        ("hls", {}, "needs the environment variable EARTHDATA_TOKEN .*urs.earthdata.nasa.gov"),
        ("romania", {"cloud": 20}, "cloud= selects the images of a catalogue, which 'romania' is not"),
    ],
)
def test_open_refuses(source, options, words):
    with pytest.raises(InputError, match=words):
        eow.open(source, **({"area": AREA, "dates": "2020"} | options))


def test_offline_mode_refuses(monkeypatch):
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    for call in (eow.find, eow.open):
        with pytest.raises(InputError, match="EOWIDGETS_OFFLINE is set, so Sentinel-2 L2A.* is not searched"):
            call("sentinel-2", area=AREA, dates="2020")


def test_area_is_another_name_of_bbox():
    west, south, east, north = eow.open("romania").eow.bounds
    box = (west, south, (west + east) / 2, north)
    by_area, by_box = eow.open("romania", area=box), eow.open("romania", bbox=box)
    assert by_area.sizes == by_box.sizes
    assert by_area.attrs["opened_with"] == by_box.attrs["opened_with"].replace("bbox", "area")


def test_an_area_is_noted_without_the_path_of_its_file(tmp_path):
    import json

    area = eow.Area.of(eow.open("romania").eow.bounds)
    path = tmp_path / "secret_place.geojson"
    path.write_text(json.dumps(area.geojson))
    cube = eow.open("romania", area=path)
    assert "secret_place" not in str(cube.attrs)
    assert json.loads(cube.attrs["opened_with"])["area"] == pytest.approx(list(area.bounds))
