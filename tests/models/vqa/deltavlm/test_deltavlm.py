import dataclasses

import pytest
import torch
from torch.nn import functional

from eowidgets.models.vqa.deltavlm.config import DeltaVLMConfig
from eowidgets.models.vqa.deltavlm.network import DeltaVLM, certainty
from eowidgets.models.vqa.text import END, NULL, START

PAIR = DeltaVLMConfig(side=16, widths=(8, 16), queries=2, layers=1, heads=2, decoder_layers=1, read=9, write=9,
                      longest_read=4, longest_write=5, gate_dropout=0.0, dropout=0.0)  # fmt: skip


def pair(**changes):
    torch.manual_seed(0)
    return DeltaVLM(dataclasses.replace(PAIR, **changes))


def fitted(network, loss, steps, lr=0.01):
    optimiser = torch.optim.AdamW(network.parameters(), lr)
    for _ in range(steps):
        optimiser.zero_grad()
        value = loss(network)
        value.backward()
        optimiser.step()
    return network.eval()


@pytest.mark.parametrize("relate", ["csrm", "concat"])
def test_deltavlm_shapes_and_gradients(relate):
    net = pair(relate=relate)
    a, b = torch.randn(2, 2, 3, 16, 16)
    words = torch.tensor([[START, 4, 5]] * 6)
    logits = net(a, b, torch.tensor([[4, 5, 0, 0]] * 6), words)
    assert logits.shape == (6, 3, 9)
    functional.cross_entropy(logits.flatten(0, 1), words.flatten()).backward()
    without = {n for n, p in net.named_parameters() if p.grad is None}
    # The instruction's own tokens leave the last layer as they came in.
    assert not without


def test_a_word_is_told_from_the_words_before_it_only():
    net = pair().eval()
    a, b = torch.randn(2, 1, 3, 16, 16)
    q = torch.tensor([[4, 5, 6, 0]])
    one, other = (net(a, b, q, torch.tensor([[START, 4, w]])) for w in (5, 6))
    torch.testing.assert_close(one[:, :2], other[:, :2])


def test_deltavlm_learns_what_changed_by_heart_and_says_it_the_same_way_twice():
    rng = torch.Generator().manual_seed(0)
    a, b = torch.randn(2, 4, 3, 16, 16, generator=rng)
    q = torch.tensor([[4, 5, 0, 0], [6, 5, 0, 0]] * 4)
    said = torch.tensor([[START, 4 + i % 5, 4 + (i // 2) % 3, END] for i in range(8)])

    def loss(net):
        return functional.cross_entropy(net(a, b, q, said[:, :-1]).flatten(0, 1), said[:, 1:].flatten())

    net = fitted(pair(), loss, 200, lr=0.003)  # at 0.01 it swings, and where it stops depends on the processor
    words, logits, weights = net.answer(a, b, q)
    assert (words == said[:, 1:]).all()
    assert weights.shape == (8, 2, 2, 2 * 16)
    sure = certainty(words, logits)
    assert ((sure > 0.5) & (sure <= 1)).all()
    assert (certainty(words, logits, 3.0) < sure).all()
    again = net.answer(a, b, q)
    assert torch.equal(words, again[0]) and torch.equal(logits, again[1])


def test_certainty_by_hand_counts_the_end_and_nothing_after_it():
    logits = torch.zeros(1, 3, 4)
    logits[0, 0] = torch.log(torch.tensor([0.7, 0.1, 0.1, 0.1]))
    logits[0, 1] = torch.log(torch.tensor([0.1, 0.1, 0.2, 0.6]))
    words = torch.tensor([[1, END, NULL]])
    assert float(certainty(words, logits)[0]) == pytest.approx(0.1 * 0.6)
