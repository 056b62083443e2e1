import json

import geopandas
import pytest
from shapely import LineString, Point, Polygon, box
from shapely.geometry import mapping

import eowidgets as eow
from eowidgets.analysis.measure.parcels.outlines import identified, read_outlines
from eowidgets.errors import InputError, SourceError

ONE, TWO = box(24, 45, 24.1, 45.1), box(24.2, 45, 24.3, 45.1)


def frame(**columns):
    return geopandas.GeoDataFrame(columns, geometry=[ONE, TWO], crs=4326)


def test_every_description_of_polygons_is_read(tmp_path):
    table = frame(name=["mill", "hill"])
    collection = json.loads(table.to_json())
    paths = [tmp_path / f"fields{ending}" for ending in (".geojson", ".gpkg", ".fgb")]
    for path in paths:
        table.to_file(path)
    for source in (table, collection, *paths, str(paths[0]), collection["features"]):
        assert sorted(read_outlines(source).columns["parcel"]) == ["hill", "mill"]
    assert read_outlines([eow.Area.of(ONE, name="mill"), TWO]).columns["name"].tolist()[0] == "mill"
    assert len(read_outlines(ONE)) == len(read_outlines(mapping(TWO))) == len(read_outlines((24, 45, 24.1, 45.1))) == 1


def test_names_are_found_or_chosen():
    table = frame(crop=["wheat", "maize"], Field_ID=[12.0, 13.0])
    assert read_outlines(table).columns["parcel"].tolist() == ["12", "13"]
    assert read_outlines(table, "crop").columns["name"].tolist() == ["wheat", "maize"]
    assert "Field_ID" in read_outlines(table, "crop").columns
    with pytest.raises(InputError, match="Did you mean 'crop'"):
        read_outlines(table, "crops")


def test_ids_of_nameless_parcels_do_not_depend_on_the_order():
    both, _ = identified(["", ""], [ONE, TWO])
    other, _ = identified(["", ""], [TWO, ONE])
    assert both == other[::-1]
    assert len(set(both)) == 2
    turned = Polygon([*ONE.exterior.coords][1:])  # the same outline from another corner
    assert identified([""], [turned])[0] == both[:1]
    twice, _ = identified(["", ""], [ONE, ONE])
    assert twice == [f"{both[0]} (1)", f"{both[0]} (2)"]


def test_shared_names_are_kept_apart_and_noted():
    found = read_outlines(frame(name=["mill", "mill"]))
    assert found.columns["parcel"].tolist() == ["mill (1)", "mill (2)"]
    assert found.columns["name"].tolist() == ["mill", "mill"]
    assert found.notes == ("2 parcels share the name 'mill': the column parcel numbers them.",)
    clash, _ = identified(["a", "a", "a (1)"], [ONE, TWO, ONE])
    assert len(set(clash)) == 3


def test_points_and_lines_are_left_out_and_counted():
    mixed = geopandas.GeoDataFrame(
        {"name": ["a", "b", "c"]}, geometry=[ONE, Point(24, 45), LineString([(24, 45), (25, 46)])], crs=4326
    )
    found = read_outlines(mixed)
    assert found.columns["parcel"].tolist() == ["a"]
    assert "2 of 3 shapes are a point or a line" in found.notes[0]
    with pytest.raises(InputError, match="no area"):
        read_outlines(mixed.iloc[1:])


def test_columns_that_results_use_get_an_underscore():
    assert {"date_", "mean_", "crop"} == set(
        read_outlines(frame(name=["a", "b"], date=[1, 2], mean=[1, 2], crop=[3, 4])).columns.columns[2:]
    )


@pytest.mark.parametrize("junk", [None, 3, [], {}, "", [None], object(), {"type": "Feature"}, [1, 2, 3]])
def test_junk_is_refused_in_a_sentence_about_polygons(junk):
    with pytest.raises((InputError, SourceError)) as found:
        read_outlines(junk)
    assert "label" not in str(found.value)
