"""A panel that measures parcels: import outlines, see them coloured by date, compare series, find outliers, save the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
import traitlets
import xarray as xr

from eowidgets.analysis.measure.parcels.measure import ParcelRequest, PolygonsLike
from eowidgets.analysis.measure.parcels.outlines import Outlines, read_outlines
from eowidgets.analysis.measure.parcels.parcels import Parcels
from eowidgets.analysis.measure.parcels.reported import parcel_report
from eowidgets.analysis.measure.parcels.statistics import DEFAULT
from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.notebook import Cells
from eowidgets.analysis.planned import planned_index
from eowidgets.arguments import Name, checked
from eowidgets.contract.call import Call, Given
from eowidgets.contract.params import NoParams
from eowidgets.cube.admission import admit
from eowidgets.cube.area import Area
from eowidgets.cube.export.place import write_whole
from eowidgets.engine.cost import Planned
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import InputError, shown
from eowidgets.render.feed import ENOUGH
from eowidgets.widgets.chart.pixel_chart import PixelChart
from eowidgets.widgets.panels.panel import FormPanel
from eowidgets.widgets.panels.panel_view import select
from eowidgets.widgets.panels.parcel_layers import ParcelLayers, place_of
from eowidgets.widgets.panels.parcel_panel_view import EMPTY, ParcelPanelView
from eowidgets.widgets.places import free_color
from eowidgets.widgets.viewer.time_viewer import FAVOURITES

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: Parcels that are compared at a time, as many as a viewer has pins.
MOST = 6


@checked
class ParcelPanel(FormPanel, ParcelPanelView):
    """Measure parcels: a value per polygon and date.

    Outlines come from a file or are drawn on the picture. The parcels are coloured by date on picture and map; a pin in a
    parcel shows its series, several pins compare.

    Parameters
    ----------
    cube : Dataset
    polygons : optional
        Whatever ``eow.parcels`` takes.
    viewer : TimeViewer, optional
        Where polygons are drawn and parcels are clicked. Without it and a map the panel makes a small one.
    map : AreaMap, optional
        The same on a map.

    Attributes
    ----------
    pins : list of dict
        Places that were clicked; the parcels under them are compared.
    area : dict or None
        GeoJSON geometry.
    result : Parcels or None
        As from ``eow.parcels``.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.ParcelPanel(eow.open("romania"))
    ParcelPanel: no parcels, NDVI, not measured yet
    """

    pins: Any = traitlets.List(traitlets.Dict())
    result: Any = traitlets.Any(None)
    _noun = "measurement"
    _running_words = "Measuring the parcels ..."

    def __init__(
        self,
        cube: xr.Dataset,
        polygons: PolygonsLike | None = None,
        *,
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
    ) -> None:
        self._look_at(admit(cube), viewer, map)
        subjects = index_choices(self.cube)
        self._outlines: Outlines | None = None
        self._given: Any = None
        self._file: tuple[str, bytes] | None = None
        self._layers = ParcelLayers(self.cube, self.viewer, map)
        self.chart = PixelChart(self.cube, subjects[0][1], height=200)
        super().__init__(subjects, self.chart)
        self._show_params(NoParams())
        self._listen()
        self._show_chart()
        if polygons is None:
            self._say(EMPTY)
        else:
            self.load(polygons)

    def _listen(self) -> None:
        self._connect()
        if self.viewer is not None:
            traitlets.link((self.viewer, "pins"), (self, "pins"))
        if self.map is not None:  # if both differ, the viewer's is kept
            ends = ((self, "pins"), (self.map, "pins"))
            traitlets.link(*(ends if self.viewer is not None else reversed(ends)))
        self.observe(lambda _: self._guard(self._show_chart), names="pins")
        self._upload.observe(lambda change: self._guard(lambda: self._take_files(change["new"])), names="value")
        self._take.on_click(lambda _: self._guard(self.take_drawn))
        for control in (self._name, self._what):
            control.observe(self._refresh, names="value")
        self._stat.observe(lambda _: self._guard(self._show_values), names="value")
        self._colour.observe(lambda _: self._guard(self._show_values), names="value")
        self._find.observe(lambda change: self._guard(lambda: self._found_by_name(change["new"])), names="value")
        self._forget.on_click(lambda _: self.set_pins([]))
        self._search.on_click(lambda _: self._guard(self.find_outliers))
        self._list.observe(lambda change: self._guard(lambda: self._picked(change["new"])), names="value")
        (self.viewer if self.viewer is not None else self.map).observe(self._moved_date, names="date")

    # --- polygons -----------------------------------------------------------------------------------------------

    def load(self, polygons: PolygonsLike, name: Name | None = None) -> None:
        """Take polygons to be measured.

        Parameters
        ----------
        polygons : optional
            Whatever ``eow.parcels`` takes.
        name : str, optional
            The column with the names.

        Raises
        ------
        InputError, SourceError, MissingExtraError
            If there is no polygon in it, or it cannot be read.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> panel = eow.ParcelPanel(cube, [field])
        >>> panel.load([field])
        """
        outlines = read_outlines(polygons, name)
        self._file = None
        self._keep(outlines, polygons, Path(polygons).name if isinstance(polygons, str | Path) else "", name)

    def take_drawn(self) -> None:
        """Take the polygons and the area that are drawn on the picture or the map.

        Raises
        ------
        InputError
            If nothing is drawn.
        """
        drawn = [*getattr(self.viewer, "polygons", ())]
        features = [{"type": "Feature", "properties": {"name": p["name"]}, "geometry": p["geometry"]} for p in drawn]
        if not features and self.area is not None:
            features = [{"type": "Feature", "properties": {"name": "area"}, "geometry": dict(self.area)}]
        if not features:
            raise InputError("No polygon is drawn: draw one on the picture, or import a file.")
        for number, feature in enumerate(features, 1):
            if feature["properties"]["name"] in ("polygon", ""):
                feature["properties"]["name"] = f"polygon {number}"
        self._file = None
        collection = {"type": "FeatureCollection", "features": features}
        self.where = "all"
        self._keep(read_outlines(collection), collection, "the picture", None)

    def _take_files(self, files: Any) -> None:
        for file in list(files or ())[-1:]:
            name, content = Path(str(file["name"])).name[-100:], bytes(file["content"])
            with TemporaryDirectory() as folder:
                path = Path(folder, name)
                path.write_bytes(content)
                outlines = read_outlines(path)
            self._file = name, content
            self._keep(outlines, name, name, None)

    def _keep(self, outlines: Outlines, given: Any, origin: str, name: str | None) -> None:
        self._outlines, self._given = outlines, given
        columns = [str(c) for c in outlines.columns.columns if c != "parcel"]
        where = f" of {origin}" if origin else ""
        count = len(outlines)
        self._show_source(f"{count} parcel{'s' if count != 1 else ''}{where}", columns, name)
        notes = " ".join(outlines.notes)
        self._say(f"Choose an index and measure. {notes}".strip())
        self._refresh()

    @property
    def index(self) -> str:
        """Return the index or band to measure."""
        return str(self._what.value)

    @index.setter
    def index(self, name: str) -> None:
        select(self._what, name, "index or band")

    @property
    def stat(self) -> str:
        """Return the statistic that is shown."""
        return str(self._stat.value)

    @stat.setter
    def stat(self, name: str) -> None:
        select(self._stat, name, "statistic")

    def _planned(self) -> Planned | None:
        if self._outlines is None:
            return None
        return planned_index("parcels", self.cube, [self.index], Area.of(shapely.box(*self._outlines.bounds)))

    # --- measuring ----------------------------------------------------------------------------------------------

    def _options(self) -> dict[str, Any]:
        name = self._name.value or None
        area = self._drawn() if self.where == "area" else None
        return {"name": name, "area": area}

    def code(self) -> str:
        """Return the code of a cell that computes the same result.

        Returns
        -------
        str
            Python code.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> panel = eow.ParcelPanel(cube, [field])
        >>> "eow.parcels" in panel.code()
        True
        """
        options = {k: v for k, v in self._options().items() if v is not None}
        polygons = (
            self._given if isinstance(self._given, str | dict) else Given("polygons", "the outlines of the parcels")
        )
        if isinstance(self._given, Path):
            polygons = str(self._given)
        asked = {"polygons": polygons, **({} if self.index == "NDVI" else {"indices": self.index}), **options}
        lines = [Call("parcels", asked, target="parcels").code(self._source())]
        lines.append("parcels.table")
        return "\n".join(lines)

    def _cells(self, source: str) -> Cells:
        if self.result is None:
            raise InputError("There is no result yet: measure the parcels first.")
        if self._file is not None:
            name, content = self._file
            if not Path(name).exists():  # the notebook reads the file that was imported
                write_whole(Path.cwd() / name, lambda path: path.write_bytes(content))
        elif not isinstance(self._given, str | dict | Path):
            raise InputError("The outlines came from a variable: save them to a file, and load that, for a notebook.")
        return super()._cells(source)

    def _submit(self) -> Work[Parcels]:
        if self._outlines is None:
            raise InputError(EMPTY)
        index, options, given = self.index, self._options(), self._given
        work = Work(f"parcels, {index}", lambda w: self._work(w, index, given, options), owner=self)
        self._follow(work, done=self._show_result)
        HEAVY.put(work)
        return work

    def _work(self, work: Work[Parcels], index: str, given: Any, options: dict[str, Any]) -> Parcels:
        def watch(share: float) -> None:
            work.checkpoint()
            if self._is_time():
                self._bar.value = share

        with TemporaryDirectory() as folder:
            if self._file is not None:
                given = Path(folder, self._file[0])
                given.write_bytes(self._file[1])
            request = ParcelRequest(self.cube, given, index, DEFAULT, **options)
        return request.measure(watch)

    def _show_result(self, found: Parcels) -> None:
        columns = [
            c for c in found.measured.columns if c not in ("parcel", "name", "pixels", "size", "overlap", "geometry")
        ]
        self._show_found(found.ids, columns)
        self._save.disabled = False
        self._say(str(found.report) + (" Click a parcel to see its series." if self.viewer or self.map else ""))
        self.result = found
        self.chart.date = self._day()
        self._show_values()

    # --- what is shown ------------------------------------------------------------------------------------------

    def _needed(self) -> Parcels:
        if self.result is None:
            raise InputError("There is no result yet: measure the parcels first.")
        found: Parcels = self.result
        return found

    def _show_values(self) -> None:
        """Colour the parcels by the statistic chosen, and draw the series."""
        if self.result is None:
            return
        if self._colour.value:
            self._layers.show(self.result, self.result.indices[0], self.stat)
        else:
            self._layers.drop()
        self._show_chart()

    def _moved_date(self, change: Any) -> None:
        self.chart.date = str(change["new"])[:10]
        self._guard(self._layers.paint)

    @property
    def selected(self) -> list[str]:
        """Return the ids of the parcels under the pins, in the order of the pins."""
        return [self._needed().ids[at] for at in self._under_pins()] if self.result is not None else []

    def _under_pins(self) -> dict[int, str]:
        """Return the position of each parcel with a pin, and its colour."""
        found: dict[int, str] = {}
        for pin in self.pins:
            at = self._layers.at(float(pin["lon"]), float(pin["lat"])) if "lon" in pin else None
            if at is not None and at not in found:
                found[at] = str(pin["color"])
        return found

    def _show_chart(self) -> None:
        """Draw the series of the selected parcels."""
        lines = [] if self.result is None else [self._line(at, color) for at, color in self._under_pins().items()]
        self.chart.layout.display = None if lines else "none"
        with self.chart.hold_sync():
            self.chart.title = "" if self.result is None else f"{self.result.indices[0]}, {self.stat}"
            self.chart.series = lines
        self._show_chosen([(line["name"], line["color"]) for line in lines])

    def _line(self, at: int, color: str) -> dict[str, Any]:
        found: Parcels = self.result
        stamps = found.times.astype("datetime64[ms]").astype("int64").tolist()
        values = {stat: held[0, at] for stat, held in found.values.items()}
        line = {
            "name": str(found.measured["name"].iloc[at]),
            "color": color,
            "stamps": stamps,
            "dates": [str(t)[:10] for t in found.times],
            "values": _plain(values[self.stat]),
            "hollow": (values["clear"] < ENOUGH).astype(int).tolist(),
        }
        if self.stat in ("mean", "median") and len(self._under_pins()) == 1:
            line |= {"low": _plain(values["p10"]), "high": _plain(values["p90"])}
        return line

    # --- selecting ----------------------------------------------------------------------------------------------

    def set_pins(self, pins: Sequence[dict[str, Any]]) -> None:
        """Set the pins of panel, viewer and map.

        Parameters
        ----------
        pins : sequence of dict
            ``{"lon", "lat", "color", "name"}`` of each pin.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> panel = eow.ParcelPanel(cube, [field])
        >>> panel.set_pins([{"lon": 27.0, "lat": 45.15}])
        """
        self.pins = list(pins)

    def select(self, names: Name | Sequence[Name]) -> None:
        """Pin parcels by id or name, in place of those that are pinned, and bring the last one into view.

        Parameters
        ----------
        names : str or sequence of str
            At most six are pinned.

        Raises
        ------
        InputError
            For an unknown parcel, or before there is a result.
        """
        found = self._needed()
        listed = [names] if isinstance(names, str) else list(names)
        positions = [found.position(name) for name in listed[:MOST]]
        pins: list[dict[str, Any]] = []
        for at in positions:
            lon, lat = place_of(found, at)
            pins.append({"lon": lon, "lat": lat, "color": free_color(p["color"] for p in pins)})
        self.pins = pins
        if positions:
            self._layers.look_at(positions[-1])

    def _found_by_name(self, name: str) -> None:
        if name.strip():
            kept = [one for one in self.selected if one != name][-(MOST - 1) :]
            self.select([*kept, self._needed().ids[self._needed().position(name)]])

    def find_outliers(self) -> Any:
        """List the parcels whose series is far from the median series of their class, and return all as a table.

        Returns
        -------
        DataFrame or None
            One row per parcel.
        """
        found = self._needed().outliers(self._class.value or None, stat=self.stat)
        self._show_outliers(found)
        count, judged, out = int(found["outlier"].sum()), len(found), len(found.attrs["left_out"])
        rest = f" {out} parcels could not be tested: too few of their class, or too few clear dates." if out else ""
        self._say(f"{count} of {judged} parcels are outliers: choose one to show it.{rest}")
        return found

    def _picked(self, name: str | None) -> None:
        if name:
            self.select(name)

    # --- files --------------------------------------------------------------------------------------------------

    def _write(self, target: Path) -> Path:
        return self._needed().save(target)

    def _report(self) -> Report:
        return parcel_report(self._needed(), self.cube, date=self._day(), stat=self.stat)

    def close(self) -> None:
        """Cancel the run in progress, remove the layer, and close the panel.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> field = eow.Area.of(cube.eow.bounds, name="field")
        >>> panel = eow.ParcelPanel(cube, [field])
        >>> panel.close()
        """
        self._layers.drop()
        super().close()

    def __repr__(self) -> str:
        """Return what is chosen and whether it was measured."""
        have = "no parcels" if self._outlines is None else f"{len(self._outlines)} parcels"
        done = "not measured yet" if self.result is None else f"{self.result.report.measured} measured"
        return f"ParcelPanel: {have}, {self.index}, {done}"


def index_choices(cube: xr.Dataset) -> list[tuple[str, str]]:
    """Return indices and bands that can be measured, the usual ones first."""
    indices, bands = cube.eow.indices, cube.eow.bands
    names = dict.fromkeys([*(n for n in FAVOURITES if n in indices), *bands, *indices])
    if not names:
        raise InputError(f"The cube has no band to measure (found: {shown(', '.join(map(str, cube.data_vars)))}).")
    return [(n, n) for n in names]


def _plain(values: Any) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]
