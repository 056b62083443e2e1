"""Map, time viewer, pixel chart and model panel as one linked view."""

from __future__ import annotations

from typing import Any

import ipywidgets
import traitlets
import xarray as xr

from eowidgets.widgets.area_map import AreaMap
from eowidgets.widgets.base import AreaTrait, css
from eowidgets.widgets.model_panel import ModelPanel
from eowidgets.widgets.time_viewer import TimeViewer


class Explorer(ipywidgets.GridBox):
    """Everything that a cube offers, linked: one date, one area, one set of pins.

    Parameters
    ----------
    cube : Dataset
    model : str
        Model shown first in the panel.
    **viewer
        Traits of the :class:`TimeViewer`, such as ``index="NDVI"`` or ``date="2019-07-06"``.

    Attributes
    ----------
    map : AreaMap
    viewer : TimeViewer
    panel : ModelPanel
    date : str
    area : dict or None
        GeoJSON geometry in degrees.
    pins : list of dict

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.Explorer(eow.open("romania"), date="2019-07-06")
    Explorer: Forest in Romania, Sentinel-2, 2015-08 to 2021-01, 140 dates, 100 × 100 px, 2019-07-06, true colour
    """

    date: Any = traitlets.Unicode()
    area: Any = AreaTrait(allow_none=True)
    pins: Any = traitlets.List()

    def __init__(self, cube: xr.Dataset, model: str = "fill-linear", **viewer: Any) -> None:
        self.viewer = TimeViewer(cube, **{"height": 330, **viewer})
        self.map = AreaMap(cube, height="300px")
        self.panel = ModelPanel(cube, model, viewer=self.viewer, map=self.map)
        style = ipywidgets.HTML(f"<style>{css('explorer')}</style>")
        side = ipywidgets.VBox([style, self.map, self.map.layer_list, self.panel])
        side.add_class("eow-side")
        super().__init__(children=(side, self.viewer))
        self.add_class("eow-explorer")
        self.area = self.viewer.area
        for name in ("date", "pins", "area"):
            self.set_trait(name, getattr(self.viewer, name))
            traitlets.link((self, name), (self.viewer, name))
            traitlets.link((self, name), (self.map, name))
        traitlets.link((self, "area"), (self.panel, "area"))
        traitlets.dlink((self.viewer, "bands"), (self.map, "bands"), tuple)

    @property
    def cube(self) -> xr.Dataset:
        """The cube shown."""
        return self.viewer.cube

    @property
    def result(self) -> xr.Dataset | None:
        """The last result of the model panel."""
        found: xr.Dataset | None = self.panel.result
        return found

    def code(self) -> str:
        """The cell that makes this view and runs what the panel has chosen."""
        return self.panel.code() + f"\neow.Explorer(cube, {self.panel.model!r}, date={self.date!r})"

    def __repr__(self) -> str:
        """What is shown, the same every time."""
        return repr(self.viewer).replace("TimeViewer", "Explorer", 1)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        (bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"] = repr(self)
        return bundle
