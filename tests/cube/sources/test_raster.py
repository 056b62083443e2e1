import numpy as np
import pytest
import rasterio

import eowidgets as eow
from eowidgets.errors import InputError


def write_stack(path, values, names=None, scales=None):
    """One constant value a layer, uint16, 6 × 6 pixels of 10 m."""
    data = np.stack([np.full((6, 6), v, "uint16") for v in values])
    profile = {"driver": "GTiff", "count": len(data), "height": 6, "width": 6, "dtype": "uint16", "nodata": 0}
    transform = rasterio.transform.from_origin(500_000, 5_000_000, 10, 10)
    with rasterio.open(path, "w", **profile, crs="EPSG:32631", transform=transform) as file:
        file.write(data)
        if names:
            file.descriptions = names
        if scales:
            file.scales = scales


def test_bands_choose_among_named_layers_and_never_rename_them(make_cube, tmp_path):
    write_stack(tmp_path / "a_20200103.tif", [3000, 1000], names=("nir", "red"))
    red = eow.open(tmp_path / "a_20200103.tif", bands=["red"], sensor="sentinel2-l2a")
    assert red.eow.bands == ("red",)
    np.testing.assert_allclose(red.red, 0.1)
    np.testing.assert_allclose(eow.open(tmp_path, bands="B08", sensor="sentinel2-l2a").nir, 0.3)
    cube = make_cube(dates=3)
    cube.eow.to_geotiff(tmp_path / "own.tif")
    np.testing.assert_allclose(eow.open(tmp_path / "own.tif", bands=["nir"]).nir, cube.nir, atol=5.1e-5)


def test_layers_without_names_are_not_taken_for_the_sensors_first_bands(tmp_path):
    path = tmp_path / "a_20200103.tif"
    write_stack(path, [200, 300, 400, 3000])
    assert eow.open(path).eow.bands == ("layer1", "layer2", "layer3", "layer4")
    with pytest.raises(InputError, match=r"None of the bands \(layer1, .*name them in file order"):
        eow.open(path, sensor="sentinel2-l2a")
    named = eow.open(path, bands=["B2", "B3", "B4", "B8"], sensor="sentinel2-l2a")
    assert {b: round(float(named[b].mean()), 4) for b in named.eow.bands} == {
        "blue": 0.02,
        "green": 0.03,
        "red": 0.04,
        "nir": 0.3,
    }
    with pytest.raises(InputError, match="4 layers without names, but 2 names"):
        eow.open(path, bands=["red", "nir"], sensor="sentinel2-l2a")


def test_dates_given_to_an_undated_file_keep_its_band_names(tmp_path):
    write_stack(tmp_path / "undated.tif", [3000, 1000], names=("nir", "red"))
    cube = eow.open(tmp_path / "undated.tif", dates=["2020-01-03"], sensor="sentinel2-l2a")
    assert float(cube.red.mean()) == pytest.approx(0.1)
    assert str(cube.time.values[0])[:10] == "2020-01-03"
    with pytest.raises(InputError, match="dates of open is \\['soon'\\]"):
        eow.open(tmp_path / "undated.tif", dates=["soon"])


def test_scale_of_each_layer(tmp_path):
    write_stack(tmp_path / "a_20200103.tif", [3000, 1000], names=("nir", "red"), scales=(1e-4, 2e-4))
    cube = eow.open(tmp_path / "a_20200103.tif")
    assert float(cube.nir.mean()) == pytest.approx(0.3)
    assert float(cube.red.mean()) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "stem",
    ["x_20200103", "x_2020-01-03", "2020_01_03_x", "x_20200103T101031", "x_20200103101031", "x.2020003T1010.v2"],
)
def test_dates_in_file_names(tmp_path, stem):
    write_stack(tmp_path / f"{stem}.tif", [1000], names=("red",))
    assert str(eow.open(tmp_path / f"{stem}.tif", sensor="sentinel2-l2a").time.values[0])[:10] == "2020-01-03"


def test_a_word_inside_a_name_is_no_sensor(tmp_path):
    write_stack(tmp_path / "bolivia_20200103.tif", [3000], names=("red",))
    with pytest.raises(InputError, match="Name the sensor"):
        eow.open(tmp_path / "bolivia_20200103.tif")


def test_baseline_in_the_path_of_a_product(make_cube, tmp_path):
    frame = make_cube(dates=1).isel(time=0)
    scene = tmp_path / "S2A_MSIL2A_20230103T105031_N0509_R051_T31TCJ_20230103T133550.SAFE"
    scene.mkdir()
    write_frame(scene / "T31TCJ_20230103T105031_B04_10m.tif", frame.red + 0.1)
    np.testing.assert_allclose(eow.open(scene).red[0], frame.red, atol=5.1e-5)
    older = tmp_path / "S2A_MSIL2A_20200103T105031_N0213_R051_T31TCJ_20200103T133550.SAFE"
    older.mkdir()
    write_frame(older / "T31TCJ_20200103T105031_B04_10m.tif", frame.red)
    with pytest.raises(InputError, match="baseline 04.00"):
        eow.open(tmp_path)


def write_frame(path, frame):
    counts = (frame * 10_000).round().astype("uint16")
    counts.rio.write_nodata(0).rio.to_raster(path)


def test_companions_of_landsat_bands_are_no_bands(tmp_path):
    scene = tmp_path / "LC08_L2SP_198030_20200713_20200912_02_T1"
    scene.mkdir()
    layers = {
        "SR_B4": 12_000,
        "SR_B5": 20_000,
        "QA_PIXEL": 21_824,
        "ST_B10": 44_000,
        "SR_QA_AEROSOL": 224,
        "ST_EMIS": 9,
    }
    for name, value in layers.items():
        write_stack(scene / f"{scene.name}_{name}.TIF", [value])
    cube = eow.open(scene)
    assert cube.eow.bands == ("red", "nir", "lwir11")
    assert str(cube.time.values[0])[:10] == "2020-07-13"
    assert float(cube.red.mean()) == pytest.approx(12_000 * 2.75e-5 - 0.2)
    assert cube.lwir11.attrs["units"] == "K"
    assert cube.qa_pixel.attrs["role"] == "quality"
    assert not cube.clouds.any()
