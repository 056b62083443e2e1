"""Types of aircraft seen from above: outlines of fuselage, wings, tail and engines in metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Kind:
    """Ranges of the dimensions of an aircraft type.

    Attributes
    ----------
    length : (float, float)
        Metres from nose to tail.
    span : (float, float)
        Wing span as a share of the length.
    body : float
        Width of the fuselage as a share of the length.
    sweep : (float, float)
        Degrees between the leading edge and a straight wing.
    chord, taper : float
        Chord at the root as a share of the length; chord at the tip as a share of that at the root.
    wing : float
        Position of the leading edge of the wing at the root, as a share of the length from the nose.
    tail : float
        Span of the tailplane as a share of the wing span.
    engines : {"wing", "four", "rear", "none"}
    share : float
        Relative frequency.
    """

    length: Range
    span: Range
    body: float
    sweep: Range
    chord: float
    taper: float
    wing: float
    tail: float
    engines: Literal["wing", "four", "rear", "none"]
    share: float


KINDS: dict[str, Kind] = {
    "narrow-body": Kind((31, 45), (0.78, 1.05), 0.105, (24, 29), 0.18, 0.28, 0.31, 0.36, "wing", 0.28),
    "wide-body": Kind((55, 74), (0.86, 1.02), 0.092, (30, 36), 0.19, 0.24, 0.30, 0.33, "wing", 0.12),
    "four-engined": Kind((64, 76), (0.9, 1.06), 0.095, (33, 38), 0.21, 0.24, 0.27, 0.34, "four", 0.05),
    "regional jet": Kind((26, 37), (0.68, 0.85), 0.085, (22, 28), 0.17, 0.3, 0.38, 0.36, "rear", 0.12),
    "turboprop": Kind((22, 33), (0.85, 1.1), 0.1, (0, 5), 0.11, 0.5, 0.36, 0.3, "wing", 0.1),
    "business jet": Kind((13, 27), (0.85, 1.05), 0.1, (24, 32), 0.19, 0.3, 0.42, 0.38, "rear", 0.13),
    "light": Kind((7, 10), (1.2, 1.45), 0.14, (0, 3), 0.19, 0.75, 0.26, 0.32, "none", 0.13),
    "fighter": Kind((14, 19), (0.58, 0.75), 0.12, (42, 56), 0.4, 0.15, 0.34, 0.55, "none", 0.07),
}


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A polygon of an aircraft.

    Attributes
    ----------
    name : str
        ``body``, ``wing``, ``tail``, ``engine`` or ``fin``.
    points : ndarray, shape (n, 2)
        Metres forward and to the right.
    height : float
        Metres above the ground, for the shadow.
    """

    name: str
    points: Points
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Aircraft:
    """One aircraft in its own coordinates; the origin is the centre of its box.

    Attributes
    ----------
    kind : str
        Key of :data:`KINDS`.
    parts : tuple of Part
        In drawing order.
    length, span : float
        Sides of its box in metres, along and across the fuselage.
    """

    kind: str
    parts: tuple[Part, ...]
    length: float
    span: float


def draw_aircraft(kind: str, rng: np.random.Generator) -> Aircraft:
    """Draw the outlines of an aircraft of one type.

    Parameters
    ----------
    kind : str
        Key of :data:`KINDS`.
    rng : Generator

    Returns
    -------
    Aircraft

    Examples
    --------
    >>> plane = draw_aircraft("light", np.random.default_rng(0))
    >>> 6 < plane.length < 11 and plane.span > plane.length
    True
    """
    k = KINDS[kind]
    length = float(rng.uniform(*k.length))
    span, width = length * float(rng.uniform(*k.span)), length * k.body
    slope = float(np.tan(np.radians(rng.uniform(*k.sweep))))
    nose, low = length / 2, 0.5 * width
    root, front = k.chord * length, nose - k.wing * length
    parts = [Part("wing", _wing(front, root, k.taper, slope, span, side), low) for side in (1, -1)]
    tail_root = 0.55 * root if kind != "fighter" else 0.3 * root
    tail_front = -nose + tail_root * 1.35
    parts += [Part("tail", _wing(tail_front, tail_root, 0.45, slope, k.tail * span, side), width) for side in (1, -1)]
    parts += [Part("engine", p, 0.4 * width) for p in _engines(k, length, span, width, front, slope)]
    parts.append(Part("body", _body(length, width), 1.1 * width))
    fin = 0.018 * length
    parts.append(
        Part(
            "fin",
            np.array([(-nose + 0.17 * length, 0), (-nose, fin), (-nose - 0.01 * length, 0), (-nose, -fin)]),
            2.6 * width,
        )
    )
    corners = np.concatenate([p.points for p in parts])
    lowest, highest = corners.min(axis=0), corners.max(axis=0)
    middle = (lowest + highest) / 2
    moved = tuple(Part(p.name, p.points - middle, p.height) for p in parts)
    return Aircraft(kind, moved, *map(float, highest - lowest))


def _wing(front: float, root: float, taper: float, slope: float, span: float, side: int) -> Points:
    """Return a wing from the centre line to its tip, on the right (side 1) or the left (-1)."""
    tip = front - slope * span / 2
    back = front - root
    return np.array([(front, 0), (tip, side * span / 2), (tip - taper * root, side * span / 2), (back, 0)])


def _body(length: float, width: float) -> Points:
    """Return the fuselage: a round nose, a straight middle and a tapered tail."""
    at = np.array([0, 0.01, 0.03, 0.07, 0.12, 0.2, 0.62, 0.75, 0.88, 0.97, 1.0])
    half = np.array([0, 0.3, 0.55, 0.8, 0.95, 1, 1, 0.85, 0.5, 0.22, 0.1]) * width / 2
    x = length / 2 - at * length
    return np.concatenate([np.stack([x, half], 1), np.stack([x, -half], 1)[::-1]])


def _engines(k: Kind, length: float, span: float, width: float, front: float, slope: float) -> list[Points]:
    if k.engines == "none":
        return []
    long, wide = (0.095 * length, 0.62 * width) if k.engines != "rear" else (0.12 * length, 0.5 * width)
    if k.engines == "rear":
        places = [(-0.3 * length, 0.78 * width)]
    else:
        shares = (0.33, 0.62) if k.engines == "four" else (0.34,)
        places = [(front - slope * s * span / 2 + 0.15 * long, s * span / 2) for s in shares]
    box = np.array([(0.5, -0.35), (0.3, -0.5), (-0.5, -0.4), (-0.5, 0.4), (0.3, 0.5), (0.5, 0.35)]) * (long, wide)
    return [box + np.array((x, side * y)) for x, y in places for side in (1, -1)]
