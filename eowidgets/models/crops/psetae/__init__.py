"""PSE-TAE (Garnot et al., 2020): a classifier of time series of pixel sets; see README.md in this folder."""

from eowidgets.models.crops.psetae.config import PAPER, PseTaeConfig
from eowidgets.models.crops.psetae.model import PseTaeAround, PseTaeModel
from eowidgets.models.crops.psetae.network import PseTae
from eowidgets.models.crops.psetae.published import read_published

__all__ = ["PAPER", "PseTae", "PseTaeAround", "PseTaeConfig", "PseTaeModel", "read_published"]
