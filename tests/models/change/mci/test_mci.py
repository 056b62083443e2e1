import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from eowidgets.cube.labels import NO_CHANGE
from eowidgets.errors import InputError, ModelError
from eowidgets.models.change.mci.bi3 import BI3, BI3Side, DifferenceAttention
from eowidgets.models.change.mci.captioner import END, NULL, SPECIAL, START, Captioner
from eowidgets.models.change.mci.config import MCIConfig
from eowidgets.models.change.mci.consensus import consensus
from eowidgets.models.change.mci.network import MCI, mci_loss
from eowidgets.models.change.mci.tools import Interpreter, area, count, describe, detect, say, where

TINY = MCIConfig(
    widths=(8, 8, 8, 16), heads=(1, 1, 1, 2), layers=1, text_width=16, text_heads=2, dropout=0.0, words=12, longest=8
)
WORDS = ["<NULL>", "<UNK>", "<START>", "<END>", *["a", "house", "is", "built", "no", "change", "the", "road"]]


@pytest.fixture
def network() -> MCI:
    torch.manual_seed(0)
    return MCI(TINY).eval()


def test_difference_attention_is_that_of_a_plain_loop():
    torch.manual_seed(0)
    layer = DifferenceAttention(4, 1, 0.0).eval()
    own, other = torch.randn(1, 4, 2, 2), torch.randn(1, 4, 2, 2)
    with torch.no_grad():
        made = layer(own, other)[0]
        conv, norm = layer.aware[0], layer.aware[1]
        product = (own * (other - own))[0].flatten(1).T  # places x channels
        mixed = product @ conv.weight[:, :, 0, 0].T + conv.bias
        scaled = (mixed - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
        keys = scaled.clamp(min=0)
        for i in range(4):
            q = layer.query(own[0].flatten(1).T[i])
            logits = torch.stack([q @ layer.key(keys[j]) / 2.0 for j in range(4)])
            share = logits.softmax(0)
            value = sum(share[j] * layer.value(keys[j]) for j in range(4))
            torch.testing.assert_close(made[i], layer.out(value), atol=1e-5, rtol=1e-4)


def test_equal_pictures_have_nothing_to_ask_each_other():
    torch.manual_seed(0)
    side = BI3Side(4, 2, 0.0).eval()
    seen = []
    side.attention.aware[0].register_forward_hook(lambda _m, inputs, _o: seen.append(inputs[0]))
    x = torch.randn(1, 4, 3, 3)
    side.look_other.load_state_dict(side.look_own.state_dict())
    side(x, x)
    assert float(seen[0].detach().abs().max()) < 1e-6


def test_the_detection_branch_goes_in_turn_and_the_caption_branch_at_once():
    torch.manual_seed(0)
    x, y = torch.randn(1, 4, 3, 3), torch.randn(1, 4, 3, 3)
    turn = BI3(4, 2, 1, 0.0, in_turn=True).eval()
    a, b = turn(x, y)
    torch.testing.assert_close(a, turn.before[0](x, y) + x)
    torch.testing.assert_close(b, turn.after[0](y, a) + y)
    once = BI3(4, 2, 1, 0.0, in_turn=False).eval()
    a, b = once(x, y)
    torch.testing.assert_close(b, once.after[0](y, x))


def test_map_has_the_size_of_the_pictures_and_words_their_vocabulary(network):
    a = torch.randn(2, 3, 64, 128)
    logits, said = network(a, a, torch.full((2, 5), START))
    assert logits.shape == (2, 3, 64, 128) and said.shape == (2, 5, 12)
    assert network(a, a)[1] is None


def test_words_are_told_what_the_map_shows_and_do_not_redraw_it():
    torch.manual_seed(0)
    telling = MCI(replace(TINY, tells=True)).eval()
    a, b = torch.randn(1, 3, 64, 64), torch.randn(1, 3, 64, 64)
    x, y = telling.see(a, b)
    nothing, built = torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32)
    nothing[:, 0], built[:, 2] = 20, 20
    seen = [telling.remember(x, y, small) for small in (nothing, built)]
    assert not torch.allclose(*seen)
    torch.testing.assert_close(
        telling(a, b, torch.full((1, 2), START))[1],
        telling.captioner(telling.remember(x, y), torch.full((1, 2), START)),
    )
    telling(a, b, torch.full((1, 2), START))[1].sum().backward()
    assert telling.mask.head[1].weight.grad is None
    assert telling.captioner.told[0].weight.grad is not None


