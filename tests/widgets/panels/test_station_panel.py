import datetime as dt

import pandas as pd
import pytest

import eowidgets as eow
from eowidgets.errors import InputError


@pytest.fixture(scope="module")
def cube():
    return eow.open("romania").isel(time=slice(0, 60))


@pytest.fixture(scope="module")
def table(cube):
    ndvi = cube.eow.index("NDVI")
    rows = []
    for name, lon in (("mill", 22.150), ("hill", 22.155)):
        values = ndvi.sel(**{k: v.values for k, v in cube.eow.at(lon, 45.2045)[["x", "y"]].coords.items() if k in "xy"})
        for when, value in zip(cube.time.values, values.values, strict=True):
            rows.append(
                {"Site": name, "When": str(when)[:10], "Longitude": lon, "Latitude": 45.2045, "NDVI": float(value)}
            )
    return pd.DataFrame(rows)


def test_import_choose_compare(cube, table, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "away").mkdir()
    source = tmp_path / "away" / "sites.csv"
    table.to_csv(source, index=False)
    panel = eow.StationPanel(cube, viewer=eow.TimeViewer(cube), map=eow.AreaMap(cube))
    assert panel.run() is None
    assert "Import a table" in panel.message
    now = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    panel._upload.value = (
        {"name": source.name, "type": "", "size": 1, "content": source.read_bytes(), "last_modified": now},
    )
    assert "Choose the column of date" in panel.message
    assert panel.run() is None
    assert "No column is chosen for date" in panel.message
    panel._columns["date"].value = "When"
    found = panel.run().result(120)
    assert found.scores.loc["all", "rmse"] == pytest.approx(0, abs=1e-6)
    assert "image minus ground" in panel.message
    assert panel._scatter.value.count("<circle") == len(found.pairs)
    assert "<th scope='row'>all</th>" in panel._scores.value
    assert [line["name"] for line in panel.chart.series] == ["images", "ground"]
    panel._station.value = "hill"
    assert panel.viewer.pins[0]["name"] == "hill"
    assert panel.map.center[1] == pytest.approx(22.155)
    assert "eow.stations(cube, 'sites.csv', date='When')" in panel.code()
    assert panel.save().name == "stations.csv"
    assert panel.to_notebook().exists()
    assert (tmp_path / "sites.csv").exists()
    assert "Agreement by season" in panel.report().read_text()
    assert repr(panel) == f"StationPanel: 120 measurements, NDVI, {len(found.pairs)} pairs"
    panel.close()


def test_a_table_without_rows_or_pairs(cube, table):
    with pytest.raises(InputError, match="no rows"):
        eow.StationPanel(cube, table.iloc[:0])
    panel = eow.StationPanel(cube, table.rename(columns={"When": "date"}).assign(date="1999-01-01"))
    panel.run().result(120)
    assert "nothing to compare" in panel.message
    assert panel._scatter.value == ""
    with pytest.raises(InputError, match="came from a variable"):
        panel._cells("")
    panel.close()
