"""Models without weights, batched over pixels on torch: the first things to run, and what networks must beat."""

from eowidgets.models.classical import change, composite, fill, harmonic, irmad, radar, regression, whittaker

__all__ = ["change", "composite", "fill", "harmonic", "irmad", "radar", "regression", "whittaker"]
