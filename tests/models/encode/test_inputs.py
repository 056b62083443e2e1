import numpy as np
import pytest
import torch
from affine import Affine
from odc.geo.geobox import GeoBox

from eowidgets.contract.feeds import Batch
from eowidgets.cube.globe import lonlat
from eowidgets.models.encode import inputs
from eowidgets.models.encode.presto import PrestoModel

BANDS = ("vv", "vh", "nir", "red", "swir16")


def batch(values, **changes):
    x = torch.tensor(values).view(1, 1, -1, 1, 1)
    seen = torch.ones(1, 1, 1, 1, dtype=torch.bool)
    days = torch.tensor([18_641.5], dtype=torch.float64)
    made = {"x": x, "usable": seen, "measured": seen, "raw": x, "days": days, "out_days": days, "bands": BANDS}
    return Batch(**(made | {"lonlat": torch.zeros(1, 2), "resolution": 10.0} | changes))


def test_groups_are_those_whose_bands_are_all_there():
    found = inputs.groups_of(batch([0.1, 0.01, 0.3, 0.1, 0.2]), decibel=False)
    assert list(found) == ["S1", "S2_NIR_10m", "NDVI"]
    torch.testing.assert_close(found["S1"].values.flatten(), torch.tensor([-10.0, -20.0]))
    assert found["S2_NIR_10m"].values.item() == pytest.approx(3000)
    assert found["NDVI"].values.item() == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("vv", "decibel", "expected"), [(-12.0, True, -12.0), (0.0, False, -50.0), (-1.0, False, -50.0)]
)
def test_radar_is_turned_into_decibels_once(vv, decibel, expected):
    found = inputs.groups_of(batch([vv, vv, 0.0, 0.0, 0.2]), decibel=decibel)
    assert found["S1"].values.flatten().tolist() == pytest.approx([expected] * 2)
    assert found["NDVI"].values.item() == 0


def test_the_unit_of_radar_is_taken_from_the_cube(make_cube):
    cube = make_cube(bands=("red", "vv"))
    model = PrestoModel()
    model.survey(cube)
    assert not model.decibel
    cube["vv"].attrs["units"] = "dB"
    model.survey(cube)
    assert model.decibel


def test_months_count_from_january():
    days = np.array(["2019-12-31T23:59", "2020-01-01", "2021-02-28", "1969-12-31"], "datetime64[m]")
    days = torch.tensor(days.astype("datetime64[s]").astype("int64") / 86_400)
    assert inputs.months_of(batch([0.0] * 5, days=days)).tolist() == [11, 0, 1, 11]


@pytest.mark.parametrize(
    ("crs", "affine"),
    [
        (32635, Affine(10, 0, 500_000, 0, -10, 5_000_000)),
        (32635, Affine(10, 0, 300_000, 0, -10, 7_500_000)),
        (32733, Affine(8, 6, 600_000, 6, -8, 6_200_000)),
        (4326, Affine(1e-4, 0, 24.0, 0, -1e-4, 60.0)),
        (4326, Affine(1e-4, 0, 179.994, 0, -1e-4, -17.0)),
        (32701, Affine(10, 0, 170_000, 0, -10, 8_200_000)),
    ],
)
def test_every_pixel_has_its_place(crs, affine):
    box = GeoBox((120, 160), affine, f"EPSG:{crs}")
    rows, columns = 60, 90
    # A window in the corner, its centre as the engine states it.
    centre = torch.tensor(np.stack(lonlat(box, columns / 2, rows / 2)), dtype=torch.float32)[None]
    shape = torch.zeros(1, 1, 5, rows, columns)
    found = inputs.lonlat_of(batch([0.0] * 5, x=shape, lonlat=centre), inputs.steps_of(box))[0].double().numpy()
    expected = np.stack(lonlat(box, *np.meshgrid(np.arange(columns) + 0.5, np.arange(rows) + 0.5)), axis=-1)
    degrees = (found - expected + 180) % 360 - 180
    assert np.abs(degrees * 111_320 * np.array([np.cos(np.radians(expected[0, 0, 1])), 1])).max() < 2
