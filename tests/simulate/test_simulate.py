"""The simulator: what it says is true must be true of what it shows."""

from __future__ import annotations

import numpy as np
import pytest

from eowidgets.cube import schema
from eowidgets.errors import InputError
from eowidgets.simulate import CLASSES, EVENTS, simulate
from eowidgets.simulate.land import BANDS, voronoi
from eowidgets.simulate.sky import draw_sky, weigh
from eowidgets.simulate.texture import SIZE, anywhere, cut, fractal, speckle


@pytest.fixture(scope="module")
def scene():
    return simulate(height=72, width=64, seed=4)


def test_it_is_a_cube(scene):
    cube = scene.cube
    assert schema.bands(cube) == (*BANDS, "vv", "vh")
    assert cube["blue"].dims == schema.DIMS
    assert cube["blue"].dtype == np.float32
    assert cube["clouds"].dtype == bool
    assert (np.diff(cube["time"].to_numpy()) > np.timedelta64(0, "D")).all()
    assert (np.diff(cube["y"]) == -10).all()
    assert (np.diff(cube["x"]) == 10).all()
    assert cube.rio.crs.to_epsg() == 32633
    assert cube.odc.geobox.shape == (72, 64)
    assert scene.clear["blue"].shape == scene.classes.shape == cube["blue"].shape


def test_same_seed_same_scene_and_another_seed_another():
    one, again, other = (simulate(height=32, width=40, end="2018-06-30", seed=s) for s in (1, 1, 2))
    assert one.cube.identical(again.cube)
    assert one.clear.identical(again.clear)
    assert not np.array_equal(one.classes[0], other.classes[0])


def test_dates_are_irregular(scene):
    steps = np.unique(np.diff(scene.cube["time"].to_numpy()) / np.timedelta64(1, "D"))
    assert len(steps) > 1
    assert (steps % 10 == 0).all()


def test_clear_pixels_show_the_surface_and_clouds_do_not(scene):
    seen, truth = (d["blue"].to_numpy() for d in (scene.cube, scene.clear))
    clouds = scene.cube["clouds"].to_numpy()
    assert 0.2 < clouds.mean() < 0.8
    difference = np.abs(seen - truth)
    assert np.median(difference[~clouds]) < 0.03
    assert np.median(difference[clouds]) > 0.1


def test_no_clouds_when_none_are_asked_for():
    clear = simulate(height=32, width=32, end="2018-06-30", cloud_cover=0, seed=3)
    assert not clear.cube["clouds"].any()


def test_every_class_looks_like_itself(scene):
    first = scene.classes.to_numpy()
    month = scene.clear["time"].dt.month.to_numpy()
    red, nir = (scene.clear[b].to_numpy() for b in ("red", "nir"))
    ndvi = (nir - red) / (nir + red)
    summer, winter = np.isin(month, (6, 7, 8)), np.isin(month, (12, 1, 2))
    value = {name: number for number, name, _ in CLASSES}

    def mean(name, when):
        return float(ndvi[when][first[when] == value[name]].mean())

    assert mean("forest", summer) > 0.8
    assert mean("forest", winter) < mean("forest", summer) - 0.1
    assert mean("water", summer) < 0.15
    assert mean("bare", summer) < 0.3
    vv = scene.cube["vv"].to_numpy()
    power = {n: float(vv[first == value[n]].mean()) for n in ("water", "forest", "built-up")}
    assert power["water"] < power["forest"] < power["built-up"]


def test_events_change_classes_on_their_day_and_in_their_place(scene):
    days = scene.classes["time"].to_numpy()
    classes = scene.classes.to_numpy()
    assert [e.start for e in scene.events] == sorted(e.start for e in scene.events)
    touched = np.zeros(classes.shape[1:], bool)
    for event in scene.events:
        before, after, _, lasts = EVENTS[event.kind]
        assert not (touched & event.mask).any()
        touched |= event.mask
        running = (days >= event.start) & ((days < event.end) if lasts else True)
        assert (classes[running][:, event.mask] == after).all()
        assert (classes[~running][:, event.mask] == before).all()
        assert running.any()
        assert (~running).any()
    assert (classes[:, ~touched] == classes[0, ~touched]).all()


