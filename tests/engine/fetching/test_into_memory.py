import dask.array as da
import numpy as np
import pytest

import eowidgets as eow
from eowidgets.cube.opening import opening
from eowidgets.engine.fetching.into_memory import into_memory
from eowidgets.errors import SourceError


@pytest.fixture(scope="module")
def cube():
    return eow.open("romania")[["red", "nir", "clouds", "valid"]].isel(time=slice(0, 5))


def broken(cube, numbers):
    """Return the lazy cube; blocks of these dates cannot be read."""
    lazy = cube.chunk(time=1)

    def read(block, block_info=None):
        if block_info[0]["chunk-location"][0] in numbers:
            raise OSError("no such file")
        return block

    values = da.map_blocks(read, lazy.red.data, dtype=cube.red.dtype, meta=np.empty((0, 0, 0), cube.red.dtype))
    return lazy.assign(red=(lazy.red.dims, values, lazy.red.attrs))


def test_values_attributes_and_order_of_dimensions_stay(cube):
    shares = []
    lazy = cube.transpose("y", "time", "x").chunk(time=2)
    found, problems = into_memory(lazy, progress=shares.append)
    assert problems == ()
    assert not any(v.chunks for v in found.data_vars.values())
    assert found.identical(cube.transpose("y", "time", "x"))
    assert shares == sorted(shares) and shares[-1] == 1


def test_the_note_of_how_a_cube_was_opened_stays_true(cube, tmp_path):
    eow.fetch(cube, tmp_path / "forest.zarr")
    lazy = eow.open(tmp_path / "forest.zarr", chunks={"time": 1})
    assert any(v.chunks for v in lazy.data_vars.values())
    found, _ = into_memory(lazy)
    assert opening(found) == opening(lazy) is not None


def test_dates_that_cannot_be_read_are_left_out_and_named(cube):
    found, problems = into_memory(broken(cube, {1, 3}))
    assert found.identical(cube.isel(time=[0, 2, 4]))
    days = [str(t)[:10] for t in cube.time.values]
    assert problems == tuple(f"{days[i]} is missing: OSError: no such file." for i in (1, 3))


def test_nothing_that_can_be_read_is_an_error(cube):
    with pytest.raises(SourceError, match="None of the 5 dates could be read: OSError: no such file"):
        into_memory(broken(cube, range(5)))


def test_what_tick_raises_ends_the_reading(cube):
    class Stop(Exception):
        pass

    def stop():
        raise Stop

    with pytest.raises(Stop):
        into_memory(cube.chunk(time=1), tick=stop)
