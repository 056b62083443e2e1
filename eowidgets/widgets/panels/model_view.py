"""The widgets of a model panel; what they do is in :mod:`~eowidgets.widgets.panels.model_panel`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ipywidgets

from eowidgets.widgets.panels.panel_view import PanelView, date_range, devices, row, select, wide
from eowidgets.widgets.panels.result_files import FORMATS

#: Title, name and task of a model.
Listed = tuple[str, str, str]


class ModelView(PanelView):
    """The widgets of a model panel, in their order on screen.

    Parameters
    ----------
    models : sequence of (title, name, task)
    model : str
        Name of the model chosen first.
    dates : sequence of str
        ISO dates of the cube.
    where : mapping of str to str
        Places to compute.
    """

    def __init__(self, models: Sequence[Listed], model: str, dates: Sequence[str], where: Mapping[str, str]) -> None:
        super().__init__(run="Run", icon="play", where=where, file="result", formats=FORMATS)
        self._make_choices(models, model, dates)
        self._make_results()
        self._estimate = ipywidgets.Button(
            description="Cost?", icon="clock-o", tooltip="Measure what the run will cost"
        )
        self._arrange(
            [
                *(
                    self._task,
                    self._model,
                    self._card,
                    self._where,
                    self._dates,
                    self._params,
                    self._device,
                    self._cost,
                ),
                row(self._run, self._pause, self._cancel, self._estimate, self._price),
                *(self._bar, self._note, self._shown, self._fade, self._origin),
                row(self._path, self._format, self._save).add_class("eow-files"),
                row(self._shows_code, self._to_notebook, self._to_report),
                self._code,
            ]
        )

    def _make_choices(self, models: Sequence[Listed], model: str, dates: Sequence[str]) -> None:
        self._models = list(models)
        task = next(task for _, name, task in models if name == model)
        tasks = list(dict.fromkeys(task for _, _, task in models))
        self._task = ipywidgets.Dropdown(
            options=[(t.replace("-", " ").capitalize(), t) for t in tasks],
            value=task,
            description="Task",
            layout=wide(),
            tooltip="What the model computes",
        )
        self._model = ipywidgets.Dropdown(options=self._of_task(task), value=model, description="Model", layout=wide())
        self._dates = date_range(dates, "Dates")
        found = devices()
        self._device = ipywidgets.Dropdown(
            options=found, description="Device", layout=wide(display=None if len(found) > 2 else "none")
        )
        self._cost = ipywidgets.HTML()

    def _of_task(self, task: str) -> list[tuple[str, str]]:
        return [(title, name) for title, name, of in self._models if of == task]

    def _make_results(self) -> None:
        self._shown = ipywidgets.Dropdown(
            description="Result", layout=wide(display="none"), tooltip="Result that is shown and saved"
        )
        self._fade = ipywidgets.Checkbox(
            False,
            description="Fade uncertain pixels on the map",
            indent=False,
            layout=ipywidgets.Layout(display="none"),
        )
        self._origin = ipywidgets.HTML()

    @property
    def task(self) -> str:
        """Return the task of the model chosen; setting it lists the models of that task."""
        return str(self._task.value)

    @task.setter
    def task(self, name: str) -> None:
        select(self._task, name, "task")
