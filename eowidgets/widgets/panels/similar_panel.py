"""Panel that searches places similar to the pinned ones, with a picture, a link and a rating of each match."""

from __future__ import annotations

from typing import Any

import ipywidgets
import numpy as np
import xarray as xr

from eowidgets.analysis.measure.report.content import Report, Table
from eowidgets.arguments import Count, NotNegative, checked
from eowidgets.cube.admission import admit
from eowidgets.cube.globe import locate
from eowidgets.cube.grid import geobox, georeference
from eowidgets.cube.vectors import holds_vectors
from eowidgets.engine.cost import Planned, planned_run
from eowidgets.engine.scheduler import LIGHT
from eowidgets.engine.work import Work
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.learn.embed import SERIES, embed
from eowidgets.learn.index.index import Index
from eowidgets.learn.index.matches import Matches
from eowidgets.render.picture import draw, png
from eowidgets.render.source import FrameSource
from eowidgets.render.style import Style, default_bands
from eowidgets.render.window import Window
from eowidgets.widgets.panels.panel import Panel
from eowidgets.widgets.panels.priced import Priced

#: Pixels to each side of a place on its picture, and side of the picture on the screen.
AROUND, SIDE = 12, 72
#: Pixels to each side that the viewer shows of a place.
VIEW = 40


