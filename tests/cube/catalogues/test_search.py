"""Searches on servers that misbehave: what arrived is kept, and the rest is stated in one sentence."""

import re

import pytest
from support.faulty_api import Fault, plain_items, serve_pages
from support.stac_server import serve_paths

import eowidgets as eow
from eowidgets.cube.sources.stac import patience
from eowidgets.errors import InputError, SourceError

AREA = (22.2, 45.2, 22.3, 45.3)


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """Waits are noted, not waited for."""
    found = []
    monkeypatch.setattr(patience, "sleep", found.append)
    return found


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def find(url, **options):
    return eow.find(url, **({"area": AREA, "dates": "2000/2099", "measure": False} | options))


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_all_pages_are_read(method):
    with serve_pages(plain_items(7), method=method) as (url, asked):
        found = find(url)
        assert len(found) == 7 and found.problems == ()
        assert sum(p.startswith("/search") for p in asked.paths) == 4
    if method == "POST":
        assert asked.bodies[0]["bbox"] == list(AREA)
        assert asked.bodies[0]["datetime"] == "1999-12-31T00:00:00Z/2100-01-01T23:59:59Z"


def test_progress_is_reported_after_each_page():
    seen = []
    with serve_pages(plain_items(5), matched=5) as (url, _):
        find(url, progress=lambda count, matched: seen.append((count, matched)))
    assert seen == [(2, 5), (4, 5), (5, 5)]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, {"Retry-After": "3"}),
        Fault(503),
        Fault(damage="die"),
        Fault(damage="cut"),
        Fault(damage="html"),
        Fault(damage="list"),
        Fault(damage="silent"),
    ],
    ids=str,
)
def test_one_fault_on_any_page_loses_nothing(fault, waits):
    for number in (0, 1, 2):
        with serve_pages(plain_items(5), faults={number: fault}) as (url, _):
            found = find(url)
        assert [i["id"] for i in found.items] == [i["id"] for i in plain_items(5)]
        assert found.problems == ()
    assert sum(waits) == pytest.approx(9 if fault.status == 429 else 3)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault(429), "limits requests"),
        (Fault(500), "a fault of its own \\(500\\)"),
        (Fault(damage="die"), "broke off its answer"),
        (Fault(damage="cut"), "other than complete JSON"),
        (Fault(403), "wants a login"),
        (Fault(400), "does not accept the search"),
    ],
    ids=str,
)
def test_a_server_that_stays_broken_keeps_the_pages_before(fault, words):
    with serve_pages(plain_items(6), faults={0: Fault(), 1: Fault(), -1: fault}) as (url, _):
        found = find(url)
    assert len(found) == 4
    assert len(found.problems) == 1
    assert "\n" not in found.problems[0]
    assert re.search("stopped after 4 items in 2 pages", found.problems[0])
    assert re.search(words, found.problems[0])
    with serve_pages(plain_items(6), faults={-1: fault}) as (url, _), pytest.raises(SourceError, match=words) as caught:
        find(url)
    assert "\n" not in str(caught.value)


def test_a_wait_that_is_too_long_is_not_waited_for(waits):
    fault = Fault(429, {"Retry-After": "3600"})
    with serve_pages([], faults={-1: fault}) as (url, _), pytest.raises(SourceError, match="limits requests"):
        find(url)
    assert waits == []


@pytest.mark.parametrize("kind", [Exception, ValueError, KeyError, SourceError, KeyboardInterrupt])
def test_a_search_can_be_cancelled_while_it_waits(kind):
    class Cancelled(kind):
        pass

    calls = []

    def tick():
        calls.append(1)
        if len(calls) > 10:
            raise Cancelled

    with serve_pages(plain_items(2), faults={-1: Fault(503, {"Retry-After": "50"})}) as (url, asked):
        with pytest.raises(Cancelled):
            find(url, tick=tick)
        assert len(asked.bodies) == 1


def test_a_search_can_be_cancelled_by_its_progress_after_results():
    def progress(count, matched):
        raise TypeError("enough")

    with serve_pages(plain_items(6)) as (url, asked), pytest.raises(TypeError, match="enough"):
        find(url, progress=progress)
    assert len(asked.bodies) == 1


@pytest.mark.parametrize("endless", [plain_items(1)[0] | {"assets": None}, None])
def test_a_server_that_never_ends_is_left(endless):
    with serve_pages([*plain_items(1), endless], size=1, endless=True) as (url, asked):
        found = find(url, limit=20)
        assert len(asked.bodies) <= 20
    assert len(found) == 1


