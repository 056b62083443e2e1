"""Break monitors: a stable history is modelled, and every clear date after it is held against the model."""

from eowidgets.models.monitors import ccdc, ensemble, ewma, iqr, sums

__all__ = ["ccdc", "ensemble", "ewma", "iqr", "sums"]
