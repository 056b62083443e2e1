"""A small ONNX file written by hand: one 1 × 1 convolution, as the protobuf format has it."""

from __future__ import annotations

import numpy as np


def _varint(n: int) -> bytes:
    out = bytearray()
    while True:
        n, low = n >> 7, n & 127
        out.append(low | (128 if n else 0))
        if not n:
            return bytes(out)


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    value = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _tensor(name: str, values: np.ndarray, external: str | None = None) -> bytes:
    head = b"".join(_field(1, int(n)) for n in values.shape) + _field(2, 1) + _field(8, name)
    if external is None:
        return head + _field(9, values.astype("<f4").tobytes())
    return head + _field(13, _field(1, "location") + _field(2, external)) + _field(14, 1)


def _value(name: str, shape: tuple[int | str, ...]) -> bytes:
    dims = b"".join(_field(1, _field(1 if isinstance(n, int) else 2, n)) for n in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))


def convolution(weight: np.ndarray, bias: np.ndarray, batch: int | str = "b", external: str | None = None) -> bytes:
    """ONNX model ``y = conv1x1(x)`` with weight (out, in, 1, 1) and bias (out,)."""
    node = _field(1, "x") + _field(1, "w") + _field(1, "b") + _field(2, "y") + _field(4, "Conv")
    size = ("h", "w")
    graph = (
        _field(1, node)
        + _field(2, "g")
        + _field(5, _tensor("w", weight, external))
        + _field(5, _tensor("b", bias))
        + _field(11, _value("x", (batch, weight.shape[1], *size)))
        + _field(12, _value("y", (batch, weight.shape[0], *size)))
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))