@checked
class SimilarPanel(Priced, Panel, ipywidgets.VBox):
    """Find places that look like the pins of a viewer, and rate what was found.

    Parameters
    ----------
    cube : Dataset
        Pictures are of it; without an index it is searched.
    index : Index, optional
        By default the features of the time series of the cube, computed at the first search.
    viewer, map : optional
        Where pins are set, and where an answer is shown when it is clicked; by default a small viewer.
    k : int
        Answers.
    apart : float
        Metres between two answers.

    Attributes
    ----------
    like, unlike : list of (float, float)
        Answers that were rated as right and as wrong: examples of the next search, next to the pins.
    matches : Matches or None
        What was found.

    Raises
    ------
    InputError
        For a cube without CRS.

    Examples
    --------
    >>> import eowidgets as eow
    >>> panel = eow.SimilarPanel(eow.open("romania"))  # doctest: +SKIP
    """

    _lane = LIGHT

    def __init__(
        self,
        cube: xr.Dataset,
        index: Index | None = None,
        *,
        viewer: Any = None,
        map: Any = None,
        k: Count = 12,
        apart: NotNegative = 100.0,
    ) -> None:
        self._look_at(georeference(admit(cube)), viewer, map)
        self.index, self.k, self.apart = index, k, apart
        self.like: list[tuple[float, float]] = []
        self.unlike: list[tuple[float, float]] = []
        self.matches: Matches | None = None
        self.searching: Work[Any] | None = None
        self._frames = FrameSource(self.cube)
        wide = {"width": "auto"}
        self._search = ipywidgets.Button(
            description="Find similar places", button_style="primary", icon="search", layout=wide
        )
        self._forget = ipywidgets.Button(description="Remove ratings", icon="eraser", layout=wide)
        self._message = ipywidgets.HTML("Pin one or more places in the picture, then search.")
        self._answers = ipywidgets.Box(layout={"flex_flow": "row wrap", "width": "100%"})
        self._search.on_click(lambda _: self._guard(self.search))
        self._forget.on_click(lambda _: self._start_again())
        picture = () if self._own_viewer is None else (self._own_viewer,)
        self._to_report = ipywidgets.Button(
            description="Report",
            icon="file-text-o",
            tooltip="Write the places as a report page to share or print",
            layout=wide,
        )
        self._to_report.on_click(lambda _: self._guard(self.report))
        self._price = ipywidgets.HTML()
        buttons = ipywidgets.HBox((self._search, self._forget, self._to_report, self._price))
        super().__init__((*picture, buttons, self._message, self._answers))
        self.add_class("eow-similar-panel")
        self._link_own_viewer()
        self._price_soon()

    def _planned(self) -> Planned | None:
        """Return the size of the first search; later ones use its index."""
        return None if self.index is not None or holds_vectors(self.cube) else planned_run(SERIES, self.cube)

    def close(self) -> None:
        """Cancel the work of this panel, and close it and the viewer that was made for it.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.SimilarPanel(tiny_cube())
        >>> panel.close()
        """
        self._forget_price()
        super().close()

    def search(self) -> Work[Any]:
        """Search in the background, with pins and ratings as examples.

        Returns
        -------
        Work
            Background work.

        Raises
        ------
        InputError
            Without a pin or a rating.
        """
        pins = [pin for pin in getattr(self.viewer or self.map, "pins", ()) if "lon" in pin]
        like = [(pin["lon"], pin["lat"]) for pin in pins] + self.like
        if not like:
            raise InputError("There is no example: pin a place in the picture or on the map first.")
        self._say("Searching." if self.index is not None else "Computing the features of every pixel, then searching.")
        unlike = list(self.unlike)
        self.searching = LIGHT.submit("similar places", lambda _: self._found(like, unlike), owner=self)
        return self.searching

    def _found(self, like: list[tuple[float, float]], unlike: list[tuple[float, float]]) -> Matches | None:
        try:
            if self.index is None:
                self.index = Index.of(embed(self.cube))
                self._price_soon()
            self.matches = self.index.find(like, unlike or None, self.k, self.apart)
            self._answers.children = tuple(self._answer(i) for i in range(len(self.matches.table)))
        except EowidgetsError as error:
            self._say(str(error), bad=True)
            return None
        count = len(self._answers.children)
        self._say(f"{count} places, the most similar first. Click a name to go there; rate answers and search again.")
        return self.matches

    def _answer(self, i: int) -> ipywidgets.VBox:
        """Return the picture of a match, a button that goes there, and its rating."""
        assert self.matches is not None  # noqa: S101  (called with a result)
        row = self.matches.table.iloc[i]
        place = float(row.lon), float(row.lat)
        go = ipywidgets.Button(
            description=f"{i + 1} · {row.score:.2f}",
            tooltip=f"Go to place {i + 1}: {place[1]:.5f}° N, {place[0]:.5f}° E, score {row.score:.3f}",
            layout={"width": f"{SIDE}px"},
        )
        go.on_click(lambda _: self.look_at(*place))
        rating = ipywidgets.ToggleButtons(
            options=[("–", ""), ("✓", "like"), ("✗", "unlike")],
            tooltips=["Not rated", "Right: an example of the next search", "Wrong: a counter-example"],
            style={"button_width": "14px", "font_size": "11px"},
            layout={"width": f"{SIDE + 12}px"},
        )
        rating.observe(lambda change: self.rate(place, change["new"]), names="value")
        picture = ipywidgets.Image(value=self._picture(*place), format="png", width=SIDE, height=SIDE)
        return ipywidgets.VBox((picture, go, rating), layout={"margin": "4px", "width": f"{SIDE + 16}px"})

    def rate(self, place: tuple[float, float], rating: str) -> None:
        """Take an answer as an example (``"like"``), a counter-example (``"unlike"``), or neither (``""``).

        Parameters
        ----------
        place : (lon, lat)
            The place in degrees.
        rating : {"like", "unlike", ""}
            What the place is.

        Examples
        --------
        >>> from eowidgets.testing import tiny_cube
        """
        for kind, places in (("like", self.like), ("unlike", self.unlike)):
            if place in places:
                places.remove(place)
            if rating == kind:
                places.append(place)

    def look_at(self, lon: float, lat: float) -> None:
        """Centre the view on a place.

        Parameters
        ----------
        lon : float
            Longitude in degrees.
        lat : float
            Latitude in degrees.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.SimilarPanel(tiny_cube())
        >>> panel.look_at(27.0, 45.15)
        """
        if self.viewer is None:
            self.map.center = (lat, lon)
            return
        box = geobox(self.cube)
        column, row = (float(v) for v in locate(box, lon, lat))
        corners = [box.affine @ (column + step, row + step) for step in (-VIEW, VIEW)]
        (x0, y0), (x1, y1) = corners
        self.viewer.bounds = [float(v) for v in (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))]

    def _picture(self, lon: float, lat: float) -> bytes:
        """Draw the ground around a place, on the date of the viewer, without interpolation."""
        height, width = geobox(self.cube).shape
        column, row = (int(v) for v in locate(geobox(self.cube), lon, lat))
        left, top = (max(0, min(at - AROUND, n - 2 * AROUND)) for at, n in ((column, width), (row, height)))
        window = Window(left, top, min(width, left + 2 * AROUND), min(height, top + 2 * AROUND))
        style = Style(bands=default_bands(self._frames.bands))
        return png(draw(self._frames, style, self._date(), window))

    def _date(self) -> int:
        """Return the number of the date of the viewer, or of the one with the fewest clouds."""
        chosen = getattr(self.viewer, "date", None)
        if chosen:
            distance = np.abs(self.cube["time"].values - np.datetime64(str(chosen)[:19]))
            return int(distance.argmin())
        return len(self.cube["time"]) - 1

    def _report(self) -> Report:
        if self.matches is None:
            raise InputError("There is no search to report yet: pin a place, then search.")
        table = self.matches.table.drop(columns="geometry", errors="ignore")
        best = table.iloc[0]
        return Report(
            "Similar places",
            f"These {len(table)} places are the most similar to the examples; the best match is at {best.lat:.5f}° N, "
            f"{best.lon:.5f}° E.",
            tables=[Table.of(table, "Places, the most similar first", digits=7)],
            definitions={
                "score": "cosine similarity to the nearest example; with counter-examples a sum of standard scores"
            },
            citations=[str(self.cube.attrs["attribution"])] if self.cube.attrs.get("attribution") else [],
        )

    def _notebook_name(self) -> str:
        return "similar-places.ipynb"

    def _start_again(self) -> None:
        self.like, self.unlike = [], []
        self._answers.children = ()
        self._say("The ratings were removed. Pin one or more places in the picture, then search.")

    def _say(self, sentence: str, *, bad: bool = False, details: str = "") -> None:
        from html import escape

        kind = "eow-bad" if bad else "eow-good"
        self._message.value = f"<div class='{kind}' role='status'>{escape(sentence)}</div>"
