import numpy as np
import pytest

from eowidgets.errors import InputError
from eowidgets.simulate.aircraft import PLACES, simulate_aircraft
from eowidgets.simulate.aircraft_types import KINDS, draw_aircraft
from eowidgets.simulate.airfield import Canvas, rectangle


def test_the_same_seed_gives_the_same_picture():
    one, again, other = (simulate_aircraft(height=128, width=96, seed=s) for s in (4, 4, 5))
    np.testing.assert_array_equal(one.image, again.image)
    np.testing.assert_array_equal(one.boxes, again.boxes)
    assert one.image.shape == (3, 128, 96) and one.image.dtype == np.float32
    assert not np.array_equal(one.image, other.image)
    assert one.image.min() >= 0 and one.image.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_aircraft_fills_its_box(kind):
    plane = draw_aircraft(kind, np.random.default_rng(1))
    corners = np.concatenate([p.points for p in plane.parts])
    np.testing.assert_allclose(corners.max(axis=0), [plane.length / 2, plane.span / 2])
    np.testing.assert_allclose(corners.min(axis=0), [-plane.length / 2, -plane.span / 2])
    low, high = KINDS[kind].length
    assert low * 0.98 < plane.length < high * 1.1


def test_what_is_drawn_lies_where_its_box_is():
    heading, where = 0.6, np.array([40.0, 30.0])
    plane = draw_aircraft("narrow-body", np.random.default_rng(0))
    canvas = Canvas(160, 160, 0.5, np.zeros(2))
    turn = np.array([(np.cos(heading), np.sin(heading)), (-np.sin(heading), np.cos(heading))])
    for part in plane.parts:
        canvas.raise_(part.points @ turn + where, (1, 1, 1), 0)
    y, x = (v * 0.5 + 0.25 for v in np.nonzero(canvas.cover() > 0.5))
    along = (x - where[0]) * np.cos(heading) + (y - where[1]) * np.sin(heading)
    across = (y - where[1]) * np.cos(heading) - (x - where[0]) * np.sin(heading)
    assert np.ptp(along) == pytest.approx(plane.length, abs=1.5)
    assert np.ptp(across) == pytest.approx(plane.span, abs=1.5)
    assert np.abs([along.max() + along.min(), across.max() + across.min()]).max() < 1.5


def test_aircraft_are_complete_unless_cut_is_asked_for():
    whole = [simulate_aircraft(seed=s) for s in range(12)]
    corners = np.concatenate([rectangle(b[:2], *b[2:]) for s in whole for b in s.boxes])
    assert len(corners) > 40
    assert corners.min() > 0 and corners.max() < 256
    cut = np.concatenate([simulate_aircraft(seed=s, cut=True).boxes for s in range(12)])
    reach = np.concatenate([rectangle(b[:2], *b[2:]) for b in cut])
    assert reach.min() < 0 < cut[:, :2].min() and cut[:, :2].max() < 256 < reach.max()


def test_cube_and_truth_have_one_grid():
    scene = simulate_aircraft(place="apron", seed=2)
    cube, truth = scene.cube(), scene.truth()
    assert len(truth) == len(scene.boxes) == len(scene.kinds) > 0
    assert truth.crs == cube.odc.geobox.crs
    pixels = [~cube.odc.geobox.affine @ (p.x, p.y) for p in truth.geometry.centroid]
    np.testing.assert_allclose(pixels, scene.boxes[:, :2], atol=1e-6)
    np.testing.assert_allclose(truth.area, scene.boxes[:, 2] * scene.boxes[:, 3] / 4)
    np.testing.assert_array_equal(cube["green"].values[0], scene.image[1])


def test_boxes_scale_with_the_pixels_and_a_town_has_none():
    metres = [simulate_aircraft(resolution=r, place="apron", seed=7).boxes[:, 2:4].max() * r for r in (0.5, 1.0)]
    assert all(6 < m < 85 for m in metres)
    assert not any(len(simulate_aircraft(place="town", seed=s).boxes) for s in range(5))
    assert abs(sum(PLACES.values()) - 1) < 1e-9


@pytest.mark.parametrize(
    ("given", "words"),
    [({"place": "aprom"}, "apron"), ({"height": 20}, "too small"), ({"resolution": 5.0}, "0.2 to 2")],
)
def test_refusals(given, words):
    with pytest.raises(InputError, match=words):
        simulate_aircraft(**given)
