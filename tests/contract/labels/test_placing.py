import numpy as np
import pandas as pd
import pytest
import shapely
import xarray as xr

import eowidgets as eow
from eowidgets.contract.labels import Labels
from eowidgets.cube import globe
from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError


@pytest.fixture
def cube(make_cube):
    found = make_cube(dates=4, height=12, width=14, clouds=0.0)
    return found.assign(clouds=(("time", "y", "x"), np.zeros((4, 12, 14), bool)))


def at(cube, column, row):
    return tuple(float(v) for v in globe.lonlat(geobox(cube), column, row))


def field(cube, left, top, right, bottom):
    """A polygon that holds the centres of whole pixels."""
    corners = ((left + 0.1, top + 0.1), (right - 0.1, top + 0.1), (right - 0.1, bottom - 0.1), (left + 0.1, bottom - 0.1))
    return shapely.Polygon([at(cube, *corner) for corner in corners])


def labels(cube, *rows, **more):
    """Labels of (geometry, class or number, start, end)."""
    table = pd.DataFrame([(*row, None, None)[:4] for row in rows], columns=["geometry", "class", "start", "end"])
    return Labels.of(table, **more)


def names(placed):
    return [placed.classes[t].name for t in placed.target]


def test_pixels_carry_the_class_and_the_row_of_their_label(cube):
    placed = labels(cube, (field(cube, 1, 1, 4, 3), "water"), (field(cube, 6, 5, 7, 7), "forest")).place(cube)
    assert {*zip(placed.rows, placed.columns, placed.label, names(placed), strict=True)} == {
        *((r, c, 0, "water") for r in (1, 2) for c in (1, 2, 3)),
        *((r, 6, 1, "forest") for r in (5, 6)),
    }
    assert placed.report.counts == {"forest": 2, "water": 6}
    assert (placed.report.labels, placed.report.pixels, len(placed)) == (2, 8, 8)
    assert placed.report.sentences == ()
    assert placed.rows.dtype == placed.target.dtype == placed.label.dtype == np.int64
    assert np.isnat(placed.start).all() and np.isnat(placed.end).all()


def test_target_is_an_index_whatever_the_values_of_the_classes(cube):
    classes = (eow.ClassInfo(9, "water", "#0000ff"), eow.ClassInfo(4, "forest", "#00ff00"))
    placed = labels(cube, (field(cube, 1, 1, 2, 2), "water"), (field(cube, 3, 3, 4, 4), "forest"), classes=classes).place(cube)
    assert sorted(zip(placed.rows.tolist(), names(placed), strict=True)) == [(1, "water"), (3, "forest")]


def test_labels_outside_are_counted(cube):
    placed = labels(cube, (field(cube, 1, 1, 2, 2), "a"), (field(cube, 100, 1, 102, 2), "a")).place(cube)
    assert placed.report.outside == 1
    assert placed.report.sentences == ("1 label lies outside the cube.",)


def test_nothing_inside_is_refused_with_both_places(cube):
    with pytest.raises(InputError, match=r"No label lies in the cube: the labels reach from 1\.0000 to 2\.0000° E .* the cube from 27"):
        labels(cube, (shapely.box(1, 2, 2, 3), "a")).place(cube)


def test_clouds_count_within_the_period_of_the_label(cube):
    cube["clouds"][:, 1, 1] = True
    cube["clouds"][:2, 3, 3] = True
    early = ("2020-01-01", "2020-01-20")  # the first two dates
    placed = labels(
        cube, (field(cube, 1, 1, 3, 2), "a"), (field(cube, 3, 3, 4, 4), "b", *early), (field(cube, 5, 3, 6, 4), "b", *early)
    ).place(cube)
    assert {*zip(placed.rows.tolist(), placed.columns.tolist(), strict=True)} == {(1, 2), (3, 5)}
    assert placed.report.cloudy == 2
    assert "2 pixels were not observed on any date of their labels and were left out." in placed.report.sentences


