"""The labelled points of the Romanian sample are those that were labelled for the benchmark."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd

import eowidgets as eow
from benchmarks.labels.draw import strata

LABELS = Path(__file__).parents[2] / "benchmarks" / "labels" / "romania.gpkg"


def test_the_points_of_the_package_are_those_of_the_benchmark():
    shipped = pd.read_csv(Path(eow.__file__).parent / "samples" / "romania_points.csv", keep_default_na=False)
    labelled = geopandas.read_file(LABELS)
    assert (shipped.label.eq("change").astype(int) == labelled.changed).all()
    for column in ("id", "stratum", "last_stable", "first_seen", "sure"):
        assert (shipped[column] == labelled[column]).all(), column
    places = geopandas.points_from_xy(shipped.lon, shipped.lat, crs=4326).to_crs(labelled.crs)
    assert places.distance(labelled.geometry).max() < 0.1
    sizes = pd.Series(strata().ravel()).value_counts()
    assert (shipped.stratum.map(sizes) == shipped.stratum_pixels).all()
    assert np.allclose(shipped.stratum_weight, shipped.stratum_pixels / 10_000)
