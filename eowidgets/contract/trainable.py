"""Models that are trained on labels: their examples and their base class."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from eowidgets.contract.feeds import Batch, Windows
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Classes, Output, Value
from eowidgets.contract.target import Target
from eowidgets.contract.task import Task
from eowidgets.errors import InputError, ModelError, shown

#: Module that reads the test of a trained model; it is above this layer and imported by name.
TEACH = "eowidgets.learn.teach"
#: Index of a pixel without a class.
NO_TARGET = -1

#: Called with the share that is done, 0..1; it may raise to stop the training.
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Labelled data in the form of a model's input.

    Attributes
    ----------
    batch : Batch
        Series ``(n, t, c)`` for a model with the feed ``Series``, windows ``(n, t, c, h, w)`` for others; the dates are the
        same for all.
    target : Tensor, shape (n,) for series, (n, h, w) for windows
        int64 index of the class, -1 where there is none; or float32, NaN where there is none.
    group : array, shape (n,), int64
        Spatial block: examples of one group are never divided between training and test.
    """

    batch: Batch
    target: Tensor
    group: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.target)

    def take(self, which: npt.NDArray[Any] | Sequence[int]) -> Examples:
        """Return some of the examples, by number or by a mask."""
        rows = np.flatnonzero(which) if np.asarray(which).dtype == bool else np.asarray(which, "int64")
        return Examples(take(self.batch, rows), self.target[torch.from_numpy(rows)], self.group[rows])


def take(batch: Batch, rows: npt.NDArray[np.int64]) -> Batch:
    """Return some rows of a batch and of its sources."""
    index = torch.from_numpy(rows)
    x, usable = batch.x[index], batch.usable[index]
    return replace(
        batch,
        x=x,
        raw=x if batch.raw is batch.x else batch.raw[index],
        usable=usable,
        measured=usable if batch.measured is batch.usable else batch.measured[index],
        lonlat=batch.lonlat[index],
        sources={name: take(one, rows) for name, one in batch.sources.items()},
    )


