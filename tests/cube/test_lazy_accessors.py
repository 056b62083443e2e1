"""``cube.rio`` and ``cube.odc`` without an import by the user."""

import subprocess
import sys

import pytest


def printed(code):
    run = [sys.executable, "-W", "error::UserWarning", "-c", code]
    return subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("first", ["rio.crs.to_epsg()", "odc.crs.epsg", "red.rio.crs.to_epsg()", "red.odc.crs.epsg"])
def test_accessors_are_there_at_once(first):
    code = f"import eowidgets as eow; cube = eow.open('romania'); print(cube.{first}, cube.odc.crs.epsg, cube.red.rio.width)"
    assert printed(code) == ["3035", "3035", "100"]


def test_opening_a_sample_loads_neither_library():
    code = "import sys, eowidgets as eow; eow.open('romania'); print('rioxarray' in sys.modules, 'odc' in sys.modules)"
    assert printed(code) == ["False", "False"]


def test_a_later_import_by_the_user_takes_over_without_a_warning():
    code = "import eowidgets, rioxarray, odc.geo.xr, xarray as xr; print(xr.Dataset.rio.__name__, hasattr(xr.Dataset, 'odc'))"
    assert printed(code) == ["RasterDataset", "True"]


def test_results_of_runs_have_them_too():
    code = (
        "import eowidgets as eow; c = eow.open('bouconne').isel(x=slice(9), y=slice(9));"
        "r = eow.run('fill-linear', c); print(r.rio.crs == c.rio.crs, r.odc.geobox == c.odc.geobox)"
    )
    assert printed(code) == ["True", "True"]
