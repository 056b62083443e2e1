from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime

import ipyleaflet
import numpy as np
import pytest
import rasterio.io
import traitlets
from support.grids import grid_cube

import eowidgets as eow
from eowidgets.cube.area import Area
from eowidgets.cube.grid import bounds, geobox
from eowidgets.errors import InputError
from eowidgets.render.result import Legend
from eowidgets.widgets.places import AREA_COLOR

INSIDE = (22.148, 45.202, 22.152, 45.206)


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("EOWIDGETS_OFFLINE", "1")


def click(m, lon, lat):
    m._handle_leaflet_event(m, {"event": "interaction", "type": "click", "coordinates": [lat, lon]}, [])


def draw(m, *shapes):
    """What the browser sends when shapes have been drawn."""
    m.draw.set_state({"data": [{"type": "Feature", "properties": {}, "geometry": g} for g in shapes]})


def box_json(west, south, east, north):
    ring = [[west, south], [west, north], [east, north], [east, south], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def decode(url):
    with rasterio.io.MemoryFile(base64.b64decode(url.split(",")[1])) as memory, memory.open() as file:
        return file.read().transpose(1, 2, 0)


def test_is_a_leafmap_map_with_all_its_methods(romania):
    leafmap = pytest.importorskip("leafmap")
    m = eow.AreaMap(romania)
    assert isinstance(m, leafmap.Map)
    assert isinstance(m, eow.AreaMap)


def test_is_an_ipyleaflet_map_where_leafmap_is_absent():
    code = (
        "import sys, importlib.util as u; found = u.find_spec\n"
        "u.find_spec = lambda n, *a: None if n == 'leafmap' else found(n, *a)\n"
        "import eowidgets as eow; m = eow.AreaMap(eow.open('romania'))\n"
        "m.area = (22.148, 45.202, 22.152, 45.206)\n"
        "print('leafmap' in sys.modules, m.area_value.hectares > 10)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_no_tile_layer_offline(romania):
    m = eow.AreaMap(romania)
    assert not any(isinstance(layer, ipyleaflet.TileLayer) for layer in m.layers)
    assert [layer.name for layer in m.layers][:2] == ["coastlines", "graticule"]


def test_footprint_and_frame_lie_where_the_cube_is(romania):
    m = eow.AreaMap(romania)
    west, south, east, north = bounds(romania)
    place = m.frames.sources["cube"].place
    (w, e), (s, n) = place.to_lonlat(place.bounds[::2], place.bounds[1::2])
    assert abs(w - west) < 1e-3 and abs(s - south) < 1e-3 and abs(e - east) < 1e-3 and abs(n - north) < 1e-3
    assert south < m.center[0] < north and west < m.center[1] < east
    assert min(lat for lat, _ in m._footprint.locations) == pytest.approx(south, abs=1e-6)


def test_frame_shows_the_pixels_of_the_date(make_cube):
    # Grid north is not true north: where a bright pixel lies on the map must follow from its coordinates.
    cube = make_cube(dates=2, height=20, width=30, bands=("red", "green", "blue"), clouds=0)
    for band in ("red", "green", "blue"):
        cube[band][:] = 0.1
        cube[band][1, 4, 25] = 0.9
    m = eow.AreaMap(cube)
    m.date = "2020-01-14"
    frames = m.frames.sources["cube"]
    assert m.frames.date == "2020-01-14"
    rows, columns = np.nonzero(frames.values("red", [1], frames.whole)[0] > 0.5)
    row, column = rows.mean(), columns.mean()
    x, y = frames.place.x0 + (column + 0.5) * frames.place.dx, frames.place.y0 - (row + 0.5) * frames.place.dy
    lon, lat = frames.place.to_lonlat(x, y)
    pixel = cube.eow.at(float(lon), float(lat))
    assert float(pixel["red"][1]) == pytest.approx(0.9)
    m.frames.date = "2020-01-03"  # as when the person scrubs in the browser
    assert m.date == "2020-01-03"
    m.date = "1999-01-01"  # of another widget's cube
    assert m.frames.date == "2020-01-03"


def test_nothing_is_drawn_where_nothing_was_measured(make_cube):
    cube = make_cube(dates=1, height=10, width=10, bands=("red",))
    cube["red"][0, :5] = np.nan
    frames = eow.AreaMap(cube).frames.sources["cube"]
    red = frames.read("red", [0], frames.whole)[0]
    half = red.shape[0] // 2
    assert red[half + 2, 5] > 0
    assert red[half - 2, 5] == 0  # the code of "nothing"


def test_the_corners_of_a_shape_are_no_pins(romania):
    m = eow.AreaMap(romania)
    m.frames.drawing = True
    m._clicked(type="click", coordinates=m.center)
    assert m.pins == []
    m.frames.drawing = False
    m._clicked(type="click", coordinates=m.center)
    assert len(m.pins) == 1


def test_the_frames_are_in_the_list_of_layers_and_follow_another_cube(romania, bouconne):
    m = eow.AreaMap(romania)
    assert repr(m.layer_list) == "LayerList(frame)"
    first = m.frames
    m.set_cube(bouconne)
    assert m.frames is first and m.frames.cube.attrs["title"] == bouconne.attrs["title"]
    assert m.date == m.frames.date and m.bands == tuple(m.frames.bands)


def test_drawing_sets_the_area_and_the_last_shape_counts(romania):
    m = eow.AreaMap(romania)
    first, second = box_json(*INSIDE), box_json(22.150, 45.202, 22.153, 45.205)
    draw(m, first)
    assert m.area_value.bounds == pytest.approx(INSIDE)
    draw(m, first, second)
    assert m.area_value.bounds == pytest.approx((22.150, 45.202, 22.153, 45.205))
    assert len(m.draw.data) == 1
    draw(m)
    assert m.area is None


def test_clicks_that_drew_a_polygon_leave_no_pins(romania):
    m = eow.AreaMap(romania)
    click(m, 22.153, 45.206)
    for lon, lat in box_json(*INSIDE)["coordinates"][0][:4]:
        click(m, lon, lat)
    draw(m, box_json(*INSIDE))
    assert [p["lon"] for p in m.pins] == [22.153]


def test_area_from_code_is_drawn(romania):
    m = eow.AreaMap(romania, area=INSIDE)
    assert m.draw.data[0]["properties"]["type"] == "rectangle"
    assert m.area_gdf().crs.to_epsg() == 4326
    assert m.area_gdf().hectares[0] == pytest.approx(m.area_value.hectares, abs=0.01)
    west, south, east, north = m.area_in(romania.rio.crs).bounds
    assert romania.x.min() < west < east < romania.x.max()
    assert romania.y.min() < south < north < romania.y.max()
    m.area = None
    assert m.draw.data == []


def test_area_is_checked(romania):
    m = eow.AreaMap(romania, area=INSIDE)
    kept = m.area
    with pytest.raises(InputError, match="no size"):
        m.area = {"type": "Point", "coordinates": [22.15, 45.2]}
    assert m.area == kept
    with pytest.raises(InputError, match="No area is set"):
        eow.AreaMap(romania).area_gdf()


def test_bow_tie_drawn_by_hand_is_mended(romania):
    m = eow.AreaMap(romania)
    ring = [[22.148, 45.202], [22.152, 45.206], [22.152, 45.202], [22.148, 45.206], [22.148, 45.202]]
    draw(m, {"type": "Polygon", "coordinates": [ring]})
    assert m.area["type"] == "MultiPolygon"


def test_drawing_without_size_says_so_on_the_map(romania):
    m = eow.AreaMap(romania)
    draw(m, box_json(22.15, 45.2, 22.15, 45.2))
    assert m.area is None
    assert "no size" in m._note.value


def upload(m, name, content):
    file = {"name": name, "type": "", "size": len(content), "content": content, "last_modified": datetime.now(UTC)}
    m._upload.set_trait("value", (traitlets.Bunch(file),))


def test_upload(romania):
    m = eow.AreaMap(romania)
    upload(
        m, "place.geojson", json.dumps({"type": "Feature", "properties": {}, "geometry": box_json(*INSIDE)}).encode()
    )
    assert m.area_value.bounds == pytest.approx(INSIDE)
    assert m._note.value == ""


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x89PNG", "not GeoJSON"),
        (b"[1, 2]", "not GeoJSON"),
        (b'{"type": "FeatureCollection", "features": []}', "empty"),
        (b'{"type": "Polygon", "coordinates": [[[500000, 0], [500010, 0], [500000, 9], [500000, 0]]]}', "not degrees"),
    ],
)
def test_bad_upload_says_so_and_keeps_the_area(romania, content, says):
    m = eow.AreaMap(romania, area=INSIDE)
    kept = m.area
    upload(m, "<img src=x>.geojson", content)
    assert m.area == kept
    assert says in m._note.value
    assert "<img" not in m._note.value