def test_where_all_is_cloudy_the_message_counts(cube):
    cube["clouds"][:] = True
    with pytest.raises(InputError, match="No labelled pixel is left: 2 were not observed"):
        labels(cube, (field(cube, 1, 1, 3, 2), "a")).place(cube)


def test_between_two_dates_the_dates_around_count(cube):
    cube["clouds"][1, 1, 1] = True
    cube["clouds"][1:3, 1, 2] = True
    placed = labels(cube, (field(cube, 1, 1, 3, 2), "a", "2020-01-18", "2020-01-19")).place(cube)  # between 14 and 25 January
    assert placed.columns.tolist() == [1]


def test_labels_of_other_dates_are_counted(cube):
    placed = labels(
        cube, (field(cube, 1, 1, 2, 2), "a"), (field(cube, 3, 3, 4, 4), "a", "2018-01-01", "2018-12-31"),
        (field(cube, 5, 5, 6, 6), "a", "2020-02-05", "2021-01-01"),
    ).place(cube)  # fmt: skip
    assert placed.report.other_dates == 1
    assert placed.report.pixels == 2
    with pytest.raises(InputError, match="the labels are from 2018-01-01 to 2018-12-31, the cube from 2020-01-03 to 2020-02-05"):
        labels(cube, (field(cube, 1, 1, 2, 2), "a", "2018-01-01", "2018-12-31")).place(cube)


def test_two_classes_on_a_pixel_are_a_conflict(cube):
    placed = labels(cube, (field(cube, 1, 1, 4, 2), "a"), (field(cube, 3, 1, 6, 2), "b")).place(cube)
    assert placed.report.conflicts == 1
    assert sorted(placed.columns.tolist()) == [1, 2, 4, 5]


def test_two_classes_at_different_times_are_two_entries(cube):
    shape = field(cube, 1, 1, 2, 2)
    placed = labels(cube, (shape, "a", "2020-01-01", "2020-01-15"), (shape, "b", "2020-01-16", "2020-02-28")).place(cube)
    assert sorted(names(placed)) == ["a", "b"]
    assert (placed.report.conflicts, placed.report.pixels) == (0, 1)


def test_a_third_period_stays_where_two_others_are_in_conflict(cube):
    shape = field(cube, 1, 1, 2, 2)
    rows = [(shape, "a", "2020-01-01", "2020-01-10"), (shape, "b", "2020-01-05", "2020-01-12"), (shape, "a", "2020-01-20", "2020-02-01")]
    placed = labels(cube, *rows).place(cube)
    assert (len(placed), placed.label.tolist(), placed.report.conflicts) == (1, [2], 1)


def test_the_same_class_twice_is_one_pixel(cube):
    shape = field(cube, 1, 1, 2, 2)
    placed = labels(cube, (shape, "a", "2020-01-01", "2020-01-15"), (shape, "a", "2020-01-10", "2020-02-28"), (shape, "a")).place(cube)
    assert len(placed) == 1
    assert np.isnat(placed.start).all()
    two = labels(cube, (shape, "a", "2020-01-01", "2020-01-15"), (shape, "a", "2020-01-10", "2020-02-28")).place(cube)
    assert str(two.start[0])[:10] == "2020-01-01" and str(two.end[0])[:10] == "2020-02-28"


def test_numbers_on_one_pixel_are_averaged(cube):
    placed = labels(cube, (field(cube, 1, 1, 3, 2), 4.0), (field(cube, 2, 1, 3, 2), 7.0), value="class").place(cube)
    assert dict(zip(placed.columns.tolist(), placed.target.tolist(), strict=True)) == {1: 4.0, 2: 5.5}
    assert placed.target.dtype == np.float32
    assert placed.classes == ()


