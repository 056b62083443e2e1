"""Captions lent to simulated pairs must be understood whole, and true."""

import numpy as np
import pytest

from eowidgets.cube.labels import NO_CHANGE
from eowidgets.simulate.words import Facts

captions = pytest.importorskip("training.captions", reason="the recipes are not in an installed package")
changes = pytest.importorskip("training.change")


def test_reads_what_it_knows_and_nothing_else():
    said = captions.read("two large buildings are built on the bareland at the top left corner of the scene")
    assert said.things == (("building", (2, 2), True),)
    assert (said.where, said.ground, said.beside) == ("top left", "bareland", False)
    assert captions.read("some houses and a road appear in the upper-right corner").where == "top right"
    assert captions.read("a playground is built beside the road") is None
    assert captions.read("two houses are built in the place of a lake") is None


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("two houses are built beside the road", True),
        ("two buildings are built", True),
        ("some houses appear on the bareland", True),
        ("three houses are built", False),
        ("two houses are built in the woods", False),
        ("two houses are built at the top of the scene", False),
        ("two houses are built on the right side of the scene", True),
        ("two houses and a road are built", False),
        ("two large buildings are built", False),
    ],
)
def test_lends_only_what_is_true(text, true):
    facts = Facts(houses=2, where="right", ground="bareland", along=True)
    assert captions.fits(captions.read(text), facts) is true


def test_nothing_fits_a_pair_without_change_and_its_sentences_are_the_five():
    said = captions.read("two houses are built")
    assert not captions.fits(said, Facts())
    assert captions.captions([Facts()], [said], 0) == [list(NO_CHANGE)]
    five = captions.captions([Facts(houses=2)], [said], 0)[0]
    assert len(five) == 5 and five[0] == said.text
    assert captions.captions([Facts(houses=2)], [said], 0)[0] == five


def test_mirrored_pictures_get_mirrored_sentences():
    text = "a house is built at the top left corner of the scene"
    assert captions.mirrored(text, True, False) == text.replace("left", "right")
    assert captions.mirrored(text, True, True) == "a house is built at the bottom right corner of the scene"
    assert captions.mirrored(captions.mirrored(text, True, True), True, True) == text


def test_vocabulary_counts_and_fills():
    words = captions.Vocabulary.of(["a b", "a b", "a c"], least=2)
    assert words.words == ["<NULL>", "<UNK>", "<START>", "<END>", "a", "b"]
    assert words.encode("a c b", 6) == [2, 4, 1, 5, 3, 0]


def test_disturbing_a_date_keeps_its_shape_and_its_seed():
    torch = pytest.importorskip("torch")
    x = torch.rand(3, 64, 64)
    made = [changes.disturbed(x, np.random.default_rng(s)) for s in (1, 1, 2)]
    assert made[0].shape == x.shape
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])
    assert float(made[0].min()) >= 0 and float(made[0].max()) <= 1
