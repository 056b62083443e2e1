# mypy: disallow-any-generics, disallow-subclassing-any, disallow-untyped-decorators
"""Wrong uses: every line of `wrong` is an error of the type checker."""

from __future__ import annotations

import xarray as xr

import eowidgets as eow


def wrong(cube: xr.Dataset, viewer: eow.TimeViewer, area: eow.Area, answer: eow.Answer) -> None:
    eow.TimeViewer(cube, indx="NDVI")
    eow.TimeViewer(cube, stretch="linear")
    eow.TimeViewer(cube, gamma="high")
    eow.TimeViewer(cube, height=None)
    eow.TimeViewer("romania")
    eow.Explorer(cube, tour="yes")
    eow.Explorer(cube, clouds="maybe")
    eow.AreaMap(cube, basemap="satellite")
    eow.AreaMap(cube, zom=3)
    eow.PixelChart(cube, "NDVI", height="180px")
    eow.TeachPanel(cube, None, (22.1, 45.2, 22.2, 45.3))
    eow.run("fill-linear", cube, area)
    eow.run("fill-linear", cube, area=3)
    eow.submit("fill-linear", cube, area, "out.zarr")
    eow.estimate("fill-linear", cube, area)
    eow.embed(cube, "series", area)
    eow.ask(cube, "How large?", area)
    eow.ask(cube, 3)
    eow.change(cube, dates=2019)
    eow.open("romania", cloud="few")
    eow.forecast(cube, seed="one")
    eow.parcels(cube)
    viewer.gamma = "high"
    viewer.clouds = "maybe"
    viewer.to_gif("a.gif", dates=2019)
    area.name = "other"
    print(answer.valeu)
    eow.InputErorr("no such class")
