"""Areas from vector files of several formats."""

from __future__ import annotations

import io
import zipfile

import pytest
from shapely.geometry import Polygon

import eowidgets as eow
from eowidgets.cube.area_file import read_upload
from eowidgets.errors import InputError, SourceError

FIELD = Polygon([(24.0, 45.8), (24.02, 45.8), (24.02, 45.81), (24.0, 45.81)])
KML = """<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark>
<name>Field</name><Polygon><outerBoundaryIs><LinearRing><coordinates>24.0,45.8,12 24.02,45.8,12 24.02,45.81,12
24.0,45.81,12 24.0,45.8,12</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Document></kml>"""


def table(crs="EPSG:4326"):
    geopandas = pytest.importorskip("geopandas")
    return geopandas.GeoDataFrame({"name": ["field"]}, geometry=[FIELD], crs=4326).to_crs(crs)


def zipped(files):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return memory.getvalue()


def shapefile(folder, *, projection=True):
    table("EPSG:32635").to_file(folder / "field.shp")
    return {
        f"data/{p.name}": p.read_bytes() for p in sorted(folder.glob("field.*")) if projection or p.suffix != ".prj"
    }


def content(kind, folder):
    if kind == "kml":
        return KML.encode()
    if kind == "kmz":
        return zipped({"doc.kml": KML})
    if kind == "zip":
        return zipped(shapefile(folder))
    path = folder / f"field.{kind}"
    table("EPSG:32635" if kind != "geojson" else "EPSG:4326").to_file(path)
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["geojson", "kml", "kmz", "gpkg", "fgb", "zip"])
def test_the_same_field_from_every_format(kind, tmp_path):
    found = eow.Area.upload(content(kind, tmp_path), f"My field.{kind}")
    assert found.name == "My field"
    assert found.hectares == pytest.approx(eow.Area.of(FIELD).hectares, rel=1e-4)
    assert not found.geometry.has_z
    path = tmp_path / f"again.{kind}"
    path.write_bytes(content(kind, tmp_path))
    assert eow.Area.of(path).hectares == pytest.approx(found.hectares, rel=1e-9)


def test_all_layers_of_a_file_count(tmp_path):
    frame = table("EPSG:32635")
    frame.to_file(tmp_path / "two.gpkg", layer="first")
    frame.set_geometry(frame.translate(5000)).to_file(tmp_path / "two.gpkg", layer="second")
    assert eow.Area.of(tmp_path / "two.gpkg").hectares == pytest.approx(2 * eow.Area.of(FIELD).hectares, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("field.shp", b"x", "put .shp, .shx, .dbf and .prj into a zip archive"),
        ("field.docx", b"x", "has an unknown format"),
        ("field", b"x", "has an unknown format"),
        ("field.zip", b"x", "is not a zip archive"),
        ("field.zip", zipped({"readme.txt": "x"}), "no vector file"),
        ("field.zip", zipped({"a.kml": KML, "b.kml": KML}), "2 vector files"),
        ("field.zip", zipped({f"{i}.txt": "" for i in range(201)}), "more than 200 files"),
        ("field.kml", b"<kml>", "cannot be read as vector data"),
        ("field.gpkg", b"x", "cannot be read as vector data"),
        ("field.json", b"[1]", "is not GeoJSON"),
        ("field.json", b'{"type": "Point", "coordinates": [24, 45]}', "a point or a line"),
        ("../../etc/passwd", b"x", "has an unknown format"),
    ],
)
def test_what_is_no_area_is_refused_in_one_sentence(name, data, says):
    with pytest.raises((InputError, SourceError)) as caught:
        eow.Area.upload(data, name)
    assert says in str(caught.value) and str(caught.value).count(". ") == 0


def test_a_shapefile_without_coordinate_system_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"add the \.prj file"):
        eow.Area.upload(zipped(shapefile(tmp_path, projection=False)), "field.zip")


def test_an_archive_that_unpacks_to_too_much_is_refused():
    with pytest.raises(InputError, match="200 MB unpacked"):
        read_upload(zipped({"field.kml": b"0" * 200_000_001}), "field.zip")


@pytest.mark.parametrize("name", ["field.kml", "field.gpkg", "field.fgb", "field.kmz"])
def test_a_file_that_points_to_other_files_is_not_followed(name, tmp_path):
    table().to_file(tmp_path / "secret.geojson")
    pointer = f"""<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{tmp_path}/secret.geojson</SrcDataSource>
    </OGRVRTLayer></OGRVRTDataSource>"""
    for text in (pointer, f"<kml>{pointer}</kml>"):
        data = zipped({"doc.kml": text}) if name.endswith("z") else text.encode()
        with pytest.raises(SourceError, match="its content is not"):
            eow.Area.upload(data, name)
        (tmp_path / name).write_bytes(data)
        with pytest.raises(SourceError, match="its content is not"):
            eow.Area.of(tmp_path / name)


def test_an_upload_that_is_nested_too_deeply_is_refused():
    deep = '{"type": "Feature", "geometry": ' * 5000 + "null" + "}" * 5000
    with pytest.raises((InputError, SourceError), match="nested too deeply"):
        eow.Area.upload(deep.encode(), "field.geojson")


def test_a_name_with_a_path_stays_in_its_folder():
    found = eow.Area.upload(KML.encode(), "../../../tmp/field.kml")
    assert found.name == "field"
