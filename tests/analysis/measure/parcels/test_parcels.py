import json
import warnings

import geopandas
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box
from support.fields import fields
from support.parcels import grid_of_parcels

import eowidgets as eow
from eowidgets.analysis.measure.parcels.blocks import plan
from eowidgets.analysis.measure.parcels.extract import extract
from eowidgets.analysis.measure.parcels.footprint import footprint
from eowidgets.analysis.measure.parcels.layer import VARIABLE
from eowidgets.analysis.measure.parcels.measure import ParcelRequest
from eowidgets.cube.grid import geobox
from eowidgets.engine.work import Cancelled
from eowidgets.errors import InputError, SourceError


@pytest.fixture(scope="module")
def romania():
    return eow.open("romania").isel(time=slice(0, 12))


@pytest.fixture(scope="module")
def cube():
    made = fields()
    rng = np.random.default_rng(1)
    clouds = xr.DataArray(rng.random((12, 48, 48)) < 0.3, dims=("time", "y", "x"))
    return made.assign(clouds=clouds)


@pytest.fixture(scope="module")
def measured(cube):
    return eow.parcels(cube, grid_of_parcels(cube, 6, 6))


def place(cube, row, column, height, width):
    """Return a rectangle of pixels as a polygon in degrees."""
    affine = geobox(cube).affine
    (x0, y0), (x1, y1) = affine @ (column, row), affine @ (column + width, row + height)
    return geopandas.GeoSeries([box(x0, y1, x1, y0)], crs=cube.rio.crs).to_crs(4326).iloc[0]


