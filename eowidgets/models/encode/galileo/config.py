"""The sizes of Galileo."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Size of the transformer.

    Attributes
    ----------
    width, depth, heads : int
    """

    width: int
    depth: int
    heads: int

    @property
    def hidden(self) -> int:
        """Width of the hidden layer of a block."""
        return 4 * self.width


#: By tag; from config/models/{nano,tiny,base}.json of the authors.
SIZES = {"nano": Size(128, 4, 8), "tiny": Size(192, 12, 3), "base": Size(768, 12, 12)}
