import json

import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from support.rasters import write

import eowidgets as eow
from eowidgets.contract.labels import Labels
from eowidgets.errors import InputError, SourceError

POINTS = {"lon": [24.0, 24.1, 24.2], "lat": [45.0, 45.1, 45.2]}
SQUARE = {"type": "Polygon", "coordinates": [[[24, 45], [24.1, 45], [24.1, 45.1], [24, 45.1], [24, 45]]]}


def feature(geometry=SQUARE, **properties):
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features, **more):
    return {"type": "FeatureCollection", "features": list(features), **more}


def names(labels):
    by_value = {c.value: c.name for c in labels.classes}
    return [by_value[v] for v in labels.table["target"]]


def test_every_source_gives_the_same_labels(tmp_path):
    geopandas = pytest.importorskip("geopandas")
    frame = geopandas.GeoDataFrame(
        {"class": ["water", "forest"]},
        geometry=[shapely.Point(24, 45), shapely.box(24, 45, 24.1, 45.1)],
        crs="EPSG:4326",
    )
    as_json = json.loads(frame.to_json())
    (tmp_path / "a.geojson").write_text(json.dumps(as_json))
    frame.to_file(tmp_path / "a.gpkg")
    sources = [
        frame,
        as_json,
        tmp_path / "a.geojson",
        str(tmp_path / "a.gpkg"),
        pd.DataFrame(frame),
        frame.to_crs(32634),
    ]
    for source in sources:
        labels = Labels.of(source)
        assert names(labels) == ["water", "forest"]
        assert [c.name for c in labels.classes] == ["forest", "water"]
        assert labels.table["geometry"][1].symmetric_difference(shapely.box(24, 45, 24.1, 45.1)).area < 1e-5
        assert labels.table["geometry"][0].distance(shapely.Point(24, 45)) < 1e-9


def test_zipped_shapefile_and_flatgeobuf(tmp_path):
    geopandas = pytest.importorskip("geopandas")
    import zipfile

    frame = geopandas.GeoDataFrame({"crop": ["maize"]}, geometry=[shapely.box(24, 45, 24.1, 45.1)], crs="EPSG:4326")
    (tmp_path / "shp").mkdir()
    frame.to_file(tmp_path / "shp" / "fields.shp")
    with zipfile.ZipFile(tmp_path / "fields.zip", "w") as archive:
        for part in (tmp_path / "shp").iterdir():
            archive.write(part, part.name)
    frame.to_file(tmp_path / "fields.fgb")
    for name in ("fields.zip", "fields.fgb"):
        assert repr(Labels.of(tmp_path / name)) == "Labels(1: maize 1)"


def test_pins_and_polygons_of_a_widget():
    pins = [
        {"lon": 24.0, "lat": 45.0, "color": "#0072b2", "class": "water"},
        {"lon": 24.1, "lat": 45.0, "color": "orange", "name": "pin 2", "class": "field"},
        {"geometry": SQUARE, "color": "#0072b2", "name": "polygon", "class": "water"},
        {"lon": 24.1, "lat": 45.0, "color": "#0072b2"},
    ]
    labels = Labels.of(pins)
    assert {c.name: c.color for c in labels.classes} == {"field": "#ffa500", "water": "#0072b2"}
    assert labels.notes == ("1 of 4 labels has no class and was left out.",)
    by_color = Labels.of([{k: v for k, v in pin.items() if k != "class"} for pin in (pins[0], pins[3])])
    assert by_color.counts() == {"#0072b2": 2}


def test_a_table_with_lon_and_lat_or_x_and_y(tmp_path):
    table = pd.DataFrame({**POINTS, "class": ["a", "b", "a"]})
    table.to_csv(tmp_path / "a.csv", index=False, sep=";")
    for source in (table, tmp_path / "a.csv", table.rename(columns={"lon": "Longitude", "lat": "LATITUDE"})):
        assert Labels.of(source).counts() == {"a": 2, "b": 1}
    metres = pd.DataFrame({"x": [500_000.0], "y": [5_000_000.0], "class": ["a"]})
    point = Labels.of(metres, crs="EPSG:32635").table["geometry"][0]
    assert (point.x, point.y) == (pytest.approx(27), pytest.approx(45.1535, abs=1e-3))
    with pytest.raises(InputError, match=r"no CRS, and coordinates such as 500000, 5e\+06 are not degrees: give crs="):
        Labels.of(metres)


def test_names_that_differ_in_case_or_spaces_are_one_class():
    labels = Labels.of(pd.DataFrame({**POINTS, "class": ["Wheat", "wheat ", "Wheat"]}))
    assert labels.counts() == {"Wheat": 3}
    assert labels.notes == ("'Wheat' and 'wheat' are treated as one class.",)


