"""TempCNN (Pelletier et al., 2019), trained on a user's labels; README.md beside this file describes it."""

from eowidgets.models.crops.tempcnn.model import OwnTempCNN

__all__ = ["OwnTempCNN"]
