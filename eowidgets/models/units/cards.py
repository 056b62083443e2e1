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
    summary="Fills what clouds hide in a series, with a standard deviation per band. On partly visible dates nearly all of "
    "the gain over linear interpolation is a ridge regression on the date's clear pixels, not the network.",
    paper=PAPER,
    url=URL,
    limits="On new places, wholly hidden dates are at most 0.3 dB better than linear interpolation, and up to 0.7 dB worse on "
    "daily MODIS. The target of 1 dB over the best other method was met at one place never seen, not at two. No radar.",
    **WEIGHTS["units-reconstruct.places"].on_card(),
)

CLOUDS = Card(
    title="UniTS: remove clouds",
    summary="Takes a cloudy series without any mask and gives the clear one.",
    paper=PAPER,
    url=URL,
    limits="Trained on one forest at 10 m in six bands. Snow may be taken for cloud, and thin clouds for ground; about one "
    "clear pixel in fifteen is filled needlessly. The paper's tables are of other data.",
    **WEIGHTS["units-clouds.romania"].on_card(),
)

FORECAST = Card(
    title="UniTS: forecast images",
    summary="Forecasts the series on any future date from past seasons and the last dates, with its doubt.",
    paper=PAPER,
    url=URL,
    limits="Trained on one forest at 10 m in six bands; it knows no weather. What it adds to the mean season helped in 2019, "
    "on which it was weighed, and not in 2020. Other bands get their mean season.",
    **WEIGHTS["units-forecast.romania"].on_card(),
)

CHANGE = Card(
    title="UniTS: land cover through time",
    summary="Maps five classes of land cover on every date, all dates judged together, and where they change.",
    paper=PAPER,
    url=URL,
    limits="Trained on simulated scenes only: on real images it shows what the method does, not what is there.",
    **WEIGHTS["units-change.simulated"].on_card(),
)
