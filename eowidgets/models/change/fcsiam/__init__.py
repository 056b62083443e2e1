"""FC-Siam-diff (Caye Daudt et al., 2018): what was built between two pictures; README.md beside this file describes it."""

from eowidgets.models.change.fcsiam.network import FCSiamDiff

__all__ = ["FCSiamDiff"]
