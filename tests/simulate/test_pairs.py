import numpy as np
import pytest

from eowidgets.cube.check import check
from eowidgets.cube.labels import NO_CHANGE
from eowidgets.errors import InputError
from eowidgets.simulate.camera import shadow
from eowidgets.simulate.pairs import simulate_pair
from eowidgets.simulate.structures import Building, Part, stamp
from eowidgets.simulate.town import SCENARIOS
from eowidgets.simulate.words import Facts, facts, templates


def test_same_seed_same_bytes_and_another_seed_another_pair():
    a, b, c = (simulate_pair(height=96, width=80, seed=s) for s in (5, 5, 6))
    assert a.before.tobytes() == b.before.tobytes() and a.after.tobytes() == b.after.tobytes()
    assert a.change.tobytes() == b.change.tobytes()
    assert a.before.tobytes() != c.before.tobytes()
    assert a.before.shape == (3, 96, 80) and a.before.dtype == np.float32
    assert a.before.min() >= 0 and a.before.max() <= 1


def test_nothing_happens_where_nothing_should_and_the_pictures_differ_all_the_same():
    for seed in range(4):
        pair = simulate_pair(height=96, width=96, scenario="nothing", seed=seed)
        assert not pair.change.any()
        assert np.abs(pair.before - pair.after).mean() > 0.02


@pytest.mark.parametrize("scenario", [s for s in SCENARIOS if s != "nothing"])
def test_every_scenario_leaves_its_mark(scenario):
    pairs = [simulate_pair(height=160, width=160, scenario=scenario, seed=s) for s in range(4)]
    kind = 1 if scenario in ("road", "paving") else 2
    assert any((p.change == kind).sum() > 50 for p in pairs)


def test_new_paving_is_never_a_new_building():
    for seed in range(4):
        pair = simulate_pair(height=160, width=160, scenario="paving", seed=seed)
        assert not (pair.change == 2).any()


def test_new_buildings_are_seen_after_and_not_before():
    pair = simulate_pair(height=192, width=192, scenario="commerce", seed=2)
    new = pair.change == 2
    assert new.any()
    assert pair.buildings[1][new].mean() > 0.95
    assert pair.buildings[0][new].mean() < 0.05


def test_vanished_buildings_are_seen_before_and_not_after():
    pair = simulate_pair(height=192, width=192, scenario="demolition", seed=0)
    gone = pair.change == 2
    assert gone.any()
    assert pair.buildings[0][gone].mean() > 0.95
    assert pair.buildings[1][gone].mean() < 0.05


def test_shadow_is_as_long_as_the_sun_is_low():
    tall = np.zeros((40, 40), np.float32)
    tall[:, 20] = 10.0
    # Sun in the east (towards larger columns), 45 degrees high: 10 pixels of shadow to the west.
    dark = shadow(tall, (0.0, np.sqrt(0.5), np.sqrt(0.5)))
    assert dark[20, 11:20].all()
    assert not dark[20, :10].any() and not dark[20, 20:].any()


def test_a_leaning_roof_moves_and_keeps_its_size():
    made = []
    for lean in ((0.0, 0.0), (0.0, 0.3)):
        albedo, tall, mask = np.zeros((3, 64, 64), np.float32), np.zeros((64, 64), np.float32), np.zeros((64, 64), bool)
        house = Building(
            [Part(32, 32, 10, 6)], 0.0, "flat", 10.0, 0.0, np.full(3, 0.5, np.float32), False, (True, True)
        )
        stamp(house, albedo, tall, mask, lean, 1.0, np.zeros((64, 64), np.float32))
        made.append(mask)
    assert np.array_equal(np.roll(made[0], 3, axis=1), made[1])
    assert made[0].sum() == 19 * 11


def test_facts_and_templates_agree_with_the_truth():
    pair = simulate_pair(scenario="infill", seed=4)
    f = facts(pair)
    assert f.houses == sum(b.when == (False, True) and not b.large for b in pair.town.buildings)
    assert f.changed and f.roads == 0
    for sentence in templates(f, np.random.default_rng(0)):
        assert "road is" not in sentence and "roads are" not in sentence
    assert templates(Facts(), np.random.default_rng(0)) == list(NO_CHANGE)
    one = " ".join(templates(Facts(houses=1, where="top left"), np.random.default_rng(0), 12))
    assert "two" not in one and "houses" not in one and "top left" in one and "right" not in one


def test_a_pair_is_a_cube_that_checks():
    cube = simulate_pair(height=64, width=64, seed=1).cube()
    assert cube.sizes == {"time": 2, "y": 64, "x": 64}
    assert not [p for p in check(cube) if getattr(p, "severity", "") == "error"]
    assert float(cube.rio.resolution()[0]) == 0.5


def test_borrowed_ground_is_used():
    stripes = np.tile(np.where(np.arange(64) % 8 < 4, 0.2, 1.0).astype(np.float32), (3, 64, 1))
    plain = simulate_pair(height=96, width=96, scenario="nothing", seed=8)
    made = [simulate_pair(height=96, width=96, scenario="nothing", seed=8, grounds=[stripes])]
    assert made[0].before.shape == plain.before.shape
    assert made[0].before.tobytes() != plain.before.tobytes()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"scenario": "infil"}, "infill"), ({"height": 32}, "64")],
)
def test_refuses_what_makes_no_pair(arguments, words):
    with pytest.raises(InputError, match=words):
        simulate_pair(**arguments)
