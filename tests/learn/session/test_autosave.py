"""Labels on the disk."""

from __future__ import annotations

import geopandas
import numpy as np
import pytest

import eowidgets as eow
from eowidgets.learn.session import Autosave, TeachSession

POINTS = [{"lon": 22.1505, "lat": 45.2035, "class": "forest"}, {"lon": 22.1575, "lat": 45.2062, "class": "meadow"}]


@pytest.fixture(scope="module")
def cube():
    return eow.open("romania").isel(time=slice(60, 64))


def test_labels_are_there_after_a_restart(cube, tmp_path):
    labels = eow.Labels.of(POINTS)
    assert Autosave(cube, tmp_path).restore() is None
    first = Autosave(cube, tmp_path)
    assert first.save(labels)
    again = Autosave(cube.isel(time=[0]), tmp_path)  # the grid counts, not the dates
    found = again.restore()
    assert again.path == first.path
    assert found.counts() == labels.counts()
    assert [c.color for c in found.classes] == [c.color for c in labels.classes]
    assert first.path.name in first.sentence


def test_any_other_tool_reads_who_labelled_when_and_on_which_image(cube, tmp_path):
    session = TeachSession(cube, by="A", features="mean")
    session.click(22.1505, 45.2035, "class 1", size=None, image="2018-07-06")
    saved = Autosave(cube, tmp_path)
    saved.save(session.labels)
    table = geopandas.read_file(saved.path)
    assert table.crs == 4326
    assert table.loc[0, ["class", "by", "image"]].tolist() == ["class 1", "A", "2018-07-06"]
    assert str(table.loc[0, "labelled"]).startswith("20")


def test_labels_of_another_cube_are_never_replaced(cube, tmp_path):
    other = cube.isel(y=slice(0, 50))
    one, two = Autosave(cube, tmp_path), Autosave(other, tmp_path)
    assert one.path != two.path
    one.save(eow.Labels.of(POINTS))
    assert two.restore() is None
    given = Autosave(cube, tmp_path, eow.Labels.of(POINTS[:1]))
    assert given.path != one.path


def test_two_sessions_of_one_cube_write_two_files(cube, tmp_path):
    one, two = Autosave(cube, tmp_path), Autosave(cube, tmp_path)
    labels = eow.Labels.of(POINTS)
    one.save(labels)
    two.save(eow.Labels.of(POINTS[:1]))
    assert one.path != two.path
    one.save(labels)
    assert len(eow.Labels.of(one.path)) == 2
    assert len(eow.Labels.of(two.path)) == 1


def test_nothing_is_lost_when_all_labels_are_taken_back(cube, tmp_path):
    saved, labels = Autosave(cube, tmp_path), eow.Labels.of(POINTS)
    saved.save(labels)
    empty = TeachSession(cube, labels, features="mean")
    empty.clear()
    assert saved.save(empty.labels)
    assert not saved.path.exists()
    assert saved.path.with_name(f"{saved.path.name}.old").exists()
    assert Autosave(cube, tmp_path).restore() is None
    assert saved.save(labels)
    assert saved.path.exists()


def test_a_broken_file_stays_and_is_reported(cube, tmp_path):
    first = Autosave(cube, tmp_path)
    first.path.write_bytes(b"no database")
    again = Autosave(cube, tmp_path)
    assert again.restore() is None
    assert "could not be read" in again.problem
    assert again.save(eow.Labels.of(POINTS))
    assert first.path.read_bytes() == b"no database"
    assert again.path != first.path


def test_a_folder_that_cannot_be_written_is_reported(cube, tmp_path):
    saved = Autosave(cube, tmp_path / "missing")
    assert not saved.save(eow.Labels.of(POINTS))
    assert "could not be saved" in saved.sentence
    assert "\n" not in saved.sentence


def test_without_geopandas_it_is_geojson(cube, tmp_path, monkeypatch):
    monkeypatch.setattr("eowidgets.learn.session.autosave._has_geopandas", lambda: False)
    saved = Autosave(cube, tmp_path)
    assert saved.save(eow.Labels.of(POINTS))
    assert saved.path.suffix == ".geojson"
    assert np.isclose(eow.Labels.of(saved.path).table["geometry"][0].x, 22.1505)
    assert len(Autosave(cube, tmp_path).restore()) == 2
