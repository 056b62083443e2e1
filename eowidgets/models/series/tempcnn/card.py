"""Card of TempCNN, its parameters, bands, dates and classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoint
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.params import param

#: MODIS bands 3, 1, 2 and 7.
BANDS = ("blue", "red", "nir", "swir22")
#: Days from 14 September: the composites of a MODIS year.
STEPS = tuple(range(0, 23 * 16, 16))
CROPS = tuple(
    ClassInfo(value, name, color)
    for value, (name, color) in enumerate(
        (
            ("Cerrado", "#a8a454"),
            ("Fallow_Cotton", "#d9d0e8"),
            ("Forest", "#1b6e32"),
            ("Pasture", "#c7e28f"),
            ("Soy_Corn", "#f0b429"),
            ("Soy_Cotton", "#7a5ea8"),
            ("Soy_Fallow", "#e8d8b0"),
            ("Soy_Millet", "#d9822b"),
            ("Soy_Sunflower", "#fff04d"),
        )
    )
)
WEIGHTS = checkpoint(Path(__file__).parent, "tempcnn.matogrosso")


@dataclass(frozen=True, slots=True)
class SeasonParams:
    """The crop year that is classified."""

    year: int = param(
        0,
        low=0,
        high=2200,
        label="Year",
        help="Calendar year in which the crop year begins in September; 0: the last crop year.",
    )


CARD = Card(
    title="TempCNN: crops of Mato Grosso",
    summary="Classifies the crop year of every pixel, parcel or series from its reflectance time series.",
    paper="Pelletier, Webb and Petitjean (2019), Temporal Convolutional Neural Network for the Classification of Satellite "
    "Image Time Series, Remote Sensing 11(5), 523",
    url="https://doi.org/10.3390/rs11050523",
    limits="Trained on MODIS MOD13Q1 (250 m) of Mato Grosso and the Cerrado, 2000 to 2016: its classes are not valid in other "
    "regions, and it is untested with other sensors. Forest was sampled at one place, so its score there is unknown. "
    "Probabilities are not calibrated.",
    **WEIGHTS.on_card(),
)