def test_a_word_does_not_see_later_words(network):
    memory = torch.randn(1, 4, 16)
    one, two = torch.tensor([[START, 4, 5, 6]]), torch.tensor([[START, 4, 9, 9]])
    torch.testing.assert_close(network.captioner(memory, one)[:, :2], network.captioner(memory, two)[:, :2])


def test_both_losses_pull_alike_whatever_their_size():
    weight = torch.tensor(2.0, requires_grad=True)
    mci_loss(1000 * weight, 0.001 * weight).backward()
    assert float(weight.grad) == pytest.approx(0.5 + 0.5)


def test_gradient_reaches_every_weight_and_one_batch_is_learned_by_heart(network):
    network.train()
    torch.manual_seed(1)
    a, b = torch.randn(2, 3, 64, 64), torch.randn(2, 3, 64, 64)
    truth = torch.zeros(2, 64, 64, dtype=torch.long)
    truth[0, 16:48, 16:48] = 2
    b[0, :, 16:48, 16:48] += 3
    words = torch.tensor([[START, 4, 5, 6, 7, END, NULL, NULL], [START, 8, 9, END, NULL, NULL, NULL, NULL]])
    optimiser = torch.optim.Adam(network.parameters(), 5e-3)
    for turn in range(60):
        logits, said = network(a, b, words[:, :-1])
        det = torch.nn.functional.cross_entropy(logits, truth)
        cap = torch.nn.functional.cross_entropy(said.flatten(0, 1), words[:, 1:].flatten(), ignore_index=NULL)
        optimiser.zero_grad()
        mci_loss(det, cap).backward()
        if turn == 0:
            assert not [n for n, p in network.named_parameters() if p.grad is None]
        optimiser.step()
    with torch.no_grad():
        said = network(a, b, words[:, :-1])[1].argmax(-1)
    assert (said[0, :5] == words[0, 1:6]).all() and (said[1, :3] == words[1, 1:4]).all()


def test_beam_search_finds_what_greedy_search_misses():
    """First word 4 (0.6) leads to four even ends, word 5 (0.4) to a sure one: the sentence with 5 is likelier."""

    class Table(Captioner):
        def __init__(self):
            super().__init__(TINY)

        def forward(self, memory, words):
            share = torch.full((len(words), words.shape[1], 12), 1e-9)
            for i, line in enumerate(words.tolist()):
                last = line[-1]
                if last == START:
                    share[i, -1, 4], share[i, -1, 5] = 0.6, 0.4
                elif last == 4:
                    share[i, -1, 6:10] = 0.25
                elif last == 5:
                    share[i, -1, 6] = 1.0
                else:
                    share[i, -1, END] = 1.0
            return share.log()

    assert Table().beam(torch.zeros(1, 1, 16), 1)[0][0][0] == 4
    found, score = max(Table().beam(torch.zeros(1, 1, 16), 4), key=lambda line: line[1])
    assert found == [5, 6]
    assert score == pytest.approx(np.log(0.4), abs=1e-4)


def test_the_words_see_finer_cells_with_the_map_in_them():
    """With ``near`` there are four times as many cells beside the others, and several sentences for a pair."""
    torch.manual_seed(0)
    network = MCI(replace(TINY, tells=True, near=True)).eval()
    a, b = torch.randn(2, 2, 3, 64, 64)
    with torch.no_grad():
        seen = network.remember(*network.see(a, b))
        plain = MCI(replace(TINY, tells=True)).eval()
        cells = plain.remember(*plain.see(a, b)).shape[1]
        words = torch.randint(4, 12, (6, 5))
        _, said = network(a, b, words)
        again = network.captioner(seen.repeat_interleave(3, dim=0), words)
    assert seen.shape[1] == 5 * cells
    torch.testing.assert_close(said, again)


