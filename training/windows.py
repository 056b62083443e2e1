"""Training and test windows of a real cube, with the hold-outs in one place.

The eastern third of the columns is not used for training. Dates are split by time: the first 60 % of the clear dates
are for training. Cloud masks that are laid over clear dates are borrowed from dates on the same side of the split.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import xarray as xr
from torch import Tensor
from torch.nn import functional

from eowidgets.cube.schema import bands, stack, usable

CLEAR = 0.9  # minimum observed share of a frame for a date to serve as truth
DATES = 12
SIDE = 32


@dataclass(slots=True)
class Windows:
    """A batch: true values, mask of known values, mask of hidden values."""

    x: Tensor  # b t c h w
    known: Tensor  # b t h w: the true value is known
    hidden: Tensor  # b t h w: masked on purpose
    days: Tensor  # b t, float64


class Source:
    """A cube held in memory, cut by the hold-outs.

    Parameters
    ----------
    dates_from, dates_until : float
        Shares of the clear dates between which this source lies.
    columns : (float, float)
        Shares of the width.
    least : float
        Minimum observed share of a frame for a date to be drawn: partly observed dates are for training, not for tests.
    """

    def __init__(
        self,
        cube: xr.Dataset,
        *,
        dates_until: float = 1.0,
        dates_from: float = 0.0,
        columns: tuple[float, float] = (0, 1),
        least: float = CLEAR,
    ) -> None:
        self.bands = bands(cube)
        width = cube.sizes["x"]
        cut = slice(round(columns[0] * width), round(columns[1] * width))
        part = cube.isel(x=cut)
        seen = usable(cube).to_numpy()
        share = seen.mean((1, 2))
        clear = np.flatnonzero(share >= CLEAR)
        first, last = round(dates_from * len(clear)), round(dates_until * len(clear))
        clear = clear[first:last]
        within = np.arange(clear[0], clear[-1] + 1)
        self.clear = within[share[within] >= least]
        cloudy = within[(share[within] >= 0.2) & (share[within] <= 0.7)]
        self.cloudy = within[(share[within] >= 0.02) & (share[within] <= 0.7)]
        self.x = torch.from_numpy(np.nan_to_num(stack(part).to_numpy()))
        self.seen = torch.from_numpy(usable(part).to_numpy())
        self.masks = torch.from_numpy(~seen[cloudy])  # whole frames: a window takes any part of one
        self.days = cube["time"].to_numpy().astype("datetime64[D]").astype(np.int64).astype(np.float64)

    def draw(
        self,
        rng: np.random.Generator,
        batch: int,
        *,
        dates: int = DATES,
        side: int = SIDE,
        hide: tuple[int, int] = (6, 6),
        run: int = 0,
        slack: int = 0,
        turn: bool = False,
        jitter: float = 0.0,
    ) -> Windows:
        """Draw windows.

        Parameters
        ----------
        hide : (int, int)
            Least and most dates that get a borrowed cloud mask.
        run : int
            Length of a run of dates that is hidden entirely (0: none), in place of the masks.
        slack : int
            Extra clear dates among which the dates are chosen.
        turn : bool
            Turn and mirror at random.
        jitter : float
            Share of the windows whose dates get a random gain and offset, so that a network cannot memorise dates.
        """
        parts = [self._one(rng, dates, side, hide, run, slack, turn) for _ in range(batch)]
        x, known, hidden, days = (torch.stack(p) for p in zip(*parts, strict=True))
        if jitter:
            x = jittered(rng, x, jitter)
        return Windows(x, known, hidden, days)

    def _one(
        self, rng: np.random.Generator, dates: int, side: int, hide: tuple[int, int], run: int, slack: int, turn: bool
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        length = min(dates + (int(rng.integers(0, slack + 1)) if slack else 0), len(self.clear))
        start = int(rng.integers(0, len(self.clear) - length + 1))
        chosen = self.clear[start + np.sort(rng.choice(length, dates, replace=False))]
        _, _, height, width = self.x.shape
        row, column = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
        place = (slice(row, row + side), slice(column, column + side))
        x = self.x[chosen][:, :, place[0], place[1]]
        known = self.seen[chosen][:, place[0], place[1]]
        hidden = torch.zeros((dates, side, side), dtype=torch.bool)
        if run:
            first = int(rng.integers(1, dates - run))  # a clear date remains at both ends
            hidden[first : first + run] = True
        else:
            for date in rng.choice(dates, int(rng.integers(hide[0], hide[1] + 1)), replace=False):
                hidden[date] = self.mask(rng, side)
        if turn:
            x, known, hidden = turned(rng, x, known, hidden)
        return x, known, hidden, torch.from_numpy(self.days[chosen])

    def draw_cloudy(
        self,
        rng: np.random.Generator,
        batch: int,
        *,
        dates: int = DATES,
        side: int = SIDE,
        cloudy: tuple[int, int] = (6, 6),
        slack: int = 0,
        turn: bool = False,
        jitter: float = 0.0,
    ) -> tuple[Windows, Tensor]:
        """Draw windows, and the same with the real clouds of other dates of the same place laid over some dates.

        Clouds come with their shadows and with three pixels of their surroundings, since masks miss their edges.

        Returns
        -------
        Windows
            ``hidden`` marks the added clouds.
        Tensor, shape (b, t, c, h, w)
            Simulated measurement of the sensor.
        """
        w = self.draw(rng, batch, dates=dates, side=side, hide=(0, 0), slack=slack, jitter=jitter)
        raw = w.x.clone()
        for i in range(batch):
            row, column = (int(rng.integers(0, s - side + 1)) for s in self.x.shape[-2:])
            place = (slice(row, row + side), slice(column, column + side))
            for date in rng.choice(dates, int(rng.integers(cloudy[0], cloudy[1] + 1)), replace=False):
                other = int(rng.choice(self.cloudy))
                mask = (~self.seen[other])[place]
                grown = functional.max_pool2d(mask[None].float(), 7, 1, 3)
                alpha = functional.avg_pool2d(grown[None], 3, 1, 1, count_include_pad=False)[0]
                raw[i, date] = (1 - alpha) * raw[i, date] + alpha * self.x[other][:, place[0], place[1]]
                w.hidden[i, date] = alpha[0] > 0
        if turn:
            parts = [turned(rng, *p) for p in zip(w.x, w.known, w.hidden, raw, strict=True)]
            x, known, hidden, raw = (torch.stack(p) for p in zip(*parts, strict=True))
            w = Windows(x, known, hidden, w.days)
        return w, raw

    def mask(self, rng: np.random.Generator, side: int) -> Tensor:
        """Draw a part of a real cloud mask, whose whole frame is covered by 30 to 80 %, shape (side, side)."""
        mask = self.masks[int(rng.integers(len(self.masks)))]
        row, column = (int(rng.integers(0, s - side + 1)) for s in mask.shape)
        return mask[row : row + side, column : column + side]


def jittered(rng: np.random.Generator, x: Tensor, share: float) -> Tensor:
    """Change brightness, in a share of the windows: by about 6 % a date, 3 % and 0.004 a date and band, 10 % a band.

    The first simulates other light, the last another ground.
    """
    b, t, c = x.shape[:3]
    use = (rng.random((b, 1, 1)) < share).astype(np.float32)
    light = 0.06 * rng.standard_normal((b, t, 1)) + 0.03 * rng.standard_normal((b, t, c))
    gain = 1 + use * (light + 0.1 * rng.standard_normal((b, 1, c)))
    offset = 0.004 * use * rng.standard_normal((b, t, c))
    gain, offset = (torch.from_numpy(v.astype(np.float32))[..., None, None] for v in (gain, offset))
    return x * gain + offset


def turned(rng: np.random.Generator, *tensors: Tensor) -> tuple[Tensor, ...]:
    """Rotate all tensors by the same multiple of 90° and mirror."""
    quarter, mirror = int(rng.integers(4)), bool(rng.integers(2))
    turned = [torch.rot90(t, quarter, (-2, -1)) for t in tensors]
    return tuple(t.flip(-1) if mirror else t for t in turned)


def some_bands(rng: np.random.Generator, names: tuple[str, ...], rate: float) -> npt.NDArray[np.int64]:
    """Return the indices of kept bands: all, or at the given rate a random subset of at least two."""
    if rng.random() >= rate or len(names) < 3:
        return np.arange(len(names))
    return np.sort(rng.choice(len(names), int(rng.integers(2, len(names))), replace=False))
