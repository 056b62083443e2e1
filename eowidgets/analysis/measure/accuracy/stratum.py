"""Strata that a sample is drawn from: sizes and shares of the area."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eowidgets.errors import InputError, shown

#: Tolerance of the sum of area shares, which files round.
ROUNDING = 0.005


@dataclass(frozen=True)
class Stratum:
    """A part of the map from which samples are drawn at random.

    Attributes
    ----------
    name : str
    pixels : int
        0 where it is not known.
    weight : float
        Share of the area of all strata.
    """

    name: str
    pixels: int
    weight: float


def checked_strata(strata: Sequence[Stratum]) -> tuple[Stratum, ...]:
    """Check the weights of strata, and return the strata with weights that sum to one.

    Raises
    ------
    InputError
        If a weight is not above zero, or they do not sum to one.
    """
    for one in strata:
        if not (np.isfinite(one.weight) and one.weight > 0):
            raise InputError(
                f"The stratum {shown(one.name)} has the weight {one.weight:.6g}: give its share of the area, above 0."
            )
    total = sum(s.weight for s in strata)
    if abs(total - 1) > ROUNDING:
        listed = ", ".join(f"{s.name[:20]} {s.weight:.4g}" for s in list(strata)[:4])
        raise InputError(
            f"The weights of the strata add up to {total:.4g}, not to 1 ({listed}): give the share of the area of every "
            "stratum, also of those without a point."
        )
    return tuple(Stratum(s.name, s.pixels, s.weight / total) for s in strata)


def from_sizes(sizes: dict[str, float]) -> tuple[Stratum, ...]:
    """Return strata from numbers of pixels, areas, or shares with the sum 1.

    Raises
    ------
    InputError
        Without strata, for sizes that are not above zero, or for shares with another sum.

    Examples
    --------
    >>> [s.weight for s in from_sizes({"near": 100, "far": 300})]
    [0.25, 0.75]
    """
    if not sizes:
        raise InputError("strata is empty: give the size of each stratum, such as {'forest': 5200, 'other': 4800}.")
    values = {str(k): float(v) for k, v in sizes.items()}
    bad = next((k for k, v in values.items() if not (np.isfinite(v) and v > 0)), None)
    if bad is not None:
        raise InputError(
            f"The stratum {shown(bad)} has the size {values[bad]:.6g}: give its pixels or its share, above 0."
        )
    total = sum(values.values())
    if max(values.values()) <= 1:
        return checked_strata([Stratum(k, 0, v) for k, v in values.items()])
    whole = all(v == int(v) for v in values.values())
    return tuple(Stratum(k, int(v) if whole else 0, v / total) for k, v in values.items())
