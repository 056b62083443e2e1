"""Division of a long axis into windows: their starts, and the seams between them.

Space and time are cut by the same rule, one axis at a time, so everything here is one-dimensional.

Windows overlap by at least twice the halo. In the middle of each overlap lies the *seam*; around the
seam, over ``ramp`` pixels to each side, two neighbours are blended; elsewhere exactly one window
is used. At most two windows ever meet on one axis, so the weights are ``1 - w`` and ``w`` by
construction. Windows at the border move inwards instead of being padded: a model receives padded pixels
only where the whole raster is smaller than its window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from eowidgets.errors import InputError


def round_up(n: int, multiple: int) -> int:
    """Return the smallest multiple of ``multiple`` that is at least ``n``."""
    return -(-n // multiple) * multiple


@dataclass(frozen=True)
class Axis:
    """Windows along one axis of ``length`` pixels (or dates).

    Parameters
    ----------
    length : int
        Pixels of the raster along this axis, at least 1.
    size : int
        Pixels of a window, halo included. More than ``length`` means that the window is padded.
    halo : int
        Pixels of context at each end of a window.
    blend : int, optional
        Pixels to each side of a seam over which two windows are blended; None: half of the halo.
    step : int
        Windows start, and seams lie, at multiples of this; ``size`` is one. The last window may reach beyond the axis.

    Raises
    ------
    InputError
        When a window is too small for its halo and the axis needs more than one.

    Examples
    --------
    >>> axis = Axis(length=100, size=40, halo=8)
    >>> axis.starts
    (0, 20, 40, 60)
    >>> [axis.core(i) for i in range(len(axis))]
    [slice(0, 30, None), slice(30, 50, None), slice(50, 70, None), slice(70, 100, None)]
    """

    length: int
    size: int
    halo: int = 0
    blend: int | None = None
    step: int = 1

    def __post_init__(self) -> None:
        if self.length < 1 or self.size < 1 or self.halo < 0:
            raise InputError(f"A window of {self.size} with a halo of {self.halo} over {self.length}: give sizes >= 1.")
        if self.length > self.size and self.size <= 2 * self.halo:
            raise InputError(
                f"A window of {self.size} is too small for a halo of {self.halo} at each side: "
                f"give a window of at least {2 * self.halo + 1}."
            )

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First pixel of each window, spread evenly so that the overlaps are alike."""
        room = -(-(self.length - self.size) // self.step)
        if room <= 0:
            return (0,)
        stride = self.size // self.step - 2 * -(-self.halo // self.step)
        gaps = -(-room // stride)
        return tuple(i * room // gaps * self.step for i in range(gaps + 1))

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def pad(self) -> int:
        """Pixels by which a window is longer than the whole axis."""
        return max(0, self.size - self.length)

    @cached_property
    def seams(self) -> tuple[int, ...]:
        """Pixel at which window ``i`` takes over from ``i - 1``; 0 for the first."""
        pairs = pairwise(self.starts)
        return (0, *((b + a + self.size) // (2 * self.step) * self.step for a, b in pairs))

    @cached_property
    def ramp(self) -> int:
        """Pixels to each side of a seam over which two windows are blended.

        By default half of the halo: the other half is only context. Less where windows lie close together, so
        that two ramps never overlap.
        """
        edges = (*self.seams, self.length)
        nearest = min(b - a for a, b in pairwise(edges))
        wanted = self.halo // 2 if self.blend is None else min(self.blend, self.halo)
        return min(wanted, nearest // 2) // self.step * self.step if len(self) > 1 else 0

    def coarser(self, stride: int) -> Axis:
        """Return the same windows on a grid whose cells are ``stride`` pixels, a divisor of ``step``.

        Examples
        --------
        >>> axis = Axis(length=100, size=40, halo=8, step=4)
        >>> axis.starts, axis.coarser(4).starts
        ((0, 20, 40, 60), (0, 5, 10, 15))
        """
        if stride == 1:
            return self
        return _Coarser(
            -(-self.length // stride), self.size // stride, step=self.step // stride, fine=self, stride=stride
        )

    def window(self, i: int) -> slice:
        """Return the pixels that window ``i`` reads (without its padding)."""
        return slice(self.starts[i], min(self.starts[i] + self.size, self.length))

    def core(self, i: int) -> slice:
        """Return the pixels between the seams of window ``i``; the cores tile the axis."""
        end = self.seams[i + 1] if i + 1 < len(self) else self.length
        return slice(self.seams[i], end)

    def reach(self, i: int) -> slice:
        """Return the pixels to which window ``i`` contributes: its core and the ramps at both ends."""
        core = self.core(i)
        first, last = i == 0, i + 1 == len(self)
        return slice(core.start if first else core.start - self.ramp, core.stop if last else core.stop + self.ramp)

    def settled(self, i: int) -> int:
        """End of the pixels that no window after ``i`` changes."""
        return self.length if i + 1 == len(self) else self.seams[i + 1] - self.ramp

    def first_reaching(self, pixel: int) -> int:
        """Return the index of the first window that contributes to ``pixel`` or to anything after it."""
        return next(i for i in range(len(self)) if self.reach(i).stop > pixel)

    @cached_property
    def weights(self) -> npt.NDArray[np.float32]:
        """Weight of the later window over the ``2 * ramp`` pixels of a seam, rising evenly from 0 to 1.

        Where two windows disagree, a straight line has the smallest steps: any other curve is steeper somewhere.
        """
        return ((np.arange(2 * self.ramp) + 0.5) / max(2 * self.ramp, 1)).astype("float32")

    def profile(self, i: int) -> npt.NDArray[np.float64]:
        """Weight of window ``i`` at every pixel of the axis, shape (length,); for pictures and tests."""
        weight = np.zeros(self.length)
        weight[self.reach(i)] = 1
        if i > 0:
            weight[self.seams[i] - self.ramp : self.seams[i] + self.ramp] = self.weights
        if i + 1 < len(self):
            weight[self.seams[i + 1] - self.ramp : self.seams[i + 1] + self.ramp] = 1 - self.weights.astype("float64")
        return weight


@dataclass(frozen=True)
class _Coarser(Axis):
    """An axis in cells of ``stride`` pixels of another axis."""

    fine: Axis = field(kw_only=True)
    stride: int = field(kw_only=True)

    def __post_init__(self) -> None:
        """Accept the sizes: the finer axis was checked."""

    @cached_property
    def starts(self) -> tuple[int, ...]:
        return tuple(start // self.stride for start in self.fine.starts)

    @cached_property
    def seams(self) -> tuple[int, ...]:
        return tuple(seam // self.stride for seam in self.fine.seams)

    @cached_property
    def ramp(self) -> int:
        return self.fine.ramp // self.stride


@dataclass(frozen=True)
class Grid:
    """Windows over a cube: one :class:`Axis` for time, rows and columns."""

    t: Axis
    y: Axis
    x: Axis

    def coarser(self, stride: int) -> Grid:
        """Return the same windows on a grid whose cells are ``stride`` pixels wide."""
        return Grid(self.t, self.y.coarser(stride), self.x.coarser(stride))

    @property
    def windows(self) -> int:
        """Number of windows in all."""
        return len(self.t) * len(self.y) * len(self.x)

    def row(self, columns: range | None = None) -> Iterator[tuple[int, int]]:
        """Yield ``(column, date window)`` along one row of windows, all dates of a column together."""
        for j in columns if columns is not None else range(len(self.x)):
            for k in range(len(self.t)):
                yield j, k
