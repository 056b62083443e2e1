"""Sizes of AstroPT: the small shipped one, and those of the paper."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AstroPTConfig:
    """Sizes of the network.

    Parameters
    ----------
    channels : int
        Number of co-registered images of one object.
    side, patch : int
        Pixels along one side of an image and of a patch.
    width, heads, depth : int
        Of the transformer.
    """

    channels: int = 3
    side: int = 63
    patch: int = 9
    width: int = 96
    heads: int = 4
    depth: int = 4

    @property
    def grid(self) -> int:
        """Patches along one side."""
        return self.side // self.patch

    @property
    def values(self) -> int:
        """Number of values of a patch."""
        return self.channels * self.patch**2


SMALL = AstroPTConfig()
#: Stamps of 512 pixels in three bands, and the sizes that the authors' configurations state.
PAPER = {
    "1M": AstroPTConfig(side=512, patch=16, width=128, heads=8, depth=4),
    "70M": AstroPTConfig(side=512, patch=16, width=768, heads=12, depth=12),
}
