"""Map, time viewer, pixel chart and panels as one linked view."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from html import escape
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Unpack, cast

import ipywidgets
import traitlets
import xarray as xr

from eowidgets.analysis.notebook import write_notebook
from eowidgets.arguments import MODEL, FilePath, checked
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import georeference
from eowidgets.cube.opening import opening
from eowidgets.cube.vectors import as_bands, holds_vectors
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.widgets.base import AreaTrait, PlainErrors, ReadableRepr, css
from eowidgets.widgets.late_tabs import LateTabs
from eowidgets.widgets.layers_panel import LayersPanel
from eowidgets.widgets.map_inset import MapInset
from eowidgets.widgets.panels.notebook_export import MODEL_LINE, NOT_AGAIN
from eowidgets.widgets.recorder import Recorder
from eowidgets.widgets.session_panel import SessionPanel
from eowidgets.widgets.share_panel import SharePanel
from eowidgets.widgets.tour import Tour
from eowidgets.widgets.viewer.time_viewer import TimeViewer
from eowidgets.widgets.viewer.typed import ExplorerOptions

if TYPE_CHECKING:
    from eowidgets.contract.model import Model
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.panels.model_panel import ModelPanel


@checked
class Explorer(ReadableRepr, PlainErrors, ipywidgets.GridBox):
    """Everything that a cube offers, linked: one date, one area, one set of pins.

    Parameters
    ----------
    cube : Dataset
    model : str, Model or Model class
        Model shown first in the panel: the name of a registered model, or a model of your own.
    tour : bool, optional
        Whether a tour of three steps is shown; if not given, until it was closed in this browser.
    **viewer
        Traits of the :class:`TimeViewer`, such as ``index="NDVI"`` or ``date="2019-07-06"``.

    Attributes
    ----------
    map : AreaMap
    viewer : TimeViewer
    panel : ModelPanel
    recorder : Recorder
        The steps of this session; see :meth:`to_notebook`.
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

    date: str = cast("str", traitlets.Unicode())
    area: Any = AreaTrait(allow_none=True)
    pins: Any = traitlets.List()

    def __init__(
        self,
        cube: xr.Dataset,
        model: Annotated[str | Model | type[Model], MODEL] = "fill-auto",
        *,
        tour: bool | None = None,
        **viewer: Unpack[ExplorerOptions],
    ) -> None:
        options: dict[str, Any] = {"height": 380, **dict(viewer)}
        self.viewer = TimeViewer(cube, **options)
        vectors = holds_vectors(cube)
        self._vectors = as_bands(georeference(admit(cube, time=False))) if vectors else None
        self.viewer.add_class("eow-explorer-viewer")
        self.recorder = Recorder(self.viewer)
        self._model = model
        self._map: AreaMap | None = None
        self._panel: ModelPanel | None = None
        self._style = ipywidgets.HTML(f"<style>{css('explorer')}</style>", layout={"display": "none"})
        self._wait = ipywidgets.HTML("<div class='eow-wait' role='status'>Map and models are being loaded ...</div>")
        self._wait.add_class("eow-panels")
        self._tour = () if tour is False else (Tour(always=bool(tour)),)
        super().__init__(children=(self._style, self.viewer, self._wait, *self._tour))
        self.add_class("eow-explorer")
        for name in ("date", "pins", "area"):
            self.set_trait(name, getattr(self.viewer, name))
            traitlets.link((self, name), (self.viewer, name))
        _soon(self._furnish_later, self._furnish)

    @traitlets.validate("date", "pins")
    def _as_in_the_viewer(self, proposal: Any) -> Any:
        """Take over the viewer's version of a value: the nearest date, and a colour for each pin."""
        name = proposal["trait"].name
        setattr(self.viewer, name, proposal["value"])
        return getattr(self.viewer, name)

    def _furnish(self) -> None:
        """Create map and panel after the viewer is on screen: their libraries take over two seconds to import."""
        if self._map is not None:
            return
        from eowidgets.widgets.map.area_map import AreaMap
        from eowidgets.widgets.panels.model_panel import ModelPanel

        area_map = AreaMap(self.viewer.cube, height="100%")
        panel = ModelPanel(self.cube, self._model, viewer=self.viewer, map=area_map)
        self._map, self._panel = area_map, panel
        for name in ("date", "pins", "area"):
            traitlets.link((self, name), (area_map, name))
        traitlets.link((self, "area"), (panel, "area"))
        self.recorder.follow(panel)
        area_map.frames.follow(self.viewer)
        tabs = LateTabs(
            {
                "Models": lambda: panel,
                "Teach": lambda: self._panel_of("teach_panel", "TeachPanel"),
                "Change": lambda: self._panel_of("change_panel", "ChangePanel"),
                "Forecast": lambda: self._panel_of("forecast_panel", "ForecastPanel"),
                "Measure": lambda: self._panel_of("measure_panel", "MeasurePanel"),
                "Ask": lambda: self._panel_of("ask_panel", "AskPanel"),
                "Layers": lambda: LayersPanel(self.viewer, area_map),
                "Share": lambda: SharePanel(self.viewer),
                "Session": lambda: SessionPanel(self),
            }
        ).add_class("eow-panels")
        tabs.observe(lambda _: _activate(tabs), names="selected_index")
        self.children = (self._style, self.viewer, MapInset(area_map), tabs, *self._tour)
        self._wait.close()

    def _panel_of(self, module: str, name: str) -> Any:
        panel = getattr(import_module(f"eowidgets.widgets.panels.{module}"), name)(
            self.cube, viewer=self.viewer, map=self.map
        )
        # The panels for change and questions do not link their area themselves; in the teach panel drawn areas are labels.
        if name != "TeachPanel":
            traitlets.link((self, "area"), (panel, "area"))
        if name == "MeasurePanel":
            panel.on_open(self.recorder.follow)
        else:
            self.recorder.follow(panel)
        return panel

    def _furnish_later(self) -> None:
        # No cell can show an error here: it is shown instead of map and panel.
        try:
            self._furnish()
        except EowidgetsError as error:
            self._wait.value = f"<div class='eow-bad' role='alert'>{escape(str(error))}</div>"

    @property
    def map(self) -> AreaMap:
        """Return the map."""
        self._furnish()
        assert self._map is not None  # noqa: S101
        return self._map

    @property
    def panel(self) -> ModelPanel:
        """Return the model panel."""
        self._furnish()
        assert self._panel is not None  # noqa: S101
        return self._panel

    @property
    def cube(self) -> xr.Dataset:
        """Return the cube shown; of vectors, the numbers of which the viewer shows the components."""
        return self.viewer.cube if self._vectors is None else self._vectors

    @property
    def result(self) -> xr.Dataset | None:
        """Return the last result of the model panel."""
        found: xr.Dataset | None = self.panel.result
        return found

    def code(self) -> str:
        """Return the code of a cell that runs what the panel has chosen and opens this view.

        Returns
        -------
        str
            Python code.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> explorer = eow.Explorer(tiny_cube(), "fill-linear", tour=False)
        >>> "eow.Explorer" in explorer.code()
        True
        """
        code = self.panel.code()
        model = "model" if MODEL_LINE in code.splitlines() else repr(self.panel.model)
        return f"{code}\neow.Explorer(cube, {model}, date={self.date!r})"

    def to_notebook(self, path: FilePath = "session.ipynb") -> Path:
        """Write what was done here, step by step, as a notebook that runs again and passes nbval.

        Parameters
        ----------
        path : str or Path
            Ends in ``.ipynb``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError, SourceError
            If nothing was done yet, the cube cannot be opened again by name, or the file cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> explorer = eow.Explorer(eow.open("romania"))
        >>> explorer.to_notebook("session.ipynb")  # doctest: +SKIP
        """
        source = opening(self.cube)
        if source is None:
            raise InputError(NOT_AGAIN)
        if not len(self.recorder):
            raise InputError(
                "Nothing was done in this Explorer yet: change the view, run a model or ask, then write it."
            )
        return write_notebook(path, str(self.cube.attrs.get("title") or "A session"), self.recorder.cells(source))

    def __repr__(self) -> str:
        """Return what is shown; the same for the same view."""
        return repr(self.viewer).replace("TimeViewer", "Explorer", 1)


def _activate(tabs: LateTabs) -> None:
    """Use clicks on the picture as labels only while the tab of their panel is open."""
    for number, tab in enumerate(tabs.children):
        for panel in tab.children:
            if panel.has_trait("active"):
                panel.active = number == tabs.selected_index


def _soon(later: Callable[[], None], now: Callable[[], None]) -> None:
    """Call a function after the current cell has shown its result; immediately without a kernel."""
    from IPython import get_ipython

    if getattr(get_ipython(), "kernel", None) is None:
        now()
    else:
        asyncio.get_running_loop().call_later(0.05, later)
