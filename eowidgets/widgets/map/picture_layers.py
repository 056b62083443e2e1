"""Pictures with legends, as layers of a map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipyleaflet

from eowidgets.arguments import Fraction, checked
from eowidgets.render.result import Legend, Rgba
from eowidgets.widgets.map.overlay import place

if TYPE_CHECKING:
    from odc.geo.geobox import GeoBox

_CSS = Path(__file__).with_name("area_map.css").read_text(encoding="utf-8")


@checked
class PictureLayers:
    """Methods of a map that show pictures; mixed into :class:`~eowidgets.widgets.map.area_map.AreaMap`."""

    layers: Any
    controls: Any
    _footprint: Any
    _legend: Any
    _legends: dict[str, Legend]

    def show_image(
        self, rgba: Rgba, box: GeoBox, name: str, legend: Legend | None = None, opacity: Fraction | None = None
    ) -> ipyleaflet.ImageOverlay:
        """Show a picture ``(y, x, 4)`` at its location; one of the same name is replaced, its opacity kept.

        Parameters
        ----------
        rgba : array (y, x, 4), uint8
        box : GeoBox
            Its grid.
        name : str
        legend : Legend, optional
        opacity : float, optional
            0..1; 1 for a new layer.

        Returns
        -------
        ImageOverlay
            The layer.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import numpy as np
        >>> from eowidgets.cube.grid import geobox
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> area_map = eow.AreaMap(cube)
        >>> layer = area_map.show_image(np.zeros((40, 40, 4), "uint8"), geobox(cube), "mask")
        >>> layer.name
        'mask'
        """
        url, corners = place(rgba, box)
        layer = self.image(name)
        if layer is None:
            layer = ipyleaflet.ImageOverlay(
                url=url, bounds=corners, name=name, opacity=1.0 if opacity is None else opacity
            )
            at = self.layers.index(self._footprint)
            self.layers = (*self.layers[:at], layer, *self.layers[at:])
        else:
            with layer.hold_sync():
                layer.bounds, layer.url = corners, url
            if opacity is not None:
                layer.opacity = opacity
        if legend is not None and self._legends.get(name) != legend:
            self._legends[name] = legend
            self._write_legend()
        return layer

    def image(self, name: str) -> ipyleaflet.ImageOverlay | None:
        """Return the picture layer of that name, or None.

        Parameters
        ----------
        name : str
            Name of the layer.

        Returns
        -------
        ImageOverlay or None
            The layer.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import numpy as np
        >>> from eowidgets.cube.grid import geobox
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> area_map = eow.AreaMap(cube)
        >>> layer = area_map.show_image(np.zeros((40, 40, 4), "uint8"), geobox(cube), "mask")
        >>> area_map.image("mask") is layer
        True
        """
        found = (x for x in self.layers if isinstance(x, ipyleaflet.ImageOverlay) and x.name == name)
        return next(found, None)

    def drop_image(self, name: str) -> None:
        """Remove a picture layer and its legend, if it exists.

        Parameters
        ----------
        name : str
            Name of the layer.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import numpy as np
        >>> from eowidgets.cube.grid import geobox
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> area_map = eow.AreaMap(cube)
        >>> layer = area_map.show_image(np.zeros((40, 40, 4), "uint8"), geobox(cube), "mask")
        >>> area_map.drop_image("mask")
        >>> area_map.image("mask") is None
        True
        """
        layer = self.image(name)
        if layer is not None:
            self.layers = tuple(x for x in self.layers if x is not layer)
        if self._legends.pop(name, None):
            self._write_legend()

    def _write_legend(self) -> None:
        parts = "".join(f"<section>{legend.html()}</section>" for legend in self._legends.values())
        self._legend.value = f'<style>{_CSS}</style><div class="eow-map-legend">{parts}</div>'
