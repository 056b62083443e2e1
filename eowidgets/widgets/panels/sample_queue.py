"""Label the points of a sample one by one, by keyboard, without seeing the class in the map."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets
import xarray as xr

from eowidgets.analysis.measure.accuracy.queue import CONFIDENCES, LabelQueue
from eowidgets.analysis.measure.accuracy.sample import CANT_TELL, Sample
from eowidgets.arguments import FilePath, checked
from eowidgets.contract.labels import ClassInfo
from eowidgets.cube.admission import admit
from eowidgets.cube.grid import geobox, georeference
from eowidgets.engine.scheduler import LIGHT
from eowidgets.errors import EowidgetsError, InputError, unknown
from eowidgets.render.classes import distinct
from eowidgets.widgets.base import PlainErrors, ReadableRepr, css, esm
from eowidgets.widgets.panels.sample_chips import PointView, PointViews

if TYPE_CHECKING:
    from collections.abc import Callable

    from eowidgets.widgets.map.area_map import AreaMap
    from eowidgets.widgets.viewer.time_viewer import TimeViewer

#: Pixels to each side that the viewer shows of a point.
VIEW = 40
#: Classes that have a key.
KEYS = 9


@checked
class SampleQueue(ReadableRepr, PlainErrors, anywidget.AnyWidget):
    """Show one point of a sample after the other, through time, and take a label for each.

    Keys 1 to 9 give a class, 0 or X "can't tell"; the arrows mark a date, C changes the confidence, Backspace goes back, S
    leaves a point for later. Every answer is written to a file next to the notebook at once; a queue for the same sample and
    person continues there. Neither the class in the map nor the stratum is shown, and the order is random.

    Parameters
    ----------
    cube : Dataset
        What is shown of the points.
    sample : Sample
        What ``eow.sample`` gave, or what ``Sample.of`` reads.
    classes : sequence of str or ClassInfo, optional
        Names to choose from; by default the names of the strata, which are the classes of the map.
    dated : sequence of str
        Classes with a first date, such as "change".
    viewer, map : optional
        Brought to each point. A layer with the map that is assessed should be hidden there.
    path : str or Path, optional
        A CSV for the answers.
    by : str
        Who labels.

    Attributes
    ----------
    sample : Sample
        With the answers so far.
    done : int
        Points with an answer.

    Raises
    ------
    InputError
        For a cube without CRS, a sample that lies elsewhere, or without classes to choose from.

    Examples
    --------
    >>> import tempfile
    >>> import eowidgets as eow
    >>> cube = eow.open("romania")
    >>> dark = (cube["nir"].isel(time=0) < 0.2).rename("dark")
    >>> eow.SampleQueue(cube, eow.sample(dark, 10), path=f"{tempfile.mkdtemp()}/a.csv")
    SampleQueue: 0 of 10 points labelled
    """

    _esm = esm("panels/sample_queue")
    _css = css("panels/sample_queue")
    classes: Any = traitlets.List(traitlets.Dict()).tag(sync=True)
    confidences: Any = traitlets.List(traitlets.Unicode(), list(CONFIDENCES)).tag(sync=True)
    point: Any = traitlets.Dict().tag(sync=True)
    pictures: Any = traitlets.List().tag(sync=True)
    names: Any = traitlets.List(traitlets.Unicode()).tag(sync=True)
    saved: Any = traitlets.Unicode("").tag(sync=True)
    message: Any = traitlets.Unicode("").tag(sync=True)
    bad: Any = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        cube: xr.Dataset,
        sample: Any,
        *,
        classes: Sequence[str | ClassInfo] | None = None,
        dated: Sequence[str] = (),
        viewer: TimeViewer | None = None,
        map: AreaMap | None = None,
        path: FilePath | None = None,
        by: str = "",
    ) -> None:
        points = Sample.of(sample)
        listed = _listed(points, classes)
        self.viewer, self.map = viewer, map
        self._views = PointViews(georeference(admit(cube)))
        first = points.table.iloc[0]
        places = points.table[["lon", "lat"]].to_numpy(float).tolist()
        if not any(self._views.contains(lon, lat) for lon, lat in places):
            raise InputError(
                f"The sample lies around {first['lon']:.4f}, {first['lat']:.4f}, outside the cube: give its cube."
            )
        for name in dated:
            if name not in [c["name"] for c in listed]:
                raise unknown("class with a date", name, [c["name"] for c in listed])
        self._dated = tuple(dated)
        self._queue = LabelQueue(points, [c["name"] for c in listed], path, by=by)
        self._index = self._views.series[0]
        self._ready: dict[tuple[int, str], PointView] = {}
        self._heard: tuple[Callable[[], None], ...] = ()
        super().__init__(classes=[{**c, "dated": c["name"] in self._dated} for c in listed], names=self._views.series)
        self.on_msg(self._hear)
        restored = self._queue.restored
        self._show(f"{restored} answers were restored from {self._queue.path.name}." if restored else "")

    @property
    def sample(self) -> Sample:
        """Return the sample with the answers so far."""
        return self._queue.sample

    @property
    def done(self) -> int:
        """Return the number of points with an answer."""
        return self._queue.done

    def on_answer(self, callback: Callable[[], None]) -> None:
        """Call a function after each answer.

        Parameters
        ----------
        callback : callable
            Takes no argument.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> dark = (cube.nir.isel(time=0) < 0.3).rename("dark")
        >>> queue = eow.SampleQueue(cube, eow.sample(dark, 20))
        >>> queue.on_answer(lambda: None)
        """
        self._heard = (*self._heard, callback)

    def answer(self, label: str, *, date: str = "", confidence: str = "") -> None:
        """Answer the current point, as its key does.

        Parameters
        ----------
        label : str
            A class, or "can't tell".
        date : str
            First date with the change.
        confidence : {"", "sure", "fairly sure", "unsure"}

        Raises
        ------
        InputError
            For a class that is not offered, or at the end.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> dark = (cube.nir.isel(time=0) < 0.3).rename("dark")
        >>> queue = eow.SampleQueue(cube, eow.sample(dark, 20))
        >>> queue.answer(queue.classes[0]["name"])
        >>> queue.done
        1
        """
        moment = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        before = self._before(date) if date else ""
        self._queue.answer(label, date=date, before=before, confidence=confidence, moment=moment)
        self._show("")
        for callback in self._heard:
            callback()

    def back(self) -> None:
        """Go to the point before.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> dark = (cube.nir.isel(time=0) < 0.3).rename("dark")
        >>> queue = eow.SampleQueue(cube, eow.sample(dark, 20))
        >>> queue.back()
        """
        self._queue.back()
        self._show("")

    def skip(self) -> None:
        """Leave the current point for later.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> dark = (cube.nir.isel(time=0) < 0.3).rename("dark")
        >>> queue = eow.SampleQueue(cube, eow.sample(dark, 20))
        >>> queue.skip()
        >>> queue.done
        1
        """
        self._queue.skip()
        self._show("")

    def _hear(self, _: Any, content: Any, __: Any) -> None:
        """Execute the command of a key or button."""
        texts = {str(k): str(v)[:200] for k, v in content.items()} if isinstance(content, Mapping) else {}
        actions: dict[Any, Callable[[], Any]] = {
            "answer": lambda: self.answer(
                texts["label"], date=texts.get("date", ""), confidence=texts.get("confidence", "")
            ),
            "unsure": lambda: self.answer(CANT_TELL),
            "back": self.back,
            "skip": self.skip,
            "series": lambda: self._choose_series(texts["name"]),
            "date": lambda: self._look_at_date(texts["date"]),
        }
        try:
            if texts.get("type") in actions and self._is_current(texts):
                actions[texts["type"]]()
        except KeyError:
            self._say("The message of the browser is not valid: reload the page.", bad=True)
        except EowidgetsError as error:
            self._say(str(error), bad=True)

    def _is_current(self, texts: Mapping[str, str]) -> bool:
        """Return whether a message is about the point that is shown, and not about one before it."""
        return texts.get("position", str(self._queue.at)) == str(self._queue.at)

    def _choose_series(self, name: str) -> None:
        if name not in self._views.series:
            raise unknown("series", name, self._views.series)
        self._index = name
        self._show("")

    def _look_at_date(self, date: str) -> None:
        """Bring the viewer to a date."""
        if self.viewer is not None:
            label = next((one for one in self._views._frames.labels if one.startswith(date)), None)
            if label is not None:
                self.viewer.date = label

    def _before(self, date: str) -> str:
        """Return the last clear date of the pixel before a date."""
        series = self._view(self._queue.row).series
        clear = [d for d, c in zip(series["days"], series["clear"], strict=True) if c and d < date]
        return clear[-1] if clear else ""

    # --- what is shown ------------------------------------------------------------------------------------------

    def _view(self, row: int) -> PointView:
        """Return the pictures of a point, drawn ahead or now."""
        key = (row, self._index)
        if key not in self._ready:
            place = self.sample.table.iloc[row]
            self._ready[key] = self._views.view(float(place["lon"]), float(place["lat"]), self._index)
        return self._ready[key]

    def _show(self, sentence: str) -> None:
        queue = self._queue
        state: dict[str, Any] = {
            "total": len(queue),
            "done": queue.done,
            "unsure": queue.unsure,
            "position": queue.at,
            "over": queue.over,
        }
        self._ready = dict(list(self._ready.items())[-4:])
        pictures: list[bytes] = []
        if not queue.over:
            place = self.sample.table.iloc[queue.row]
            if not self._views.contains(float(place["lon"]), float(place["lat"])):
                state |= {"outside": True}
            else:
                view = self._view(queue.row)
                shown = {"days": view.days, "cloudy": view.cloudy, "mixes": view.mixes, "frame": view.frame}
                state |= {**shown, "series": view.series, "given": queue.given}
                pictures = view.pictures
                self._go_to(float(place["lon"]), float(place["lat"]))
        with self.hold_sync():
            self.pictures, self.point, self.saved = pictures, state, queue.sentence
            self._say(sentence or queue.problem, bad=bool(queue.problem))
        following = queue.row_at(queue.at + 1)
        if following is not None:
            LIGHT.submit("next point", lambda _: self._ahead(following), owner=self)

    def _ahead(self, row: int) -> None:
        """Draw a point in advance."""
        place = self.sample.table.iloc[row]
        if self._views.contains(float(place["lon"]), float(place["lat"])):
            self._view(row)

    def _go_to(self, lon: float, lat: float) -> None:
        """Bring viewer and map to a point."""
        if self.viewer is not None:
            _, row, column = self._views.window(lon, lat, VIEW)
            box = geobox(self._views.cube)
            corners = [box.affine @ (column + 0.5 + step, row + 0.5 + step) for step in (-VIEW, VIEW)]
            (x0, y0), (x1, y1) = corners
            self.viewer.bounds = [float(v) for v in (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))]
        if self.map is not None:
            self.map.center = (lat, lon)

    def _say(self, sentence: str, *, bad: bool = False) -> None:
        self.message, self.bad = sentence, bad

    def close(self) -> None:
        """Cancel the work of this queue, and close it; the answers stay on the disk.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> cube = tiny_cube()
        >>> dark = (cube.nir.isel(time=0) < 0.3).rename("dark")
        >>> queue = eow.SampleQueue(cube, eow.sample(dark, 20))
        >>> queue.close()
        """
        LIGHT.drop(self)
        super().close()

    def __repr__(self) -> str:
        return f"SampleQueue: {self.done} of {len(self._queue)} points labelled"


def _listed(sample: Sample, classes: Sequence[str | ClassInfo] | None) -> list[dict[str, str]]:
    """Return name and colour of the classes to choose from."""
    if classes is None:
        names = list(dict.fromkeys(s.name.split(", near ")[0] for s in sample.strata)) if sample.nested else []
        if not names or all(len(n) == 1 and n.isupper() for n in names):
            raise InputError("The sample does not name its classes: give classes= with the names to choose from.")
        classes = names
    if not classes:
        raise InputError("There is no class to choose from: give classes= with their names.")
    colors = distinct(len(classes))
    listed = [
        {"name": c.name, "color": c.color} if isinstance(c, ClassInfo) else {"name": str(c).strip(), "color": color}
        for c, color in zip(classes, colors, strict=True)
    ]
    names = [c["name"] for c in listed]
    if len(set(names)) < len(names) or not all(names):
        raise InputError("Two classes have the same name, or no name: give different names.")
    return listed
