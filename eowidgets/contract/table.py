"""``eow.list_models()``: the models, as a table."""

from __future__ import annotations

from fnmatch import fnmatchcase
from html import escape
from typing import Any

from eowidgets.arguments import checked
from eowidgets.contract.catalogue import Listing, listings
from eowidgets.contract.task import Task

COLUMNS = ("name", "task", "title", "pretrained", "needs", "parameters", "scores", "licence", "use")


class ModelTable(list[dict[str, str]]):
    """Rows of text, one per model; prints as lines, displays as a table; ``to_pandas()`` returns a DataFrame."""

    def __repr__(self) -> str:
        """Return name, task and title of each model."""
        width = max((len(row["name"]) for row in self), default=0)
        return "\n".join(f"{row['name']:{width}}  {row['task']:13}  {row['title']}" for row in self) or "No model."

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{c}</th>" for c in COLUMNS)
        # Cards may come from any plug-in: their text is escaped.
        rows = "".join("<tr>" + "".join(f"<td>{escape(row[c])}</td>" for c in COLUMNS) + "</tr>" for row in self)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def to_pandas(self) -> Any:
        """Return the rows as a pandas DataFrame indexed by name."""
        import pandas as pd

        return pd.DataFrame(list(self), columns=list(COLUMNS)).set_index("name")


@checked
def list_models(pattern: str = "*", task: Task | str | None = None, pretrained: bool | None = None) -> ModelTable:
    """List the models, of this package, of plug-ins and of this session, without importing them.

    Parameters
    ----------
    pattern : str
        Names to list, with ``*``, ``?`` and ``[...]`` as in file names: ``"change-*"``.
    task : Task or str, optional
        Only models of this task.
    pretrained : bool, optional
        True: only models with trained weights; False: only those without.

    Returns
    -------
    ModelTable
        A list of rows, sorted by task and name; ``use`` states how a model is used that ``eow.run`` cannot run.

    Raises
    ------
    InputError
        For an unknown task, with the nearest ones.

    Examples
    --------
    >>> import eowidgets as eow
    >>> [row["name"] for row in eow.list_models("change-*", pretrained=True)]
    ['change-fcsiam', 'change-lenet', 'change-mci']
    """
    found = list(listings(complete=task is not None).values())
    if task is not None:
        _check_task(task, {one.task for one in found if one.task})
        found = [one for one in found if one.task == str(task)]
    chosen = [one for one in found if fnmatchcase(one.name, pattern) and pretrained in (None, bool(one.pretrained))]
    return ModelTable(_row(one) for one in sorted(chosen, key=lambda one: (one.task, one.name)))


def _check_task(task: Task | str, known: set[str]) -> None:
    if str(task) not in known:
        Task.of(task)  # raises for an unknown name; a task without models gives an empty table


def _row(one: Listing) -> dict[str, str]:
    return {
        "name": one.name,
        "task": one.task,
        "title": one.title,
        "pretrained": ", ".join(one.pretrained),
        "needs": one.needs,
        "parameters": ", ".join(one.parameters),
        "scores": one.scores,
        "licence": one.licence,
        "use": one.use or f'eow.run("{one.name}", cube)',
    }
