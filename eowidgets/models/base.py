"""The contract between a model and everything else: an adapter of about fifty lines.

A model states what it takes (:class:`Inputs`), how it likes to be fed (:class:`WindowSpec`), its
parameters (a frozen dataclass whose fields carry unit, bounds and help), what it gives
(:class:`~eowidgets.tasks.Output`) and where it comes from (:class:`Card`). Windows, blending,
batches, devices, progress, cancelling and files are the engine's business, never the model's.
"""

from __future__ import annotations

import dataclasses
import functools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from annotated_types import Interval
from torch import Tensor

from eowidgets.annotations import hints
from eowidgets.arguments import Count, Pixels, Positive, WholeFromZero, checked, take
from eowidgets.errors import InputError, unknown
from eowidgets.models.remake import Remade
from eowidgets.rules import Rule, rule
from eowidgets.tasks import Output, Task

Dates = npt.NDArray[np.datetime64]
P = TypeVar("P")


@checked
@dataclass(frozen=True, slots=True)
class Inputs:
    """What a model needs to see.

    Parameters
    ----------
    bands : tuple of str, optional
        Common names in the order the model wants them; None means any bands, as they come.
    min_dates, max_dates : int, optional
        Number of dates that make sense.
    resolution : float, optional
        Pixel size in metres that the model was made for, to which cubes of another one are resampled; None means any.
    optional_bands : tuple of str
        Bands that are used when the cube has them (a second sensor, say).
    """

    bands: tuple[str, ...] | None = None
    min_dates: Count = 1
    max_dates: Count | None = None
    resolution: Positive | None = None
    optional_bands: tuple[str, ...] = ()


@checked
@dataclass(frozen=True, slots=True)
class WindowSpec:
    """State in which windows, in pixels and dates, a model is run.

    A model whose answer for a pixel depends on what else lies in its window (attention over the window, normalisation
    by its statistics) states ``size``. A model without ``size`` gives every pixel the same answer in any window that
    has its ``halo``; the engine chooses the window.

    Parameters
    ----------
    size : int, optional
        Side of the window that the model sees, halo included; runs that ask for another side are refused.
        None: the engine chooses it by the memory.
    halo : int
        Pixels of context at each side of a window.
    multiple : int
        The window's side must be a multiple of this (patch size times downsampling).
    dates : int, optional
        Dates in a window; None: all dates at once.
    date_halo : int
        Dates of context at each end when ``dates`` is set.
    blend : int, optional
        Pixels to each side of the border between two windows over which their answers are blended, at most ``halo``.
        None: half of ``halo``, so that the other half is context alone.
    """

    size: Pixels | None = None
    halo: WholeFromZero = 0
    multiple: Pixels = 1
    dates: Count | None = None
    date_halo: WholeFromZero = 0
    blend: WholeFromZero | None = None

    def __post_init__(self) -> None:
        if self.blend is not None and not 0 <= self.blend <= self.halo:
            raise InputError(
                f"A window is to be blended over {self.blend} pixels with a halo of {self.halo}: "
                "give a blend between 0 and the halo."
            )


@checked
@dataclass(frozen=True, slots=True)
class Card:
    """Where a model comes from and what it may be trusted with.

    Parameters
    ----------
    title, summary : str
        One line each, for the panel.
    paper, url, licence, data : str
        The source, and what it was trained on.
    scores : mapping
        Measured here: ``{"PSNR over linear, held-out third (dB)": 8.1}``.
    limits : str
        Where it fails, in plain words.
    weights, sha256 : str, optional
        File name of the safetensors in the package, and its hash.
    """

    title: str
    summary: str = ""
    paper: str = ""
    url: str = ""
    licence: str = "Apache-2.0"
    data: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    limits: str = ""
    weights: str | None = None
    sha256: str | None = None


@dataclass(slots=True)
class Batch:
    """What the engine hands to :meth:`Model.predict`.

    Attributes
    ----------
    x : Tensor, shape (b, t, c, h, w), float32
        Reflectance (or what the cube holds). Exactly 0 where ``usable`` is False. Not to be changed in
        place: without clouds it is the same tensor as ``raw``.
    usable : Tensor, shape (b, t, h, w), bool
        The ground was seen: measured, no cloud, no shadow.
    measured : Tensor, shape (b, t, h, w), bool
        Something was measured, cloud or not; ``raw`` holds it.
    raw : Tensor, shape (b, t, c, h, w), float32
        As ``x`` but with the cloudy measurements kept (0 only where nothing was measured).
    days : Tensor, shape (t,), float64
        Days since 1970-01-01, increasing.
    out_days : Tensor, shape (s,), float64
        Days of the output frames (the same as ``days`` unless the model changes the dates).
    bands : tuple of str
        Common names along ``c``.
    lonlat : Tensor, shape (b, 2), float32
        Centre of each window in degrees.
    resolution : float
        Pixel size in metres.
    seed : int, optional
        Seed of the run. A model that draws random numbers from it, and not from torch's own generator, gives the same
        answer whatever windows share its batch.
    """

    x: Tensor
    usable: Tensor
    measured: Tensor
    raw: Tensor
    days: Tensor
    out_days: Tensor
    bands: tuple[str, ...]
    lonlat: Tensor
    resolution: float
    seed: int | None = None

    def day_of_year(self) -> Tensor:
        """Day of year 1..366 of every input date, shape (t,), float32."""
        dates = np.asarray(self.days.cpu(), dtype="int64").astype("datetime64[D]")
        doy = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1
        return torch.as_tensor(doy, dtype=torch.float32, device=self.x.device)


