"""Models without weights, batched over pixels on torch: the first things to run, and what networks must beat."""

from eowidgets.models.classical import composite, fill, harmonic

__all__ = ["composite", "fill", "harmonic"]
