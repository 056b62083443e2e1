"""Cards of the shipped UniTS models; hashes, scores, licences and training data are read from ``weights.toml``."""

from __future__ import annotations

from pathlib import Path

from eowidgets.contract.card import Card
from eowidgets.contract.checkpoint import checkpoints

PAPER = "UniTS: Unified Time Series Generative Model for Remote Sensing (2025)"
URL = "https://github.com/YuxiangZhang-BIT/UniTS"
WEIGHTS = checkpoints(Path(__file__).parent)

RECONSTRUCT = Card(
    title="UniTS: fill gaps",
    summary="Fills cloud gaps in a series, with a standard deviation per band. On partly visible dates nearly all of "
    "the gain over linear interpolation comes from a ridge regression on the date's clear pixels, not the network.",
    paper=PAPER,
    url=URL,
    limits="On new places, fully cloudy dates are at most 0.3 dB better than linear interpolation, and up to 0.7 dB worse on "
    "daily MODIS. The target of 1 dB over the best other method was met at one unseen place, not at two. No radar.",
    **WEIGHTS["units-reconstruct.places"].on_card(),
)

CLOUDS = Card(
    title="UniTS: remove clouds",
    summary="Predicts the cloud-free series from a cloudy one without a mask.",
    paper=PAPER,
    url=URL,
    limits="Trained on one forest at 10 m in six bands. Snow may be classified as cloud, and thin clouds as ground; about one "
    "clear pixel in fifteen is filled unnecessarily. The paper's tables are for other data.",
    **WEIGHTS["units-clouds.romania"].on_card(),
)

FORECAST = Card(
    title="UniTS: forecast images",
    summary="Forecasts the series on any future date from past seasons and the last dates, with standard deviations.",
    paper=PAPER,
    url=URL,
    limits=(
        "Trained on one forest at 10 m in six bands; it has no weather input. Its correction of the mean season "
        "helped in 2019, "
        "on which it was tuned, but not in 2020. Other bands get their mean season."
    ),
    **WEIGHTS["units-forecast.romania"].on_card(),
)

CHANGE = Card(
    title="UniTS: land cover through time",
    summary="Maps five land-cover classes on every date, from all dates jointly, and the probability of change.",
    paper=PAPER,
    url=URL,
    limits="Trained on simulated scenes only: on real images it demonstrates the method, and its maps are not reliable.",
    **WEIGHTS["units-change.simulated"].on_card(),
)
