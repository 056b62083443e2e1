from __future__ import annotations

import numpy as np
import pytest

from eowidgets.contract.labels import ClassInfo
from eowidgets.cube.colormaps import hex_color
from eowidgets.errors import InputError


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        ("#1a2B3c", "#1a2b3c"),
        ("#abc", "#aabbcc"),
        ("#abcd", "#aabbcc"),
        ("#11223344", "#112233"),
        ((255, 0, 16), "#ff0010"),
        ((1.0, 0.5, 0.0, 0.3), "#ff8000"),
        (np.array([0.0, 1.0, 0.2]), "#00ff33"),
        ([0, 0, 0, 0.5], "#000000"),
    ],
)
def test_colours_become_hexadecimal(color, expected):
    assert hex_color(color) == expected
    assert ClassInfo(0, "a", color).color == expected


@pytest.mark.parametrize(
    "color",
    [
        "",
        "reddish",
        "#12",
        "#12345g",
        '#000000 red"><img src=x onerror=alert(1)>',
        "red;background:url(x)",
        None,
        7,
        float("nan"),
        (1, 2),
        (300, 0, 0),
        (0.5, -0.1, 0.0),
        (float("nan"),) * 3,
        (True, False, True),
        ["#000000"],
        {"r": 1},
    ],
)
def test_what_is_no_colour_is_refused_in_a_model(color):
    assert hex_color(color) is None
    with pytest.raises(InputError, match="color of ClassInfo is .*: give a colour such as") as caught:
        ClassInfo(0, "water", color)
    assert len(str(caught.value)) < 160