def test_what_goes_wrong_with_the_pictures_is_said_on_the_map(romania):
    m = eow.AreaMap(romania)
    m.frames.error = {"message": "Received pixels could not be read.", "details": ""}
    assert "Received pixels could not be read." in m._note.value
    m.frames.error = {"message": "", "details": ""}
    assert m._note.value == ""


def test_click_puts_a_pin_and_a_click_on_it_takes_it_away(romania):
    m = eow.AreaMap(romania)
    click(m, 22.150, 45.204)
    click(m, 22.153, 45.206)
    assert [(p["lon"], p["lat"]) for p in m.pins] == [(22.150, 45.204), (22.153, 45.206)]
    # Neither that of the other pin nor that of the area.
    assert len({AREA_COLOR, *(p["color"] for p in m.pins)}) == 3
    assert [layer.fill_color for layer in m._pins.layers] == [p["color"] for p in m.pins]
    click(m, 22.15001, 45.20401)
    assert [p["lon"] for p in m.pins] == [22.153]


def test_click_outside_the_cube_or_that_ends_a_drawing_puts_none(romania):
    m = eow.AreaMap(romania, area=INSIDE)
    click(m, 10.0, 45.0)
    assert "no data here" in m._note.value
    click(m, INSIDE[2], INSIDE[3])
    assert m.pins == []


