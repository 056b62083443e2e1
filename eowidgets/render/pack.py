"""Encoding of numbers as few bytes for the browser, and decoding.

A band is stored as unsigned integers with a scale and an offset; code 0 is nodata:
``value = (code - 1) * scale + offset``. A mask is a bit plane, eight pixels of a row in a byte.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Bits = Literal[8, 16]

#: Reflectance is delivered as integers of 1e-4: this scale restores them without loss.
REFLECTANCE_SCALE, REFLECTANCE_OFFSET = 1e-4, -1.0
#: Largest message. Hubs and proxies may refuse messages of about 10 MB.
MAX_CHUNK = 4_000_000


@dataclass(frozen=True, slots=True)
class Codec:
    """Encoding of the values of a band as integers.

    Parameters
    ----------
    scale, offset : float
        ``value = (code - 1) * scale + offset``.
    bits : {8, 16}
        Width of a code.
    """

    scale: float
    offset: float
    bits: Bits = 16

    @property
    def dtype(self) -> np.dtype[Any]:
        """Little-endian unsigned integer type of the codes."""
        return np.dtype("<u2" if self.bits == 16 else "u1")

    @property
    def top(self) -> int:
        """Largest code."""
        return (1 << self.bits) - 1

    def encode(self, values: np.ndarray) -> np.ndarray:
        """Convert values of any shape to codes; NaN and infinities become 0, values outside the range are clipped."""
        # Subtracting before narrowing keeps the digits of large float64 numbers (dates, elevations in mm).
        wide = values if values.dtype.kind == "f" else values.astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            codes = (wide - wide.dtype.type(self.offset)).astype(np.float32, copy=False)
            codes = codes * np.float32(1.0 / self.scale)
        seen = np.isfinite(codes)
        np.rint(codes, out=codes)
        codes += 1
        np.clip(codes, 1, self.top, out=codes)
        codes[~seen] = 0
        return codes.astype(self.dtype)

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """Convert codes to float32 values, NaN where the code is 0."""
        values = (codes.astype(np.float32) - np.float32(1)) * np.float32(self.scale) + np.float32(self.offset)
        return np.where(codes == 0, np.float32(np.nan), values)


def codec_for(low: float, high: float, *, bits: Bits = 16, integers: bool = False, reflectance: bool = True) -> Codec:
    """Choose the finest codec that holds every value from ``low`` to ``high``.

    Parameters
    ----------
    low, high : float
        Range of the finite values; NaN if there is none.
    bits : {8, 16}
        Width of a code.
    integers : bool
        The values are whole numbers: keep them exact if they fit.
    reflectance : bool
        The values may be reflectance: steps of 1e-4 are exact for it, and too coarse for other small numbers.
    """
    if not (np.isfinite(low) and np.isfinite(high)):
        low, high = 0.0, 1.0
    top = (1 << bits) - 2
    if integers and high - low <= top:
        return Codec(1.0, float(low), bits)
    if (
        reflectance
        and bits == 16
        and low >= REFLECTANCE_OFFSET
        and high <= REFLECTANCE_OFFSET + top * REFLECTANCE_SCALE
    ):
        return Codec(REFLECTANCE_SCALE, REFLECTANCE_OFFSET, bits)
    span = high - low
    # One value everywhere: any scale above 0 works.
    return Codec(span / top if span > 0 else max(abs(low), 1.0) * 1e-4, float(low), bits)


def pack_mask(mask: np.ndarray) -> np.ndarray:
    """Pack a boolean ``(..., y, x)`` into bytes ``(..., y, ceil(x / 8))``, leftmost pixel in the highest bit."""
    return np.packbits(mask, axis=-1)


def unpack_mask(plane: np.ndarray, width: int) -> np.ndarray:
    """Invert `pack_mask`."""
    return np.unpackbits(plane, axis=-1, count=width).astype(bool)


def dates_per_chunk(bytes_per_date: int, limit: int = MAX_CHUNK) -> int:
    """Return how many dates of one band fit in a message (at least one: callers cut by rows below that)."""
    return max(1, limit // max(1, bytes_per_date))