def quiet(*args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eow.parcels(*args, **kwargs)


@settings(max_examples=8, deadline=None)
@given(
    rectangles=st.lists(
        st.tuples(st.floats(-6, 50), st.floats(-6, 50), st.floats(0.3, 30), st.floats(0.3, 30)), min_size=1, max_size=5
    ),
    memory=st.sampled_from([2e4, 3e5, 2e9]),
    chunk=st.sampled_from([None, 7, 20]),
)
def test_a_parcel_has_the_statistics_of_its_area(cube, rectangles, memory, chunk):
    """The pixels are those of Area.mask and the masks those of cube.eow.series, in memory or lazy, in many blocks or one."""
    shapes = [place(cube, *r) for r in rectangles]
    lazy = cube if chunk is None else cube.chunk(time=5, y=chunk, x=chunk)
    masks = [eow.Area.of(shape).mask(geobox(cube)) for shape in shapes]
    if not any(m.any() for m in masks):
        with pytest.raises(InputError, match="None of the"):
            quiet(lazy, shapes, memory=memory)
        return
    found = quiet(lazy, shapes, ("NDVI", "red"), memory=memory)
    assert found.outlines["pixels"].tolist() == [int(m.sum()) for m in masks]
    ndvi, red = (cube.eow.index("NDVI").values, cube["red"].values)
    for at, inside in enumerate(m for m in masks if m.any()):
        for i, values in enumerate((ndvi, red)):
            for t in range(12):
                seen = values[t][inside & ~cube["clouds"].values[t]]
                assert found.values["clear"][i, at, t] == pytest.approx(len(seen) / inside.sum())
                if len(seen):
                    assert found.values["mean"][i, at, t] == pytest.approx(seen.mean(), abs=1e-5)
                    assert found.values["p10"][i, at, t] == pytest.approx(np.quantile(seen, 0.1), abs=1e-5)


def test_the_series_of_an_area_are_the_same(cube, measured):
    shape = measured.measured["geometry"].iloc[8]
    expected, found = cube.eow.series(shape, ("NDVI",)), measured.series("field 8")
    for stat, name in (("mean", "ndvi"), ("p10", "ndvi_p10"), ("p90", "ndvi_p90"), ("clear", "usable")):
        np.testing.assert_allclose(found[stat], expected[name], atol=1e-6)


def test_the_plan_bounds_what_is_read_and_kept(cube):
    feet = footprint(grid_of_parcels(cube, 6, 6)["geometry"].to_numpy(), geobox(cube))
    lazy = cube.chunk(y=12, x=12)
    small = plan(feet, lazy, 3, 1, 100_000)
    assert small.dates < 12
    assert sum(len(part.pixels) for part in small.parts) == len(feet.parcel)
    assert sorted(part.closes for part in small.parts if part.closes >= 0) == list(range(len(small.group) - 1))
    assert list(small.steps(12))[-1].stop == 12


def test_only_blocks_with_parcels_are_read():
    import dask.array as da

    read = set()

    def block(block_info=None):
        read.add(block_info[None]["chunk-location"][1:])
        return np.full(block_info[None]["chunk-shape"], 0.3, "float32")

    side = (550, 550, 550)
    axes = {"time": pd.date_range("2020-01-01", periods=2), "y": -10.0 * np.arange(1650), "x": 10.0 * np.arange(1650)}
    lazy = {
        b: (("time", "y", "x"), da.map_blocks(block, chunks=((2,), side, side), dtype="float32"))
        for b in ("red", "nir")
    }
    cube = xr.Dataset(lazy, axes).rio.write_crs(32633)
    cube["valid"] = (("time", "y", "x"), da.ones((2, 1650, 1650), dtype=bool, chunks=(2, 550, 550)))
    found = quiet(cube, [place(cube, 2, 2, 6, 6), place(cube, 1600, 1096, 8, 8)])
    assert read == {(0, 0), (2, 1), (2, 2)}
    assert found.outlines["pixels"].tolist() == [36, 64]


def test_values_of_sizes_and_the_report(cube):
    shapes = geopandas.GeoDataFrame(
        {"name": ["whole", "cut", "small", "far", "twin", "twin"]},
        geometry=[
            place(cube, 2, 2, 8, 8),
            place(cube, 40, 40, 30, 30),
            place(cube, 20.6, 20.6, 0.2, 0.2),
            box(1, 1, 1.1, 1.1),
            place(cube, 30, 2, 8, 8),
            place(cube, 34, 2, 8, 8),
        ],
        crs=4326,
    )
    with pytest.warns(UserWarning) as told:
        found = eow.parcels(cube, shapes)
    assert found.outlines.set_index("parcel")["size"].to_dict() == {
        "whole": "inside", "cut": "cut", "small": "small", "far": "outside", "twin (1)": "inside", "twin (2)": "inside"
    }  # fmt: skip
    assert found.report.outside == ("far",)
    assert found.report.cut == ("cut",)
    assert found.report.small == ("small",)
    assert found.report.overlapping == ("twin (1)", "twin (2)")
    assert found.outlines["overlap"].tolist() == [0, 0, 0, 0, 32, 32]
    assert [str(w.message) for w in told if w.category is UserWarning] == list(found.report.sentences)
    assert "far" not in set(found.table["parcel"])
    assert set(found.table["parcel"]) | set(found.report.outside) == set(found.outlines["parcel"])
    assert str(found.report).startswith("5 of 6 parcels were measured.")
    with pytest.raises(InputError, match="is outside the cube"):
        found.series("far")
    with pytest.raises(InputError, match=r"2 parcels have the name 'twin': give the id"):
        found.series("twin")
    assert len(found.series("twin (1)")) == 12


def test_cloudy_parcels_keep_their_rows(cube):
    blind = cube.assign(clouds=xr.ones_like(cube.clouds))
    with pytest.warns(UserWarning, match="cloudy or not measured on every date"):
        found = eow.parcels(blind, place(cube, 2, 2, 4, 4))
    assert len(found.table) == 12
    assert found.table["mean"].isna().all()
    assert (found.table["count"] == 0).all()
    assert not len(found.series_table())
    with pytest.raises(InputError, match="No parcel has a value"):
        found.to_report()


def test_one_date_dates_and_area(cube):
    shape = place(cube, 2, 2, 8, 8)
    assert len(eow.parcels(cube, shape, dates="2020-03").table) == 1
    half = quiet(cube, shape, area=place(cube, 2, 2, 4, 8))
    assert half.outlines["pixels"].tolist() == [32]
    assert half.report.cut
    with pytest.raises(InputError, match="touches the part of the cube in the area"):
        eow.parcels(cube, shape, area=place(cube, 30, 30, 4, 4))


def test_across_the_antimeridian():
    side = 20
    data = np.full((2, side, side), 0.4, "float32")
    axes = {
        "time": pd.date_range("2020-01-01", periods=2),
        "y": -16.0 - 0.01 * (np.arange(side) + 0.5),
        "x": 179.9 + 0.01 * (np.arange(side) + 0.5),
    }
    cube = xr.Dataset(dict.fromkeys(("red", "nir"), (("time", "y", "x"), data)), axes).rio.write_crs(4326)
    found = eow.parcels(cube, [eow.Area.of((179.95, -16.1, 180.05, -16.05), name="fiji")])
    assert found.outlines["pixels"].tolist() == [50]
    assert (found.table["count"] == 50).all()


def test_table_series_and_comparison(measured):
    table = measured.table
    assert list(table.columns) == ["parcel", "name", "date", "index", "mean", "median", "p10", "p90", "clear", "count"]
    assert len(table) == 36 * 12
    assert (table["p10"] <= table["median"]).all() and (table["median"] <= table["p90"]).all()
    one = measured.series("field 3")
    rows = table[table["parcel"] == "field 3"].set_index("date")
    np.testing.assert_array_equal(one["mean"], rows["mean"])
    both = measured.compare(["field 3", "field 4"], stat="median")
    assert list(both.columns) == ["field 3", "field 4"]
    np.testing.assert_array_equal(both["field 3"], rows["median"])
    long = measured.series_table("ndvi", "median")
    assert list(long.columns) == ["id", "date", "value"]
    assert long["date"].dtype == "datetime64[ns]"
    with pytest.raises(InputError, match="no parcel named 'field 99'"):
        measured.series("field 99")
    with pytest.raises(InputError, match="no statistic named"):
        measured.compare(["field 3"], stat="mode")
    with pytest.raises(InputError, match="no index named"):
        measured.series("field 3", "EVI")
    with pytest.raises(InputError, match="give a sequence"):
        measured.compare("field 3")


def test_at_a_date_and_as_a_layer(measured, cube):
    day = str(cube.time.values[4])[:10]
    frame = measured.at(day)
    assert frame.crs.to_epsg() == 4326
    np.testing.assert_array_equal(frame["mean"], measured.values["mean"][0, :, 4])
    assert set(frame["crop"]) == {"wheat", "maize"}
    layer = measured.choropleth(cube)
    assert layer[VARIABLE].chunks is not None
    image = layer[VARIABLE].isel(time=4).values
    inside = eow.Area.of(frame.geometry.iloc[7]).mask(geobox(cube))
    np.testing.assert_array_equal(np.unique(image[inside]), np.float32(frame["mean"].iloc[7]))
    viewer = eow.TimeViewer(cube)
    viewer.add_layer(layer, "parcels")
    assert [k["key"] for k in viewer.layers] == ["parcels"]


@pytest.mark.parametrize("ending", [".parquet", ".gpkg"])
def test_files_hold_everything(cube, tmp_path, ending):
    shapes = grid_of_parcels(cube, 3, 3)
    shapes.loc[len(shapes)] = ["far", "rye", box(1, 1, 1.1, 1.1)]
    found = quiet(cube, shapes, ("NDVI", "red"))
    path = found.save(tmp_path / f"fields{ending}")
    again = eow.Parcels.open(path)
    pd.testing.assert_frame_equal(again.table, found.table, check_dtype=False)
    own = found.outlines.drop(columns="geometry")
    pd.testing.assert_frame_equal(again.outlines[own.columns.tolist()], own, check_dtype=False)
    assert again.report == found.report
    frame = geopandas.read_file(path, layer="parcels") if ending == ".gpkg" else geopandas.read_parquet(path)
    assert frame.crs.to_epsg() == 4326
    assert len(frame) == (10 if ending == ".gpkg" else len(found.table) + 1)
    assert eow.Record.of(path).call == "parcels"
    assert eow.rerun(path, cube).identical


def test_csv_and_other_endings(measured, tmp_path):
    table = pd.read_csv(measured.save(tmp_path / "fields.csv"))
    assert table["date"].iloc[0] == "2020-01-08"
    np.testing.assert_allclose(table["mean"], measured.table["mean"], rtol=1e-4)
    with pytest.raises(InputError, match=r"must end in \.parquet or \.gpkg or \.csv"):
        measured.save(tmp_path / "fields.txt")
    with pytest.raises(InputError, match="does not hold outlines"):
        eow.Parcels.open(tmp_path / "fields.csv")
    with pytest.raises(InputError, match="There is no file"):
        eow.Parcels.open(tmp_path / "none.gpkg")
    (tmp_path / "broken.gpkg").write_bytes(b"SQLite format 3\x00")
    with pytest.raises(SourceError, match="damaged"):
        eow.Parcels.open(tmp_path / "broken.gpkg")


def test_provenance_gives_the_code_and_the_same_again(cube, tmp_path, romania):
    path = tmp_path / "fields.geojson"
    grid_of_parcels(romania, 3, 3).to_file(path)
    found = eow.parcels(romania, path, "NDMI", ("median", "count"), dates="2016")
    code = eow.Record.of(found).code()
    assert "eow.parcels(cube, " in code
    assert "indices=['NDMI']" in code and "stats=['median', 'count']" in code and "dates='2016'" in code
    assert "polygons =" not in code
    assert eow.rerun(found).identical
    assert json.loads(found.provenance)["polygons"]["source"] == "fields.geojson"
    assert found.table.attrs["provenance"] == found.provenance
    page = eow.report(found, cube=romania)
    assert "of 9 parcels have a value of NDMI (median)" in page.answer
    assert page.figures and "<table" in page.html()


def test_indices_and_bands_are_checked(cube):
    shape = place(cube, 2, 2, 4, 4)
    assert eow.parcels(cube, shape, ["ndvi", "red"]).indices == ("NDVI", "red")
    with pytest.raises(InputError, match="no index or band named 'nvdi'"):
        eow.parcels(cube, shape, "nvdi")
    with pytest.raises(InputError, match="needs swir"):
        eow.parcels(cube, shape, "NDMI")
    with pytest.raises(InputError, match="at least one index"):
        eow.parcels(cube, shape, [])


def test_a_held_index_without_bands(cube):
    ndvi = xr.Dataset({"ndvi": cube.eow.index("NDVI")}).rio.write_crs(cube.rio.crs)
    shape = place(cube, 2, 2, 4, 4)
    clear = cube.drop_vars("clouds")
    np.testing.assert_allclose(
        eow.parcels(ndvi, shape).values["mean"], eow.parcels(clear, shape).values["mean"], atol=1e-6
    )


def test_work_can_be_stopped_between_blocks(cube):
    request = ParcelRequest(cube.chunk(y=12, x=12), grid_of_parcels(cube), "NDVI", ("mean",), memory=1e5)
    shares = []

    def watch(share):
        shares.append(share)
        if len(shares) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        request.measure(watch)
    assert len(shares) == 2 and 0 < shares[0] < shares[1] < 1


def test_a_block_that_cannot_be_read_is_one_sentence(cube):
    import dask.array as da

    def broken(block):
        raise OSError("disk gone")

    lazy = cube.chunk(y=12)
    lazy = lazy.assign(red=(lazy.red.dims, da.map_blocks(broken, lazy.red.data, dtype="float32")))
    with pytest.raises(SourceError, match="Rows 2 to 5 of the cube cannot be read"):
        extract(
            lazy, footprint(np.array([place(cube, 2, 2, 4, 4)], object), geobox(cube)), ("NDVI",), ("mean",), 2_000_000
        )
