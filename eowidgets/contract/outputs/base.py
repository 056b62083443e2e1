"""What every output of a model defines: its shape, its check, how windows are joined, and what is stored."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from annotated_types import Predicate, doc
from torch import Tensor

from eowidgets.arguments import Name, Pixels, checked
from eowidgets.cube.schema import DIMS
from eowidgets.errors import InputError, ModelError, shown

Array = npt.NDArray[Any]
Needs = Literal["any", "same", "measured"]
#: Stored in class maps where there is no result.
NO_CLASS = 255


def is_variable_name(name: str) -> bool:
    """Return whether a name of a variable is valid in files of every format."""
    return name.isprintable() and "/" not in name


VariableName = Annotated[Name, Predicate(is_variable_name), doc("a name for a variable, without '/'")]


@dataclass(frozen=True)
class Variable:
    """Name, type and axes of a variable of a result, without data."""

    name: str
    dims: tuple[str, ...]
    dtype: str
    attrs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fill(self) -> Any:
        """Value where there is no result."""
        return {"float32": np.float32("nan"), "uint8": np.uint8(NO_CLASS), "bool": False}[self.dtype]


@dataclass(frozen=True)
class InputBands:
    """The part of the input that outputs use: the bands and their attributes."""

    bands: tuple[str, ...]
    attrs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Output(ABC):
    """One thing that a model returns; subclasses are the kinds.

    Attributes
    ----------
    name : str
        Key in the dict that ``Model.predict`` returns.
    """

    name: VariableName

    #: Keys of the result of :meth:`score`, the most important one first.
    metrics: ClassVar[tuple[str, ...]] = ()

    def score(self, found: Any, truth: Any) -> dict[str, float]:
        """Compare a result with the truth.

        Parameters
        ----------
        found : Dataset or DataFrame
            Result of a run, with the variables or columns of this output.
        truth : Dataset, DataArray or DataFrame
            The same, as it should be: on the same grid and dates, or with the same index. NaN, and in class maps a value
            that is no class, does not count.

        Returns
        -------
        dict of str to float
            See :attr:`metrics`.

        Raises
        ------
        InputError
            When both do not match, or this kind of output has no scores.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import xarray as xr
        >>> found = xr.Dataset({"height": (("y", "x"), [[1.0, 2.0]])})
        >>> eow.Value("height").score(found, found)
        {'rmse': 0.0, 'mae': 0.0, 'covered': 1.0}
        """
        raise InputError(f"{self.kind} has no scores: compare the results that are computed from it.")

    def row(self, item: Any, bands: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return what a table holds of one item: of a chip, or of a series on one date.

        Parameters
        ----------
        item : object
            What the model returned for it.
        bands : tuple of str
            Bands of the batch.

        Returns
        -------
        dict of str to object
            Name of a column to its value.

        Raises
        ------
        ModelError
            If the output has no such form, or for an item of another form; without the name of the model.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> eow.Value("height").row(torch.tensor([12.5]))
        {'height': 12.5}
        """
        raise ModelError(
            f"{shown(self.name)}, which is not an output for a chip or a series: use Label, Text, Value, Vector or Classes"
        )

    @property
    def kind(self) -> str:
        """Return the name of the kind, for messages and the provenance."""
        return type(self).__name__