def test_as_many_items_as_the_limit_are_all_there_is():
    with serve_pages(plain_items(6)) as (url, _):
        assert find(url, limit=6).problems == ()
        assert "More than 5 items match" in find(url, limit=5).problems[0]


def test_a_page_that_comes_again_ends_the_search():
    with serve_pages(plain_items(3), endless=True) as (url, asked):
        found = find(url)
        assert len(asked.bodies) == 3
    assert len(found) == 3
    assert "the same page again" in found.problems[0]


def test_a_server_that_gives_less_than_it_states():
    with serve_pages(plain_items(3), matched=8) as (url, _):
        found = find(url)
    assert "8 items match but gave 3" in found.problems[0]


def test_what_is_no_item_is_left_out():
    good = plain_items(3)
    bad = [None, {"id": "x"}, {**good[0], "id": "y", "assets": None}, {**good[0], "id": "z", "properties": {}}]
    with serve_pages([*bad, *good], size=4) as (url, _):
        found = find(url)
    assert len(found) == 3
    assert len(found.problems) == 3
    assert all(p.startswith("An item is left out") for p in found.problems)


def test_many_items_are_limited_and_that_is_stated():
    with serve_pages(plain_items(10), matched=10) as (url, _):
        found = find(url, limit=5)
    assert len(found) == 5
    assert "10 items match; the first 5" in found.problems[0]


COLLECTION = {
    "type": "Collection",
    "id": "sentinel-2-l2a",
    "extent": {"spatial": {"bbox": [[20, 40, 30, 50]]}, "temporal": {"interval": [["2015-06-27T00:00:00Z", None]]}},
}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"collections": "sentinel-2-l2"}, "no collection of .* named 'sentinel-2-l2'. Did you mean 'sentinel-2-l2a'"),
        ({"collections": "sentinel-2-l2a", "area": (-30, 0, -29, 1)}, "covers 20 to 30 degrees east"),
        ({"collections": "sentinel-2-l2a", "dates": "2010"}, "images from 2015-06-27 to today, none from 2010-01-01"),
        ({"collections": "sentinel-2-l2a"}, "has no image of this area .*on land"),
    ],
)
def test_nothing_found_is_explained(options, words):
    with serve_pages([], collections=[COLLECTION]) as (url, _), pytest.raises(InputError, match=words) as caught:
        find(url, **options)
    assert "\n" not in str(caught.value)


def test_an_unknown_collection_that_the_search_refuses():
    server = serve_pages([], faults={-1: Fault(404)}, collections=[COLLECTION])
    with server as (url, _), pytest.raises(InputError, match="Did you mean 'sentinel-2-l2a'"):
        find(url, collections="sentinel2-l2a")


def test_no_page_links_to_another_host():
    answers = {
        "/": {
            "type": "Catalog",
            "stac_version": "1.0.0",
            "links": [{"rel": "search", "href": "https://elsewhere.org/s"}],
        }
    }
    with serve_paths(answers) as (url, _), pytest.raises(SourceError, match="to another host"):
        find(url)


def test_a_static_catalogue_keeps_the_items_that_can_be_read():
    links = [{"rel": "item", "href": f"{{root}}/{i}.json"} for i in range(3)]
    answers = {"/catalog.json": {"type": "Catalog", "stac_version": "1.0.0", "links": links}}
    answers |= {f"/{i}.json": item for i, item in enumerate(plain_items(3)) if i != 1}
    with serve_paths(answers) as (url, _):
        found = find(f"{url}/catalog.json")
    assert len(found) == 2
    assert "answered 404" in found.problems[0]


def test_an_area_across_the_antimeridian_is_searched_in_two_parts():
    items = plain_items(3)[1:]
    for item, west in zip(items, (178, -180), strict=True):
        ring = [[west, -18], [west + 2, -18], [west + 2, -16], [west, -16], [west, -18]]
        item |= {"bbox": [west, -18, west + 2, -16], "geometry": {"type": "Polygon", "coordinates": [ring]}}
    with serve_pages(items) as (url, asked):
        found = find(url, area=(179, -17, 181, -16.5))
    assert [b["bbox"] for b in asked.bodies] == [[179, -17, 180, -16.5], [-180, -17, -179, -16.5]]
    assert found.table["coverage"].tolist() == pytest.approx([0.5, 0.5])
