import numpy as np
import pytest

from eowidgets.render.picture import draw, png, subject
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style
from eowidgets.render.window import Window


def test_true_colour_is_the_stretch_by_hand(romania):
    source = FrameSource(romania)
    style = Style(bands=("red", "green", "blue"), vmin=0.0, vmax=0.2)
    picture = draw(source, style, 84)
    for i, band in enumerate(style.bands):
        expected = np.clip(romania[band].values[84] / 0.2, 0, 1) * 255
        assert np.abs(picture[..., i] - expected).max() <= 1
    assert (picture[..., 3] == 255).all()


def test_index_goes_through_the_colour_map(romania):
    source = FrameSource(romania)
    picture = draw(source, Style(index="NDVI", vmin=0, vmax=1, cmap="grey"), 84)
    ndvi = (romania.nir - romania.red) / (romania.nir + romania.red)
    order = np.argsort(ndvi.values[84].ravel())
    grey = picture[..., 0].ravel()[order].astype(int)
    assert (np.diff(grey) >= -1).all()
    assert grey[-1] > grey[0]


def test_hidden_clouds_and_nodata_are_transparent(romania):
    romania["red"][84, 3, 4] = np.nan
    source = FrameSource(romania)
    shown = draw(source, Style(bands=("red",)), 84)
    assert shown[3, 4].tolist() == [0, 0, 0, 0]
    hidden = draw(source, Style(bands=("red",), clouds="hide"), 84)
    cloudy = romania.clouds.values[84]
    assert (hidden[cloudy] == 0).all()
    assert (hidden[~cloudy][:, 3].astype(bool).sum()) == (~cloudy).sum() - (not cloudy[3, 4])


def test_classes_keep_their_colours(make_cube):
    cube = make_cube(bands=("kind",))
    cube["kind"][:] = np.arange(9) % 3
    style = Style(bands=("kind",), classes={0: "#ff0000", 1: "#00ff00"})
    picture = draw(FrameSource(cube), style, 0)
    assert picture[0, 0].tolist() == [255, 0, 0, 255]
    assert picture[0, 1].tolist() == [0, 255, 0, 255]
    assert picture[0, 2].tolist() == [0, 0, 0, 0]  # a value without a class


def test_window_and_stride(romania):
    source = FrameSource(romania)
    style = Style(bands=("red",), vmin=0, vmax=1)
    whole = draw(source, style, 84)
    part = draw(source, style, 84, Window(10, 20, 40, 50))
    np.testing.assert_array_equal(part, whole[20:50, 10:40])
    assert draw(source, style, 84, Window(0, 0, 100, 100, 4)).shape == (25, 25, 4)


def test_missing_bands_fall_back_to_the_first(romania):
    assert subject(FrameSource(romania), Style(bands=("swir22",))).bands == ("blue",)


def test_png_round_trip(romania):
    from io import BytesIO

    from PIL import Image

    picture = draw(FrameSource(romania), Style(bands=("red",)), 0)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(png(picture)))), picture)


@pytest.mark.parametrize("gamma", [0.5, 2.0])
def test_gamma_bends_the_middle(romania, gamma):
    source = FrameSource(romania)
    plain = draw(source, Style(bands=("red", "green", "blue"), vmin=0, vmax=0.3), 84).astype(int)
    bent = draw(source, Style(bands=("red", "green", "blue"), vmin=0, vmax=0.3, gamma=gamma), 84).astype(int)
    assert ((bent - plain)[..., :3] * (1 if gamma > 1 else -1)).min() >= -1


def test_each_band_of_a_true_colour_is_stretched_by_its_own_range(make_cube):
    cube = make_cube(bands=("red", "green", "blue"), clouds=0)
    ramp = np.linspace(0, 1, 72, dtype="float32").reshape(8, 9)
    for band, (low, high) in {"red": (0.1, 0.3), "green": (0.2, 0.25), "blue": (0.5, 0.9)}.items():
        cube[band][:] = low + (high - low) * ramp
    picture = draw(FrameSource(cube), Style(bands=("red", "green", "blue")), 0)
    for channel in range(3):
        assert picture[..., channel].max() == 255
        assert picture[..., channel].min() == 0
    assert np.abs(np.diff(picture[..., :3].astype(int), axis=-1)).max() <= 1
