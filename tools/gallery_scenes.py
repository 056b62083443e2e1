"""What the gallery shows, one scene per widget: read by ``tools/screenshots.py`` and by the documentation site.

The Explorer and the viewer have scenes of their own in ``tools/screenshots.py``, because a mouse takes part in them.
"""

from __future__ import annotations

from dataclasses import dataclass

OPEN = "import ipywidgets\nimport eowidgets as eow\ncube = eow.open('romania', clouds='robust')"


@dataclass(frozen=True, slots=True)
class Scene:
    """A picture of the gallery.

    Attributes
    ----------
    name, title : str
        Of the file in ``docs/images`` without ending, and the heading.
    alt : str
        What the picture shows, for readers who do not see it.
    setup, widget : str
        Code of the cells; the second one ends with the widget. Empty where ``tools/screenshots.py`` has the scene.
    page : str
        Page of the site that describes the widget.
    notebook : str
        Notebook whose stored picture of the widget is taken in place of a new one.
    """

    name: str
    title: str
    alt: str
    page: str
    setup: str = ""
    widget: str = ""
    notebook: str = ""


SCENES = (
    Scene(
        "explorer",
        "Explorer",
        "Map, time viewer, pixel chart and model panel as one view: a Romanian forest in July 2019 as NDVI, two pixels pinned",
        "tutorials/01_explore_an_area.md",
    ),
    Scene(
        "viewer",
        "TimeViewer",
        "Two dates of NDVI side by side with a divider, two outlines, a pin, and the series of each below",
        "guides/viewer.md",
    ),
    Scene(
        "teach-panel",
        "TeachPanel",
        "A class map from ten labelled places of two classes, and below it the classes with the count of their labels",
        "guides/teach-panel.md",
        setup=OPEN.replace("'romania', clouds='robust'", "'bouconne'")
        + """
import tempfile
import pandas as pd
forest = [(1.22978, 43.65137), (1.22268, 43.64001), (1.23588, 43.65507), (1.21637, 43.65206), (1.21796, 43.65281)]
open_land = [(1.24030, 43.65225), (1.23664, 43.65013), (1.23117, 43.65499), (1.23806, 43.65672), (1.22179, 43.65737)]
table = pd.DataFrame([(lon, lat, "forest") for lon, lat in forest] + [(lon, lat, "open land") for lon, lat in open_land],
    columns=["lon", "lat", "class"])
classes = [eow.ClassInfo(0, "forest", "#009e73"), eow.ClassInfo(1, "open land", "#e69f00")]
labels = eow.Labels.of(table, classes=classes)
""",
        widget="eow.TeachPanel(cube, labels, folder=tempfile.mkdtemp())",
    ),
    Scene(
        "change-panel",
        "ChangePanel",
        "Changed places on the map coloured by date, hectares through time, and one place: images before and after, its series",
        "guides/change.md",
        setup=f"""{OPEN}
area_map = eow.AreaMap(cube, height="320px")
panel = eow.ChangePanel(cube, map=area_map, method="break-ccdc")
panel.dates = ("2017-01-01", "2020-12-31")
panel.run().result(timeout=300)
panel.pick(1)
""",
        widget="ipywidgets.VBox([area_map, panel])",
    ),
    Scene(
        "forecast-panel",
        "ForecastPanel",
        "The NDVI of a pixel, its forecast of half a year with intervals, and the errors of three models on earlier days",
        "guides/forecast-panel.md",
        setup=f"""{OPEN}
viewer = eow.TimeViewer(cube, index="NDVI", height=240, chart=False)
viewer.pins = [{{"lon": 22.1551, "lat": 45.2048}}]
panel = eow.ForecastPanel(cube, viewer=viewer)
panel.run().result(timeout=300)
""",
        widget="panel",
    ),
    Scene(
        "ask-panel",
        "AskPanel",
        "A question about lost forest, the answer in hectares, and its evidence as a layer on the picture",
        "guides/ask.md",
        setup=f"""{OPEN}
viewer = eow.TimeViewer(cube, height=260, chart=False)
panel = eow.AskPanel(cube, viewer=viewer)
panel.ask("Where was forest lost between 2017 and 2020?").result(timeout=300)
panel.light(0)
""",
        widget="ipywidgets.VBox([viewer, panel])",
    ),
    Scene(
        "find-panel",
        "FindPanel",
        "A search before it starts: a rectangle on the map, the collection, the dates and the share of clouds",
        "guides/finding-data.md",
        notebook="notebooks/09_your_own_area.ipynb",
    ),
    Scene(
        "measure-panel",
        "MeasurePanel",
        "A pinned pixel and the part Seasons: its series, the fitted curve with its interval, and start, peak and end",
        "guides/seasons-and-trends.md",
        setup=f"""{OPEN}
viewer = eow.TimeViewer(cube, index="NDVI", height=240, chart=False)
panel = eow.MeasurePanel(cube, viewer=viewer)
viewer.pins = [{{"lon": 22.1551, "lat": 45.2048}}]
""",
        widget="ipywidgets.VBox([viewer, panel])",
    ),
)
