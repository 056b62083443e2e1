"""AlphaEarth and TESSERA files, and their index, as lazy cubes of vectors."""

from __future__ import annotations

import re
import warnings

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from support.embeddings import codes_of, write_alphaearth, write_tessera

import eowidgets as eow
from eowidgets.cube.sources.embeddings.alphaearth import decoded
from eowidgets.cube.sources.embeddings.tiles import Mosaic, Placed, Tile
from eowidgets.cube.vectors import as_bands, holds_vectors
from eowidgets.errors import InputError, SourceError


def expected(codes):
    """The published formula, with NaN for nodata."""
    v = codes.astype("float64")
    return np.where(v == -128, np.nan, np.sign(v) * np.square(v / 127.5))


def test_every_code_is_decoded_as_published():
    codes = np.arange(-128, 128).astype("int8")
    np.testing.assert_allclose(decoded(codes), expected(codes), rtol=1e-6)


@pytest.mark.parametrize("bottom_up", [True, False])
def test_rows_run_from_north_to_south_whatever_the_file(tmp_path, bottom_up):
    codes = codes_of(20, 30)
    codes[:, 0, :4] = -128
    cube = eow.open(write_alphaearth(tmp_path / "2020" / "x.tiff", codes, bottom_up=bottom_up))
    assert cube.embedding.dims == ("time", "feature", "y", "x")
    assert float(cube.y[0]) == 45e5 - 5 and float(cube.x[0]) == 5e5 + 5
    np.testing.assert_allclose(cube.embedding[0], expected(codes), rtol=1e-6)
    assert cube.valid.values[0, 0].tolist() == [False] * 4 + [True] * 26
    assert bool(cube.valid[0, 1:].all()) and not bool(cube.clouds.any())
    assert cube.embedding.attrs["quantity"] == "embedding" and holds_vectors(cube)
    assert cube.rio.crs.to_epsg() == 32634 and "Google DeepMind" in cube.attrs["attribution"]


def test_a_folder_of_years_and_tiles_is_one_cube(tmp_path):
    left, right, later = codes_of(12, 10, 1), codes_of(12, 10, 2), codes_of(12, 10, 3)
    write_alphaearth(tmp_path / "2019" / "34N" / "a.tiff", left)
    write_alphaearth(tmp_path / "2019" / "34N" / "b.tiff", right, west=5e5 + 100, bottom_up=False)
    write_alphaearth(tmp_path / "2020" / "34N" / "a.tiff", later)
    cube = eow.open(tmp_path)
    assert [str(t)[:10] for t in cube.time.values] == ["2019-07-01", "2020-07-01"]
    np.testing.assert_allclose(cube.embedding[0], expected(np.concatenate([left, right], axis=2)), rtol=1e-6)
    np.testing.assert_allclose(cube.embedding[1, :, :, :10], expected(later), rtol=1e-6)
    assert not bool(cube.valid[1, :, 10:].any())
    assert eow.open(tmp_path, dates="2020").sizes["time"] == 1
    assert eow.open(str(tmp_path / "2019" / "34N" / "*.tiff")).sizes["x"] == 20


def test_an_area_is_cut_and_read_alone(tmp_path):
    codes = codes_of(64, 64)
    write_alphaearth(tmp_path / "2021" / "x.tiff", codes)
    whole = eow.open(tmp_path)
    from eowidgets.cube.grid import bounds

    west, south, east, north = bounds(whole)
    part = eow.open(tmp_path, bbox=(west, south, (west + east) / 2, north), chunks={"x": 16, "y": 16})
    assert part.embedding.chunks is not None and 30 <= part.sizes["x"] <= 34
    seen = part.valid.values[0]
    np.testing.assert_array_equal(part.embedding.values[0][:, seen], whole.embedding.sel(x=part.x).values[0][:, seen])


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=30, deadline=None)
def test_any_window_of_a_mosaic_is_that_of_the_whole(seed, upward):
    rng = np.random.default_rng(seed)

    class Plain:
        def __init__(self, values):
            self.values, self.shape = values, values.shape

        def read(self, *window):
            return self.values[window]

    class Box:
        def __init__(self, shape):
            self.shape, self.affine = shape, type("A", (), {"e": 10 if upward else -10})

    whole = np.full((3, 12, 14), np.nan, "float32")
    tiles = []
    for _ in range(3):
        height, width = rng.integers(2, 9, 2)
        top, left = rng.integers(0, 12 - height), rng.integers(0, 14 - width)
        values = rng.random((3, height, width), "float32")
        here = whole[:, top : top + height, left : left + width]
        np.copyto(here, values, where=np.isnan(here[:1]))
        stored = values[:, ::-1] if upward else values
        tiles.append(Placed(Tile("t", 2020, Box((height, width)), Plain(stored)), int(top), int(left)))
    mosaic = Mosaic(tuple(tiles), whole.shape)
    a, b, c, d = (int(v) for v in (*np.sort(rng.integers(0, 13, 2)), *np.sort(rng.integers(0, 15, 2))))
    np.testing.assert_array_equal(mosaic[:, a:b, c:d], whole[:, a:b, c:d])
    np.testing.assert_array_equal(mosaic[1, a:b:2, c:d], whole[1, a:b:2, c:d])


