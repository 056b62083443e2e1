"""Cards of the shipped UniTS models."""

from __future__ import annotations

from eowidgets.contract.card import Card

PAPER = "UniTS: Unified Time Series Generative Model for Remote Sensing (2025)"
URL = "https://github.com/YuxiangZhang-BIT/UniTS"
DATA = "Sentinel-2 cube of a forest in Romania (western two thirds, first 60 % of the clear dates)"

RECONSTRUCT = Card(
    title="UniTS: fill gaps",
    summary="Fills what clouds hide in a series, from the other dates and the places around; says how sure it is.",
    paper=PAPER,
    url=URL,
    data=DATA,
    scores={
        "PSNR, held-out third, dates seen (dB)": 37.3,
        "linear in time there (dB)": 28.8,
        "PSNR, held-out third, dates never seen (dB)": 35.6,
        "linear in time there, dates never seen (dB)": 30.1,
        "PSNR, 3 hidden dates in a row, dates seen (dB)": 34.4,
        "linear in time there, 3 hidden dates (dB)": 26.4,
        "PSNR, 3 hidden dates in a row, dates never seen (dB)": 31.7,
        "linear in time there, 3 hidden dates, never seen (dB)": 28.7,
        "PSNR, another place (bouconne), ten bands (dB)": 36.4,
        "linear in time, another place (dB)": 31.9,
    },
    limits="Trained on one forest at 10 m in six bands; other bands follow those as they do in the series. Samples are "
    "widened by a fitted factor and too wide on dates like those of the training. The paper's tables are of other data.",
    weights="units-reconstruct.safetensors",
    sha256="dc9db8663a5b2c4ade8cacb7faa7c6948f95aecf1c9f735066867ba6ee76b8ab",
)

CLOUDS = Card(
    title="UniTS: remove clouds",
    summary="Takes a cloudy series without any mask and gives the clear one.",
    paper=PAPER,
    url=URL,
    data=DATA + ", under real clouds of other dates",
    scores={
        "PSNR without a mask, held-out third, dates seen (dB)": 34.8,
        "closest clear date there, true mask given (dB)": 26.3,
        "linear in time there, true mask given (dB)": 27.5,
        "PSNR without a mask, held-out third, dates never seen (dB)": 30.2,
        "closest clear date there, dates never seen (dB)": 26.9,
        "linear in time there, dates never seen (dB)": 27.7,
        "MAE, dates never seen": 0.0164,
        "MAE of the closest clear date there": 0.0241,
        "SSIM, dates never seen": 0.922,
        "SSIM of the closest clear date there": 0.903,
        "change of clear pixels, dates never seen": 0.0018,
    },
    limits="Trained on one forest at 10 m in six bands. Snow may be taken for cloud, and thin clouds for ground; about one "
    "clear pixel in fifteen is filled needlessly. The paper's tables are of other data.",
    weights="units-clouds.safetensors",
    sha256="8aedbf72322903ff8e1b65d56bc12a74014c026952d0d67506574e3d41a1e946",
)

FORECAST = Card(
    title="UniTS: forecast images",
    summary="Forecasts the series on any future date from past seasons and the last dates, with its doubt.",
    paper=PAPER,
    url=URL,
    data="Sentinel-2 cube of a forest in Romania, western two thirds, before 2019, and simulated scenes",
    scores={
        "RMSE of reflectance, the clear dates of 2020": 0.0594,
        "persistence there": 0.0935,
        "mean of the same day of the years before there": 0.0654,
        "weighted mean season there": 0.0551,
        "RMSE of NDVI, the clear dates of 2020": 0.153,
        "persistence, NDVI": 0.238,
        "mean of the same day of the years before, NDVI": 0.158,
        "weighted mean season, NDVI": 0.140,
        "covered by 80 % intervals of 16 samples, 2020 (%)": 71.0,
    },
    limits="Trained on one forest at 10 m in six bands; it knows no weather. What it adds to the mean season helped in 2019, "
    "on which it was weighed, and not in 2020. Other bands get their mean season.",
    weights="units-forecast.safetensors",
    sha256="cb602a87bf3dd7df11890cdde47d44f755ac5471f7fc5b421fd27589ccf4ef46",
)

CHANGE = Card(
    title="UniTS: land cover through time",
    summary="Maps five classes of land cover on every date, all dates judged together, and where they change.",
    paper=PAPER,
    url=URL,
    data="Simulated scenes (eowidgets.simulate), ten Sentinel-2 bands, half of them with Sentinel-1",
    scores={
        "SCS, simulated scenes never trained on": 0.429,
        "SCS of a classifier of single pixels and dates": 0.165,
        "the same, told what interpolation says under clouds": 0.322,
        "SCS with radar": 0.775,
        "SCS of the classifier with radar": 0.300,
        "the same, told what interpolation says": 0.445,
        "mIoU": 0.962,
    },
    limits="Trained on simulated scenes only: on real images it shows what the method does, not what is there.",
    weights="units-change.safetensors",
    sha256="4e60d4b11e455dc8cf9487b38bf825260792b031e6da59efe9394cd92cc76712",
)
