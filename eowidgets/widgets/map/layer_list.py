"""The layers of a map as rows, with visibility, opacity and order."""

from __future__ import annotations

from typing import Any

import ipywidgets


class LayerList(ipywidgets.VBox):
    """Rows for the layers of an ipyleaflet map; changes are applied in the browser, without the kernel.

    Parameters
    ----------
    map : ipyleaflet.Map
    """

    def __init__(self, map: Any) -> None:
        self._map = map
        self._rows: dict[str, Any] = {}
        super().__init__()
        self.add_class("eow-layers")
        map.observe(self._fill, names=["layers", "frames"])
        self._fill()

    def _fill(self, _: Any = None) -> None:
        # The frames of the cube are not a layer of Leaflet; they are below its layers, except the background.
        extra = [layer for layer in [getattr(self._map, "frames", None)] if layer is not None]
        named = [layer for layer in reversed(self._map.layers) if layer.name and "visible" in layer.trait_names()]
        ground = [layer for layer in named if getattr(layer, "pane", "") == "ground" or getattr(layer, "base", False)]
        named = [layer for layer in named if layer not in ground] + extra + ground
        for key in set(self._rows) - {layer.model_id for layer in named}:
            for child in (*self._rows[key].children, self._rows[key]):
                child.close()
            del self._rows[key]
        for layer in named:
            if layer.model_id not in self._rows:
                self._rows[layer.model_id] = _row(layer)
        self.children = tuple(self._rows[layer.model_id] for layer in named)

    def __repr__(self) -> str:
        """Return the names of the layers, topmost first."""
        return f"LayerList({', '.join(row.children[0].description for row in self.children)})"


def _row(layer: Any) -> ipywidgets.HBox:
    shown = ipywidgets.Checkbox(layer.visible, description=layer.name, indent=False, tooltip="Show or hide this layer")
    ipywidgets.jslink((shown, "value"), (layer, "visible"))
    parts: list[Any] = [shown]
    if "opacity" in layer.trait_names():
        slider = ipywidgets.FloatSlider(layer.opacity, min=0, max=1, step=0.05, readout=False, tooltip="Opacity")
        ipywidgets.jslink((slider, "value"), (layer, "opacity"))
        parts.append(slider)
    return ipywidgets.HBox(parts, layout={"align_items": "center", "justify_content": "space-between"})
