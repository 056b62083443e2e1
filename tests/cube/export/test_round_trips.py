"""open(export(cube)) is the cube, over random cubes.

``EOWIDGETS_EXAMPLES`` sets the number of random cubes per format (12 by default; 200 for acceptance).
"""

import os
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
import rioxarray  # noqa: F401
import xarray as xr
from affine import Affine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import eowidgets as eow
from eowidgets.cube.schema import bands

EXAMPLES = int(os.environ.get("EOWIDGETS_EXAMPLES", "12"))
#: By an object of its own, without an EPSG code.
CUSTOM = "+proj=laea +lat_0=47.3 +lon_0=11.25 +x_0=123.5 +y_0=0 +ellps=GRS80 +units=m +no_defs"
GRIDS = {
    "EPSG:32633": (5e5, 5e6, 10.0),
    "EPSG:4326": (15.0, 45.0, 0.0001),
    "EPSG:3035": (4.3e6, 3.2e6, 20.0),
    CUSTOM: (0, 0, 30.5),
}
NAMES = ["blue", "green", "red", "nir", "swir16", "layer2", "layer10", "zeta", "alpha", "ndvi", "temperature", "vv"]
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=8).filter(
    lambda t: not t.startswith(("/", "~"))
)


@st.composite
def times(draw):
    """One to four times, some of them on the same day, some with odd fractions of a second."""
    days = draw(st.lists(st.integers(0, 2), min_size=1, max_size=4))
    stamps = {np.datetime64("2020-06-01T10:20:11", "ns") + np.timedelta64(d, "D") for d in days}
    for k, _ in enumerate(days[1:]):
        stamps.add(min(stamps) + np.timedelta64(draw(st.integers(1, 86_399)), "s") + np.timedelta64(k * 1001, "ns"))
    return np.array(sorted(stamps)[: len(days)], "datetime64[ns]")


@st.composite
def cubes(draw):
    time, height, width = draw(times()), draw(st.integers(1, 6)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (len(time), height, width)
    crs = draw(st.sampled_from(list(GRIDS)))
    left, top, size = GRIDS[crs]
    y = top - size * (np.arange(height) + 0.5)
    x = left + size * (np.arange(width) + 0.5)
    cube = xr.Dataset(coords={"time": time, "y": y, "x": x}).rio.write_crs(crs)
    transform = Affine(size, 0, left, 0, -size, top)
    cube = cube.rio.write_transform(transform)
    cube.attrs = {
        "title": draw(TEXT),
        "note": draw(TEXT),
        "number": draw(st.floats(-1e6, 1e6)),
        "sensor": "sentinel2-l2a",
    }
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        low, high, units = {"temperature": (-40, 45, "degC"), "vv": (-30, 5, "dB"), "ndvi": (-1, 1, "1")}.get(
            name, (0, 1.2, "1")
        )
        values = rng.uniform(low, high, shape).astype("float32")
        values[rng.random(shape) < draw(st.sampled_from([0.0, 0.1, 0.5]))] = np.nan
        values.flat[0] = high / 2  # at least one pixel was measured
        attrs = {"long_name": draw(TEXT), "units": units, "center_wavelength": draw(st.integers(400, 2500))}
        cube[name] = (("time", "y", "x"), values, attrs)
    if draw(st.booleans()):
        classes = rng.integers(1, 12, shape).astype("uint8")
        cube["scl"] = (("time", "y", "x"), classes, {"role": "quality"})
    if draw(st.booleans()):
        cube["qa_pixel"] = (
            ("time", "y", "x"),
            (rng.integers(0, 2**15, shape) * 2).astype("uint16"),
            {"role": "quality"},
        )
    for name, dtype in (("elevation", "float32"), ("distance", "float64"), ("soil", "int16"), ("plots", "int32")):
        if draw(st.sampled_from([True, False, False])):
            values = rng.uniform(-3000, 3000, shape[1:]).astype(dtype)
            cube[name] = (("y", "x"), values, {"role": "layer", "units": "m"})
    if draw(st.booleans()):
        words = np.array(draw(st.lists(TEXT, min_size=len(time), max_size=len(time))), object)
        cube = cube.assign_coords(item=("time", words))
    if draw(st.booleans()):
        cube = cube.assign_coords(cover=("time", rng.random(len(time)), {"long_name": "share"}), place="here")
    if draw(st.booleans()):
        cube = cube.isel(y=slice(None, None, -1))
    if draw(st.booleans()):
        cube = cube[draw(st.permutations(list(cube.data_vars)))]
    return cube


def opened(source, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return eow.open(source, **options)


def assert_same(back, cube):
    assert bands(back) == bands(cube)
    assert list(back.data_vars) == list(cube.data_vars)
    assert set(back.coords) == set(cube.coords)
    for name in cube.variables:
        if name == "spatial_ref":  # the same CRS may be written in other words: compared below
            continue
        one, two = cube[name], back[name]
        assert two.dims == one.dims, name
        assert two.attrs.keys() == one.attrs.keys(), name
        for key, value in one.attrs.items():
            np.testing.assert_array_equal(two.attrs[key], value, err_msg=f"{name} {key}")
        if name in ("y", "x"):
            np.testing.assert_allclose(two, one, rtol=1e-12)
        elif one.dtype.kind == "f" and name in ("blue", "green", "red", "nir", "swir16"):
            assert two.dtype == one.dtype
            np.testing.assert_allclose(two, one, rtol=0, atol=5.01e-5, err_msg=name)
        else:
            text = one.dtype.kind in "OU"
            assert two.dtype.kind == "U" if text else two.dtype == one.dtype, name
            np.testing.assert_array_equal(two, one, err_msg=name)
    assert {k: v for k, v in back.attrs.items() if k != "opened"} == {
        k: v for k, v in cube.attrs.items() if k != "opened"
    }
    assert back.odc.geobox.crs == cube.odc.geobox.crs
    np.testing.assert_allclose(back.odc.geobox.affine, cube.odc.geobox.affine, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("ending", ["tif", "nc", "zarr"])
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(raw=cubes(), lazy=st.booleans(), lazily=st.booleans())
def test_what_is_written_is_what_was_there(ending, raw, lazy, lazily):
    cube = opened(raw)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{ending}"
        writer = {"tif": "to_geotiff", "nc": "to_netcdf", "zarr": "to_zarr"}[ending]
        getattr((cube.chunk(time=1) if lazy else cube).eow, writer)(path)
        back = opened(path, chunks={"time": 1}) if lazily else opened(path)
        assert_same(back.load(), cube)
        back.close()
