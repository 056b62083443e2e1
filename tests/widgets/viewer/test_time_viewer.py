import gc
import threading

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.render.source import MASK


@pytest.fixture
def viewer(romania):
    made = eow.TimeViewer(romania, date="2019-07-06")
    yield made
    made.close()


@pytest.fixture
def sent(viewer, monkeypatch):
    """What the viewer sends, in order; ``sent.wait(test)`` waits for it."""

    class Sent(list):
        changed = threading.Condition()

        def wait(self, test, timeout=10):
            with self.changed:
                assert self.changed.wait_for(lambda: test(self), timeout)

    messages = Sent()

    def send(content, buffers=None):
        with messages.changed:
            messages.append((content, buffers))
            messages.changed.notify_all()

    monkeypatch.setattr(viewer, "send", send)
    return messages


def ask(viewer, bands, window=(0, 0, 100, 100, 1), date=0):
    viewer._hear(viewer, {"type": "want", "source": "cube", "bands": bands, "window": list(window), "date": date}, [])


def test_bands_travel_whole_and_exact(viewer, sent, romania):
    ask(viewer, ["red", MASK], date=84)
    sent.wait(
        lambda s: sum(c["count"] for c, _ in s if c["band"] == "red") == 140 and any(c["band"] == MASK for c, _ in s)
    )
    codec = viewer.sources["cube"].codec("red")
    for content, buffers in sent:
        assert len(buffers[0]) < 10_000_000
        if content["band"] != "red":
            continue
        codes = np.frombuffer(buffers[0], codec.dtype).reshape(content["count"], content["rows"], 100)
        expected = romania.red.values[content["t"] : content["t"] + content["count"]]
        np.testing.assert_allclose(codec.decode(codes), expected, atol=5.1e-5)


def test_errors_while_reading_appear_in_the_widget(viewer, sent):
    ask(viewer, ["red"], window=("x", 0, 1, 1, 1))
    end = threading.Event()
    viewer.observe(lambda _: end.set(), names="error")
    assert viewer.error["message"] or end.wait(10)
    assert "could not be read" in viewer.error["message"]
    assert "Traceback" in viewer.error["details"]


def test_series_of_a_pixel_and_an_area_from_the_kernel(viewer, sent, romania):
    program = viewer.sources["cube"].program("NDVI")
    base = {"type": "series", "bands": list(program.bands), "rpn": list(program.steps)}
    viewer._hear(viewer, base | {"id": "a", "pixel": [40, 60]}, [])
    area = {
        "type": "Polygon",
        "coordinates": [[[22.146, 45.201], [22.150, 45.201], [22.150, 45.205], [22.146, 45.201]]],
    }
    viewer._hear(viewer, base | {"id": "b", "area": area}, [])
    sent.wait(lambda s: len(s) == 2)
    pixel, mean = sent[0][0], sent[1][0]
    red, nir = romania.red.values[:, 60, 40], romania.nir.values[:, 60, 40]
    np.testing.assert_allclose(pixel["values"], (nir - red) / (nir + red), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(pixel["hollow"], romania.clouds.values[:, 60, 40])
    expected = romania.eow.series(area, ["NDVI"]).ndvi.values
    found = np.array([np.nan if v is None else v for v in mean["values"]])
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)


def test_dates_snap_to_the_nearest_and_bad_ones_are_refused(viewer):
    viewer.date = "2019-07-08"
    assert viewer.date == "2019-07-06"
    with pytest.raises(InputError, match="is not a date"):
        viewer.date = "tomorrow"


@pytest.mark.parametrize(
    ("trait", "value", "words"),
    [
        ("bands", ["rd"], "no band named 'rd'"),
        ("bands", ["red", "nir"], "2 bands were given"),
        ("index", "NDVV", "Did you mean"),
        ("index", "NBR", "needs the band swir22"),
        ("cmap", "virids", "viridis"),
        ("area", (0, 0, 0, 0), "no size"),
        ("polygons", [(0, 0, 0, 0)], "no size"),
        ("pins", [{"lon": 22.15}], "A pin is a mapping"),
        ("pins", [{"lon": float("nan"), "lat": 45.2}], "A pin is a mapping"),
        ("events", [{"label": "storm"}], "An event is a mapping"),
        ("events", [{"date": "in March"}], "'in March' is not a date"),
        ("selection", ["2018-01-01"], "first and its last date"),
        ("selection", ["2030-01-01", "2031-01-01"], "no date between 2030-01-01 and 2031-01-01"),
        ("bounds", [1, 2, 3], "four numbers"),
        ("bounds", [3, 2, 1, 4], "west must be less than east"),
        ("speed", 0, "between 0.1 and 60, not 0"),
        ("opacity", 2, "between 0 and 1"),
        ("gamma", -1, "gamma is between"),
        ("vmin", float("inf"), "finite number"),
    ],
)
def test_bad_values_are_refused_and_nothing_changes(viewer, trait, value, words):
    before = getattr(viewer, trait)
    with pytest.raises(InputError, match=words):
        setattr(viewer, trait, value)
    assert getattr(viewer, trait) == before


