import math

import pytest

from eowidgets.errors import InputError
from eowidgets.metrics.captions import bleu, cider


def test_bleu_of_the_hand_case():
    # 3 of 4 words, 2 of 3 pairs, 1 of 2 threes; no brevity penalty.
    made, truth = ["a house is gone"], [["a house is built"]]
    assert bleu(made, truth, 3) == pytest.approx((3 / 4 * 2 / 3 * 1 / 2) ** (1 / 3))
    assert bleu(made, truth, 4) == 0.0


def test_bleu_clips_words_said_too_often():
    assert bleu(["the the the the"], [["the cat"]], 1) == pytest.approx(1 / 4)


def test_bleu_punishes_brevity_by_the_nearest_reference():
    made, truth = ["a b c"], [["a b c d e", "a b c d e f g"]]
    assert bleu(made, truth, 2) == pytest.approx(math.exp(1 - 5 / 3))


def test_bleu_counts_over_the_set_and_not_by_sentence():
    made, truth = ["a b", "c d"], [["a b"], ["x y"]]
    assert bleu(made, truth, 2) == pytest.approx(math.sqrt(2 / 4 * 1 / 2))


def test_cider_of_the_hand_case():
    # Two pictures, no word in common: every gram weighs log 2. One of three words wrong, one of two pairs right.
    made, truth = ["a b z", "p q r"], [["a b c"], ["p q r"]]
    first = (2 / 3 + 1 / 2 + 0 + 0) / 4
    second = (1 + 1 + 1 + 0) / 4
    # "z" was never said by anybody: log 2 as well.
    assert cider(made, truth) == pytest.approx(10 * (first + second) / 2)


def test_cider_gives_nothing_for_what_everybody_says():
    assert cider(["no change", "no change"], [["no change"], ["no change"]]) == 0.0


def test_cider_punishes_another_length():
    truth = [["a b c d"], ["p q r s"]]
    whole, twice = cider(["a b c d", "p q r s"], truth, 1), cider(["a b c d a b c d", "p q r s"], truth, 1)
    # Clipped: the cosine is 4 · 1 / (sqrt(4 · 4) · sqrt(4)) = 1/2; length differs by 4 words.
    assert whole == pytest.approx(10)
    assert twice == pytest.approx(10 * (0.5 * math.exp(-16 / 72) + 1) / 2)


def test_agrees_with_the_reference_implementation_where_it_is_installed():
    scorers = pytest.importorskip("pycocoevalcap.cider.cider")
    made = ["a house is built", "there is no difference", "two roads appear on the bareland"]
    truth = [
        ["a villa is built", "a house is built beside the road"],
        ["there is no difference", "no change has occurred"],
        ["two roads are built on the bareland", "some roads appear"],
    ]
    score, _ = scorers.Cider().compute_score(dict(enumerate(truth)), {i: [m] for i, m in enumerate(made)})
    assert cider(made, truth) == pytest.approx(score, abs=1e-6)


@pytest.mark.parametrize(("made", "truth"), [("a b", [["a"]]), (["a"], ["a"]), (["a"], []), ([], []), (["a"], [[]])])
def test_refuses_what_cannot_be_compared(made, truth):
    for score in (bleu, cider):
        with pytest.raises(InputError):
            score(made, truth)


def test_cider_needs_two_pictures():
    with pytest.raises(InputError, match="two"):
        cider(["a"], [["a"]])
