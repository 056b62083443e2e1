"""A panel with four parts: seasons and trends, parcels, accuracy, stations."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets
import xarray as xr

from eowidgets.arguments import checked
from eowidgets.cube.admission import admit
from eowidgets.errors import unknown
from eowidgets.widgets.base import AreaTrait, PlainErrors, ReadableRepr
from eowidgets.widgets.late_tabs import created

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: Title of each part, its module and its class.
PARTS = {
    "Seasons": ("season_panel", "SeasonPanel"),
    "Parcels": ("parcel_panel", "ParcelPanel"),
    "Accuracy": ("sample_panel", "SamplePanel"),
    "Stations": ("station_panel", "StationPanel"),
}
TOOLTIPS = (
    "Start, peak and end of seasons, trends, anomalies, recovery",
    "A value per polygon and date",
    "Draw a sample of a map, label it, and get areas with intervals",
    "Compare measurements on the ground with pixels",
)


@checked
class MeasurePanel(ReadableRepr, PlainErrors, ipywidgets.VBox):
    """Measure a cube, and test a map of it: four panels, each created when it is opened.

    Parameters
    ----------
    cube : Dataset
    viewer : TimeViewer, optional
        Where pixels and parcels are clicked, and results are layers. Without it and a map a small one is created.
    map : AreaMap, optional
        The same on a map.

    Attributes
    ----------
    area : dict or None
        GeoJSON geometry that measurements are limited to.
    part : {"Seasons", "Parcels", "Accuracy", "Stations"}
        The panel that is open.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.MeasurePanel(eow.open("romania"))
    MeasurePanel: Seasons
    """

    area: Any = AreaTrait(allow_none=True)

    def __init__(self, cube: xr.Dataset, *, viewer: TimeViewer | None = None, map: AreaMap | None = None) -> None:
        self.cube, self.map = admit(cube), map
        own: tuple[Any, ...] = ()
        if viewer is None and map is None:
            from eowidgets.widgets.viewer.time_viewer import TimeViewer

            viewer = TimeViewer(self.cube, height=240, chart=False)
            own = (viewer,)
        self.viewer = viewer
        self._panels: dict[str, Any] = {}
        self._opened: tuple[Any, ...] = ()
        self._parts = ipywidgets.ToggleButtons(
            options=list(PARTS),
            tooltips=list(TOOLTIPS),
            style={"button_width": "auto"},
            layout={"width": "auto"},
        )
        self._parts.add_class("eow-measure-parts")
        self._place = ipywidgets.VBox()
        self._parts.observe(lambda _: self._show(), names="value")
        super().__init__((*own, self._parts, self._place))
        self._show()
        if own:
            traitlets.link((viewer, "area"), (self, "area"))

    @property
    def part(self) -> str:
        """Return the title of the tab that is open."""
        return str(self._parts.value)

    @part.setter
    def part(self, title: str) -> None:
        if title not in PARTS:
            raise unknown("part", title, PARTS)
        self._parts.value = title

    def _show(self) -> None:
        self._place.children = (created(lambda: self.panel(self.part)),)

    def panel(self, title: str) -> Any:
        """Return the panel of a part, created at the first call.

        Parameters
        ----------
        title : {"Seasons", "Parcels", "Accuracy", "Stations"}

        Returns
        -------
        Panel
            The panel.

        Raises
        ------
        InputError
            For another title, or a cube that the panel refuses.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.MeasurePanel(tiny_cube())
        """
        if title not in PARTS:
            raise unknown("part", title, PARTS)
        if title not in self._panels:
            module, name = PARTS[title]
            made = getattr(import_module(f"eowidgets.widgets.panels.{module}"), name)
            panel = made(self.cube, viewer=self.viewer, map=self.map)
            traitlets.link((self, "area"), (panel, "area"))
            self._panels[title] = panel
            for opened in self._opened:
                opened(panel)
        return self._panels[title]

    def on_open(self, callback: Callable[[Any], None]) -> None:
        """Call ``callback(panel)`` for each panel that is created, and for those that were.

        Parameters
        ----------
        callback : callable
            Takes a panel.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.MeasurePanel(tiny_cube())
        >>> panel.on_open(lambda opened: None)
        """
        self._opened = (*self._opened, callback)
        for panel in self._panels.values():
            callback(panel)

    def close(self) -> None:
        """Cancel the work of the panels, and close them.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.MeasurePanel(tiny_cube())
        >>> panel.close()
        """
        for panel in self._panels.values():
            panel.close()
        super().close()

    def __repr__(self) -> str:
        """Return the title of the panel that is open."""
        return f"MeasurePanel: {self.part}"
