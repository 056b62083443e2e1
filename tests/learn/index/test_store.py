"""An index as a file: the same answers, readable by others, refused when it is damaged."""

import json
import shutil

import geopandas
import numpy as np
import pytest
from pyarrow import parquet

from eowidgets.cube.grid import geobox
from eowidgets.errors import InputError, MissingExtraError, SourceError
from eowidgets.learn.index import store
from eowidgets.learn.index.index import Index


@pytest.fixture
def index(vectors, more):
    vectors.embedding.values[:, 2, 3] = np.nan
    vectors.attrs["provenance"] = json.dumps({"model": "toy", "dates": ["2019-01-05"]})
    return Index.of([vectors, more(1, title="east", east=600_000.0)], "euclidean")


@pytest.mark.parametrize("ending", [".zarr", ".parquet"])
def test_a_saved_index_gives_the_same_answers(index, tmp_path, ending):
    path = index.save(tmp_path / f"index{ending}")
    copy = Index.load(path)
    np.testing.assert_array_equal(copy.vectors, index.vectors)
    np.testing.assert_array_equal(copy.matrix, index.matrix)
    for one, two in zip(copy.parts, index.parts, strict=True):
        assert (one.title, one.date, one.provenance) == (two.title, two.date, two.provenance)
        assert one.box == two.box
        np.testing.assert_array_equal(one.cells, two.cells)
    example = index.vectors[77]
    assert copy.find(example, k=9, apart=40).table.equals(index.find(example, k=9, apart=40).table)
    index.save(path)  # replaces it


def test_geoparquet_is_read_by_geopandas(index, tmp_path):
    found = geopandas.read_parquet(index.save(tmp_path / "index.parquet"))
    assert found.crs.to_authority() == ("OGC", "CRS84") and len(found) == len(index)
    assert found.title.tolist()[0] == "stripes" and found.date.tolist()[0] == "2019-01-05"
    lon, lat, _ = index.places(np.arange(len(index)))
    np.testing.assert_allclose(found.geometry.x, lon)
    np.testing.assert_allclose(found.geometry.y, lat)
    np.testing.assert_array_equal(np.stack(found.vector.tolist()), index.vectors)


def test_the_grid_is_kept(index, vectors, tmp_path):
    copy = Index.load(index.save(tmp_path / "index.zarr"))
    assert copy.parts[0].box == geobox(vectors)
    assert geobox(copy.find(index.vectors[0]).score_map().to_dataset()) == geobox(vectors)


def test_files_that_are_no_index(index, vectors, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        Index.load(tmp_path / "none.zarr")
    with pytest.raises(InputError, match="ends in .zarr or .parquet"):
        (tmp_path / "index.pkl").write_bytes(b"x")
        Index.load(tmp_path / "index.pkl")
    with pytest.raises(InputError, match=r"must end in .zarr or .parquet"):
        index.save(tmp_path / "index.npz")
    vectors.drop_vars("spatial_ref").to_zarr(tmp_path / "other.zarr", zarr_format=3, consolidated=False)
    with pytest.raises(InputError, match="store without an index"):
        Index.load(tmp_path / "other.zarr")
    parquet.write_table(
        parquet.read_table(index.save(tmp_path / "a.parquet")).replace_schema_metadata({}), tmp_path / "b.parquet"
    )
    with pytest.raises(InputError, match="table without an index"):
        Index.load(tmp_path / "b.parquet")
    (tmp_path / "c.parquet").write_bytes(b"PAR1 not really")
    with pytest.raises(SourceError, match="damaged or has another content"):
        Index.load(tmp_path / "c.parquet")


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n | {"metric": "other"},
        lambda n: n | {"format": 99},
        lambda n: n | {"mean": n["mean"][:-1]},
        lambda n: n | {"scale": [0.0] * 5},
        lambda n: n | {"parts": n["parts"][:1]},
        lambda n: n | {"parts": [p | {"shape": [2, 2]} for p in n["parts"]]},
        lambda n: n | {"parts": [p | {"crs": "nowhere"} for p in n["parts"]]},
        lambda n: {},
    ],
)
def test_a_changed_note_is_refused(index, tmp_path, change):
    path = index.save(tmp_path / "index.parquet")
    table = parquet.read_table(path)
    note = json.loads(table.schema.metadata[store.NOTE.encode()])
    parquet.write_table(table.replace_schema_metadata({store.NOTE: json.dumps(change(note))}), path)
    with pytest.raises(SourceError):
        Index.load(path)


def test_a_store_with_missing_chunks_is_refused(index, tmp_path):
    path = index.save(tmp_path / "index.zarr")
    shutil.rmtree(path / "vector" / "c")
    with pytest.raises(SourceError):
        Index.load(path)


def test_parquet_needs_its_extra(index, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"eowidgets\[parquet\]"):
        index.save(tmp_path / "index.parquet")
