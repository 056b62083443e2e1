"""A model as a button: choose it, see what it costs, run it, watch it, keep the result."""

from __future__ import annotations

import threading
import time
import traceback
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets
import traitlets
import xarray as xr

from eowidgets.cube.schema import bands
from eowidgets.engine.estimate import estimate
from eowidgets.engine.job import FINAL, Job
from eowidgets.engine.run import submit
from eowidgets.errors import EowidgetsError, unknown
from eowidgets.models.registry import model_class, model_classes
from eowidgets.widgets.base import AreaTrait
from eowidgets.widgets.controls import controls_for

#: The progress bar moves at most so often (seconds): each move is a message.
_TICK = 0.1
_FORMATS = {"GeoTIFF (.tif)": ".tif", "NetCDF (.nc)": ".nc", "Zarr (.zarr)": ".zarr"}


class ModelPanel(ipywidgets.VBox):
    """Runs models over a cube and shows what comes out.

    Parameters
    ----------
    cube : Dataset
    model : str
        Name of the model shown first.
    viewer : TimeViewer, optional
        Where results appear: cubes to swipe against, other results as layers.

    Attributes
    ----------
    area : dict or None
        GeoJSON geometry; the run is limited to it. Link it with a map's or a viewer's ``area``.
    result : Dataset or None
        The last result.
    results : dict
        All results by the name of their layer, with their provenance.

    Examples
    --------
    >>> import eowidgets as eow
    >>> eow.ModelPanel(eow.open("romania"), "harmonic")
    ModelPanel: harmonic, 140 dates of 0.01 Mpx, no result yet
    """

    area: Any = AreaTrait(allow_none=True)
    result: Any = traitlets.Any(None, allow_none=True)

    def __init__(self, cube: xr.Dataset, model: str = "fill-linear", *, viewer: Any = None) -> None:
        model_class(model)  # an unknown name is refused here
        self.cube, self.viewer = cube, viewer
        self.results: dict[str, xr.Dataset] = {}
        self.job: Job | None = None
        self._controls: dict[str, Any] = {}
        self._moved = 0.0
        super().__init__()
        self._build(model)
        self.observe(self._refresh, names="area")
        self._choose()

    def _build(self, model: str) -> None:
        wide = ipywidgets.Layout(width="100%")
        names = [(f"{m.card.title}  ({m.task})", m.name) for m in model_classes()]
        self._model = ipywidgets.Dropdown(options=names, value=model, description="Model", layout=wide)
        self._model.observe(lambda _: self._choose(), names="value")
        self._card = ipywidgets.HTML()
        self._params = ipywidgets.VBox()
        self._note = ipywidgets.HTML()
        self._estimate = ipywidgets.Button(description="What will it cost?", icon="clock-o")
        self._estimate.on_click(lambda _: self.tell_cost())
        self._run = ipywidgets.Button(description="Run", button_style="primary", icon="play")
        self._run.on_click(lambda _: self.run())
        self._cancel = ipywidgets.Button(description="Cancel", icon="times", disabled=True)
        self._cancel.on_click(lambda _: self.cancel())
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout=ipywidgets.Layout(width="100%", visibility="hidden"))
        self._code = ipywidgets.HTML()
        show = ipywidgets.ToggleButton(value=False, description="Show code", icon="code")
        show.observe(lambda change: self._show_code(change["new"]), names="value")
        self._shows_code = show
        self._format = ipywidgets.Dropdown(options=list(_FORMATS.items()), layout=ipywidgets.Layout(width="150px"))
        self._path = ipywidgets.Text(value="result", layout=ipywidgets.Layout(width="150px"), tooltip="File name")
        self._save = ipywidgets.Button(description="Save", icon="save", disabled=True)
        self._save.on_click(lambda _: self._guard(self.save))
        row = {"flex_flow": "row wrap"}
        self.children = (
            self._model,
            self._card,
            self._params,
            ipywidgets.HBox([self._run, self._cancel, self._estimate], layout=ipywidgets.Layout(**row)),
            self._bar,
            self._note,
            ipywidgets.HBox([self._path, self._format, self._save, show], layout=ipywidgets.Layout(**row)),
            self._code,
        )
        self.add_class("eow-model-panel")

    # --- what was chosen ----------------------------------------------------------------------------------------

    @property
    def model(self) -> str:
        """Name of the model chosen."""
        return str(self._model.value)

    @model.setter
    def model(self, name: str) -> None:
        model_class(name)
        self._model.value = name

    @property
    def params(self) -> dict[str, Any]:
        """Parameters that differ from the model's own."""
        chosen = {name: control.value for name, control in self._controls.items()}
        own = model_class(self.model).Params()
        return {name: value for name, value in chosen.items() if value != getattr(own, name)}

    def set(self, **params: Any) -> None:
        """Set parameters as the controls do."""
        for name, value in params.items():
            if name not in self._controls:
                raise unknown("parameter", name, self._controls)
            self._controls[name].value = value

    def code(self) -> str:
        """The cell that does the same."""
        source = self.cube.attrs.get("opened")
        opened = f"cube = eow.open({source!r})\n" if source else ""
        words = [repr(self.model), "cube"]
        if self.area is not None:
            words.append(f"area={self.area!r}")
        words += [f"{name}={value!r}" for name, value in self.params.items()]
        return f"import eowidgets as eow\n\n{opened}result = eow.run({', '.join(words)})"

    def _choose(self) -> None:
        chosen = model_class(self.model)
        card = chosen.card
        lines = [
            card.summary,
            f"Paper: {card.paper}" if card.paper else "",
            f"Limits: {card.limits}" if card.limits else "",
        ]
        lines += [f"{k}: {v:g}" for k, v in card.scores.items()]
        self._card.value = "".join(f"<div class='eow-card'>{escape(line)}</div>" for line in lines if line)
        self._controls = controls_for(chosen)
        for control in self._controls.values():
            control.observe(self._refresh, names="value")
        self._params.children = tuple(self._controls.values())
        self._say("")
        self._refresh()

    def _refresh(self, _: Any = None) -> None:
        if self._shows_code.value:
            self._show_code(True)

    def _show_code(self, shown: bool) -> None:
        self._code.value = f"<pre class='eow-code'>{escape(self.code())}</pre>" if shown else ""

    # --- running ------------------------------------------------------------------------------------------------

    def tell_cost(self) -> None:
        """Measure on a small piece what the run will cost, and say it; in the background."""
        self._say("Measuring ...")
        arguments = (self.model, self.cube, self.area)
        params = self.params

        def measure() -> None:
            try:
                self._say(str(estimate(*arguments, **params)))
            except EowidgetsError as error:
                self._say(str(error), bad=True)

        threading.Thread(target=measure, name="eow-estimate", daemon=True).start()

    def run(self) -> Job | None:
        """Start; gives the job, or None where it was refused (the panel says why)."""
        if self.job is not None and self.job.state not in FINAL:
            self._say("A run is in progress: cancel it first.", bad=True)
            return None
        try:
            job = submit(self.model, self.cube, self.area, **self.params)
        except EowidgetsError as error:
            self._say(str(error), bad=True)
            return None
        self.job = job
        self._run.disabled, self._cancel.disabled = True, False
        self._bar.value, self._bar.layout.visibility = 0.0, "visible"
        job.on_change(self._watch)
        self._watch(job)
        return job

    def cancel(self) -> None:
        """Stop the run in progress, if there is one."""
        if self.job is not None:
            self.job.cancel()

    def _watch(self, job: Job) -> None:
        # Called by the job's thread; the only place that changes the widgets during a run.
        final = job.state in FINAL
        if job is not self.job or (not final and time.monotonic() - self._moved < _TICK):
            return
        self._moved = time.monotonic()
        self._bar.value = job.progress
        if not final:
            left = job.seconds_left
            self._say(f"{100 * job.progress:.0f} %" + (f", {left:.0f} s left" if left is not None else ""))
            return
        self._run.disabled, self._cancel.disabled = False, True
        self._bar.layout.visibility = "hidden"
        if job.state == "done":
            self._keep(job.result())
        elif job.state == "cancelled":
            self._say("Cancelled.")
        else:
            trace = "".join(traceback.format_exception(job.error)) if job.error else ""
            self._say(str(job.error), bad=True, details="" if isinstance(job.error, EowidgetsError) else trace)

    def _keep(self, result: xr.Dataset) -> None:
        name = self._name_for(self.model)
        self.results[name] = result
        self.result = result
        self._path.value = name
        self._save.disabled = False
        shown = self._paint(name, result)
        self._say(f"Done: {', '.join(map(str, list(result.data_vars)[:6]))}. {shown}")

    def _name_for(self, model: str) -> str:
        count = sum(k == model or k.startswith(f"{model} ") for k in self.results)
        return model if not count else f"{model} {count + 1}"

    def _paint(self, name: str, result: xr.Dataset) -> str:
        if self.viewer is None:
            return ""
        shared = [b for b in bands(result) if b in bands(self.cube)]
        if shared and "time" in result.dims:
            self.viewer.compare_with(result.assign_attrs(title=name))
            return "Left of the line what was measured, right of it the result: drag the line."
        first = next(
            (n for n, v in result.data_vars.items() if n not in ("valid", "clouds") and {"y", "x"} <= set(v.dims)), None
        )
        if first is None:
            return ""
        self.viewer.add_layer(result[[first]], name)
        return f"The layer shows {first}."

    def save(self) -> Path:
        """Write the last result under the name in the panel."""
        from eowidgets.cube.export import to_geotiff, to_netcdf, to_zarr

        ending = str(self._format.value)
        write = {".tif": to_geotiff, ".nc": to_netcdf, ".zarr": to_zarr}[ending]
        path = write(self.result, f"{Path(self._path.value).with_suffix('')}{ending}")
        self._say(f"Saved as {path}.")
        return path

    def _guard(self, action: Any) -> None:
        try:
            action()
        except EowidgetsError as error:
            self._say(str(error), bad=True)

    def _say(self, sentence: str, *, bad: bool = False, details: str = "") -> None:
        fold = f"<details><summary>Details</summary><pre>{escape(details)}</pre></details>" if details else ""
        kind = "eow-bad" if bad else "eow-good"
        self._note.value = f"<div class='{kind}' role='status'>{escape(sentence)}{fold}</div>" if sentence else ""

    @property
    def message(self) -> str:
        """The sentence that the panel shows, as HTML."""
        return str(self._note.value)

    def __repr__(self) -> str:
        """What is chosen and what there is."""
        size = self.cube.sizes["y"] * self.cube.sizes["x"] / 1e6
        have = f"{len(self.results)} results" if self.results else "no result yet"
        return f"ModelPanel: {self.model}, {self.cube.sizes['time']} dates of {size:.2g} Mpx, {have}"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle: Any = super()._repr_mimebundle_(**kwargs)
        (bundle[0] if isinstance(bundle, tuple) else bundle)["text/plain"] = repr(self)
        return bundle
