"""A class with a hidden truth."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr
from support.fields import fields, place, truth

from eowidgets.errors import InputError
from eowidgets.learn.session import Classroom, TeachSession

pytest.importorskip("sklearn")
pytest.importorskip("skimage")


@pytest.fixture(scope="module")
def cube():
    return fields()


@pytest.fixture(scope="module")
def room(cube):
    raster = xr.DataArray(truth().astype("uint8"), {"y": cube.y, "x": cube.x}, ("y", "x"), "kind")
    raster.attrs = {"flag_values": [0, 1], "flag_meanings": "spring summer", "colors": "#0072b2 #d55e00"}
    return Classroom(cube, raster.rio.write_crs(32633))


def student(cube, room, swapped=False):
    session = TeachSession(cube)
    session.start_with(room.begin())
    names = ["spring", "summer"]
    for row, column in ((3, 3), (20, 20), (3, 11), (20, 28)):
        session.click(*place(session, row, column), names[truth()[row, column] ^ swapped])
    return session


def test_a_map_is_scored_where_the_student_has_not_labelled(cube, room, tmp_path):
    session = student(cube, room)
    score = room.score(session)
    assert score.accuracy > 0.95
    assert score.balanced_accuracy > 0.95
    assert score.labels == 4
    assert score.pixels == 48 * 48 - len(session.pixels().rows)
    path = score.to_file(tmp_path)
    found = json.loads(path.read_text())
    assert path.name == f"submission-{found['submission']}.json"
    assert set(found) == {
        *("submission", "accuracy", "balanced_accuracy", "counts", "pixels", "labels", "seconds", "map_sha256", "cube")
    }
    assert found["counts"]["spring"]["spring"] > 900
    again = room.score(student(cube, room))
    assert again.map_sha256 == score.map_sha256
    assert again.submission != score.submission


def test_a_wrong_map_has_a_low_score(cube, room):
    wrong = room.score(student(cube, room, swapped=True))
    assert wrong.accuracy < 0.05
    assert wrong.map_sha256 != room.score(student(cube, room)).map_sha256


def test_the_truth_is_hidden(room):
    assert repr(room) == "Classroom: spring, summer"
    assert not [k for k, v in vars(room).items() if isinstance(v, np.ndarray) and not k.startswith("_")]
    assert room.begin().counts() == {"spring": 0, "summer": 0}


def test_what_cannot_be_scored(cube, room):
    with pytest.raises(InputError, match="no label yet"):
        room.score(TeachSession(cube))
    other = TeachSession(cube.isel(y=slice(0, 40)))
    with pytest.raises(InputError, match="not that of the exercise"):
        room.score(other)
    session = student(cube, room)
    session.rename_class("spring", "winter")
    with pytest.raises(InputError, match="not a class of the exercise"):
        room.score(session)
