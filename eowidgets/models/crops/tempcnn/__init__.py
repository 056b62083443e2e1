"""TempCNN (Pelletier et al., 2019), trained on labels of one's own; README.md beside this file describes it."""

from eowidgets.models.crops.tempcnn.model import OwnTempCNN

__all__ = ["OwnTempCNN"]
