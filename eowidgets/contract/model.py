"""The contract between a model and everything else: an adapter of about fifty lines.

A model states its input (:mod:`eowidgets.contract.feeds`), its parameters (a frozen dataclass whose fields
carry unit, bounds and help), its outputs (:mod:`eowidgets.contract.outputs`) and its source
(:class:`~eowidgets.contract.card.Card`). Windows, blending, batches, devices, progress, cancelling and files belong to the
engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor

from eowidgets.contract.card import Card
from eowidgets.contract.feeds import Batch, Feed, Windows
from eowidgets.contract.older import OlderFeed, join_feed
from eowidgets.contract.outputs import Output
from eowidgets.contract.params import NoParams, make_params
from eowidgets.contract.remake import Remade
from eowidgets.contract.task import Task

Dates = npt.NDArray[np.datetime64]
P = TypeVar("P")


class Model(Remade, ABC):
    """Base class of every model; subclass it, fill in the class attributes, and write ``predict``.

    Parameters
    ----------
    **params : object
        Parameters of the model, checked against ``Params``.

    Attributes
    ----------
    name : str
        Lower-case words joined by hyphens, unique in the registry.
    task : Task
    feed : Feed
        The input, and the pieces in which it is read: :class:`~eowidgets.Windows`, :class:`~eowidgets.Series` or
        :class:`~eowidgets.Chips`.
    resamples : bool
        It brings batches to ``feed.resolution`` by itself; otherwise the engine does.
    card : Card
    Params : type
        Frozen dataclass made of :func:`param` fields.
    params : instance of Params
        Parameters of this instance.
    choice : mapping, optional
        The test on the cube that selected this model, as plain values: recorded with its results.

    Examples
    --------
    >>> import eowidgets as eow
    >>> class Brightest(eow.Model):
    ...     name = "brightest"
    ...     task = eow.Task.REGRESS
    ...     card = eow.Card(title="Largest red reflectance in the series", licence="Apache-2.0")
    ...     feed = eow.Windows(bands=("red",))
    ...     def outputs(self, bands):
    ...         return (eow.Value("brightest", vmin=0, vmax=1),)
    ...     def predict(self, batch):
    ...         return {"brightest": batch.x[:, :, 0].amax(dim=1)}
    """

    name: ClassVar[str]
    task: ClassVar[Task]
    card: ClassVar[Card]
    feed: ClassVar[Feed] = Windows()
    resamples: ClassVar[bool] = False
    Params: ClassVar[type] = NoParams
    choice: Mapping[str, Any] | None = None

    inputs, window = OlderFeed(), OlderFeed()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Take over the attributes of the first release."""
        super().__init_subclass__(**kwargs)
        cls.feed = join_feed(cls, cls.feed)

    def __init__(self, **params: Any) -> None:
        self.params: Any = make_params(self.Params, params)
        self.device = torch.device("cpu")

    @abstractmethod
    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs of the model, given the bands of the input.

        Parameters
        ----------
        bands : tuple of str
            Bands of the cube, in the order of the batch.

        Returns
        -------
        tuple of Output
            At least one; names are unique.

        Examples
        --------
        >>> from eowidgets.contract.registry import get_model
        >>> [output.kind for output in get_model("fill-linear").outputs(("red", "nir"))]
        ['Bands']
        """

    @abstractmethod
    def predict(self, batch: Batch) -> dict[str, Tensor]:
        """Run one batch of windows.

        Parameters
        ----------
        batch : Batch
            Values, masks and days of a batch; see :class:`~eowidgets.contract.feeds.Batch`.

        Returns
        -------
        dict of str to Tensor
            Name of an output to its values, in the shape that :meth:`~eowidgets.contract.outputs.base.Mosaic.axes`
            states.
        """

    def out_dates(self, dates: Dates) -> Dates:
        """Return the dates of the output frames; override it in composites and forecasts.

        Parameters
        ----------
        dates : array of datetime64
            Dates of the input.

        Returns
        -------
        array of datetime64
            Dates of the output; by default those of the input.

        Examples
        --------
        >>> import numpy as np
        >>> from eowidgets.contract.registry import get_model
        >>> dates = np.array(["2019-01-01", "2019-02-01"], "datetime64[ns]")
        >>> len(get_model("fill-linear").out_dates(dates))
        2
        """
        return dates

    def adapt(self, bands: tuple[str, ...]) -> None:
        """Adjust ``feed`` to the bands of a cube, before they are checked against it.

        Parameters
        ----------
        bands : tuple of str

        Examples
        --------
        >>> from eowidgets.contract.registry import get_model
        >>> get_model("fill-linear").adapt(("red", "nir"))
        """

    def survey(self, cube: xr.Dataset) -> None:
        """Look at the whole cube once before windows are cut, for what a single window does not show.

        A threshold for the whole area is found here. Called by
        :func:`~eowidgets.contract.prepare.check_inputs` before :meth:`outputs`. The cube may be lazy and larger
        than memory: take a thinned part of it. What is kept on the instance travels with it to other machines.

        Parameters
        ----------
        cube : Dataset
            The whole cube, in memory or lazy.

        Examples
        --------
        >>> from eowidgets.contract.registry import get_model
        >>> from eowidgets.testing import tiny_cube
        >>> get_model("fill-linear").survey(tiny_cube())
        """

    def learn(self, cube: xr.Dataset) -> None:
        """Learn from the whole cube before it is run, as a trained forecaster does.

        In contrast to :meth:`survey` it may take minutes: it is called in the thread of the run, once everything was checked.
        The cube has the bands and dates of the run. What is learnt stays with this run, unless the model had learnt before.

        Parameters
        ----------
        cube : Dataset
            The cube with the bands and dates of the run.

        Examples
        --------
        >>> from eowidgets.contract.registry import get_model
        >>> from eowidgets.testing import tiny_cube
        >>> get_model("fill-linear").learn(tiny_cube())
        """

    def settings(self) -> Mapping[str, Any]:
        """Return what the results depend on besides parameters, weights and code, for the provenance.

        Returns
        -------
        mapping of str to object
            Plain values; empty by default.

        Examples
        --------
        >>> from eowidgets.contract.registry import get_model
        >>> dict(get_model("fill-linear").settings())
        {}
        """
        return {}

    def module(self) -> torch.nn.Module | None:
        """Return the torch module inside, if there is one: the engine moves and compiles it.

        Returns
        -------
        Module or None
            None for a model without a network.

        Examples
        --------
        >>> from eowidgets.contract.registry import get_model
        >>> get_model("fill-linear").module() is None
        True
        """
        return None

    def save(self, path: str | Path) -> Path:
        """Write the model to a folder or a ``.safetensors`` file; see :func:`eowidgets.contract.saving.save`.

        Parameters
        ----------
        path : str or Path
            Folder, or file ending with ``.safetensors``.

        Returns
        -------
        Path
            What was written.

        Raises
        ------
        ModelError
            If the model holds something that no file can hold.
        """
        from eowidgets.contract.saving import save

        return save(self, path)

    def to(self, device: torch.device) -> Model:
        """Move the model to a device; the engine calls it once before the first batch.

        Parameters
        ----------
        device : torch.device
            Device of the run.

        Returns
        -------
        Model
            The model itself.

        Examples
        --------
        >>> import torch
        >>> from eowidgets.contract.registry import get_model
        >>> get_model("fill-linear").to(torch.device("cpu")).device
        device(type='cpu')
        """
        self.device = device
        module = self.module()
        if module is not None:
            module.to(device)
        return self