def test_the_column_is_found_or_the_columns_are_listed():
    many = pd.DataFrame({**POINTS, "soil": ["a", "b", "c"], "owner": ["x", "y", "z"]})
    with pytest.raises(InputError, match=r"several columns \(soil, owner\): choose the class with column="):
        Labels.of(many)
    assert Labels.of(many, "soil").name == "soil"
    with pytest.raises(InputError, match="There is no column named 'sol'. Did you mean 'soil'"):
        Labels.of(many, "sol")
    assert Labels.of(many.drop(columns="owner")).name == "soil"
    with pytest.raises(InputError, match="no column with their class"):
        Labels.of(pd.DataFrame(POINTS))


def test_whole_numbers_are_classes_of_the_same_value():
    assert [c.value for c in Labels.of(pd.DataFrame({**POINTS, "class": [3, 1, 7]})).classes] == [1, 3, 7]
    assert [c.value for c in Labels.of(pd.DataFrame({**POINTS, "class": [3.0, np.nan, 7]})).classes] == [3, 7]
    large = Labels.of(pd.DataFrame({**POINTS, "class": [1121, 1122, 12]}))
    assert [(c.value, c.name) for c in large.classes] == [(0, "12"), (1, "1121"), (2, "1122")]
    with pytest.raises(
        InputError, match="numbers such as 3.5, which are not classes: read them as numbers with  value='class'"
    ):
        Labels.of(pd.DataFrame({**POINTS, "class": [3.5, 1, 7]}))


def test_numbers_leave_out_what_is_none():
    table = pd.DataFrame({**POINTS, "height": [3.5, np.nan, "tall"]})
    labels = Labels.of(table, value="height")
    assert labels.numeric and labels.table["target"].tolist() == [3.5]
    assert labels.notes == ("2 of 3 labels have no number in 'height' and were left out.",)
    with pytest.raises(InputError, match="None of the 3 labels can be used: no number in 'height'"):
        Labels.of(table.assign(height="tall"), value="height")


def test_of_columns_of_one_name_the_first_counts():
    assert Labels.of(pd.DataFrame([[1.0, 2.0, "a", "b"]], columns=["lon", "lat", "class", "class"])).counts() == {
        "a": 1
    }
    with pytest.raises(InputError, match="The column 'class' of the labels is empty"):
        Labels.of(pd.DataFrame({**POINTS, "class": [None, "", np.nan]}))


def test_a_raster_over_latitude_and_longitude():
    raster = xr.DataArray(np.ones((2, 2), "uint8"), dims=("lat", "lon"), coords={"lat": [2.0, 1], "lon": [1.0, 2]})
    assert Labels.of(raster.rio.write_crs("EPSG:4326")).counts() == {"1": 4}


def test_at_most_255_classes():
    table = pd.DataFrame({"lon": 24.0, "lat": 45.0, "class": [f"class {i}" for i in range(256)]})
    assert len(Labels.of(table[:255]).classes) == 255
    with pytest.raises(InputError, match="has 256 different values, and a map has at most 255 classes"):
        Labels.of(table)


@pytest.mark.parametrize(
    ("columns", "start", "end"),
    [
        ({"date": "2020-06-01"}, "2020-06-01T00:00:00", "2020-06-01T23:59:59"),
        ({"date": "01.06.2020"}, "2020-06-01T00:00:00", "2020-06-01T23:59:59"),
        ({"time": "2020-06-01T10:30:00+02:00"}, "2020-06-01T08:30:00", "2020-06-01T08:30:00"),
        ({"year": 2020}, "2020-01-01T00:00:00", "2020-12-31T23:59:59"),
        ({"date": "2020-02"}, "2020-02-01T00:00:00", "2020-02-29T23:59:59"),
        ({"start": "2020-06-01", "end": "2021-05-31"}, "2020-06-01T00:00:00", "2021-05-31T23:59:59"),
        ({"start": "2020-06-01"}, "2020-06-01T00:00:00", "NaT"),
        ({"date": ""}, "NaT", "NaT"),
    ],
)
def test_dates(columns, start, end):
    row = {**{k: v[:1] for k, v in POINTS.items()}, "class": ["a"], **{k: [v] for k, v in columns.items()}}
    table = Labels.of(pd.DataFrame(row)).table
    assert str(table["start"].to_numpy("datetime64[s]")[0]) == start
    assert str(table["end"].to_numpy("datetime64[s]")[0]) == end


