"""Import outlines, measure, click a parcel, compare, list outliers, save: what a person does with parcels."""

from __future__ import annotations

import geopandas
import pandas as pd
from support.parcels import grid_of_parcels
from support.pictures import until

import eowidgets as eow

CELLS = [
    "import eowidgets as eow",
    "v = eow.TimeViewer(eow.open('romania'), date='2019-07-06', height=300, chart=False)",
    "p = eow.ParcelPanel(eow.open('romania'), viewer=v)\nimport ipywidgets\nipywidgets.HBox([v, p])",
]


def test_import_measure_click_save(open_lab, lab, tmp_path):
    source = tmp_path / "fields.geojson"
    grid_of_parcels(eow.open("romania"), 5, 5).to_file(source)
    page = open_lab(CELLS)
    page.run_all()
    p = page.page
    panel = p.locator(".eow-parcel-panel")
    panel.get_by_text("Import the outlines of parcels").wait_for()
    p.locator(".eow-viewer[data-drawn]").wait_for()
    panel.get_by_role("button", name="Measure").click()
    panel.locator(".eow-bad", has_text="Import the outlines").wait_for()

    with p.expect_file_chooser() as chooser:
        panel.get_by_role("button", name="Import parcels").click()
    chooser.value.set_files(str(source))
    panel.get_by_text("25 parcels of fields.geojson").wait_for()
    panel.get_by_role("button", name="Measure").click()
    panel.get_by_text("25 of 25 parcels were measured").wait_for()
    p.locator(".eow-layer-row[data-layer='parcels']").wait_for()

    box = p.locator(".eow-picture").first.bounding_box()
    for x in (0.5, 0.3):
        p.mouse.click(box["x"] + x * box["width"], box["y"] + 0.5 * box["height"])
    until(page, lambda: panel.locator(".eow-chart-svg .eow-line").count() == 2)
    page.screenshot("parcels-compared")

    panel.get_by_label("Class", exact=True).select_option("crop")
    panel.get_by_role("button", name="Find outliers").click()
    panel.get_by_text("of 25 parcels are outliers").wait_for()
    options = panel.locator("select[size] option")
    until(page, lambda: options.count() > 1)
    options.nth(1).click()
    until(page, lambda: panel.locator(".eow-chart-svg .eow-line").count() == 1)
    page.screenshot("parcels-outlier")

    panel.get_by_role("button", name="Save").click()
    panel.get_by_text("Saved as").wait_for()
    table = pd.read_csv(lab.root / "parcels.csv")
    assert len(table) == 25 * 140
    assert table["mean"].between(-1, 1).sum() == (table["count"] > 0).sum() > 1000
    panel.get_by_label("Format").select_option("GeoPackage (.gpkg)")
    panel.get_by_role("button", name="Save").click()
    until(page, lambda: (lab.root / "parcels.gpkg").exists())
    assert sorted(geopandas.list_layers(lab.root / "parcels.gpkg")["name"]) == ["parcels", "series"]
    panel.get_by_role("button", name="Show code").click()
    panel.get_by_text("eow.parcels(cube, 'fields.geojson')").wait_for()
    assert page.errors() == []
