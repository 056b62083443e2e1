"""Items as the catalogues of the presets describe them, written from their public documentation.

No live server was asked: the shapes follow the API documents of Earth Search v1, the Planetary Computer, the Copernicus
Data Space Ecosystem, NASA CMR-STAC, Digital Earth Africa and Digital Earth Australia. The files do not exist.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

RING = [[22.5, 45.0], [23.9, 45.0], [23.9, 46.0], [22.5, 46.0], [22.5, 45.0]]
WHEN = "2020-06-30T09:30:29.024Z"
COG = "image/tiff; application=geotiff; profile=cloud-optimized"
PROJ = {"proj:shape": [10980, 10980], "proj:transform": [10, 0, 600000, 0, -10, 5100000]}
COARSE = {"proj:shape": [5490, 5490], "proj:transform": [20, 0, 600000, 0, -20, 5100000]}
LANDSAT = {"proj:shape": [7811, 7681], "proj:transform": [30, 0, 600000, 0, -30, 5100000]}
_S2 = {
    **{"B02": "blue", "B03": "green", "B04": "red", "B05": "rededge1", "B06": "rededge2", "B07": "rededge3"},
    **{"B08": "nir", "B8A": "nir08", "B11": "swir16", "B12": "swir22"},
}
_FINE = ("B02", "B03", "B04", "B08")


def _item(name: str, collection: str, assets: Mapping[str, Any], **properties: Any) -> dict[str, Any]:
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": collection,
        "bbox": [22.5, 45.0, 23.9, 46.0],
        "geometry": {"type": "Polygon", "coordinates": [RING]},
        "properties": {"datetime": WHEN, "eo:cloud_cover": 12.5}
        | {k.replace("__", ":"): v for k, v in properties.items()},
        "assets": dict(assets),
        "links": [],
    }


def earth_search() -> list[dict[str, Any]]:
    host = (
        "https://sentinel-cogs.s3.us-west-2.amazonaws.com/sentinel-s2-l2a-cogs/34/T/GR/2020/6/S2A_34TGR_20200630_0_L2A"
    )
    numbers = [{"nodata": 0, "data_type": "uint16", "scale": 0.0001, "offset": -0.1}]
    assets: dict[str, Any] = {
        "thumbnail": {"href": f"{host}/thumbnail.jpg", "type": "image/jpeg", "roles": ["thumbnail"]}
    }
    for key, name in _S2.items():
        grid = PROJ if key in _FINE else COARSE
        note = {
            "eo:bands": [{"name": name, "common_name": name}],
            "raster:bands": numbers,
            "roles": ["data", "reflectance"],
        }
        assets[name] = {"href": f"{host}/{key}.tif", "type": COG} | note | grid
        jp2 = f"s3://sentinel-s2-l2a/tiles/34/T/GR/2020/6/30/0/R10m/{key}.jp2"
        assets[f"{name}-jp2"] = {"href": jp2, "type": "image/jp2"} | note | grid
    assets["scl"] = {
        "href": f"{host}/SCL.tif",
        "type": COG,
        "raster:bands": [{"nodata": 0, "data_type": "uint8"}],
    } | COARSE
    assets["visual"] = {"href": f"{host}/TCI.tif", "type": COG, "roles": ["visual"]} | PROJ
    return [
        _item(
            f"S2A_34TGR_20200630_{i}_L2A",
            "sentinel-2-l2a",
            assets,
            platform="sentinel-2a",
            grid__code="MGRS-34TGR",
            proj__epsg=32634,
            s2__processing_baseline=baseline,
            created=f"2022-11-0{i + 1}T00:00:00Z",
            earthsearch__boa_offset_applied=baseline > "04",
        )
        for i, baseline in enumerate(("02.14", "05.00"))
    ]


def planetary_computer() -> list[dict[str, Any]]:
    host = "https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/34/T/GR/2020/06/30/S2A.SAFE/GRANULE/IMG_DATA"
    assets: dict[str, Any] = {
        key: {
            "href": f"{host}/{key}_10m.tif",
            "type": COG,
            "eo:bands": [{"name": key, "common_name": name}],
            "roles": ["data"],
        }
        | (PROJ if key in _FINE else COARSE)
        for key, name in _S2.items()
    }
    assets["SCL"] = {"href": f"{host}/SCL_20m.tif", "type": COG, "roles": ["data"]} | COARSE
    preview = "https://planetarycomputer.microsoft.com/api/data/v1/item/preview.png?collection=sentinel-2-l2a"
    assets["rendered_preview"] = {"href": preview, "type": "image/png", "roles": ["overview"]}
    name = "S2A_MSIL2A_20200630T093031_R136_T34TGR_20200822T224316"
    noted = {"platform": "Sentinel-2A", "s2__mgrs_tile": "34TGR", "s2__processing_baseline": "02.12"}
    return [_item(name, "sentinel-2-l2a", assets, proj__epsg=32634, **noted)]


def copernicus() -> list[dict[str, Any]]:
    host = "s3://eodata/Sentinel-2/MSI/L2A/2020/06/30/S2A_MSIL2A_20200630T093031_N0500_R136_T34TGR_20230330T070213.SAFE"
    numbers = {"data_type": "uint16", "nodata": 0, "raster:scale": 0.0001, "raster:offset": -0.1}
    assets: dict[str, Any] = {}
    for key, name in _S2.items():
        for size, grid in ((10, PROJ), (20, COARSE)):
            if size == 20 or key in _FINE:
                note = {
                    "bands": [{"name": key, "eo:common_name": name}],
                    "proj:code": "EPSG:32634",
                    "file:size": 90_000_000,
                }
                href = f"{host}/GRANULE/IMG_DATA/R{size}m/T34TGR_{key}_{size}m.jp2"
                assets[f"{key}_{size}m"] = (
                    {"href": href, "type": "image/jp2", "roles": ["data"]} | numbers | note | grid
                )
    scl = {"href": f"{host}/T34TGR_SCL_20m.jp2", "type": "image/jp2", "data_type": "uint8", "proj:code": "EPSG:32634"}
    assets["SCL_20m"] = scl | {"file:size": 1_000_000} | COARSE
    name = "S2A_MSIL2A_20200630T093031_N0500_R136_T34TGR_20230330T070213"
    noted = {"platform": "sentinel-2a", "grid__code": "MGRS-34TGR", "processing__version": "05.00"}
    return [_item(name, "sentinel-2-l2a", assets, **noted)]


def hls() -> list[dict[str, Any]]:
    found = []
    bands = {
        "L30": ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B09", "B10", "B11"),
        "S30": ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"),
    }
    for product, keys in bands.items():
        name = f"HLS.{product}.T34TGR.2020182T09{'1015' if product == 'L30' else '3029'}.v2.0"
        host = f"https://data.lpdaac.earthdatacloud.nasa.gov/lp-prod-protected/HLS{product}.020/{name}"
        assets = {
            k: {"href": f"{host}/{name}.{k}.tif", "type": "image/tiff", "title": k} for k in (*keys, "Fmask", "SZA")
        }
        browse = f"https://data.lpdaac.earthdatacloud.nasa.gov/lp-prod-public/HLS{product}.020/{name}/{name}.jpg"
        assets["browse"] = {"href": browse, "type": "image/jpeg", "roles": ["thumbnail"]}
        found.append(_item(name, f"HLS{product}_2.0", assets))
    return found


def hls_planetary_computer() -> list[dict[str, Any]]:
    found = hls()
    for item in found:
        item["collection"] = "hls2-" + item["collection"][3:6].lower()
    return found


def landsat() -> list[dict[str, Any]]:
    host = "https://landsateuwest.blob.core.windows.net/landsat-c2/level-2/standard/oli-tirs/2020/184/029/LC08"
    names = {
        **{
            "blue": "OLI_B2",
            "green": "OLI_B3",
            "red": "OLI_B4",
            "nir08": "OLI_B5",
            "swir16": "OLI_B6",
            "swir22": "OLI_B7",
        },
    }
    numbers = [{"scale": 2.75e-5, "offset": -0.2, "nodata": 0, "data_type": "uint16"}]
    assets: dict[str, Any] = {
        key: {"href": f"{host}_SR_{name[-2:]}.TIF", "type": COG, "roles": ["data"], "raster:bands": numbers}
        | {"eo:bands": [{"name": name, "common_name": key}]}
        for key, name in names.items()
    }
    assets["qa_pixel"] = {"href": f"{host}_QA_PIXEL.TIF", "type": COG, "roles": ["cloud"]}
    assets["qa_aerosol"] = {"href": f"{host}_SR_QA_AEROSOL.TIF", "type": COG, "roles": ["data-mask"]}
    noted = {"platform": "landsat-8", "instruments": ["oli", "tirs"], "proj__epsg": 32634}
    noted |= {"landsat__wrs_path": "184", "landsat__wrs_row": "029", "landsat__collection_category": "T1"}
    noted |= {k.replace(":", "__"): v for k, v in LANDSAT.items()}
    return [_item("LC08_L2SP_184029_20200630_02_T1", "landsat-c2-l2", assets, **noted)]


def sentinel_1() -> list[dict[str, Any]]:
    host = "https://sentinel1euwestrtc.blob.core.windows.net/sentinel1-grd-rtc/GRD/2020/6/30/IW/DV/S1A_IW_GRDH_1SDV/measurement"
    numbers = [{"nodata": -32768, "data_type": "float32"}]
    assets = {
        key: {"href": f"{host}/iw-{key}.rtc.tiff", "type": COG, "roles": ["data"], "raster:bands": numbers}
        for key in ("vv", "vh")
    }
    noted = {"platform": "SENTINEL-1A", "sat__orbit_state": "ascending", "proj__epsg": 32634}
    noted |= {k.replace(":", "__"): v for k, v in PROJ.items()}
    item = _item("S1A_IW_GRDH_1SDV_20200630T162916_rtc", "sentinel-1-rtc", assets, **noted)
    del item["properties"]["eo:cloud_cover"]
    return [item]


def africa_sentinel_2() -> list[dict[str, Any]]:
    host = "s3://deafrica-sentinel-2/sentinel-s2-l2a-cogs/34/T/GR/2020/6/S2A_34TGR_20200630_0_L2A"
    assets = {
        key: {"href": f"{host}/{key}.tif", "type": COG, "roles": ["data"]} for key in (*_S2, "B01", "B09", "SCL", "AOT")
    }
    grids = {"proj__epsg": 32634, "proj__shape": PROJ["proj:shape"], "proj__transform": PROJ["proj:transform"]}
    noted = {"platform": "sentinel-2a", "odc__product": "s2_l2a", "odc__region_code": "34TGR"}
    return [_item("3c0cd0a9-1f9c-5ba4-8a44-4d4d3b6b4c2e", "s2_l2a", assets, **noted, **grids)]


def africa_landsat() -> list[dict[str, Any]]:
    host = "s3://deafrica-landsat/collection02/level-2/standard/oli-tirs/2020/184/029/LC08_L2SP_184029_20200630_02_T1"
    keys = ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7", "QA_PIXEL", "QA_RADSAT", "SR_QA_AEROSOL")
    assets = {key: {"href": f"{host}_{key}.TIF", "type": COG, "roles": ["data"]} for key in keys}
    noted = {"platform": "landsat-8", "odc__product": "ls8_sr", "proj__epsg": 32634}
    noted |= {k.replace(":", "__"): v for k, v in LANDSAT.items()}
    return [_item("7f8cd0a9-1f9c-5ba4-8a44-4d4d3b6b4c2e", "ls8_sr", assets, **noted)]


def australia_sentinel_2() -> list[dict[str, Any]]:
    host = "s3://dea-public-data/baseline/ga_s2am_ard_3/34/TGR/2020/06/30/ga_s2am"
    names = ("blue", "green", "red", "red_edge_1", "red_edge_2", "red_edge_3", "nir_1", "nir_2", "swir_2", "swir_3")
    keys = (*(f"nbart_{n}" for n in names), "oa_fmask", "oa_nbart_contiguity")
    assets = {key: {"href": f"{host}_{key}.tif", "type": COG, "roles": ["data"]} for key in keys}
    noted = {
        "platform": "sentinel-2a",
        "odc__product": "ga_s2am_ard_3",
        "odc__region_code": "34TGR",
        "proj__epsg": 32634,
    }
    noted |= {k.replace(":", "__"): v for k, v in PROJ.items()}
    return [_item("aa8cd0a9-1f9c-5ba4-8a44-4d4d3b6b4c2e", "ga_s2am_ard_3", assets, **noted)]


def australia_landsat() -> list[dict[str, Any]]:
    host = "s3://dea-public-data/baseline/ga_ls8c_ard_3/184/029/2020/06/30/ga_ls8c"
    keys = (*(f"nbart_{n}" for n in ("coastal_aerosol", "blue", "green", "red", "nir", "swir_1", "swir_2")), "oa_fmask")
    assets = {key: {"href": f"{host}_{key}.tif", "type": COG, "roles": ["data"]} for key in keys}
    noted = {"platform": "landsat-8", "odc__product": "ga_ls8c_ard_3", "proj__epsg": 32634}
    noted |= {k.replace(":", "__"): v for k, v in LANDSAT.items()}
    return [_item("bb8cd0a9-1f9c-5ba4-8a44-4d4d3b6b4c2e", "ga_ls8c_ard_3", assets, **noted)]


#: Preset -> items, and products that the table has a row for.
SHAPES: dict[str, tuple[Callable[[], list[dict[str, Any]]], list[str]]] = {
    "sentinel-2": (earth_search, ["sentinel2-l2a"]),
    "sentinel-2-planetary-computer": (planetary_computer, ["sentinel2-l2a"]),
    "sentinel-2-copernicus": (copernicus, ["sentinel2-l2a"]),
    "hls": (hls, ["hls-l30", "hls-s30"]),
    "hls-planetary-computer": (hls_planetary_computer, ["hls-l30", "hls-s30"]),
    "landsat": (landsat, ["landsat-oli"]),
    "landsat-usgs": (landsat, ["landsat-oli"]),
    "sentinel-1": (sentinel_1, ["sentinel1"]),
    "africa-sentinel-2": (africa_sentinel_2, ["sentinel2-l2a"]),
    "africa-landsat": (africa_landsat, ["landsat-oli"]),
    "australia-sentinel-2": (australia_sentinel_2, ["dea-s2"]),
    "australia-landsat": (australia_landsat, ["dea-oli"]),
}
