import pytest

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.widgets.late_tabs import LateTabs

AREA = (22.146, 45.201, 22.150, 45.204)


@pytest.fixture
def explorer(romania):
    return eow.Explorer(romania, date="2019-07-06")


def test_date_area_and_pins_are_one(explorer):
    explorer.viewer.date = "2018-05-02"
    assert explorer.date == explorer.map.date == "2018-05-02"
    explorer.map.date = "2019-06-16"
    assert explorer.viewer.date == "2019-06-16"
    explorer.area = AREA
    geometry = eow.Area.of(AREA).geojson
    assert explorer.viewer.area == explorer.map.area == explorer.panel.area == geometry
    explorer.viewer.area = None
    assert explorer.area is None
    assert explorer.map.area is None
    explorer.pins = [{"lon": 22.15, "lat": 45.203, "color": "#0072b2"}]
    assert explorer.viewer.pins == explorer.map.pins == explorer.pins


def test_bands_follow_on_the_map(explorer):
    explorer.viewer.bands = ["nir", "red", "green"]
    assert tuple(explorer.map.bands) == ("nir", "red", "green")


def test_text_and_code(explorer, romania):
    assert repr(explorer) == repr(eow.Explorer(romania, date="2019-07-06"))
    assert repr(explorer).startswith("Explorer: Forest in Romania")
    compile(explorer.code(), "cell", "exec")
    assert explorer.result is None
    assert explorer.cube.sizes == romania.sizes


def test_bad_input(romania):
    with pytest.raises(InputError, match="give an xarray Dataset"):
        eow.Explorer("romania")
    with pytest.raises(InputError, match="no option of TimeViewer named 'colour'"):
        eow.Explorer(romania, colour="red")
    with pytest.raises(InputError, match="no model named"):
        eow.Explorer(romania, model="magic")


def test_in_a_kernel_the_viewer_comes_first(romania, monkeypatch):
    from eowidgets.widgets import explorer as module

    waiting = []
    monkeypatch.setattr(module, "_soon", lambda later, now: waiting.append(later))
    explorer = eow.Explorer(romania)
    assert explorer._map is None
    assert explorer.viewer in explorer.children
    waiting[0]()
    assert any(explorer.map in getattr(child, "children", ()) for child in explorer.children)
    kept = explorer.panel
    waiting[0]()
    assert explorer.panel is kept
    # What fails later has no cell to show it in: it stands where the map would be.
    late = eow.Explorer(romania, model="fill-liner")
    waiting[1]()
    assert "Did you mean" in late._wait.value
    with pytest.raises(InputError, match="Did you mean 'fill-linear'"):
        _ = late.panel


def test_every_tab_opens_and_follows_the_area(explorer, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    explorer.area = AREA
    tabs = next(c for c in explorer.children if isinstance(c, LateTabs))
    for number, name in enumerate(
        ("ModelPanel", "TeachPanel", "ChangePanel", "ForecastPanel", "MeasurePanel", "AskPanel")
    ):
        tabs.selected_index = number
        (panel,) = tabs.children[number].children
        assert type(panel).__name__ == name
        if name != "TeachPanel":  # there an area that is drawn becomes a label
            assert panel.area == explorer.area
