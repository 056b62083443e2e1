import hashlib

import numpy as np
import pytest
import torch

from eowidgets.analysis.ask import ask, pair, still
from eowidgets.analysis.ask.neural import without_dates
from eowidgets.analysis.ask.questions import questions
from eowidgets.errors import InputError, ModelError
from eowidgets.models.vqa import cards
from eowidgets.models.vqa.answers import ANSWERS, answer_class
from eowidgets.models.vqa.deltavlm.config import DeltaVLMConfig
from eowidgets.models.vqa.deltavlm.network import DeltaVLM
from eowidgets.models.vqa.rsvqa.config import RSVQAConfig
from eowidgets.models.vqa.rsvqa.network import RSVQA
from eowidgets.models.vqa.text import Vocabulary
from eowidgets.models.vqa.weights import Ready
from eowidgets.simulate import simulate, simulate_pair


@pytest.fixture
def blind(monkeypatch):
    """Networks that know nothing and are sure of it: what is tested is what becomes of their answers."""
    torch.manual_seed(0)
    heard = "is there any water forest in the north how many new buildings are and where was a road built | yes no"
    read = Vocabulary(sorted(set(heard.split())))
    write = Vocabulary(["no", "top", "yes"])
    made = {
        "RSVQA": Ready(RSVQA(RSVQAConfig(words=len(read), answers=len(ANSWERS))).eval(), read, None, 1e-4),
        "DeltaVLM": Ready(DeltaVLM(DeltaVLMConfig(read=len(read), write=len(write))).eval(), read, write, 1e-4),
    }
    monkeypatch.setattr(cards, "ready", made.__getitem__)
    return made


@pytest.fixture(scope="module")
def built():
    return simulate_pair(scenario="estate", seed=1_000_001).cube()


def test_an_answer_says_that_a_network_gave_it(romania, blind):
    answer = ask(romania, "Is there any water in 2019?", brain="neural")
    assert not answer.abstained, answer.reason
    assert "the network RSVQA" in answer.text and "simulated places" in answer.text and "% confidence" in answer.text
    assert answer.confidence > 0.99
    assert [s.tool for s in answer.steps] == ["summer_picture", "read_picture"]
    assert answer.evidence.dates and all("2019-05" <= d < "2019-10" for d in answer.evidence.dates)
    mask = answer.evidence.masks["what the network saw"]
    assert int((mask == 1).sum()) == 64 * 64 and (mask.values[18:82, 18:82] == 1).all()
    scope = {}
    exec(compile(answer.code, "cell", "exec"), scope)
    assert scope["answer"] == answer.value
    assert ask(romania, "Is there any water in 2019?", brain="neural").value == answer.value


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Is NDVI rising?", "another kind"),
        ("When was the forest cut?", "another kind"),
        ("Is there any snow?", "not on snow"),
        ("How much is the land worth?", "does not contain the answer"),
        ("", "no question"),
        ("Is there more forest in 2016 than in 2020?", "two times"),
        ("Is there water in the drawn area?", "No area is drawn"),
        ("Is there water in winter 2018?", "summer"),
        ("Is there any water in 1999?", ""),
        ("<script>alert(1)</script>", ""),
    ],
)
def test_what_it_was_not_trained_on_is_refused(romania, blind, question, words):
    answer = ask(romania, question, brain="neural")
    assert answer.abstained and words in answer.reason
    assert answer.value is None


def test_a_network_that_is_not_sure_does_not_answer(romania, blind, monkeypatch):
    unsure = blind["RSVQA"]
    monkeypatch.setitem(blind, "RSVQA", Ready(unsure.network, unsure.read, None, 100.0))
    answer = ask(romania, "Is there any water?", brain="neural")
    assert answer.abstained and "is too low" in answer.reason and "most probable answer" in answer.reason
    assert len(answer.steps) == 2


def test_cubes_that_are_not_like_its_pictures_are_refused(romania, make_cube, blind):
    small = romania.isel(x=slice(0, 40))
    assert "needs 64" in ask(small, "Is there any water?", brain="neural").reason
    coarse = make_cube(dates=4, height=70, width=70, bands=("blue", "green", "red", "nir", "swir16"), resolution=30.0)
    assert "pixels of 10 m" in ask(coarse, "Is there any water?", brain="neural").reason
    few = romania[["red", "nir", "valid", "clouds"]]
    assert "needs the bands" in ask(few, "Is there any water?", brain="neural").reason
    with pytest.raises(InputError, match="brain"):
        ask(romania, "Is there any water?", brain="gut")


