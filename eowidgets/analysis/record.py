"""The record of a result: read, repeated, and written as code or as a notebook."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eowidgets.analysis.ask.answer import Answer
from eowidgets.arguments import FilePath, checked
from eowidgets.contract.call import Call, Given
from eowidgets.contract.choice import Choice
from eowidgets.contract.plain import plain
from eowidgets.contract.prepare import check_bands, wanted_bands
from eowidgets.contract.registry import get_model
from eowidgets.cube.facts_table import facts_table
from eowidgets.cube.opened import source_of
from eowidgets.cube.opening import opening
from eowidgets.cube.schema import bands
from eowidgets.engine.provenance import read
from eowidgets.engine.rerun import reopened, same_input
from eowidgets.errors import EowidgetsError, InputError, shown

if TYPE_CHECKING:
    import xarray as xr
    from pandas import DataFrame

    from eowidgets.analysis.measure.parcels.parcels import Parcels
    from eowidgets.analysis.measure.stations.comparison import StationComparison

#: Functions of :mod:`eowidgets.analysis.measure` whose arguments are recorded as given.
MEASURES = ("phenology", "trend", "anomalies", "step_or_line", "recovery")


@dataclass(frozen=True)
class Record:
    """What is written into every result: the call, its arguments, the model, the input and the versions.

    ``eow.rerun`` repeats the call; :meth:`code` and :meth:`save_notebook` write it.

    Parameters
    ----------
    notes : mapping
        The provenance as plain values.

    Examples
    --------
    >>> import eowidgets as eow
    >>> cube = eow.open("bouconne").isel(time=slice(3))
    >>> record = eow.Record.of(eow.run("fill-linear", cube))
    >>> record.call, record.arguments["model"]
    ('run', 'fill-linear')
    """

    notes: Mapping[str, Any]

    @classmethod
    @checked
    def of(cls, result: FilePath | xr.Dataset | DataFrame | Answer | Parcels | StationComparison) -> Record:
        """Read the record of a result.

        Parameters
        ----------
        result : path, Dataset, DataFrame, Answer, Parcels or StationComparison
            What ``eow.run``, ``eow.change``, ``eow.forecast``, ``eow.hindcast``, ``eow.ask``, ``eow.parcels`` or ``eow.stations``
            gave or wrote.

        Returns
        -------
        Record
            The record.

        Raises
        ------
        InputError
            When it carries no provenance.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> eow.Record.of(eow.run("fill-linear", tiny_cube(dates=4))).call
        'run'
        """
        return cls(read(result))

    def _repr_html_(self) -> str:
        try:
            given = {name: shown(value) for name, value in self.arguments.items()}
        except InputError as error:
            given = {"problem": str(error)}
        model = self.notes.get("model")
        facts: dict[str, object] = {
            **given,
            "made by": model.get("name") if isinstance(model, Mapping) else None,
            "made on": self.notes.get("time", self.notes.get("created")),
        }
        return facts_table(f"Record of eow.{self.call}", facts)

    @property
    def call(self) -> str:
        """Return the name of the function of ``eowidgets`` that computed the result."""
        return str(self.notes.get("call", "run"))

    @property
    def arguments(self) -> dict[str, Any]:
        """Return the arguments of the call by name, as plain values, without cubes.

        Raises
        ------
        InputError
            For a provenance that is damaged, or made by another call than those that can be repeated.
        """
        if self.call not in _ARGUMENTS:
            raise InputError(f"A result of {self.call[:80]!r} cannot be computed again by itself: give its input.")
        try:
            found = _ARGUMENTS[self.call](self.notes)
            if not all(name.isidentifier() for name in found):
                raise KeyError("not the name of an argument")
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise InputError("The provenance is damaged: compute the result again by hand.") from error
        return found

    @property
    def choice(self) -> Choice | None:
        """Return the test that selected the model on the cube itself; None where the model was named.

        Raises
        ------
        InputError
            For a provenance that is damaged.
        """
        found = self.notes.get("choice")
        try:
            return None if found is None else Choice.from_dict(found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError("The table of the test in this provenance is damaged: run the test again.") from error

    def code(self) -> str:
        """Write the code of a cell that makes the result again.

        Arguments with their default values are left out. What cannot be written, such as a network of your own or a cube
        that cannot be opened again, is a variable to be set.

        Returns
        -------
        str

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.testing import tiny_cube
        >>> "eow.run" in eow.Record.of(eow.run("fill-linear", tiny_cube(dates=4))).code()
        True
        """
        call = self._call()
        return call.code(None if "cube" in call.arguments else self._opened())

    def save_notebook(self, path: FilePath, title: str = "") -> Path:
        """Write a notebook that makes the result again.

        Parameters
        ----------
        path : path
            Ends in ``.ipynb``.
        title : str
            By default the name of the call.

        Returns
        -------
        Path
            The notebook.

        Raises
        ------
        InputError, SourceError
            For another ending, or a folder that cannot be written.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import tempfile
        >>> from pathlib import Path
        >>> cube = eow.open("bouconne").isel(time=slice(3), y=slice(20), x=slice(20))
        >>> record = eow.Record.of(eow.run("fill-linear", cube))
        >>> record.save_notebook(Path(tempfile.mkdtemp()) / "again.ipynb").name
        'again.ipynb'
        """
        from eowidgets.analysis.notebook import write_notebook

        call = self._call()
        cells = [("", "import eowidgets as eow")]
        if "cube" not in call.arguments:
            opened = self._opened()
            cells.append(("The cube.", opened.line if isinstance(opened, Given) else f"cube = {opened}"))
        cells += [("The result.", "\n".join(call.lines())), ("Look at it.", call.target)]
        return write_notebook(path, title or f"Made by eow.{call.function}", cells)

    def _call(self) -> Call:
        arguments = {
            k: v for k, v in self.arguments.items() if k not in (defaults := self._defaults()) or v != defaults[k]
        }
        function = "run" if self.call in _RUNS else self.call
        given = dict(_GIVEN.get(self.call, {}))
        if "input" not in self.notes and self.call == "chips":
            given = {"cube": Given("images", "the folder of the images")}
        elif self.call == "table" or _is_table(self.notes):
            given = {"cube": Given("table", "the table of the series")}
        return Call(function, {**arguments, **given}, target=_TARGETS.get(function, "result"))

    def _defaults(self) -> dict[str, Any]:
        """Return the default values of the function and of the parameters of the model, as plain values."""
        import eowidgets

        function = getattr(eowidgets, "run" if self.call in _RUNS else self.call)
        found = {k: p.default for k, p in inspect.signature(function).parameters.items() if p.default is not p.empty}
        found.pop("model", None)  # the name of a forecaster is written even if it is the default
        params = self._params()
        both = {**params, **found} if self.call in MEASURES else {**found, **params}
        return {k: _listed(plain(v)) for k, v in both.items()}

    def _params(self) -> dict[str, Any]:
        if "model" not in self.notes or self.call == "change":
            return {}
        try:
            return dataclasses.asdict(get_model(self.notes["model"]).params)
        except EowidgetsError:
            return {}

    def _opened(self) -> str | Given:
        """Return the expression that opens the cube and selects the part that was used."""
        notes = self.notes.get("whole", self.notes)
        try:
            cube = reopened(notes)
            found = opening(same_input(cube, {**notes, "input": {**notes["input"], "bands": _bands(notes, cube)}}))
        except (EowidgetsError, KeyError, TypeError, IndexError, AttributeError):
            found = None
        source = notes.get("input")
        title = str(source.get("title", "")) if isinstance(source, Mapping) else ""
        words = ["the cube that it was computed from", *([" ".join(title.split())] if title else [])]
        return found or Given("cube", ": ".join(words))


def _bands(notes: Mapping[str, Any], cube: xr.Dataset) -> list[str]:
    """Return the recorded bands, or all bands of the cube if the model selects the recorded ones from them."""
    recorded = list(notes["input"]["bands"])
    try:
        model = get_model(notes["model"], **notes["parameters"])
        check_bands(model, bands(cube))
    except (EowidgetsError, KeyError, TypeError):
        return recorded
    return list(bands(cube)) if list(wanted_bands(model, cube)) == recorded else recorded


def _run(notes: Mapping[str, Any]) -> dict[str, Any]:
    params = {k: source_of(v) if isinstance(v, str) else v for k, v in notes["parameters"].items()}
    taught = notes.get("settings", {}).get("taught")
    words = f", taught with {taught['labels']} labels: eow.load(...) or eow.teach(...)" if taught else ""
    known = _is_known(notes["model"]) and taught is None
    model = notes["model"] if known else Given("model", f"the model {notes['model']!r}{words}")
    return {"model": model, "area": notes.get("area"), "seed": notes["seed"], **params}


def _change(notes: Mapping[str, Any]) -> dict[str, Any]:
    asked = notes["arguments"]
    after = {"after": Given("after", "the second raster")} if asked["after"] is not None else {}
    return {"method": asked["method"], **after, "dates": asked["dates"], "area": notes["area"], **asked["params"]}


def _forecast(notes: Mapping[str, Any]) -> dict[str, Any]:
    area = notes["area"]
    place = tuple(area) if isinstance(area, list) else area
    asked = notes["arguments"]
    own = {k: v for k, v in notes["parameters"].items() if k not in asked or isinstance(v, bool)}
    if "model" in asked:  # "auto" takes no parameters and selects again
        return {**asked, "area": place}
    return {**asked, "model": notes["model"], "area": place, **own}


def _measure(notes: Mapping[str, Any]) -> dict[str, Any]:
    return {**notes["arguments"], "area": notes.get("area")}


def _ask(notes: Mapping[str, Any]) -> dict[str, Any]:
    asked = dict(notes["arguments"])
    before, layers = asked.pop("history"), asked.pop("layers")
    if before:
        asked["history"] = Given("history", f"the answers to the {len(before)} questions before")
    if layers:
        asked["layers"] = Given("layers", f"the layers {', '.join(map(repr, layers))}")
    return asked


def _parcels(notes: Mapping[str, Any]) -> dict[str, Any]:
    source = notes["polygons"]["source"]
    polygons = Given("polygons", f"the {notes['polygons']['count']} polygons") if source is None else source_of(source)
    return {**notes["arguments"], "area": notes["area"], "polygons": polygons}


def _stations(notes: Mapping[str, Any]) -> dict[str, Any]:
    source = notes["table"]["source"]
    table = Given("table", f"the {notes['table']['count']} measurements") if source is None else source_of(source)
    return {**notes["arguments"], "table": table}


def _is_table(notes: Mapping[str, Any]) -> bool:
    source = notes.get("input")
    return isinstance(source, Mapping) and source.get("kind") == "table"


def _is_known(model: str) -> bool:
    from eowidgets.contract.registry import model_class

    try:
        model_class(model)
    except EowidgetsError:
        return False
    return True


def _listed(value: Any) -> Any:
    """Convert tuples to lists, as in JSON."""
    return [_listed(v) for v in value] if isinstance(value, tuple | list) else value


_ARGUMENTS: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    **dict.fromkeys(("run", "chips", "series", "table"), _run),
    "change": _change,
    **dict.fromkeys(("forecast", "hindcast"), _forecast),
    "ask": _ask,
    **dict.fromkeys(MEASURES, _measure),
    "parcels": _parcels,
    "stations": _stations,
}
#: Calls of ``eow.run``.
_RUNS = ("run", "chips", "series", "table")
_TARGETS = {
    "change": "found",
    "ask": "answer",
    "parcels": "parcels",
    "stations": "found",
    **dict.fromkeys(MEASURES, "found"),
}
_PLACES: Mapping[str, Any] = {"places": Given("places", "the places that were given")}
_GIVEN: Mapping[str, Mapping[str, Any]] = {"chips": _PLACES, "series": _PLACES}
