"""Search, choose, read and save in a panel without a cube, on servers on loopback."""

import ast
import dataclasses
import datetime as dt
import json
import threading

import nbformat
import numpy as np
import pytest
from support.day_items import write_items
from support.faulty_api import Fault, plain_items, serve_pages
from support.stac_server import serve_answer, serve_folder

import eowidgets as eow
from eowidgets.cube.catalogues.listed import known
from eowidgets.cube.sources.stac import patience
from eowidgets.errors import InputError, SourceError
from eowidgets.widgets import event_loop

AREA = (22.2, 45.2, 22.3, 45.3)
DAYS = "2000-01-01/2000-01-20"


@pytest.fixture(autouse=True)
def plain_process(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "EOWIDGETS_CATALOGUES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(patience, "sleep", lambda _: None)

    def none():
        raise RuntimeError("no running event loop")  # whatever other tests left in this thread

    monkeypatch.setattr(event_loop.asyncio, "get_running_loop", none)


@pytest.fixture
def make():
    """Return ``eow.FindPanel``; the panels are closed at the end."""
    made = []

    def maker(*args, **options):
        made.append(eow.FindPanel(*args, **options))
        return made[-1]

    yield maker
    for panel in made:
        panel.close()


@pytest.fixture(scope="module")
def small():
    return eow.open("romania")[["red", "nir", "scl", "clouds", "valid"]].isel(time=slice(84, 88))


@pytest.fixture(scope="module")
def files(small, tmp_path_factory):
    """Address of files and their items: four days, the second cloudy."""
    folder = tmp_path_factory.mktemp("scenes")
    with serve_folder(folder) as root, pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            patch.delenv(name, raising=False)
        yield folder, write_items(folder, small, root=root, clouds=(5.0, 80.0, 20.0, 0.0))


@pytest.fixture
def server(files):
    with serve_pages(files[1], size=3) as (url, _):
        yield url


@pytest.fixture
def panel(make, server, small):
    first, last = (str(small.time.values[i])[:10] for i in (0, -1))
    return make(server, area=small.eow.bounds, dates=(first, last), remote=True)


def test_a_panel_is_made_without_a_cube_and_without_a_network(make, monkeypatch):
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")
    panel = make()
    assert panel.catalogue == "sentinel-2"
    assert panel.cube is None and panel.found is None
    assert "No area is set" in panel._place.value
    assert "Set an area and dates" in panel.message
    assert panel._last.value - panel._first.value == dt.timedelta(days=365)
    titles = [key for _, key in panel._catalogue.options]
    assert titles == list(eow.catalogues().index)
    assert panel.run() is None
    assert "No area is set" in panel.message
    panel.area = AREA
    assert panel.run() is None
    assert "EOWIDGETS_OFFLINE is set" in panel.message


def test_licence_and_missing_credentials_are_stated_before_a_search(make, monkeypatch):
    monkeypatch.delenv("EARTHDATA_TOKEN", raising=False)
    panel = make("sentinel-2")
    assert "Licence" in panel._about.value and "eow-bad" not in panel._about.value
    panel.catalogue = "hls"
    assert "needs the environment variable EARTHDATA_TOKEN" in panel._about.value
    monkeypatch.setenv("EARTHDATA_TOKEN", "a-secret")
    panel.catalogue = "sentinel-2"
    panel.catalogue = "hls"
    assert "eow-bad" not in panel._about.value and "a-secret" not in panel._about.value
    with pytest.raises(InputError, match="There is no catalogue named 'hsl'. Did you mean 'hls'"):
        panel.catalogue = "hsl"


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (dt.date(2020, 9, 1), dt.date(2020, 5, 1), "2020-05-01 is before 2020-09-01"),
        (dt.date(2020, 9, 1), None, "One of the two dates is missing"),
        (None, dt.date(2020, 9, 1), "One of the two dates is missing"),
    ],
)
def test_dates_that_cannot_be_searched_are_refused(make, first, last, words):
    panel = make(area=AREA)
    panel._first.value, panel._last.value = first, last
    assert panel.run() is None
    assert words in panel.message and "role='alert'" in panel.message


