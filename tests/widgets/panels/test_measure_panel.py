"""The tab of measurements: four panels, each created when it is opened, with one area."""

from __future__ import annotations

import pytest

import eowidgets as eow
from eowidgets.errors import InputError
from eowidgets.widgets.panels.measure_panel import PARTS, MeasurePanel

AREA = eow.Area.of((22.146, 45.201, 22.150, 45.204)).geojson


@pytest.fixture
def panel(romania):
    viewer = eow.TimeViewer(romania)
    made = MeasurePanel(romania, viewer=viewer)
    yield made
    made.close()
    viewer.close()


def test_only_the_open_part_is_created(panel):
    assert panel.part == "Seasons"
    assert list(panel._panels) == ["Seasons"]
    panel.part = "Stations"
    assert list(panel._panels) == ["Seasons", "Stations"]
    assert panel._place.children == (panel.panel("Stations"),)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_follows_the_area_and_the_viewer(panel, part):
    opened = panel.panel(part)
    assert opened.viewer is panel.viewer
    panel.area = AREA
    assert opened.area == AREA


def test_callbacks_get_parts_that_are_open_and_those_that_come(panel):
    seen = []
    panel.on_open(seen.append)
    panel.part = "Parcels"
    assert seen == [panel.panel("Seasons"), panel.panel("Parcels")]


def test_every_part_opens_on_a_cube_of_one_date(make_cube):
    cube = make_cube(dates=1)
    panel = MeasurePanel(cube, viewer=eow.TimeViewer(cube))
    for part, (_, name) in PARTS.items():
        panel.part = part
        (opened,) = panel._place.children
        assert type(opened).__name__ == name


def test_a_part_that_refuses_the_cube_says_why_in_its_place(panel, monkeypatch):
    def refuse(*_, **__):
        raise InputError("Outlines need a <CRS>.")

    monkeypatch.setattr("eowidgets.widgets.panels.parcel_panel.ParcelPanel", refuse)
    panel.part = "Parcels"  # a click: no cell can show an exception
    (shown,) = panel._place.children
    assert "Outlines need a &lt;CRS&gt;." in shown.value
    assert "role='alert'" in shown.value
    panel.part = "Stations"
    assert panel._place.children == (panel.panel("Stations"),)


def test_an_unknown_part_is_refused(panel):
    with pytest.raises(InputError, match="no part named 'Season'.*Seasons"):
        panel.part = "Season"


def test_without_a_viewer_there_is_a_small_one(romania):
    panel = MeasurePanel(romania)
    assert panel.viewer in panel.children
    panel.viewer.area = AREA
    assert panel.area == AREA
