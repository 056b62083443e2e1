"""Styles for QGIS as text: with a ``.qml`` next to a GeoTIFF, QGIS shows it in these colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from eowidgets.cube.colormaps import CATEGORIES, colormap, rgba

#: Steps of a colour ramp: QGIS interpolates between them.
_STEPS = 16


def class_style(attrs: Mapping[Any, Any]) -> str:
    """Return the QML of a class map, from ``flag_values``, ``flag_meanings`` and ``colors`` in its attributes."""
    values = [int(v) for v in np.atleast_1d(attrs["flag_values"])]
    names = [n.replace("_", " ") for n in str(attrs.get("flag_meanings", "")).split()]
    colors = str(attrs.get("colors", "")).split()
    root, renderer = _document("paletted")
    palette = ET.SubElement(renderer, "colorPalette")
    for i, value in enumerate(values):
        color = colors[i] if i < len(colors) else CATEGORIES[i % len(CATEGORIES)]
        *_, alpha = rgba(color)  # refuses malformed colours
        label = names[i] if i < len(names) else str(value)
        ET.SubElement(palette, "paletteEntry", value=str(value), label=label, color=color[:7], alpha=str(alpha))
    return _text(root)


def ramp_style(cmap: str, vmin: float, vmax: float) -> str:
    """Return the QML of numbers on a colour map between two values."""
    root, renderer = _document("singlebandpseudocolor")
    renderer.set("classificationMin", repr(float(vmin)))
    renderer.set("classificationMax", repr(float(vmax)))
    shader = ET.SubElement(ET.SubElement(renderer, "rastershader"), "colorrampshader", colorRampType="INTERPOLATED")
    table = colormap(cmap)
    for share in np.linspace(0, 1, _STEPS):
        value = vmin + share * (vmax - vmin)
        color = "#{:02x}{:02x}{:02x}".format(*table[round(share * 255)])
        ET.SubElement(shader, "item", value=repr(float(value)), label=f"{value:.3g}", color=color, alpha="255")
    return _text(root)


def rgb_style(layers: Sequence[int], limits: Sequence[tuple[float, float]]) -> str:
    """Return the QML of three layers (counted from 1) as red, green and blue, each stretched between two values."""
    root, renderer = _document("multibandcolor")
    for name, layer, (low, high) in zip(("red", "green", "blue"), layers, limits, strict=True):
        renderer.set(f"{name}Band", str(layer))
        stretch = ET.SubElement(renderer, f"{name}ContrastEnhancement")
        ET.SubElement(stretch, "minValue").text = repr(float(low))
        ET.SubElement(stretch, "maxValue").text = repr(float(high))
        ET.SubElement(stretch, "algorithm").text = "StretchToMinimumMaximum"
    del renderer.attrib["band"]
    return _text(root)


def _document(kind: str) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology")
    pipe = ET.SubElement(root, "pipe")
    return root, ET.SubElement(pipe, "rasterrenderer", type=kind, band="1", opacity="1", alphaBand="-1")


def _text(root: ET.Element) -> str:
    ET.indent(root)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + ET.tostring(root, encoding="unicode") + "\n"
