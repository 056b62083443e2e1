"""The widgets that every panel with controls has; what they do is in :mod:`~eowidgets.widgets.panels.panel`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets
import xarray as xr

from eowidgets.contract.card import Card
from eowidgets.errors import unknown
from eowidgets.widgets.base import css

#: Places to compute: key and label.
WHERE = {"all": "the whole cube", "area": "the drawn area", "view": "the map view"}


class PanelView(ipywidgets.VBox):
    """Widgets of a panel: message line, card, controls, run buttons, file name and code.

    Parameters
    ----------
    run : str
        Label of the button that starts the run.
    icon : str
        Its icon.
    where : mapping of str to str
        Key and label of the places to compute.
    file : str
        File name offered, without ending.
    formats : mapping of str to str
        Label and ending of the file formats.
    """

    _own_viewer: Any = None

    def __init__(self, *, run: str, icon: str, where: Mapping[str, str], file: str, formats: Mapping[str, str]) -> None:
        super().__init__()
        self._card, self._note, self._code = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        self._params = ipywidgets.VBox().add_class("eow-params")
        self._where = ipywidgets.Dropdown(
            options=[(label, key) for key, label in where.items()],
            description="Area",
            layout=wide(),
            tooltip="Where to run",
        )
        self._run = ipywidgets.Button(description=run, button_style="primary", icon=icon)
        #: Cost of the run, next to the button that starts it.
        self._price = ipywidgets.HTML().add_class("eow-price-box")
        self._pause = ipywidgets.ToggleButton(
            description="Pause", icon="pause", disabled=True, tooltip="Pause the run at the next batch"
        )
        self._cancel = ipywidgets.Button(description="Cancel", icon="times", disabled=True)
        self._bar = ipywidgets.FloatProgress(min=0, max=1, layout=wide(display="none"))
        self._path = ipywidgets.Text(
            value=file, description="File name", tooltip="File name without ending", layout=wide()
        )
        self._format = ipywidgets.Dropdown(options=list(formats.items()), description="Format", layout=wide())
        self._save = ipywidgets.Button(description="Save", icon="save", disabled=True)
        self._shows_code = ipywidgets.ToggleButton(value=False, description="Show code", icon="code")
        self._to_notebook = ipywidgets.Button(
            description="To notebook",
            icon="book",
            tooltip="Write the steps of this panel as a notebook that can be run again",
        )
        self._to_report = ipywidgets.Button(
            description="Report", icon="file-text-o", tooltip="Write the result as a report page to share or print"
        )

    def _arrange(self, widgets: Iterable[Any], *styles: str) -> None:
        """Show widgets one below the other; ``styles`` are style sheets in this folder besides that of all panels."""
        sheets = css("panels/model_panel", *(f"panels/{name}" for name in styles))
        style = ipywidgets.HTML(f"<style>{sheets}</style>", layout=wide(display="none"))
        own = () if self._own_viewer is None else (self._own_viewer,)
        self.children = (style, *own, *widgets)
        self.add_class("eow-model-panel")

    def _show_card(self, card: Card, about: str = "About this model") -> None:
        parts = {
            "Scores": "; ".join(f"{name}: {value:g}" for name, value in card.scores.items()),
            "Limits": card.limits,
            "Paper": card.paper,
            "Data": card.data,
            "Licence": card.licence,
        }
        rows = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in parts.items() if v)
        self._card.value = (
            f"<div class='eow-card'>{escape(card.summary or card.title)}"
            f"<details><summary>{about}</summary><dl>{rows}</dl></details></div>"
        )

    def _show_message(self, sentence: str, *, bad: bool = False, details: str = "") -> None:
        fold = f"<details><summary>Details</summary><pre>{escape(details)}</pre></details>" if details else ""
        self._note.value = sentence_html(sentence, bad=bad, more=fold) if sentence else ""

    def _show_code(self, text: str, *, bad: bool = False) -> None:
        shown = sentence_html(text, bad=True) if bad else f"<pre class='eow-code'>{escape(text)}</pre>"
        self._code.value = shown if text else ""

    def _running(self, going: bool) -> None:
        """Swap the buttons between before and during a run."""
        self._run.disabled = going
        self._cancel.disabled = self._pause.disabled = not going
        self._pause.value = False
        self._bar.layout.display = None if going else "none"

    @property
    def message(self) -> str:
        """Return the sentence that the panel shows, as HTML."""
        return str(self._note.value)


def sentence_html(sentence: str, *, bad: bool = False, more: str = "") -> str:
    """Return the HTML of a sentence that screen readers announce; ``more`` is HTML that follows it."""
    kind, role = ("eow-bad", "alert") if bad else ("eow-good", "status")
    return f"<div class='{kind}' role='{role}'>{escape(sentence)}{more}</div>"


def select(dropdown: Any, value: str, kind: str) -> None:
    """Select a value in a dropdown.

    Raises
    ------
    InputError
        If it is not listed; ``kind`` is its name in the message.
    """
    known = [v for _, v in dropdown.options]
    if value not in known:
        raise unknown(kind, value, known)
    dropdown.value = value


def wide(**options: Any) -> ipywidgets.Layout:
    """Return the layout of a widget that fills the width of its panel."""
    return ipywidgets.Layout(width="auto", **options)


def row(*widgets: Any) -> ipywidgets.HBox:
    """Return widgets next to each other, wrapped where the panel is narrow."""
    return ipywidgets.HBox(widgets, layout=ipywidgets.Layout(flex_flow="row wrap")).add_class("eow-row")


def places(area_map: Any) -> dict[str, str]:
    """Return the places to compute that a panel offers, with the map view only if there is a map."""
    return {key: label for key, label in WHERE.items() if key != "view" or area_map is not None}


def date_labels(cube: xr.Dataset) -> list[str]:
    """Return the dates of a cube as ISO text: days, or seconds where several images are of one day."""
    stamps = [str(t) for t in cube["time"].values.astype("datetime64[s]")]
    days = [t[:10] for t in stamps]
    return days if len(set(days)) == len(days) else stamps


def date_range(labels: Sequence[str], description: str, **options: Any) -> ipywidgets.SelectionRangeSlider:
    """Return a slider with two ends over dates, both at the ends of the series."""
    return ipywidgets.SelectionRangeSlider(
        options=list(labels),
        index=(0, len(labels) - 1),
        description=description,
        continuous_update=False,
        **{"layout": wide(display=None if len(labels) > 1 else "none"), **options},
    )


def devices() -> list[str]:
    """Return the names of the devices that a model can run on here."""
    import torch

    found = ["auto", "cpu"]
    found += ["cuda"] if torch.cuda.is_available() else []
    return found + (["mps"] if torch.backends.mps.is_available() else [])
