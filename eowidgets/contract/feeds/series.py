"""Time series: pixels of a cube one by one, parcels, or rows of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from eowidgets.arguments import checked
from eowidgets.contract.feeds.base import Feed, Predict
from eowidgets.contract.feeds.batch import Batch


@checked
@dataclass(frozen=True, slots=True)
class Series(Feed):
    """Time series with or without a location: every pixel of a cube, or every series of a table.

    The model sees no neighbours. In its batch, ``x`` and ``raw`` have the shape ``(n, t, c)`` and the masks ``(n, t)``;
    it returns ``(n, ...)``, one row per series, without rows and columns of pixels.

    Parameters are those of :class:`Feed`.

    Examples
    --------
    >>> Series(bands=("red", "nir"), min_dates=10).min_dates
    10
    """

    def ask(self, predict: Predict, batch: Batch) -> dict[str, Tensor]:
        """Hand every pixel to ``predict`` as one series, and put the results back in place."""
        b, _, _, h, w = batch.x.shape
        found = predict(flattened(batch))
        return {name: y.reshape(b, h, w, *y.shape[1:]).movedim((1, 2), (-2, -1)) for name, y in found.items()}


def flattened(batch: Batch) -> Batch:
    """Turn windows (b, t, c, h, w) into series (n, t, c), pixels in the order of rows."""
    x = _rows(batch.x)
    usable = _rows(batch.usable)
    return replace(
        batch,
        x=x,
        raw=x if batch.raw is batch.x else _rows(batch.raw),
        usable=usable,
        measured=usable if batch.measured is batch.usable else _rows(batch.measured),
    )


def _rows(values: Tensor) -> Tensor:
    """(b, t, ..., h, w) -> (b h w, t, ...)."""
    return values.movedim((-2, -1), (1, 2)).flatten(0, 2)