@dataclass(frozen=True, slots=True)
class NoParams:
    """Parameters of a model that has none."""


@checked
def param(
    default: Any,
    *,
    help: str,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    choices: tuple[Any, ...] | None = None,
    label: str = "",
) -> Any:
    """Declare a field of a ``Params`` dataclass, with what a panel needs to make a control of it."""
    meta = {
        "help": help,
        "unit": unit,
        "low": low,
        "high": high,
        "step": step,
        "choices": choices,
        "label": label,
    }
    return field(default=default, metadata=meta)


def make_params(cls: type[P], values: Mapping[str, Any]) -> P:
    """Build a ``Params`` dataclass from keyword arguments, checking names, types and bounds.

    Raises
    ------
    InputError
        For a name that does not exist (with the nearest ones), a value of another type, or one out
        of bounds.
    """
    params: Any = cls
    known = _param_rules(params)
    for name in values:
        if name not in known:
            raise unknown("parameter", name, known)
    return cls(**{name: take(known[name], value, f"The parameter {name!r}") for name, value in values.items()})


@functools.cache
def _param_rules(cls: Any) -> dict[str, Rule]:
    """Return the rule of every field of a ``Params`` dataclass, from its annotation and what :func:`param` adds to it."""
    annotations = hints(cls)
    return {f.name: _param_rule(annotations[f.name], f) for f in dataclasses.fields(cls)}


def _param_rule(annotation: Any, spec: dataclasses.Field[Any]) -> Rule:
    meta = spec.metadata
    choices, low, high, unit = (meta.get(key) for key in ("choices", "low", "high", "unit"))
    if choices is not None:
        return rule(Literal[tuple(choices)])
    bounded = rule(Annotated[annotation, Interval(ge=low, le=high)])
    return replace(bounded, wants=f"{bounded.wants} {unit or ''}".rstrip())


class Model(Remade, ABC):
    """Base class of every model; subclass it, fill in the class attributes, and write ``predict``.

    Attributes
    ----------
    name : str
        Lower-case words joined by hyphens, unique in the registry.
    task : Task
    inputs : Inputs
    window : WindowSpec
    resamples : bool
        It brings batches to ``inputs.resolution`` by itself; otherwise the engine does.
    card : Card
    Params : type
        Frozen dataclass made of :func:`param` fields.
    params : instance of Params
        What this instance was asked to do.

    Examples
    --------
    >>> import torch
    >>> from eowidgets.models.base import Batch, Card, Inputs, Model
    >>> from eowidgets.tasks import Output, Task
    >>> class Brightest(Model):
    ...     name = "brightest"
    ...     task = Task.REGRESS
    ...     card = Card(title="Largest red reflectance in the series")
    ...     inputs = Inputs(bands=("red",))
    ...     def outputs(self, bands):
    ...         return (Output("brightest", vmin=0, vmax=1),)
    ...     def predict(self, batch):
    ...         return {"brightest": batch.x[:, :, 0].amax(dim=1)}
    """

    name: ClassVar[str]
    task: ClassVar[Task]
    card: ClassVar[Card]
    inputs: ClassVar[Inputs] = Inputs()
    window: ClassVar[WindowSpec] = WindowSpec()
    resamples: ClassVar[bool] = False
    Params: ClassVar[type] = NoParams

    def __init__(self, **params: Any) -> None:
        self.params: Any = make_params(self.Params, params)
        self.device = torch.device("cpu")

    @abstractmethod
    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """What comes out, given the bands that go in."""

    @abstractmethod
    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Run one batch of windows; see :class:`~eowidgets.tasks.Output` for the shapes asked for."""

    def out_dates(self, dates: Dates) -> Dates:
        """Dates of the output frames; override it in composites and forecasts."""
        return dates

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Adjust ``inputs`` to the bands of a cube, before they are checked against it.

        Parameters
        ----------
        bands : tuple of str
        """

    def survey(self, cube: xr.Dataset) -> None:
        """Look at the whole cube once before windows are cut, for what no window can know alone.

        A threshold for the whole area is found here. Called by
        :func:`~eowidgets.models.prepare.check_inputs` before :meth:`outputs`. The cube may be lazy and larger
        than memory: take a thinned part of it. What is kept on the instance travels with it to other machines.
        """

    def settings(self) -> Mapping[str, Any]:
        """Give what the results depend on beside parameters, weights and code, as plain values for the provenance."""
        return {}

    def module(self) -> torch.nn.Module | None:
        """Give the torch module inside, if there is one: the engine moves and compiles it."""
        return None

    def to(self, device: torch.device) -> Model:
        """Move to a device; called once by the engine before the first batch."""
        self.device = device
        module = self.module()
        if module is not None:
            module.to(device)
        return self
