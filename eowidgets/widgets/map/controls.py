"""Controls of a map: draw, upload, clear, go to the cube or to a place, and a message line."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

import ipyleaflet
import ipywidgets

from eowidgets.arguments import checked
from eowidgets.cube.area_file import FORMATS
from eowidgets.cube.grid import bounds
from eowidgets.errors import EowidgetsError, MissingExtraError
from eowidgets.widgets.map.place_search import find_place
from eowidgets.widgets.places import AREA_COLOR

if TYPE_CHECKING:
    import xarray as xr

#: Style of a drawn area.
DRAWN = {"color": AREA_COLOR, "weight": 2, "fillOpacity": 0.08}


@checked
class MapControls:
    """Mixed into :class:`~eowidgets.widgets.map.area_map.AreaMap`."""

    area: Any
    cube: xr.Dataset | None
    controls: Any
    draw: Any
    look_at: Any
    load_area: Any
    _drawn: Any
    _legend: Any
    _write_legend: Any

    def _uploaded(self, change: Any) -> None:
        for file in change["new"]:
            try:
                self.load_area(bytes(file["content"]), str(file["name"]))
            except EowidgetsError as error:
                self.say(str(error))
        if change["new"]:
            self._upload.value = ()

    def say(self, sentence: str) -> None:
        """Show one sentence on the map, or nothing.

        Parameters
        ----------
        sentence : str
            The sentence; empty shows nothing.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> area_map = eow.AreaMap(tiny_cube())
        >>> area_map.say("Draw an area.")
        """
        self._note.value = f'<div class="eow-map-note" role="alert">{escape(sentence)}</div>' if sentence else ""

    def _add_toolbar(self) -> None:
        if not hasattr(self, "toolbar"):
            raise MissingExtraError("The toolbar of the map", "lab")
        from leafmap.toolbar import main_toolbar

        main_toolbar(self)

    def _search(self, change: Any) -> None:
        if change["new"].strip():
            self._guarded(lambda: self.look_at(find_place(change["new"])))

    def _guarded(self, action: Callable[[], Any]) -> None:
        """Call a function and show its error, if any, on the map: a callback has no cell to raise it in."""
        self.say("")
        try:
            action()
        except EowidgetsError as error:
            self.say(str(error))

    def _go_home(self, _: Any) -> None:
        if self.cube is not None:
            self.look_at(bounds(self.cube))
        elif self.area is not None:
            self.look_at(self.area)

    def _make_controls(self) -> None:
        shape = {"shapeOptions": DRAWN}
        self.draw = ipyleaflet.DrawControl(
            polyline={}, circlemarker={}, circle={}, marker={}, polygon=shape, rectangle=shape, position="topleft"
        )
        self.draw.observe(self._drawn, names="data")
        self._upload = ipywidgets.FileUpload(
            accept=",".join(FORMATS),
            description="",
            tooltip="Upload an area (GeoJSON, KML, GeoPackage, zipped shapefile)",
            icon="upload",
        )
        self._upload.observe(self._uploaded, names="value")
        self._clear = ipywidgets.Button(icon="eraser", tooltip="Clear the area", disabled=True)
        self._clear.on_click(lambda _: setattr(self, "area", None))
        self._home = ipywidgets.Button(icon="crosshairs", tooltip="Go to the cube or, without a cube, to the area")
        self._home.on_click(self._go_home)
        self._place = ipywidgets.Text(
            placeholder="Place, or latitude, longitude", continuous_update=False, layout={"width": "190px"}
        )
        self._place.tooltip = "Move the map to a place: a name, or latitude and longitude"
        self._place.observe(self._search, names="value")
        tools = ipywidgets.VBox([self._home, self._upload, self._clear]).add_class("eow-map-tools")
        self._legend, self._note = ipywidgets.HTML(), ipywidgets.HTML()
        self._write_legend()
        places = (
            (tools, "topright"),
            (self._place, "topright"),
            (self._legend, "bottomright"),
            (self._note, "bottomleft"),
        )
        self.controls = (
            *self.controls,
            self.draw,
            ipyleaflet.ScaleControl(position="bottomleft", imperial=False),
            *(ipyleaflet.WidgetControl(widget=w, position=p, transparent_bg=True) for w, p in places),
        )
