"""``eow.models()``: what there is to run, as a table."""

from __future__ import annotations

import dataclasses
from html import escape
from typing import Any

from eowidgets.contract.model import Model
from eowidgets.contract.registry import model_classes

COLUMNS = ("name", "task", "title", "needs", "parameters", "scores", "licence")


class ModelTable(list[dict[str, str]]):
    """Rows of text, one per model; prints as lines, shows as a table, ``to_dataframe()`` for more."""

    def __repr__(self) -> str:
        """Name, task and title of each model."""
        width = max((len(row["name"]) for row in self), default=0)
        return "\n".join(f"{row['name']:{width}}  {row['task']:13}  {row['title']}" for row in self) or "No model."

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{c}</th>" for c in COLUMNS)
        # Cards may come from anyone: their text is text, never markup.
        rows = "".join("<tr>" + "".join(f"<td>{escape(row[c])}</td>" for c in COLUMNS) + "</tr>" for row in self)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def to_dataframe(self) -> Any:
        """As a pandas DataFrame indexed by name."""
        import pandas as pd

        return pd.DataFrame(list(self), columns=list(COLUMNS)).set_index("name")


def model_table(task: str | None = None) -> ModelTable:
    """Every registered model, of one task or of all.

    Raises
    ------
    InputError
        For an unknown task.
    """
    return ModelTable(_row(m) for m in model_classes(task))


def _row(model: type[Model]) -> dict[str, str]:
    needs = ", ".join(model.feed.bands or ()) or "any bands"
    if model.feed.min_dates > 1:
        needs += f", {model.feed.min_dates} dates or more"
    if model.feed.resolution:
        needs += f", {model.feed.resolution:g} m"
    return {
        "name": model.name,
        "task": str(model.task),
        "title": model.card.title,
        "needs": needs,
        "parameters": ", ".join(f.name for f in dataclasses.fields(model.Params)),
        "scores": "; ".join(f"{k}: {v:g}" for k, v in model.card.scores.items()),
        "licence": model.card.licence,
    }
