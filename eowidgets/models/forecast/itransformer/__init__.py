"""iTransformer (Liu et al., 2024): attention across channels; see README.md in this folder."""

from eowidgets.models.forecast.itransformer.model import ITransformerForecaster
from eowidgets.models.forecast.itransformer.network import ITransformer

__all__ = ["ITransformer", "ITransformerForecaster"]
