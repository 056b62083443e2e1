"""Time series: pixels of a cube one by one, places of a cube, or rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from eowidgets.arguments import checked
from eowidgets.contract.feeds.base import Feed, MisshapenError, Predict
from eowidgets.contract.feeds.batch import Batch
from eowidgets.contract.outputs import Gathered, Mosaic, Output
from eowidgets.errors import shown

#: Approximate number of series per call on a CPU: their arrays fit into its caches.
STRIP = 4096


@checked
@dataclass(frozen=True, slots=True)
class Series(Feed):
    """Time series with or without a location: every pixel of a cube, places of a cube, or the series of a table.

    The model sees no neighbours. In its batch, ``x`` and ``raw`` have the shape ``(n, t, c)``, the masks ``(n, t)`` and
    ``lonlat`` ``(n, 2)`` (of a pixel, the centre of its window); it returns ``(n, ...)``, one row per series.

    All series of a batch have the same dates. In a table, series with the same dates share batches, and one with other
    dates is predicted without them, so its result does not depend on the rest of the table.

    Parameters are those of :class:`Feed`.

    Parameters
    ----------
    bands : tuple of str, optional
        Common names in the order that the model takes them; None means any bands.
    min_dates : int
        Fewest dates that the model takes.
    max_dates : int, optional
        Most dates that the model takes.
    resolution : float, optional
        Pixel size in metres of the training data; None means any.
    optional_bands : tuple of str
        Bands that are used where the cube has them.

    Examples
    --------
    >>> Series(bands=("red", "nir"), min_dates=10).min_dates
    10
    """

    def ask(self, predict: Predict, batch: Batch) -> dict[str, Tensor]:
        """Pass every pixel to ``predict`` as one series, on a CPU some rows at a time, and return the results per window.

        Parameters
        ----------
        predict : callable
            Takes a batch; returns a dict of tensors.
        batch : Batch
            Windows of a cube; ``predict`` gets one series per pixel.

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
        >>> eow.Series().ask(lambda batch: {"mean": batch.x.mean(dim=(1, 2))}, batch)["mean"].shape
        torch.Size([1, 4, 4])
        """
        b, h, w = _size(batch)
        rows = max(1, STRIP // (b * w))
        whole = batch.x.device.type != "cpu" or rows >= h
        strips = (batch,) if whole else (_strip(batch, slice(top, top + rows)) for top in range(0, h, rows))
        parts: list[dict[str, Tensor]] = [_ask(predict, strip) for strip in strips]
        if whole or not all(
            isinstance(part, dict) and all(isinstance(y, Tensor) for y in part.values()) for part in parts
        ):
            return parts[0]  # the engine refuses anything but a dict of tensors
        return {name: torch.cat([part[name] for part in parts], dim=-2) for name in parts[0]}

    def problem(self, outputs: Sequence[Output]) -> str | None:
        """Refuse outputs that are not a value per pixel.

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
        >>> eow.Series().problem([eow.Text()]) is None
        False
        """
        for output in outputs:
            if isinstance(output, Gathered):
                return (
                    f"{shown(output.name)}, one {output.kind} per series, which a cube has no room for: run it on a table or "
                    "with places=, or let it return eow.Classes, eow.Value or eow.Vector"
                )
            if isinstance(output, Mosaic) and output.stride != 1:
                return (
                    f"{shown(output.name)} with a stride of {output.stride} pixels, and series have no neighbours: leave "
                    "the stride out"
                )
        return None

    def form(self, shape: Sequence[int]) -> str:
        """Return a shape of windows, (b, ..., h, w), as the text of the shape of series.

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
        >>> eow.Series().form((2, 3, 8, 8))
        '(n, 3)'
        """
        return f"({', '.join(['n', *map(str, shape[1:-2])])}{',' if len(shape) == 3 else ''})"


def flattened(batch: Batch) -> Batch:
    """Turn windows (b, t, c, h, w) into series (n, t, c), pixels in the order of rows."""
    _, h, w = _size(batch)
    x = _rows(batch.x)
    usable = _rows(batch.usable)
    return replace(
        batch,
        x=x,
        raw=x if batch.raw is batch.x else _rows(batch.raw),
        usable=usable,
        measured=usable if batch.measured is batch.usable else _rows(batch.measured),
        lonlat=batch.lonlat.repeat_interleave(h * w, dim=0),
    )


def _ask(predict: Predict, batch: Batch) -> Any:
    b, h, w = _size(batch)
    found: Any = predict(flattened(batch))
    if not isinstance(found, dict):
        return found  # refused by the engine
    return {name: _in_place(y, name, (b, h, w)) for name, y in found.items()}


def _in_place(y: Any, name: str, size: tuple[int, int, int]) -> Any:
    """Move the pixels back to their rows and columns: (b h w, ...) -> (b, ..., h, w)."""
    b, h, w = size
    if not isinstance(y, Tensor):
        return y  # a list, of which only series outside of rasters have one
    if not y.dim() or len(y) != b * h * w:
        raise MisshapenError(
            f"{shown(name)} with shape {tuple(y.shape)} for {b * h * w} series: return (n, ...), one row per series"
        )
    return y.reshape(b, h, w, *y.shape[1:]).movedim((1, 2), (-2, -1))


def _strip(batch: Batch, rows: slice) -> Batch:
    x, usable = batch.x[..., rows, :], batch.usable[..., rows, :]
    return replace(
        batch,
        x=x,
        raw=x if batch.raw is batch.x else batch.raw[..., rows, :],
        usable=usable,
        measured=usable if batch.measured is batch.usable else batch.measured[..., rows, :],
    )


def _size(batch: Batch) -> tuple[int, int, int]:
    b, _, _, h, w = batch.x.shape
    return b, h, w


def _rows(values: Tensor) -> Tensor:
    """Return one row per pixel: (b, t, c, h, w) -> (b h w, t, c), or (b, t, h, w) -> (b h w, t).

    The dates of a pixel and band are contiguous in memory; the values are copied only if needed.
    """
    if values.dim() == 5:
        return values.permute(0, 3, 4, 2, 1).flatten(0, 2).transpose(1, 2)
    return values.permute(0, 2, 3, 1).flatten(0, 2)
