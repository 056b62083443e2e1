"""HDF4 files with HDF-EOS grids."""

import numpy as np
import pytest
from support.hdf4_file import grid, surface_reflectance, write

import eowidgets as eow
from eowidgets.cube.sources.hdf4 import read_grids
from eowidgets.errors import InputError, SourceError


def test_surface_reflectance_with_the_state_on_a_coarser_grid(tmp_path):
    cube = eow.open(surface_reflectance(tmp_path / "MOD09GA.A2022177.h19v04.061.hdf"))
    assert cube.sizes == {"time": 1, "y": 4, "x": 4}
    assert (float(cube.red.median()), float(cube.nir.median())) == pytest.approx((0.2, 0.4))
    assert np.isnan(cube.red[0, 0, 0])
    np.testing.assert_array_equal(cube.clouds[0, 2:], False)
    assert cube.clouds[0, 0, 1]
    assert str(cube.time.values[0])[:10] == "2022-06-26"
    west, south, east, north = cube.eow.bounds
    assert 39.9 < south < north < 50.1
    assert 10 < west < east < 32


def test_a_folder_of_dates(tmp_path):
    for day in (177, 185):
        surface_reflectance(tmp_path / f"MOD09GA.A2022{day}.h19v04.061.hdf")
    assert eow.open(tmp_path).sizes["time"] == 2


def test_temperature_and_an_unknown_product(tmp_path):
    fields = {"LST_Day_1km": (np.full((4, 4), 15000, "uint16"), {"scale_factor": 0.02})}
    path = write(tmp_path / "MOD11A1.A2022177.h19v04.061.hdf", fields, grid(1, 4, "LST_Day_1km"))
    assert float(eow.open(path).lst_day.median()) == pytest.approx(300)
    fields = {"Gpp": (np.full((4, 4), 500, "int16"), {"scale_factor": 0.0001, "units": "kgC"})}
    path = write(tmp_path / "XYZ17A2.A2022177.hdf", fields, grid(1, 4, "Gpp"))
    assert float(eow.open(path).Gpp.median()) == pytest.approx(0.05)


def test_a_geographic_grid():
    structure = grid(1, 4, "x", projection="GCTP_GEO").replace(
        "1111950.519667,5559752.598333", "-10030000.00,50000000.00"
    )
    found = read_grids(structure, "a.hdf")[0]
    assert (found.left, found.top) == pytest.approx((-10.5, 50.0))
    assert found.crs == "EPSG:4326"


def test_what_cannot_be_opened(tmp_path):
    (tmp_path / "a.hdf").write_text("text")
    with pytest.raises(SourceError, match="'a.hdf' is not an HDF4 file"):
        eow.open(tmp_path / "a.hdf")
    with pytest.raises(InputError, match="no HDF-EOS grid"):
        read_grids("", "swath.hdf")
    with pytest.raises(InputError, match="projection GCTP_LAMAZ"):
        read_grids(grid(1, 4, "x", projection="GCTP_LAMAZ"), "a.hdf")