def test_order_of_labels_does_not_matter(cube):
    rng = np.random.default_rng(5)
    rows = []
    for _ in range(30):
        left, top = rng.integers(0, 10), rng.integers(0, 9)
        days = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 40, 2)), "D")
        rows.append((field(cube, left, top, left + 3, top + 2), "abc"[rng.integers(3)], *days))
    key = lambda p: sorted(zip(p.rows, p.columns, names(p), p.start.astype(str), p.end.astype(str), strict=True))  # noqa: E731
    one, other = labels(cube, *rows).place(cube), labels(cube, *reversed(rows)).place(cube)
    assert key(one) == key(other)
    assert one.report.conflicts > 0


def test_lazy_cubes_are_read_around_labels_only(make_cube):
    import dask.array as da

    cube = make_cube(dates=2, height=3000, width=3000, bands=("red",), clouds=0.0).drop_vars(["clouds", "valid"], errors="ignore")
    read = []

    def block(block_info=None):
        read.append(block_info[None]["chunk-location"])
        return np.full((1, 500, 500), 0.2, "float32")

    red = da.map_blocks(block, chunks=((1,) * 2, (500,) * 6, (500,) * 6), dtype="float32", meta=np.empty((0, 0, 0), "float32"))
    lazy = cube.assign(red=(("time", "y", "x"), red))
    read.clear()
    placed = labels(lazy, (field(lazy, 510, 10, 513, 12), "a")).place(lazy)
    assert len(placed) == 6
    assert {where[1:] for where in read} == {(0, 1)}


def test_a_class_raster_is_placed_on_its_own_grid(cube):
    values = np.full((12, 14), 255, "uint8")
    values[1:3, 1:3], values[3, 3], values[8, 8] = 2, 2, 5
    raster = xr.DataArray(values, dims=("y", "x"), coords={"y": cube.y, "x": cube.x}).rio.write_crs("EPSG:32635")
    placed = Labels.of(raster).place(cube)
    assert (placed.report.labels, placed.report.pixels) == (2, 6)
    assert {int(n) for n in placed.label[placed.target == 0]} == {0}
    assert placed.report.counts == {"2": 5, "5": 1}


def test_a_finer_raster_gives_the_class_of_most_of_a_pixel(cube):
    fine = np.full((48, 56), 1, "uint8")
    fine[:, 28:] = 2
    fine[0:3, 0:4] = 3  # three quarters of the first pixel
    fine[4:7, 0:2] = 3  # less than half of one below
    y, x = 5_000_000 - 2.5 * (np.arange(48) + 0.5), 500_000 + 2.5 * (np.arange(56) + 0.5)
    raster = xr.DataArray(fine, dims=("y", "x"), coords={"y": y, "x": x}).rio.write_crs("EPSG:32635")
    placed = Labels.of(raster).place(cube)
    found = np.full((12, 14), "", object)
    found[placed.rows, placed.columns] = names(placed)
    assert found[0, 0] == "3" and (found[1:, :7] == "1").all() and (found[:, 7:] == "2").all()


def test_a_coarser_raster_in_another_crs_is_repeated(cube):
    west, north = at(cube, 0, 0)
    lon, lat = west + 0.0005 * (np.arange(6) - 1), north - 0.0005 * (np.arange(6) - 1)
    raster = xr.DataArray(np.tile(np.arange(6, dtype="uint8"), (6, 1)), dims=("y", "x"), coords={"y": lat, "x": lon})
    placed = Labels.of(raster.rio.write_crs("EPSG:4326")).place(cube)
    lon_of, _ = globe.lonlat(geobox(cube), placed.columns + 0.5, placed.rows + 0.5)
    expected = np.round((lon_of - lon[0]) / 0.0005)
    assert (np.array(names(placed), int) == expected).mean() > 0.98
    assert len(placed) == 12 * 14


def test_a_raster_elsewhere_is_refused(cube):
    raster = xr.DataArray(np.ones((4, 4), "uint8"), dims=("y", "x"), coords={"y": [4.0, 3, 2, 1], "x": [1.0, 2, 3, 4]})
    with pytest.raises(InputError, match="No label lies in the cube"):
        Labels.of(raster.rio.write_crs("EPSG:4326")).place(cube)
