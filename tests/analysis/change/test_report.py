import geopandas
import numpy as np
import pandas as pd
import pytest
import rioxarray  # noqa: F401  (gives .rio)
import xarray as xr

from eowidgets.analysis.change.report import (
    changed_places,
    filter_places,
    ground,
    least_hectares,
    save_places,
    sentence,
    timeline,
)
from eowidgets.errors import InputError, SourceError


@pytest.fixture
def found():
    """Two patches: one of 2 × 3 pixels of one winter, one of 2 × 2 whose rows were cut two years apart."""
    shape = (10, 10)
    mask, dates = np.zeros(shape, np.uint8), np.full(shape, "NaT", "datetime64[ns]")
    mask[1:3, 1:4], dates[1:3, 1:4] = 1, np.datetime64("2019-01-05")
    dates[1, 1] = np.datetime64("2018-12-20")
    mask[6, 6:8], dates[6, 6:8] = 1, np.datetime64("2017-05-01")
    mask[7, 6:8], dates[7, 6:8] = 1, np.datetime64("2019-05-01")
    mask[9, 9] = 255
    dims = ("y", "x")
    kind = np.where(mask == 1, 2, 255).astype(np.uint8)
    attrs = {"flag_values": [2], "flag_meanings": "forest_to_bare", "colors": "#d55e00"}
    made = xr.Dataset(
        {
            "change": (dims, mask),
            "probability": (dims, np.where(mask == 1, 0.8, 0.1).astype("float32")),
            "date": (dims, dates),
            "confirmed": (dims, dates + np.timedelta64(30, "D")),
            "kind": (dims, kind, attrs),
            "magnitude": (dims, np.where(mask == 1, -0.3, np.nan)),
        },
        coords={"y": 5_000_000 - 10.0 * (np.arange(10) + 0.5), "x": 500_000 + 10.0 * (np.arange(10) + 0.5)},
        attrs={"change_dates": ["2017-01-01", "2019-12-31"]},
    )
    return made.rio.write_crs("EPSG:32635").rio.write_transform()


def test_places_have_area_date_kind_and_confidence(found):
    places = changed_places(found)
    assert places.pixels.tolist() == [6, 2, 2]
    assert places.date.tolist() == ["2019-01-05", "2017-05-01", "2019-05-01"]
    assert places["first"].tolist() == ["2018-12-20", "2017-05-01", "2019-05-01"]
    assert places.confirmed.tolist()[0] == "2019-02-04"
    # UTM at its central meridian: 0.04 % larger on the ground than on the map.
    np.testing.assert_allclose(places.hectares, [0.06, 0.02, 0.02], rtol=0.002)
    assert set(places.kind) == {"forest to bare"}
    np.testing.assert_allclose(places.confidence, 0.8, atol=1e-3)
    np.testing.assert_allclose(places.magnitude, -0.3)
    assert places.crs.to_epsg() == 32635
    np.testing.assert_allclose(places.geometry.area, [600, 200, 200])


def test_filters(found):
    places = changed_places(found)
    assert filter_places(places, smallest=0.05).id.tolist() == [1]
    assert filter_places(places, dates=("2017-01-01", "2018-12-31")).id.tolist() == [2]
    assert filter_places(places, dates=("2018-12-31", "2017-01-01")).id.tolist() == [2]
    assert len(filter_places(places, confidence=0.81)) == 0
    assert changed_places(found, smallest=0.05).id.tolist() == [1]


def test_timeline_adds_up(found):
    rows = timeline(changed_places(found))
    assert rows.date.tolist() == ["2017-05-01", "2019-01-05", "2019-05-01"]
    np.testing.assert_allclose(rows.hectares, [0.02, 0.06, 0.02], rtol=0.01)
    assert rows.total.iloc[-1] == pytest.approx(rows.hectares.sum(), abs=1e-4)


def test_the_sentence_says_how_much_where_when_and_how_sure(found):
    text = sentence(found, changed_places(found))
    assert text.startswith(
        "Between 2017-01-01 and 2019-12-31, 0.1 ha changed in 3 places, 10.1% of the 1.0 ha that were observed."
    )
    assert "Most of it (0.1 ha): forest to bare." in text
    assert "The largest, 600 m², is first seen on 2019-01-05." in text
    assert "mean confidence is 0.80" in text


def test_areas_have_sensible_digits_and_the_least_place_follows_the_pixels(make_cube):
    assert [ground(h) for h in (12.43, 0.1, 0.034, 0.00021)] == ["12.4 ha", "0.1 ha", "340 m²", "2 m²"]
    assert ground(0.1234, 2) == "0.12 ha"
    sizes = {m: least_hectares(make_cube(dates=1, height=4, width=4, resolution=m)) for m in (0.5, 3.0, 10.0, 30.0)}
    assert sizes == {0.5: 0.002, 3.0: 0.009, 10.0: 0.1, 30.0: 0.1}


def test_nothing_changed(found, tmp_path):
    found["change"][:] = 0
    places = changed_places(found)
    assert len(places) == 0
    assert len(timeline(places)) == 0
    assert "no change was found on the 1.0 ha" in sentence(found, places)
    with pytest.raises(InputError, match="no change to save"):
        save_places(places, tmp_path / "a.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_files_read_back_and_are_whole_or_not_there(found, tmp_path):
    places = changed_places(found)
    back = geopandas.read_file(save_places(places, tmp_path / "a.gpkg"))
    assert back.hectares.tolist() == places.hectares.tolist()
    assert back.crs == places.crs
    table = pd.read_csv(save_places(places, tmp_path / "a.csv"))
    assert table.date.tolist() == places.date.tolist()
    inside = geopandas.points_from_xy(table.lon, table.lat, crs=4326).to_crs(places.crs)
    assert places.geometry.buffer(0.2).contains(geopandas.GeoSeries(inside, crs=places.crs)).all()
    before = sorted(p.name for p in tmp_path.iterdir())
    with pytest.raises(InputError, match=r"must end in \.gpkg or \.csv"):
        save_places(places, tmp_path / "a.shp")
    with pytest.raises(SourceError, match="could not be written"):
        save_places(places, tmp_path / "nowhere" / "a.gpkg")
    assert sorted(p.name for p in tmp_path.iterdir()) == before
