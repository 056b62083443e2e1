"""FUSU-Net (Yuan et al., 2024): two high-resolution images and a coarser series; see README.md in this folder."""

from eowidgets.models.landuse.fusunet.config import PAPER, FusuConfig, HRNetConfig, UTAEConfig
from eowidgets.models.landuse.fusunet.hrnet import HRNet
from eowidgets.models.landuse.fusunet.model import FusuModel
from eowidgets.models.landuse.fusunet.network import FusuNet
from eowidgets.models.landuse.fusunet.utae import UTAE

__all__ = ["PAPER", "UTAE", "FusuConfig", "FusuModel", "FusuNet", "HRNet", "HRNetConfig", "UTAEConfig"]
