"""``eow.embed``: any model with a vector output, over any cube."""

import json

import numpy as np
import pytest

import eowidgets as eow
from eowidgets.contract import registry
from eowidgets.errors import EowidgetsError, InputError
from eowidgets.learn import embed as module
from eowidgets.testing import tiny_cube


class Means(eow.Model):
    """Mean of every band, times a factor."""

    name = "toy-means"
    task = eow.Task.EMBED
    card = eow.Card(title="toy", licence="Apache-2.0")
    feed = eow.Windows(bands=("red", "nir"))

    def outputs(self, bands):
        return (eow.Vector(size=2),)

    def predict(self, batch):
        seen = batch.usable[:, :, None].float()
        return {"embedding": (batch.x * seen).sum(1) / seen.sum(1).clamp(min=1)}


@pytest.fixture
def cube():
    return tiny_cube(height=24, width=24, dates=4)


def test_it_runs_the_model_and_keeps_the_provenance(cube):
    found = eow.embed(cube, Means)
    assert found.embedding.dims == ("feature", "y", "x") and found.embedding.shape == (2, 24, 24)
    assert json.loads(found.attrs["provenance"])["model"] == "toy-means"
    np.testing.assert_array_equal(found.embedding, eow.run(Means, cube).embedding)


@pytest.mark.parametrize("name", ["auto", "series"])
def test_auto_is_the_model_of_series(cube, name, monkeypatch):
    monkeypatch.setattr(module, "get_model", lambda model: Means() if model == "series-features" else None)
    assert json.loads(eow.embed(cube, name).attrs["provenance"])["model"] == "toy-means"


def test_vectors_come_back_as_they_are(cube):
    found = eow.embed(cube, Means)
    assert eow.embed(found) is found
    with pytest.raises(InputError, match="already holds vectors"):
        eow.embed(found, area=(27.0, 45.1, 27.1, 45.2))


def test_an_area_and_options_of_the_run_are_handed_on(cube, tmp_path):
    west, south, east, north = eow.Area.of((27.0005, 45.151, 27.0015, 45.1525)).bounds
    part = eow.embed(cube, Means, area=(west, south, east, north), out=tmp_path / "v.zarr")
    assert part.embedding.shape[1] < 24 and (tmp_path / "v.zarr").exists()


def test_a_model_without_vectors_is_refused(cube):
    with pytest.raises(InputError, match="'fill-linear' returns Bands but no vectors"):
        eow.embed(cube, "fill-linear")
    with pytest.raises(InputError, match="no model named"):
        eow.embed(cube, "nothing-like-this")
    with pytest.raises(EowidgetsError, match="no band"):
        eow.embed(cube[["valid"]], Means)


def test_places_are_found_in_what_it_returns(cube, monkeypatch):
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    index = eow.Index.of(eow.embed(cube, Means))
    assert index.parts[0].date == f"{str(cube.time.values[0])[:10]}/{str(cube.time.values[-1])[:10]}"
    assert len(index.find((27.001, 45.1525), k=3, apart=30)) == 3
