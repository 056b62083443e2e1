"""Companion state spaces, against the recursion written out plainly."""

import pytest
import torch

from eowidgets.models.forecast.spacetime.companion import (
    closed_loop,
    companion,
    convolve,
    final_state,
    kernel_fast,
    kernel_naive,
    stable,
)


def test_companion_matrix():
    a = torch.tensor([0.1, 0.2, 0.3])
    assert companion(a).tolist() == torch.tensor([[0, 0, 0.1], [1, 0, 0.2], [0, 1, 0.3]]).tolist()
    assert companion(torch.tensor([0.5])).tolist() == [[0.5]]


@pytest.mark.parametrize("d, length", [(1, 16), (4, 3), (4, 50), (16, 336), (64, 1000)])
def test_fast_kernel_equals_the_naive_one_and_the_recursion(d, length):
    torch.manual_seed(d + length)
    a, b, c = stable(3 * torch.randn(5, d)), torch.randn(5, d) / d, torch.randn(5, d)
    fast, naive = kernel_fast(a, b, c, length), kernel_naive(a, b, c, length)
    assert (fast - naive).abs().max() < 1e-5
    matrix, state = companion(a.double()), b.double()
    for k in range(length):
        assert ((c * state).sum(-1) - fast[:, k]).abs().max() < 1e-5
        state = (matrix @ state.unsqueeze(-1)).squeeze(-1)


def test_fast_kernel_has_the_gradient_of_the_naive_one():
    torch.manual_seed(0)
    parts = [torch.randn(3, 8, requires_grad=True) for _ in range(3)]
    grads = []
    for kernel in (kernel_fast, kernel_naive):
        value = (kernel(stable(parts[0]), parts[1], parts[2], 60) * torch.linspace(0, 1, 60)).sum()
        grads.append(torch.autograd.grad(value, parts))
    for fast, naive in zip(*grads, strict=True):
        torch.testing.assert_close(fast, naive, atol=1e-4, rtol=1e-4)


def test_convolution_state_and_closed_loop_are_those_of_the_recursion():
    torch.manual_seed(0)
    a, b, c, k = stable(torch.randn(2, 5)), torch.randn(2, 5), torch.randn(2, 5), 0.1 * torch.randn(2, 5)
    u = torch.randn(3, 2, 12)
    outputs, state = [], torch.zeros(3, 2, 5)
    for t in range(12):
        state = torch.einsum("nij,bnj->bni", companion(a), state) + b * u[:, :, t : t + 1]
        outputs.append((c * state).sum(-1))
    torch.testing.assert_close(convolve(kernel_naive(a, b, c, 12), u), torch.stack(outputs, -1), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(final_state(a, b, u), state, atol=1e-4, rtol=1e-4)
    future, moving = [], state
    for _ in range(6):
        future.append((c * moving).sum(-1))
        own = (k * moving).sum(-1, keepdim=True)
        moving = torch.einsum("nij,bnj->bni", companion(a), moving) + b * own
    torch.testing.assert_close(closed_loop(a, b, c, k, state, 6), torch.stack(future, -1), atol=1e-4, rtol=1e-4)


def test_a_stable_companion_has_no_eigenvalue_outside_the_unit_circle():
    a = stable(10 * torch.randn(20, 6, generator=torch.Generator().manual_seed(0)).double())
    assert torch.linalg.eigvals(companion(a)).abs().max() <= 1 + 1e-9
    small = torch.full((1, 4), 0.01)
    assert torch.equal(stable(small), small)
