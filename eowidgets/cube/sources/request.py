"""The options of ``eow.open`` that its sources need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Request:
    """Options of :func:`eowidgets.open`, under the names that sources of plug-ins get."""

    bbox: Any
    dates: Any
    bands: Any
    resolution: float | None
    crs: Any
    sensor: str | None
    signer: Callable[[str], str] | None
    chunks: Any
    timeout: float
    group: str | None
    remote: bool
    budget: str | float | None
