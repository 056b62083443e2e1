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

    Parameters are those of :class:`Feed`, of which ``bands`` is required for images from files, and:

    Parameters
    ----------
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