def test_an_area_must_be_as_large_as_the_picture(romania, blind):
    west, south, east, north = romania.eow.bounds
    width, height = (east - west) / 100, (north - south) / 100
    right = (west + 30 * width, south + 2 * height, west + 94 * width, south + 66 * height)
    answer = ask(romania, "Is there any water in the drawn area?", area=right, brain="neural")
    assert not answer.abstained, answer.reason
    rows, columns = np.nonzero(answer.evidence.masks["what the network saw"].values == 1)
    assert columns.min() >= 25 and rows.max() >= 90  # the middle of the cube would be 18 to 81
    tiny = (west + 30 * width, south + 2 * height, west + 50 * width, south + 20 * height)
    assert "640 m" in ask(romania, "Is there any water?", area=tiny, brain="neural").reason


def test_the_composite_leaves_out_what_was_not_seen(make_cube):
    cube = make_cube(dates=3, height=8, width=8, bands=("red",), clouds=0.0)
    cube["red"][:] = np.array([0.1, 0.2, 0.9], "float32")[:, None, None]
    cube["clouds"][:] = False
    cube["clouds"][2] = True
    cube["clouds"][:, 0, 0] = True
    picture = still.composite(cube, ("red",))
    assert np.isnan(picture[0, 0, 0])
    np.testing.assert_allclose(picture[0, 1:], 0.15, atol=1e-6)


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("How many forests in June 2019?", "how many forests ?"),
        ("Is it urban?", "is it urban ?"),
        ("Is there water in my polygon", "is there water"),
    ],
)
def test_dates_are_not_read_to_the_network(question, left):
    assert without_dates(question, "2018-01-01", "2020-12-31").replace("?", " ?").split() == left.split()


# --- two pictures -------------------------------------------------------------------------------------------------


def test_a_pair_and_a_second_turn(built, blind):
    first = ask(built, "Are there new buildings?", brain="neural")
    assert "the network DeltaVLM" in first.text and [s.tool for s in first.steps] == [
        "two_pictures",
        "compare_pictures",
    ]
    assert first.evidence.dates == ("2016-05-01", "2022-08-01")
    looked = first.evidence.masks["where it looked most"].values
    assert 0.1 < float((looked == 1).mean()) < 0.2
    second = ask(built, "And where?", history=[first], brain="neural")
    assert "| and where" in second.steps[1].inputs and "are there new buildings | " in second.steps[1].inputs
    assert "previous answer, but there is none" in ask(built, "And where?", brain="neural").reason


@pytest.mark.parametrize("question", ["How old are the buildings?", "Is NDVI rising?", "Wo sind neue Gebäude?"])
def test_words_that_it_never_read_are_refused(built, blind, question):
    answer = ask(built, question, brain="neural")
    assert answer.abstained and "lack the words" in answer.reason


def test_pictures_of_a_pair_are_means_of_pixels(built):
    made = pair.two_pictures(built)
    red = built["red"].values[0].reshape(64, 4, 64, 4).mean((1, 3))
    np.testing.assert_allclose(made["before"][0], red, atol=1e-5)
    with pytest.raises(InputError, match="smaller"):
        pair.two_pictures(built.isel(x=slice(0, 100)))
    cloudy = built.copy(deep=True)
    cloudy["clouds"][1] = True
    with pytest.raises(InputError, match="No two dates"):
        pair.two_pictures(cloudy)
    assert pair.fits(built) and not pair.fits(built.isel(time=[0]))


# --- the weights that ship ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["RSVQA", "DeltaVLM"])
def test_weights_are_those_of_the_card(name):
    card = {"RSVQA": cards.RSVQA, "DeltaVLM": cards.DELTAVLM}[name]
    path = cards.WEIGHTS[f"vqa-{name.lower()}.simulated"].find()
    assert path.name == card.weights and hashlib.sha256(path.read_bytes()).hexdigest() == card.sha256
    assert card.scores["calibration error"] >= 0 and card.limits and card.data
    assert cards.ready(name).network.config is not None


def test_weights_that_are_missing_make_no_answer(romania, monkeypatch):
    def gone(name):
        raise ModelError("The weights are not in this installation: install the package again.")

    monkeypatch.setattr(cards, "ready", gone)
    answer = ask(romania, "Is there any water?", brain="neural")
    assert answer.abstained and "install the package" in answer.reason


def test_what_ships_beats_a_coin_on_a_place_that_it_never_saw():
    scene = simulate(height=192, width=192, start="2018-06-01", end="2018-07-06", revisit=12, radar=False, events=(),
                     cloud_cover=0.2, bands=RSVQAConfig().bands, seed=61_000)  # fmt: skip
    picture = still.composite(scene.cube, RSVQAConfig().bands)
    right = []
    for q in questions(scene, 60, seed=0, kinds=("presence", "settlement"), tile=64):
        cut = {"values": picture[:, slice(*q.rows), slice(*q.columns)]}
        right.append(still.read_picture(cut, q.text)["answer"] == answer_class(q.kind, q.answer))
    assert np.mean(right) > 0.65
