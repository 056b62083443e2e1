"""Base class of the feeds: bands, dates and pixel size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from eowidgets.arguments import Count, Positive, checked
from eowidgets.contract.feeds.batch import Batch
from eowidgets.contract.outputs import Output
from eowidgets.errors import ModelError

#: A model's ``predict``.
Predict = Callable[[Batch], dict[str, Tensor]]


class MisshapenError(ModelError):
    """A model returned a form that its feed does not accept; the engine adds the name of the model to the message."""


@checked
@dataclass(frozen=True, slots=True)
class Feed:
    """Base class of the feeds.

    Parameters
    ----------
    bands : tuple of str, optional
        Common names in the order the model wants them; None means any bands, as they come.
    min_dates, max_dates : int, optional
        Least and greatest number of dates.
    resolution : float, optional
        Pixel size in metres that the model was trained on, to which cubes of another one are resampled; None means any.
    optional_bands : tuple of str
        Bands that are used when the cube has them (a second sensor, say).
    """

    bands: tuple[str, ...] | None = None
    min_dates: Count = 1
    max_dates: Count | None = None
    resolution: Positive | None = None
    optional_bands: tuple[str, ...] = ()

    # How a cube is read for this feed; ``Windows`` replaces these properties by fields of the same names.

    @property
    def size(self) -> int | None:
        """Return the side of the window in pixels; None: the engine chooses it."""
        return None

    @property
    def halo(self) -> int:
        """Return the number of pixels of context at each side of a window."""
        return 0

    @property
    def multiple(self) -> int:
        """Return the number of which the side of the window is a multiple."""
        return 1

    @property
    def dates(self) -> int | None:
        """Return the number of dates in a window; None: all at once."""
        return None

    @property
    def date_halo(self) -> int:
        """Return the number of dates of context at each end."""
        return 0

    @property
    def blend(self) -> int | None:
        """Return the number of pixels over which the results of two windows are blended; None: half of the halo."""
        return None

    @property
    def sources(self) -> tuple[Any, ...]:
        """Return the further cubes besides the main one."""
        return ()

    def ask(self, predict: Predict, batch: Batch) -> dict[str, Tensor]:
        """Hand a batch of windows to ``predict`` in the shape that the feed promises; return results per window.

        Parameters
        ----------
        predict : callable
            Takes a batch; returns a dict of tensors.
        batch : Batch
            Windows of a cube.

        Returns
        -------
        dict of str to Tensor
            What ``predict`` returned, per window.

        Examples
        --------
        >>> import eowidgets as eow
        >>> import torch
        >>> x, seen = torch.ones(1, 2, 1, 4, 4), torch.ones(1, 2, 4, 4, dtype=torch.bool)
        >>> days = torch.tensor([17897.0, 17928.0], dtype=torch.float64)
        >>> batch = eow.Batch(x, seen, seen, x, days, days, ("red",), torch.zeros(1, 2), 10.0)
        >>> eow.Windows().ask(lambda batch: {"mean": batch.x.mean(dim=(1, 2))}, batch)["mean"].shape
        torch.Size([1, 4, 4])
        """
        return predict(batch)

    def problem(self, outputs: Sequence[Output]) -> str | None:
        """Return what a result over a cube has no room for, to follow "The model gives"; None if all is well.

        Parameters
        ----------
        outputs : sequence of Output
            What the model returns.

        Returns
        -------
        str or None
            The end of a sentence; None if the feed and the outputs fit.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Windows().problem([eow.Value("height")]) is None
        True
        """
        return None

    def form(self, shape: Sequence[int]) -> str:
        """Write the shape of what ``predict`` returns, for messages.

        Parameters
        ----------
        shape : sequence of int
            Shape of a tensor for windows.

        Returns
        -------
        str
            The shape as text.

        Examples
        --------
        >>> import eowidgets as eow
        >>> eow.Windows().form((2, 8, 8))
        '(2, 8, 8)'
        """
        return str(tuple(shape))
