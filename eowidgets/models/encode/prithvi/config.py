"""The sizes of Prithvi-EO."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Size:
    """Size of an encoder.

    Attributes
    ----------
    width, depth, heads : int
        Of the transformer.
    frames : int
        Dates of the training data.
    patch : int
        Pixels along one side of a patch.
    place_and_time : bool
        Whether dates and locations are encoded, which the authors call TL.
    side : int
        Pixels along one side of the images of the training data.
    """

    width: int
    depth: int
    heads: int
    frames: int = 4
    patch: int = 16
    place_and_time: bool = False
    side: int = 224

    @property
    def hidden(self) -> int:
        """Width of the hidden layer of a block."""
        return 4 * self.width


#: By tag of the published checkpoint.
SIZES = {
    "v1-100m": Size(768, 12, 12, frames=3),
    "v2-tiny-tl": Size(192, 12, 3, frames=1, place_and_time=True),
    "v2-100m-tl": Size(768, 12, 12, place_and_time=True),
    "v2-300m": Size(1024, 24, 16),
    "v2-300m-tl": Size(1024, 24, 16, place_and_time=True),
    "v2-600m": Size(1280, 32, 16, patch=14),
    "v2-600m-tl": Size(1280, 32, 16, patch=14, place_and_time=True),
}
#: The smallest size of the authors, for tests; they publish no weights for it.
TRIAL = Size(256, 4, 4, frames=1)