def test_what_most_sentences_say_is_said_and_nothing_only_when_it_is_sure():
    said = {"no change": 0.4, "a house is built": 0.2, "a house is built here": 0.2, "a road appears": 0.2}
    assert consensus(said, {"no change"}) == "a house is built"
    assert consensus(said | {"no change": 2.0}, {"no change"}) == "no change"
    assert consensus({"no change": 0.5}, {"no change"}) == "no change"
    assert consensus({"a b c d": 0.34, "x y": 0.33, "x y z": 0.33}) == "x y z"


def test_of_the_ways_to_say_nothing_the_networks_favourite_does_not_matter():
    quiet = ("all is as before", "all is still", "nothing")
    said = {"nothing": 0.8, "all is as before": 0.1, "a house is built": 0.1}
    assert consensus(said, quiet) == consensus({quiet[1]: 1.0}, quiet) != "nothing"


def test_a_sentence_that_no_beam_has_kept_is_as_sure_as_its_like():
    network = MCI(TINY).eval()
    network.captioner.beam = lambda memory, width=16: [([4, 5, 6, 7], math.log(0.9))]
    speaker = Interpreter(network, [*SPECIAL, *["there", "is", "no", "difference"], *(f"w{i}" for i in range(4))])
    told = say(speaker, torch.zeros(2, 3, 64, 64))
    assert told.text in NO_CHANGE and told.text != "there is no difference"
    assert told.score == pytest.approx(math.log(0.9) / 5)


def test_a_mirrored_pair_gets_the_mirrored_sentence():
    """A network that always sees things at the left sees them everywhere: no side wins by being looked at first."""
    network = MCI(TINY).eval()
    network.captioner.beam = lambda memory, width=16: [([4], math.log(0.6)), ([5], math.log(0.4))]
    speaker = Interpreter(network, [*SPECIAL, "left", "top", *(f"w{i}" for i in range(6))])
    assert say(speaker, torch.zeros(2, 3, 64, 64)).text in ("left", "right")
    assert say(speaker, torch.zeros(2, 3, 64, 64)).score == pytest.approx(math.log(0.6) / 2)


def test_detect_and_describe_take_any_size_units_and_holes(network):
    speaker = Interpreter(network, WORDS)
    rng = np.random.default_rng(0)
    before, after = rng.uniform(0, 255, (2, 3, 90, 300))
    before[:, :5, :5] = np.nan
    found = detect(before, after, speaker)
    assert found.classes.shape == (90, 300) and found.classes.dtype == np.uint8
    assert (found.probability >= 1 / 3).all()
    sentence = describe(before, after, speaker)
    assert set(sentence.text.split()) <= set(WORDS) and sentence.score <= 0
    assert describe(before, after, speaker) == sentence


def test_count_where_and_area_of_a_map():
    classes = np.zeros((100, 100), np.uint8)
    classes[5:15, 80:95] = 2
    classes[20:30, 80:95] = 2
    classes[60, 60] = 2  # too small to count
    classes[:, 2:6] = 1
    assert count(classes) == 2
    assert count(classes, least=1) == 3
    assert where(classes) == "top right"
    assert where(classes, "road") == "left"
    assert where(np.zeros((9, 9), np.uint8)) == "nowhere"
    assert where(np.full((50, 50), 2, np.uint8)) == "everywhere"
    assert area(classes) == pytest.approx(301 * 0.25)


def test_refuses_what_it_cannot_compare(network):
    speaker = Interpreter(network, WORDS)
    good = np.zeros((3, 32, 32))
    with pytest.raises(InputError, match="one grid"):
        detect(good, good[:, :30], speaker)
    with pytest.raises(InputError, match="red, green and blue"):
        detect(good[:1], good[:1], speaker)
    with pytest.raises(InputError, match="no observed pixel"):
        describe(good, np.full_like(good, np.nan), speaker)
    with pytest.raises(InputError, match="kind of change"):
        count(np.zeros((4, 4), np.uint8), "tree")
    with pytest.raises(ModelError, match="words"):
        Interpreter(network, WORDS[:-1])
