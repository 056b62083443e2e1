"""All layers of an Explorer in one list: those on the picture, and those on the map."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from eowidgets.errors import EowidgetsError

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer


class LayersPanel(ipywidgets.VBox):
    """Rows for the layers of a viewer, then those of a map.

    A row shows or hides a layer, sets its opacity, moves it up, zooms to it, saves it as a file in the working folder, and
    removes it.

    Parameters
    ----------
    viewer : TimeViewer
    map : AreaMap
    """

    def __init__(self, viewer: TimeViewer, map: AreaMap) -> None:
        self._viewer = viewer
        self._rows: dict[str, _Row] = {}
        self._list = ipywidgets.VBox()
        self._message = ipywidgets.HTML()
        heading = (ipywidgets.HTML(f"<b>{text}</b>") for text in ("On the picture", "On the map"))
        super().__init__((next(heading), self._list, self._message, next(heading), map.basemap_choice, map.layer_list))
        self.add_class("eow-layers-panel")
        viewer.observe(self._fill, names="layers")
        self._fill()

    def _fill(self, _: Any = None) -> None:
        names = [layer["key"] for layer in reversed(self._viewer.layers)]  # topmost first
        for gone in set(self._rows) - set(names):
            self._rows.pop(gone).close()
        for layer in self._viewer.layers:
            row = self._rows.setdefault(layer["key"], _Row(self, layer["key"]))
            row.take(layer)
        none = ipywidgets.HTML("No result is shown on the picture yet.")
        self._list.children = tuple(self._rows[name] for name in names) or (none,)

    def change(self, name: str, **values: Any) -> None:
        """Change a layer of the viewer."""
        self._viewer.layers = [{**k, **values} if k["key"] == name else k for k in self._viewer.layers]

    def move_up(self, name: str) -> None:
        """Put a layer above the next one."""
        layers = list(self._viewer.layers)
        at = next(i for i, k in enumerate(layers) if k["key"] == name)
        if at + 1 < len(layers):
            layers[at], layers[at + 1] = layers[at + 1], layers[at]
            self._viewer.layers = layers

    def zoom(self, name: str) -> None:
        """Show the whole of a layer."""
        from eowidgets.cube.grid import geobox

        self._viewer.bounds = [float(v) for v in geobox(self._viewer.sources[name].cube).boundingbox]

    def save(self, name: str) -> Path | None:
        """Write a layer to the working folder: classes as polygons and as a raster, numbers as a raster."""
        from eowidgets.widgets.panels.result_files import save

        stem = re.sub(r"[^\w.-]+", "-", name).strip("-") or "layer"
        try:
            made = save(self._viewer.sources[name].cube, f"{stem}.tif")
        except EowidgetsError as error:
            self._say(str(error), "eow-bad")
            return None
        self._say(f"Saved as {made.name}.", "eow-good")
        return made

    def _say(self, text: str, kind: str) -> None:
        self._message.value = f"<div class='{kind}' role='status'>{escape(text)}</div>"

    def __repr__(self) -> str:
        """Return the names of the layers on the picture, topmost first."""
        return f"LayersPanel({', '.join(layer['key'] for layer in reversed(self._viewer.layers))})"


class _Row(ipywidgets.VBox):
    """The row of one layer of a viewer."""

    def __init__(self, panel: LayersPanel, name: str) -> None:
        self._shown = ipywidgets.Checkbox(True, description=name, indent=False, tooltip=f"Show {name}")
        self._opacity = ipywidgets.FloatSlider(
            1.0, min=0, max=1, step=0.05, readout=False, tooltip=f"Opacity of {name}"
        )
        self._shown.observe(lambda change: panel.change(name, visible=bool(change["new"])), names="value")
        self._opacity.observe(lambda change: panel.change(name, opacity=float(change["new"])), names="value")
        actions = {
            "arrow-up": ("Move up", panel.move_up),
            "search-plus": ("Zoom to", panel.zoom),
            "download": ("Save", panel.save),
            "trash": ("Remove", panel._viewer.remove_layer),
        }
        buttons = []
        for icon, (word, act) in actions.items():
            button = ipywidgets.Button(icon=icon, tooltip=f"{word} {name}", layout={"width": "30px", "padding": "0"})
            button.on_click(lambda _, act=act: act(name))
            buttons.append(button)
        super().__init__((ipywidgets.HBox((self._shown, self._opacity)), ipywidgets.HBox(buttons)))

    def take(self, layer: dict[str, Any]) -> None:
        """Show the state of a layer that was changed elsewhere."""
        self._shown.value, self._opacity.value = bool(layer["visible"]), float(layer["opacity"])
