"""What a model panel looks like; what it does is in :mod:`~eowidgets.widgets.panels.model_panel`."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import ipywidgets

from eowidgets.contract.card import Card
from eowidgets.errors import unknown
from eowidgets.widgets.base import css
from eowidgets.widgets.panels.result_files import FORMATS

_WIDE = ipywidgets.Layout
#: Title, name and task of a model.
Listed = tuple[str, str, str]
WHERE = {"all": "the whole cube", "area": "the drawn area", "view": "what the map shows"}


class PanelView(ipywidgets.VBox):
    """The widgets of a panel, in their order on screen.

    Parameters
    ----------
    models : sequence of (title, name, task)
    model : str
    dates : sequence of str
        ISO dates of the cube.
    devices : sequence of str
    views : bool
        Whether there is a map that could say what it shows.
    """

    def __init__(
        self, models: Sequence[Listed], model: str, dates: Sequence[str], devices: Sequence[str], views: bool
    ) -> None:
        super().__init__()
        self._make_choices(models, model, dates, devices, views)
        self._make_run()
        self._make_results()
        self.children = (
            ipywidgets.HTML(f"<style>{css('panels/model_panel')}</style>", layout=_WIDE(display="none")),
            self._task,
            self._model,
            self._card,
            self._where,
            self._dates,
            self._params,
            self._device,
            self._cost,
            _row(self._run, self._pause, self._cancel, self._estimate),
            self._bar,
            self._note,
            self._shown,
            self._fade,
            self._origin,
            _row(self._path, self._format, self._save).add_class("eow-files"),
            _row(self._shows_code, self._to_notebook),
            self._code,
        )
        self.add_class("eow-model-panel")

    def _make_choices(
        self, models: Sequence[Listed], model: str, dates: Sequence[str], devices: Sequence[str], views: bool
    ) -> None:
        self._models = list(models)
        task = next(task for _, name, task in models if name == model)
        tasks = list(dict.fromkeys(task for _, _, task in models))
        self._task = ipywidgets.Dropdown(
            options=[(t.replace("-", " ").capitalize(), t) for t in tasks],
            value=task,
            description="Task",
            layout=_WIDE(width="auto"),
            tooltip="What is to be done",
        )
        self._model = ipywidgets.Dropdown(
            options=self._of_task(task), value=model, description="Model", layout=_WIDE(width="auto")
        )
        self._card = ipywidgets.HTML()
        places = [(label, key) for key, label in WHERE.items() if key != "view" or views]
        self._where = ipywidgets.Dropdown(
            options=places, value="all", description="Area", layout=_WIDE(width="auto"), tooltip="Where to run"
        )
        self._dates = ipywidgets.SelectionRangeSlider(
            options=list(dates),
            index=(0, len(dates) - 1),
            description="Dates",
            continuous_update=False,
            layout=_WIDE(width="auto", display=None if len(dates) > 1 else "none"),
        )
        self._params = ipywidgets.VBox().add_class("eow-params")
        self._device = ipywidgets.Dropdown(
            options=list(devices),
            description="Device",
            layout=_WIDE(width="auto", display=None if len(devices) > 2 else "none"),
        )
        self._cost = ipywidgets.HTML()

    def _of_task(self, task: str) -> list[tuple[str, str]]:
        return [(title, name) for title, name, of in self._models if of == task]

    def _make_run(self) -> None:
        self._run = ipywidgets.Button(description="Run", button_style="primary", icon="play")
        self._pause = ipywidgets.ToggleButton(
            description="Pause", icon="pause", disabled=True, tooltip="Hold the run at the next batch"
        )
        self._cancel = ipywidgets.Button(description="Cancel", icon="times", disabled=True)
        self._estimate = ipywidgets.Button(description="Cost?", icon="clock-o", tooltip="What will it cost?")
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout=_WIDE(width="auto", display="none"))
        self._note = ipywidgets.HTML()

    def _make_results(self) -> None:
        hidden = {"display": "none"}
        self._shown = ipywidgets.Dropdown(
            description="Result", layout=_WIDE(width="auto", **hidden), tooltip="Which result is shown and saved"
        )
        self._fade = ipywidgets.Checkbox(
            False, description="Fade on the map where unsure", indent=False, layout=_WIDE(**hidden)
        )
        self._origin = ipywidgets.HTML()
        self._path = ipywidgets.Text(value="result", tooltip="File name", layout=_WIDE(width="auto"))
        self._format = ipywidgets.Dropdown(options=list(FORMATS.items()), layout=_WIDE(width="auto"))
        self._save = ipywidgets.Button(description="Save", icon="save", disabled=True)
        self._shows_code = ipywidgets.ToggleButton(value=False, description="Show code", icon="code")
        self._to_notebook = ipywidgets.Button(
            description="To notebook", icon="book", tooltip="Write what was done here as a notebook that runs again"
        )
        self._code = ipywidgets.HTML()

    def _show_card(self, card: Card) -> None:
        scores = "; ".join(f"{name}: {value:g}" for name, value in card.scores.items())
        parts = {
            "Scores": scores,
            "Limits": card.limits,
            "Paper": card.paper,
            "Data": card.data,
            "Licence": card.licence,
        }
        rows = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in parts.items() if v)
        self._card.value = (
            f"<div class='eow-card'>{escape(card.summary or card.title)}"
            f"<details><summary>About this model</summary><dl>{rows}</dl></details></div>"
        )

    def _say(self, sentence: str, *, bad: bool = False, details: str = "") -> None:
        fold = f"<details><summary>Details</summary><pre>{escape(details)}</pre></details>" if details else ""
        kind, role = ("eow-bad", "alert") if bad else ("eow-good", "status")
        self._note.value = f"<div class='{kind}' role='{role}'>{escape(sentence)}{fold}</div>" if sentence else ""

    def _running(self, going: bool) -> None:
        """Swap the buttons between before and during a run."""
        self._run.disabled = going
        self._cancel.disabled = self._pause.disabled = not going
        self._pause.value = False
        self._bar.layout.display = None if going else "none"

    @property
    def task(self) -> str:
        """What the model chosen is for; setting it offers the models of that task."""
        return str(self._task.value)

    @task.setter
    def task(self, name: str) -> None:
        tasks = [key for _, key in self._task.options]
        if name not in tasks:
            raise unknown("task", name, tasks)
        self._task.value = str(name)


def _row(*widgets: Any) -> ipywidgets.HBox:
    return ipywidgets.HBox(widgets, layout=_WIDE(flex_flow="row wrap")).add_class("eow-row")


def devices() -> list[str]:
    """Where a model can run here."""
    import torch

    found = ["auto", "cpu"]
    found += ["cuda"] if torch.cuda.is_available() else []
    return found + (["mps"] if torch.backends.mps.is_available() else [])
