"""Hide clear values of a cube under its own cloud shapes, and whole dates: seeded draws for tests of gap fillers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

#: A date with a smaller visible share counts as completely hidden.
WHOLE = 0.05
#: Visible shares of masks that are applied to other dates.
PARTLY = (0.2, 0.8)
#: Minimum number of masks of the window; with fewer, shapes are drawn.
FEWEST = 3


@dataclass(frozen=True)
class Hidden:
    """Values that one draw hides.

    Attributes
    ----------
    mask : array, shape (t, y, x), bool
        Mask of hidden clear values.
    partly, whole : array of int
        Dates that are hidden in part, and completely.
    """

    mask: Mask
    partly: npt.NDArray[np.intp]
    whole: npt.NDArray[np.intp]


def hide(seen: Mask, dates: npt.NDArray[np.intp], rng: np.random.Generator, most: int, first: int = 0) -> Hidden:
    """Hide some of the dates of a window, completely or in part, in the proportions in which the window lacks them.

    Parameters
    ----------
    seen : array, shape (t, y, x), bool
        Clear values of the window.
    dates : array of int
        Dates that may be hidden.
    rng : Generator
    most : int
        Maximum number of hidden dates of each kind.
    first : int
        Decides whether a single date is hidden completely (even) or in part (odd).
    """
    visible = seen.mean(axis=(1, 2))
    clear = rng.permutation(dates[visible[dates] > PARTLY[0]])
    missing = 1 - visible
    of_whole = float(missing[visible <= WHOLE].sum() / missing.sum()) if missing.sum() else 0.5
    # Between three and seven of ten, so that the weights of both kinds can be fitted.
    share = len(clear) * min(max(of_whole, 0.3), 0.7)
    whole = min(most, int(share + (0.0 if first % 2 else 0.999)))
    chosen = clear[: whole + most]
    whole_dates, partly = np.sort(chosen[:whole]), np.sort(chosen[whole:])
    mask = np.zeros_like(seen)
    mask[whole_dates] = True
    own = ~seen[(visible >= PARTLY[0]) & (visible <= PARTLY[1])]
    for date in partly:
        mask[date] = own[rng.integers(len(own))] if len(own) >= FEWEST else blob(rng, seen.shape[1:])
    return Hidden(mask & seen, partly, whole_dates)


def blob(rng: np.random.Generator, shape: tuple[int, ...]) -> Mask:
    """Draw a smooth shape that covers a random share of a window: noise whose spectrum falls with frequency."""
    rows, columns = (np.fft.fftfreq(n)[:, None] if i == 0 else np.fft.fftfreq(n)[None] for i, n in enumerate(shape))
    fall = 1 / np.maximum(np.hypot(rows, columns), 1 / max(shape)) ** 2
    field = np.fft.ifft2(np.fft.fft2(rng.standard_normal(shape)) * fall).real
    return np.asarray(field >= np.quantile(field, rng.uniform(*PARTLY)))
