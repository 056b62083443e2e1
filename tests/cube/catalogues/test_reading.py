"""The estimate of reading is compared with the bytes that a server sent, and the result with what it shows."""

import copy
import pickle

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from support.faulty_api import plain_items
from support.guarded_files import Guard, serve_guarded

import eowidgets as eow
from eowidgets.cube.catalogues.reading import size_in_words, time_in_words
from eowidgets.errors import InputError

SIZE, PIXEL = 1536, 10.0
WEST, NORTH = 600_000, 5_040_000
#: In the files below, two by two tiles of 256 pixels and a bit.
AREA_PIXELS = (300, 300, 700, 700)


def degrees(left, top, right, bottom):
    """Return the bounding box in degrees of a window in pixels."""
    from pyproj import Transformer

    turn = Transformer.from_crs(32634, 4326, always_xy=True)
    corners = [
        turn.transform(WEST + x * PIXEL, NORTH - y * PIXEL)
        for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))
    ]
    lons, lats = zip(*corners, strict=True)
    return min(lons), min(lats), max(lons), max(lats)


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two bands of 1536 by 1536 pixels with tiles of 256 and coarser copies."""
    found = tmp_path_factory.mktemp("files")
    rng = np.random.default_rng(0)
    for name in ("B04", "B08"):
        values = rng.integers(200, 1200, (SIZE, SIZE), dtype="uint16")
        profile = {"driver": "COG", "width": SIZE, "height": SIZE, "count": 1, "dtype": "uint16", "crs": "EPSG:32634"}
        options = {"blocksize": 256, "compress": "deflate", "nodata": 0, "overviews": "AUTO"}
        with rasterio.open(
            found / f"{name}.tif", "w", transform=Affine(PIXEL, 0, WEST, 0, -PIXEL, NORTH), **profile, **options
        ) as file:
            file.write(values, 1)
    return found


def items_at(url, count=2, described=True):
    west, south, east, north = degrees(0, 0, SIZE, SIZE)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    grid = {"proj:epsg": 32634, "proj:shape": [SIZE, SIZE], "proj:transform": [PIXEL, 0, WEST, 0, -PIXEL, NORTH]}
    found = plain_items(count)
    for i, item in enumerate(found):
        item |= {"bbox": [west, south, east, north], "geometry": {"type": "Polygon", "coordinates": [ring]}}
        item["properties"] |= grid if described else {}
        # Every date has an address of its own, so that nothing is in the cache of GDAL.
        item["assets"] = {
            key: {"href": f"{url}/{key}.tif?date={i}", "type": "image/tiff; application=geotiff"}
            for key in ("B04", "B08")
        }
    return found


@pytest.mark.parametrize(("resolution", "described"), [(None, True), (40, True), (None, False)])
def test_the_estimate_is_close_to_what_is_read(folder, resolution, described):
    guard = Guard(folder)
    with serve_guarded(guard) as url:
        found = eow.find(
            {"type": "FeatureCollection", "features": items_at(url, described=described)},
            area=degrees(*AREA_PIXELS),
            resolution=resolution,
            remote=True,
        )
        probed = guard.sent
        estimate = found.estimate
        found.open(clouds=None).compute()
        read = guard.sent - probed
    assert probed < 400_000  # a header and a tile
    assert estimate.files == 4
    assert estimate.seconds > 0
    assert estimate.basis == "compression measured on one file"
    assert 0.5 < estimate.bytes / read < 2


def test_without_measuring_the_size_is_an_upper_bound(folder):
    guard = Guard(folder)
    with serve_guarded(guard) as url:
        found = eow.find(
            {"type": "FeatureCollection", "features": items_at(url)}, area=degrees(*AREA_PIXELS), measure=False
        )
        assert guard.sent == 0
    assert found.estimate.seconds is None
    assert "nothing was measured" in found.estimate.sentence
    assert found.estimate.basis.startswith("at most")


def test_files_that_cannot_be_read_leave_the_time_unknown(folder):
    with serve_guarded(Guard(folder, bearer="closed")) as url:
        found = eow.find(
            {"type": "FeatureCollection", "features": items_at(url)}, area=degrees(*AREA_PIXELS), remote=True
        )
    assert found.estimate.seconds is None
    assert "refuses to give" in found.estimate.reason
    assert found.estimate.bytes > 0
    assert "Reading takes an unknown time" in repr(found)


def test_fewer_days_bands_and_pixels_are_less_to_read(folder):
    items = {"type": "FeatureCollection", "features": items_at("http://127.0.0.1:9", 6)}

    def size(area=AREA_PIXELS, days=None, **options):
        found = eow.find(items, area=degrees(*area), measure=False, **options)
        return (found if days is None else found.select(found.dates[:days])).estimate.bytes

    whole = size()
    assert size(days=3) == pytest.approx(whole / 2, abs=1)
    assert size(bands="red") == pytest.approx(whole / 2, abs=1)
    assert size(area=(300, 300, 400, 400)) < whole
    assert size(resolution=20) < whole
    assert size(resolution=80) < size(resolution=20)
    with pytest.raises(InputError, match="no band named 'rad'"):
        size(bands="rad")


def test_a_result_can_be_copied_and_shown():
    items = plain_items(40)
    items[3]["properties"].pop("eo:cloud_cover")
    items[4]["properties"]["platform"] = "<script>alert(1)</script>"
    found = eow.find({"type": "FeatureCollection", "features": items}, area=(22.1, 45.1, 22.2, 45.2), measure=False)
    for other in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert other.estimate == found.estimate
        assert other.table.equals(found.table)
    page = found._repr_html_()
    assert "<script>" not in page
    assert page.count("<rect") == 40
    assert "The first 30 of 40 days" in page
    assert "not stated" in page
    assert found.sentence.startswith("The source: 40 days from 2000-01-01 to 2000-02-12, 40 images.")
    assert str(found.table["date"].dtype).startswith("datetime64")


def test_items_without_a_band_have_no_size():
    items = plain_items(2)
    for item in items:
        item["assets"] = {"data": {"href": "https://files.example.org/x.tif", "type": "image/tiff"}}
    found = eow.find({"type": "FeatureCollection", "features": items}, area=(22.1, 45.1, 22.2, 45.2), measure=False)
    assert found.estimate.bytes is None
    assert found.table["bytes"].isna().all()
    assert "unknown" in found._repr_html_()


@given(st.floats(1, 1e15))
def test_sizes_in_words_are_short_and_right(size):
    number, unit = size_in_words(size).split()
    assert float(number) * {"kB": 1e3, "MB": 1e6, "GB": 1e9}[unit] == pytest.approx(size, rel=0.06, abs=60)
    assert len(number) <= 7


@given(st.floats(0, 1e6))
def test_times_in_words_are_short_and_right(seconds):
    number, unit = time_in_words(seconds).split()
    assert float(number) * {"s": 1, "min": 60, "h": 3600}[unit] == pytest.approx(seconds, rel=0.26, abs=1)
