"""TempCNN (Pelletier et al., 2019), trained on your own labels; see README.md in this folder."""

from eowidgets.models.crops.tempcnn.model import OwnTempCNN

__all__ = ["OwnTempCNN"]
