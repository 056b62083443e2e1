"""What a VRT may refer to."""

import pytest
from support.rasters import flat, write

import eowidgets as eow
from eowidgets.errors import InputError, SourceError

HEAD = (
    '<VRTDataset rasterXSize="6" rasterYSize="6"><SRS>EPSG:32633</SRS>'
    "<GeoTransform>500000,10,0,5000000,0,-10</GeoTransform>"
)


def vrt(path, source, *, relative=1, inside="", kind=""):
    name = f'<SourceFilename relativeToVRT="{relative}">{source}</SourceFilename><SourceBand>1</SourceBand>'
    band = f'<VRTRasterBand dataType="UInt16" band="1" {kind}><Description>red</Description>{inside}'
    path.write_text(f"{HEAD}{band}<SimpleSource>{name}</SimpleSource></VRTRasterBand></VRTDataset>")
    return path


@pytest.fixture
def scene(tmp_path):
    folder = tmp_path / "in"
    write(folder / "parts" / "a_20200630.tif", flat(1500), names=("red",))
    write(tmp_path / "out_20200630.tif", flat(1500), names=("red",))
    return folder


@pytest.mark.parametrize("name", ["parts/a_20200630.tif", "./parts/../parts/a_20200630.tif"])
def test_a_vrt_of_files_below_it_opens(scene, name):
    cube = eow.open(vrt(scene / "v_20200630.vrt", name), sensor="sentinel2-l2a")
    assert float(cube.red.median()) == pytest.approx(0.15)


@pytest.mark.parametrize(
    "target",
    [
        "../out_20200630.tif",
        "/etc/passwd",
        "/vsicurl/http://127.0.0.1:9/a.tif",
        "http://127.0.0.1:9/a.tif",
        "/vsizip/x.zip/a.tif",
        "NETCDF:/etc/x.nc:red",
        "\\\\server\\share\\a.tif",
    ],
)
@pytest.mark.parametrize("relative", [0, 1])
def test_a_vrt_that_leaves_its_folder_is_refused(scene, target, relative):
    path = vrt(scene / "v_20200630.vrt", target, relative=relative)
    with pytest.raises(InputError, match="not a file in the same folder or below it"):
        eow.open(path)
    with pytest.raises(InputError, match="not a file in the same folder or below it"):
        eow.open(scene)


def test_a_link_to_elsewhere_is_resolved_first(scene):
    (scene / "link_20200630.tif").symlink_to(scene.parent / "out_20200630.tif")
    with pytest.raises(InputError, match="same folder"):
        eow.open(vrt(scene / "v_20200630.vrt", "link_20200630.tif"))


def test_a_trusted_vrt_may_leave_its_folder(scene):
    cube = eow.open(vrt(scene / "v_20200630.vrt", "../out_20200630.tif"), remote=True, sensor="sentinel2-l2a")
    assert float(cube.red.median()) == pytest.approx(0.15)


def test_a_vrt_under_another_name_or_within_another(scene):
    path = vrt(scene / "b_20200630.tif", "parts/a_20200630.tif")
    with pytest.raises(InputError, match="is a VRT in text"):
        eow.open(path)
    vrt(scene / "inner_20200630.vrt", "/etc/passwd", relative=0)
    with pytest.raises(InputError, match="same folder"):
        eow.open(vrt(scene / "outer_20200630.vrt", "inner_20200630.vrt"))


def test_a_vrt_with_code_entities_or_no_end(scene):
    code = "<PixelFunctionType>f</PixelFunctionType><PixelFunctionLanguage>Python</PixelFunctionLanguage>"
    with pytest.raises(InputError, match="could run code"):
        eow.open(
            vrt(scene / "c_20200630.vrt", "parts/a_20200630.tif", inside=code, kind='subClass="VRTDerivedRasterBand"')
        )
    text = vrt(scene / "d_20200630.vrt", "parts/a_20200630.tif").read_text()
    (scene / "d_20200630.vrt").write_text('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + text)
    with pytest.raises(InputError, match="XML entities"):
        eow.open(scene / "d_20200630.vrt")
    (scene / "e_20200630.vrt").write_text(text[:-30])
    with pytest.raises(SourceError, match="XML is not complete"):
        eow.open(scene / "e_20200630.vrt")
