"""The U-Net for densely labelled areas."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from eowidgets.contract.feeds import Batch
from eowidgets.contract.labels import ClassInfo
from eowidgets.contract.target import Target
from eowidgets.contract.trainable import Examples
from eowidgets.models.taught.unet import TaughtUNet
from eowidgets.testing import check_model


def examples(dates: int, numeric: bool = False) -> Examples:
    """Squares in noise: whether a pixel is in one shows in its surroundings only."""
    rng = np.random.default_rng(0)
    inside = np.kron(rng.random((12, 8, 8)) < 0.4, np.ones((8, 8))).astype(bool)
    x = 0.3 + rng.normal(0, 0.05, (12, dates, 2, 64, 64)) + 0.05 * inside[:, None, None]
    x = torch.from_numpy(x.astype("float32"))
    seen = torch.ones(12, dates, 64, 64, dtype=torch.bool)
    days = torch.arange(dates, dtype=torch.float64) * 30 + 18_000
    batch = Batch(x, seen, seen, x, days, days, ("red", "nir"), torch.zeros(12, 2), 10.0)
    target = torch.from_numpy(inside.astype("float32") * 5 if numeric else inside.astype("int64"))
    return Examples(batch, target, np.arange(12))


CLASSES = Target("square", (ClassInfo(0, "outside", "#aaaaaa"), ClassInfo(1, "inside", "#00aa00")))


@pytest.mark.parametrize("dates", [1, 4])
def test_it_sees_squares_that_no_pixel_shows(dates):
    data = examples(dates)
    train, test = data.take(np.arange(9)), data.take(np.arange(9, 12))
    seen = []
    model = TaughtUNet(steps=150).fit(train, CLASSES, seed=0, progress=seen.append)
    found = model.predict(test.batch)["square"].argmax(dim=1)
    assert float((found == test.target).float().mean()) > 0.85
    assert seen == sorted(seen) and seen[-1] == 1
    with torch.no_grad():
        hidden = test.batch.x.clone()
        test.batch.usable[:, :, :5] = False
        hidden[..., :5, :] = 0
        test.batch.x = hidden
    assert bool(model.predict(test.batch)["square"][:, :, :5].isnan().all())


def test_numbers_and_the_contract():
    model = TaughtUNet(steps=60).fit(examples(1, numeric=True), Target("height", unit="m"), seed=0)
    assert 0 < float(model.predict(examples(1).batch)["height"].mean()) < 5
    check_model(model)
