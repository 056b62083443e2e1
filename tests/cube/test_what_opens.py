"""Each row of the table in docs/opening-data.md opens: one miniature for each."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rioxarray
from affine import Affine
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp
from support.hdf4_file import surface_reflectance
from support.rasters import flat, write
from support.stac_server import serve_api, write_catalogue

import eowidgets as eow

PAGE = Path(__file__).parents[2] / "docs" / "opening-data.md"
S2 = {"sensor": "sentinel2-l2a"}
SAFE = "S2A_MSIL2A_20220630T100611_N0400_R022_T33TWM_20220630T160000.SAFE"
ROWS = {}


def row(name):
    def keep(function):
        ROWS[name] = function
        return function

    return keep


def listed():
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("| product or shape"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(re.split(r"\s*\|\s*", line.strip("| "))[0])
    return rows


@pytest.mark.parametrize("name", listed())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_row_of_the_table_opens(name, tmp_path, make_cube):
    cube, variable, value, dates = ROWS[name](tmp_path, make_cube)
    assert float(np.nanmedian(cube[variable])) == pytest.approx(value, rel=1e-4)
    assert cube.sizes.get("time", 0) == dates
    assert cube.odc.geobox.crs is not None


def test_no_row_is_tested_that_the_table_lacks():
    assert set(ROWS) == set(listed())


@row("Sample of the package")
def _(folder, make):
    cube = eow.open("romania", dates="2019-06")
    return cube, "red", float(np.nanmedian(cube.red)), 4


@row("GeoTIFF, bands as layers")
def _(folder, make):
    return (
        eow.open(write(folder / "x_20200630.tif", [flat(3000), flat(1000)], names=("nir", "red")), **S2),
        "red",
        0.1,
        1,
    )


@row("GeoTIFF of many dates")
def _(folder, make):
    path = write(folder / "stack.tif", [flat(n) for n in (1000, 3000, 1000, 4000)])
    return eow.open(path, bands=["B04", "B08"], dates=["2020-01-01", "2020-02-01"], **S2), "nir", 0.35, 2


@row("GeoTIFF of this package")
def _(folder, make):
    cube = make(dates=3)
    cube.eow.to_geotiff(folder / "own.tif")
    return eow.open(folder / "own.tif"), "red", float(np.nanmedian(cube.red)), 3


@row("Folder of GeoTIFFs, one per date")
def _(folder, make):
    for day in ("20200101", "20200201"):
        write(folder / f"x_{day}.tif", [flat(3000), flat(1000)], names=("nir", "red"))
    return eow.open(folder, **S2), "red", 0.1, 2


@row("Folder of GeoTIFFs, one per date and band")
def _(folder, make):
    for day in ("20200101", "20200201"):
        for band, number in (("B04", 1000), ("B08", 3000)):
            write(folder / f"x_{day}_{band}.tif", flat(number))
    return eow.open(f"{folder}/*.tif", **S2), "nir", 0.3, 2


@row("Folder of files named by month or year")
def _(folder, make):
    for month in ("2020-06", "2020-07"):
        write(folder / f"ndvi_{month}.tif", flat(0.4, "float32"))
    return eow.open(folder), "ndvi", 0.4, 2


@row("Folder of files without dates")
def _(folder, make):
    for name in ("a", "b"):
        write(folder / f"{name}.tif", flat(0.4, "float32"))
    return eow.open(folder, dates=["2020-01-01", "2020-02-01"]), "value", 0.4, 2


@row("Adjacent tiles of one day")
def _(folder, make):
    for tile, at in (("T33TWM", 500_000), ("T33TXM", 500_060)):
        write(folder / f"{tile}_20200630T092031_B04.tif", flat(1000), at=(at, 5_000_000))
    cube = eow.open(folder, **S2)
    assert cube.sizes["x"] == 12
    return cube, "red", 0.1, 1


@row("Files of two UTM zones")
def _(folder, make):
    write(folder / "a_20200101.tif", flat(1000, side=20), names=("red",), nodata=0, at=(735_000, 5_000_000))
    write(
        folder / "b_20200201.tif",
        flat(1000, side=20),
        names=("red",),
        nodata=0,
        at=(264_860, 5_000_000),
        crs="EPSG:32634",
    )
    return eow.open(folder, crs="EPSG:32634", **S2), "red", 0.1, 2


def safe(folder):
    for pixel, side, bands in ((10, 6, ("B04", "TCI")), (20, 3, ("B04", "B11", "SCL"))):
        for band in bands:
            values = flat(4 if band == "SCL" else 2500, "uint8" if band == "SCL" else "uint16", side)
            image = folder / SAFE / f"GRANULE/L2A/IMG_DATA/R{pixel}m"
            write(image / f"T33TWM_20220630T100611_{band}_{pixel}m.tif", values, pixel=pixel)
    return folder / SAFE


@row("Sentinel-2 product (.SAFE)")
def _(folder, make):
    return eow.open(safe(folder)), "swir16", 0.15, 1


@row("Sentinel-2 product (.zip)")
def _(folder, make):
    shutil.make_archive(str(folder / "p"), "zip", folder, safe(folder).name)
    return eow.open(folder / "p.zip"), "red", 0.15, 1


@row("Sentinel-2 JPEG 2000 bands")
def _(folder, make):
    path = folder / SAFE / "GRANULE/L2A/IMG_DATA/R10m/T33TWM_20220630T100611_B04_10m.jp2"
    write(path, flat(2500), driver="JP2OpenJPEG", QUALITY="100", REVERSIBLE="YES")
    return eow.open(path.parent), "red", 0.15, 1


@row("Landsat Collection 2 Level 2")
def _(folder, make):
    for scene, band in (
        ("LC08_L2SP_028030_20200114_20200824_02_T1", 4),
        ("LE07_L2SP_028030_20200122_20200824_02_T1", 3),
    ):
        write(folder / f"{scene}_SR_B{band}.TIF", flat(11000), nodata=0)
        write(folder / f"{scene}_QA_PIXEL.TIF", flat(21824), nodata=1)
    return eow.open(folder), "red", 0.1025, 2


@row("Landsat Collection 2 Level 1")
def _(folder, make):
    scene = "LC08_L1TP_028030_20200114_20200824_02_T1"
    write(folder / f"{scene}_B4.TIF", flat(10000), nodata=0)
    (folder / f"{scene}_MTL.txt").write_text(
        "REFLECTANCE_MULT_BAND_4 = 2.0E-05\nREFLECTANCE_ADD_BAND_4 = -0.1\nSUN_ELEVATION = 30.0"
    )
    return eow.open(folder), "red", 0.2, 1


@row("Landsat Collection 1")
def _(folder, make):
    scene = "LE07_L1TP_028030_20050114_20200127_01_T1"
    write(folder / f"{scene}_sr_band3.tif", flat(2000, "int16"), nodata=-9999)
    write(folder / f"{scene}_pixel_qa.tif", flat(66))
    return eow.open(folder), "red", 0.2, 1


@row("Harmonized Landsat Sentinel-2")
def _(folder, make):
    for scene, band in (("HLS.L30.T33TWM.2021152T095000.v2.0", "B05"), ("HLS.S30.T33TWM.2021155T100000.v2.0", "B8A")):
        write(folder / f"{scene}.{band}.tif", flat(4000, "int16"), pixel=30, nodata=-9999)
    return eow.open(folder), "nir", 0.4, 2


@row("Digital Earth Australia")
def _(folder, make):
    write(folder / "ga_ls8c_nbart_3-2-0_090085_2020-01-01_final_band04.tif", flat(2000, "int16"), nodata=-999)
    write(folder / "ga_ls8c_oa_3-2-0_090085_2020-01-01_final_fmask.tif", flat(1, "uint8"))
    return eow.open(folder), "red", 0.2, 1


@row("PlanetScope, 4 or 8 bands")
def _(folder, make):
    layers = [flat(500 * (i + 1)) for i in range(8)]
    return eow.open(write(folder / "20220501_100000_00_2484_3B_AnalyticMS_SR_8b.tif", layers, nodata=0)), "red", 0.3, 1


@row("NAIP")
def _(folder, make):
    path = write(folder / "m_3807708_ne_18_060_20180815.tif", [flat(v, "uint8") for v in (51, 102, 153, 204)])
    return eow.open(path), "nir", 0.8, 1


@row("MODIS GeoTIFF")
def _(folder, make):
    path = write(folder / "MOD09A1.A2022177.h18v04.061.sur_refl_b01.tif", flat(2000, "int16"), nodata=-28672)
    return eow.open(path), "red", 0.2, 1


@row("MODIS HDF4")
def _(folder, make):
    return eow.open(surface_reflectance(folder / "MOD09GA.A2022177.h19v04.061.hdf")), "red", 0.2, 1


@row("Sentinel-1 RTC")
def _(folder, make):
    for name in ("VV", "VH"):
        write(folder / f"S1A_IW_20220101T052345_DVP_RTC10_G_gpunem_ABCD_{name}.tif", flat(0.1, "float32"), nodata=0)
    return eow.open(folder), "vh", 0.1, 1


@row("8-bit picture (RGB, RGBA)")
def _(folder, make):
    colors = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]
    path = write(folder / "photo_20200630.tif", [*[flat(51, "uint8")] * 3, flat(255, "uint8")], colors=colors)
    return eow.open(path), "blue", 0.2, 1


@row("Class map with a palette")
def _(folder, make):
    path = write(folder / "classes_20200630.tif", flat(2, "uint8"))
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {2: (255, 0, 0, 255)})
    return eow.open(path), "classes", 2, 1


@row("Complex radar (SLC)")
def _(folder, make):
    values = np.full((6, 6), 3 + 4j, "complex64")
    return eow.open(write(folder / "slc_20200630.tif", values, names=("VV",))), "vv", 5, 1


@row("Elevation without a date")
def _(folder, make):
    return eow.open(write(folder / "dem.tif", flat(1600, "int16"))), "dem", 1600, 0


@row("Rotated raster")
def _(folder, make):
    place = Affine.translation(500_000, 5_000_000) * Affine.rotation(30) * Affine.scale(10, -10)
    return (
        eow.open(write(folder / "rotated_20200630.tif", flat(1000), transform=place, names=("red",)), **S2),
        "red",
        0.1,
        1,
    )


@row("Raster with ground control points")
def _(folder, make):
    path = write(folder / "scan_20200630.tif", flat(1000), crs=None, transform=Affine.identity(), names=("red",))
    corners = [(0, 0, 500000, 5000000), (0, 6, 500060, 5000003), (6, 0, 499997, 4999940), (6, 6, 500057, 4999943)]
    with rasterio.open(path, "r+") as file:
        file.gcps = ([GroundControlPoint(*c) for c in corners], rasterio.crs.CRS.from_epsg(32633))
    return eow.open(path, **S2), "red", 0.1, 1


@row("VRT of files in its folder")
def _(folder, make):
    write(folder / "a_20200630.tif", flat(1000), names=("red",))
    (folder / "mosaic_20200630.vrt").write_text(
        '<VRTDataset rasterXSize="6" rasterYSize="6"><SRS>EPSG:32633</SRS>'
        "<GeoTransform>500000,10,0,5000000,0,-10</GeoTransform>"
        '<VRTRasterBand dataType="UInt16" band="1"><Description>red</Description><SimpleSource>'
        '<SourceFilename relativeToVRT="1">a_20200630.tif</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    return eow.open(folder / "mosaic_20200630.vrt", **S2), "red", 0.1, 1


@row("NetCDF")
def _(folder, make):
    cube = make(dates=3)
    cube.to_netcdf(folder / "cube.nc")
    return eow.open(folder / "cube.nc"), "red", float(cube.red.median()), 3


@row("NetCDF group")
def _(folder, make):
    cube = make(dates=3)
    cube.to_netcdf(folder / "cube.nc", group="data")
    return eow.open(folder / "cube.nc", group="data"), "red", float(cube.red.median()), 3


@row("Folder of NetCDF")
def _(folder, make):
    cube = make(dates=3)
    for i in range(3):
        cube.isel(time=[i]).to_netcdf(folder / f"{i}.nc")
    return eow.open(folder), "red", float(cube.red.median()), 3


@row("Zarr (v2, v3, zip)")
def _(folder, make):
    cube = make(dates=3)
    cube.drop_encoding().to_zarr(folder / "cube.zarr", zarr_format=3, consolidated=False)
    shutil.make_archive(str(folder / "cube.zarr"), "zip", folder / "cube.zarr")
    return eow.open(folder / "cube.zarr.zip"), "red", float(cube.red.median()), 3


@row("xarray Dataset")
def _(folder, make):
    cube = make(dates=3)
    return eow.open(cube.rename(time="valid_time", y="Lat", x="Lon")), "red", float(cube.red.median()), 3


@row("rioxarray DataArray")
def _(folder, make):
    path = write(folder / "a_20200630.tif", [flat(0.1, "float32"), flat(0.3, "float32")], names=("red", "nir"))
    return eow.open(rioxarray.open_rasterio(path).expand_dims(time=[np.datetime64("2020-06-30", "ns")])), "nir", 0.3, 1


def item(folder):
    path = write(folder / "red.tif", flat(1000), nodata=0)
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": "S2A", "collection": "sentinel-2-l2a", "links": [],
        "bbox": [14.9, 45.0, 15.2, 45.3], "geometry": None, "stac_extensions": [],
        "properties": {"datetime": "2020-06-30T10:00:00Z", "s2:processing_baseline": "03.00"},
        "assets": {"B04": {"href": str(path), "type": "image/tiff; application=geotiff", "roles": ["data"]}},
    }  # fmt: skip


@row("STAC item or collection")
def _(folder, make):
    return eow.open(item(folder)), "red", 0.1, 1


@row("STAC API")
def _(folder, make):
    small = eow.open("romania", dates="2019-07", clouds=None)[["red", "scl", "valid", "clouds"]]
    write_catalogue(folder, small)
    with serve_api(folder) as (url, _):
        cube = eow.open(url, bbox=(22.147, 45.202, 22.152, 45.206), dates="2019-07", bands="red").load()
    return cube, "red", float(np.nanmedian(cube.red)), small.sizes["time"]


@row("Catalogue by name")
def _(folder, make):
    small = eow.open("romania", dates="2019-07", clouds=None)[["red", "scl", "valid", "clouds"]]
    write_catalogue(folder, small)
    with serve_api(folder) as (url, _), pytest.MonkeyPatch.context() as patch:
        (folder / "own.toml").write_text(f'[near]\ntitle = "Near"\napi = "{url}"\ncollections = ["sentinel-2-l2a"]\n')
        patch.setenv("EOWIDGETS_CATALOGUES", str(folder / "own.toml"))
        cube = eow.open("near", area=(22.147, 45.202, 22.152, 45.206), dates="2019-07", bands="red", cloud=50).load()
    return cube, "red", float(np.nanmedian(cube.red)), small.sizes["time"]