@checked
@dataclass(frozen=True)
class Mosaic(Output):
    """An output with a value per pixel, or per cell of a coarser grid; overlapping windows are blended.

    ``Model.predict`` returns a tensor ``(b, *axes, rows, columns)``. The engine blends the windows, and
    :meth:`finish` makes the variables of the result from the blended array.

    Parameters
    ----------
    name : str
    dims : {"tyx", "yx"}
        With or without time.
    unit, long_name : str
        For legends. ``unit`` is a UDUNITS word or ``""``.
    needs : {"any", "same", "measured"}
        Where the result is given. ``"any"``: at pixels that were observed without cloud at least once (gap filling,
        composites, change). ``"measured"``: at pixels measured at least once, cloud or not. ``"same"``: only on the
        dates on which the pixel was measured. Everywhere else the result is nodata.
    vmin, vmax : float, optional
        Range for display.
    stride : int
        Pixels per cell of the output's grid, along one side. All outputs of a model have the same.
    """

    name: VariableName
    dims: Literal["tyx", "yx"] = "yx"
    unit: str = ""
    long_name: str = ""
    needs: Needs = "any"
    vmin: float | None = None
    vmax: float | None = None
    stride: Pixels = 1

    #: Masks of the result that are computed from this output if it is the main one.
    masks: ClassVar[tuple[str, ...]] = ("valid",)
    #: :meth:`finish` copies: the memory of ``values`` may be used again.
    copies: ClassVar[bool] = False

    @property
    def over_time(self) -> bool:
        """Return whether it has a time axis."""
        return self.dims == "tyx"

    def axes(self, dates: int, bands: int) -> tuple[int, ...]:
        """Return the lengths of the axes before rows and columns, without the batch.

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
        >>> eow.Value("height", dims="tyx").axes(dates=12, bands=4)
        (12,)
        """
        return (dates,) if self.over_time else ()

    @abstractmethod
    def variables(self, source: InputBands) -> tuple[Variable, ...]:
        """Return the variables of the result that come from this output.

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
        >>> eow.Value("height").variables(InputBands(("red",)))[0].dims
        ('y', 'x')
        """

    @abstractmethod
    def finish(self, values: Array, given: Array, source: InputBands) -> dict[str, Array]:
        """Make the variables from blended values.

        Parameters
        ----------
        values : array (*axes, h, w), float32
            May be changed in place.
        given : array (h, w) or (t, h, w), bool
            Where a result is given.
        source : InputBands

        Returns
        -------
        dict of str to array
            Name of a variable to its values; nodata where no result is given.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import numpy as np
        >>> from eowidgets.contract.outputs.base import InputBands
        >>> values = np.array([[1.0, 2.0]], "float32")
        >>> eow.Value("height").finish(values, np.array([[True, False]]), InputBands(("red",)))["height"].tolist()
        [[1.0, nan]]
        """

    def valid(self, values: Array, given: Array) -> Array:
        """Return where the result is valid: (h, w), or (t, h, w) for an output over time.

        Parameters
        ----------
        values : array, float32, shape (*axes, h, w)
            Blended values.
        given : array (h, w) or (t, h, w), bool
            Where a result is given.

        Returns
        -------
        array, bool
            Shape (h, w), or (t, h, w) for an output over time.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import numpy as np
        >>> eow.Value("height").valid(np.ones((1, 2)), np.array([[True, False]])).tolist()
        [[True, False]]
        """
        return np.broadcast_to(given, (*values.shape[:1], *given.shape[-2:])) if self.over_time else given

    def coordinates(self) -> dict[str, Any]:
        """Return coordinates of axes other than time, y and x.

        Returns
        -------
        dict of str to (str, array)
            Name of a coordinate to its dimension and values.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Value("height").coordinates()
        {}
        """
        return {}

    def problem(self, values: Tensor) -> Tensor | None:
        """Look for values that no result may have.

        Parameters
        ----------
        values : Tensor, shape (b, *axes, h, w), float32

        Returns
        -------
        Tensor or None
            Where they are, bool, the shape of ``values``; None if all are fine. NaN is always allowed: it is no result.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> eow.Value("height").problem(torch.tensor([[[1.0, float("inf")]]]))
        tensor([[[False,  True]]])
        """
        return None if within(values, -np.inf, np.inf) else values.isinf()

    def complaint(self, value: Any) -> str:
        """Return the end of the sentence about such a value.

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
        >>> eow.Value("height").complaint(float("inf"))
        'with infinite values: give NaN where there is no result'
        """
        return "with infinite values: give NaN where there is no result"

    def _compared(self, found: Any, truth: Any, name: str = "") -> tuple[Array, Array, Array]:
        """Return prediction, target, and where there is a prediction, as arrays of one shape."""
        name = name or self.name
        made, true = (plain_values(side, name) for side in (found, truth))
        if made.shape != true.shape:
            raise InputError(
                f"The result {shown(name)} has the shape {made.shape} and the truth {true.shape}: bring the truth to the "
                "grid and the dates of the result."
            )
        return made, true, np.isfinite(made)

    def describe(self) -> dict[str, Any]:
        """Return the attributes of a variable that shows this output.

        Returns
        -------
        dict of str to object
            ``role``, ``long_name``, ``units``, and ``vmin`` and ``vmax`` where they are set.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Value("height", unit="m", vmax=40).describe()
        {'role': 'result', 'long_name': 'height', 'units': 'm', 'vmax': 40.0}
        """
        attrs: dict[str, Any] = {"role": "result", "long_name": self.long_name or self.name, "units": self.unit or "1"}
        limits = {"vmin": self.vmin, "vmax": self.vmax}
        return attrs | {name: float(v) for name, v in limits.items() if v is not None}

    @property
    def axes_of_variable(self) -> tuple[str, ...]:
        """Return the dimensions of a variable with one value per pixel."""
        return DIMS if self.over_time else DIMS[1:]


def plain_values(side: Any, name: str) -> Array:
    """Return a variable or a column as numbers.

    Raises
    ------
    InputError
    """
    import xarray as xr

    try:
        one = side if isinstance(side, xr.DataArray) else side[name]
        if isinstance(one, xr.DataArray):
            one = one.transpose(*(d for d in ("time", "feature", "y", "x") if d in one.dims), ...)
        return np.asarray(one, "float64")
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"There is no {shown(name)} to compare: give a Dataset or a table that has it, with numbers in it."
        ) from error


def share(known: Array, there: Array) -> float:
    """Return the share of the known targets that have a prediction; NaN without known targets."""
    return float(there[known].mean()) if known.any() else float("nan")


def within(values: Tensor, low: float, high: float) -> bool:
    """Return whether all values lie between two limits; False if one is NaN."""
    import torch

    least, most = torch.aminmax(values) if values.numel() else (values.sum(), values.sum())
    return bool(least > low) and bool(most < high)


def numbers(item: Any) -> npt.NDArray[np.float64]:
    """Return a tensor or array-like object as numbers on the CPU.

    Raises
    ------
    ModelError
        Without the name of the model.
    """
    import torch

    if isinstance(item, torch.Tensor):
        item = item.detach().cpu().float().numpy()
    if not isinstance(item, np.ndarray | np.generic | int | float | list | tuple):
        raise ModelError(f"a {type(item).__name__} in place of numbers")
    try:
        return np.asarray(item, "float64")
    except (TypeError, ValueError) as error:
        raise ModelError(f"a {type(item).__name__} in place of numbers") from error
