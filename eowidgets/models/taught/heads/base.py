"""Base of the heads, which map features to classes or numbers: fitted by scikit-learn, stored as tensors, run by torch."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Self

import numpy.typing as npt
from torch import Tensor, nn

from eowidgets.errors import MissingExtraError

Array = npt.NDArray[Any]


class Head(nn.Module):
    """Base class of the heads.

    Parameters
    ----------
    sizes : dict of str to int
        ``features``, ``outputs`` (classes; 1 for a number), ``numeric`` (0 or 1), and the sizes of the subclass.

    Attributes
    ----------
    kind, label : str
        Identifier, and a readable name.
    least : int
        Minimum number of examples for the head to be tested.
    """

    kind: ClassVar[str]
    label: ClassVar[str]
    least: ClassVar[int] = 0

    def __init__(self, sizes: dict[str, int]) -> None:
        super().__init__()
        self.sizes = sizes

    @classmethod
    @abstractmethod
    def fit(cls, x: Array, y: Array, sizes: dict[str, int], seed: int) -> Self:
        """Fit to standardised features.

        Parameters
        ----------
        x : array, shape (n, features), float32
        y : array, shape (n,)
            Index of the class, or the standardised number.
        sizes : dict of str to int
            As for the constructor, without those of the subclass.
        seed : int
        """

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, classes), or standardised numbers (n, 1)."""

    @abstractmethod
    def importance(self) -> Array:
        """Return the weight of each feature, shape (features,), not negative."""


def sklearn(module: str) -> Any:
    """Import a module of scikit-learn.

    Raises
    ------
    MissingExtraError
    """
    from importlib import import_module

    try:
        return import_module(f"sklearn.{module}")
    except ImportError as error:
        raise MissingExtraError("Teaching a model", "teach") from error
