"""Colour maps: 256 colours each, a few built in without further packages, the rest from matplotlib."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np

from eowidgets.errors import InputError, unknown

#: Every fifth colour of each map (viridis family: CC0; ColorBrewer maps: Apache-2.0, C. Brewer).
_ANCHORS = {
    "viridis": (
        "44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a3a538b38598c355e8d33638d31"
        "688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d20928c1f978b1e9c891fa18821a58524aa8328ae802eb37c35b7"
        "793dbc7446c06f50c46a5ac86465cb5e70cf577cd25089d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725"
    ),
    "cividis": (
        "00224e002656002a5f002d68003070083370163770203a6f273e6e2e416d34456c3a486c3f4c6c444f6c49536c4e566c535a6d57"
        "5d6d5c616e60646f656870696b716d6f727272747676767a7a787e7d788381798885788d8878928c789690779b9476a09875a59c"
        "74aaa073afa471b5a86fbaac6dbfb06bc4b468c9b965cfbd62d4c15fdac65bdfca57e5cf52ead34cf0d846f6dd3ffce236fee838"
    ),
    "magma": (
        "00000402020b0504160907200e0b2b140e361a104221114e29115a311165390f6e420f754a107952137c5a167e6219806a1c8172"
        "1f81792282812581892881912b81992d80a1307eaa337db2357bba3878c23b75ca3e72d2426fd9466be04c67e75263ec5860f160"
        "5df4695cf7725cf97b5dfb8560fc8e64fd9869fea16efeaa74feb47bfebd82fec68afecf92fed89afde2a3fdebacfcf4b6fcfdbf"
    ),
    "grey": (
        "0000000606060c0c0c1111111717171d1d1d2323232929293030303838383f3f3f4646464d4d4d5353535858585e5e5e63636368"
        "68686d6d6d7272727878787d7d7d8383838888888e8e8e9393939999999f9f9fa5a5a5abababb2b2b2b8b8b8bebebec2c2c2c6c6"
        "c6cbcbcbcfcfcfd4d4d4d8d8d8dcdcdcdfdfdfe3e3e3e7e7e7eaeaeaeeeeeef1f1f1f3f3f3f6f6f6f8f8f8fafafafdfdfdffffff"
    ),
    "YlGn": (
        "ffffe5feffdefcfed7fbfed0fafdc9f9fdc2f7fcbcf4fbb7eff9b3ebf7b0e6f5ace1f3a9ddf1a6d7efa2d0ec9fc9e99cc3e698bc"
        "e395b5e092aedd8ea6da8b9dd68895d3858dcf8184cb7e7cc87b74c4776bc07262bb6e5ab76a51b36549af6140aa5c3ca458379e"
        "543298502e924c298c482486441f8142197c4014783e0e743c096f3a036b38006636006034005b3200553000502d004a2b004529"
    ),
    "YlGnBu": (
        "ffffd9fcfed3f9fdccf7fcc6f4fbc0f1fabaeef8b3e9f7b1e3f4b2ddf2b2d7efb3d1edb3cbebb4c4e8b4b9e4b5aedfb6a2dbb897"
        "d6b98cd2ba80cebb76cabc6dc6be63c3bf59bfc050bbc246b8c33eb3c439adc333a7c22da2c2289cc12296c11d90c01e88bc1f80"
        "b81f78b42070b02168ad2260a92259a62352a3234c9f24459c243f992538962333901f2f871a2b7e16287411246b0d2161081d58"
    ),
    "RdYlGn": (
        "a50026af0926b91326c21c27cc2627d62f27dc3b2ce24731e75337ed5f3cf36b42f57748f7844ef99153fb9d59fcaa5ffdb567fd"
        "bf6ffec877fed27ffedc88fee491feea9bfff0a6fff6b0fffcbafbfdbaf4fab0ecf7a6e5f49bddf191d5ed88cbe982c1e57bb7e0"
        "75addc6fa2d76a96d26889cc677dc76570c16463bc6254b45f45ad5b36a657279f53199750148e4b0f84460a7b4105713c006837"
    ),
    "BrBG": (
        "5430055f36066a3d07754308804a098b500a9559109f6317a96c1eb37625bd7f2cc48b3aca9849d1a559d7b169ddbe78e2c787e7"
        "cf94ebd6a2f0deb0f4e5bef6eac9f6ecd3f5efdcf5f1e6f5f4f0f0f4f3e7f2f0def0edd5edeaccebe7c1e8e2b4e2dba6dcd498d7"
        "cd8ad1c67ccabe6dbfb45eb5aa4faaa1419f9733958d298b831f827a1478700a6f6701655d015d5401554b004c42004439003c30"
    ),
    "RdBu_r": (
        "0530610a3b7010457e15508d1b5a9c2065ab276eb02e77b53480b93b88be4291c24f9bc75fa5cd6eaed27eb8d78dc2dc9bc9e0a7"
        "d0e4b3d6e8c0dcebcce2efd5e7f1ddebf2e4eef4ecf2f5f3f5f6f8f4f2f9efe9fae9dffbe4d6fcdecdfcd7c2fbccb4f9c2a7f7b7"
        "99f5ac8bf2a17fec9374e6866ae17860db6b55d55d4cce4f45c6413ebf3338b82531b1182ba21328930e2684092476052167001f"
    ),
    "PuOr": (
        "7f3b088941089346079e4c07a85206b25706bb5f08c4680bcd700ed57811de8013e58a20ea9530f0a03ff6aa4ffbb55efdbd6efd"
        "c57ffecd8ffed59ffeddaffde3befce7cafaecd7f9f0e4f8f5f1f4f4f6eeeef3e8e9f1e2e3efdcddecd5d6e9cecde4c6c4dfbfbb"
        "dab7b1d5afa8d0a59dc89b92c19287b9887cb27e70ab7661a46d529c6443955c348e5326874c1f7b44176f3c0f633508572d004b"
    ),
    "coolwarm": (
        "3b4cc04055c8465ecf4c66d6536edd5977e35f7fe86687ed6c8ff17396f57a9df881a4fb88abfd8fb1fe96b7ff9dbdffa3c2feaa"
        "c7fdb1cbfcb7cff9bed2f6c4d5f3cad8efcfdaead5dbe5dadce0dfdbd9e4d9d2e9d5cbedd2c3f0cdbbf2c9b4f5c4acf6bea4f7b8"
        "9cf7b194f7aa8cf6a385f59c7df39475f08b6eed8366e97a5fe57058e16751dc5d4ad65244d0473dca3b37c32e31bb1b2cb40426"
    ),
    "twilight": (
        "e2d9e2dfd9e1dcd9dfd7d7ddd2d5dbccd2d8c5cfd5beccd2b6c8cfafc4cda7c0cba0bcc999b8c892b3c68cafc586aac480a5c37b"
        "a1c2769cc17297c16e92c06b8dbf6888be6683bd647dbc6278bb6172ba606db86067b65f61b45f5bb25f55af5e4fac5e49a95e43"
        "a55d3da15c379c5b31965a2b9058268a562182531d7a4f19724c16694714614313593f12513b114a37114434113f32123a2f1436"
    ),
}

#: Colour-blind-safe colours for classes and pins (Okabe and Ito, 2008, black left out).
CATEGORIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#f0e442")

#: Maps that have a middle: they belong to values that can be negative.
DIVERGING = ("RdYlGn", "BrBG", "RdBu_r", "PuOr", "coolwarm")


@lru_cache(maxsize=64)
def _lut(name: str) -> np.ndarray:
    base, flip = (name[:-2], True) if name.endswith("_r") and name not in _ANCHORS else (name, False)
    if base not in _ANCHORS and f"{base}_r" in _ANCHORS:
        base, flip = f"{base}_r", not flip
    if base in _ANCHORS:
        anchors = np.frombuffer(bytes.fromhex(_ANCHORS[base]), np.uint8).reshape(-1, 3).astype(float)
        at = np.linspace(0, 255, len(anchors)).round()
        lut = np.stack([np.interp(np.arange(256), at, anchors[:, c]) for c in range(3)], axis=1)
        colours = np.rint(lut).astype(np.uint8)
    else:
        try:
            from matplotlib import colormaps
        except ImportError:
            raise unknown("colour map", name, _ANCHORS) from None
        if base not in colormaps:
            raise unknown("colour map", name, [*_ANCHORS, *colormaps])
        colours = np.rint(colormaps[base](np.arange(256))[:, :3] * 255).astype(np.uint8)
    turned: np.ndarray = colours[::-1] if flip else colours
    return turned


def colormap(name: str) -> np.ndarray:
    """Look up a colour map by name (matplotlib's names; a trailing ``_r`` reverses it).

    Returns
    -------
    numpy.ndarray
        uint8 ``(256, 3)``.

    Raises
    ------
    InputError
        If there is no such map; the message has the nearest names.
    """
    return _lut(name).copy()


def builtin() -> tuple[str, ...]:
    """Return the names of the colormaps that need no other package."""
    return tuple(_ANCHORS)


def hex_color(color: Any) -> str | None:
    """Return a colour as ``"#rrggbb"``; None if it is not a colour.

    Parameters
    ----------
    color : object
        ``"#rgb"``, ``"#rrggbb"``, each with or without alpha, which is dropped; or three or four numbers, whole ones from 0
        to 255 or fractions from 0 to 1.

    Examples
    --------
    >>> hex_color("#0af"), hex_color((1.0, 0.5, 0.0)), hex_color("reddish")
    ('#00aaff', '#ff8000', None)
    """
    if isinstance(color, str):
        found = re.fullmatch("#([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})", color.strip())
        if not found:
            return None
        digits = found[1].lower()
        return "#" + (digits[:6] if len(digits) > 4 else "".join(2 * d for d in digits[:3]))
    try:
        numbers = [v.item() if hasattr(v, "item") else v for v in color]
    except TypeError:
        return None
    if len(numbers) not in (3, 4) or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers):
        return None
    top = 255 if all(isinstance(v, int) for v in numbers[:3]) else 1
    if not all(0 <= v <= top for v in numbers[:3]):
        return None
    return "#" + "".join(f"{round(v * 255 / top):02x}" for v in numbers[:3])


def rgba(color: str) -> tuple[int, int, int, int]:
    """Turn ``"#rrggbb"`` or ``"#rrggbbaa"`` into four numbers of 0..255; without ``aa`` it is opaque.

    Examples
    --------
    >>> rgba("#ff000080")
    (255, 0, 0, 128)
    """
    if isinstance(color, str) and len(color) == 9:
        try:
            return (*rgb(color[:7]), int(color[7:], 16))
        except (ValueError, InputError):
            pass
    return (*rgb(color), 255)


def rgb(color: str) -> tuple[int, int, int]:
    """Turn ``"#rrggbb"`` into three numbers."""
    try:
        if len(color) != 7 or color[0] != "#":
            raise ValueError
        return (int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16))
    except (ValueError, TypeError):
        raise InputError(f"The colour {str(color)[:40]!r} is not of the form '#rrggbb' or '#rrggbbaa'.") from None
