"""The list of all layers of an Explorer."""

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.widgets.layers_panel import LayersPanel


@pytest.fixture
def explorer(romania):
    return eow.Explorer(romania.isel(time=slice(80, 84)))


@pytest.fixture
def panel(explorer):
    cube = explorer.cube.isel(time=0)
    for name, value in (("low", 0), ("high", 1)):
        mask = cube[["red"]].rename(red=name) * 0 + value
        explorer.viewer.add_layer(mask, name)
    return LayersPanel(explorer.viewer, explorer.map)


def row(panel, name):
    return panel._rows[name]


def test_rows_are_the_layers_of_the_viewer_topmost_first(panel, explorer):
    assert repr(panel) == "LayersPanel(high, low)"
    assert [r.children[0].children[0].description for r in panel._list.children] == ["high", "low"]
    explorer.viewer.remove_layer("high")
    assert repr(panel) == "LayersPanel(low)"
    explorer.viewer.remove_layer("low")
    assert "No result" in panel._list.children[0].value


def test_a_row_changes_its_layer_and_follows_it(panel, explorer):
    shown, opacity = row(panel, "low").children[0].children
    shown.value, opacity.value = False, 0.4
    layer = next(k for k in explorer.viewer.layers if k["key"] == "low")
    assert (layer["visible"], layer["opacity"]) == (False, 0.4)
    panel.change("low", visible=True, opacity=1.0)
    assert (shown.value, opacity.value) == (True, 1.0)


def test_layers_are_moved_zoomed_to_saved_and_removed(panel, explorer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    up, zoom, save, remove = row(panel, "low").children[1].children
    up.click()
    assert [k["key"] for k in explorer.viewer.layers] == ["high", "low"]
    up.click()  # it is the topmost
    assert [k["key"] for k in explorer.viewer.layers] == ["high", "low"]
    zoom.click()
    np.testing.assert_allclose(explorer.viewer.bounds, explorer.cube.odc.geobox.boundingbox.bbox)
    save.click()
    assert (tmp_path / "low.tif").exists()
    assert "Saved as low.tif" in panel._message.value
    remove.click()
    assert [k["key"] for k in explorer.viewer.layers] == ["high"]


def test_a_layer_that_cannot_be_saved_is_told_of(panel, tmp_path, monkeypatch):
    blocked = tmp_path / "low.tif"
    blocked.mkdir()
    (blocked / "file").touch()
    monkeypatch.chdir(tmp_path)
    assert panel.save("low") is None
    assert "role='status'" in panel._message.value and "low.tif" in panel._message.value


def test_the_map_is_small_until_it_is_enlarged(explorer):
    inset = explorer.children[2]
    small = explorer.map.zoom
    assert not inset.large and "eow-inset-large" not in inset._dom_classes
    inset.large = True
    assert "eow-inset-large" in inset._dom_classes
    assert explorer.map.zoom == small + 2
    inset.large = False
    assert explorer.map.zoom == small
