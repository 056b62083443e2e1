"""Fire is said only of a fall of the burn index that is sudden, large, dark and followed by recovery."""

import numpy as np
import pytest

from eowidgets.analysis.ask import run
from eowidgets.analysis.ask.burnt import burn_signs
from eowidgets.analysis.ask.language import Event, Scope
from eowidgets.errors import InputError

SPOT = (slice(4, 12), slice(4, 12))


@pytest.fixture
def scene(make_cube):
    """Two and a half years of forest, of which a part changes in the tenth month, in one of several ways."""

    def make(kind):
        cube = make_cube(dates=45, height=16, width=16, bands=("green", "red", "nir", "swir16", "swir22"), clouds=0.0)
        cube = cube.assign_coords(time=np.datetime64("2018-01-05", "ns") + np.arange(45) * np.timedelta64(20, "D"))
        cube["clouds"][:] = False
        rng = np.random.default_rng(0)
        for name, value in (("green", 0.04), ("red", 0.03), ("nir", 0.35), ("swir16", 0.15), ("swir22", 0.08)):
            cube[name].values[:] = value + rng.normal(0, 0.002, (45, 16, 16))
        after = np.arange(45) >= 15
        back = np.clip((np.arange(45) - 15) / 20, 0, 1)[after, None, None]
        if kind in ("fire", "no recovery"):
            back = back if kind == "fire" else back * 0
            cube["nir"].values[after, *SPOT] = 0.12 + 0.15 * back
            cube["swir22"].values[after, *SPOT] = 0.2 - 0.08 * back
            cube["red"].values[after, *SPOT] = 0.03
        if kind == "felling":
            cube["nir"].values[after, *SPOT] = 0.25 + 0.1 * back
            cube["swir22"].values[after, *SPOT] = 0.22 - 0.1 * back
            cube["red"].values[after, *SPOT] = 0.1 - 0.05 * back
        return cube

    return make


EVERYWHERE = np.ones((16, 16), bool)


def test_a_fire_is_seen_where_it_was(scene):
    cube = scene("fire")
    found = burn_signs(cube, EVERYWHERE)
    truth = np.zeros((16, 16), bool)
    truth[SPOT] = True
    assert (found["burnt"] == truth).mean() > 0.97
    assert abs(np.datetime64(found["date"]) - cube["time"].values[15].astype("datetime64[D]")) <= np.timedelta64(
        20, "D"
    )
    answer = run(cube, Event(Scope(), "fire"))
    assert answer.value is True
    assert answer.text.startswith("Yes")
    exec(compile(answer.code, "cell", "exec"), scope := {"cube": cube})
    assert scope["answer"] is True


@pytest.mark.parametrize("kind", ["felling", "no recovery"])
def test_what_only_looks_alike_is_not_called_fire(scene, kind):
    found = burn_signs(scene(kind), EVERYWHERE)
    assert found["fell"].any()
    assert not found["burnt"].any()
    answer = run(scene(kind), Event(Scope(), "fire"))
    assert answer.abstained
    assert "do not show whether there was a fire" in answer.reason


def test_where_nothing_fell_there_was_no_fire(scene):
    answer = run(scene("nothing"), Event(Scope(), "fire"))
    assert answer.value is False
    assert answer.text.startswith("No")


def test_without_the_band_there_is_no_test(scene):
    with pytest.raises(InputError, match="swir22"):
        burn_signs(scene("fire").drop_vars("swir22"), EVERYWHERE)
    storm = run(scene("fire"), Event(Scope(), "storm"))
    assert storm.abstained
    assert "storm" in storm.reason
