import numpy as np
import pytest
import torch
import xarray as xr

from eowidgets.analysis.change.detect import change, usual_method
from eowidgets.analysis.change.words import _busiest, describe_change
from eowidgets.errors import InputError
from eowidgets.models.change.mci.config import MCIConfig
from eowidgets.models.change.mci.network import MCI
from eowidgets.models.change.mci.tools import Interpreter
from eowidgets.simulate.pairs import simulate_pair

WORDS = ["<NULL>", "<UNK>", "<START>", "<END>", *["there", "is", "no", "difference", "a", "house", "appears"]]
CONFIG = MCIConfig(
    widths=(8, 8, 8, 16), heads=(1, 1, 1, 2), layers=1, text_width=16, text_heads=2, words=len(WORDS), longest=8
)


class Scripted(MCI):
    """Sees a building where the second picture is brighter, and says the sentence it is given."""

    def __init__(self, text: str) -> None:
        super().__init__(CONFIG)
        self.text = [WORDS.index(w) for w in text.split()]
        self.eval()
        self.captioner.beam = lambda memory, width=16: [(self.text, -0.1)]

    def forward(self, a, b, words=None):
        d = (b - a).mean(dim=1)
        return torch.stack([torch.ones_like(d), torch.full_like(d, -9.0), 9 * (d - 2.5)], dim=1), None


def speaker(text: str) -> Interpreter:
    return Interpreter(Scripted(text), WORDS)


@pytest.fixture
def pair(make_cube) -> xr.Dataset:
    cube = make_cube(dates=2, height=300, width=280, bands=("red", "green", "blue"), clouds=0.0, resolution=0.5)
    cube["clouds"][:] = False
    for band in ("red", "green", "blue"):
        cube[band][:] = np.random.default_rng(0).normal(0.3, 0.02, (300, 280)).astype("float32")
        cube[band][1, 20:60, 200:240] += 0.4
        cube[band][1, 100:120, 200:240] += 0.4
    return cube


def test_sentence_comes_with_the_numbers_it_rests_on(pair):
    told = describe_change(pair, interpreter=speaker("a house appears"))
    assert (told.text, told.changed, told.agrees) == ("a house appears", True, True)
    assert told.buildings == 2 and told.building_m2 == pytest.approx(600, rel=0.15) and told.road_m2 == 0
    assert told.where == "top right" and told.kind.dims == ("y", "x") and str(told) == told.text
    assert any("square of 128 m with the most change" in n for n in told.notes)


def test_a_sentence_that_the_map_contradicts_is_marked(pair):
    told = describe_change(pair, interpreter=speaker("there is no difference"))
    assert not told.changed and not told.agrees and "look at both" in str(told)


def test_an_area_limits_map_and_sentence(pair):
    box = pair.isel(y=slice(130, 290), x=slice(10, 190)).odc.geobox.footprint("EPSG:4326").boundingbox
    told = describe_change(pair, area=tuple(box), interpreter=speaker("there is no difference"))
    assert told.agrees and told.building_m2 == 0 and told.where == "nowhere"
    assert told.kind.shape[0] < 170


def test_what_no_sentence_can_be_said_of_is_refused(pair, make_cube):
    with pytest.raises(InputError, match="no blue"):
        describe_change(pair.drop_vars("blue"), interpreter=speaker("a house appears"))
    with pytest.raises(InputError, match="10 m"):
        describe_change(make_cube(dates=2, bands=("red", "green", "blue"), resolution=10.0))
    same = pair.copy(deep=True)
    for band in ("red", "green", "blue"):
        same[band][1] = same[band][0]
    with pytest.raises(InputError, match="identical"):
        describe_change(same)


def test_the_busiest_square_holds_the_change_and_stays_inside():
    classes = np.zeros((50, 90), np.uint8)
    classes[40:48, 80:88] = 2
    rows, columns = _busiest(classes, 20)
    assert classes[rows, columns].shape == (20, 20) and (classes[rows, columns] > 0).sum() == 64
    rows, columns = _busiest(np.zeros((10, 90), np.uint8), 20)
    assert (rows, columns.stop - columns.start) == (slice(0, 10), 20)


def test_a_series_gets_a_monitor_and_sharp_pairs_a_network(make_cube):
    rgb = ("red", "green", "blue")
    assert usual_method(make_cube(dates=24, height=8, width=8, bands=rgb)) == "break-ccdc"
    assert usual_method(make_cube(dates=2, height=8, width=8, bands=rgb, resolution=10.0)) == "change-otsu"
    assert usual_method(make_cube(dates=2, height=8, width=8, bands=("red", "nir"), resolution=0.5)) == "change-otsu"
    sharp = usual_method(make_cube(dates=2, height=8, width=8, bands=rgb, resolution=0.5))
    assert sharp == "change-mci"


@pytest.mark.parametrize("network", ["change-lenet", "change-mci"])
def test_change_gives_the_networks_own_kinds(network):
    pair = simulate_pair(scenario="commerce", seed=1_000_007)
    cube = pair.cube().drop_vars("change")
    found = change(cube, network, dates=tuple(str(t)[:10] for t in cube.time.values))
    assert "building" in found.kind.attrs["flag_meanings"]
    changed = found.change.values == 1
    assert (found.kind.values[~changed] == 255).all() and set(np.unique(found.kind.values[changed])) <= {1, 2, 255}
    truth = pair.change == 2
    assert 2 * (changed & truth).sum() / (changed.sum() + truth.sum()) > 0.4


def test_shipped_words_tell_change_from_none():
    built = [simulate_pair(scenario="commerce", seed=1_000_000 + s).cube() for s in (7, 11)]
    still = [simulate_pair(scenario="nothing", seed=1_000_000 + s).cube() for s in (3, 5)]
    assert [describe_change(c).changed for c in built + still] == [True, True, False, False]