def test_floats_of_other_software_are_taken_as_they_are(tmp_path):
    values = np.random.default_rng(0).uniform(-0.3, 0.3, (64, 8, 9)).astype("float32")
    cube = eow.open(write_alphaearth(tmp_path / "aef_2020.tif", values, nodata=None))
    np.testing.assert_array_equal(cube.embedding[0], values)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: write_alphaearth(p / "2020.tif", codes_of(8, 8).astype("int16")), "are int16, and AlphaEarth"),
        (lambda p: write_alphaearth(p / "x.tif", codes_of(8, 8)), "The year of 'x.tif' is neither in its name"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, make, words):
    folder = tmp_path / "embeddings"
    folder.mkdir()
    with pytest.raises(InputError, match=re.escape(words)):
        eow.open(make(folder))


def test_several_utm_zones_are_refused_and_an_area_chooses_one(tmp_path):
    write_alphaearth(tmp_path / "2020" / "a.tiff", codes_of(8, 8))
    write_alphaearth(tmp_path / "2020" / "b.tiff", codes_of(8, 8), crs="EPSG:32635")
    with pytest.raises(InputError, match=r"2 UTM zones or CRS \(EPSG:32634, EPSG:32635\).*bbox="):
        eow.open(tmp_path)
    assert eow.open(tmp_path, bbox=(20.9, 40.6, 21.1, 40.7)).rio.crs.to_epsg() == 32634


def test_blocks_of_a_large_file_are_small_and_opening_it_reads_nothing(tmp_path):
    path = tmp_path / "2020" / "x.tiff"
    path.parent.mkdir()
    with rasterio.open(
        path, "w", driver="GTiff", height=2000, width=3000, count=64, dtype="int8", crs="EPSG:32634", nodata=-128,
        transform=Affine(10, 0, 5e5, 0, 10, 45e5), tiled=True, sparse_ok=True,
    ):  # fmt: skip
        pass
    assert path.stat().st_size < 1_000_000
    cube = eow.open(path)
    block = cube.embedding.data.blocks[0, 0, 0, 0]
    assert block.shape[1] == 64 and block.nbytes <= 32 << 20
    assert not bool(cube.valid[0, 700:720, 900:920].any())


def test_a_missing_year_is_stated(tmp_path):
    for year in (2018, 2021):
        write_alphaearth(tmp_path / str(year) / "a.tiff", codes_of(8, 8))
    with pytest.warns(UserWarning, match="no embeddings of 2019, 2020: the cube has 2018, 2021"):
        cube = eow.open(tmp_path)
    assert cube.sizes["time"] == 2
    with pytest.raises(InputError, match="no embeddings of the years dates='2019/2020'"):
        eow.open(tmp_path, dates="2019/2020")


def test_options_that_do_not_apply_are_refused(tmp_path):
    path = write_alphaearth(tmp_path / "2020" / "a.tiff", codes_of(8, 8))
    for name, value in {"resolution": 20, "crs": "EPSG:3035", "bands": ["A00"]}.items():
        with pytest.raises(InputError, match=f"{name}= does not apply to embeddings"):
            eow.open(path, **{name: value})