def test_dates_that_cannot_be_read_are_left_out():
    labels = Labels.of(pd.DataFrame({**POINTS, "class": "a", "date": ["2020-06-01", "soon", "10:30"]}))
    assert labels.notes == ("2 of 3 labels have dates that cannot be read and were left out.",)
    swapped = pd.DataFrame(
        {**POINTS, "class": "a", "start": ["2020-06-01"] * 3, "end": ["2020-05-01", "2021-05-01", None]}
    )
    assert len(Labels.of(swapped)) == 2


def test_geometries_that_cannot_be_used_are_left_out():
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    flat = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 2], [0, 0]]]}
    high = {"type": "Point", "coordinates": [24, 45, 300]}
    broken = {"type": "Point", "coordinates": [float("nan"), 45]}
    labels = Labels.of(collection(*(feature(g, label="a") for g in (bow_tie, flat, high, broken, None))))
    assert len(labels) == 2
    assert not labels.table["geometry"][1].has_z
    assert labels.table["geometry"][0].area == pytest.approx(0.5)
    assert labels.notes == (
        "1 of 5 labels has an outline that cannot be used and was left out.",
        "1 of 5 labels has coordinates that are not numbers and was left out.",
        "1 of 5 labels has no geometry and was left out.",
        "1 of 5 labels has an outline that crossed itself and was repaired.",
    )


def test_the_antimeridian():
    around = {"type": "Polygon", "coordinates": [[[179, 0], [181, 0], [181, 1], [179, 1], [179, 0]]]}
    line = {"type": "LineString", "coordinates": [[179, 0], [-179, 0]]}
    shapes = Labels.of(
        collection(*(feature(g, label="a") for g in (around, line, {"type": "Point", "coordinates": [181, 0]})))
    ).table["geometry"]
    assert shapes[0].geom_type == "MultiPolygon" and shapes[0].area == pytest.approx(2)
    assert shapes[1].length == pytest.approx(2)
    assert shapes[2].x == -179


def test_the_crs_of_an_old_geojson():
    point = {"type": "Point", "coordinates": [500_000, 5_000_000]}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32635"}}
    assert Labels.of(collection(feature(point, label="a"), crs=crs)).table["geometry"][0].x == pytest.approx(27)


def test_classes_that_are_given():
    table = pd.DataFrame({**POINTS, "code": [111, 112, 500]})
    labels = Labels.of(table, classes={111: "urban", 112: "Urban", 211: "field"})
    assert labels.counts() == {"urban": 2, "field": 0}
    assert labels.notes == ("1 of 3 labels has a class that is not among classes= and was left out.",)
    named = Labels.of(table.assign(code=["b", "a", "b"]), classes=["b", "a"])
    assert [(c.value, c.name) for c in named.classes] == [(0, "b"), (1, "a")]
    own = (eow.ClassInfo(7, "b", "#123456"), eow.ClassInfo(3, "a", "#654321"))
    assert Labels.of(table.assign(code=["b", "a", "b"]), classes=own).table["target"].tolist() == [7, 3, 7]


def test_class_rasters(tmp_path):
    values = np.array([[1, 2, 2], [0, 255, 2]], "uint8")
    path = write(tmp_path / "map.tif", values, nodata=255)
    labels = Labels.of(path)
    assert labels.counts() == {"0": 1, "1": 1, "2": 3}
    assert len(labels) == 5
    flagged = xr.DataArray(
        values, dims=("y", "x"), coords={"y": [5.0, 4], "x": [1.0, 2, 3]},
        attrs={"flag_values": [1, 2], "flag_meanings": "open_water forest", "colors": "#0000ff #00ff00"},
    ).rio.write_crs("EPSG:4326")  # fmt: skip
    labels = Labels.of(flagged)
    assert [(c.value, c.name, c.color) for c in labels.classes] == [
        (1, "open water", "#0000ff"),
        (2, "forest", "#00ff00"),
    ]
    assert labels.counts() == {"open water": 1, "forest": 3}
    assert Labels.of(flagged.to_dataset(name="cover")).name == "cover"
    codes = Labels.of(
        xr.where(flagged == 2, 311, 111).assign_attrs({}).rio.write_crs("EPSG:4326"), classes={311: "forest"}
    )
    assert codes.counts() == {"forest": 3}


