"""Style, STAC item and quality file next to a GeoTIFF."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import rasterio
import xarray as xr

import eowidgets as eow
from eowidgets.cube.export import to_geotiff
from eowidgets.cube.export.item import _footprint
from eowidgets.errors import InputError


def style(path):
    return ET.fromstring(path.read_text().split("\n", 1)[1])


def files(folder):
    return sorted(p.name for p in folder.iterdir())


def test_scl_alone_is_a_class_raster_with_colours_and_names(romania, tmp_path):
    cube = romania.isel(time=[0])
    to_geotiff(cube[["scl"]], tmp_path / "s.tif")
    with rasterio.open(tmp_path / "s.tif") as file:
        assert file.dtypes == ("uint8",)
        assert file.colormap(1)[4] == (0, 160, 0, 255)
        assert file.tags(1)["flag_meanings"].split()[9] == "cloud_high_probability"
        np.testing.assert_array_equal(file.read(1), cube.scl[0])
    entries = style(tmp_path / "s.qml").findall(".//paletteEntry")
    assert (entries[6].get("label"), entries[6].get("color")) == ("water", "#0000ff")
    assert files(tmp_path) == ["s.json", "s.qml", "s.tif"]


def test_bits_of_16_stay_whole_next_to_reflectance(make_cube, tmp_path):
    bits = np.full((4, 8, 9), 54596, "uint16")
    cube = make_cube().assign(qa_pixel=(("time", "y", "x"), bits, {"role": "quality"}))
    to_geotiff(cube, tmp_path / "a.tif")
    with rasterio.open(tmp_path / "a_quality.tif") as file:
        assert file.dtypes[0] == "uint16"
        assert file.descriptions[0] == "qa_pixel 2020-01-03"
        assert file.read(1).max() == 54596


def test_style_of_a_cube_is_true_colour(romania, tmp_path):
    to_geotiff(romania.isel(time=slice(0, 2)), tmp_path / "a.tif")
    renderer = style(tmp_path / "a.qml").find(".//rasterrenderer")
    with rasterio.open(tmp_path / "a.tif") as file:
        names = list(file.descriptions)
    chosen = [names[int(renderer.get(f"{c}Band")) - 1].split()[0] for c in ("red", "green", "blue")]
    assert chosen == ["red", "green", "blue"]
    assert 0 < float(renderer.find("redContrastEnhancement/maxValue").text) < 1.5


def test_style_of_a_result_follows_its_limits(make_cube, tmp_path):
    loss = (("y", "x"), np.linspace(0, 1, 72, dtype="float32").reshape(8, 9), {"role": "result", "vmin": 0, "vmax": 2})
    to_geotiff(make_cube()[["valid"]].assign(loss=loss), tmp_path / "a.tif")
    items = style(tmp_path / "a.qml").findall(".//item")
    assert [float(items[i].get("value")) for i in (0, -1)] == [0, 2]


@pytest.mark.parametrize("crs", ["EPSG:32635", "EPSG:3035", "+proj=laea +lat_0=47 +lon_0=11 +ellps=GRS80"])
def test_the_item_is_valid_and_relative(make_cube, tmp_path, crs):
    pystac = pytest.importorskip("pystac")
    cube = make_cube(crs=crs)
    to_geotiff(cube, tmp_path / "a.tif")
    noted = json.loads((tmp_path / "a.json").read_text())
    item = pystac.Item.from_dict(noted)
    core = pystac.validation.RegisteredValidator.get_validator()  # its schemas of the core come with pystac
    assert core.validate_core(noted, pystac.STACObjectType.ITEM, "1.1.0")
    assert {a.href for a in item.assets.values()} == {"./a.tif", "./a_quality.tif"}
    assert item.properties["proj:shape"] == [8, 9]
    assert item.properties["proj:transform"] == list(cube.odc.geobox.affine)[:6]
    assert (item.properties["proj:code"] is None) == ("proj:wkt2" in item.properties)
    assert item.properties["start_datetime"] == "2020-01-03T00:00:00Z"
    assert [b["name"] for b in noted["assets"]["data"]["bands"]][:2] == ["red 2020-01-03", "nir 2020-01-03"]
    west, south, east, north = cube.eow.bounds
    np.testing.assert_allclose(item.bbox, [west, south, east, north], atol=1e-6)


def test_an_item_across_180_degrees_is_cut_there(make_cube):
    x = 808_000 + 1000 * np.arange(20)
    cube = make_cube(dates=1, height=20, width=20, crs="EPSG:32760").assign_coords(
        x=x, y=8_000_000 - 1000 * np.arange(20)
    )
    geometry, bounds = _footprint(eow.open(cube).odc.geobox)
    assert geometry["type"] == "MultiPolygon"
    assert bounds[0] > 179 and bounds[2] < -179


def test_a_single_date_is_a_datetime_and_none_is_no_item(make_cube, tmp_path):
    to_geotiff(make_cube(dates=1), tmp_path / "a.tif")
    assert json.loads((tmp_path / "a.json").read_text())["properties"]["datetime"] == "2020-01-03T00:00:00Z"
    to_geotiff(make_cube(dates=1).isel(time=0, drop=True), tmp_path / "b.tif")
    assert not (tmp_path / "b.json").exists()


@pytest.mark.parametrize("how", ["item", "folder", "file"])
def test_every_way_to_an_export_gives_the_cube(make_cube, tmp_path, how):
    cube = eow.open(make_cube(dates=1))
    folder = tmp_path / "out"
    folder.mkdir()
    to_geotiff(cube, folder / "a_20200103.tif")
    source = {"item": folder / "a_20200103.json", "folder": folder, "file": folder / "a_20200103.tif"}[how]
    back = eow.open(source)
    assert back.eow.bands == cube.eow.bands
    np.testing.assert_allclose(back.red, cube.red, atol=5.1e-5)


def test_a_folder_of_exports_continues_in_time(make_cube, tmp_path):
    cube = eow.open(make_cube(dates=5))
    to_geotiff(cube.isel(time=slice(0, 2)), tmp_path / "a.tif")
    to_geotiff(cube.isel(time=slice(2, 5)), tmp_path / "b.tif")
    back = eow.open(tmp_path)
    np.testing.assert_array_equal(back.time, cube.time)
    np.testing.assert_array_equal(back.clouds, cube.clouds)
    np.testing.assert_allclose(back.nir, cube.nir, atol=5.1e-5)


def test_run_and_panel_write_the_same_companions(make_cube, tmp_path):
    from eowidgets.widgets.panels.result_files import save

    result = eow.run("fill-linear", make_cube(), out=tmp_path / "run.tif")
    save(result, tmp_path / "panel.tif")
    endings = {p.name.removeprefix("run") for p in tmp_path.glob("run*")}
    assert endings == {".tif", ".qml", ".json", "_quality.tif"}
    assert {p.name.removeprefix("panel") for p in tmp_path.glob("panel*")} == endings


def test_companions_of_an_older_export_go(make_cube, tmp_path):
    to_geotiff(make_cube(), tmp_path / "a.tif")
    to_geotiff(make_cube()[["red", "nir"]], tmp_path / "a.tif")
    assert files(tmp_path) == ["a.json", "a.qml", "a.tif"]


@pytest.mark.parametrize("name", ["a.json", "a_quality.tif", "a.qml"])
def test_files_of_others_next_to_the_target_stay(make_cube, tmp_path, name):
    (tmp_path / name).write_text("precious")
    with pytest.raises(InputError, match="was not written by an export"):
        to_geotiff(make_cube(), tmp_path / "a.tif")
    assert (tmp_path / name).read_text() == "precious"
    assert files(tmp_path) == [name]


def test_a_quality_file_of_another_export_is_not_used(make_cube, tmp_path):
    to_geotiff(eow.open(make_cube(clouds=0.9)), tmp_path / "b.tif")
    other = eow.open(make_cube(dates=4, bands=("red", "green")))
    to_geotiff(other, tmp_path / "a.tif")
    (tmp_path / "b_quality.tif").replace(tmp_path / "a_quality.tif")
    assert not eow.open(tmp_path / "a.tif").clouds.any()


def test_layers_that_other_software_took_out_keep_their_names(make_cube, tmp_path):
    from rasterio.shutil import copy

    to_geotiff(eow.open(make_cube(dates=2)), tmp_path / "a.tif")
    with rasterio.open(tmp_path / "a.tif") as file:
        profile, values, tags = file.profile, file.read([2, 1]), file.tags()
        names, scales = file.descriptions[1::-1], file.scales[:2]
    profile.update(count=2, driver="GTiff")
    with rasterio.open(tmp_path / "b.tif", "w", **profile) as file:
        file.update_tags(**tags)
        file.write(values)
        file.descriptions, file.scales = names, scales
    copy(tmp_path / "b.tif", tmp_path / "c.tif", driver="COG")
    back = eow.open(tmp_path / "c.tif")
    np.testing.assert_allclose(back.red[0], make_cube(dates=2).red[0], atol=5.1e-5)


def test_other_quantities_stay_exact(make_cube, tmp_path):
    rng = np.random.default_rng(0)
    values = {"temperature": (-45, 45), "vv": (-30, 3), "ndvi": (-1, 1)}
    for name, (low, high) in values.items():
        band = rng.uniform(low, high, (4, 8, 9)).astype("float32")
        cube = eow.open(
            make_cube().drop_vars(["red", "nir", "valid", "clouds"]).assign({name: (("time", "y", "x"), band)})
        )
        to_geotiff(cube, tmp_path / "a.tif")
        np.testing.assert_array_equal(eow.open(tmp_path / "a.tif")[name], band)


@pytest.mark.parametrize("values", [[-3.2768, 0.5], [3.5, 0.1], [np.inf, 0.1], [1e-5, 9e-3]])
def test_packing_never_clips_nor_blurs_dark_bands(make_cube, tmp_path, values):
    cube = make_cube()
    cube["red"].values[:] = values[1]
    cube["red"].values[:, 0, 0] = values[0]
    to_geotiff(cube, tmp_path / "a.tif")
    with xr.open_dataset(tmp_path / "a.tif", engine="rasterio") as back:
        assert back.band_data.dtype == "float32"
        np.testing.assert_array_equal(back.band_data[0], cube.red[0])
