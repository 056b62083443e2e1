"""Files of several places, passes, sizes and CRS as one cube."""

import numpy as np
import pytest
from support.rasters import flat, write

import eowidgets as eow
from eowidgets.errors import InputError

S2 = {"sensor": "sentinel2-l2a"}


def test_adjacent_tiles_of_one_day_become_one_picture(tmp_path):
    write(tmp_path / "T33TWM_20200630T092031_B04.tif", flat(1500), nodata=0)
    write(tmp_path / "T33TXM_20200630T092045_B04.tif", flat(2500), at=(500_060, 5_000_000), nodata=0)
    cube = eow.open(tmp_path, **S2)
    assert dict(cube.sizes) == {"time": 1, "y": 6, "x": 12}
    np.testing.assert_allclose(cube.red[0, 0], [0.15] * 6 + [0.25] * 6, rtol=1e-6)


def test_overlapping_scenes_take_the_first_value(tmp_path):
    left, right = flat(1500), flat(2500)
    left[:, 3:] = 0
    write(tmp_path / "a_20200630T092031_B04.tif", left, nodata=0)
    write(tmp_path / "b_20200630T092045_B04.tif", right, nodata=0)
    cube = eow.open(tmp_path, **S2)
    np.testing.assert_allclose(cube.red[0, 0], [0.15] * 3 + [0.25] * 3, rtol=1e-6)


@pytest.mark.parametrize(("second", "dates"), [("T092055", 1), ("T093000", 1), ("T162025", 2)])
def test_scenes_of_one_pass_are_one_date_and_others_are_not(tmp_path, second, dates):
    write(tmp_path / "a_20200630T092031_B04.tif", flat(1500), nodata=0)
    write(tmp_path / f"b_20200630{second}_B04.tif", flat(2500), nodata=0)
    assert eow.open(tmp_path, **S2).sizes["time"] == dates


def test_a_pass_over_midnight(tmp_path):
    write(tmp_path / "a_20200630T235950_B04.tif", flat(1500), nodata=0)
    write(tmp_path / "b_20200701T000010_B04.tif", flat(2500), at=(500_060, 5_000_000), nodata=0)
    assert dict(eow.open(tmp_path, **S2).sizes) == {"time": 1, "y": 6, "x": 12}


def test_dates_of_different_extent_and_bands(tmp_path):
    write(tmp_path / "a_20200601.tif", [flat(1500), flat(3000)], names=("red", "nir"), nodata=0)
    write(tmp_path / "a_20200701.tif", flat(2500, side=3), names=("red",), nodata=0)
    with pytest.warns(UserWarning, match=r"nir \(1 of 2\)"):
        cube = eow.open(tmp_path, **S2)
    assert np.isnan(cube.nir[1]).all()
    assert int(cube.valid[1].sum()) == 9
    assert cube.valid[0].all()
    np.testing.assert_allclose(cube.red[1, :3, :3], 0.25, rtol=1e-6)


def test_coarser_bands_lie_where_the_finer_ones_do(tmp_path):
    coarse = np.arange(9, dtype="uint16").reshape(3, 3) * 100 + 1000
    write(tmp_path / "x_20200630_B04.tif", flat(1500), nodata=0)
    write(tmp_path / "x_20200630_B11.tif", coarse, pixel=20, nodata=0)
    cube = eow.open(tmp_path, **S2)
    np.testing.assert_allclose(cube.swir16[0], coarse.repeat(2, 0).repeat(2, 1) * 1e-4, rtol=1e-6)


def test_a_band_is_resampled_where_grids_do_not_match(tmp_path):
    write(tmp_path / "x_20200630_B04.tif", flat(1500), nodata=0)
    write(tmp_path / "x_20200630_B08.tif", flat(2500), at=(500_003, 5_000_004), nodata=0)
    with pytest.warns(UserWarning, match="several grids: they are resampled by nearest neighbour"):
        cube = eow.open(tmp_path, **S2)
    assert float(cube.nir.median()) == pytest.approx(0.25)


def test_two_zones_need_a_crs(tmp_path):
    write(tmp_path / "a_20200101.tif", flat(1500, side=20), names=("red",), nodata=0)
    east = {"crs": "EPSG:32634", "at": (30_000, 5_003_000)}
    write(tmp_path / "b_20200201.tif", flat(2500, side=20), names=("red",), nodata=0, **east)
    with pytest.raises(InputError, match="is in another CRS than 'a_20200101.tif': pass crs="):
        eow.open(tmp_path, **S2)
    one = write(tmp_path / "one" / "a_20200101.tif", flat(1500, side=20), names=("red",), nodata=0)
    cube = eow.open(one, crs="EPSG:3857", **S2)
    assert cube.rio.crs.to_epsg() == 3857
    assert float(cube.red.median()) == pytest.approx(0.15)
    with pytest.raises(InputError, match="'EPSG:99999999' is not a coordinate system"):
        eow.open(one, crs="EPSG:99999999", **S2)


def test_two_zones_in_one_crs(tmp_path):
    write(tmp_path / "a_20200101.tif", flat(1500, side=20), names=("red",), nodata=0)
    write(
        tmp_path / "b_20200201.tif", flat(2500, side=20), names=("red",), nodata=0, crs="EPSG:32633", at=(500_100, 5e6)
    )
    cube = eow.open(tmp_path, crs="EPSG:32634", **S2)
    assert cube.rio.crs.to_epsg() == 32634
    assert [round(float(cube.red[i].median()), 4) for i in (0, 1)] == [0.15, 0.25]


def test_files_far_apart_are_refused(tmp_path):
    write(tmp_path / "a_20200101.tif", flat(1500), names=("red",))
    write(tmp_path / "b_20200201.tif", flat(1500), names=("red",), at=(700_000, 5_100_000))
    with pytest.raises(InputError, match="lie far apart"):
        eow.open(tmp_path, **S2)


def test_large_files_are_stacked_lazily_with_the_same_values(tmp_path, monkeypatch):
    write(tmp_path / "a_20200601.tif", [flat(1500), flat(3000)], names=("red", "nir"), nodata=0)
    write(tmp_path / "b_20200701.tif", [flat(2500), flat(0)], names=("red", "nir"), at=(500_030, 5_000_000), nodata=0)
    now = eow.open(tmp_path, **S2)
    monkeypatch.setattr("eowidgets.cube.open.EAGER", 10)
    lazy = eow.open(tmp_path, **S2)
    assert lazy.red.chunks
    for name in ("red", "nir", "valid"):
        np.testing.assert_array_equal(lazy[name].compute(), now[name])