def test_the_colour_table_and_the_names_of_a_geotiff(tmp_path):
    import rasterio

    path = write(tmp_path / "map.tif", np.array([[1, 2, 2]], "uint8"))
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {1: (255, 0, 0, 255), 2: (0, 0, 255, 255)})
    (tmp_path / "map.tif.aux.xml").write_text(
        "<PAMDataset><PAMRasterBand band='1'><CategoryNames><Category/><Category>road</Category><Category>river</Category>"
        "</CategoryNames></PAMRasterBand></PAMDataset>"
    )
    assert [(c.name, c.color) for c in Labels.of(path).classes] == [("road", "#ff0000"), ("river", "#0000ff")]


def test_class_rasters_that_are_none(tmp_path):
    with pytest.raises(InputError, match="numbers such as 0.5, which are not classes"):
        Labels.of(
            xr.DataArray([[0.5, 1]], dims=("y", "x"), coords={"y": [5.0], "x": [1.0, 2]}).rio.write_crs("EPSG:4326")
        )
    with pytest.raises(InputError, match="no CRS"):
        Labels.of(xr.DataArray([[1, 1], [1, 2]], dims=("y", "x"), coords={"y": [5.0, 4], "x": [1.0, 2]}))
    with pytest.raises(InputError, match="2 layers"):
        Labels.of(write(tmp_path / "two.tif", np.zeros((2, 3, 3), "uint8")))


@pytest.mark.parametrize(
    "junk",
    [
        None,
        3,
        object(),
        [],
        {},
        [None],
        "no.geojson",
        "no.tif",
        "no.csv",
        "picture.png",
        [{"lon": 1}],
        {"type": "Polygon", "coordinates": [["x"]]},
        pd.DataFrame(),
        shapely.Point(1, 2),
    ],
)
def test_what_is_no_label_is_refused_in_one_sentence(junk):
    with pytest.raises(InputError) as caught:
        Labels.of(junk)
    assert len(str(caught.value)) < 300 and str(caught.value).endswith(".")


def test_deep_nesting_is_refused():
    deep: dict = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(5000):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    with pytest.raises(InputError, match="nested too deeply"):
        Labels.of(feature(deep, label="a"))


def test_a_damaged_table(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"lon,lat,class\n1,2,\xff\xfe\n")
    with pytest.raises(SourceError, match="cannot be read as a table"):
        Labels.of(tmp_path / "a.csv")


def test_renamed_merged_and_added():
    labels = Labels.of(pd.DataFrame({**POINTS, "class": ["pine", "oak", "water"]}))
    assert labels.renamed("pine", "Pinus").counts() == {"oak": 1, "Pinus": 1, "water": 1}
    with pytest.raises(InputError, match="Two classes have the name 'oak'"):
        labels.renamed("pine", "Oak")
    merged = labels.merged(["pine", "oak"], "forest")
    assert merged.counts() == {"forest": 2, "water": 1}
    assert merged.merged(["forest"], "water").counts() == {"water": 3}
    with pytest.raises(InputError, match="There is no class named 'fir'"):
        labels.merged(["fir"], "forest")
    both = labels + Labels.of([{"lon": 1, "lat": 2, "class": "OAK"}, {"lon": 1, "lat": 2, "class": "rock"}])
    assert both.counts() == {"oak": 2, "pine": 1, "water": 1, "rock": 1}
    assert len({c.value for c in both.classes}) == 4
    with pytest.raises(InputError, match="different kinds"):
        _ = labels + Labels.of(pd.DataFrame({**POINTS, "h": [1, 2, 3]}), value="h")


def test_merged_classes_of_a_raster():
    raster = xr.DataArray(
        np.array([[1, 2, 3]], "uint8"), dims=("y", "x"), coords={"y": [5.0], "x": [1.0, 2, 3]}
    ).rio.write_crs("EPSG:4326")
    raster = raster.rio.write_transform()
    labels = Labels.of(raster).merged(["1", "3"], "both")
    assert labels.counts() == {"both": 2, "2": 1}


def test_a_table_of_ones_own_is_checked():
    one = (eow.ClassInfo(1, "a", "#ff0000"),)
    assert Labels(pd.DataFrame({"geometry": [shapely.Point(1, 2)], "target": [1]}), one).counts() == {"a": 1}
    with pytest.raises(InputError, match="target of Labels is 2 in some row, which is not a class"):
        Labels(pd.DataFrame({"geometry": [shapely.Point(1, 2)], "target": [2]}), one)
    with pytest.raises(InputError, match="no column 'geometry'"):
        Labels(pd.DataFrame({"target": [2]}), one)


def test_html_is_escaped():
    labels = Labels.of(pd.DataFrame({**POINTS, "class": ["<b>x</b>", "b", "c"]}))
    assert "<b>" not in labels._repr_html_()


# --- files -------------------------------------------------------------------------------------------------------------

