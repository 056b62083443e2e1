import numpy as np
import pytest

import eowidgets as eow
from eowidgets.cube.reading import reading
from eowidgets.errors import SourceError


@pytest.mark.parametrize("error", [OSError("disk gone"), ZeroDivisionError("x"), KeyError("chunk"), AssertionError()])
def test_any_failure_becomes_one_sentence_with_its_type(error):
    with pytest.raises(SourceError, match=type(error).__name__), reading("Rows 0 to 9"):
        raise error


def test_sentences_of_the_package_pass_unchanged():
    with pytest.raises(eow.errors.InputError, match=r"^no$"), reading():
        raise eow.errors.InputError("no")


@pytest.mark.parametrize("use", ["run", "open", "to_geotiff", "to_netcdf", "to_html"])
def test_a_source_that_fails_in_a_function_of_dask(make_cube, tmp_path, use):
    array = pytest.importorskip("dask.array")

    def boom(block):
        raise ZeroDivisionError("bad block")

    cube = make_cube()
    lazy = array.from_array(cube.red.values, chunks=(1, -1, -1))
    cube["red"] = (cube.red.dims, lazy.map_blocks(boom, dtype="float32", meta=np.empty((0, 0, 0), "float32")))
    calls = {
        "run": lambda: eow.run("fill-linear", cube, progress=False),
        "open": lambda: eow.open(cube),
        "to_geotiff": lambda: cube.eow.to_geotiff(tmp_path / "a.tif"),
        "to_netcdf": lambda: cube.eow.to_netcdf(tmp_path / "a.nc"),
        "to_html": lambda: eow.TimeViewer(cube).to_html(tmp_path / "a.html"),
    }
    with pytest.raises(SourceError, match="bad block"):
        calls[use]()
    assert not list(tmp_path.iterdir())
