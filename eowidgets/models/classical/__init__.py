"""Models without weights, batched over pixels on torch; they are the baselines for the networks."""

from eowidgets.models.classical import change, composite, fill, harmonic, irmad, radar, regression, whittaker

__all__ = ["change", "composite", "fill", "harmonic", "irmad", "radar", "regression", "whittaker"]
