"""State spaces with a companion matrix: convolution kernels (naive, and in O(d + l)), and the closed loop.

``x_{k+1} = A x_k + b u_k``, ``y_k = c · x_{k+1}`` with ``A = S + a e_dᵀ``: ones below the diagonal (S), and ``a`` as
the last column. With ``a = 0`` the state is the last d inputs, so every AR(d) process is represented exactly, which
is not possible with diagonal state spaces (Zhang et al., 2023, ICLR, arXiv:2303.09489).
"""

from __future__ import annotations

import torch
from torch import Tensor

#: Size of the wrap-around error, which determines how far the circle lies inside the unit circle.
WRAP = 1e-8


def companion(a: Tensor) -> Tensor:
    """Return companion matrices (..., d, d) with last columns ``a`` (..., d)."""
    d = a.shape[-1]
    shift = torch.diag(a.new_ones(d - 1), -1).expand(*a.shape[:-1], d, d)
    return torch.cat([shift[..., :-1], a.unsqueeze(-1)], dim=-1)


def stable(a: Tensor) -> Tensor:
    """Scale ``a`` into the ball of L1 norm 1, so that no eigenvalue of its companion lies outside the unit circle.

    Smaller ones are unchanged: 0 is the plain shift register.
    """
    return a / a.abs().sum(dim=-1, keepdim=True).clamp_min(1)


def krylov(matrix: Tensor, b: Tensor, length: int) -> Tensor:
    """Return columns ``b, A b, A² b, ...``, shape (..., d, length), by doubling: log2(length) products."""
    columns, power = b.unsqueeze(-1), matrix
    while columns.shape[-1] < length:
        columns = torch.cat([columns, power @ columns], dim=-1)
        if columns.shape[-1] < length:
            power = power @ power
    return columns[..., :length]


def kernel_naive(a: Tensor, b: Tensor, c: Tensor, length: int) -> Tensor:
    """Return ``f_k = c · A^k b`` for k < length, shape (..., length), from all states: O(d² length)."""
    return (c.unsqueeze(-2) @ krylov(companion(a), b, length)).squeeze(-2)


def kernel_fast(a: Tensor, b: Tensor, c: Tensor, length: int) -> Tensor:
    """Compute :func:`kernel_naive` in O((d + length) log(d + length)).

    The generating function ``Σ f_k z^k = cᵀ (I - z A)⁻¹ b`` is a fraction of polynomials, by Woodbury's identity for
    ``A = S + a e_dᵀ``:  ``q(c, b) + z q(c, a) q(e_d, b) / (1 - z q(e_d, a))``  with
    ``q(u, v) = uᵀ (I - z S)⁻¹ v = Σ_m z^m Σ_j u_{j+m} v_j``, a correlation. It is evaluated on a circle and inverted by
    a Fourier transform. The paper uses the unit circle and truncates the kernel by ``c (I - A^length)``; here the circle
    is a little smaller, so that the wrap-around vanishes, no power of A is needed, and eigenvalues on the unit circle
    cause no problem. That costs precision: it is computed in float64, with an error of about 1e-7 of the largest value.
    """
    d, dtype = a.shape[-1], a.dtype
    a, b, c = a.double(), b.double(), c.double()
    size = 2 * -(-max(length, d + 1) // 2)
    ratio = WRAP ** (1 / size)
    scale = ratio ** torch.arange(size, dtype=torch.float64, device=a.device)

    def on_circle(coefficients: Tensor) -> Tensor:
        values: Tensor = torch.fft.rfft(coefficients * scale[: coefficients.shape[-1]], n=size)
        return values

    def correlation(u: Tensor, v: Tensor) -> Tensor:
        spectrum = torch.fft.rfft(u, n=2 * d) * torch.fft.rfft(v, n=2 * d).conj()
        lags: Tensor = torch.fft.irfft(spectrum, n=2 * d)[..., :d]
        return lags

    cb, ca = on_circle(correlation(c, b)), on_circle(correlation(c, a))
    eb, ea = on_circle(b.flip(-1)), on_circle(a.flip(-1))  # correlations with e_d
    z = torch.fft.rfft(torch.nn.functional.pad(scale[1:2], (1, 0)), n=size)  # of the polynomial z
    value = cb + z * ca * eb / (1 - z * ea)
    kernel: Tensor = (torch.fft.irfft(value, n=size) / scale)[..., :length]
    return kernel.to(dtype)


def convolve(kernel: Tensor, u: Tensor) -> Tensor:
    """Return the causal convolution ``y_k = Σ_{i <= k} f_{k-i} u_i`` along the last dimension."""
    length = u.shape[-1]
    size = 2 * length
    spectrum = torch.fft.rfft(kernel[..., :length], n=size) * torch.fft.rfft(u, n=size)
    out: Tensor = torch.fft.irfft(spectrum, n=size)[..., :length]
    return out


def final_state(a: Tensor, b: Tensor, u: Tensor) -> Tensor:
    """Return the state after the inputs ``u`` (batch, ..., l): ``Σ_i A^(l-1-i) b u_i``, shape (batch, ..., d)."""
    states = krylov(companion(a), b, u.shape[-1]).flip(-1)  # ... d l
    return torch.einsum("...dl,b...l->b...d", states, u)


def closed_loop(a: Tensor, b: Tensor, c: Tensor, feedback: Tensor, state: Tensor, steps: int) -> Tensor:
    """Return the outputs ``c · (A + b kᵀ)^h x`` for h = 0 .. steps - 1, shape (batch, ..., steps).

    The input is replaced by the prediction of the state itself, ``u = k · x``, so the system needs no further input.
    """
    loop = companion(a) + b.unsqueeze(-1) * feedback.unsqueeze(-2)
    rows = krylov(loop.transpose(-1, -2), c, steps)  # ... d steps
    return torch.einsum("...dh,b...d->b...h", rows, state)
