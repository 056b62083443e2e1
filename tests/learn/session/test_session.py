"""Labels that grow, and the map that follows, on small simulated cubes."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fields import fields, place, truth

import eowidgets as eow
from eowidgets.errors import EowidgetsError, InputError, MissingExtraError
from eowidgets.learn.session import TeachSession
from eowidgets.learn.session.features import Tile
from eowidgets.learn.session.places import spread

pytest.importorskip("sklearn")
pytest.importorskip("skimage")


@pytest.fixture(scope="module")
def cube() -> xr.Dataset:
    return fields()


@pytest.fixture
def session(cube) -> TeachSession:
    return TeachSession(cube)


def taught(session: TeachSession) -> TeachSession:
    for row, column in ((3, 3), (20, 20)):
        session.click(*place(session, row, column), "class 1")
    for row, column in ((3, 11), (20, 28)):
        session.click(*place(session, row, column), "class 2")
    list(session.repaint())
    return session


def test_two_clicks_of_each_class_map_the_fields(session):
    taught(session)
    found = session.map()
    assert (found["class"].values == truth()).mean() > 0.97
    assert found["class"].attrs["flag_meanings"] == "class_1 class_2"
    assert float(found["class_probability"].min()) >= 0.5
    assert session.live.model.target.name == "class"
    assert found.rio.crs == 32633


def test_the_model_runs_in_the_engine_as_in_the_session(session, cube):
    taught(session)
    run = eow.run(session.live.model, cube)
    assert (run["class"].values == session.map()["class"].values).mean() > 0.999


def test_a_click_labels_a_field_and_no_pixel_of_another(session):
    assert session.click(*place(session, 12, 12), "class 1", size=64) == 1
    found = session.pixels()
    assert len(found.rows) > 15
    assert len(set(truth()[found.rows, found.columns])) == 1


def test_a_click_on_a_labelled_place(session):
    at = place(session, 12, 12)
    session.click(*at, "class 1")
    assert session.click(*at, "class 1") == 0
    assert session.click(*at, "class 2") == 1  # corrected
    assert session.labels.counts() == {"class 1": 0, "class 2": 1}
    assert session.erase(*at) == 1
    assert session.erase(*at) == 0
    assert len(session.labels) == 0


def test_undo_takes_back_every_kind_of_change(session):
    states = [session.labels]
    at = place(session, 5, 5)
    for change in (
        lambda: session.click(*at, "class 1", size=None, image="2020-05-07"),
        lambda: session.add_class("water"),
        lambda: session.rename_class("water", "lake"),
        lambda: session.color_class("lake", "#123456"),
        lambda: session.draw((*place(session, 30, 20), *place(session, 26, 30)), "lake"),
        lambda: session.merge_classes(["lake", "class 1"], "wet"),
        lambda: session.remove_class("class 2"),
        lambda: session.clear(),
    ):
        change()
        states.append(session.labels)
    assert states[1].table["image"].tolist() == ["2020-05-07"]
    assert len(states[1].table["labelled"][0]) >= 19
    assert states[-2].counts() == {"wet": 2}
    for state in reversed(states[:-1]):
        assert session.undo()
        assert session.labels is state
    assert not session.undo()


def test_too_few_labels_are_refused_in_one_sentence(session):
    with pytest.raises(InputError, match="no label yet"):
        session.fit()
    session.click(*place(session, 5, 5), "class 1", size=None)
    with pytest.raises(InputError, match="label a place of a second class"):
        session.fit()
    with pytest.raises(InputError, match="no map yet"):
        session.least_sure()
    session.click(*place(session, 5, 12), "class 2", size=None)  # one pixel of each class
    list(session.repaint())
    assert len(np.unique(session.map()["class"])) == 2


def test_what_cannot_be_labelled_is_refused_in_one_sentence(session, cube):
    for call in (
        lambda: session.click(0.0, 0.0, "class 1"),
        lambda: session.click(*place(session, 5, 5), "wood"),
        lambda: session.draw((0, 0, 1, 1), "class 1"),
        lambda: session.add_class("class 1"),
        lambda: session.remove_class("nothing"),
        lambda: TeachSession(cube, [{"lon": 1.0, "lat": 2.0, "height": 1.5}]),
        lambda: TeachSession(cube.drop_vars("spatial_ref")),
        lambda: session.more_like([]),
        lambda: session.more_of("class 1"),
    ):
        with pytest.raises(EowidgetsError) as error:
            call()
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 320
    assert len(session.labels) == 0


def test_places_of_least_certainty_lie_apart_and_are_not_labelled(session):
    taught(session)
    found = session.least_sure(10)
    assert len(found) == 10
    at = np.array([(p.row, p.column) for p in found])
    apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    assert apart[~np.eye(10, dtype=bool)].min() >= 4
    labelled = session.pixels()
    assert not {tuple(p) for p in at.tolist()} & set(zip(labelled.rows, labelled.columns, strict=True))
    assert all(place(session, p.row, p.column) == pytest.approx((p.lon, p.lat)) for p in found)
    scores = session.live.values(Tile(0, 0, *session.grid.shape)).margin
    assert np.mean([scores[p.row, p.column] for p in found]) < scores.mean()


def test_more_like_ranks_places_of_the_same_kind(session):
    positive = [place(session, 3, 3), place(session, 20, 20)]
    negative = [place(session, 3, 11)]
    for found in (session.more_like(positive, negative, 8), session.more_like(positive, count=8)):
        assert len(found) == 8
        assert np.mean([truth()[p.row, p.column] == 0 for p in found]) > 0.8
    taught(session)
    assert all(truth()[p.row, p.column] == 1 for p in session.more_of("class 2", 6))


def test_an_area_limits_the_map(cube):
    whole = TeachSession(cube)
    corners = [place(whole, 30, 0), place(whole, 0, 30)]
    session = taught(TeachSession(cube, area=(*corners[0], *corners[1])))
    found = session.map()["class"].values
    assert (found[1:28, 1:28] != 255).all()
    assert (found[34:] == 255).all()
    assert all(p.row < 32 and p.column < 32 for p in session.least_sure(5))


def test_a_tile_is_cut_out_of_the_map_as_it_is(session):
    taught(session)
    part = session.map(Tile(10, 20, 30, 48))
    np.testing.assert_array_equal(part["class"], session.map()["class"][10:30, 20:48])


def test_a_large_cube_is_mapped_where_it_is_looked_at(monkeypatch, cube):
    monkeypatch.setattr("eowidgets.learn.session.features.SIDE", 16)
    monkeypatch.setattr("eowidgets.learn.session.session.SMALL", 100)
    session = TeachSession(cube.chunk({"y": 16, "x": 16}))
    for row, column, name in ((3, 3, "class 1"), (3, 11, "class 2")):
        session.click(*place(session, row, column), name, size=20)
    view = Tile(0, 0, 16, 20)
    shares = [share for _, share in session.repaint(view)]
    assert shares == [0.5, 1.0]
    found = session.map()["class"].values
    assert (found[:16, :32] != 255).all()
    assert (found[16:] == 255).all()
    assert len(session.grid._tiles) == 2
    assert np.isfinite(session.grid.at(np.array([40]), np.array([40]))).all()


def test_a_repaint_can_be_stopped(session):
    class Stop(Exception):
        pass

    def stop():
        raise Stop

    session.click(*place(session, 5, 5), "class 1", size=None)
    session.click(*place(session, 5, 12), "class 2", size=None)
    with pytest.raises(Stop):
        list(session.repaint(checkpoint=stop))


def test_pixels_with_two_classes_are_left_out(session):
    box = (*place(session, 20, 10), *place(session, 10, 20))
    session.draw(box, "class 1")
    before = len(session.pixels().rows)
    session.draw((*place(session, 20, 10), *place(session, 15, 20)), "class 2")
    found = session.pixels()
    assert set(found.target.tolist()) == {0}
    assert 0 < len(found.rows) < before


def test_labels_of_a_file_take_the_place_of_unused_names(session, tmp_path):
    pins = [{"lon": lon, "lat": lat, "class": n} for (lon, lat), n in ((place(session, 5, 5), "oak"),)]
    path = eow.Labels.of(pins).to_file(tmp_path / "oak.geojson")
    assert session.add_labels(path) == 1
    assert [c.name for c in session.labels.classes] == ["oak"]
    session.add_class("beech")
    session.add_labels(pins)
    assert session.labels.counts() == {"oak": 2, "beech": 0}
    assert session.undo()
    assert session.undo()
    assert session.undo()
    assert [c.name for c in session.labels.classes] == ["class 1", "class 2"]


def test_without_scikit_image_a_pixel_can_be_labelled(session, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)
    with pytest.raises(MissingExtraError, match=r"eowidgets\[teach\]"):
        session.click(*place(session, 5, 5), "class 1")
    assert session.click(*place(session, 5, 5), "class 1", size=None) == 1


def test_never_observed_pixels_have_no_class(cube):
    hidden = cube.assign(valid=xr.ones_like(cube["red"], dtype=bool))
    hidden["valid"][:, 40:, 40:] = False
    session = taught(TeachSession(hidden))
    found = session.map()
    assert (found["class"][40:, 40:] == 255).all()
    with pytest.raises(InputError, match="Nothing was observed"):
        session.click(*place(session, 45, 45), "class 1")


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(2, 30), st.integers(0, 2**31))
def test_chosen_places_are_different_and_can_be_chosen(count, side, seed):
    rng = np.random.default_rng(seed)
    rows, columns = (a.ravel() for a in np.mgrid[:side, :side])
    score = rng.random(len(rows))
    score[rng.random(len(rows)) < 0.3] = -np.inf
    found = spread(score, rows, columns, count)
    assert len(set(found.tolist())) == len(found) <= count
    assert np.isfinite(score[found]).all()
    if np.isfinite(score).any():
        assert score[found[0]] == score.max()


def test_a_click_is_quick(session):
    """Of 40 labels of 5 classes; the figure of a real cube is in docs/teach-panel.md."""
    rng = np.random.default_rng(0)
    for name in ("c", "d", "e"):
        session.add_class(name)
    names = [c.name for c in session.labels.classes]
    for i in range(40):
        session.click(*place(session, *rng.integers(0, 48, 2).tolist()), names[i % 5])
    list(session.repaint())
    session.click(*place(session, 24, 24), "c")
    began = time.perf_counter()
    list(session.repaint())
    assert time.perf_counter() - began < 5  # a busy machine
