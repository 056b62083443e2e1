"""What the networks are taught must be true: texts made from the truth of pairs, turned and mirrored with the pictures."""

import numpy as np
import pytest
import torch

from eowidgets.models.vqa.text import Vocabulary
from eowidgets.simulate import simulate_pair
from eowidgets.simulate.words import facts

# Recipes of training are in the repository and not in the package.
recipes = pytest.importorskip("training.vqa")
told = pytest.importorskip("training.vqa_dialogues")
moved, moved_words = recipes.moved, recipes.moved_words
CELLS, TYPES, mirrored, truth_of, turn = told.CELLS, told.TYPES, told.mirrored, told.truth_of, told.turn
count_words, share_words, where_words = told.count_words, told.share_words, told.where_words


@pytest.fixture(scope="module")
def pair():
    return simulate_pair(scenario="infill", seed=11)


def test_where_names_the_fields_that_hold_it():
    assert where_words([0] * 9) == "nowhere"
    assert where_words([1] * 9) == "everywhere"
    assert where_words([0, 0, 1, 0, 0, 0, 0, 0, 3]) == "top right , bottom right"


def test_counts_and_shares():
    assert [count_words(n) for n in (0, 5, 6, 10, 11)] == ["0", "5", "6 to 10", "6 to 10", "more than 10"]
    assert [share_words(p) for p in (0, 1, 5, 14.9, 15, 31)] == [
        "none of it", "less than 5 percent", "5 to 15 percent", "5 to 15 percent", "15 to 30 percent",
        "more than 30 percent",
    ]  # fmt: skip


def test_fields_are_counted_from_the_mask():
    change = np.zeros((90, 90), np.uint8)
    change[:30, 60:] = 2
    change[70:, 5:15] = 1
    truth = truth_of(facts(simulate_pair(scenario="nothing", seed=3)), change)
    assert where_words(truth.buildings) == "top right" and where_words(truth.roads) == "bottom left"
    assert sum(truth.buildings) == pytest.approx(900 / 8100)


@pytest.mark.parametrize(("across", "down"), [(True, False), (False, True), (True, True)])
def test_the_mirrored_truth_is_that_of_the_mirrored_pair(pair, across, down):
    truth = truth_of(facts(pair), pair.change)
    dims = [d for d, use in ((1, across), (0, down)) if use]
    other = truth_of(facts(pair), np.flip(pair.change, dims))
    turned = mirrored(truth, across, down)
    # 256 is no multiple of three: the fields of a mirrored picture differ by a pixel.
    np.testing.assert_allclose(turned.buildings, other.buildings, atol=0.01)
    assert mirrored(turned, across, down) == truth
    for word in turned.facts.where.split():
        assert word in " ".join(CELLS)


def test_answers_are_those_of_the_truth(pair):
    truth = truth_of(facts(pair), pair.change)
    assert truth.new > 0
    said = {q: a for _, _, q, a in told.questions_asked(truth)}
    assert said["are there new buildings"] == "yes"
    assert said["how many new buildings are there"] == count_words(truth.new)
    assert said["where did buildings change"] == where_words(truth.buildings)
    rng = np.random.default_rng(0)
    for kind in TYPES:
        one = turn(truth, kind, rng)
        assert one.kind == kind and one.answers and one.instruction
        assert (" | " in one.instruction) == (kind == "turns")


def test_held_out_wordings_are_not_trained_on(pair):
    truth = truth_of(facts(pair), pair.change)
    rng = np.random.default_rng(0)
    trained = {turn(truth, k, rng).instruction for k in TYPES[:5] for _ in range(200)}
    held = {turn(truth, k, rng, held_out=True).instruction for k in TYPES[:5] for _ in range(50)}
    assert len(held) >= 14 and not trained & held


def test_directions_turn_with_the_picture():
    vocabulary = Vocabulary(["east", "eastern", "north", "northern", "south", "southern", "west", "western"])
    tables = moved_words(vocabulary)
    towards = {"north": (0, 2), "south": (4, 2), "west": (2, 0), "east": (2, 4)}
    for way, table in enumerate(tables):
        for word, (y, x) in towards.items():
            picture = torch.zeros(5, 5)
            picture[y, x] = 1
            at = tuple(int(i) for i in moved(picture, way).nonzero()[0])
            assert towards[vocabulary.known[int(table[vocabulary.number[word]])]] == at, (way, word)