def test_what_is_nearly_right_is_mended(viewer):
    viewer.selection = ["2018-01", "2018-06-30"]
    labels = [d for d in viewer.sources["cube"].labels if "2018-01" <= d < "2018-07"]
    assert viewer.selection == [labels[0], labels[-1]]
    viewer.pins = [{"lon": 22.15, "lat": 45.2}, {"lon": 22.151, "lat": 45.2, "color": "#009e73"}]
    assert [p["color"] for p in viewer.pins] == ["#0072b2", "#009e73"]
    viewer.polygons = [(22.146, 45.201, 22.150, 45.204), (22.150, 45.201, 22.152, 45.204)]
    assert [(p["geometry"]["type"], p["color"], p["name"]) for p in viewer.polygons] == [
        ("Polygon", "#0072b2", "polygon"),
        ("Polygon", "#e69f00", "polygon"),
    ]


def test_what_a_callback_raises_is_shown_under_the_widget(viewer):
    def fail(change):
        raise ZeroDivisionError(f"no share of {change['new']}")

    viewer.observe(fail, "date")
    with pytest.raises(ZeroDivisionError):
        viewer.set_state({"date": "2018-07-06"})  # as the browser does
    assert viewer.error["message"] == "A callback failed: ZeroDivisionError: no share of 2018-07-06"
    assert "Traceback" in viewer.error["details"] and "in fail" in viewer.error["details"]
    assert viewer.date == "2018-07-06"


def test_what_the_kernel_refuses_goes_back_in_the_browser(viewer, monkeypatch):
    told = []
    monkeypatch.setattr(viewer, "send_state", lambda key=None: told.append(key))
    with pytest.raises(InputError):
        viewer.set_state({"area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}, "gamma": 2})
    assert viewer.area is None
    assert ["area"] in told or ["area", "gamma"] in told
    assert "no size" in viewer.error["message"] or "cannot be read" in viewer.error["message"]


def test_what_lies_on_other_ground_is_refused_and_nothing_changes(viewer, romania):
    layer = romania[["red"]].isel(time=0, drop=True)
    head = viewer.head
    with pytest.raises(InputError, match="This is in EPSG:32634, and the cube that is shown in EPSG:3035"):
        viewer.compare_with(romania[["red"]].isel(time=slice(0, 2)).rio.reproject("EPSG:32634"))
    with pytest.raises(InputError, match="reproject it first"):
        viewer.add_layer(layer.rio.reproject("EPSG:32634"), "red")
    with pytest.raises(InputError, match="no style of a layer named 'colour'"):
        viewer.add_layer(layer, "red", style={"colour": "red"})
    with pytest.raises(InputError, match="no band named 'nir'"):
        viewer.add_layer(layer, "red", style={"bands": ["nir"]})
    with pytest.raises(InputError, match="no way to compare named 'wipe'"):
        viewer.compare_with(romania, "wipe")
    assert viewer.head == head and viewer.layers == [] and list(viewer.sources) == ["cube"]


def test_a_layer_may_show_an_index(viewer, romania):
    viewer.add_layer(romania.isel(time=[3, 5]), "early", style={"index": "NDVI", "cmap": "cividis_r"})
    head = viewer.head["sources"][-1]
    assert [i["name"] for i in head["indices"]] == ["NDVI"] and head["indices"][0]["q"]
    assert "cividis_r" in viewer.head["cmaps"]


def test_own_formula_joins_the_list(viewer):
    viewer.index = "nir / red"
    assert any(i["name"] == "nir / red" for i in viewer.head["sources"][0]["indices"])


def test_second_cube_layers_and_set_cube(viewer, romania, make_cube):
    viewer.compare_with(romania.isel(time=slice(0, 5)))
    assert (viewer.compare_mode, viewer.compare_key) == ("swipe", "compare")
    loss = romania.red.isel(time=0, drop=True).rename("loss")
    loss.attrs = {"flag_values": [0, 1], "flag_meanings": "stable lost", "colors": "#aaaaaa #ff0000"}
    viewer.add_layer(loss, "loss", opacity=0.5)
    assert [k["key"] for k in viewer.layers] == ["loss"]
    classes = viewer.head["sources"][-1]["bands"][0]["classes"]
    assert classes[1] == {"value": 1, "name": "lost", "color": "#ff0000"}
    viewer.remove_layer("loss")
    assert viewer.layers == []
    with pytest.raises(InputError, match="no layer named"):
        viewer.remove_layer("loss")
    with pytest.raises(InputError, match="cannot be called"):
        viewer.add_layer(loss, "cube")
    viewer.compare_with(None)
    assert viewer.compare_mode == "none"
    viewer.set_cube(make_cube(bands=("vv",)))
    assert viewer.bands == ["vv"]
    assert viewer.date in viewer.sources["cube"].labels


def test_running_models_paint_regions(viewer, sent, romania):
    viewer.add_layer(romania[["red"]], "result")
    viewer.update_region("result", 3, 10, 20, np.full((4, 5), 0.25, "float32"))
    content, buffers = sent[-1]
    assert (content["t"], content["y"], content["x"], content["height"], content["width"]) == (3, 10, 20, 4, 5)
    codec = viewer.sources["result"].codec("red")
    np.testing.assert_allclose(codec.decode(np.frombuffer(buffers[0], codec.dtype)), 0.25, atol=1e-4)


def test_text_is_stable_and_says_what_is_shown(romania):
    one, two = (eow.TimeViewer(romania, date="2019-07-06", index="NDVI") for _ in range(2))
    assert repr(one) == repr(two)
    assert repr(one).endswith("140 dates, 100 × 100 px, 2019-07-06, NDVI (viridis)")
    bundle = one._repr_mimebundle_()
    assert (bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"] == repr(one)


def test_snapshot_is_a_small_png(viewer):
    picture = viewer.snapshot()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert len(picture) < 200_000


def test_lazy_cubes_are_not_read_to_open(make_cube):
    reads = []

    def count(block):
        reads.append(block.shape)
        return block

    cube = make_cube(dates=5, height=64, width=64, bands=("red", "green", "blue"))
    for band in ("red", "green", "blue"):
        lazy = cube[band].chunk({"time": 1}).data
        cube[band] = cube[band].copy(data=lazy.map_blocks(count, dtype="float32", meta=np.zeros(0, "float32")))
    cube = cube.drop_vars("clouds")
    viewer = eow.TimeViewer(cube)
    assert not reads
    viewer.close()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda c: c.isel(time=[0, 0]), "more than once"),
        (lambda c: c.rename(y="row"), "no dimension 'y'"),
        (lambda c: c.drop_vars(["red", "nir"]), "no band to draw"),
        (lambda c: c.isel(x=slice(0, 0)), "empty"),
        (lambda c: c.assign_coords(time=np.arange(4)), "not dates"),
        (lambda c: "a string", "give an xarray Dataset"),
    ],
)
def test_what_is_no_cube_is_refused_before_anything_is_drawn(make_cube, spoil, words):
    with pytest.raises(InputError, match=words):
        eow.TimeViewer(spoil(make_cube()))
    gc.collect()


