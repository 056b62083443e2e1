"""One class per pixel, with its probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from torch import Tensor

from eowidgets.arguments import checked
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.outputs.base import NO_CLASS, Array, InputBands, Mosaic, Variable, numbers, share, within
from eowidgets.errors import InputError, ModelError, shown
from eowidgets.metrics import accuracy, confusion, f1, iou, kappa

if TYPE_CHECKING:
    import xarray as xr
    from pandas import DataFrame

#: Tolerance of probabilities outside 0..1, for rounding in reduced precision.
ROUNDING = 0.01


@checked
@dataclass(frozen=True)
class Classes(Mosaic):
    """One class per pixel out of several.

    ``Model.predict`` returns probabilities, a tensor ``(b, [t,] k, h, w)`` with the classes in the order of ``classes``.
    The engine blends the probabilities; the result has the most likely class (uint8, 255 where there is none) under
    ``name`` and its probability under ``name + "_probability"``. The other parameters are those of
    :class:`~eowidgets.contract.outputs.base.Mosaic`.

    Parameters
    ----------
    name : str
        Name of the variable, and key in the dict that ``Model.predict`` returns.
    dims : {"tyx", "yx"}
        With or without time.
    unit : str
        UDUNITS word, or ``""``.
    long_name : str
        Words for legends.
    needs : {"any", "same", "measured"}
        Where the result is given: at pixels that were observed without cloud at least once; on the dates on which the
        pixel was measured; or at pixels measured at least once, cloud or not.
    vmin : float, optional
        Lower end of the range for display.
    vmax : float, optional
        Upper end of the range for display.
    stride : int
        Pixels per cell of the output's grid, along one side.
    classes : tuple of ClassInfo
        Two or more, with different values.

    Raises
    ------
    InputError
        For fewer than two classes, or two with one value.

    Examples
    --------
    >>> from eowidgets.contract.labels import ClassInfo
    >>> Classes("water", classes=(ClassInfo(0, "land", "#a08c78"), ClassInfo(1, "water", "#3b78b5"))).axes(1, 4)
    (2,)
    """

    classes: tuple[ClassInfo, ...] = ()
    copies: ClassVar[bool] = True
    metrics: ClassVar[tuple[str, ...]] = ("f1", "iou", "accuracy", "kappa", "covered")

    def __post_init__(self) -> None:
        values = [c.value for c in self.classes]
        if len(values) < 2 or len(set(values)) < len(values):
            raise InputError(
                f"The class output {shown(self.name)} has the class values {shown(values)}: give two or more "
                "eow.ClassInfo with different values."
            )

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Choose the most likely class by its name; None where a probability is NaN.

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
        >>> output = eow.Classes("water", classes=classes)
        >>> output.row(torch.tensor([0.2, 0.8]))
        {'water': 'water', 'water_probability': 0.8}
        """
        return most_likely(self.name, self.classes, item)

    def axes(self, dates: int, bands: int) -> tuple[int, ...]:
        """Return the lengths of time and classes.

        Parameters
        ----------
        dates : int
            Number of dates of the output.
        bands : int
            Number of bands of the input.

        Returns
        -------
        tuple of int
            Lengths, without the batch, rows and columns.

        Examples
        --------
        >>> import eowidgets as eow
        >>> classes = (eow.ClassInfo(0, "land", "#a08c78"), eow.ClassInfo(1, "water", "#3b78b5"))
        >>> eow.Classes("water", classes=classes).axes(dates=12, bands=4)
        (2,)
        """
        return (*super().axes(dates, bands), len(self.classes))

    def variables(self, source: InputBands) -> tuple[Variable, ...]:
        """Return the class and its probability.

        Parameters
        ----------
        source : InputBands
            Bands of the input and their attributes.

        Returns
        -------
        tuple of Variable
            Name, dimensions, type and attributes of each.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.contract.outputs.base import InputBands
        >>> classes = (eow.ClassInfo(0, "land", "#a08c78"), eow.ClassInfo(1, "water", "#3b78b5"))
        >>> output = eow.Classes("water", classes=classes)
        >>> [variable.name for variable in output.variables(InputBands(("red", "nir")))]
        ['water', 'water_probability']
        """
        words = f"Probability of {self.long_name or self.name}"
        chance = {"role": "result", "units": "1", "long_name": words, "vmin": 0.0, "vmax": 1.0}
        dims = self.axes_of_variable
        return (
            Variable(self.name, dims, "uint8", {**self.describe(), **self._legend()}),
            Variable(f"{self.name}_probability", dims, "float32", chance),
        )

    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Choose the most likely class of every pixel.

        Parameters
        ----------
        values : array, float32, shape ([t,] k, h, w)
            Blended values; may be changed in place.
        given : array (h, w) or (t, h, w), bool
            Where a result is given.
        source : InputBands
            Bands of the input.

        Returns
        -------
        dict of str to array
            Name of a variable to its values; nodata where no result is given.

        Examples
        --------
        >>> import eowidgets as eow
        >>> from eowidgets.contract.outputs.base import InputBands
        >>> import numpy as np
        >>> classes = (eow.ClassInfo(0, "land", "#a08c78"), eow.ClassInfo(1, "water", "#3b78b5"))
        >>> output = eow.Classes("water", classes=classes)
        >>> found = output.finish(np.array([[[0.2]], [[0.8]]], "float32"), np.ones((1, 1), bool), InputBands(("red", "nir")))
        >>> sorted(found)
        ['water', 'water_probability']
        """
        import torch

        # torch reduces the axis of classes many times faster than numpy, and propagates NaN.
        most, winner = torch.from_numpy(values).max(dim=-3)
        chance = most.numpy()
        keep = given & ~np.isnan(chance)
        np.copyto(chance, np.nan, where=~keep)
        labels = np.array([c.value for c in self.classes], "uint8")[winner.numpy()]
        np.copyto(labels, NO_CLASS, where=~keep)
        return {self.name: labels, f"{self.name}_probability": chance}

    def problem(self, values: Tensor) -> Tensor | None:
        """Look for probabilities outside 0..1.

        Parameters
        ----------
        values : Tensor, float32
            Values of a batch of windows, shape (b, ..., h, w).

        Returns
        -------
        Tensor or None
            Where the values are not allowed, bool; None if all are. NaN is always allowed.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> classes = (eow.ClassInfo(0, "land", "#a08c78"), eow.ClassInfo(1, "water", "#3b78b5"))
        >>> output = eow.Classes("water", classes=classes)
        >>> output.problem(torch.tensor([[[[2.0]], [[0.0]]]])).any().item()
        True
        """
        low, high = -ROUNDING, 1 + ROUNDING
        return None if within(values, low, high) else (values <= low) | (values >= high)

    def complaint(self, value: Any) -> str:
        """Return the end of the sentence about such a probability.

        Parameters
        ----------
        value : float
            The value that is not allowed.

        Returns
        -------
        str
            The end of a sentence, for an error message.

        Examples
        --------
        >>> import eowidgets as eow
        >>> classes = (eow.ClassInfo(0, "land", "#a08c78"), eow.ClassInfo(1, "water", "#3b78b5"))
        >>> output = eow.Classes("water", classes=classes)
        >>> output.complaint(2.0)
        'with a probability of 2: give probabilities from 0 to 1, for example with softmax'
        """
        return f"with a probability of {value:.3g}: give probabilities from 0 to 1, for example with softmax"

    def score(self, found: xr.Dataset | DataFrame, truth: xr.Dataset | xr.DataArray | DataFrame) -> dict[str, float]:
        """Compare with the truth: mean F1 and IoU of the classes, accuracy, kappa, and the share with a result.

        Parameters
        ----------
        found : Dataset or DataFrame
            Result of a run, with the variables or columns of this output.
        truth : Dataset, DataArray or DataFrame
            The same, as it should be; NaN does not count.

        Returns
        -------
        dict of str to float
            One number per name in ``metrics``.

        Raises
        ------
        InputError
            If both do not match, or the variable is missing.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import xarray as xr
        >>> classes = (eow.ClassInfo(0, "land", "#a08c78"), eow.ClassInfo(1, "water", "#3b78b5"))
        >>> output = eow.Classes("water", classes=classes)
        >>> found = xr.Dataset({"water": (("y", "x"), [[0, 1, 1]])})
        >>> output.score(found, found)["accuracy"]
        1.0
        """
        made, true, _ = self._compared(found, truth)
        values = [c.value for c in self.classes]
        rows, columns = _indices(made, values), _indices(true, values)
        counts = confusion(rows, columns, len(values), rows >= 0)
        with np.errstate(all="ignore"):
            means = {"f1": float(np.nanmean(f1(counts))), "iou": float(np.nanmean(iou(counts)))}
        covered = share(columns >= 0, rows >= 0)
        return {**means, "accuracy": accuracy(counts), "kappa": kappa(counts), "covered": covered}

    def _legend(self) -> dict[str, Any]:
        return {
            "flag_values": np.array([c.value for c in self.classes], "uint8"),
            "flag_meanings": " ".join("_".join(c.name.split()) for c in self.classes),
            "colors": " ".join(c.color for c in self.classes),
            "nodata": NO_CLASS,
        }


def _indices(values: Array, classes: list[int]) -> Array:
    """Return the position of each value among the classes, -1 for other values."""
    found = np.full(values.shape, -1)
    for i, value in enumerate(classes):
        found[values == value] = i
    return found


def most_likely(name: str, classes: tuple[ClassInfo, ...], item: Any) -> dict[str, Any]:
    """Return the columns of the most likely class of one item: its name and its probability, None if one is NaN.

    Raises
    ------
    ModelError
        For another number of probabilities, or one outside 0..1; without the name of the model.
    """
    columns = (name, f"{name}_probability")
    chances = numbers(item).reshape(-1)
    if len(chances) != len(classes):
        raise ModelError(f"{shown(name)} with {len(chances)} probabilities for {len(classes)} classes")
    if np.isnan(chances).any():
        return {columns[0]: None, columns[1]: np.nan}
    if chances.min() < -ROUNDING or chances.max() > 1 + ROUNDING:
        raise ModelError(f"{shown(name)} with a probability of {chances[np.abs(chances).argmax()]:.3g}: use softmax")
    best = int(chances.argmax())
    return {columns[0]: classes[best].name, columns[1]: round(float(chances[best]), 6)}
