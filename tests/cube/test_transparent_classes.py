"""Classes without colour."""

import numpy as np
import pytest

from eowidgets.cube.colormaps import rgba
from eowidgets.cube.export.qml import class_style
from eowidgets.errors import InputError
from eowidgets.render.picture import draw
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style

ATTRS = {"flag_values": [0, 1], "flag_meanings": "nothing alarm", "colors": "#00000000 #e69f00", "role": "result"}


def test_colours_of_four_numbers():
    assert rgba("#ff000080") == (255, 0, 0, 128)
    assert rgba("#ff0000") == (255, 0, 0, 255)
    for wrong in ("#ff00008", "#ff0000zz", "red", None):
        with pytest.raises(InputError, match="is not of the form"):
            rgba(wrong)


def test_a_transparent_class_is_not_painted(make_cube):
    cube = make_cube(dates=1, clouds=0.0)
    mask = (cube[["red"]].rename(red="alarm") * 0).astype("uint8")
    mask["alarm"].values[:, :4] = 1
    mask["alarm"].attrs = ATTRS
    source = FrameSource(mask)
    classes = {c["value"]: c["color"] for c in source.classes("alarm")}
    picture = draw(source, Style(bands=("alarm",), classes=classes), 0)
    assert (picture[:4, :, 3] == 255).all()
    assert (picture[4:, :, 3] == 0).all()
    np.testing.assert_array_equal(picture[0, 0, :3], (0xE6, 0x9F, 0))


def test_its_style_for_other_programs_is_transparent():
    assert 'color="#000000" alpha="0"' in class_style(ATTRS)
