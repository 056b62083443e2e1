"""Base of the encoders: checkpoints by tag, weights loaded at first use, vectors as output."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from eowidgets.contract.checkpoint import Checkpoint, checkpoint
from eowidgets.contract.feeds import Batch
from eowidgets.contract.model import Model
from eowidgets.contract.outputs import Output, Vector
from eowidgets.contract.params import param
from eowidgets.contract.task import Task
from eowidgets.errors import InputError, shown
from eowidgets.models.encode.published import load_published


@dataclass(frozen=True, slots=True)
class EncoderParams:
    """Source of the weights."""

    weights: str = param(
        "",
        label="Weights",
        help="Empty for installed weights, a file with published weights, or 'hub' to download them.",
    )


class Encoder(Model):
    """Base of the encoders; a subclass defines ``folder``, ``width``, ``stride``, ``build`` and ``predict``.

    A subclass whose system has several checkpoints adds the parameter ``checkpoint``, a ``Literal`` of their tags.

    Parameters
    ----------
    network : Module, optional
        A network to use instead of the published one.
    **params
        See ``Params``.
    """

    task = Task.EMBED
    Params = EncoderParams
    #: The folder with ``weights.toml``.
    folder: ClassVar[Path]
    #: The tag used if ``Params`` has no ``checkpoint``.
    tag: ClassVar[str] = "official"

    def __init__(self, network: nn.Module | None = None, **params: Any) -> None:
        super().__init__(**params)
        # In a list: a copy with other parameters takes over instances of networks, but must load its own weights.
        self._networks = [] if network is None else [network]

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that the parameters select."""
        return checkpoint(self.folder, f"{self.name}.{getattr(self.params, 'checkpoint', self.tag)}")

    @property
    @abstractmethod
    def width(self) -> int:
        """Length of the vectors."""

    @property
    def stride(self) -> int:
        """Side, in pixels of the cube, of the area that a vector describes."""
        return 1

    @abstractmethod
    def build(self) -> nn.Module:
        """Return the network without weights."""

    def module(self) -> nn.Module:
        """Return the network; load its weights at first use."""
        if not self._networks:
            self._networks.append(load_published(self.build, self.checkpoint, self.params.weights))
        return self._networks[0]

    def outputs(self, bands: tuple[str, ...]) -> tuple[Output, ...]:
        """Return the outputs: one vector per patch."""
        return (Vector(size=self.width, stride=self.stride),)

    def embed_images(
        self,
        values: Tensor,
        bands: tuple[str, ...],
        *,
        resolution: float = 10.0,
        seen: Tensor | None = None,
        days: Tensor | None = None,
        lonlat: Tensor | None = None,
    ) -> Tensor:
        """Return one vector per image: the mean over its patches.

        Parameters
        ----------
        values : Tensor, shape (n, [t,] c, h, w)
            In the units of a cube: reflectance from 0 to 1, backscatter in dB or power.
        bands : tuple of str
            Common names along ``c``.
        resolution : float
            Pixel size in metres.
        seen : Tensor, optional, shape (n, [t,] h, w), bool
            Where the ground was observed; everywhere by default.
        days : Tensor, optional, shape (t,)
            Days since 1970-01-01; by default 1 July 2020 and the following months.
        lonlat : Tensor, optional, shape (n, 2)
            Centres in degrees; 0, 0 by default.

        Returns
        -------
        Tensor, shape (n, width)

        Raises
        ------
        InputError
            For values of another shape.
        ModelError
            If bands are missing.

        Examples
        --------
        >>> vectors = encoder.embed_images(torch.rand(8, 3, 64, 64), ("red", "green", "blue"))  # doctest: +SKIP
        """
        if values.dim() not in (4, 5) or values.shape[-3] != len(bands):
            raise InputError(
                f"The images have the shape {shown(tuple(values.shape))} for {len(bands)} bands: give (n, c, h, w) or "
                "(n, t, c, h, w)."
            )
        if values.dim() == 4:
            values, seen = values.unsqueeze(1), None if seen is None else seen.unsqueeze(1)
        n, t, _, h, w = values.shape
        known = torch.ones(n, t, h, w, dtype=torch.bool) if seen is None else seen
        x = torch.where(known.unsqueeze(2), values.float(), 0.0)
        first = float(np.datetime64("2020-07-01", "D").astype(int))
        when = first + 30.0 * torch.arange(t, dtype=torch.float64) if days is None else days.double()
        where = torch.zeros(n, 2) if lonlat is None else lonlat
        batch = Batch(x, known, known, x, when, when, tuple(bands), where, resolution)
        with torch.inference_mode():
            found = self.predict(batch)["embedding"]
        # Chip encoders already return one vector per image.
        return found if found.dim() == 2 else found.flatten(2).nanmean(-1)
