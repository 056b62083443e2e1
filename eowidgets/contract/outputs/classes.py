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
        """Choose the most likely class by its name; None where a probability is NaN."""
        return most_likely(self.name, self.classes, item)

    def axes(self, dates: int, bands: int) -> tuple[int, ...]:
        """Return the lengths of time and classes."""
        return (*super().axes(dates, bands), len(self.classes))

    def variables(self, source: InputBands) -> tuple[Variable, ...]:
        """Return the class and its probability."""
        words = f"Probability of {self.long_name or self.name}"
        chance = {"role": "result", "units": "1", "long_name": words, "vmin": 0.0, "vmax": 1.0}
        dims = self.axes_of_variable
        return (
            Variable(self.name, dims, "uint8", {**self.describe(), **self._legend()}),
            Variable(f"{self.name}_probability", dims, "float32", chance),
        )

    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Choose the most likely class of every pixel."""
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
        """Look for probabilities outside 0..1."""
        low, high = -ROUNDING, 1 + ROUNDING
        return None if within(values, low, high) else (values <= low) | (values >= high)

    def complaint(self, value: Any) -> str:
        """Return the end of the sentence about such a probability."""
        return f"with a probability of {value:.3g}: give probabilities from 0 to 1, for example with softmax"

    def score(self, found: xr.Dataset | DataFrame, truth: xr.Dataset | xr.DataArray | DataFrame) -> dict[str, float]:
        """Compare with the truth: mean F1 and IoU of the classes, accuracy, kappa, and the share with a result."""
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
