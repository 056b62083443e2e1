"""Break monitors: a stable history is modelled, and every clear date after it is held against the model."""

from eowidgets.models.monitors import ccdc, ewma, iqr, sums

__all__ = ["ccdc", "ewma", "iqr", "sums"]
