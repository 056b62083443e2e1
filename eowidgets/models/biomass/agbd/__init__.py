"""The networks of AGBD (Sialelli et al., 2024): FCN, U-Net and Xception-S2 for biomass; see README.md in this folder."""

from eowidgets.models.biomass.agbd.config import PAPER, FCNConfig, UNetConfig, XceptionConfig
from eowidgets.models.biomass.agbd.model import BiomassFCN, BiomassUNet, BiomassXception
from eowidgets.models.biomass.agbd.network import FCN, ResidualUNet, XceptionS2

__all__ = [
    "FCN",
    "PAPER",
    "BiomassFCN",
    "BiomassUNet",
    "BiomassXception",
    "FCNConfig",
    "ResidualUNet",
    "UNetConfig",
    "XceptionConfig",
    "XceptionS2",
]
