"""Batches made by hand, as the engine would make them."""

from __future__ import annotations

import numpy as np
import torch

from eowidgets.contract.feeds import Batch


def batch_of(series, days, usable=None, bands=("red",)):
    """One row of pixels: series (t,), (t, c) or (t, c, w); usable (t,) or (t, w)."""
    x = np.asarray(series, dtype="float32")
    x = x.reshape(x.shape[0], -1, 1) if x.ndim < 3 else x
    seen = np.ones((x.shape[0], x.shape[2]), bool) if usable is None else np.asarray(usable, bool)
    seen = np.broadcast_to(seen.reshape(x.shape[0], -1), (x.shape[0], x.shape[2])).copy()
    raw = torch.as_tensor(x)[None, :, :, None, :]
    ok = torch.as_tensor(seen)[None, :, None, :]
    days = torch.as_tensor(np.asarray(days, dtype="float64"))
    masked = torch.where(ok[:, :, None], raw, 0.0)
    return Batch(masked, ok, torch.ones_like(ok), raw, days, days, tuple(bands), torch.zeros(1, 2), 10.0)


def asked(model, batch):
    """What a model gives for a batch of windows, asked in the form that its feed promises."""
    with torch.inference_mode():
        return model.feed.ask(model.predict, batch)
