"""Gap filling with the method that is best on the cube itself: cross-validation on clear values, and a weighted average."""

from eowidgets.models.filling import auto, blend

__all__ = ["auto", "blend"]
