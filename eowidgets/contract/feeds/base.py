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
        """Side of the window in pixels; None: the engine chooses it."""
        return None

    @property
    def halo(self) -> int:
        """Pixels of context at each side of a window."""
        return 0

    @property
    def multiple(self) -> int:
        """Number that must divide the window's side."""
        return 1

    @property
    def dates(self) -> int | None:
        """Dates in a window; None: all at once."""
        return None

    @property
    def date_halo(self) -> int:
        """Dates of context at each end."""
        return 0

    @property
    def blend(self) -> int | None:
        """Pixels over which the results of two windows are blended; None: half of the halo."""
        return None

    @property
    def sources(self) -> tuple[Any, ...]:
        """Further cubes in addition to the main one."""
        return ()

    def ask(self, predict: Predict, batch: Batch) -> dict[str, Tensor]:
        """Pass a batch of windows to ``predict`` in the shape that the feed defines; return results per window."""
        return predict(batch)

    def problem(self, outputs: Sequence[Output]) -> str | None:
        """Return the output that a result over a cube cannot hold, as the end of "The model gives ..."; None if all fit."""
        return None

    def form(self, shape: Sequence[int]) -> str:
        """Return the shape of the result of ``predict`` as text for messages."""
        return str(tuple(shape))
