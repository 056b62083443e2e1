"""Similar places: found by example, kept apart, refined by counter-examples."""

import json

import geopandas
import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

import eowidgets as eow
from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError, MissingExtraError
from eowidgets.learn.index import nearest
from eowidgets.learn.index.cells import Part
from eowidgets.learn.index.index import Index
from eowidgets.learn.index.space import Space


def lonlat(index, row, column, part=0):
    cell = np.array([row * index.parts[part].box.width + column])
    lon, lat = index.parts[part].lonlat(cell)
    return float(lon[0]), float(lat[0])


def columns(found):
    part = found.index.parts[0]
    return part.cells[found.rows] % part.box.width


def test_a_click_finds_its_own_kind(vectors):
    index = eow.Index.of(vectors)
    found = index.find(lonlat(index, 3, 14), k=50)
    assert len(found) == 50 and set(columns(found) // 10) == {1}
    assert (np.diff(found.scores) <= 0).all()
    assert 3 * 30 + 14 not in found.rows.tolist()


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_the_order_is_that_of_the_definition(vectors, metric):
    index = Index.of(vectors, metric)
    x = vectors.embedding.values.reshape(5, -1).T.astype("float64")
    z = (x - x.mean(0)) / x.std(0)
    if metric == "cosine":
        z /= np.linalg.norm(z, axis=1, keepdims=True)
        wanted = z @ z[100]
    else:
        wanted = -np.linalg.norm(z - z[100], axis=1)
    found = index.find(x[100].astype("float32"), k=20)
    assert found.rows.tolist() == np.argsort(-wanted, kind="stable")[:20].tolist()
    np.testing.assert_allclose(found.scores, np.sort(wanted)[::-1][:20], atol=2e-3)


@pytest.mark.parametrize(
    "form",
    [
        lambda lon, lat: (lon, lat),
        lambda lon, lat: [lon, lat],
        lambda lon, lat: {"lon": lon, "lat": lat, "color": "#0072b2"},
        lambda lon, lat: Point(lon, lat),
        lambda lon, lat: [{"lon": lon, "lat": lat}],
        lambda lon, lat: (lon - 360, lat),
    ],
)
def test_all_forms_of_a_point_are_one_example(vectors, form):
    index = Index.of(vectors)
    point = lonlat(index, 5, 25)
    assert index.find(form(*point), k=5).rows.tolist() == index.find(point, k=5).rows.tolist()


def test_all_pixels_of_an_area_are_examples_and_none_is_an_answer(vectors):
    index = Index.of(vectors)
    west, south = lonlat(index, 19, 20)
    east, north = lonlat(index, 10, 29)
    for area in [(west, south, east, north), eow.Area.of((west, south, east, north)), box(west, south, east, north)]:
        found = index.find(area, k=40)
        assert set(columns(found)) <= set(range(20, 30))
        assert not (
            (found.rows // 30 > 10) & (found.rows // 30 < 19) & (columns(found) > 20) & (columns(found) < 29)
        ).any()


def test_the_vectors_of_another_cube_are_examples(vectors, more):
    index = Index.of(vectors)
    other = more(7).isel(x=slice(0, 5))
    assert set(columns(index.find(other, k=30)) // 10) == {0}
    assert index.find(other.embedding.values[:, 0, 0], k=1).scores[0] > 0.8


@settings(max_examples=25, deadline=None)
@given(apart=st.floats(1, 400), k=st.integers(1, 12), row=st.integers(0, 19), column=st.integers(0, 29))
def test_answers_lie_apart_from_each_other_and_from_the_example(more, apart, k, row, column):
    index = Index.of(more())
    found = index.find(lonlat(index, row, column), k=k, apart=apart)
    cells = np.r_[row * 30 + column, index.parts[0].cells[found.rows]]
    ground = 10 * np.stack(np.divmod(cells, 30), axis=-1)
    away = np.linalg.norm(ground[:, None] - ground[None], axis=-1)[np.triu_indices(len(cells), 1)]
    assert (away > 0.998 * apart).all()  # metres of a UTM zone differ from those on the sphere


def test_a_distance_that_leaves_no_room_gives_fewer_answers(vectors):
    index = Index.of(vectors)
    assert 0 < len(index.find(lonlat(index, 0, 0), k=10, apart=250)) < 10
    empty = index.find(lonlat(index, 10, 15), k=10, apart=10_000)
    assert len(empty) == 0 and len(empty.table) == 0 and empty.pins == [] and "0 places" in repr(empty)


def test_counter_examples_remove_what_looks_like_them(vectors):
    index = Index.of(vectors)
    both = [lonlat(index, 3, 5), lonlat(index, 3, 15)]
    assert set(columns(index.find(both, k=200)) // 10) == {0, 1}
    found = index.find(both[0], unlike=[both[1], lonlat(index, 8, 25)], k=150)
    assert set(columns(found) // 10) == {0}


def test_the_table_the_pins_and_the_map_describe_the_same_answers(vectors):
    index = Index.of(vectors)
    found = index.find(lonlat(index, 3, 14), k=4, apart=30)
    assert list(found.table) == ["lon", "lat", "score", "title", "date"]
    assert found.table.title.tolist() == ["stripes"] * 4
    assert [(p["lon"], p["lat"]) for p in found.pins] == list(zip(found.table.lon, found.table.lat, strict=True))
    assert found.gdf().crs == "EPSG:4326" and len(found.gdf()) == 4
    scores = found.score_map()
    assert geobox(scores.to_dataset()) == geobox(vectors)
    assert scores.attrs["vmin"] < scores.attrs["vmax"]
    rows, cols = np.divmod(index.parts[0].cells[found.rows], 30)
    np.testing.assert_allclose(scores.values[rows, cols], found.scores, atol=1e-5)
    assert [one["score"] for one in found] == found.table.score.tolist()
    assert "<table" in found._repr_html_()
    with pytest.raises(InputError, match="part=1 is too large"):
        found.score_map(1)


def test_the_map_has_no_value_where_there_is_no_vector(vectors):
    vectors.embedding.values[2, :4, :4] = np.nan
    index = Index.of(vectors)
    assert len(index) == 600 - 16
    scores = index.find(lonlat(index, 10, 10)).score_map()
    assert np.isnan(scores.values[:4, :4]).all() and int(scores.isnull().sum()) == 16


def test_a_mask_selects_pixels(vectors):
    keep = xr.DataArray(np.arange(30)[None] < np.full((20, 1), 10), dims=("y", "x"))
    assert len(Index.of(vectors, valid=keep)) == 200
    assert len(Index.of(vectors.assign(valid=keep))) == 200
    for wrong in (keep.astype(int), keep[:5], keep.rename(x="z")):
        with pytest.raises(InputError, match="give a boolean mask"):
            Index.of(vectors, valid=wrong)
    with pytest.raises(InputError, match="no pixel with a vector"):
        Index.of(vectors, valid=keep & False)
    with pytest.raises(InputError, match="valid applies to one cube"):
        Index.of([vectors, vectors], valid=keep)


def test_several_cubes_have_their_title_and_date(vectors, more):
    dated = more(1, title="east", east=600_000.0)
    dated.attrs["provenance"] = json.dumps({"dates": ["2019-03-01T00:00:00", "2019-01-05T10:00:00"]})
    index = Index.of([vectors, dated])
    assert len(index) == 1200 and [p.date for p in index.parts] == ["", "2019-01-05/2019-03-01"]
    found = index.find(lonlat(index, 3, 14), k=600, apart=0)
    assert {"stripes", "east"} == set(found.table.title)
    east = found.table[found.table.title == "east"]
    assert set(east.date) == {"2019-01-05/2019-03-01"} and (east.lon > 28).all()
    assert found.score_map(1).attrs["title"] == "east"
    assert index.find(lonlat(index, 3, 14, part=1), k=1).scores[0] > 0.9


def test_each_date_of_a_cube_is_a_part(vectors, more):
    times = xr.concat(
        [vectors, more(1)], dim=xr.IndexVariable("time", np.array(["2019-01-05", "2020-01-05"], "M8[ns]"))
    )
    index = Index.of(times)
    assert [p.date for p in index.parts] == ["2019-01-05", "2020-01-05"]
    found = index.find(lonlat(index, 3, 14), k=5, apart=20)
    assert len(set(zip(found.table.lon, found.table.lat, strict=True))) == 5


def test_a_lazy_cube_gives_the_same_index(vectors, monkeypatch):
    monkeypatch.setattr("eowidgets.learn.index.cells.STRIP", 90)
    lazy = vectors.chunk(y=7)
    np.testing.assert_array_equal(Index.of(lazy).vectors, Index.of(vectors).vectors)
    np.testing.assert_array_equal(Index.of(lazy).parts[0].cells, Index.of(vectors).parts[0].cells)


BAD = [
    ((0, 0), "lies outside the index"),
    ((np.nan, 3.0), "The point nan"),
    ((3.0, 91.0), "The point 3, 91"),
    ((), "is empty"),
    ([], "is empty"),
    (None, "like is None"),
    (3, "like is 3"),
    ({"lon": "x", "lat": None}, "like is"),
    ([[[[(1, 2)]]]], "nested lists"),
    (np.zeros(3, "float32"), "have 3 features, but those of the index have 5"),
    (np.full(5, np.nan), "NaN or infinite"),
    (np.zeros((2, 2, 5)), r"shape \(2, 2, 5\)"),
    ((1, 2, 3, 4), "contains no pixel of the index"),
    ("no/file.geojson", "no file"),
    (xr.Dataset(), "no vectors"),
]


@pytest.mark.parametrize(("like", "words"), BAD)
def test_errors_are_one_sentence(vectors, like, words):
    index = Index.of(vectors)
    with pytest.raises(InputError, match=words) as error:
        index.find(like)
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_a_point_where_nothing_was_observed(vectors):
    vectors.embedding.values[:, 3, 4] = np.nan
    index = Index.of(vectors)
    with pytest.raises(InputError, match="has no vector, because it has no observation"):
        index.find(lonlat(index, 3, 4))


def test_cubes_that_cannot_be_an_index(vectors, more):
    with pytest.raises(InputError, match=r"numbers of features, \[4, 5\]"):
        Index.of([vectors, more(features=4)])
    with pytest.raises(InputError, match="no vectors"):
        Index.of(vectors.drop_vars("embedding"))
    with pytest.raises(InputError, match="2 variables with vectors"):
        Index.of(vectors.assign(other=vectors.embedding))
    with pytest.raises(InputError, match="metric of Index.of is 'manhattan'"):
        Index.of(vectors, "manhattan")
    with pytest.raises(InputError, match="k of Index.find"):
        Index.of(vectors).find((27, 45), k=0)


def test_a_large_index_goes_through_the_graph(vectors, monkeypatch):
    pytest.importorskip("usearch")
    exact = Index.of(vectors).find(vectors.embedding.values[:, 5, 5], k=20)
    for name in ("index.EXACT", "nearest.EXACT"):
        monkeypatch.setattr(f"eowidgets.learn.index.{name}", 100)
    monkeypatch.setattr(nearest, "FIRST", 40)
    found = Index.of(vectors).find(vectors.embedding.values[:, 5, 5], k=20)
    assert np.isin(found.rows, exact.rows).mean() >= 0.9
    everything = Index.of(vectors).find(vectors.embedding.values[:, 5, 5], k=600)
    assert len(set(everything.rows.tolist())) == 600  # after some rounds all are compared


def test_a_large_index_without_usearch(vectors, monkeypatch):
    monkeypatch.setattr(nearest, "EXACT", 100)
    monkeypatch.setattr(nearest, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"eowidgets\[search\]"):
        Index.of(vectors)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=1, max_size=60), st.integers(1, 8))
def test_rows_come_in_order_once_whatever_is_equal(scores, first):
    values = np.array(scores, "float32")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nearest, "FIRST", first)
        rows = np.concatenate([rows for rows, _ in nearest.in_order(values)])
    assert rows.tolist() == np.argsort(-values, kind="stable").tolist()


@pytest.mark.parametrize("digits", [0, 1, 6])
def test_many_scores_come_in_order(digits):
    values = np.random.default_rng(0).normal(0, 1, 60_000).round(digits).astype("float32")
    values[100] = 9
    rounds = list(nearest.in_order(values))
    assert np.concatenate([rows for rows, _ in rounds]).tolist() == np.argsort(-values, kind="stable").tolist()
    if digits == 6:
        assert nearest.FIRST <= len(rounds[0][0]) < 4 * nearest.FIRST


def test_one_pixel_and_equal_vectors(vectors):
    one = Index.of(vectors.isel(y=[0], x=[0, 1]))
    assert len(one.find(lonlat(one, 0, 0))) == 1
    flat = vectors.assign(embedding=vectors.embedding * 0 + 1)
    assert np.isfinite(Index.of(flat).find(lonlat(Index.of(flat), 0, 0)).scores).all()


def test_its_repr_is_short(vectors):
    assert repr(Index.of(vectors)) == "Index(600 vectors of 5, cosine, stripes)"
    assert isinstance(Index.of(vectors).parts[0], Part) and isinstance(Index.of(vectors).space, Space)
    assert isinstance(Index.of(vectors).find((27.001, 45.153), k=1).gdf(), geopandas.GeoDataFrame)
