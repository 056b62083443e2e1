"""Sizes of AgriFM: the small shipped one, and that of the paper."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AgriFMConfig:
    """Sizes of the network.

    Parameters
    ----------
    channels : int
        Bands.
    frames : int
        Dates of the training; fewer are accepted.
    patch : tuple of int
        Dates, rows and columns of a patch.
    width : int
        Width of the tokens in the first stage; each further stage doubles it.
    depths, heads : tuple of int
        Blocks and attention heads of the stages.
    window : tuple of int
        Dates, rows and columns of an attention window, in tokens.
    """

    channels: int = 10
    frames: int = 24
    patch: tuple[int, int, int] = (4, 2, 2)
    width: int = 32
    depths: tuple[int, ...] = (2, 2, 2)
    heads: tuple[int, ...] = (2, 4, 8)
    window: tuple[int, int, int] = (8, 7, 7)

    @property
    def vector(self) -> int:
        """Length of the vectors of the last stage."""
        return int(self.width * 2 ** (len(self.depths) - 1))

    @property
    def stride(self) -> int:
        """Side in pixels of the area that a vector of the last stage describes."""
        return int(self.patch[1] * 2 ** (len(self.depths) - 1))


SMALL = AgriFMConfig()
PAPER = AgriFMConfig(frames=32, width=128, depths=(2, 2, 18, 2), heads=(4, 8, 16, 32))
