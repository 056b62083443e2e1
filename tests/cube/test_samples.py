import numpy as np
import pytest

from eowidgets.cube.samples import FOLDER, countries, open_sample, samples
from eowidgets.errors import InputError, SourceError


def test_list_says_what_the_files_hold():
    assert set(samples()) == {"romania", "bouconne"}
    for name, sample in samples().items():
        cube = open_sample(name)
        assert cube.sizes["time"] == sample.dates
        assert (cube.sizes["y"], cube.sizes["x"]) == sample.size
        assert sample.megabytes == round((FOLDER / f"{name}.nc").stat().st_size / 1e6, 1)


def test_small_enough_for_a_wheel_and_attributed():
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) < 15e6
    text = (FOLDER / "ATTRIBUTION.md").read_text()
    for file in FOLDER.iterdir():
        assert file.name in text or file.name == "ATTRIBUTION.md"
    assert "Copernicus Sentinel data" in text


def test_names_are_known_where_the_files_are_not_installed(tmp_path, monkeypatch):
    monkeypatch.setattr("eowidgets.cube.samples.FOLDER", tmp_path)
    assert set(samples()) == {"romania", "bouconne"}
    with pytest.raises(SourceError, match="'romania' is not in this installation: run  pip install eowidgets-data"):
        open_sample("romania")


def test_masks_are_the_scene_classifications():
    cube = open_sample("romania")
    np.testing.assert_array_equal(cube.clouds, np.isin(cube.scl, [3, 8, 9, 10]))
    assert cube.valid.all()
    assert not open_sample("bouconne").clouds.any()


def test_values_of_the_source_by_hand():
    cube = open_sample("romania")
    # First date, upper left pixel: 8377 in B2, 7939 in B4, 8228 in B8A of the source files.
    first = cube.isel(time=0, y=0, x=0)
    assert [round(float(first[b]) * 10_000) for b in ("blue", "red", "nir08")] == [8377, 7939, 8228]
    assert float(open_sample("bouconne").red.isel(time=0).mean()) == pytest.approx(0.0217, abs=1e-3)


def test_countries_are_polygons_in_degrees():
    world = countries()
    assert len(world["features"]) > 150
    assert {f["geometry"]["type"] for f in world["features"]} <= {"Polygon", "MultiPolygon"}
    lon, lat = zip(*(pair for f in world["features"] for pair in _pairs(f["geometry"]["coordinates"])), strict=True)
    assert max(map(abs, lon)) <= 180
    assert max(map(abs, lat)) <= 90


def _pairs(coordinates):
    if isinstance(coordinates[0], float | int):
        yield coordinates
    else:
        for part in coordinates:
            yield from _pairs(part)


def test_unknown_sample():
    with pytest.raises(InputError, match="Did you mean 'romania'"):
        open_sample("romani")