def test_search_choose_open_and_code(panel, small, server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "not searched yet" in repr(panel)
    assert panel.explore() is None and "Nothing was searched yet" in panel.message
    before = panel.code()
    found = panel.run().result(60)
    assert panel.found is found and len(found.dates) == 4
    rows = panel.timeline.rows
    assert [r["date"] for r in rows] == [str(t)[:10] for t in small.time.values]
    assert [r["cloud"] for r in rows] == [5, 80, 20, 0]
    assert all(r["coverage"] == pytest.approx(1, abs=0.02) for r in rows)
    assert rows[0]["thumbnail"].startswith("http://127.0.0.1")
    assert "No date is chosen, so all 4 dates are taken. Reading takes about" in panel._cost.value
    assert panel._open.description.startswith("Open 4 dates (") and "about" in panel._open.description
    assert panel.code() == before == found.code()

    panel.timeline.chosen = [found.dates[0], found.dates[2]]  # as the browser does
    part = found.select(panel.chosen)
    assert "2 dates chosen." in panel._cost.value
    assert part.estimate.sentence in panel._cost.value
    assert part.estimate.bytes < found.estimate.bytes
    assert panel.code() == part.code()
    shown = threading.Event()
    panel._below.observe(lambda _: shown.set(), "children")
    cube, problems = panel.explore().result(120)
    assert shown.wait(60)
    assert problems == () and panel.cube is cube
    assert cube.sizes["time"] == 2 and not any(v.chunks for v in cube.data_vars.values())
    seen = cube.sel(x=small.x, y=small.y, method="nearest", tolerance=1e-6)
    np.testing.assert_allclose(seen.red, small.red.isel(time=[0, 2]), atol=1e-6)
    assert panel._below.children == (panel.explorer,)
    assert panel.explorer.cube.sizes["time"] == 2
    assert "Opened 2 dates: the cube is panel.cube." in panel.message
    assert repr(panel).endswith("4 days found")

    book = nbformat.read(panel.to_notebook(), as_version=4)
    assert book.cells[-1].source == part.code()
    scope = {}
    exec(part.code(), scope)
    np.testing.assert_array_equal(scope["cube"].time, cube.time)
    page = panel.report().read_text()
    assert "2 of these days are chosen" in page and server in page


def test_the_dates_are_saved_for_offline_and_can_be_opened(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = panel.run().result(60)
    panel.choose(found.dates[1])
    panel._path.value = "forest"
    target = panel.fetch().result(120)
    assert str(target) == "forest.zarr"
    assert "Saved as forest.zarr" in panel.message
    assert [str(t)[:10] for t in eow.open("forest.zarr").time.values] == [found.dates[1]]
    assert panel.save("again.zarr").exists()


def test_saving_and_opening_are_cancelled_and_start_again(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel.run().result(60)
    moves = panel._moves

    def cancelling(work, words):
        return lambda share: (work.cancel(), moves(work, words)(share))

    for start in (lambda: panel.fetch("forest.zarr"), panel.explore):
        panel._moves = cancelling
        work = start()
        work.wait(60)
        assert work.state == "cancelled"
        assert "Cancelled." in panel.message and not panel._open.disabled
        assert panel.cube is None and not (tmp_path / "forest.zarr" / "zarr.json").exists()
        panel._moves = moves
        start().result(120)
        (tmp_path / "forest.zarr").rename(tmp_path / "kept.zarr") if (tmp_path / "forest.zarr").exists() else None
    assert eow.open("kept.zarr").sizes["time"] == panel.cube.sizes["time"] == 4


def test_the_opened_cube_can_be_opened_again_by_its_code(panel):
    panel.run().result(60)
    cube, _ = panel.explore().result(120)
    assert "eow.open(" in (eow.ModelPanel(cube)._source() or "")


def test_choosing_refuses_what_was_not_found(panel):
    with pytest.raises(InputError, match="Nothing was searched yet"):
        panel.choose("2019-01-01")
    found = panel.run().result(60)
    with pytest.raises(InputError, match="There is no day named '2001-01-01'"):
        panel.choose(["2001-01-01"])
    panel.choose(found.dates[1:3])
    assert panel.chosen == found.dates[1:3]
    panel.choose(None)
    assert panel.chosen == []


def test_settings_that_changed_after_the_search_are_stated(panel):
    panel.run().result(60)
    assert panel._changed.value == ""
    panel._cloud.value = 30
    assert "search again" in panel._changed.value
    found = panel.run().result(60)
    assert panel._changed.value == ""
    assert len(found.dates) == 3 and "cloud=30" in panel.code()
    panel.area = None
    assert "search again" in panel._changed.value


def test_an_uploaded_file_is_the_area(make):
    panel = make()
    ring = [[22.2, 45.2], [22.3, 45.2], [22.3, 45.3], [22.2, 45.3], [22.2, 45.2]]
    content = json.dumps({"type": "Polygon", "coordinates": [ring]}).encode()
    panel.map.load_area(content, "field.geojson")
    assert eow.Area.of(panel.area).bounds == AREA
    assert "Area: " in panel._place.value and "km²" not in panel._place.value
    panel.map.set_trait("bounds", ((45.0, 22.0), (45.5, 22.5)))
    panel.use_view()
    assert eow.Area.of(panel.area).bounds == (22.0, 45.0, 22.5, 45.5)
    assert "km²" in panel._place.value


def test_the_view_of_a_map_that_is_not_on_screen_is_refused(make):
    panel = make()
    panel._view.click()
    assert "not on screen" in panel.message


def test_a_map_of_another_place_is_used_and_left_open(make):
    area_map = eow.AreaMap()
    panel = make(area=AREA, map=area_map)
    assert area_map.area == panel.area
    area_map.area = None
    assert panel.area is None
    panel.close()
    assert area_map.comm is not None


def test_the_area_of_a_given_map_is_taken(make):
    panel = make(map=eow.AreaMap(area=AREA))
    assert eow.Area.of(panel.area).bounds == AREA
    assert panel._place.value.count("Area: ") == 1


def test_an_entry_that_is_not_listed_is_offered_first(make):
    own = dataclasses.replace(known()["sentinel-2"], name="mine", title="Mine")
    panel = make(own, area=AREA)
    assert panel.catalogue == "" and panel._catalogue.options[0] == ("Mine", "")
    assert repr(panel).startswith("FindPanel: Mine")


def test_no_image_is_one_sentence(make):
    with serve_pages(plain_items(5)) as (url, _):
        panel = make(url, area=(100, 10, 101, 11), dates=DAYS)
        with pytest.raises(InputError):
            panel.run().result(60)
        assert "role='alert'" in panel.message
        assert panel.found is None and panel._found.layout.display == "none"
        panel.area = AREA
        panel._cloud.value = 5
        with pytest.raises(InputError):
            panel.run().result(60)
        assert "the clearest has 10 %" in panel.message


@pytest.mark.parametrize(
    ("fault", "words"),
    [(Fault(429), "limits requests"), (Fault(500), "a fault of its own"), (Fault(403), "wants a login")],
)
def test_a_server_that_fails_is_reported_in_plain_language_and_the_panel_goes_on(make, fault, words):
    with serve_pages(plain_items(4), faults={-1: fault}) as (url, _):
        panel = make(url, area=AREA, dates=DAYS)
        with pytest.raises(SourceError):
            panel.run().result(60)
        assert words in panel.message and "Traceback" not in panel.message
        assert not panel._run.disabled and panel._cancel.disabled


def test_pages_that_arrived_before_a_fault_are_shown(make):
    with serve_pages(plain_items(6), faults={0: Fault(), 1: Fault(), -1: Fault(500)}) as (url, _):
        panel = make(url, area=AREA, dates=DAYS)
        assert len(panel.run().result(60)) == 4
        assert "Not complete" in panel._summary.value and "stopped after 4 items" in panel._summary.value
        assert "unknown time" in panel._cost.value


def test_a_search_is_cancelled_while_a_server_does_not_answer(make):
    released = threading.Event()
    with serve_answer(200, b"{}", released) as url:
        panel = make(url, area=AREA, dates=DAYS)
        work = panel.run()
        assert panel.run() is None and "A run is in progress" in panel.message
        panel.cancel()
        reported = threading.Event()
        work.on_change(lambda w: reported.set() if w.hangs or w.over else None)
        assert reported.wait(10)
        released.set()
        work.wait(30)
        assert work.state == "cancelled"
        assert "Cancelled." in panel.message
        assert not panel._run.disabled


def test_a_date_whose_files_are_gone_is_left_out_and_named(make, files, small, tmp_path):
    folder, items = files
    broken = json.loads(json.dumps(items))
    for key in broken[1]["assets"]:
        broken[1]["assets"][key]["href"] += ".gone"
    with serve_pages(broken) as (url, _):
        panel = make(url, area=small.eow.bounds, dates="2000/2099", remote=True)
        panel.run().result(60)
        cube, problems = panel.explore().result(120)
    assert cube.sizes["time"] == 3
    assert len(problems) == 1 and str(small.time.values[1])[:10] in problems[0]
    assert "is missing" in panel.message


def test_a_cube_that_is_large_for_the_memory_stays_lazy(panel, monkeypatch):
    monkeypatch.setattr("eowidgets.widgets.panels.find_reading.available_memory", lambda: 1000)
    panel.run().result(60)
    cube, notes = panel.explore().result(120)
    assert all(v.chunks for n, v in cube.data_vars.items() if n in ("red", "nir"))
    assert "pixels are read when they are shown" in notes[0]


def test_items_in_memory_need_no_area(make, files):
    panel = make({"type": "FeatureCollection", "features": files[1]}, remote=True)
    assert panel.catalogue == "" and panel._first.value is None
    assert len(panel.run().result(60).dates) == 4
    ast.parse(panel.code())
    panel.catalogue = "sentinel-2"
    assert panel.run() is None and "No area is set" in panel.message


def test_dates_with_two_products_are_one_row(make):
    items = plain_items(2)
    items += [
        i | {"id": f"L{n}", "collection": "landsat"} for n, i in enumerate(plain_items(2, **{"eo:cloud_cover": 50}))
    ]
    with serve_pages(items) as (url, _):
        panel = make(url, area=AREA, dates=DAYS)
        found = panel.run().result(60)
    assert [r["date"] for r in panel.timeline.rows] == found.dates
    assert [r["items"] for r in panel.timeline.rows] == [2, 2]


def test_bands_and_pixel_size_are_asked_for_in_the_search_and_the_code(make):
    panel = make("sentinel-2", area=AREA)
    assert panel.bands is None and panel.pixel_size is None
    assert "red" in panel._bands.options and panel._pixel.value == 10
    panel.bands = ("red", "nir")
    panel.pixel_size = 20
    assert (panel._settings().query.bands, panel._settings().query.resolution) == (("red", "nir"), 20)
    assert "bands=['red', 'nir']" in panel.code() and "resolution=20.0" in panel.code()
    panel.bands, panel.pixel_size = None, None
    assert panel._settings().query.bands is None
    assert "bands" not in panel.code() and "resolution" not in panel.code()
    with pytest.raises(InputError, match="Did you mean 'red'"):
        panel.bands = ("rad",)
    panel.catalogue = "hls"
    assert panel._pixel.value == 30 and "rededge1" not in panel._bands.options


def test_cost_and_code_follow_the_bands_without_another_search(panel, server):
    found = panel.run().result(60)
    panel._settle()
    assert set(panel._bands.options) == {"red", "nir"}
    everything = found.estimate.bytes
    panel.bands = ("red",)
    panel._costing.wait(60)
    assert panel.found.estimate.bytes < everything
    assert panel.found.estimate.sentence in panel._cost.value
    assert "bands=['red']" in panel.code()
    assert panel._changed.value == ""
    panel.explore().result(60)
    panel._settle()
    assert tuple(panel.cube.eow.bands) == ("red",)


def test_the_former_choice_of_bands_has_the_former_cost(panel):
    found = panel.run().result(60)
    panel._settle()
    before = panel._cost.value
    for bands in (("nir",), None):
        panel.bands = bands
        panel._costing.wait(60)
    assert panel.found.estimate == found.estimate  # to the last digit: the file is not measured again
    assert panel._cost.value == before
