"""Windows of a cube."""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.arguments import Count, Pixels, WholeFromZero, checked
from eowidgets.contract.feeds.base import Feed
from eowidgets.contract.feeds.source import Source
from eowidgets.errors import InputError


@checked
@dataclass(frozen=True, slots=True)
class Windows(Feed):
    """Windows of a cube: which bands and dates a model needs, and in which windows it is run.

    A model whose answer for a pixel depends on what else lies in its window (attention over the window, normalisation
    by its statistics) states ``size``. A model without ``size`` gives every pixel the same answer in any window that
    has its ``halo``; the engine chooses the window.

    Parameters
    ----------
    bands : tuple of str, optional
        Common names in the order that the model takes them; None means any bands.
    min_dates : int
        Fewest dates that the model takes.
    max_dates : int, optional
        Most dates that the model takes.
    resolution : float, optional
        Pixel size in metres of the training data, to which cubes of another one are resampled; None means any.
    optional_bands : tuple of str
        Bands that are used where the cube has them, such as those of a second sensor.
    size : int, optional
        Side of the window in pixels, halo included; runs with another side are refused. None: the engine chooses it by
        the memory.
    halo : int
        Pixels of context at each side of a window.
    multiple : int
        The window's side is a multiple of this (patch size times downsampling).
    dates : int, optional
        Dates in a window; None: all dates at once.
    date_halo : int
        Dates of context at each end where ``dates`` is set.
    blend : int, optional
        Pixels to each side of the border between two windows over which results are blended, at most ``halo``. None:
        half of ``halo``, so that the other half is context alone.
    sources : tuple of Source, optional
        Further cubes that the model takes besides the main one, whose grid the result has. ``eow.run`` then takes a
        dict: ``{"optical": cube, "radar": other}``; the cube that no source is named after is the main one.

    Raises
    ------
    InputError
        For a blend wider than the halo, or two sources of one name.

    Examples
    --------
    >>> Windows(bands=("red", "nir"), min_dates=2, size=128, halo=16).halo
    16
    """

    size: Pixels | None = None
    halo: WholeFromZero = 0
    multiple: Pixels = 1
    dates: Count | None = None
    date_halo: WholeFromZero = 0
    blend: WholeFromZero | None = None
    sources: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        if self.blend is not None and not 0 <= self.blend <= self.halo:
            raise InputError(
                f"A window is to be blended over {self.blend} pixels with a halo of {self.halo}: "
                "give a blend between 0 and the halo."
            )
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise InputError(f"Two sources have one of the names {names}: give each a name of its own.")
