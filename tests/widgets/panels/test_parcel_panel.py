import datetime as dt
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from support.parcels import grid_of_parcels

import eowidgets as eow
from eowidgets.engine.scheduler import HEAVY
from eowidgets.errors import InputError
from eowidgets.widgets.panels.parcel_layers import NAME, place_of


@pytest.fixture(scope="module")
def cube():
    return eow.open("romania").isel(time=slice(0, 30))


@pytest.fixture(scope="module")
def used(cube):
    """A panel next to a viewer and a map that has measured once."""
    panel = eow.ParcelPanel(cube, grid_of_parcels(cube, 5, 5), viewer=eow.TimeViewer(cube), map=eow.AreaMap(cube))
    panel.run().result(120)
    return panel


def upload(path):
    now = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    return ({"name": path.name, "type": "", "size": 1, "content": path.read_bytes(), "last_modified": now},)


def test_run_gives_what_code_gives(used, cube):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = eow.parcels(cube, grid_of_parcels(cube, 5, 5))
    pd.testing.assert_frame_equal(used.result.table, expected.table)
    assert "25 of 25 parcels were measured" in used.message
    assert repr(used) == "ParcelPanel: 25 parcels, NDVI, 25 measured"


def test_parcels_are_coloured_on_viewer_and_map_by_date(used, cube):
    used.stat = "mean"
    assert [k["key"] for k in used.viewer.layers] == [NAME]
    before = used.map.image(NAME).url
    used.viewer.date = str(cube.time.values[3])[:10]
    assert used.map.image(NAME).url != before
    assert used.chart.date == used.viewer.date[:10]
    used._colour.value = False
    assert not used.viewer.layers
    assert used.map.image(NAME) is None
    used._colour.value = True
    assert used.map.image(NAME) is not None


def test_pins_select_parcels_and_their_series(used):
    lon, lat = place_of(used.result, 7)
    used.viewer.pins = [{"lon": lon, "lat": lat}]
    assert used.selected == ["field 7"] == [line["name"] for line in used.chart.series]
    assert used.chart.series[0]["color"] == used.viewer.pins[0]["color"]
    shown = np.array([np.nan if v is None else v for v in used.chart.series[0]["values"]])
    np.testing.assert_allclose(shown, used.result.series("field 7")["mean"], rtol=1e-6)
    assert "low" in used.chart.series[0]
    used.select("field 3", "field 9")
    assert used.selected == ["field 3", "field 9"]
    assert len(used.viewer.pins) == len(used.map.pins) == 2
    assert "low" not in used.chart.series[0]
    used._find.value = "field 4"
    assert used.selected == ["field 3", "field 9", "field 4"]
    used._forget.click()
    assert not used.selected and not used.viewer.pins
    assert used.chart.layout.display == "none"
    used.viewer.pins = [{"lon": 0, "lat": 0}]
    assert not used.selected
    used._find.value = "nothing"
    assert "no parcel named" in used.message


def test_outliers_are_listed_and_one_is_shown(used):
    used._class.value = "crop"
    found = used.find_outliers()
    assert set(found["class"]) == {"wheat", "maize"}
    assert "parcels are outliers" in used.message
    name = used._list.options[1][1]
    used._list.value = name
    assert used.selected == [name]
    assert len(used.viewer.bounds) == 4


def test_import_draw_save_and_notebook(cube, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    panel = eow.ParcelPanel(cube)
    assert panel.run() is None
    assert "Import the outlines" in panel.message
    with pytest.raises(InputError, match="measure the parcels first"):
        panel.save()
    panel._take.click()
    assert "No polygon is drawn" in panel.message
    source = tmp_path / "away" / "fields.geojson"
    source.parent.mkdir()
    grid_of_parcels(cube, 3, 3).to_file(source)
    panel._upload.value = upload(source)
    assert "9 parcels" in panel._source_note.value
    panel.run().result(120)
    assert "eow.parcels(cube, 'fields.geojson')" in panel.code()
    panel._save.click()
    assert len(pd.read_csv("parcels.csv")) == 9 * 30
    assert panel.to_notebook().exists()
    assert (tmp_path / "fields.geojson").read_bytes() == source.read_bytes()
    assert "data:image" in panel.report().read_text()
    panel.viewer.polygons = [(22.147, 45.202, 22.149, 45.204)]
    panel.take_drawn()
    panel.index = "NDMI"
    panel.run().result(120)
    assert panel.result.outlines["parcel"].tolist() == ["polygon 1"]
    assert "'FeatureCollection'" in panel.code() and "indices='NDMI'" in panel.code()
    bad = tmp_path / "bad.gpkg"
    bad.write_bytes(b"no database")
    panel._upload.value = upload(bad)
    assert "cannot be read as vector data" in panel.message
    panel.close()


def test_a_run_is_cancelled(cube):
    panel, gate = eow.ParcelPanel(cube, grid_of_parcels(cube, 3, 3)), threading.Event()
    HEAVY.submit("something before", lambda _: gate.wait(60))
    work = panel.run()
    panel.cancel()
    gate.set()
    assert work.state == "cancelled"
    assert "Cancelled" in panel.message
    assert panel.result is None and not panel._run.disabled
    panel.close()