def test_pins_and_date_can_be_linked(romania):
    a, b = eow.AreaMap(romania), eow.AreaMap(romania)
    traitlets.link((a, "pins"), (b, "pins"))
    traitlets.link((a, "date"), (b, "date"))
    a.pins = [{"lon": 22.15, "lat": 45.204}]
    a.date = "2018-08-08"
    assert b.pins == a.pins
    assert b.date == "2018-08-08"
    with pytest.raises(InputError, match="A pin is a mapping"):
        a.pins = [{"x": 1}]


def test_picture_layers_have_legend_and_opacity(romania):
    m = eow.AreaMap(romania)
    rgba = np.full((100, 100, 4), 255, np.uint8)
    layer = m.show_image(rgba, geobox(romania), "change", Legend("Loss <b>", entries=[("felled", "#d55e00")]))
    assert "felled" in m._legend.value
    assert "Loss &lt;b&gt;" in m._legend.value
    layer.opacity = 0.4
    assert m.show_image(rgba // 2, geobox(romania), "change") is layer
    assert layer.opacity == 0.4
    assert "change" in repr(m.layer_list)
    m.drop_image("change")
    assert m.image("change") is None
    assert "felled" not in m._legend.value
    assert "change" not in repr(m.layer_list)


def test_unknown_options_and_bands_name_the_nearest(romania):
    with pytest.raises(InputError, match="Did you mean 'zoom'"):
        eow.AreaMap(romania, zooom=3)
    with pytest.raises(InputError, match="basemap of AreaMap is"):
        eow.AreaMap(romania, basemap="sattelite")
    with pytest.raises(InputError, match="Did you mean 'green'"):
        eow.AreaMap(romania).bands = ("red", "gren", "blue")


def test_text_is_stable(romania):
    m = eow.AreaMap(romania, area=INSIDE)
    assert repr(m) == repr(eow.AreaMap(romania, area=INSIDE))
    assert "0x" not in repr(m)
    assert m._repr_mimebundle_()["text/plain"].startswith("AreaMap('Forest in Romania")


def test_a_cube_without_crs_is_refused(make_cube):
    cube = make_cube().drop_vars("spatial_ref")
    for name in cube.data_vars:
        cube[name].encoding.pop("grid_mapping", None)
    with pytest.raises(InputError, match="no CRS"):
        eow.AreaMap(cube)


# --- the globe ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Fiji, UTM 60 south", "0..360, around 180", "Antarctica, across 180"])
def test_a_cube_across_the_antimeridian_is_drawn_in_one_piece(name):
    cube = grid_cube(name)
    m = eow.AreaMap(cube)
    west, _, east, _ = cube.eow.bounds
    assert m.center[1] == pytest.approx((west + east) / 2)
    assert m.zoom > 1
    lons = [lon for _, lon in m._footprint.locations]
    assert (min(lons), max(lons)) == pytest.approx((west, east), abs=1e-6)
    place = m.frames.sources["cube"].place.head()
    assert (place["lon"][0], place["lon"][-1]) == pytest.approx((west, east), abs=1e-6)


def test_shapes_and_pins_across_the_antimeridian_lie_on_the_cube():
    cube = grid_cube("Fiji, UTM 60 south")
    m = eow.AreaMap(cube, area=(179.9, -18.2, 180.1, -18.1))
    drawn = m.draw.data[0]["geometry"]
    assert drawn["type"] == "Polygon"
    assert {round(x, 6) for ring in drawn["coordinates"] for x, _ in ring} >= {179.9, 180.1}
    assert m.area["type"] == "MultiPolygon"
    m.draw.data = [{"type": "Feature", "properties": {}, "geometry": drawn}]  # the browser's echo changes nothing
    assert m.area["type"] == "MultiPolygon"
    for lon in (180.2, -179.8, 540.2):
        m.pins = []
        m._clicked(type="click", coordinates=(-18.15, lon))
        assert m.pins[0]["lon"] == pytest.approx(-179.8)
        assert m._pins.layers[0].location[1] == pytest.approx(180.2)
        m._clicked(type="click", coordinates=(-18.15, lon))
        assert m.pins == []
    m._clicked(type="click", coordinates=(-18.15, 178))
    assert m.pins == []
    assert "no data here" in m._note.value


def test_what_is_in_view_is_found_on_every_copy_of_the_world():
    m = eow.AreaMap(grid_cube("Fiji, UTM 60 south"))
    for turn in (0, -360, 360):
        m.set_trait("bounds", ((-18.2, 179.9 + turn), (-18.1, 180.1 + turn)))
        assert m.view_area().bounds == pytest.approx((179.9, -18.2, 180.1, -18.1))
    m.set_trait("bounds", ((-89, -400), (89, 400)))
    assert m.view_area().bounds == pytest.approx(m.cube.eow.bounds)
    m.set_trait("bounds", ((-18.2, 10), (-18.1, 11)))
    assert m.view_area() is None


def test_a_picture_across_the_antimeridian_gets_bounds_above_180():
    cube = grid_cube("Fiji, UTM 60 south")
    m = eow.AreaMap(cube)
    rgba = np.full((20, 60, 4), 255, np.uint8)
    layer = m.show_image(rgba, geobox(cube), "picture")
    west, south, east, north = cube.eow.bounds
    assert np.ravel(layer.bounds) == pytest.approx([south, west, north, east])


@pytest.mark.parametrize("name", ["0..360, whole", "-180..180, whole", "Arctic, pole inside", "whole, Mercator"])
def test_a_whole_globe_and_a_pole_have_a_map_and_take_areas(name):
    cube = grid_cube(name)
    m = eow.AreaMap(cube, area=(170, 60, 190, 70))
    assert m.frames.sources["cube"].width > 50
    assert len(m.draw.data) == 1
    west, south, east, north = Area.of(m.area).bounds
    assert (west, south, east, north) == pytest.approx((170, 60, 190, 70))


def test_a_basemap_is_chosen_where_tiles_can_be_reached(romania):
    m = eow.AreaMap(romania)
    assert m.basemap_choice.options == ("coastlines",)
    m._add_tiles()  # as when the probe has answered
    assert [x.name for x in m.layers if getattr(x, "base", False)] == ["streets"]
    for name in ("imagery", "coastlines", "dark"):
        m.basemap_choice.value = name
        ground = m.layers[0]
        assert ground.name == name
        assert sum(getattr(x, "base", False) for x in m.layers) == (name != "coastlines")
    assert [x.name for x in m.layers][-2:] == ["footprint", "pins"]
