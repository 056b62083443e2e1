"""A label or a text for each window, chip or series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from eowidgets.arguments import checked
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.outputs.base import VariableName, share
from eowidgets.contract.outputs.classes import most_likely
from eowidgets.contract.outputs.gathered import Gathered, Row
from eowidgets.errors import InputError, ModelError, shown
from eowidgets.metrics import accuracy, bleu, confusion, f1

if TYPE_CHECKING:
    from pandas import DataFrame, Series


def _whole(size: tuple[int, int]) -> Any:
    import shapely

    return shapely.box(0, 0, size[1], size[0])


@checked
@dataclass(frozen=True)
class Label(Gathered):
    """One class per window, chip or series.

    ``Model.predict`` returns probabilities, a tensor ``(b, k)`` with the classes in the order of ``classes``. The result is
    a table with the columns ``name`` (the name of the most likely class) and ``name + "_probability"``.

    Parameters
    ----------
    name : str
        Name of the column, and key in the dict that ``Model.predict`` returns.
    classes : tuple of ClassInfo
        Two or more, with different values.

    Examples
    --------
    >>> from eowidgets.contract.labels import ClassInfo
    >>> Label(classes=(ClassInfo(0, "forest", "#1b7837"), ClassInfo(1, "water", "#3b78b5"))).columns
    ('label', 'label_probability')
    """

    name: VariableName = "label"
    classes: tuple[ClassInfo, ...] = ()

    def __post_init__(self) -> None:
        values = [c.value for c in self.classes]
        if len(values) < 2 or len(set(values)) < len(values):
            raise InputError(
                f"The label {shown(self.name)} has the class values {shown(values)}: give two or more eow.ClassInfo with "
                "different values."
            )

    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "f1", "covered")

    def score(
        self, found: DataFrame | Series[Any] | list[Any], truth: DataFrame | Series[Any] | list[Any]
    ) -> dict[str, float]:
        """Compare the names of classes row by row: accuracy, mean F1 of the classes, and the share with a result.

        Parameters
        ----------
        found : DataFrame, Series or list
            Names of classes, one per row; None where there is none.
        truth : DataFrame, Series or list
            The same, as it should be.

        Returns
        -------
        dict of str to float
            ``accuracy``, ``f1`` and ``covered``.

        Raises
        ------
        InputError
            If both do not have the same number of rows.

        Examples
        --------
        >>> import eowidgets as eow
        >>> classes = (eow.ClassInfo(0, "land", "#a08c78"), eow.ClassInfo(1, "water", "#3b78b5"))
        >>> eow.Label("use", classes=classes).score(["land", "water"], ["land", "water"])
        {'accuracy': 1.0, 'f1': 1.0, 'covered': 1.0}
        """
        names = [c.name for c in self.classes]
        made, true = (_codes(_texts(side, self.name), names) for side in (found, truth))
        if len(made) != len(true):
            raise InputError(f"There are {len(made)} labels and {len(true)} true ones: give one for each row.")
        counts = confusion(made, true, len(names), made >= 0)
        with np.errstate(all="ignore"):
            mean = float(np.nanmean(f1(counts)))
        return {"accuracy": accuracy(counts), "f1": mean, "covered": share(true >= 0, made >= 0)}

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the class and its probability."""
        return (self.name, f"{self.name}_probability")

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Choose the most likely class; None where a probability is NaN.

        Parameters
        ----------
        item : Tensor
            What the model returned for one chip, or for one series on one date.
        bands : tuple of str
            Bands of the batch.

        Returns
        -------
        dict of str to object
            Name of a column to its value.

        Raises
        ------
        ModelError
            If the item has another form.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> classes = (eow.ClassInfo(0, "land", "#a08c78"), eow.ClassInfo(1, "water", "#3b78b5"))
        >>> eow.Label("use", classes=classes).row(torch.tensor([0.25, 0.75]))
        {'use': 'water', 'use_probability': 0.75}
        """
        return most_likely(self.name, self.classes, item)

    def records(self, item: Any, size: tuple[int, int], dates: int) -> list[Row]:
        """Return the label of the window; no record where there is none.

        Parameters
        ----------
        item : object
            What the model returned for the window.
        size : (int, int)
            Rows and columns of the window.
        dates : int
            Number of dates of the output.

        Returns
        -------
        list of Row
            One for each object, text or label of the window.

        Raises
        ------
        ModelError
            If the item has another form.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> classes = (eow.ClassInfo(0, "land", "#a08c78"), eow.ClassInfo(1, "water", "#3b78b5"))
        >>> eow.Label("use", classes=classes).records(torch.tensor([0.2, 0.8]), size=(4, 4), dates=1)[0].values["use"]
        'water'
        """
        values = self.row(item)
        return [Row(_whole(size), values)] if values[self.name] is not None else []


@checked
@dataclass(frozen=True)
class Text(Gathered):
    """One text per window, chip or series: a caption or an answer.

    ``Model.predict`` returns a list of texts, one per window. The result is a table with the column ``name``.

    Parameters
    ----------
    name : str
        Name of the column, and key in the dict that ``Model.predict`` returns.

    Examples
    --------
    >>> Text("caption").columns
    ('caption',)
    """

    name: VariableName = "text"
    metrics: ClassVar[tuple[str, ...]] = ("bleu",)

    def score(
        self, found: DataFrame | Series[Any] | list[Any], truth: DataFrame | Series[Any] | list[Any]
    ) -> dict[str, float]:
        """Compute BLEU-4 of the texts. The truth has a text, or a list of texts, in each row.

        Parameters
        ----------
        found : DataFrame, Series or list
            Texts that were written, one per row.
        truth : DataFrame, Series or list
            For each row a text, or a list of texts.

        Returns
        -------
        dict of str to float
            BLEU-4 of all texts together.

        Raises
        ------
        InputError
            If both do not have the same number of rows.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Text().score(["a lake in a forest"], ["a lake in a forest"])
        {'bleu': 1.0}
        """
        made, true = _texts(found, self.name), _texts(truth, self.name)
        if len(made) != len(true):
            raise InputError(f"There are {len(made)} texts and {len(true)} true ones: give one for each row.")
        return {"bleu": bleu([str(m) for m in made], [[t] if isinstance(t, str) else list(t) for t in true])}

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the text."""
        return (self.name,)

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Take the text.

        Parameters
        ----------
        item : str
            What the model returned for one chip, or for one series on one date.
        bands : tuple of str
            Bands of the batch.

        Returns
        -------
        dict of str to object
            Name of a column to its value.

        Raises
        ------
        ModelError
            If the item has another form.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Text().row("A lake.")
        {'text': 'A lake.'}
        """
        if not isinstance(item, str):
            raise ModelError(f"{shown(self.name)} with {type(item).__name__} in place of a text")
        return {self.name: item}

    def records(self, item: Any, size: tuple[int, int], dates: int) -> list[Row]:
        """Return the text of the window.

        Parameters
        ----------
        item : object
            What the model returned for the window.
        size : (int, int)
            Rows and columns of the window.
        dates : int
            Number of dates of the output.

        Returns
        -------
        list of Row
            One for each object, text or label of the window.

        Raises
        ------
        ModelError
            If the item has another form.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Text().records("A lake.", size=(4, 4), dates=1)[0].values
        {'text': 'A lake.'}
        """
        return [Row(_whole(size), self.row(item))]


def _texts(side: Any, name: str) -> list[Any]:
    """Return a column of a table, or a sequence as it is.

    Raises
    ------
    InputError
    """
    columns = getattr(side, "columns", None)
    if columns is not None and name not in columns:
        raise InputError(f"The table has no column {shown(name)} to compare: rename it, or give the column alone.")
    return list(side[name] if columns is not None else side)


def _codes(texts: list[Any], names: list[str]) -> Any:
    return np.array([names.index(text) if text in names else -1 for text in texts], int)
