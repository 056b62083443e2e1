"""Every preset on items of the shape that its server documents: bands, clouds, days and size, from metadata alone."""

import math
from dataclasses import replace

import pytest
from support.catalogue_shapes import SHAPES
from support.faulty_api import serve_pages

import eowidgets as eow
from eowidgets.cube.catalogues import listed
from eowidgets.cube.catalogues.reading import usual_bands

AREA = (23.0, 45.4, 23.02, 45.42)


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    monkeypatch.setattr(listed, "OWN", tmp_path / "none.toml")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def find(monkeypatch):
    """Return what a preset finds on a server that gives items of its shape."""

    def found(name):
        items = SHAPES[name][0]()
        entry = listed.known()[name]
        with serve_pages(items) as (url, asked):
            monkeypatch.setattr(listed, "known", lambda: {name: replace(entry, api=url)})
            result = eow.find(name, area=AREA, dates="2020-06", cloud=50, measure=False)
        assert asked.bodies[0]["collections"] == list(entry.collections)
        return entry, result

    return found


def test_every_preset_has_a_shape():
    assert set(SHAPES) == set(listed.known())


@pytest.mark.parametrize("name", SHAPES)
def test_bands_clouds_and_size(name, find):
    entry, found = find(name)
    assert usual_bands(found.selection) == list(entry.bands)
    table = found.table
    assert table["product"].tolist() == SHAPES[name][1]
    assert table["items"].tolist() == [1] * len(table)
    assert table["coverage"].tolist() == pytest.approx([1.0] * len(table))
    assert table["cloud"].isna().all() if not entry.cloud else table["cloud"].tolist() == [12.5] * len(table)
    assert found.problems == ()
    quality = 0 if name == "sentinel-1" else 1
    assert found.estimate.files == len(table) * (len(entry.bands) + quality)
    # About 2 km: at most four tiles of 512 pixels for each band.
    assert 1e4 * found.estimate.files < found.estimate.bytes < 4 * 512**2 * 4 * found.estimate.files


def test_the_newer_baseline_of_earth_search_is_used(find):
    _, found = find("sentinel-2")
    assert [i["id"] for i in found.items] == ["S2A_34TGR_20200630_1_L2A"]
    assert found.selection.replaced == 1
    assert found.table["thumbnail"][0].endswith("thumbnail.jpg")


def test_sizes_that_a_catalogue_states_are_used(find):
    _, found = find("sentinel-2-copernicus")
    estimate = found.estimate
    assert estimate.basis == "file sizes of the catalogue"
    ratio = 90_000_000 / (10980**2 * 2 * 4 / 3)
    assert estimate.bytes == pytest.approx(estimate.tiles * 512**2 * 2 * ratio, rel=0.3)


def test_radar_has_no_clouds(find):
    _, found = find("sentinel-1")
    assert math.isnan(found.table["cloud"][0])
    assert found.days[0].orbit == "ascending"
