import numpy as np
import pytest
import torch

from eowidgets.models.vqa.deltavlm.csrm import CSRM, SideBySide


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_the_gate_is_the_mathematics_of_the_paper():
    torch.manual_seed(0)
    gate = CSRM(6).eval()
    a, b = torch.randn(2, 5, 6), torch.randn(2, 5, 6)
    w1, w2, v1, v2, w3 = (getattr(gate, n).weight.detach().numpy() for n in ("w1", "w2", "v1", "v2", "w3"))
    d = (b - a).numpy()
    for out, x in zip(gate(a, b), (a.numpy(), b.numpy()), strict=True):
        c = np.tanh(d @ w1.T + x @ w2.T)
        g = sigmoid(d @ v1.T + x @ v2.T)
        expected = np.concatenate([x, d, g * c], axis=-1) @ w3.T
        np.testing.assert_allclose(out.detach().numpy(), expected, atol=1e-5)


def test_both_dates_share_weights_and_differ_by_the_sign_of_nothing_but_themselves():
    gate = CSRM(4).eval()
    x = torch.randn(1, 3, 4)
    same_a, same_b = gate(x, x)
    torch.testing.assert_close(same_a, same_b)


def test_dropout_is_on_the_gated_part_only():
    torch.manual_seed(0)
    gate = CSRM(8, dropout=1.0).train()
    a, b = torch.randn(1, 4, 8), torch.randn(1, 4, 8)
    out, _ = gate(a, b)
    plain = torch.cat([a, b - a, torch.zeros_like(a)], dim=-1) @ gate.w3.weight.T
    torch.testing.assert_close(out, plain)


def test_every_weight_gets_a_gradient_and_the_rival_has_none():
    gate = CSRM(4)
    a, b = gate(torch.randn(2, 3, 4), torch.randn(2, 3, 4))
    (a.square().sum() + b.square().sum()).backward()
    assert all(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in gate.parameters())
    x, y = torch.randn(1, 2, 4), torch.randn(1, 2, 4)
    assert SideBySide()(x, y) == (x, y)
    assert not list(SideBySide().parameters())


@pytest.mark.parametrize("width", [1, 7])
def test_seven_squares_of_parameters(width):
    assert sum(p.numel() for p in CSRM(width).parameters()) == 7 * width**2