class Trainable(Model):
    """Base class of models that :func:`eowidgets.teach` trains on labels.

    A subclass states its feed, builds its network from a few numbers that it reads from the examples, and trains it.
    Predicting, saving and loading are the same for all.

    Parameters
    ----------
    target : Target, optional
        Target of the training; None before.
    bands : tuple of str
        Bands that it was trained on.
    sizes : mapping of str to int, optional
        Numbers from which the network is built; None before.
    sources : mapping of str to tuple of str, optional
        Bands of each further source that it was trained on.
    **params
        See ``Params``.
    """

    #: Side of the windows that it is trained on, in pixels; None for series.
    side: ClassVar[int | None] = None
    #: Kinds of target that it can be trained on.
    teaches: ClassVar[tuple[str, ...]] = ("classes", "numbers")
    #: Call that trains it, for the list of models: it cannot be run before it is trained.
    use: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Set the call that trains the model."""
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "name"):
            cls.use = f'eow.teach(cube, labels, model="{cls.name}")'

    def __init__(
        self,
        target: Target | None = None,
        bands: tuple[str, ...] = (),
        sizes: Mapping[str, int] | None = None,
        sources: Mapping[str, tuple[str, ...]] | None = None,
        **params: Any,
    ) -> None:
        super().__init__(**params)
        self.source_bands = dict(sources or {})
        self.target, self.bands, self.sizes = target, tuple(bands), sizes
        #: Divides the logits of classes, so that probabilities agree with frequencies on held-out blocks.
        self.temperature = 1.0
        #: Distances from a predicted number to the ends of its 90 % interval, from held-out blocks.
        self.interval: tuple[float, float] | None = None
        #: The test on held-out blocks, as plain values.
        self.evaluation: dict[str, Any] = {}
        self.network: nn.Module | None = None
        if target is not None and sizes is not None:
            self._describe(target)
            with torch.random.fork_rng(devices=[]):
                self.network = self.build(dict(sizes)).eval().requires_grad_(False)

    @abstractmethod
    def measure(self, examples: Examples) -> dict[str, int]:
        """Return the numbers from which the network is built; ``outputs`` (number of classes, or 1 for a number) is added."""

    @abstractmethod
    def build(self, sizes: dict[str, int]) -> nn.Module:
        """Return the network without weights."""

    @abstractmethod
    def train(self, network: nn.Module, examples: Examples, seed: int, progress: Progress) -> None:
        """Train the network in place."""

    @abstractmethod
    def forward(self, network: nn.Module, batch: Batch) -> Tensor:
        """Return the logits ``(n, k, ...)`` of the classes, or numbers ``(n, 1, ...)``; NaN without a prediction."""

    def fit(self, examples: Examples, target: Target, *, seed: int = 0, progress: Progress = lambda _: None) -> Self:
        """Train on labelled examples.

        Parameters
        ----------
        examples : Examples
        target : Target
        seed : int
        progress : callable

        Returns
        -------
        Trainable
            A new model that is trained; this one is not changed.

        Raises
        ------
        InputError
            For a kind of target that the model cannot be trained on.
        """
        kind = "numbers" if target.numeric else "classes"
        if kind not in self.teaches:
            raise InputError(
                f"The model {shown(self.name)} can be trained on {self.teaches[0]}, and the labels are {kind}."
            )
        sizes = {**self.measure(examples), "outputs": max(1, len(target.classes))}
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            own = {f.name: getattr(self.params, f.name) for f in dataclasses.fields(self.params)}
            sources = {name: one.bands for name, one in examples.batch.sources.items()}
            taught = type(self)(target, examples.batch.bands, sizes, sources, **own)
            network = taught.build(dict(sizes))
            taught.train(network, examples, seed, progress)
        taught.network = network.eval().requires_grad_(False)
        return taught

    def _describe(self, target: Target) -> None:
        """Set the bands and the task of the training on the instance."""
        self.task = Task.REGRESS if target.numeric else Task.SEGMENT  # type: ignore[misc]
        if self.bands and self.feed.bands is None:
            self.feed = replace(self.feed, bands=self.bands)  # type: ignore[misc]
        if isinstance(self.feed, Windows) and self.source_bands:
            known = (replace(one, bands=one.bands or self.source_bands.get(one.name)) for one in self.feed.sources)
            self.feed = replace(self.feed, sources=tuple(known))  # type: ignore[misc]

    def settings(self) -> Mapping[str, Any]:
        """Return the settings of the training."""
        return {"taught": self.evaluation.get("teach", {})}

    @property
    def title(self) -> str:
        """Name in messages."""
        return self.name

    @property
    def report(self) -> Any:
        """The test on held-out blocks, an :class:`~eowidgets.learn.evaluation.Evaluation`; None if no test was possible."""
        return import_module(TEACH).evaluation_of(self)

    @property
    def compared(self) -> Any:
        """The table of the compared methods, a :class:`~eowidgets.contract.choice.Choice`; None without a comparison."""
        return import_module(TEACH).choice_of(self)

    def module(self) -> nn.Module | None:
        """Return the network; None before the training."""
        return self.network

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the classes, or the number and the ends of its interval."""
        target = self._taught()
        if target.classes:
            return (Classes(target.name, classes=target.classes),)
        whole = Value(target.name, unit=target.unit)
        if self.interval is None:
            return (whole,)
        ends = (Value(f"{target.name}_{end}", unit=target.unit) for end in ("low", "high"))
        return (whole, *ends)

    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Return calibrated probabilities, or numbers with the ends of their intervals."""
        self._taught()
        with torch.no_grad():
            return self.named(self.forward(cast(nn.Module, self.network), batch).float())

    def named(self, found: Tensor) -> dict[str, Tensor]:
        """Return the outputs by name, from the result of :meth:`forward`."""
        target = self._taught()
        if target.classes:
            return {target.name: (found / self.temperature).softmax(dim=1)}
        values = found[:, 0]
        if self.interval is None:
            return {target.name: values}
        low, high = self.interval
        return {target.name: values, f"{target.name}_low": values - low, f"{target.name}_high": values + high}

    def _taught(self) -> Target:
        if self.target is None or self.network is None:
            raise ModelError(
                f"The model {shown(self.name)} has not been trained: eow.teach(cube, labels, model={self.name!r}) trains it."
            )
        return self.target
