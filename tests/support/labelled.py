"""Small labelled examples for models that are trained."""

from __future__ import annotations

import numpy as np
import torch

from eowidgets.contract.feeds import Batch
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.target import Target
from eowidgets.contract.trainable import Examples

CLASSES = Target("kind", classes=tuple(ClassInfo(i, name, "#336699") for i, name in enumerate(("a", "b", "c"))))
NUMBER = Target("mass", unit="Mg/ha")


def labelled(
    shape: tuple[int, ...],
    bands=("red", "nir"),
    *,
    seed: int = 0,
    numbers: bool = False,
    noise: float = 0.02,
    sources=None,
) -> Examples:
    """Return series (n, t) or windows (n, t, h, w) in which the first band tells the class, or the number.

    Windows have one class in their left half and another in the right one.
    """
    rng = np.random.default_rng(seed)
    n, t, *space = shape
    kind = rng.integers(3, size=(n, 1, 2)) if space else rng.integers(3, size=n)
    if space:
        kind = np.repeat(np.repeat(kind, space[0], 1), -(-space[1] // 2), 2)[..., : space[1]]
    x = rng.normal(0.2, noise, (n, t, len(bands), *space))
    x[:, :, 0] += 0.2 * kind[:, None]
    usable = torch.from_numpy(rng.random((n, t, *space)) > 0.15)
    values = torch.from_numpy(x.astype("float32")) * usable[:, :, None]
    days = torch.arange(t, dtype=torch.float64) * 30 + 17900
    batch = Batch(values, usable, usable, values, days, days, bands, torch.zeros(n, 2), 10.0, sources=sources or {})
    target = torch.from_numpy(100.0 * kind).float() if numbers else torch.from_numpy(kind)
    return Examples(batch, target, np.arange(n) // 4)