def test_a_raster_of_64_other_bands_is_no_embedding(tmp_path):
    path = write_alphaearth(tmp_path / "x_2020-01-01.tif", codes_of(8, 8).astype("int16"), names=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert not holds_vectors(eow.open(path))


def index_of(folder, rows):
    table = geopandas.GeoDataFrame(
        {"year": [r[0] for r in rows], "path": [r[1] for r in rows]}, geometry=[r[2] for r in rows], crs="OGC:CRS84"
    )
    table.to_parquet(folder / "aef_index.parquet")
    return folder / "aef_index.parquet"


def test_an_index_gives_the_files_of_an_area_and_years(tmp_path):
    here, there = shapely.box(20.9, 40.6, 21.1, 40.7), shapely.box(10, 10, 11, 11)
    for year in (2019, 2020):
        write_alphaearth(tmp_path / "annual" / str(year) / "34N" / "a.tiff", codes_of(8, 8, year))
    far = "s3://us-west-2.opendata.source.coop/tge-labs/aef/v1/annual"
    rows = [
        (2019, f"{far}/2019/34N/a.tiff", here),
        (2020, f"{far}/2020/34N/a.tiff", here),
        (2020, f"{far}/2020/32N/b.tiff", there),
    ]
    index = index_of(tmp_path / "annual", rows)
    place = (20.999, 40.64, 21.01, 40.66)
    cube = eow.open(index, bbox=place, dates="2020")
    np.testing.assert_allclose(cube.embedding.values[0], expected(codes_of(8, 8, 2020)), rtol=1e-6)
    assert eow.open(tmp_path / "annual", bbox=place).sizes["time"] == 2
    with pytest.raises(SourceError, match=r"1 of the 3 files .* 'b.tiff'.*remote=True"):
        eow.open(index)
    with pytest.raises(InputError, match="no embeddings of this area"):
        eow.open(index, bbox=(0, 0, 1, 1))


def test_an_index_opens_nothing_outside_its_folder(tmp_path):
    write_alphaearth(tmp_path / "secret" / "2020" / "a.tiff", codes_of(8, 8))
    folder = tmp_path / "annual"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    here = shapely.box(20.9, 40.6, 21.1, 40.7)
    for path in ("../secret/2020/a.tiff", str(tmp_path / "secret" / "2020" / "a.tiff"), "link/2020/a.tiff"):
        with pytest.raises(SourceError, match="not below its folder"):
            eow.open(index_of(folder, [(2020, path, here)]))


def test_damaged_and_foreign_parquet_is_refused(tmp_path):
    (tmp_path / "aef_index.parquet").write_bytes(b"PAR1 nothing")
    with pytest.raises(SourceError, match="cannot be read as GeoParquet"):
        eow.open(tmp_path / "aef_index.parquet")
    geopandas.GeoDataFrame({"year": [2020]}, geometry=[shapely.Point(0, 0)], crs=4326).to_parquet(
        tmp_path / "a.parquet"
    )
    with pytest.raises(InputError, match="no column 'path'"):
        eow.open(tmp_path / "a.parquet")


# --- TESSERA


def tessera(folder, **options):
    rng = np.random.default_rng(5)
    codes = rng.integers(-127, 128, (9, 11, 128)).astype("int8")
    scales = rng.uniform(0.01, 0.1, (9, 11)).astype("float32")
    scales[0, 0] = 0
    return write_tessera(folder, codes, scales, **options), codes, scales


def test_a_tile_of_tessera_is_codes_times_scale(tmp_path):
    path, codes, scales = tessera(tmp_path / "2024" / "grid_0.15_52.05")
    true = (codes * np.where(scales > 0, scales, np.nan)[..., None]).transpose(2, 0, 1)
    for source in (path, tmp_path):
        cube = eow.open(source)
        assert cube.sizes == {"time": 1, "feature": 128, "y": 9, "x": 11}
        np.testing.assert_allclose(cube.embedding[0], true, rtol=1e-6)
        assert not bool(cube.valid[0, 0, 0]) and cube.rio.crs.to_epsg() == 32631


def test_tiles_of_tessera_between_pixels_are_put_into_the_nearest(tmp_path):
    tessera(tmp_path / "2024", name="grid_0.15_52.05")
    tessera(tmp_path / "2024", name="grid_0.25_52.05", west=3e5 + 104)
    with pytest.warns(UserWarning, match="shifted by up to 0.4 of a pixel"):
        assert eow.open(tmp_path).sizes["x"] == 21


def test_numpy_files_with_objects_are_not_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path, _, _ = tessera(tmp_path / "2024")
    np.save(path, np.array([Bomb()], object), allow_pickle=True)
    with pytest.raises(SourceError, match="hold Python objects"):
        eow.open(path)
    assert not (tmp_path / "ran").exists()


def test_incomplete_tiles_are_refused(tmp_path):
    path, codes, scales = tessera(tmp_path / "2024")
    path.with_suffix(".tiff").unlink()
    with pytest.raises(InputError, match="The CRS of .* is in the raster grid_0.15_52.05.tiff"):
        eow.open(path)
    tessera(tmp_path / "2024")
    np.save(path, codes[:5])
    with pytest.raises(InputError, match="get both files of one tile"):
        eow.open(path)
    np.save(path, codes.astype("float32"))
    with pytest.raises(InputError, match="holds float32 over 3 axes"):
        eow.open(path)
    path.with_name("grid_0.15_52.05_scales.npy").unlink()
    with pytest.raises(InputError, match=r"has no grid_0.15_52.05_scales.npy next to it"):
        eow.open(path)


# --- what they are for


@pytest.fixture
def vectors(tmp_path):
    for year in (2019, 2020):
        write_alphaearth(tmp_path / str(year) / "x.tiff", codes_of(40, 40, year))
    return eow.open(tmp_path, chunks={"x": 16, "y": 16})


def test_a_saved_cube_of_vectors_opens_as_it_was(vectors, tmp_path):
    path = vectors.eow.to_zarr(tmp_path / "v.zarr")
    back = eow.open(path)
    assert list(back.data_vars) == ["embedding", "valid", "clouds"]
    np.testing.assert_array_equal(back.embedding, vectors.embedding)
    assert back.embedding.attrs == vectors.embedding.attrs


def test_bands_are_views_of_the_vectors(vectors):
    bands = as_bands(vectors)
    assert eow.open(vectors).eow.bands == () and len(bands.eow.bands) == 64
    np.testing.assert_array_equal(bands["embedding_7"], vectors.embedding[:, 7])
    assert as_bands(bands) is bands


def test_labels_teach_a_map_of_vectors(vectors):
    from eowidgets.cube.globe import lonlat
    from eowidgets.cube.grid import geobox

    rng = np.random.default_rng(0)
    columns, rows = rng.integers(0, 40, 60), rng.integers(0, 40, 60)
    lon, lat = lonlat(geobox(vectors), columns + 0.5, rows + 0.5)
    pins = [
        {"lon": float(a), "lat": float(b), "class": "left" if c < 20 else "right"}
        for a, b, c in zip(lon, lat, columns, strict=True)
    ]
    taught = eow.teach(vectors.isel(time=[0]), pins, model="linear")
    assert taught.features == "mean" and taught.evaluation["scores"]["accuracy"][0] > 0.95
    found = eow.run(taught, vectors.isel(time=[0]))["class"].values
    assert (found[:, :20] == 0).mean() > 0.95 and (found[:, 20:] == 1).mean() > 0.95


def test_similar_places_are_found_in_lazy_vectors(vectors):
    from eowidgets.cube.globe import lonlat
    from eowidgets.cube.grid import geobox

    index = eow.Index.of(vectors)
    assert len(index) == 2 * 40 * 40
    lon, lat = (float(v[0]) for v in lonlat(geobox(vectors), np.array([5.5]), np.array([5.5])))
    table = index.find(like=(lon, lat), k=20).table
    middle = float(lonlat(geobox(vectors), np.array([20.0]), np.array([20.0]))[0][0])
    assert (table.lon < middle).mean() > 0.9


def test_a_viewer_draws_the_components(vectors):
    viewer = eow.TimeViewer(vectors)
    assert viewer.bands == ["component_1", "component_2", "component_3"] and "embedding" in repr(viewer)
    explorer = eow.Explorer(vectors)
    assert "embedding_63" in explorer.cube.data_vars


def test_panels_and_charts_take_vectors(vectors):
    assert eow.PixelChart(vectors, "embedding_3").what == "embedding_3"
    assert "eow.open(" in eow.ModelPanel(vectors, "composite-median").code()
    for panel in (eow.TeachPanel, eow.SimilarPanel, eow.AreaMap):
        panel(vectors)
    assert [f for f in vectors.eow.check() if f.level == "error"] == []
