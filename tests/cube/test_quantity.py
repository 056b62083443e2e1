import pytest
import xarray as xr

from eowidgets.cube.quantity import QUANTITIES, quantity


@pytest.mark.parametrize(
    ("name", "attrs", "key"),
    [
        ("red", {}, "reflectance"),
        ("red", {"units": "W m-2"}, "unknown"),
        ("B10", {"units": "Kelvin"}, "temperature"),
        ("lwir11", {}, "temperature"),
        ("x", {"standard_name": "sea_surface_temperature", "units": "degC"}, "celsius"),
        ("x", {"standard_name": "surface_altitude", "units": "m"}, "elevation"),
        ("x", {"flag_values": [1, 2]}, "classes"),
        ("EVI", {}, "index"),
        ("vh", {}, "backscatter"),
        ("vh", {"units": "dB"}, "backscatter_db"),
        ("anything", {"quantity": "radiance"}, "radiance"),
        ("anything", {"quantity": "nonsense"}, "unknown"),
        (None, {}, "unknown"),
    ],
)
def test_quantities(name, attrs, key):
    assert quantity(xr.DataArray([0.0], name=name, attrs=attrs)) is QUANTITIES[key]
