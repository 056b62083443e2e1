"""A panel that compares measurements on the ground with pixels: import a table, choose columns, read the agreement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import traitlets
import xarray as xr

from eowidgets.analysis.measure.report.content import Report
from eowidgets.analysis.measure.stations.columns import find_columns, read_file
from eowidgets.analysis.measure.stations.comparison import StationComparison
from eowidgets.analysis.measure.stations.match import StationTable, compare
from eowidgets.analysis.notebook import Cells
from eowidgets.analysis.planned import planned_index
from eowidgets.arguments import checked
from eowidgets.contract.call import Call, Given
from eowidgets.contract.params import NoParams
from eowidgets.cube.admission import admit
from eowidgets.cube.export.place import write_whole
from eowidgets.engine.cost import Planned
from eowidgets.engine.scheduler import HEAVY
from eowidgets.engine.work import Work
from eowidgets.errors import InputError
from eowidgets.widgets.chart.pixel_chart import PixelChart
from eowidgets.widgets.panels.panel import FormPanel
from eowidgets.widgets.panels.panel_view import select
from eowidgets.widgets.panels.parcel_panel import index_choices
from eowidgets.widgets.panels.station_panel_view import COLUMNS, EMPTY, StationPanelView, scatter_html, scores_html
from eowidgets.widgets.places import AREA_COLOR, COLORS

if TYPE_CHECKING:
    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer


@checked
class StationPanel(FormPanel, StationPanelView):
    """Compare measurements on the ground with the pixels of a cube.

    Parameters
    ----------
    cube : Dataset
    table : DataFrame, str or Path, optional
        Whatever ``eow.stations`` takes.
    viewer : TimeViewer, optional
        Shows the place of the station that is chosen. Without it and a map the panel makes a small one.
    map : AreaMap, optional
        The same on a map.

    Attributes
    ----------
    result : StationComparison or None
        As from ``eow.stations``.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.StationPanel(eow.open("romania"))
    StationPanel: no measurements, NDVI, not compared yet
    """

    result: Any = traitlets.Any(None)
    _noun = "comparison"
    _running_words = "Comparing with the images ..."

    def __init__(
        self,
        cube: xr.Dataset,
        table: StationTable | None = None,
        *,
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
    ) -> None:
        self._look_at(admit(cube), viewer, map)
        subjects = index_choices(self.cube)
        self._table: pd.DataFrame | None = None
        self._given: Any = None
        self._file: tuple[str, bytes] | None = None
        self.chart = PixelChart(self.cube, subjects[0][1], height=200)
        super().__init__(subjects, self.chart)
        self._show_params(NoParams())
        self._connect()
        self._upload.observe(lambda change: self._guard(lambda: self._take_files(change["new"])), names="value")
        for control in (*self._columns.values(), self._what, self._tolerance, self._window):
            control.observe(self._refresh, names="value")
        self._what.observe(lambda _: self._guard(self._find), names="value")
        self._station.observe(lambda _: self._guard(self._show_station), names="value")
        if table is None:
            self._say(EMPTY)
        else:
            self.load(table)

    # --- measurements -------------------------------------------------------------------------------------------

    def load(self, table: StationTable) -> None:
        """Take measurements to be compared.

        Parameters
        ----------
        table : DataFrame, str or Path
            Measurements, as :func:`eowidgets.stations` takes them.

        Raises
        ------
        InputError, SourceError
            If the file cannot be read.
        InputError
            If a column is missing.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import pandas as pd
        >>> from eowidgets.testing import tiny_cube
        >>> panel = eow.StationPanel(tiny_cube())
        >>> panel.load(pd.DataFrame({"date": ["2019-02-01"], "lon": [27.0], "lat": [45.15], "value": [0.5]}))
        """
        found = table if isinstance(table, pd.DataFrame) else read_file(table)
        self._file = None
        self._keep(found, table, "" if isinstance(table, pd.DataFrame) else Path(table).name)

    def _take_files(self, files: Any) -> None:
        for file in list(files or ())[-1:]:
            name, content = Path(str(file["name"])).name[-100:], bytes(file["content"])
            with TemporaryDirectory() as folder:
                path = Path(folder, name)
                path.write_bytes(content)
                found = read_file(path)
            self._file = name, content
            self._keep(found, name, name)

    def _keep(self, table: pd.DataFrame, given: Any, origin: str) -> None:
        if not len(table):
            raise InputError("The table has no rows: give at least one measurement.")
        self._table, self._given = table, given
        self._show_source(f"{len(table)} rows{' of ' + origin if origin else ''}", [str(c) for c in table.columns], {})
        self._find()

    def _find(self) -> None:
        """Choose the columns by their names."""
        if self._table is None:
            return
        found = find_columns(self._table, {}, self.index, all_needed=False)
        for what, control in self._columns.items():
            control.value = found.get(what, "")
        missing = [COLUMNS[w].lower() for w in ("date", "lon", "lat", "value") if w not in found]
        self._say(
            f"Choose the column of {' and '.join(missing)}, then compare."
            if missing
            else "Check the columns, then compare."
        )
        self._refresh()

    @property
    def index(self) -> str:
        """Return the index or band that is compared."""
        return str(self._what.value)

    @index.setter
    def index(self, name: str) -> None:
        select(self._what, name, "index or band")

    def _planned(self) -> Planned | None:
        if self._table is None or not all(self._columns[k].value for k in ("lon", "lat")):
            return None
        stations = len(self._table[[self._columns[k].value for k in ("lon", "lat")]].drop_duplicates())
        side = int(self._window.value)
        pixel = planned_index("stations", self.cube, [self.index], (0.0, 0.0))
        count = stations * side**2
        return replace(pixel, pixels=count, bytes=pixel.bytes * count)

    # --- comparing ----------------------------------------------------------------------------------------------

    def _chosen(self) -> dict[str, str | None]:
        """Return the columns chosen.

        Raises
        ------
        InputError
            If a required column is not chosen.
        """
        found = {what: control.value or None for what, control in self._columns.items()}
        missing = [COLUMNS[w].lower() for w in ("date", "lon", "lat", "value") if found[w] is None]
        if self._table is None:
            raise InputError(EMPTY)
        if missing:
            raise InputError(f"No column is chosen for {' and '.join(missing)}: choose it above.")
        return found

    def _submit(self) -> Work[StationComparison]:
        columns, index, table = self._chosen(), self.index, self._table
        options = {"tolerance": float(self._tolerance.value), "window": int(self._window.value)}
        work = Work(f"stations, {index}", lambda w: self._work(w, table, index, columns, options), owner=self)
        self._follow(work, done=self._show_result)
        HEAVY.put(work)
        return work

    def _work(
        self,
        work: Work[StationComparison],
        table: Any,
        index: str,
        columns: dict[str, str | None],
        options: dict[str, Any],
    ) -> StationComparison:
        def watch(share: float) -> None:
            work.checkpoint()
            if self._is_time():
                self._bar.value = share

        return compare(self.cube, table, index, columns, watch=watch, **options)

    def _show_result(self, found: StationComparison) -> None:
        self.result = found
        self._say(" ".join((found.sentence, *found.sentences)), bad=not len(found.pairs))
        self._scores.value = scores_html(found.scores) if len(found.pairs) else ""
        self._scatter.value = scatter_html(found.pairs, found.index) if len(found.pairs) else ""
        self._found.layout.display = None
        self._save.disabled = False
        counts = found.pairs["station"].value_counts()
        self._station.options = [(f"{name} ({int(counts.get(name, 0))} pairs)", name) for name in found.stations]
        self._station.value = found.usual
        self._draw_station()

    def _show_station(self) -> None:
        """Draw the series of the station chosen, and bring it into view."""
        if self.result is None or self._station.value is None:
            return
        self._draw_station()
        rows = self.result.measurements
        place = rows[rows["station"] == self._station.value].iloc[0]
        if self.viewer is not None:
            self.viewer.pins = [{"lon": float(place.lon), "lat": float(place.lat), "name": str(self._station.value)}]
        if self.map is not None:
            self.map.center = (float(place.lat), float(place.lon))

    def _draw_station(self) -> None:
        found, name = self.result, self._station.value
        ground = found.measurements[found.measurements["station"] == name].sort_values("date")
        images = _line("images", COLORS[0], found.series.index.to_numpy(), found.series[name].to_numpy())
        measured = _line("ground", AREA_COLOR, ground["date"].to_numpy(), ground["value"].to_numpy())
        with self.chart.hold_sync():
            self.chart.title = f"{found.index} at {name}"
            self.chart.series = [images, measured]

    # --- code and files -----------------------------------------------------------------------------------------

    def code(self) -> str:
        """Return the code of a cell that computes the same.

        Returns
        -------
        str
            Python code.
        """
        columns = self._chosen()
        assert self._table is not None  # noqa: S101  (checked with the columns)
        usual = find_columns(self._table, {}, self.index, all_needed=False)
        own = {k: v for k, v in columns.items() if v is not None and usual.get(k) != v}
        table = (
            Given("table", "the table of the measurements")
            if isinstance(self._given, pd.DataFrame)
            else str(self._given)
        )
        asked: dict[str, Any] = {"table": table, **({} if self.index == "NDVI" else {"index": self.index}), **own}
        asked |= {} if self._tolerance.value == 3 else {"tolerance": float(self._tolerance.value)}
        asked |= {} if self._window.value == 1 else {"window": int(self._window.value)}
        return "\n".join((Call("stations", asked, target="found").code(self._source()), "found.scores"))

    def _cells(self, source: str) -> Cells:
        self._needed()
        if self._file is not None:
            name, content = self._file
            if not Path(name).exists():  # the notebook reads the file that was imported
                write_whole(Path.cwd() / name, lambda path: path.write_bytes(content))
        elif isinstance(self._given, pd.DataFrame):
            raise InputError(
                "The measurements came from a variable: save them to a file, and load that, for a notebook."
            )
        return super()._cells(source)

    def _needed(self) -> StationComparison:
        if self.result is None:
            raise InputError("There is no result yet: compare the measurements first.")
        found: StationComparison = self.result
        return found

    def _write(self, target: Path) -> Path:
        return self._needed().save(target)

    def _report(self) -> Report:
        return self._needed().to_report(cube=self.cube)

    def __repr__(self) -> str:
        """Return what is chosen and whether it was compared."""
        have = "no measurements" if self._table is None else f"{len(self._table)} measurements"
        done = "not compared yet" if self.result is None else f"{len(self.result.pairs)} pairs"
        return f"StationPanel: {have}, {self.index}, {done}"


def _line(name: str, color: str, dates: Any, values: Any) -> dict[str, Any]:
    return {
        "name": name,
        "color": color,
        "stamps": dates.astype("datetime64[ms]").astype("int64").tolist(),
        "dates": [str(d)[:10] for d in dates],
        "values": [float(v) if np.isfinite(v) else None for v in values],
    }