def test_a_clear_cut_is_seen_by_both_sensors():
    scene = simulate(height=64, width=64, events=("clear-cut",), event_count=1, cloud_cover=0, seed=5)
    (event,) = scene.events
    days = scene.cube["time"].to_numpy()
    summer = np.isin(scene.cube["time"].dt.month, (6, 7, 8))
    after = days >= event.start
    red, vh = scene.clear["red"].to_numpy()[:, event.mask], scene.cube["vh"].to_numpy()[:, event.mask]
    assert red[after & summer].mean() > 3 * red[~after & summer].mean()
    assert vh[after].mean() < vh[~after].mean() - 3


def test_shadows_fall_away_from_the_sun():
    rng = np.random.default_rng(0)
    for _ in range(20):
        sky = draw_sky((300, 300), 172, 0.3, 10, 48, rng)
        down, right = sky.cast
        assert down < 0  # north of the cloud
        assert right < 0  # west of it
        thick = sky.cloud > 0.9
        moved = np.zeros_like(thick)
        moved[:down, :right] = thick[-down:, -right:]
        exposed = moved & (sky.cloud < 0.01)
        if exposed.sum() > 50:
            assert sky.shadow[exposed].mean() > 0.9
            return
    pytest.fail("no cloud threw a shadow on open ground")


def test_shadows_are_longer_in_winter():
    lengths = [
        np.mean([np.hypot(*draw_sky((16, 16), day, 0.5, 10, 48, np.random.default_rng(s)).cast) for s in range(40)])
        for day in (172, 355)
    ]
    assert lengths[1] > 2 * lengths[0]


def test_weights_are_the_physics():
    sky = draw_sky((40, 30), 100, 0.5, 10, 48, np.random.default_rng(2))
    wa, fa, wb, fb = weigh(sky, [0, 6])
    ground = np.full((40, 30), 0.3, np.float32)
    from eowidgets.simulate.sky import AMBIENT, CLOUD, HAZE

    for k, band in enumerate((0, 6)):
        lit = ground * sky.gain[band] * (1 - (1 - AMBIENT[band]) * sky.shadow) + HAZE[band] * sky.haze
        expected = lit + sky.cloud * (CLOUD[band] - lit)
        got = ground * np.tensordot(wa[k], fa, 1) + np.tensordot(wb[k], fb, 1)
        np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_textures_are_periodic_standard_and_shared():
    field = fractal(1.5, 1)
    assert abs(float(field.mean())) < 1e-3
    assert float(field.std()) == pytest.approx(1, abs=1e-3)
    assert fractal(1.5, 1) is field
    np.testing.assert_array_equal(cut(field, (4, 5), -2, SIZE - 3), np.roll(field, (2, 3), (0, 1))[:4, :5])
    assert anywhere(field, (1100, 20), np.random.default_rng(0)).shape == (1100, 20)
    assert float((10 ** (speckle(5.0, 1) / 10)).mean()) == pytest.approx(1, abs=0.01)
    with pytest.raises(ValueError, match="read-only"):
        field[0, 0] = 1


def test_voronoi_cells_are_compact():
    cells = voronoi((60, 60), 10, np.random.default_rng(0))
    sizes = np.bincount(cells.ravel())
    sizes = sizes[sizes > 0]
    assert 15 < len(sizes) < 120
    assert sizes.max() < 800


def test_bands_and_radar_can_be_left_out():
    cube = simulate(height=32, width=32, end="2018-03-01", bands=("nir", "red"), radar=False).cube
    assert schema.bands(cube) == ("nir", "red")


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"bands": ("gren",)}, "green"),
        ({"bands": ()}, "at least one band"),
        ({"events": ("fire",)}, "event"),
        ({"height": 4}, "16"),
        ({"cloud_cover": 1.5}, "cloud_cover"),
        ({"revisit": 0}, "revisit"),
        ({"start": "yesterday"}, "2018-01-31"),
        ({"start": "2020-01-01", "end": "2019-01-01"}, "swap"),
    ],
)
def test_nonsense_is_refused(wrong, word):
    with pytest.raises(InputError, match=word):
        simulate(**{"height": 32, "width": 32, **wrong})
