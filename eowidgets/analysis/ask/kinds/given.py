"""The properties of a cube that the reading of a question depends on."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

#: Pixels of up to this size (metres) show single houses, roads and trees.
SHARP = 2.0


@dataclass(frozen=True, slots=True)
class Given:
    """The properties of a cube that reading depends on."""

    bands: Collection[str] = ()
    metres: float = 10.0
    title: str = ""
    last: str = ""
    before: bool = False
    point: bool = False
