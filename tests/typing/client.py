# mypy: disallow-any-generics, disallow-subclassing-any, disallow-untyped-decorators
"""A program of a user, checked by type checkers under their strict rules; it is not run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

import eowidgets as eow


def look(cube: xr.Dataset, field: dict[str, object]) -> eow.Explorer:
    viewer = eow.TimeViewer(cube, index="NDVI", date="2019-07-06", stretch="minmax", gamma=1.2, height=300, pins=[])
    viewer.clouds = "hide"
    viewer.vmin, viewer.vmax = 0.0, None
    shown: str = viewer.date
    names: list[str] = viewer.bands
    film: Path = viewer.to_gif("series.gif", dates=("2019-01-01", "2019-12-31"), fps=4)
    area_map = eow.AreaMap(cube, area=field, basemap="imagery", zoom=12, center=(45.2, 22.1))
    eow.TimeLayer(cube, area_map, viewer=viewer, visible=False, opacity=0.5)
    chart = eow.PixelChart(cube, "NDVI", area=field, height=200)
    print(shown, names, film, chart.what, area_map.date)
    return eow.Explorer(cube, "fill-linear", tour=False, index="NDVI", compare_mode="swipe", speed=3.0)


def measure(path: str) -> xr.Dataset:
    cube = eow.open(path, area=(22.1, 45.2, 22.2, 45.3), dates="2019/2020", bands=["red", "nir"], resolution=20)
    place = eow.Area.of((22.1515, 45.2029))
    filled = eow.run("fill-linear", cube, area=place, device="cpu", memory="1GB", seed=3, max_gap=30.0)
    job: eow.Job = eow.submit("fill-linear", filled, out="filled.zarr")
    cost: eow.Estimate = eow.estimate("fill-linear", cube, area=place)
    seconds: float = cost.seconds + job.seconds
    changed = eow.change(cube, dates=("2019-01-01", np.datetime64("2020-12-31")), area=place, memory=2e9)
    ahead = eow.forecast(cube, "ndvi", area=(22.15, 45.2), days="6MS", levels=(0.8,))
    answer: eow.Answer = eow.ask(changed, "Where was forest lost?", area=place, dates="2019/2020")
    print(seconds, answer.text, answer.uncertain, ahead.sizes, eow.Record.of(changed).code())
    return eow.embed(cube, area=place, seed=1)


def save(cube: xr.Dataset) -> None:
    try:
        labels = eow.Labels.of("fields.gpkg", column="crop")
        sample: eow.Sample = eow.sample(cube["change"], 100, seed=2)
        parcels: eow.Parcels = eow.parcels(cube, "fields.gpkg", "ndvi", dates=("2019", "2020"))
        written: Path = eow.report(parcels, cube=cube).save(Path("report.html"))
        eow.TeachPanel(cube, labels, area=(22.1, 45.2, 22.2, 45.3))
        eow.ChangePanel(cube, method="break-ccdc").set(sensitivity=2)
        print(sample.labelled, written)
    except (eow.InputError, eow.ModelError, eow.SourceError, eow.MissingExtraError) as error:
        print(error)
