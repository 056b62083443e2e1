"""Cards of the shipped UniTS models."""

from __future__ import annotations

from eowidgets.models.base import Card

PAPER = "UniTS: Unified Time Series Generative Model for Remote Sensing (2025)"
URL = "https://github.com/YuxiangZhang-BIT/UniTS"
DATA = "Sentinel-2 cube of a forest in Romania (western two thirds, first 60 % of the clear dates)"

RECONSTRUCT = Card(
    title="UniTS: fill gaps",
    summary="Fills what clouds hide in a series, from the other dates and the places around; says how sure it is.",
    paper=PAPER,
    url=URL,
    data=DATA,
    limits="Trained on one forest at 10 m in six bands; other bands are interpolated linearly.",
    weights="units-reconstruct.safetensors",
)

CLOUDS = Card(
    title="UniTS: remove clouds",
    summary="Takes a cloudy series without any mask and gives the clear one.",
    paper=PAPER,
    url=URL,
    data=DATA + ", under real clouds of other dates",
    limits="Trained on one forest at 10 m in six bands. Snow may be taken for cloud.",
    weights="units-clouds.safetensors",
)

FORECAST = Card(
    title="UniTS: forecast images",
    summary="Forecasts the series on any future date from past seasons and the last dates, with its doubt.",
    paper=PAPER,
    url=URL,
    data="Sentinel-2 cube of a forest in Romania, western two thirds, before 2020",
    limits="Trained on one forest at 10 m in six bands; it knows no weather. Other bands get their mean season.",
    weights="units-forecast.safetensors",
)

CHANGE = Card(
    title="UniTS: land cover through time",
    summary="Maps five classes of land cover on every date, all dates judged together, and where they change.",
    paper=PAPER,
    url=URL,
    data="Simulated scenes (eowidgets.cube.simulate), ten Sentinel-2 bands, half of them with Sentinel-1",
    limits="Trained on simulated scenes only: on real images it shows what the method does, not what is there.",
    weights="units-change.safetensors",
)