@pytest.mark.parametrize(
    "make",
    [
        lambda c: c.isel(time=[0]),
        lambda c: c.isel(x=[3]),
        lambda c: c.isel(x=[3], y=[2]),
        lambda c: c.drop_vars("spatial_ref"),
        lambda c: c.assign(red=c.red.astype("float64")),
        lambda c: c.assign(red=c.red * np.nan, nir=c.nir * np.nan),
        lambda c: c.assign(red=c.red - 0.5, nir=c.nir.where(c.nir > 0.1, np.inf)),
        lambda c: c.isel(time=[2, 0, 1]),
        lambda c: c.isel(y=slice(None, None, -1)),
        lambda c: c.isel(x=slice(None, None, -1)),
    ],
)
def test_odd_cubes_work(make_cube, make):
    viewer = eow.TimeViewer(make(make_cube()))
    assert viewer.head["sources"][0]["bands"]
    assert viewer.snapshot()[:4] == b"\x89PNG"
    viewer.close()


def test_three_hundred_bands(make_cube):
    cube = make_cube(bands=tuple(f"b{i}" for i in range(300)), dates=2, height=3, width=3)
    viewer = eow.TimeViewer(cube)
    assert len(viewer.head["sources"][0]["bands"]) == 300
    viewer.close()


def test_unknown_option_is_refused_with_a_hint(romania):
    with pytest.raises(InputError, match="Did you mean 'clouds'"):
        eow.TimeViewer(romania, cloud="hide")


def test_the_first_picture_travels_with_the_widget(romania, bouconne):
    viewer = eow.TimeViewer(romania, index="NDVI", date="2018-07-06")
    source = viewer.sources["cube"]
    parts = {part["band"]: part for part in viewer.first}
    assert set(parts) == {*source.program("NDVI").bands, "clouds"}
    assert sum(len(part["data"]) for part in viewer.first) < 1_000_000
    red = np.frombuffer(parts["red"]["data"], "<u2").reshape(parts["red"]["shape"])
    np.testing.assert_array_equal(red, source.read("red", [viewer.step], source.coarse)[0])
    assert {part["version"] for part in viewer.first} == {source.version}
    viewer.set_cube(bouconne)
    assert {part["version"] for part in viewer.first} == {viewer.sources["cube"].version}
    viewer.close()
    lazy = eow.TimeViewer(romania.chunk({"time": 1}))
    assert lazy.first == []  # nothing is read before it is asked for
    lazy.close()


def test_favourites_are_indices_and_each_is_kept_once(viewer):
    viewer.favourites = ["EVI", "NBR", "EVI"]  # this cube lacks a band of NBR; another may have it
    assert viewer.favourites == ["EVI", "NBR"]
    with pytest.raises(InputError, match="NDVX"):
        viewer.favourites = ["NDVX"]
    assert viewer.favourites == ["EVI", "NBR"]
