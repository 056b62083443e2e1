import dataclasses

import torch
from torch.nn import functional

from eowidgets.models.vqa.rsvqa.config import RSVQAConfig
from eowidgets.models.vqa.rsvqa.network import RSVQA, picture_values
from eowidgets.models.vqa.text import NULL

STILL = RSVQAConfig(side=16, widths=(8, 8), squeeze=4, words=12, embed=8, hidden=16, longest=5, joint=32, head=16,
                    answers=4, dropout=0.0)  # fmt: skip


def still(**changes):
    torch.manual_seed(0)
    return RSVQA(dataclasses.replace(STILL, **changes))


def fitted(network, loss, steps, lr=0.01):
    optimiser = torch.optim.AdamW(network.parameters(), lr)
    for _ in range(steps):
        optimiser.zero_grad()
        value = loss(network)
        value.backward()
        optimiser.step()
    return network.eval()


def test_rsvqa_multiplies_what_it_sees_and_what_it_is_asked():
    net = still().eval()
    x, q = torch.randn(2, 5, 16, 16), torch.tensor([[4, 5, 0, 0, 0], [6, 0, 0, 0, 0]] * 2)
    scores = net(x, q)
    assert scores.shape == (4, 4)
    seen = torch.tanh(net.project_picture(net.squeeze(net.encoder(x)).flatten(1)))
    asked = torch.tanh(net.project_question(net.question(q)))
    torch.testing.assert_close(scores, net.head(seen.repeat_interleave(2, 0) * asked))


def test_padding_of_a_question_does_not_matter():
    net = still().eval()
    x = torch.randn(1, 5, 16, 16)
    short = net(x, torch.tensor([[4, 5, 6]]))
    torch.testing.assert_close(net(x, torch.tensor([[4, 5, 6, NULL, NULL]])), short)


def test_rsvqa_learns_four_pictures_by_heart_and_the_rival_cannot():
    x = torch.randn(4, 5, 16, 16, generator=torch.Generator().manual_seed(0))
    q = torch.full((4, 5), 4)
    truth = torch.arange(4)

    def loss(net):
        return functional.cross_entropy(net(x, q), truth)

    assert float(loss(fitted(still(), loss, 60))) < 0.2
    # Whoever reads only the question can do no better than one in four.
    assert float(loss(fitted(still(sees=False), loss, 60))) > 1.35


def test_what_was_not_seen_is_the_mean():
    values = picture_values(torch.full((5, 2, 2), float("nan")))
    assert float(values.abs().max()) == 0
    assert float(picture_values(torch.full((1, 5, 2, 2), 9.0)).max()) == 4.0