degree = st.floats(-80, 80)
shapes = st.one_of(
    st.builds(shapely.Point, degree, degree),
    st.builds(lambda x, y: shapely.LineString([(x, y), (x + 1, y + 2), (x + 2, y)]), degree, degree),
    st.builds(lambda x, y, w: shapely.box(x, y, x + w, y + w), degree, degree, st.floats(0.01, 9)),
    st.builds(
        lambda x, y: shapely.MultiPolygon([shapely.box(x, y, x + 1, y + 1), shapely.box(x + 2, y, x + 3, y + 1)]),
        degree,
        degree,
    ),
)
moments = st.one_of(
    st.none(),
    st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2040-01-01")).map(lambda d: d.replace(microsecond=0)),
)
texts = st.text("abc äß,;\"'<\n", max_size=6).map(lambda t: " ".join(t.split()))
class_names = st.lists(
    st.text("abcdeé 1", min_size=1, max_size=8).map(str.strip).filter(bool),
    min_size=1,
    max_size=4,
    unique_by=lambda t: " ".join(t.split()).casefold(),
)


@st.composite
def labels_of_any_kind(draw, geometry=shapes):
    number = draw(st.integers(1, 6))
    rows = {"geometry": [draw(geometry) for _ in range(number)]}
    rows |= {name: [draw(texts) for _ in range(number)] for name in ("by", "labelled", "image")}
    periods = [sorted((draw(moments), draw(moments)), key=lambda m: (m is not None, m or 0)) for _ in range(number)]
    rows |= {"start": [p[0] for p in periods], "end": [p[1] for p in periods]}
    if draw(st.booleans()):
        rows["target"] = draw(st.lists(st.floats(-1e6, 1e6), min_size=number, max_size=number))
        return Labels(
            pd.DataFrame(rows),
            (),
            draw(st.sampled_from(["height", "value", "start"])),
            draw(st.sampled_from(["m", ""])),
        )
    names = draw(class_names)[:number]
    values = draw(st.lists(st.integers(0, 254), min_size=len(names), max_size=len(names), unique=True))
    classes = tuple(
        eow.ClassInfo(v, " ".join(n.split()), f"#{v:02x}{v:02x}00") for v, n in sorted(zip(values, names, strict=True))
    )
    rows["target"] = [c.value for c in classes] + [draw(st.sampled_from(values)) for _ in range(number - len(names))]
    return Labels(pd.DataFrame(rows), classes, draw(st.sampled_from(["class", "crop"])))


def same(one, other):
    assert one.classes == other.classes
    assert one.unit == other.unit
    assert (one.name == other.name) or other.name == "start"  # written under another name
    assert shapely.equals_exact(one.table["geometry"].to_numpy(), other.table["geometry"].to_numpy()).all()
    pd.testing.assert_frame_equal(one.table.drop(columns="geometry"), other.table.drop(columns="geometry"))


@pytest.mark.parametrize("ending", ["gpkg", "geojson"])
def test_a_file_gives_back_the_labels(ending, tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")

    @settings(deadline=None, max_examples=25)
    @given(labels_of_any_kind())
    def check(labels):
        same(Labels.of(labels.to_file(folder / f"labels.{ending}")), labels)

    check()


def test_a_table_gives_back_points(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labels")

    @settings(deadline=None, max_examples=25)
    @given(labels_of_any_kind(st.builds(shapely.Point, degree, degree)))
    def check(labels):
        same(Labels.of(labels.to_file(folder / "labels.csv")), labels)

    check()


def test_the_geopackage_has_columns_that_other_tools_read(tmp_path):
    geopandas = pytest.importorskip("geopandas")
    labels = Labels.of(pd.DataFrame({**POINTS, "class": ["a", "b", "a"], "date": "2020-06-01", "by": "Ana"}))
    frame = geopandas.read_file(labels.to_file(tmp_path / "labels.gpkg"))
    assert list(frame.columns) == [
        "class",
        "color",
        "class_value",
        "start",
        "end",
        "by",
        "labelled",
        "image",
        "geometry",
    ]
    assert frame["class"].tolist() == ["a", "b", "a"]
    assert frame["start"].dtype.kind == "M" and frame.crs.to_epsg() == 4326


def test_what_cannot_be_written(tmp_path):
    square = Labels.of(collection(feature(label="a")))
    with pytest.raises(InputError, match="holds points only"):
        square.to_file(tmp_path / "a.csv")
    with pytest.raises(InputError, match="must end in"):
        square.to_file(tmp_path / "a.shp")
    assert list(tmp_path.iterdir()) == []
