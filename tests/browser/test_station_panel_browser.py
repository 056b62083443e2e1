"""Import measurements, compare them with the images, choose a station."""

from __future__ import annotations

import pandas as pd
from support.pictures import until

CELLS = ["import eowidgets as eow", "p = eow.StationPanel(eow.open('romania'))\np"]


def test_import_compare_choose(same_lab, tmp_path):
    dates = pd.date_range("2017-04-01", "2020-10-01", freq="14D").strftime("%Y-%m-%d")
    rows = [
        {"Site": site, "Date": day, "Longitude": lon, "Latitude": 45.2045, "greenness": 0.8}
        for site, lon in (("mill", 22.150), ("hill", 22.155))
        for day in dates
    ]
    source = tmp_path / "sites.csv"
    pd.DataFrame(rows).to_csv(source, index=False, sep=";")
    page = same_lab(CELLS)
    page.run_all()
    panel = page.page.locator(".eow-station-panel")
    panel.get_by_text("Import a table with a row per measurement").wait_for()
    with page.page.expect_file_chooser() as chooser:
        panel.get_by_role("button", name="Import measurements").click()
    chooser.value.set_files(str(source))
    panel.get_by_text(f"{len(rows)} rows of sites.csv").wait_for()
    panel.get_by_role("button", name="Compare").click()
    panel.get_by_text("image minus ground").first.wait_for()
    assert panel.locator(".eow-station-scatter circle").count() > 20
    until(page, lambda: panel.locator(".eow-chart-svg .eow-line").count() == 2)
    station = panel.get_by_label("Station", exact=True).last
    station.select_option(index=1)
    until(page, lambda: len(page.evaluate("p.viewer.pins")) > 2)
    page.screenshot("stations")
    assert page.errors() == []
