"""Chips: cut-outs at places, or images from files."""

from __future__ import annotations

from dataclasses import dataclass

from eowidgets.arguments import Pixels, checked
from eowidgets.contract.feeds.base import Feed
from eowidgets.errors import InputError


@checked
@dataclass(frozen=True, slots=True)
class Chips(Feed):
    """Cut-outs of ``size`` pixels around places of a cube, or images from files; one result per chip.

    A result has one row per chip. ``bands`` is required for images from files.

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
    size : int
        Side of a chip in pixels. Chips of a cube with other pixels than ``resolution`` are cut larger or smaller and
        resampled to ``size`` pixels; so are images of another size.

    Raises
    ------
    InputError
        Without a size.

    Examples
    --------
    >>> Chips(bands=("red", "green", "blue"), size=64, resolution=10).size
    64
    """

    size: Pixels | None = None

    def __post_init__(self) -> None:
        if self.size is None:
            raise InputError("Chips need a size in pixels: give for example size=64.")
